"""Connections, transactions, and the execution of statements."""
