"""Benchmarks: the hot functions against raw psycopg2 in the same run."""
