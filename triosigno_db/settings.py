"""Settings of a service, from arguments, the URL and the environment.

The order of precedence is: an argument of `connect()`, a parameter of the URL, an environment
variable `TRIOSIGNO_DB_<NAME>`, the default. The URL has the format of Prisma's `DATABASE_URL`: https://www.prisma.io/docs/orm/overview/databases/postgresql#connection-url
"""

import math
import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from triosigno_db.arguments import is_unicode, shortened
from triosigno_db.errors import FieldError, InvalidInputError
from triosigno_db.urls import read_url

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
SessionAttributes = Literal[
    "any", "read-write", "read-only", "primary", "standby", "prefer-standby"
]

_SETTING_OF_URL_PARAMETER = {
    "application_name": "application_name",
    "connect_timeout": "connect_timeout",
    "connection_limit": "connection_limit",
    "host": "host",
    "pgbouncer": "pgbouncer",
    "pool_timeout": "pool_timeout",
    "schema": "schema_name",
    "socket_timeout": "statement_timeout",
    "sslcert": "sslcert",
    "sslmode": "sslmode",
    "statement_cache_size": "statement_cache_size",
    "target_session_attrs": "target_session_attrs",
}

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
MAX_IDENTIFIER_BYTES = 63
"""The maximum length of a name in bytes: https://www.postgresql.org/docs/current/limits.html"""

_Port = Annotated[int, Field(ge=1, le=65_535)]
_Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_IDENTIFIER_BYTES, pattern=r"^[^\x00]*$")
]


