"""Run scripts statement by statement, so that errors name the statement and its line."""

from collections.abc import Callable
from typing import NamedTuple

import psycopg2
from psycopg2 import errorcodes

from triosigno_db.database.sqlstates import primary_message
from triosigno_db.errors import MigrationFailedError
from triosigno_db.migrator.script import ScriptStatement, split_statements
from triosigno_db.migrator.session import Session

_EXISTS = (errorcodes.DUPLICATE_TABLE, errorcodes.DUPLICATE_OBJECT)
"""The SQLSTATEs of a statement that creates an object that already exists."""


class Step(NamedTuple):
    """A statement that is about to run, for a progress display."""

    migration: str
    statement: int
    statements: int


OnStep = Callable[[Step], None]


def ignore_step(step: Step) -> None:
    """Show no progress.

    Args:
        step: The statement that is about to run.
    """
    del step


def run_script(
    session: Session,
    name: str,
    script: str,
    on_step: OnStep = ignore_step,
    *,
    rolled_back: bool = True,
) -> None:
    """Run a script, with the schema as the search path.

    Args:
        session: The session that runs it.
        name: The migration's name, for error messages.
        script: Its text.
        on_step: Called before each statement.
        rolled_back: Whether a failure is rolled back, for the error message.

    Raises:
        MigrationFailedError: A statement failed.
    """
    statements = split_statements(script)
    with session.in_schema():
        for statement in statements:
            on_step(Step(name, statement.number, len(statements)))
            try:
                session.run_raw(statement.text)
            except psycopg2.Error as exc:
                raise _failed(name, statement, exc, rolled_back=rolled_back) from exc


def _failed(
    name: str, statement: ScriptStatement, cause: psycopg2.Error, *, rolled_back: bool
) -> MigrationFailedError:
    advice = " If the schema already exists, run baseline first." * (cause.pgcode in _EXISTS)
    why = f"{primary_message(cause)} (SQLSTATE {cause.pgcode}){advice}\n{statement.text}\n"
    return MigrationFailedError(name, statement.number, statement.line, why, rolled_back)
