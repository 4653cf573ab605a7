"""A throwaway PostgreSQL: a real server for tests and demonstrations, gone without a trace.

It builds on testing.postgresql and adds what that lacks: a server where none is installed, root
(whom PostgreSQL refuses), a password, free choice of the version, and an end together with its
owner, whatever ends the owner.
"""

from __future__ import annotations

import os
import secrets
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import psycopg2
from testing.common.database import get_unused_port
from testing.postgresql import Postgresql

from triosigno_db.database.connection import Connection
from triosigno_db.database.connector import open_connection
from triosigno_db.database.sqlstates import primary_message
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.schema.databases import create_database, drop_database
from triosigno_db.settings import Settings
from triosigno_db.testing.binaries import (
    ServerInstallation,
    ThrowawayPostgresError,
    available_versions,
    choose_account,
    choose_folder,
    choose_installation,
    copy_installation,
    installation_in,
    server_version,
)
from triosigno_db.testing.supervisor import Guard

__all__ = [
    "ServerInstallation",
    "ThrowawayPostgres",
    "ThrowawayPostgresError",
    "available_versions",
]

_MAINTENANCE_DATABASE = "postgres"
_PORT_ATTEMPTS = 5
_BOOT_SECONDS = 60
_SHUTDOWN_SECONDS = 60
_POLL_SECONDS = 0.02
_CONNECT_SECONDS = 5
_LOG_LINES = 20
_LOCALES = ("C.UTF-8", "C")
_SHUTDOWN_SIGNALS = {"fast": "SIGINT", "immediate": "SIGQUIT"}

