"""Learning: what a service can do with attempts, progress and sessions."""
