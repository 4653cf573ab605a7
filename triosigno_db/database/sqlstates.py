"""Translate driver errors to errors of the library, by SQLSTATE."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import psycopg2
from psycopg2 import errorcodes
from pydantic.alias_generators import to_snake

from triosigno_db.errors import (
    AlreadyExistsError,
    ConflictError,
    DatabaseUnavailableError,
    InUseError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    QueryTimeoutError,
    ReadOnlyError,
    SchemaMismatchError,
    TrioSignoDBError,
)

_HASH = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{1,53}")
"""A bcrypt hash, complete or truncated."""

_MAX_SHOWN = 1000
"""The maximum length of a message, which may quote a value of any length."""


class _Failure(NamedTuple):
    """A driver error, with the constraints of the schema and what is known of the call."""

    cause: psycopg2.Error
    constraints: Mapping[str, tuple[str, str]]
    parameters: Mapping[str, object]
    deletes: bool

    @property
    def target(self) -> tuple[str, str] | None:
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
    if failure.deletes:
        return _still_referenced(failure)
    if failure.target is None:
        return ConflictError(failure.message).with_prisma_code("P2003")
    entity, field = failure.target
    return NotFoundError(entity, failure.parameters.get(field)).with_prisma_code("P2003")


def _still_referenced(failure: _Failure) -> TrioSignoDBError:
    table = failure.cause.diag.table_name
    if failure.target is None or table is None:
        return InUseError(failure.message)
    entity = failure.target[0]
    return InUseError(f"{entity} is still in use by rows of {table}.")


def _invalid(code: str) -> Callable[[_Failure], TrioSignoDBError]:
    def build(failure: _Failure) -> TrioSignoDBError:
        column = failure.cause.diag.column_name
        field = to_snake(column) if column else failure.target and failure.target[1]
        return InvalidInputError(field or "input", failure.message).with_prisma_code(code)

    return build


def _required(failure: _Failure) -> TrioSignoDBError:
    diagnostics = failure.cause.diag
    column = f"{diagnostics.table_name}.{diagnostics.column_name}"
    if diagnostics.table_name is None or column in failure.constraints:
        return _invalid("P2011")(failure)
    return SchemaMismatchError(
        f"{failure.message}. The library does not know this column: give it a default"
    ).with_prisma_code("P2011")


def _plain(
    kind: type[TrioSignoDBError], code: str | None = None, advice: str = ""
) -> Callable[[_Failure], TrioSignoDBError]:
    def build(failure: _Failure) -> TrioSignoDBError:
        error = kind(f"{failure.message}. {advice}" if advice else failure.message)
        return error.with_prisma_code(code) if code else error

    return build


def _not_supported(failure: _Failure) -> TrioSignoDBError:
    if is_plan_stale(failure.cause):
        return SchemaMismatchError(failure.message)
    return _invalid("P2007")(failure)


def _still_needed(failure: _Failure) -> TrioSignoDBError:
    # The detail names the dependent objects; it contains no values.
    return InUseError(f"{failure.message}:\n{failure.cause.diag.message_detail}")


_SERVER_SHUTDOWN = "57P"
"""How the codes begin of a server that shuts down, has crashed, or takes no connections yet."""

_CONNECTION_LOST = (
    errorcodes.CLASS_CONNECTION_EXCEPTION,
    errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    _SERVER_SHUTDOWN,
)
_OUTCOME_UNKNOWN = (errorcodes.CLASS_CONNECTION_EXCEPTION, errorcodes.CRASH_SHUTDOWN)
_SERIALIZATION_FAILURES = (errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED)

_NOT_MIGRATED = _plain(SchemaMismatchError, None, "Run the migrations or create_schema()")

_BY_SQLSTATE: dict[str, Callable[[_Failure], TrioSignoDBError]] = {
    # A complete code is looked up first, then its first three characters, then its class.
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    errorcodes.FEATURE_NOT_SUPPORTED: _not_supported,
    errorcodes.CLASS_CONNECTION_EXCEPTION: _plain(DatabaseUnavailableError, "P1017"),
    errorcodes.CLASS_DATA_EXCEPTION: _invalid("P2007"),
    errorcodes.STRING_DATA_RIGHT_TRUNCATION: _invalid("P2000"),
    errorcodes.NUMERIC_VALUE_OUT_OF_RANGE: _invalid("P2020"),
    errorcodes.RESTRICT_VIOLATION: _still_referenced,
    errorcodes.NOT_NULL_VIOLATION: _required,
    errorcodes.FOREIGN_KEY_VIOLATION: _reference_broken,
    errorcodes.UNIQUE_VIOLATION: _already_exists,
    errorcodes.CHECK_VIOLATION: _invalid("P2004"),
    errorcodes.READ_ONLY_SQL_TRANSACTION: _plain(ReadOnlyError),
    errorcodes.IN_FAILED_SQL_TRANSACTION: _plain(
        ConflictError,
        "P2028",
        "An earlier statement of this transaction failed: use a nested transaction() for "
        "statements that may fail",
    ),
    errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT: _plain(QueryTimeoutError, "P2028"),
    errorcodes.CLASS_INVALID_AUTHORIZATION_SPECIFICATION: _plain(DatabaseUnavailableError, "P1000"),
    errorcodes.DEPENDENT_OBJECTS_STILL_EXIST: _still_needed,
    errorcodes.INVALID_CATALOG_NAME: _plain(DatabaseUnavailableError, "P1003"),
    errorcodes.INVALID_SCHEMA_NAME: _NOT_MIGRATED,
    errorcodes.SERIALIZATION_FAILURE: _plain(ConflictError),
    errorcodes.DEADLOCK_DETECTED: _plain(ConflictError),
    errorcodes.INSUFFICIENT_PRIVILEGE: _plain(PermissionDeniedError),
    errorcodes.UNDEFINED_COLUMN: _plain(SchemaMismatchError, "P2022"),
    errorcodes.DATATYPE_MISMATCH: _invalid("P2007"),
    errorcodes.UNDEFINED_OBJECT: _plain(SchemaMismatchError),
    errorcodes.DUPLICATE_OBJECT: _plain(SchemaMismatchError),
    errorcodes.DUPLICATE_TABLE: _plain(SchemaMismatchError),
    errorcodes.UNDEFINED_FUNCTION: _NOT_MIGRATED,
    errorcodes.UNDEFINED_TABLE: _NOT_MIGRATED,
    errorcodes.CLASS_INSUFFICIENT_RESOURCES: _plain(DatabaseUnavailableError, "P2037"),
    errorcodes.LOCK_NOT_AVAILABLE: _plain(
        QueryTimeoutError, None, "Another transaction holds the lock"
    ),
    errorcodes.QUERY_CANCELED: _plain(QueryTimeoutError),
    _SERVER_SHUTDOWN: _plain(DatabaseUnavailableError, "P1017"),
    errorcodes.CLASS_SYSTEM_ERROR: _plain(DatabaseUnavailableError, "P1017"),
}


def primary_message(cause: psycopg2.Error) -> str:
    """Return the primary message of the server, without the details that quote rows and statements.

    A primary message may contain a value as well, for example from a trigger: password hashes in it
    are masked.

    Args:
        cause: The driver error.

    Returns:
        The message; for an error that is not from a server, the text of the driver.
    """
    message = _HASH.sub("***", str(cause.diag.message_primary or cause)).strip()
    return message if len(message) <= _MAX_SHOWN else f"{message[:_MAX_SHOWN]}…"


def redact(cause: psycopg2.Error) -> None:
    """Reduce a driver error to its primary message.

    The DETAIL field of PostgreSQL may quote a complete row, and LINE the statement with its values.
    Both could expose a password hash in a traceback.

    Args:
        cause: The driver error; it is changed in place.
    """
    cause.args = (primary_message(cause),)


def without_values(cause: psycopg2.Error) -> psycopg2.Error:
    """Copy a driver error without what may hold values of the statement.

    These are its cursor, whose `query` is the complete statement, its `diag` and its traceback.

    Args:
        cause: The driver error.

    Returns:
        An error of the same class, with the primary message and the SQLSTATE.
    """
    copy = type(cause)(primary_message(cause))
    copy.__setstate__({"pgcode": cause.pgcode})
    return copy


def detach_causes(error: TrioSignoDBError) -> None:
    """Replace the driver errors that caused an error by copies without values.

    Args:
        error: The error; it is changed in place.
    """
    for name in ("__cause__", "__context__"):
        cause = getattr(error, name)
        if isinstance(cause, psycopg2.Error):
            setattr(error, name, without_values(cause))
        elif isinstance(cause, TrioSignoDBError):
            detach_causes(cause)


def is_connection_lost(cause: psycopg2.Error) -> bool:
    """Return whether an error means that the connection was closed or lost.

    Args:
        cause: The driver error.

    Returns:
        `True` for connection failures, and if the server shuts down or crashed.
    """
    code = cause.pgcode
    if code is None:
        # Errors of libpq have no SQLSTATE, such as that of a closed connection.
        return isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError)
    return code.startswith(_CONNECTION_LOST)


def is_outcome_known(cause: psycopg2.Error) -> bool:
    """Return whether an error of a statement, or of a COMMIT, proves that nothing was applied.

    A server that returns an error has rolled the transaction back. The outcome is unknown if no
    answer came; after a PANIC, because recovery may find and apply the commit; after a crash of
    another server process, which ends this session at any point; and if a pooler reports that it
    has lost the server.
    https://www.postgresql.org/docs/current/errcodes-appendix.html

    Args:
        cause: The driver error.

    Returns:
        `True` if nothing was applied, `False` if that is unknown.
    """
    code = cause.pgcode
    if code is None or code.startswith(_OUTCOME_UNKNOWN):
        return not is_connection_lost(cause)
    return cause.diag.severity_nonlocalized != "PANIC"


def is_plan_stale(cause: psycopg2.Error) -> bool:
    """Return whether a prepared statement no longer matches its tables, or was deallocated.

    The SQLSTATE of the first case is shared by all unsupported features, so the name of the server
    function is checked as well.

    Args:
        cause: The driver error.

    Returns:
        `True` in both cases: prepared again, the statement may succeed.
    """
    if cause.pgcode == errorcodes.FEATURE_NOT_SUPPORTED:
        return cause.diag.source_function == "RevalidateCachedQuery"
    return cause.pgcode == errorcodes.INVALID_SQL_STATEMENT_NAME


def is_serialization_failure(cause: BaseException | None) -> bool:
    """Return whether the server rolled a transaction back because of a concurrent one.

    Args:
        cause: The driver error.

    Returns:
        `True` for a deadlock or a serialization failure: a retry may succeed.
    """
    return isinstance(cause, psycopg2.Error) and cause.pgcode in _SERIALIZATION_FAILURES


def is_refused_write(cause: BaseException) -> bool:
    """Return whether a read-only server has refused a write.

    Args:
        cause: The driver error.

    Returns:
        `True` for a write on a standby, or on a read-only server or transaction.
    """
    return (
        isinstance(cause, psycopg2.Error) and cause.pgcode == errorcodes.READ_ONLY_SQL_TRANSACTION
    )


def refused_by_driver(cause: ValueError, parameters: Mapping[str, object]) -> InvalidInputError:
    """Translate the refusal of the driver to send a text that PostgreSQL can't store.

    Args:
        cause: The driver error.
        parameters: The parameters of the statement, to find the invalid one.

    Returns:
        The exception to raise; not `from` the cause, whose repr contains the text.
    """
    for name, value in parameters.items():
        if isinstance(value, str) and ("\0" in value or any(map(_is_surrogate, value))):
            return InvalidInputError(name, "must be Unicode text without NUL")
    return InvalidInputError("input", type(cause).__name__)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def translate(
    cause: psycopg2.Error,
    constraints: Mapping[str, tuple[str, str]],
    parameters: Mapping[str, object],
    *,
    deletes: bool = False,
) -> TrioSignoDBError:
    """Translate a driver error to an error of the library, by SQLSTATE.

    Args:
        cause: The driver error; its details are removed.
        constraints: The entity and the attribute of each constraint of the schema, by the name of
            the constraint.
        parameters: The parameters of the statement, to name the key that was not found.
        deletes: Whether the statement deletes rows, so that others may still refer to them.

    Returns:
        The exception to raise `from` the cause.
    """
    redact(cause)
    failure = _Failure(cause, constraints, parameters, deletes)
    code = cause.pgcode
    if code is None:
        if is_connection_lost(cause):
            return DatabaseUnavailableError(failure.message).with_prisma_code("P1017")
        if isinstance(cause, psycopg2.ProgrammingError):
            # Raised by the driver itself for a value of a type that it can't adapt.
            return InvalidInputError("input", failure.message)
        return TrioSignoDBError(failure.message)
    for prefix in (code, code[:3], code[:2]):
        if prefix in _BY_SQLSTATE:
            return _BY_SQLSTATE[prefix](failure)
    return TrioSignoDBError(f"{failure.message} (SQLSTATE {code})")
