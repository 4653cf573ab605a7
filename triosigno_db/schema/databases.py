"""Whole databases of a server: created and dropped."""

from collections.abc import Callable

import psycopg2

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import TrioSignoDBError

_DROP_ATTEMPTS = 3

Execute = Callable[[str], object]
"""Runs a statement outside of a transaction; what it raises has the driver's error as its cause."""


def create_database(name: str, execute: Execute, *, template: str | None = None) -> None:
    """Create a database.

    Args:
        name: Its name.
        execute: Runs a statement on the server.
        template: The database to copy, to which no connection may be open; by default an empty
            one.

    Raises:
        TrioSignoDBError: As `execute` raises it: the name is taken, the template is missing or in
            use, or the role may not create databases.
    """
    execute(f"CREATE DATABASE {identifier(name)} TEMPLATE {identifier(template or 'template0')}")


def drop_database(name: str, execute: Execute) -> None:
    """Drop a database and end the connections to it; nothing happens if there is none.

    PostgreSQL gives the sessions that it ends five seconds to go (`CountOtherDBBackends` in its
    procarray.c). On a busy machine that can be too short, so that it is asked again.

    Args:
        name: Its name.
        execute: Runs a statement on the server.

    Raises:
        TrioSignoDBError: As `execute` raises it: the role may not drop the database.
    """
    for attempts_left in reversed(range(_DROP_ATTEMPTS)):
        try:
            execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")
        except TrioSignoDBError as exc:
            if not attempts_left or not isinstance(exc.__cause__, psycopg2.errors.ObjectInUse):
                raise
        else:
            return
