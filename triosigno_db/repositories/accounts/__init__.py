"""Accounts: what a service can do with users, their preferences and their passwords."""
