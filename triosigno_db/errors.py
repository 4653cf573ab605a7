"""Every exception the library raises.

    TrioSignoDBError
    ├── NotConnectedError          connect() was not called
    ├── DatabaseUnavailableError   the server cannot be reached or was lost; nothing was applied
    ├── OutcomeUnknownError        the answer to a write or a commit was lost
    ├── PermissionDeniedError      the connected role lacks a privilege; nothing was applied
    ├── ProtectedDatabaseError     a test run would destroy a database that was not made for tests
    ├── ReadOnlyError              a write where only reads are allowed; nothing was applied
    ├── PoolTimeoutError           no pooled connection became available in time
    ├── QueryTimeoutError          a statement, a lock or an idle transaction took too long
    ├── NotFoundError              a row that the call refers to does not exist
    ├── AlreadyExistsError         a unique value already exists
    ├── InvalidInputError          an argument cannot be stored
    ├── InUseError                 other rows still refer to the row to delete
    ├── InvalidCredentialsError    no account has this login and password
    ├── AccountInactiveError       the login and password are correct, the account is deactivated
    ├── ConflictError              the call conflicts with another one or with the current state
    ├── SchemaMismatchError        the tables, or a schema.prisma, differ from the library's
    │   └── UnreadableRowError         a row holds a value that the library can't read
    └── MigrationError             a history or its database is in an invalid state
        ├── MigrationFailedError       a statement of a migration failed
        ├── MigrationLockedError       another process holds the migration lock
        ├── MigrationBlockedError      rows or other objects prevent a migration
        └── DataLossError              a migration would lose data

The attribute `prisma_code` has the code of Prisma's client for the same failure.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class TrioSignoDBError(Exception):
    """The base class of all exceptions; raised itself for a failure without a more specific class.

    Attributes:
        prisma_code: The code of Prisma's client for the same failure, or `None`.
    """

    prisma_code: str | None = None

    def with_prisma_code(self, code: str) -> "TrioSignoDBError":
        """Set a more specific Prisma code than that of the class.

        Args:
            code: The code, such as `"P2003"`.

        Returns:
            The same exception.
        """
        self.prisma_code = code
        return self


class NotConnectedError(TrioSignoDBError):
    """A function was called before `connect()`."""

    def __init__(
        self,
        why: str = "The library is not connected: call triosigno_db.connect(url) once, "
        "when the service starts.",
    ) -> None:
        super().__init__(why)


class DatabaseUnavailableError(TrioSignoDBError):
    """The server cannot be reached, rejects the login, or was lost; nothing was applied."""

    prisma_code = "P1001"


class OutcomeUnknownError(TrioSignoDBError):
    """The answer to a write or a commit was lost: it was applied once, or not at all.

    These calls can be repeated safely: calls that set values instead of counting, `record_attempt`
    with an `idempotency_key`, and `complete_session`. For others, read the current state first.
    """

    prisma_code = "P1017"


class ReadOnlyError(TrioSignoDBError):
    """A write where only reads are allowed: on a replica or a read-only server.

    Nothing was applied.
    """


class PermissionDeniedError(TrioSignoDBError):
    """The connected role lacks a privilege for this; nothing was applied."""

    prisma_code = "P1010"


class ProtectedDatabaseError(TrioSignoDBError):
    """A test run would destroy a database that was not made for tests; nothing was done."""


class PoolTimeoutError(TrioSignoDBError):
    """No pooled connection became available within the time limit."""

    prisma_code = "P2024"

    def __init__(self, pool_size: int, waited: float) -> None:
        super().__init__(pool_size, waited)
        self.pool_size = pool_size
        self.waited = waited

    def __str__(self) -> str:
        return (
            f"All {self.pool_size} pooled connections were in use for {self.waited:g} s: "
            "increase connection_limit, or shorten connection() and transaction() blocks."
        )


class QueryTimeoutError(TrioSignoDBError):
    """A statement, its wait for a lock, or an idle transaction exceeded its time limit."""

    prisma_code = "P1008"


class NotFoundError(TrioSignoDBError):
    """A row that the call refers to does not exist.

    Args:
        entity: The model's name, such as `"Sign"`.
        key: The value that was looked up; `None` if the server does not report it.
    """

    prisma_code = "P2025"

    def __init__(self, entity: str, key: object = None) -> None:
        super().__init__(entity, key)
        self.entity = entity
        self.key = key

    def __str__(self) -> str:
        return f"There is no {self.entity}" + (f" {self.key!s}." if self.key is not None else ".")


class AlreadyExistsError(TrioSignoDBError):
    """A value that must be unique already exists.

    Args:
        entity: The model's name, such as `"User"`.
        field: The attribute, such as `"email"`; several are separated by `", "`.
        value: The value, if it is known and not secret.
    """

    prisma_code = "P2002"

    def __init__(self, entity: str, field: str, value: object = None) -> None:
        super().__init__(entity, field, value)
        self.entity = entity
        self.field = field
        self.value = value

    def __str__(self) -> str:
        shown = f" {self.value!r}" if self.value is not None else ""
        return f"A {self.entity} with this {self.field} already exists{shown and ':' + shown}."


class FieldError(NamedTuple):
    """An invalid field of an input, and the reason."""

    field: str
    why: str


class InvalidInputError(TrioSignoDBError):
    """An argument cannot be stored, or a model says what cannot be made; nothing was written.

    Args:
        field: The invalid argument or attribute; of a model, its name and the field or option.
        why: The reason, without the value.
        others: The other invalid fields of the same input.
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
    """Other rows or objects still refer to what should be deleted or dropped.

    Args:
        why: What refers to it.
        uses: The number of rows of each entity that refer to it, if they were counted.
    """

    prisma_code = "P2003"

    def __init__(self, why: str, uses: Mapping[str, int] | None = None) -> None:
        super().__init__(why, dict(uses or {}))
        self.why = why
        self.uses: dict[str, int] = dict(uses or {})

    def __str__(self) -> str:
        return self.why


