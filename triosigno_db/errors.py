"""Every exception the library raises, and the one place where SQLSTATEs become exceptions.

    TrioSignoDBError
    ├── NotConnectedError          connect() was not called
    ├── DatabaseUnavailableError   the server can't be reached or was lost
    ├── PoolTimeoutError           no pooled connection became free in time
    ├── QueryTimeoutError          a statement, a lock or an idle transaction took too long
    ├── NotFoundError              a row that the call names does not exist
    ├── AlreadyExistsError         a unique value is taken
    ├── InvalidInputError          an argument can't be stored
    ├── InUseError                 other rows still refer to what should go
    ├── InvalidCredentialsError    no account has this login and password
    ├── AccountInactiveError       the login and password are right, the account is deactivated
    ├── ConflictError              the call lost against another one, or comes in the wrong state
    ├── SchemaMismatchError        the database's tables are not the library's
    └── MigrationError             a history, or the database under it, is not as it must be
        ├── MigrationFailedError       a statement of a migration failed
        ├── MigrationLockedError       another process holds the lock on migrations
        └── DataLossError              a migration would throw data away

Each carries in `prisma_code` the code that Prisma's client gives for the same failure.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import psycopg2
from pydantic.alias_generators import to_snake

_HASH = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{1,53}")
"""A bcrypt hash, whole or cut off."""


class TrioSignoDBError(Exception):
    """The base of everything the library raises; by itself, a failure that has no finer class.

    Attributes:
        prisma_code: The code of Prisma's client for the same failure, `None` where it has none.
    """

    prisma_code: str | None = None

    def with_prisma_code(self, code: str) -> "TrioSignoDBError":
        """Name a finer Prisma code than the class's own.

        Args:
            code: Such as `"P2003"`.

        Returns:
            The same exception.
        """
        self.prisma_code = code
        return self


class NotConnectedError(TrioSignoDBError):
    """A function was called without a database behind it."""

    def __init__(
        self,
        why: str = "There is no database yet: call triosigno_db.connect(url) first, "
        "once, when the service starts.",
    ) -> None:
        super().__init__(why)


class DatabaseUnavailableError(TrioSignoDBError):
    """The server can't be reached, refuses the login, or was lost while it worked."""

    prisma_code = "P1001"


class PoolTimeoutError(TrioSignoDBError):
    """Every pooled connection stayed in use for as long as the call was willing to wait."""

    prisma_code = "P2024"

    def __init__(self, pool_size: int, waited: float) -> None:
        super().__init__(pool_size, waited)
        self.pool_size = pool_size
        self.waited = waited

    def __str__(self) -> str:
        return (
            f"All {self.pool_size} pooled connections were in use for {self.waited:g} s: "
            "raise connection_limit, or hold connection() and transaction() blocks for less time."
        )


class QueryTimeoutError(TrioSignoDBError):
    """A statement, its wait for a lock, or an idle transaction passed its time limit."""

    prisma_code = "P1008"


class NotFoundError(TrioSignoDBError):
    """A row that the call names does not exist.

    Args:
        entity: The model's name, such as `"Sign"`.
        key: What it was looked up by; `None` where the server does not tell.
    """

    prisma_code = "P2025"

    def __init__(self, entity: str, key: object = None) -> None:
        super().__init__(entity, key)
        self.entity = entity
        self.key = key

    def __str__(self) -> str:
        return f"There is no {self.entity}" + (f" {self.key!s}." if self.key is not None else ".")


class AlreadyExistsError(TrioSignoDBError):
    """A value that must be unique is taken.

    Args:
        entity: The model's name, such as `"User"`.
        field: The attribute, such as `"email"`; several are joined by `", "`.
        value: The taken value, where it is known and no secret.
    """

    prisma_code = "P2002"

    def __init__(self, entity: str, field: str, value: object = None) -> None:
        super().__init__(entity, field, value)
        self.entity = entity
        self.field = field
        self.value = value

    def __str__(self) -> str:
        shown = f" {self.value!r}" if self.value is not None else ""
        return f"There is a {self.entity} with this {self.field} already{shown and ':' + shown}."


class FieldError(NamedTuple):
    """One wrong field of an input, and why it is wrong."""

    field: str
    why: str


class InvalidInputError(TrioSignoDBError):
    """An argument can't be stored; nothing was sent, or nothing was written.

    Args:
        field: The argument or attribute that is wrong.
        why: What is wrong with it, without its value.
        others: The further wrong fields of the same input.
    """

    prisma_code = "P2007"

    def __init__(self, field: str, why: str, *others: FieldError) -> None:
        super().__init__(field, why, *others)
        self.field = field
        self.why = why
        self.errors: tuple[FieldError, ...] = (FieldError(field, why), *others)

    def __str__(self) -> str:
        return "; ".join(f"{error.field}: {error.why}" for error in self.errors)