# Safety from crashes of the machine costs time, and the data is thrown away anyway.
# Commits stay synchronous: without fsync that is free, and they survive `restart("immediate")`.
_DEFAULT_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class ThrowawayPostgres(Postgresql):
    """A PostgreSQL server of one's own, started at construction.

    It listens on 127.0.0.1 alone, under a random password, in UTF-8 and UTC. It ends, and its
    folder is removed, with `stop`, at the end of a `with` block, once nothing refers to it, or with
    the process that made it, however that ends. Run by root it runs as an unprivileged user. A
    forked child may use its databases, and neither stops nor restarts it.

    Args:
        version: The major version, 13 or newer. By default the newest on the machine, else the
            newest bundled one.
        settings: Settings of the server (`{"log_statement": "all"}`), added to those that make it
            fast or in their place. The address and the port stay the server's own.
        database: The name of the database that `url` leads to, created empty.
        bin_dir: The folder of the server's programs, in place of `version`.
        in_memory: Whether the data is kept in memory where the machine has a file system for that
            (`/dev/shm`, with 1 GB free), which makes databases several times as fast to create.

    Raises:
        ThrowawayPostgresError: No such server is found, or it does not start.

    Example:
        >>> with ThrowawayPostgres(version=16) as server:
        ...     connection = psycopg2.connect(server.url)
    """

    subdirectories: ClassVar[list[str]] = []  # initdb makes what it needs
    _guard: Guard | None = None

    def __init__(
        self,
        *,
        version: int | None = None,
        settings: Mapping[str, str] | None = None,
        database: str = "triosigno",
        bin_dir: Path | None = None,
        in_memory: bool = False,
    ) -> None:
        self._account = choose_account()
        self._installation = installation_in(bin_dir) if bin_dir else choose_installation(version)
        self._server_settings = {**_DEFAULT_SETTINGS, **(settings or {})}
        self._database = database
        self._password = secrets.token_hex(16)
        folder = choose_folder(self._account, in_memory=in_memory)
        super().__init__(base_dir=str(folder))

    def __repr__(self) -> str:
        """Say what the server is, without its password."""
        return f"ThrowawayPostgres(version={self.version}, port={self.port})"

    def __exit__(self, *_: object) -> None:
        """Stop the server, unless it was detached."""
        self.stop()

    @property
    def version(self) -> int:
        """The server's major version."""
        return self._installation.version

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1, the same after a restart."""
        port: int = self.settings["port"]
        return port

    @property
    def url(self) -> str:
        """The URL of the database named at construction, with user and password."""
        return self.url_for(self._database)

    @property
    def data_directory(self) -> Path:
        """Where the server keeps its data, in a folder of its own that `stop` removes."""
        return Path(self.get_data_directory())

    @property
    def server_pid(self) -> int:
        """The process id of the server's main process, another one after a restart."""
        return int((self.data_directory / "postmaster.pid").read_text().splitlines()[0])

    @property
    def stop_command(self) -> str:
        """The shell command that stops the server and removes its folder, also once detached.

        Raises:
            ThrowawayPostgresError: The server was never started.
        """
        if self._guard is None:
            raise ThrowawayPostgresError("The server was never started")
        return f"kill {self._guard.pid}"

    def url_for(self, database: str) -> str:
        """Give the URL of a database of this server, whether it exists or not.

        Args:
            database: The database's name.

        Returns:
            The URL, with user and password.
        """
        address = f"{quote(self._password)}@127.0.0.1:{self.port}"
        return f"postgresql://postgres:{address}/{quote(database, safe='')}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database.

        Args:
            name: Its name.
            template: The database to copy, to which no connection may be open; by default an
                empty one.

        Returns:
            The URL of the new database.

        Raises:
            ThrowawayPostgresError: The name is taken, the template is missing or in use, or the
                server does not answer.
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

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server and start it again on the same port and data; return once it answers.

        Args:
            mode: `fast` ends open connections in good order; `immediate` is a crash, from which
                the server recovers.

        Raises:
            ThrowawayPostgresError: The server does not stop or start again, or does not belong to
                this process.
        """
        guard = self._held_guard()
        guard.signal(_SHUTDOWN_SIGNALS[mode])
        if guard.ending(_SHUTDOWN_SECONDS) is None:
            raise self._failure("The server does not stop")
        if not self._serve():
            raise self._failure("The server does not start again")

    def detach(self) -> None:
        """Leave the server running when this process ends, until `stop_command` is run.

        Afterwards `stop` and the end of a `with` block leave it alone too.

        Raises:
            ThrowawayPostgresError: The server does not belong to this process.
        """
        self._held_guard().detach()

    def stop(self) -> None:
        """Stop the server and remove its folder; nothing happens the second time."""
        if self._guard is not None:
            self._guard.stop()

    # What follows replaces the steps of testing.postgresql, which calls them in this order.

    def initialize(self) -> None:
        """Make the server's folder, under a guard, and find its programs or bring them there."""
        folder = Path(self.base_dir)
        user = (self._account.uid, self._account.gid) if self._account else None
        # The guard first: it removes the folder from then on.
        self._guard = Guard(folder, self._log, user)
        # At the latest when the object is collected or the interpreter exits.
        weakref.finalize(self, self._guard.stop)
        folder.mkdir(mode=0o700)
        if user:
            os.chown(folder, *user)
        bin_dir = self._installation.bin_dir
        if self._account and server_version(bin_dir, self._account) is None:
            bin_dir = copy_installation(bin_dir, folder / "server", self._account)
        self.initdb, self.postgres = str(bin_dir / "initdb"), str(bin_dir / "postgres")

    def initialize_database(self) -> None:
        """Create the data folder, with Unicode's rules for letters where the machine has them."""
        guard = self._held_guard()
        with self._password_file() as password_file:
            for locale in _LOCALES:
                command = [self.initdb, "-D", self.get_data_directory(), f"--locale={locale}"]
                command += ["-E", "UTF8", "-A", "scram-sha-256", "-U", "postgres", "--no-sync"]
                guard.run([*command, f"--pwfile={password_file}"])
                ending = guard.ending(_BOOT_SECONDS)
                if ending == Guard.SUCCESS:
                    return
                if ending is None:
                    break
        raise self._failure("The server's data folder cannot be created")

    def start(self) -> None:
        """Start the server on a free port and create its database; nothing happens if it runs."""
        if self.is_alive():
            return
        for _ in range(_PORT_ATTEMPTS):
            # Free now, but another process may take it before the server does.
            self.settings["port"] = get_unused_port()
            if self._serve():
                break
        else:
            raise self._failure("The server does not start")
        if self._database != _MAINTENANCE_DATABASE:
            self.create_database(self._database)

    def get_server_commandline(self) -> list[str]:
        """Give the command that runs the server."""
        settings = {
            **self._server_settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
        }
        assignments = [f"--{name}={value}" for name, value in settings.items()]
        return [self.postgres, "-D", self.get_data_directory(), *assignments]

    def is_server_available(self) -> bool:
        """Return whether the server answers."""
        try:
            self._connect().close()
        except DatabaseUnavailableError:
            return False
        return True

    def is_alive(self) -> bool:
        """Return whether the server runs and belongs to this process."""
        if self._guard is None or not self._guard.is_held or self.settings["port"] is None:
            return False
        return self._guard.ending() is None

    def dsn(self, **overrides: Any) -> dict[str, Any]:
        """Give the keywords of `psycopg2.connect`.

        Args:
            overrides: Keywords to add or replace.

        Returns:
            The keywords, with the password.
        """
        keywords = {"database": self._database, "password": self._password, **overrides}
        dsn: dict[str, Any] = super().dsn(**keywords)
        return dsn

    def cleanup(self) -> None:
        """Leave nothing behind of a server that could not be started."""
        self.stop()

    @property
    def _log(self) -> Path:
        return Path(self.base_dir, f"{self.name}.log")

    def _held_guard(self) -> Guard:
        if self._guard is None or not self._guard.is_held:
            why = "it was stopped, detached, or created by the process that forked this one"
            raise ThrowawayPostgresError(f"The server is not this process's to control: {why}")
        return self._guard

    def _serve(self) -> bool:
        """Run the server until it answers; False when it ends before that."""
        guard = self._held_guard()
        guard.run(self.get_server_commandline())
        deadline = time.monotonic() + _BOOT_SECONDS
        while guard.ending(_POLL_SECONDS) is None:
            if self.is_server_available():
                return True
            if time.monotonic() > deadline:
                raise self._failure(f"The server does not answer after {_BOOT_SECONDS} seconds")
        return False

    def _connect(self) -> Connection:
        # The environment (PGSSLMODE, TRIOSIGNO_DB_...) may ask for what only another server has.
        settings = Settings.load(
            self.url_for(_MAINTENANCE_DATABASE),
            sslmode="disable",
            target_session_attrs="any",
            pgbouncer=False,
            schema_name="public",
            connect_timeout=_CONNECT_SECONDS,
            statement_timeout=0,
            lock_timeout=0,
            idle_transaction_timeout=0,
        )
        return open_connection(settings)

    def _execute(self, statement: str) -> None:
        try:
            with closing(self._connect()) as connection:
                connection.cursor().execute(statement)
        except psycopg2.Error as exc:
            raise ThrowawayPostgresError(f"The server refused: {primary_message(exc)}") from exc
        except DatabaseUnavailableError as exc:
            raise ThrowawayPostgresError(f"The server can't be reached: {exc}") from exc

    @contextmanager
    def _password_file(self) -> Iterator[Path]:
        path = Path(self.base_dir, "password")
        path.write_text(self._password)
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)
        yield path
        path.unlink()

    def _failure(self, what: str) -> ThrowawayPostgresError:
        ending = self._held_guard().ending() or "it still runs"
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        lines = log.splitlines()[-_LOG_LINES:]
        return ThrowawayPostgresError("\n".join([f"{what} ({ending}). Its log ends with:", *lines]))
