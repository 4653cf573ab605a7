"""The database seen without the library: plain SQL on a connection of its own."""

from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql

from tests.cluster import until
from triosigno_db.models import MODELS

TABLES = tuple(model.__name__ for model in MODELS)


def run_plain(url: str, statement: Any, parameters: Any = None) -> list[tuple[Any, ...]]:
    """Run SQL, commit it, and give its rows."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


def count_rows(url: str) -> dict[str, int]:
    """Count the rows of every table."""
    counts = (
        sql.SQL("SELECT {}, count(*) FROM {}").format(sql.Literal(name), sql.Identifier(name))
        for name in TABLES
    )
    return dict(run_plain(url, sql.SQL(" UNION ALL ").join(counts)))


def end_sessions(url: str, condition: str) -> None:
    """End the sessions for which a condition on `pg_stat_activity` holds, and wait until they have.

    From PostgreSQL 14 on `pg_terminate_backend` waits itself.
    """
    others = f"FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ({condition})"
    ended = [pid for pid, _ in run_plain(url, f"SELECT pid, pg_terminate_backend(pid) {others}")]
    gone = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY(%s))"
    until(lambda: run_plain(url, gone, (ended,)) == [(True,)])


def run_before_insert(url: str, table: str, body: str) -> None:
    """Make every INSERT into a table run a piece of PL/pgSQL first."""
    run_plain(
        url,
        sql.SQL(
            "CREATE OR REPLACE FUNCTION before_insert() RETURNS trigger LANGUAGE plpgsql AS {};"
            "CREATE TRIGGER before_insert BEFORE INSERT ON {}"
            " FOR EACH ROW EXECUTE FUNCTION before_insert()"
        ).format(sql.Literal(f"BEGIN {body}; RETURN NEW; END"), sql.Identifier(table)),
    )
