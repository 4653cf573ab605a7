"""Create and drop databases of a server."""

from collections.abc import Callable

import psycopg2

from triosigno_db.database.connector import ENCODING
from triosigno_db.database.quoting import identifier
from triosigno_db.errors import TrioSignoDBError

_DROP_ATTEMPTS = 3
_EMPTY = "TEMPLATE template0"

Execute = Callable[[str], object]
"""Runs a statement outside a transaction; its exceptions have the driver error as their cause."""


def create_database(name: str, execute: Execute, *, template: str | None = None) -> None:
    """Create a database.

    Args:
        name: The name of the database.
        execute: Runs a statement on the server.
        template: The database to copy; it must have no open connections. By default the new
            database is empty.

    Raises:
        TrioSignoDBError: Raised by `execute`: the name is taken, the template is missing or in use,
            or the role may not create databases.
    """
    origin = f"TEMPLATE {identifier(template)}" if template else f"{_EMPTY} ENCODING '{ENCODING}'"
    execute(f"CREATE DATABASE {identifier(name)} {origin}")


def drop_database(name: str, execute: Execute) -> None:
    """Drop a database and end the connections to it; do nothing if it does not exist.

    PostgreSQL waits five seconds for the sessions to end (`CountOtherDBBackends` in procarray.c).
    On a busy machine that can be too short, so the statement is retried.

    Args:
        name: The name of the database.
        execute: Runs a statement on the server.

    Raises:
        TrioSignoDBError: Raised by `execute`: the role may not drop the database.
    """
    for attempts_left in reversed(range(_DROP_ATTEMPTS)):
        try:
            execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")
        except TrioSignoDBError as exc:
            if not attempts_left or not isinstance(exc.__cause__, psycopg2.errors.ObjectInUse):
                raise
        else:
            return