class InUseError(TrioSignoDBError):
    """What should be deleted or dropped is still referred to.

    Args:
        why: What needs it.
        uses: How many rows of each entity refer to it, where they were counted.
    """

    prisma_code = "P2003"

    def __init__(self, why: str, uses: Mapping[str, int] | None = None) -> None:
        super().__init__(why, dict(uses or {}))
        self.why = why
        self.uses: dict[str, int] = dict(uses or {})

    def __str__(self) -> str:
        return self.why


class InvalidCredentialsError(TrioSignoDBError):
    """No account has this login and password; which of the two is wrong is not told."""

    def __init__(self, why: str = "The login or the password is wrong.") -> None:
        super().__init__(why)


class AccountInactiveError(TrioSignoDBError):
    """The login and the password are right, but the account is deactivated.

    Args:
        user_id: The account.
    """

    def __init__(self, user_id: str) -> None:
        super().__init__(user_id)
        self.user_id = user_id

    def __str__(self) -> str:
        return f"The account {self.user_id} is deactivated."


class ConflictError(TrioSignoDBError):
    """The call lost against a concurrent one, or comes when the state does not allow it."""

    prisma_code = "P2034"


class SchemaMismatchError(TrioSignoDBError):
    """The database's tables are not the ones that the library works on.

    Args:
        why: What was found.
        differences: One line for each difference, empty where only `why` is known.
    """

    prisma_code = "P2021"

    def __init__(self, why: str, differences: Sequence[str] = ()) -> None:
        super().__init__(why, tuple(differences))
        self.why = why
        self.differences: tuple[str, ...] = tuple(differences)

    def __str__(self) -> str:
        return "\n  - ".join((self.why, *self.differences))


class MigrationError(TrioSignoDBError):
    """A history of migrations, or the database that it is applied to, is not as it must be."""


class MigrationFailedError(MigrationError):
    """A statement of a migration failed.

    Args:
        name: The migration.
        number: The statement's place in its script, from 1.
        line: The line on which the statement starts, from 1.
        why: PostgreSQL's message.
        rolled_back: Whether the migration left nothing behind.
    """

    prisma_code = "P3018"

    def __init__(self, name: str, number: int, line: int, why: str, rolled_back: bool) -> None:
        super().__init__(name, number, line, why, rolled_back)
        self.name = name
        self.number = number
        self.line = line
        self.why = why
        self.rolled_back = rolled_back

    def __str__(self) -> str:
        outcome = (
            "Nothing of it was kept: mend the file and deploy again."
            if self.rolled_back
            else "The statements before it were kept: mend the database, then resolve it."
        )
        return f"{self.name}, statement {self.number}, line {self.line}: {self.why}. {outcome}"


class MigrationLockedError(MigrationError):
    """Another process holds the lock on migrations, and kept it for too long."""

    prisma_code = "P1002"


class DataLossError(MigrationError):
    """A migration would throw data away, which nobody has allowed."""


class ConstraintTarget(NamedTuple):
    """What a constraint of the schema speaks about, in the library's words.

    For a unique index or a check: the entity that owns it and its attribute. For a foreign key: the
    entity that it refers to and the attribute that holds the reference.
    """

    entity: str
    field: str


class _Failure(NamedTuple):
    """A driver's error with all that is known of the call that met it."""

    cause: psycopg2.Error
    constraints: Mapping[str, ConstraintTarget]
    parameters: Mapping[str, object]

    @property
    def target(self) -> ConstraintTarget | None:
        return self.constraints.get(self.cause.diag.constraint_name or "")

    @property
    def message(self) -> str:
        return primary_message(self.cause)


def _already_exists(failure: _Failure) -> TrioSignoDBError:
    if failure.target is None:
        return ConflictError(failure.message).with_prisma_code("P2002")
    entity, field = failure.target
    return AlreadyExistsError(entity, field, failure.parameters.get(field))


def _reference_broken(failure: _Failure) -> TrioSignoDBError:
    if failure.target is None:
        return ConflictError(failure.message).with_prisma_code("P2003")
    entity, field = failure.target
    return NotFoundError(entity, failure.parameters.get(field)).with_prisma_code("P2003")


def _invalid(code: str) -> Callable[[_Failure], TrioSignoDBError]:
    def build(failure: _Failure) -> TrioSignoDBError:
        column = failure.cause.diag.column_name
        field = to_snake(column) if column else failure.target and failure.target.field
        return InvalidInputError(field or "input", failure.message).with_prisma_code(code)

    return build


def _plain(
    kind: type[TrioSignoDBError], code: str | None = None, advice: str = ""
) -> Callable[[_Failure], TrioSignoDBError]:
    def build(failure: _Failure) -> TrioSignoDBError:
        error = kind(f"{failure.message}. {advice}" if advice else failure.message)
        return error.with_prisma_code(code) if code else error

    return build


def _still_needed(failure: _Failure) -> TrioSignoDBError:
    # The detail names the dependent objects, no values.
    return InUseError(f"{failure.message}:\n{failure.cause.diag.message_detail}")


