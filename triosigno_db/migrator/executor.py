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
        rolled_back: Whether the script runs in a transaction of the caller's, so that a failure is
            rolled back as a whole.

    Raises:
        MigrationFailedError: A statement failed, or the script left a transaction of its own open.
    """
    statements = split_statements(script)
    with session.in_schema():
        for statement in statements:
            on_step(Step(name, statement.number, len(statements)))
            try:
                session.run_raw(statement.text)
            except psycopg2.Error as exc:
                if not rolled_back:
                    session.end_open_transaction()
                raise _failed(name, statement, exc, rolled_back=rolled_back) from exc
        # The path is restored outside of a transaction, so that this has no other end.
        if not rolled_back and session.end_open_transaction():
            raise _left_open(name, statements[-1])


def _failed(
    name: str, statement: ScriptStatement, cause: psycopg2.Error, *, rolled_back: bool
) -> MigrationFailedError:
    exists = cause.pgcode in _EXISTS
    advice = " If the schema already exists, run migrate baseline first." * exists
    # The detail names the objects that depend on it; it contains no values.
    needed = cause.pgcode == errorcodes.DEPENDENT_OBJECTS_STILL_EXIST
    detail = f":\n{cause.diag.message_detail}" if needed else ""
    message = f"{primary_message(cause)} (SQLSTATE {cause.pgcode}){detail}{advice}"
    why = f"{message}\n{statement.text}\n"
    return MigrationFailedError(name, statement.number, statement.line, why, rolled_back)


def _left_open(name: str, last: ScriptStatement) -> MigrationFailedError:
    why = "The script begins a transaction and does not end it, so that it was rolled back.\n"
    return MigrationFailedError(name, last.number, last.line, why, rolled_back=False)
