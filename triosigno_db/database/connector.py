"""The one place where the driver opens a connection: its parameters, and its failures."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import register_type

from triosigno_db.database.connection import Connection, await_answer
from triosigno_db.database.environment import hidden_variables
from triosigno_db.database.quoting import identifier
from triosigno_db.database.sqlstates import primary_message
from triosigno_db.database.timestamps import UTC_TIMESTAMP
from triosigno_db.errors import DatabaseUnavailableError, SchemaMismatchError
from triosigno_db.settings import Settings, milliseconds

MIN_SERVER_VERSION = 13
"""The oldest major version of PostgreSQL that the library works on."""

_HIDDEN = ("PGSERVICE",)

ENCODING = "UTF8"
"""The encoding that a database must have: names and texts are Unicode."""

on_open: list[Callable[[Connection], None]] = []
"""Functions that are called with each new connection, such as one that may have to cancel it."""


def open_connection(
    settings: Settings,
    *,
    database: str | None = None,
    address: tuple[str, int] | None = None,
    any_encoding: bool = False,
) -> Connection:
    """Open a connection and wait until it is ready for statements.

    Args:
        settings: How to reach the server.
        database: Another database than the settings' own.
        address: Host and port of one particular server, in place of the settings' hosts; which
            role it has (primary or standby) is then not checked.
        any_encoding: Whether to connect to a database with another encoding than `ENCODING`.

    Returns:
        The connection, in autocommit; it reads `timestamp` columns as aware datetimes.

    Raises:
        DatabaseUnavailableError: The server can't be reached, refuses the login, or is older than
            `MIN_SERVER_VERSION`.
        SchemaMismatchError: The database has another encoding than `ENCODING`.
    """
    with _translated_failures(), hidden_variables(_HIDDEN):
        connection: Connection = psycopg2.connect(
            connection_factory=Connection, **_parameters(settings, database, address)
        )
    _check_server(connection, any_encoding=any_encoding)
    connection.autocommit = True
    register_type(UTC_TIMESTAMP, connection)
    for tell in on_open:
        tell(connection)
    return connection


def open_polled(
    settings: Settings, deadline: float, *, database: str | None = None
) -> psycopg2.extensions.connection:
    """Open a connection that does not block: each answer is waited for with `await_answer`.

    Looking up a host name is not part of the time limit.

    Args:
        settings: How to reach the server.
        deadline: When to stop waiting, by `time.monotonic`.
        database: Another database than the settings' own.

    Returns:
        The connection, ready for statements.

    Raises:
        DatabaseUnavailableError: The server can't be reached, refuses the login, or is older than
            `MIN_SERVER_VERSION`.
        SchemaMismatchError: The database has another encoding than `ENCODING`.
        TimeoutError: The deadline has passed.
    """
    with _translated_failures(), hidden_variables(_HIDDEN):
        connection: psycopg2.extensions.connection = psycopg2.connect(
            async_=True, **_parameters(settings, database)
        )
    try:
        with _translated_failures():
            await_answer(connection, deadline)
        _check_server(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connection_parameters(settings: Settings) -> dict[str, Any]:
    """Give libpq's parameters for a connection.

    Args:
        settings: How to reach the server.

    Returns:
        Keyword arguments for the driver, the password among them.
    """
    password = settings.password
    parameters: dict[str, Any] = {
        "host": settings.host,
        # Each parameter that is given, even empty, replaces a variable: PGHOSTADDR would lead to
        # another server, and a pooler refuses PGOPTIONS.
        "hostaddr": "",
        "options": "",
        "port": ",".join(str(port) for _, port in settings.hosts),
        "target_session_attrs": settings.sought_session,
        "user": settings.user,
        "password": password.get_secret_value() if password else None,
        "dbname": settings.database,
        "connect_timeout": math.ceil(settings.connect_timeout),
        "sslmode": settings.sslmode,
        "sslrootcert": settings.sslcert,
        "application_name": settings.application_name,
        "client_encoding": ENCODING,
        # The client's kernel notices a server that is gone, behind a pooler too.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": milliseconds(settings.statement_timeout),
    }
    if not settings.pgbouncer:
        parameters["options"] = " ".join(
            f"-c {name}={_escape_option(value)}" for name, value in session_settings(settings)
        )
    return {name: value for name, value in parameters.items() if value is not None}


def session_settings(settings: Settings) -> list[tuple[str, str]]:
    """Give the server's settings that a session of the library runs under.

    Args:
        settings: The time limits and the schema.

    Returns:
        Names and values, time limits in milliseconds; what a role or a database has set otherwise
        does not count.
    """
    return [
        *settings.time_limits(),
        ("search_path", identifier(settings.schema_name)),
        # Constants with a backslash mean the same in every database.
        ("standard_conforming_strings", "on"),
    ]


def _parameters(
    settings: Settings, database: str | None = None, address: tuple[str, int] | None = None
) -> dict[str, Any]:
    parameters = connection_parameters(settings)
    if database is not None:
        parameters["dbname"] = database
    if address is not None:
        parameters["host"], parameters["port"] = address
        parameters["target_session_attrs"] = "any"
    return parameters


def _escape_option(value: str) -> str:
    # In libpq's `options` a space separates and a backslash escapes.
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


@contextmanager
def _translated_failures() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise
    except (psycopg2.Error, OSError, UnicodeDecodeError) as exc:
        # The driver's frames hold the connection string, and so the password.
        raise DatabaseUnavailableError(_reason(exc)) from exc.with_traceback(None)


def _reason(cause: psycopg2.Error | OSError | UnicodeDecodeError) -> str:
    if isinstance(cause, psycopg2.Error):
        return primary_message(cause)
    if isinstance(cause, UnicodeDecodeError):
        # Before a session begins, the server writes in an encoding of its own.
        return cause.object.decode(errors="replace").strip()
    return str(cause)


def _check_server(
    connection: psycopg2.extensions.connection, *, any_encoding: bool = False
) -> None:
    major = connection.server_version // 10_000
    if major < MIN_SERVER_VERSION:
        connection.close()
        raise DatabaseUnavailableError(
            f"The server is PostgreSQL {major}; the library needs {MIN_SERVER_VERSION} or newer."
        )
    # The server reports it when the session begins, PgBouncer as well.
    encoding = connection.get_parameter_status("server_encoding")
    if encoding not in (ENCODING, None) and not any_encoding:
        connection.close()
        raise SchemaMismatchError(
            f"The encoding of the database is {encoding}; the library needs {ENCODING}. Create "
            f"another database with CREATE DATABASE ... ENCODING '{ENCODING}' TEMPLATE template0 "
            "and a locale for this encoding, and move the rows to it."
        )
