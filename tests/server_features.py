"""What a server was built with: not every PostgreSQL has everything."""

from tests.plain_sql import run_plain


def has_trigrams(url: str) -> bool:
    """Whether it ships the extension `pg_trgm`, which the indexes of searches need."""
    return bool(run_plain(url, "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"))


def flushes_statistics(url: str) -> bool:
    """Whether a session can be told to report its statistics at once, as from PostgreSQL 15 on."""
    return run_plain(url, "SELECT to_regproc('pg_stat_force_next_flush') IS NOT NULL") == [(True,)]


def has_tls(url: str) -> bool:
    """Whether it can encrypt connections."""
    ((library,),) = run_plain(url, "SHOW ssl_library")
    return library != ""


def has_nulls_not_distinct(url: str) -> bool:
    """Whether a unique index can take nulls as equal, as from PostgreSQL 15 on."""
    column = "attrelid = 'pg_index'::regclass AND attname = 'indnullsnotdistinct'"
    return bool(run_plain(url, f"SELECT 1 FROM pg_attribute WHERE {column}"))
