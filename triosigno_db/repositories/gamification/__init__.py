"""Gamification: what a service can do with achievements, XP, streaks and the leaderboard."""
