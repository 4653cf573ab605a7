"""Run statements, fetch their rows, and convert driver errors to the errors of the library."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee
import psycopg2

from triosigno_db.database.connection import Row
from triosigno_db.database.lifecycle import current_router
from triosigno_db.database.read_only import refuse_write
from triosigno_db.database.sqlstates import (
    detach_causes,
    refused_by_driver,
    translate,
    without_values,
)
from triosigno_db.database.statements import Statement
from triosigno_db.errors import TrioSignoDBError
from triosigno_db.models import CONSTRAINT_TARGETS


def fetch_all(statement: Statement, **parameters: Any) -> list[Row]:
    """Run a statement in one round trip.

    Args:
        statement: The statement.
        **parameters: The values of its parameters.

    Returns:
        The rows.

    Raises:
        TrioSignoDBError: The statement failed; the class depends on the reason.
    """
    if not statement.reads_only:
        refuse_write(statement.name)
    router = current_router()
    database = router.primary
    compiled = statement.compile(database, database.settings.schema_name)
    cause: psycopg2.Error | None = None
    try:
        return router.fetch(compiled, parameters)
    except psycopg2.Error as exc:
        failure = translate(exc, CONSTRAINT_TARGETS, parameters, deletes=compiled.deletes)
        cause = without_values(exc)
    except TrioSignoDBError as exc:
        detach_causes(exc)
        raise
    except ValueError as exc:
        failure = refused_by_driver(exc, parameters)
    # Outside the handler: the driver's error, which may contain a value, must not be its context.
    raise failure from cause


def fetch_one(statement: Statement, **parameters: Any) -> Row | None:
    """Run a statement that returns at most one row.

    Args:
        statement: The statement.
        **parameters: The values of its parameters.

    Returns:
        The row, or `None` if there is none.

    Raises:
        TrioSignoDBError: The statement failed; the class depends on the reason.
    """
    rows = fetch_all(statement, **parameters)
    return rows[0] if rows else None


def run_sql(sql: str, **parameters: Any) -> list[Row]:
    """Run SQL text that runs too rarely to be prepared.

    Args:
        sql: One or more statements, with `%(name)s` for each parameter.
        **parameters: The values of the parameters; without any, a percent sign is literal.

    Returns:
        The rows of the last statement; empty if it returns no rows.

    Raises:
        TrioSignoDBError: The statement failed; the class depends on the reason.
    """
    try:
        return current_router().run(sql, parameters or None)
    except psycopg2.Error as exc:
        raise translate(exc, CONSTRAINT_TARGETS, parameters) from exc


@contextmanager
def translated() -> Iterator[None]:
    """Convert errors of the driver and of Peewee raised in the block to those of the library.

    Yields:
        Nothing.

    Raises:
        TrioSignoDBError: The statement failed; the class depends on the reason.
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
