"""A throwaway PostgreSQL server for tests and demonstrations.

It extends testing.postgresql with a bundled server if none is installed, support for root (as which
PostgreSQL refuses to run), a password, a choice of the version, and a reliable shutdown when its
owner process ends for any reason.
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
from triosigno_db.schema.protection import THROWAWAY_SETTING
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
from triosigno_db.testing.environment import environment_ignored
from triosigno_db.testing.scram import scram_verifier
from triosigno_db.testing.supervisor import Supervisor

__all__ = [
    "ServerInstallation",
    "ThrowawayPostgres",
    "ThrowawayPostgresError",
    "available_versions",
]

_MAINTENANCE_DATABASE = "postgres"
_PORT_ATTEMPTS = 5
_FIRST_WITH_LONG_PASSWORDS = 14  # before, initdb reads 99 characters of a password
_BOOT_SECONDS = 60
_SHUTDOWN_SECONDS = 60
_POLL_SECONDS = 0.02
_CONNECT_SECONDS = 5
_LOG_LINES = 20
_LOCALES = ("C.UTF-8", "C")
_SHUTDOWN_SIGNALS = {"fast": "SIGINT", "immediate": "SIGQUIT"}

# The data need not survive a crash of the machine. Commits stay synchronous: without fsync this
# costs nothing, and they survive `restart("immediate")`.
_DEFAULT_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class ThrowawayPostgres(Postgresql):
    """A private PostgreSQL server that is started by the constructor.

    It listens on 127.0.0.1 only, with a random password, in UTF-8 and UTC. The server ends and its
    folder is removed by `stop`, at the end of a `with` block, when the object is collected, or when
    the process that created it ends for any reason. If you are root, it runs as an unprivileged
    user. A forked child may use its databases, but cannot stop or restart it.

    Args:
        version: The major version, 13 or newer. By default what the environment variable
            `TRIOSIGNO_POSTGRES` names, a major version or a folder; else the newest installed one,
            else the newest bundled one.
        settings: Settings of the server (`{"log_statement": "all"}`), which extend or replace the
            defaults. The address and the port cannot be changed.
        database: The name of the database in `url`, which is created empty.
        bin_dir: The folder of the server's executables, instead of `version`.
        in_memory: Whether the data is kept in memory if the machine has a file system for that
            (`/dev/shm`, with 1 GB free). Databases are then created several times faster.

    Raises:
        ThrowawayPostgresError: The installation was not found, or the server does not start.

    Example:
        >>> with ThrowawayPostgres(version=16) as server:
        ...     connection = psycopg2.connect(server.url)
    """

    subdirectories: ClassVar[list[str]] = []  # initdb creates the folders
    _supervisor: Supervisor | None = None

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
        """Return the version and the port, without the password."""
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
        """The TCP port on 127.0.0.1; it does not change in a restart."""
        port: int = self.settings["port"]
        return port

    @property
    def url(self) -> str:
        """The URL of the database named at construction, with user and password."""
        return self.url_for(self._database)

    @property
    def data_directory(self) -> Path:
        """The folder of the server's data, which `stop` removes."""
        return Path(self.get_data_directory())

    @property
    def server_pid(self) -> int:
        """The id of the server's main process; it changes in a restart."""
        return int((self.data_directory / "postmaster.pid").read_text().splitlines()[0])

    @property
    def stop_command(self) -> str:
        """The shell command that stops the server and removes its folder, also after `detach`.

        Raises:
            ThrowawayPostgresError: The server was never started.
        """
        if self._supervisor is None:
            raise ThrowawayPostgresError("The server was never started")
        return f"kill {self._supervisor.pid}"

    def url_for(self, database: str) -> str:
        """Return the URL of a database on this server, whether it exists or not.

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
            template: The database to copy, which must have no open connections. By default the new
                database is empty.

        Returns:
            The URL of the new database.

        Raises:
            ThrowawayPostgresError: The database exists, the template is missing or in use, or the
                server does not answer.
        """
        create_database(name, self._execute, template=template)
        return self.url_for(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end the connections to it, if it exists.

        Args:
            name: Its name.

        Raises:
            ThrowawayPostgresError: The server does not answer.
        """
        drop_database(name, self._execute)

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Restart the server on the same port and data, and wait until it answers.

        Args:
            mode: `fast` ends open connections cleanly; `immediate` simulates a crash, from which
                the server recovers.

        Raises:
            ThrowawayPostgresError: The server does not stop or start again, or does not belong to
                this process.
        """
        supervisor = self._attached_supervisor()
        supervisor.signal(_SHUTDOWN_SIGNALS[mode])
        if supervisor.ending(_SHUTDOWN_SECONDS) is None:
            raise self._failure("The server does not stop")
        if not self._serve():
            raise self._failure("The server does not start again")

    def detach(self) -> None:
        """Keep the server running after this process ends, until `stop_command` is run.

        Afterwards `stop` and the end of a `with` block do not stop it.

        Raises:
            ThrowawayPostgresError: The server does not belong to this process.
        """
        self._attached_supervisor().detach()

    def stop(self) -> None:
        """Stop the server and remove its folder; a second call has no effect."""
        if self._supervisor is not None:
            self._supervisor.stop()

    # The methods below override the steps of testing.postgresql, in the order of its calls.

    def initialize(self) -> None:
        """Create the server's folder, start the supervisor, and find or copy the executables."""
        folder = Path(self.base_dir)
        user = (self._account.uid, self._account.gid) if self._account else None
        # The supervisor first: it removes the folder at the end.
        self._supervisor = Supervisor(folder, self._log, user)
        # Called at the latest when the object is collected or the interpreter exits.
        weakref.finalize(self, self._supervisor.stop)
        folder.mkdir(mode=0o700)
        if user:
            os.chown(folder, *user)
        bin_dir = self._installation.bin_dir
        if self._account and server_version(bin_dir, self._account) is None:
            bin_dir = copy_installation(bin_dir, folder / "server", self._account)
        self.initdb, self.postgres = str(bin_dir / "initdb"), str(bin_dir / "postgres")

    def initialize_database(self) -> None:
        """Create the data folder, with a Unicode locale if the machine has one."""
        supervisor = self._attached_supervisor()
        with self._password_file() as password_file:
            for locale in _LOCALES:
                command = [self.initdb, "-D", self.get_data_directory(), f"--locale={locale}"]
                command += ["-E", "UTF8", "-A", "scram-sha-256", "-U", "postgres", "--no-sync"]
                supervisor.run([*command, f"--pwfile={password_file}"])
                ending = supervisor.ending(_BOOT_SECONDS)
                if ending == Supervisor.SUCCESS:
                    return
                if ending is None:
                    break
        raise self._failure("The server's data folder cannot be created")

    def start(self) -> None:
        """Start the server on a free port and create its database, unless it is running."""
        if self.is_alive():
            return
        for _ in range(_PORT_ATTEMPTS):
            # Another process may take the port before the server does.
            self.settings["port"] = get_unused_port()
            if self._serve():
                break
        else:
            raise self._failure("The server does not start")
        if self._database != _MAINTENANCE_DATABASE:
            self.create_database(self._database)

    def get_server_commandline(self) -> list[str]:
        """Return the command that runs the server."""
        settings = {
            **self._server_settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            THROWAWAY_SETTING: "on",
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
        if (
            self._supervisor is None
            or not self._supervisor.is_attached
            or self.settings["port"] is None
        ):
            return False
        return self._supervisor.ending() is None

    def dsn(self, **overrides: Any) -> dict[str, Any]:
        """Return the keyword arguments for `psycopg2.connect`.

        Args:
            overrides: Keywords to add or replace.

        Returns:
            The keywords, with the password.
        """
        keywords = {"database": self._database, "password": self._password, **overrides}
        dsn: dict[str, Any] = super().dsn(**keywords)
        return dsn

    def cleanup(self) -> None:
        """Remove all files of a server that could not be started."""
        self.stop()

    @property
    def _log(self) -> Path:
        return Path(self.base_dir, f"{self.name}.log")

    def _attached_supervisor(self) -> Supervisor:
        if self._supervisor is None or not self._supervisor.is_attached:
            why = "it was stopped, detached, or created by the process that forked this one"
            raise ThrowawayPostgresError(f"This process cannot control the server: {why}")
        return self._supervisor

    def _serve(self) -> bool:
        """Run the server and wait until it answers; return `False` if it ends before."""
        supervisor = self._attached_supervisor()
        supervisor.run(self.get_server_commandline())
        deadline = time.monotonic() + _BOOT_SECONDS
        while supervisor.ending(_POLL_SECONDS) is None:
            if self.is_server_available():
                return True
            if time.monotonic() > deadline:
                raise self._failure(f"The server does not answer after {_BOOT_SECONDS} seconds")
        return False

    def _connect(self) -> Connection:
        # The environment (PGSERVICE, TRIOSIGNO_DB_...) is for another server.
        with environment_ignored():
            settings = Settings.load(
                self.url_for(_MAINTENANCE_DATABASE),
                sslmode="disable",
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
            raise ThrowawayPostgresError(
                f"The server rejected the statement: {primary_message(exc)}"
            ) from exc
        except DatabaseUnavailableError as exc:
            raise ThrowawayPostgresError(f"The server cannot be reached: {exc}") from exc

    @contextmanager
    def _password_file(self) -> Iterator[Path]:
        path = Path(self.base_dir, "password")
        # Hashed once only: the password is random, and tests open many connections.
        takes_verifier = self.version >= _FIRST_WITH_LONG_PASSWORDS
        path.write_text(
            scram_verifier(self._password, iterations=1) if takes_verifier else self._password
        )
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)
        yield path
        path.unlink()

    def _failure(self, what: str) -> ThrowawayPostgresError:
        ending = self._attached_supervisor().ending() or "it is still running"
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        lines = log.splitlines()[-_LOG_LINES:]
        return ThrowawayPostgresError("\n".join([f"{what} ({ending}). Its log ends with:", *lines]))