class InvalidCredentialsError(TrioSignoDBError):
    """No account has this login and password; the error does not say which of them is wrong."""

    def __init__(self, why: str = "The login or the password is wrong.") -> None:
        super().__init__(why)


class AccountInactiveError(TrioSignoDBError):
    """The login and the password are correct, but the account is deactivated.

    Args:
        user_id: The account.
    """

    def __init__(self, user_id: str) -> None:
        super().__init__(user_id)
        self.user_id = user_id

    def __str__(self) -> str:
        return f"The account {self.user_id} is deactivated."


class ConflictError(TrioSignoDBError):
    """The call conflicts with a concurrent one, or the current state does not allow it."""

    prisma_code = "P2034"


class SchemaMismatchError(TrioSignoDBError):
    """The tables, functions, encoding or `schema.prisma` differ from those of the library.

    Args:
        why: What was found.
        differences: One line for each difference; empty if they are not known.
    """

    prisma_code = "P2021"

    def __init__(self, why: str, differences: Sequence[str] = ()) -> None:
        super().__init__(why, tuple(differences))
        self.why = why
        self.differences: tuple[str, ...] = tuple(differences)

    def __str__(self) -> str:
        return "\n  - ".join((self.why, *self.differences))


class UnreadableRowError(SchemaMismatchError):
    """A row holds a value that the library can't read, such as the timestamp `infinity`.

    Args:
        entity: The model's name, such as `"User"`.
        column: The column that holds the value.
        key: The row's id, or what it was found by if its id was not read.
        reason: Why it can't be read.
        is_stored: For a write whose result can't be read: whether it is stored; `False` while its
            transaction is open. `None` for a call that only reads.
    """

    prisma_code = "P2023"

    def __init__(
        self,
        entity: str,
        column: str,
        key: object,
        reason: str,
        is_stored: bool | None = None,
    ) -> None:
        super().__init__(f"{entity} {key or ''}".rstrip() + f" can't be read: {column}: {reason}")
        self.args = (entity, column, key, reason, is_stored)
        self.entity = entity
        self.column = column
        self.key = key
        self.reason = reason
        self.is_stored = is_stored

    def after_write(self, *, is_stored: bool) -> "UnreadableRowError":
        """Say what became of the write whose result can't be read.

        Args:
            is_stored: Whether it is stored.

        Returns:
            A new exception for the same row.
        """
        return UnreadableRowError(self.entity, self.column, self.key, self.reason, is_stored)

    def __str__(self) -> str:
        outcomes = {
            None: "",
            True: " The write is stored: do not repeat it.",
            False: " The write is not stored: its transaction was not committed.",
        }
        return f"{self.why}.{outcomes[self.is_stored]}"


class MigrationError(TrioSignoDBError):
    """A history of migrations, or its database, is in an invalid state."""


class MigrationFailedError(MigrationError):
    """A statement of a migration failed.

    Args:
        name: The migration.
        number: The statement's position in its script, from 1.
        line: The line on which the statement starts, from 1.
        why: PostgreSQL's message.
        rolled_back: Whether the migration was rolled back.
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
            "The migration was rolled back: fix the file and deploy again."
            if self.rolled_back
            else "The earlier statements are applied: fix the database, then resolve the migration."
        )
        why = self.why.rstrip()
        # The text of a statement ends what it is in; a sentence needs a full stop.
        end = "\n" if "\n" in why else " " if why.endswith(".") else ". "
        return f"{self.name}, statement {self.number}, line {self.line}: {why}{end}{outcome}"


class MigrationLockedError(MigrationError):
    """Another process held the migration lock for too long."""

    prisma_code = "P1002"


class MigrationBlockedError(MigrationError):
    """Rows or other objects of the database prevent a migration; nothing was done.

    Args:
        blockers: What prevents it, each with the number of rows and the statement that finds them.
        outcome: A sentence that says that nothing was done.
    """

    def __init__(self, blockers: Sequence[str], outcome: str) -> None:
        super().__init__(blockers, outcome)
        self.blockers = tuple(blockers)
        self.outcome = outcome

    def __str__(self) -> str:
        return "\n".join((f"The migration would fail. {self.outcome}", *self.blockers))


class DataLossError(MigrationError):
    """A migration would lose data, and this was not accepted."""
