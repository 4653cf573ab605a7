"""Every exception the library raises.

    TrioSignoDBError
    ├── NotConnectedError          connect() was not called
    ├── DatabaseUnavailableError   the server can't be reached or was lost; nothing was applied
    ├── OutcomeUnknownError        the answer to a write or a commit was lost
    ├── PermissionDeniedError      the connected role lacks a right; nothing was applied
    ├── ReadOnlyError              a write where only reads are taken; nothing was applied
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

from collections.abc import Mapping, Sequence
from typing import NamedTuple


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
    """The server can't be reached, refuses the login, or was lost; nothing was applied."""

    prisma_code = "P1001"


class OutcomeUnknownError(TrioSignoDBError):
    """The answer to a write or a commit was lost: it was applied once, or not at all.

    What may be repeated all the same: whatever sets values instead of counting, `record_attempt`
    with its `idempotency_key`, `complete_session`. For the rest, read first what is there.
    """

    prisma_code = "P1017"


class ReadOnlyError(TrioSignoDBError):
    """A write where only reads are taken: at a replica, or a server that is set to read-only.

    Nothing was applied.
    """


class PermissionDeniedError(TrioSignoDBError):
    """The role that the service connects as lacks the right to do this; nothing was applied."""

    prisma_code = "P1010"


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
