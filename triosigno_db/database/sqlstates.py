"""The one place where the driver's errors become the library's: the SQLSTATE decides."""

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
"""A bcrypt hash, whole or cut off."""

_MAX_SHOWN = 1000
"""How many characters of a message are shown: it may quote a value of any length."""


class _Failure(NamedTuple):
    """A driver's error with all that is known of the call that met it."""

    cause: psycopg2.Error
    constraints: Mapping[str, tuple[str, str]]
    parameters: Mapping[str, object]

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
    if failure.target is None:
        return ConflictError(failure.message).with_prisma_code("P2003")
    entity, field = failure.target
    return NotFoundError(entity, failure.parameters.get(field)).with_prisma_code("P2003")


def _invalid(code: str) -> Callable[[_Failure], TrioSignoDBError]:
    def build(failure: _Failure) -> TrioSignoDBError:
        column = failure.cause.diag.column_name
        field = to_snake(column) if column else failure.target and failure.target[1]
        return InvalidInputError(field or "input", failure.message).with_prisma_code(code)

    return build


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
    # The detail names the dependent objects, no values.
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

_BY_SQLSTATE: dict[str, Callable[[_Failure], TrioSignoDBError]] = {
    # A whole code is looked up first, then its first three characters, then its class.
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    errorcodes.FEATURE_NOT_SUPPORTED: _not_supported,
    errorcodes.CLASS_CONNECTION_EXCEPTION: _plain(DatabaseUnavailableError, "P1017"),
    errorcodes.CLASS_DATA_EXCEPTION: _invalid("P2007"),
    errorcodes.STRING_DATA_RIGHT_TRUNCATION: _invalid("P2000"),
    errorcodes.NUMERIC_VALUE_OUT_OF_RANGE: _invalid("P2020"),
    errorcodes.RESTRICT_VIOLATION: _plain(InUseError),
    errorcodes.NOT_NULL_VIOLATION: _invalid("P2011"),
    errorcodes.FOREIGN_KEY_VIOLATION: _reference_broken,
    errorcodes.UNIQUE_VIOLATION: _already_exists,
    errorcodes.CHECK_VIOLATION: _invalid("P2004"),
    errorcodes.READ_ONLY_SQL_TRANSACTION: _plain(ReadOnlyError),
    errorcodes.IN_FAILED_SQL_TRANSACTION: _plain(
        ConflictError,
        "P2028",
        "An earlier statement of this transaction failed: put what may fail into a nested "
        "transaction() to go on after it",
    ),
    errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT: _plain(QueryTimeoutError, "P2028"),
    errorcodes.CLASS_INVALID_AUTHORIZATION_SPECIFICATION: _plain(DatabaseUnavailableError, "P1000"),
    errorcodes.DEPENDENT_OBJECTS_STILL_EXIST: _still_needed,
    errorcodes.INVALID_CATALOG_NAME: _plain(DatabaseUnavailableError, "P1003"),
    errorcodes.INVALID_SCHEMA_NAME: _plain(SchemaMismatchError),
    errorcodes.SERIALIZATION_FAILURE: _plain(ConflictError),
    errorcodes.DEADLOCK_DETECTED: _plain(ConflictError),
    errorcodes.INSUFFICIENT_PRIVILEGE: _plain(PermissionDeniedError),
    errorcodes.UNDEFINED_COLUMN: _plain(SchemaMismatchError, "P2022"),
    errorcodes.DATATYPE_MISMATCH: _invalid("P2007"),
    errorcodes.UNDEFINED_OBJECT: _plain(SchemaMismatchError),
    errorcodes.DUPLICATE_OBJECT: _plain(SchemaMismatchError),
    errorcodes.DUPLICATE_TABLE: _plain(SchemaMismatchError),
    errorcodes.UNDEFINED_TABLE: _plain(
        SchemaMismatchError, None, "create_schema() or the migrations make the tables"
    ),
    errorcodes.CLASS_INSUFFICIENT_RESOURCES: _plain(DatabaseUnavailableError, "P2037"),
    errorcodes.LOCK_NOT_AVAILABLE: _plain(
        QueryTimeoutError, None, "Another transaction holds the lock"
    ),
    errorcodes.QUERY_CANCELED: _plain(QueryTimeoutError),
    _SERVER_SHUTDOWN: _plain(DatabaseUnavailableError, "P1017"),
    errorcodes.CLASS_SYSTEM_ERROR: _plain(DatabaseUnavailableError, "P1017"),
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
    message = _HASH.sub("***", str(cause.diag.message_primary or cause)).strip()
    return message if len(message) <= _MAX_SHOWN else f"{message[:_MAX_SHOWN]}…"


def redact(cause: psycopg2.Error) -> None:
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
    return code.startswith(_CONNECTION_LOST)


def is_outcome_known(cause: psycopg2.Error) -> bool:
    """Tell whether an error of a statement, or of a COMMIT, proves that nothing was applied.

    A server that answers with an error has undone the transaction. What says nothing is an answer
    that did not come; a panic, after which the commit may be found in the log and applied; a crash
    of the server's other processes, which ends this one at any point; and a pooler's word that it
    has lost the server.
    https://www.postgresql.org/docs/current/errcodes-appendix.html

    Args:
        cause: The driver's error.

    Returns:
        `True` where nothing was applied, `False` where that is not known.
    """
    code = cause.pgcode
    if code is None or code.startswith(_OUTCOME_UNKNOWN):
        return not is_connection_lost(cause)
    return cause.diag.severity_nonlocalized != "PANIC"


def is_plan_stale(cause: psycopg2.Error) -> bool:
    """Tell whether a prepared statement no longer fits its tables, or was deallocated.

    The first has the code of whatever PostgreSQL can't do; the function that found it tells more.

    Args:
        cause: The driver's error.

    Returns:
        `True` for both: prepared anew, the statement may succeed.
    """
    if cause.pgcode == errorcodes.FEATURE_NOT_SUPPORTED:
        return cause.diag.source_function == "RevalidateCachedQuery"
    return cause.pgcode == errorcodes.INVALID_SQL_STATEMENT_NAME


def is_serialization_failure(cause: BaseException | None) -> bool:
    """Tell whether the server undid a transaction for the sake of a concurrent one.

    Args:
        cause: The driver's error.

    Returns:
        `True` for a deadlock and for a serialization failure: run again, it may succeed.
    """
    return isinstance(cause, psycopg2.Error) and cause.pgcode in _SERIALIZATION_FAILURES


def is_refused_write(cause: BaseException) -> bool:
    """Tell whether a server that takes no writes has refused one.

    Args:
        cause: The driver's error.

    Returns:
        `True` for a write on a standby, or on a server or a transaction that is read-only.
    """
    return (
        isinstance(cause, psycopg2.Error) and cause.pgcode == errorcodes.READ_ONLY_SQL_TRANSACTION
    )


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
    constraints: Mapping[str, tuple[str, str]],
    parameters: Mapping[str, object],
) -> TrioSignoDBError:
    """Turn a driver's error into the library's; the SQLSTATE decides.

    Args:
        cause: The driver's error; its details are hidden from here on.
        constraints: The entity and the attribute that each constraint of the schema speaks about,
            by the constraint's name.
        parameters: What the statement was given, to name the key that was not found.

    Returns:
        The exception to raise `from` the cause.
    """
    redact(cause)
    failure = _Failure(cause, constraints, parameters)
    code = cause.pgcode
    if code is None:
        if is_connection_lost(cause):
            return DatabaseUnavailableError(failure.message).with_prisma_code("P1017")
        if isinstance(cause, psycopg2.ProgrammingError):
            # The driver's own refusal: a value of a type that it can't send.
            return InvalidInputError("input", failure.message)
        return TrioSignoDBError(failure.message)
    for prefix in (code, code[:3], code[:2]):
        if prefix in _BY_SQLSTATE:
            return _BY_SQLSTATE[prefix](failure)
    return TrioSignoDBError(f"{failure.message} (SQLSTATE {code})")
