"""Settings: what a service may configure, from arguments, the URL and the environment.

A value is looked for in this order: an argument of `connect()`, a parameter of the URL, an
environment variable `TRIOSIGNO_DB_<NAME>`, the default. The URL is `DATABASE_URL` as Prisma
reads it: https://www.prisma.io/docs/orm/overview/databases/postgresql#connection-url
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
    "target_session_attrs": "target_session_attrs",
}

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
MAX_IDENTIFIER_BYTES = 63
"""Bytes of the longest name in PostgreSQL: https://www.postgresql.org/docs/current/limits.html"""

_Port = Annotated[int, Field(ge=1, le=65_535)]
_Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_IDENTIFIER_BYTES, pattern=r"^[^\x00]*$")
]


class Settings(BaseSettings):
    """What a service may configure; times are in seconds, and 0 means no limit.

    Attributes:
        host: Host name, address, or the folder of a Unix socket; several with commas between, which
            are tried in order.
        port: TCP port.
        ports: A port for each of several hosts, in their order; without them `port` is everyone's.
        target_session_attrs: Which of the servers will do, as in libpq; where it is missing,
            `any` for one host, and `read-write` for several.
        user: Role to log in as; libpq's default where it is missing.
        password: Its password, shown masked.
        database: Name of the database.
        schema_name: PostgreSQL schema that holds the tables.
        connection_limit: Size of the pool of one process, 1 to 1000.
        pool_timeout: Wait for a pooled connection.
        max_lifetime: How old a pooled connection may become before it is replaced.
        connect_timeout: Wait for a server when a connection is opened, for each host.
        statement_timeout: Time limit of one statement.
        lock_timeout: Wait of one statement for a lock.
        idle_transaction_timeout: How long a transaction may stay open between two statements.
        network_timeout: How much longer than its own limit a statement may stay without an answer
            before the network is taken for dead and the connection is given up.
        slow_statement: A statement that takes longer is logged, by its name and without its values;
            0 means that none is.
        idle_check_after: A connection unused for longer is checked with a round trip.
        sslmode: As in libpq.
        sslcert: Path of the server's certificate or its authority's (libpq's `sslrootcert`).
        application_name: Shown in `pg_stat_activity`.
        pgbouncer: A pooler in transaction mode is in between: no prepared statements, no startup
            options, no session-level `SET`; limits on time are then the server's own, and apply
            inside `transaction()` only.
        password_cost: bcrypt's cost for new passwords, 4 to 31.
        cursor_secret: Signs the cursors of pages, so that only the library can make one; all
            processes of a service need the same. Without it a cursor is still bound to its list,
            and a change of it is noticed.
        content_cache_seconds: How long modules, categories, trees and achievements that were read
            may be served from a cache; 0 means that there is none.
        content_cache_url: The Redis that processes share the cache in, such as
            `redis://host:6379/0`; each has its own in memory where it is missing.
        replica_url: A streaming replica, for `reading_from_replica()`; where its URL says nothing,
            it is reached as the database itself, by the same role and with the same limits.
        replica_max_lag: How far the replica may be behind before it is skipped.
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
        # The server cuts a longer one off, and would look for another.
        if name is not None and len(name.encode()) > MAX_IDENTIFIER_BYTES:
            raise PydanticCustomError("name", f"must have at most {MAX_IDENTIFIER_BYTES} bytes")
        return name

    @field_validator("host")
    @classmethod
    def _check_hosts(cls, host: str) -> str:
        if "," in host and not all(host.split(",")):
            raise PydanticCustomError("host", "one of the hosts has no name")
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
            raise PydanticCustomError("ports", "there must be one for each host")
        return ports

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """Each host and its port, in the order in which they are tried."""
        names = self.host.split(",")
        return tuple(zip(names, self.ports or [self.port] * len(names), strict=True))

    @property
    def address(self) -> str:
        """Where the server is, as `host:port`; several with commas between."""
        return ",".join(f"{host}:{port}" for host, port in self.hosts)

    @classmethod
    def load(cls, url: str | None = None, **options: Any) -> Self:
        """Put the settings together.

        Args:
            url: Prisma-style URL; without it `DATABASE_URL` from the environment.
            **options: Attributes of this class; each takes precedence over the URL.

        Returns:
            The validated settings.

        Raises:
            InvalidInputError: There is no URL, it can't be read, it has an unknown parameter, or
                a value is out of bounds; the message names it and never shows the password.
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
            raise InvalidInputError("url", "must be a text")
        try:
            return cls(**{**_settings_of_url(url), **options})
        except ValidationError as exc:
            failure = _invalid_settings(exc)
        # Outside of the handler: pydantic's error, which holds the password, is no context of it.
        raise failure

    def of_replica(self) -> Self | None:
        """Give the settings that the replica is reached with.

        Returns:
            These settings, as far as `replica_url` says nothing else; `None` without a replica.

        Raises:
            InvalidInputError: `replica_url` can't be read, or a part of it is out of bounds.
        """
        if self.replica_url is None:
            return None
        named = _settings_of_url(self.replica_url.get_secret_value(), "replica_url")
        if named.get("schema_name", self.schema_name) != self.schema_name:
            raise InvalidInputError("replica_url", "has another schema than the database itself")
        # Another role has another password, and a standby is no primary.
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
        """How long an answer may take, in seconds; `None` where that has no limit."""
        if not self.statement_timeout or not self.network_timeout:
            return None
        return self.statement_timeout + self.network_timeout

    @property
    def seeks_writes(self) -> bool:
        """Whether a server that takes no writes is skipped for one that does."""
        return self.sought_session in ("read-write", "primary")

    @property
    def sought_session(self) -> SessionAttributes:
        """Which of several servers will do: `target_session_attrs`, or its default."""
        if self.target_session_attrs is not None:
            return self.target_session_attrs
        return "any" if len(self.hosts) == 1 else "read-write"

    def local_limits(self) -> list[str]:
        """Give what sets the limits of one transaction, behind a pooler.

        Returns:
            Statements; none where the limits are the session's.
        """
        if not self.pgbouncer:
            return []
        return [f"SET LOCAL {name} = {value}" for name, value in self.time_limits()]

    def time_limits(self) -> list[tuple[str, str]]:
        """Give the server's time limits.

        Returns:
            Names and values in milliseconds, as `SET` takes them.
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
    """Give a time in the unit of PostgreSQL and libpq, rounded up.

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
                argument, f"has the unknown parameter {shortened(name)!r}; known ones are {known}"
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
