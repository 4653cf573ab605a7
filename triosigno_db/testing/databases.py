"""Databases of tests: copied from a template, dropped when the test or its process ends."""

from __future__ import annotations

import secrets
import subprocess
import sys
from itertools import count
from typing import IO, Self, cast
from urllib.parse import quote, urlsplit

import psycopg2

from triosigno_db.database.connection import Connection, Row
from triosigno_db.database.connector import open_connection
from triosigno_db.database.sqlstates import primary_message
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.schema.databases import create_database, drop_database
from triosigno_db.settings import Settings
from triosigno_db.testing.binaries import ThrowawayPostgresError

_PREFIX = "triosigno_test"
_ASK_AFTER_SECONDS = 1.0
_DATABASES = """
SELECT datname FROM pg_database WHERE starts_with(datname, %(prefix)s) ORDER BY 1
"""
_JANITOR = "triosigno_db.testing.janitor"


class DatabaseServer:
    """A server on which databases are created and dropped, on one connection that stays open.

    Args:
        url: A database of the server that is not touched, such as `postgres`; its role must be
            allowed to create databases.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        # Copying a large template may take longer than a statement of a service.
        self._settings = Settings.load(
            url,
            application_name="triosigno_db tests",
            statement_timeout=0,
            lock_timeout=0,
            idle_transaction_timeout=0,
        )
        self._connection: Connection | None = None
        self._numbers = count(1)
        self.prefix = f"{_PREFIX}_{secrets.token_hex(6)}"

    def __repr__(self) -> str:
        """Say which server it is, without a password."""
        return f"DatabaseServer({self._settings.address})"

    def __enter__(self) -> Self:
        """Give the server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def new_name(self) -> str:
        """Give a name that no other database has.

        Returns:
            The name; it begins with `prefix`, which is another one for each object of the class.
        """
        return f"{self.prefix}_{next(self._numbers)}"

    def url_for(self, database: str) -> str:
        """Give the URL of a database of this server, whether it exists or not.

        Args:
            database: The database's name.

        Returns:
            The URL, with user and password.
        """
        return urlsplit(self.url)._replace(path="/" + quote(database, safe="")).geturl()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database.

        Args:
            name: Its name.
            template: The database to copy, to which no connection may be open; by default an
                empty one.

        Returns:
            The URL of the new database.

        Raises:
            ThrowawayPostgresError: The name is taken, the template is missing or in use, the role
                may not create databases, or the server does not answer.
        """
        create_database(name, self._execute, template=template)
        return self.url_for(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and end the connections to it; nothing happens if there is none.

        Args:
            name: Its name.

        Raises:
            ThrowawayPostgresError: The server does not answer.
        """
        drop_database(name, self._execute)

    def list_databases(self, prefix: str) -> list[str]:
        """List databases by the beginning of their names.

        Args:
            prefix: What the names begin with.

        Returns:
            The names, in alphabetical order.

        Raises:
            ThrowawayPostgresError: The server does not answer.
        """
        return [name for (name,) in self._execute(_DATABASES, {"prefix": prefix})]

    def close(self) -> None:
        """Close the connection; the next statement opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _execute(self, statement: str, parameters: dict[str, str] | None = None) -> list[Row]:
        try:
            with self._usable_connection().cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        except psycopg2.Error as exc:
            raise ThrowawayPostgresError(f"The server refused: {primary_message(exc)}") from exc
        except DatabaseUnavailableError as exc:
            raise ThrowawayPostgresError(f"The server can't be reached: {exc}") from exc

    def _usable_connection(self) -> Connection:
        if self._connection is None or not self._connection.is_usable(_ASK_AFTER_SECONDS):
            self._connection = open_connection(self._settings)
        return self._connection


class Janitor:
    """A small process that drops the databases of a test run that ended without doing so.

    Args:
        server: The server; all databases whose names begin with its prefix are dropped.
    """

    def __init__(self, server: DatabaseServer) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (the file beside this one)
            [sys.executable, "-m", _JANITOR],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        # Over the pipe: a password on a command line is there for all to see.
        self._requests.write(f"{server.prefix}\n{server.url}\n".encode())
        self._requests.flush()

    def finish(self) -> None:
        """Have the databases that are left dropped now, and wait for it."""
        self._requests.close()
        self._process.wait()
