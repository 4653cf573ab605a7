"""Databases for tests: copied from a template, dropped when the test or its process ends."""

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
from triosigno_db.schema.protection import TEST_PREFIX, is_test_database, refuse_in_tests
from triosigno_db.settings import Settings
from triosigno_db.testing.binaries import ThrowawayPostgresError

_CHECK_AFTER_SECONDS = 1.0
_DATABASES = """
SELECT datname FROM pg_database WHERE pg_catalog.starts_with(datname, %(prefix)s) ORDER BY 1
"""
_JANITOR = "triosigno_db.testing.janitor"


class DatabaseServer:
    """Creates and drops databases on a server, over one connection that stays open.

    Args:
        url: The URL of a database on the server, such as `postgres`, to connect to. The role must
            be allowed to create databases.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        # Copying a large template may take longer than the time limit for statements.
        self._settings = Settings.load(
            url,
            application_name="triosigno_db tests",
            statement_timeout=0,
            lock_timeout=0,
            idle_transaction_timeout=0,
        )
        self._connection: Connection | None = None
        self._numbers = count(1)
        self.prefix = f"{TEST_PREFIX}{secrets.token_hex(6)}"

    def __repr__(self) -> str:
        """Return the server's address, without the password."""
        return f"DatabaseServer({self._settings.address})"

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def new_name(self) -> str:
        """Return a name that no other database has.

        Returns:
            The name. It begins with `prefix`, which is unique for each object.
        """
        return f"{self.prefix}_{next(self._numbers)}"

    def url_for(self, database: str) -> str:
        """Return the URL of a database on this server, whether it exists or not.

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
            template: The database to copy, which must have no open connections. By default the new
                database is empty.

        Returns:
            The URL of the new database.

        Raises:
            ThrowawayPostgresError: The database exists, the template is missing or in use, the
                role may not create databases, or the server does not answer.
        """
        create_database(name, self._execute, template=template)
        return self.url_for(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end the connections to it, if it exists.

        Args:
            name: Its name.

        Raises:
            ProtectedDatabaseError: A test run would drop a database that was not made for tests.
            ThrowawayPostgresError: The server does not answer.
        """
        if not is_test_database(name):
            refuse_in_tests(self._execute, self._settings, name)
        drop_database(name, self._execute)

    def list_databases(self, prefix: str) -> list[str]:
        """List the databases whose names begin with a prefix.

        Args:
            prefix: The prefix.

        Returns:
            The names, in alphabetical order.

        Raises:
            ThrowawayPostgresError: The server does not answer.
        """
        return [name for (name,) in self._execute(_DATABASES, {"prefix": prefix})]

    def close(self) -> None:
        """Close the connection; the next statement opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _execute(self, statement: str, parameters: dict[str, str] | None = None) -> list[Row]:
        try:
            with self._usable_connection().cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        except psycopg2.Error as exc:
            raise ThrowawayPostgresError(
                f"The server rejected the statement: {primary_message(exc)}"
            ) from exc
        except DatabaseUnavailableError as exc:
            raise ThrowawayPostgresError(f"The server cannot be reached: {exc}") from exc

    def _usable_connection(self) -> Connection:
        if self._connection is None or not self._connection.is_usable(_CHECK_AFTER_SECONDS):
            self._connection = open_connection(self._settings)
        return self._connection


class Janitor:
    """A process that drops the databases of a test run if the run ends without dropping them.

    Args:
        server: The server. All databases whose names begin with its prefix are dropped.
    """

    def __init__(self, server: DatabaseServer) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (a module of this package)
            [sys.executable, "-m", _JANITOR],
            stdin=subprocess.PIPE,
            # Ctrl-C in a terminal is for the test run alone.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        # Sent over the pipe: other users could read a password on the command line.
        self._requests.write(f"{server.prefix}\n{server.url}\n".encode())
        self._requests.flush()

    def finish(self) -> None:
        """Drop the remaining databases now, and wait for the end."""
        self._requests.close()
        self._process.wait()
