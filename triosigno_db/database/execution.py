"""Statements run and their rows fetched; what goes wrong becomes the library's errors here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee
import psycopg2

from triosigno_db.database.connection import Row
from triosigno_db.database.lifecycle import current_router
from triosigno_db.database.read_only import refuse_write
from triosigno_db.database.sqlstates import refused_by_driver, translate
from triosigno_db.database.statements import Statement
from triosigno_db.errors import TrioSignoDBError
from triosigno_db.models import CONSTRAINT_TARGETS


def fetch_all(statement: Statement, **parameters: Any) -> list[Row]:
    """Run a statement in one round trip.

    Args:
        statement: What to run.
        **parameters: A value for each of its parameters.

    Returns:
        The rows.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    if not statement.reads_only:
        refuse_write(statement.name)
    router = current_router()
    database = router.primary
    compiled = statement.compile(database, database.settings.schema_name)
    try:
        return router.fetch(compiled, parameters)
    except psycopg2.Error as exc:
        raise translate(exc, CONSTRAINT_TARGETS, parameters) from exc
    except ValueError as exc:
        failure = refused_by_driver(exc, parameters)
    # Outside of the handler: the driver's error, which may hold a value, is no context of it.
    raise failure


def fetch_one(statement: Statement, **parameters: Any) -> Row | None:
    """Run a statement that gives at most one row.

    Args:
        statement: What to run.
        **parameters: A value for each of its parameters.

    Returns:
        The row, `None` where there is none.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    rows = fetch_all(statement, **parameters)
    return rows[0] if rows else None


def run_sql(sql: str, **parameters: Any) -> list[Row]:
    """Run SQL text that is needed too rarely to be prepared.

    Args:
        sql: One statement or several; `%(name)s` stands for a parameter.
        **parameters: A value for each parameter; without any, a percent sign stands for itself.

    Returns:
        The rows of the last statement, none where it gives none.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    try:
        return current_router().run(sql, parameters or None)
    except psycopg2.Error as exc:
        raise translate(exc, CONSTRAINT_TARGETS, parameters) from exc


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the driver and of Peewee that leave the block into the library's own.

    Yields:
        Nothing.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    try:
        yield
    except psycopg2.Error as exc:
        raise translate(exc, CONSTRAINT_TARGETS, {}) from exc
    except peewee.PeeweeException as exc:
        cause = getattr(exc, "orig", None)
        if isinstance(cause, psycopg2.Error):
            raise translate(cause, CONSTRAINT_TARGETS, {}) from cause
        raise TrioSignoDBError(str(exc)) from exc