class Settings(BaseSettings):
    """The settings of a service; times are in seconds, and 0 means no limit.

    Attributes:
        host: Host name, address, or the folder of a Unix socket. Several are separated by commas
            and tried in order.
        port: TCP port.
        ports: A port for each of several hosts, in their order. By default `port` is used for all.
        target_session_attrs: Which servers are accepted, as in libpq. The default is `any` for one
            host and `read-write` for several.
        user: Role to log in as. The default is libpq's.
        password: Its password, masked in representations.
        database: Name of the database.
        schema_name: PostgreSQL schema that holds the tables.
        connection_limit: Maximum size of the pool of one process, 1 to 1000.
        pool_timeout: Maximum wait for a pooled connection.
        max_lifetime: Maximum age of a pooled connection before it is replaced.
        connect_timeout: Maximum wait for a new connection, for each host.
        statement_timeout: Time limit of one statement.
        lock_timeout: Maximum wait of one statement for a lock.
        idle_transaction_timeout: Maximum time between two statements of a transaction.
        network_timeout: Time to wait for an answer after a statement's own time limit, before the
            network is considered down and the connection is closed.
        slow_statement: A statement that takes longer is logged with its name, without values; 0
            disables the log.
        idle_check_after: A connection that is unused for longer is checked with a round trip.
        sslmode: As in libpq.
        sslcert: Path of the certificate of the server or its CA (libpq's `sslrootcert`).
        application_name: Shown in `pg_stat_activity`.
        pgbouncer: Connections go through a pooler in transaction mode: no prepared statements, no
            startup options, no session-level `SET`. Time limits are then set inside `transaction()`
            only; elsewhere the server's own apply.
        statement_cache_size: Maximum number of prepared statements of each connection, 0 to 10,000,
            as in Prisma's URLs; the one used longest ago makes room. 0 disables them.
        password_cost: bcrypt's cost for new passwords, 4 to 31.
        cursor_secret: Signs the cursors of pages, so that clients cannot forge them. All processes
            of a service need the same secret. Without it a cursor is still bound to its list, and
            changes of it are detected.
        content_cache_seconds: Time for which modules, categories, trees and achievements are
            served from a cache; 0 disables the cache.
        content_cache_url: The Redis server for a cache that processes share, such as
            `redis://host:6379/0`. By default each process has a cache in memory.
        replica_url: A streaming replica, for `reading_from_replica()`. Parts that its URL does not
            have are those of the database: the role, the password and the limits.
        replica_max_lag: Maximum lag of the replica before it is skipped.
    """

    model_config = SettingsConfigDict(
        env_prefix="TRIOSIGNO_DB_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    host: str = "localhost"
    port: _Port = 5432
    ports: Annotated[tuple[_Port, ...], NoDecode] = ()
    target_session_attrs: SessionAttributes | None = None
    user: str | None = None
    password: SecretStr | None = None
    database: str = Field(default="postgres", min_length=1)
    schema_name: _Identifier = "public"
    connection_limit: int = Field(default=10, ge=1, le=1000)
    pool_timeout: Seconds = 10.0
    max_lifetime: Seconds = 3600.0
    connect_timeout: Seconds = 10.0
    statement_timeout: Seconds = 30.0
    lock_timeout: Seconds = 10.0
    idle_transaction_timeout: Seconds = 60.0
    network_timeout: Seconds = 5.0
    slow_statement: Seconds = 1.0
    idle_check_after: Seconds = 30.0
    sslmode: SslMode = "prefer"
    sslcert: str | None = None
    application_name: str = "triosigno_db"
    pgbouncer: bool = False
    statement_cache_size: int = Field(default=500, ge=0, le=10_000)
    password_cost: int = Field(default=12, ge=4, le=31)
    cursor_secret: SecretStr | None = None
    content_cache_seconds: Seconds = 0.0
    content_cache_url: SecretStr | None = None
    replica_url: SecretStr | None = None
    replica_max_lag: Seconds = 10.0

    @field_validator("*", mode="before")
    @classmethod
    def _check_text(cls, value: Any) -> Any:
        if isinstance(value, str) and ("\0" in value or not is_unicode(value)):
            raise PydanticCustomError("text", "must be Unicode text without NUL")
        return value

    @field_validator("user", "database", "schema_name")
    @classmethod
    def _check_name(cls, name: str | None) -> str | None:
        # The server truncates a longer name, and would use another object.
        if name is not None and len(name.encode()) > MAX_IDENTIFIER_BYTES:
            raise PydanticCustomError("name", f"must have at most {MAX_IDENTIFIER_BYTES} bytes")
        return name

    @field_validator("host")
    @classmethod
    def _check_hosts(cls, host: str) -> str:
        if "," in host and not all(host.split(",")):
            raise PydanticCustomError("host", "one of the hosts is empty")
        return host

    @field_validator("ports", mode="before")
    @classmethod
    def _split_ports(cls, ports: Any) -> Any:
        return ports.split(",") if isinstance(ports, str) else ports

    @field_validator("ports")
    @classmethod
    def _check_ports(cls, ports: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        host = info.data.get("host")
        if ports and host is not None and len(ports) != len(host.split(",")):
            raise PydanticCustomError("ports", "must have one port for each host")
        return ports

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """Each host and its port, in the order in which they are tried."""
        names = self.host.split(",")
        return tuple(zip(names, self.ports or [self.port] * len(names), strict=True))

    @property
    def address(self) -> str:
        """The address of the server, as `host:port`; several are separated by commas."""
        return ",".join(f"{host}:{port}" for host, port in self.hosts)

    @classmethod
    def load(cls, url: str | None = None, **options: Any) -> Self:
        """Load the settings.

        Args:
            url: Prisma-style URL. The default is the environment variable `DATABASE_URL`.
            **options: Attributes of this class; each takes precedence over the URL.

        Returns:
            The validated settings.

        Raises:
            InvalidInputError: The URL is missing or invalid, has an unknown parameter, or a value
                is out of bounds; the message names it and never shows the password.
        """
        if url is None:
            url = os.environ.get("DATABASE_URL")
        if url is None or url == "":
            raise InvalidInputError(
                "url",
                "is missing: pass connect('postgresql://user:password@host:5432/database') "
                "or set the environment variable DATABASE_URL",
            )
        if not isinstance(url, str):
            raise InvalidInputError("url", "must be a string")
        try:
            return cls(**{**_settings_of_url(url), **options})
        except ValidationError as exc:
            failure = _invalid_settings(exc)
        # Raised outside of the handler: pydantic's error contains the password and must not be the
        # context.
        raise failure

    def of_replica(self) -> Self | None:
        """Return the settings of the replica.

        Returns:
            These settings, with the parts of `replica_url`; `None` without a replica.

        Raises:
            InvalidInputError: `replica_url` is invalid, or a part of it is out of bounds.
        """
        if self.replica_url is None:
            return None
        named = _settings_of_url(self.replica_url.get_secret_value(), "replica_url")
        if named.get("schema_name", self.schema_name) != self.schema_name:
            raise InvalidInputError("replica_url", "must have the same schema as the database")
        # Another role has another password, and a standby is not a primary.
        own = {"user", "password"} if "user" in named else set()
        own |= {"host", "port", "ports", "target_session_attrs", "replica_url"}
        defaults = {name: type(self).model_fields[name].default for name in own}
        defaults["target_session_attrs"] = "any"
        try:
            return type(self)(**{**dict(self), **defaults, **named})
        except ValidationError as exc:
            failure = InvalidInputError("replica_url", str(_invalid_settings(exc)))
        raise failure

    @property
    def answer_limit(self) -> float | None:
        """The maximum time for an answer, in seconds; `None` without a limit."""
        if not self.statement_timeout or not self.network_timeout:
            return None
        return self.statement_timeout + self.network_timeout

    @property
    def seeks_writes(self) -> bool:
        """Whether servers that do not accept writes are skipped."""
        return self.sought_session in ("read-write", "primary")

    @property
    def sought_session(self) -> SessionAttributes:
        """Which servers are accepted: `target_session_attrs`, or its default."""
        if self.target_session_attrs is not None:
            return self.target_session_attrs
        return "any" if len(self.hosts) == 1 else "read-write"

    def local_limits(self) -> list[str]:
        """Return the statements that set the time limits of one transaction, behind a pooler.

        Returns:
            The statements; empty if the limits are set for the session.
        """
        if not self.pgbouncer:
            return []
        return [f"SET LOCAL {name} = {value}" for name, value in self.time_limits()]

    def time_limits(self) -> list[tuple[str, str]]:
        """Return the server's time limits.

        Returns:
            Names and values in milliseconds, for `SET`.
        """
        return [
            ("statement_timeout", str(milliseconds(self.statement_timeout))),
            ("lock_timeout", str(milliseconds(self.lock_timeout))),
            (
                "idle_in_transaction_session_timeout",
                str(milliseconds(self.idle_transaction_timeout)),
            ),
        ]


def milliseconds(seconds: float) -> int:
    """Convert a time to the unit of PostgreSQL and libpq, rounded up.

    Args:
        seconds: The time in seconds.

    Returns:
        The time in milliseconds.
    """
    return math.ceil(seconds * 1000)


def _settings_of_url(url: str, argument: str = "url") -> dict[str, Any]:
    found = read_url(url, argument)
    account = {"user": found.user, "password": found.password, "database": found.database}
    settings: dict[str, Any] = {name: value for name, value in account.items() if value is not None}
    settings |= found.address
    for name, value in found.parameters:
        if name not in _SETTING_OF_URL_PARAMETER:
            known = ", ".join(sorted(_SETTING_OF_URL_PARAMETER))
            raise InvalidInputError(
                argument,
                f"has the unknown parameter {shortened(name)!r}; the known ones are {known}",
            )
        settings[_SETTING_OF_URL_PARAMETER[name]] = value
    return settings


def _invalid_settings(exc: ValidationError) -> InvalidInputError:
    first, *others = [
        FieldError(_name_for_user(error), error["msg"]) for error in exc.errors(include_input=False)
    ]
    return InvalidInputError(first.field, first.why, *others)


def _name_for_user(error: Mapping[str, Any]) -> str:
    return shortened(".".join(str(part) for part in error["loc"]))
