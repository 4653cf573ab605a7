"""The database seen without the library: plain SQL on a connection of its own."""

from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql

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