_BY_SQLSTATE: dict[str, Callable[[_Failure], TrioSignoDBError]] = {
    # A whole code is looked up first, then its class, the first two characters.
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    "08": _plain(DatabaseUnavailableError, "P1017"),
    "22": _invalid("P2007"),
    "22001": _invalid("P2000"),
    "22003": _invalid("P2020"),
    "23001": _plain(InUseError),
    "23502": _invalid("P2011"),
    "23503": _reference_broken,
    "23505": _already_exists,
    "23514": _invalid("P2004"),
    "25P02": _plain(
        ConflictError,
        "P2028",
        "An earlier statement of this transaction failed: put what may fail into a nested "
        "transaction() to go on after it",
    ),
    "25P03": _plain(QueryTimeoutError, "P2028"),
    "28": _plain(DatabaseUnavailableError, "P1000"),
    "2BP01": _still_needed,
    "3D000": _plain(DatabaseUnavailableError, "P1003"),
    "3F000": _plain(SchemaMismatchError),
    "40001": _plain(ConflictError),
    "40P01": _plain(ConflictError),
    "42501": _plain(DatabaseUnavailableError, "P1010"),
    "42703": _plain(SchemaMismatchError, "P2022"),
    "42704": _plain(SchemaMismatchError),
    "42710": _plain(SchemaMismatchError),
    "42P07": _plain(SchemaMismatchError),
    "42P01": _plain(SchemaMismatchError, None, "create_schema() or the migrations make the tables"),
    "53": _plain(DatabaseUnavailableError, "P2037"),
    "55P03": _plain(QueryTimeoutError, None, "Another transaction holds the lock"),
    "57014": _plain(QueryTimeoutError),
    "57P": _plain(DatabaseUnavailableError, "P1017"),
    "58": _plain(DatabaseUnavailableError, "P1017"),
}


def primary_message(cause: psycopg2.Error) -> str:
    """Read the server's one-line message, without the details that quote rows and statements.

    A message may quote a value as well (of a column that was retyped, in a trigger): a password's
    hash is masked in it.

    Args:
        cause: The driver's error.

    Returns:
        The message; for an error that never came from a server, the driver's own text.
    """
    return _HASH.sub("***", str(cause.diag.message_primary or cause)).strip()


def hide_details(cause: psycopg2.Error) -> None:
    """Cut a driver's error down to its primary message.

    PostgreSQL's DETAIL may quote a whole row and its LINE the statement with its values; either
    could show a password's hash to whoever reads the traceback.

    Args:
        cause: The driver's error, changed in place.
    """
    cause.args = (primary_message(cause),)


def is_connection_lost(cause: psycopg2.Error) -> bool:
    """Tell whether an error means that the server ended or lost the connection.

    Args:
        cause: The driver's error.

    Returns:
        `True` for connection failures and for a server that shuts down or has crashed.
    """
    code = cause.pgcode
    if code is None:
        # libpq's own errors have no SQLSTATE: a socket that closed, a connection that is closed.
        return isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError)
    return code.startswith(("08", "57P")) or code == "25P03"


def is_collision(cause: BaseException | None) -> bool:
    """Tell whether the server undid a transaction for the sake of a concurrent one.

    Args:
        cause: The driver's error.

    Returns:
        `True` for a deadlock and for a serialization failure: run again, it may succeed.
    """
    return isinstance(cause, psycopg2.Error) and cause.pgcode in ("40001", "40P01")


def refused_by_driver(cause: ValueError, parameters: Mapping[str, object]) -> InvalidInputError:
    """Turn the driver's refusal of a text that PostgreSQL can't hold into the library's error.

    Args:
        cause: The driver's error.
        parameters: What the statement was given, to name the one that is wrong.

    Returns:
        The exception to raise; not `from` the cause, whose repr holds the text.
    """
    for name, value in parameters.items():
        if isinstance(value, str) and ("\0" in value or any(map(_is_surrogate, value))):
            return InvalidInputError(name, "must be Unicode text without NUL")
    return InvalidInputError("input", type(cause).__name__)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def translate(
    cause: psycopg2.Error,
    constraints: Mapping[str, ConstraintTarget],
    parameters: Mapping[str, object],
) -> TrioSignoDBError:
    """Turn a driver's error into the library's; the SQLSTATE decides.

    Args:
        cause: The driver's error; its details are hidden from here on.
        constraints: What each constraint of the schema speaks about, by its name.
        parameters: What the statement was given, to name the key that was not found.

    Returns:
        The exception to raise `from` the cause.
    """
    hide_details(cause)
    failure = _Failure(cause, constraints, parameters)
    code = cause.pgcode
    if code is None:
        if is_connection_lost(cause):
            return DatabaseUnavailableError(failure.message).with_prisma_code("P1017")
        return TrioSignoDBError(failure.message)
    for prefix in (code, code[:3], code[:2]):
        if prefix in _BY_SQLSTATE:
            return _BY_SQLSTATE[prefix](failure)
    return TrioSignoDBError(f"{failure.message} (SQLSTATE {code})")
