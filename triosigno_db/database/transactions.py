"""Context managers: a connection for several calls, a transaction, reads from the replica."""

import time
from collections.abc import Callable, Iterator
from typing import Literal, TypeVar

import peewee
import psycopg2

from triosigno_db.arguments import check_integer
from triosigno_db.database.atomic import CompleteSavepoint, CompleteTransaction, run_scope
from triosigno_db.database.blocks import block
from triosigno_db.database.execution import translated
from triosigno_db.database.lifecycle import current_database, current_router
from triosigno_db.database.peewee_database import Database
from triosigno_db.database.read_only import is_read_only, read_only
from triosigno_db.database.retries import transaction_tries
from triosigno_db.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidInputError,
)

Isolation = Literal["read committed", "repeatable read", "serializable"]

_ISOLATIONS = ("read committed", "repeatable read", "serializable")

ResultT = TypeVar("ResultT")


@block
def connection() -> Iterator[None]:
    """Hold one pooled connection for several calls, as a web request does.

    All calls of this thread inside the block share the connection; blocks may nest. Without a
    block each call checks a connection out and in.

    Yields:
        Nothing.

    Raises:
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached.
    """
    yield from current_router().available().session.holding()


@block
def reading_from_replica() -> Iterator[None]:
    """Read from the replica inside the block; writes are refused.

    All reads of this thread inside the block use the replica that `connect()` was given. If the
    replica is down or its lag exceeds `replica_max_lag`, it is skipped: then, and if there is no
    replica, the primary is used. The replica may not have the latest writes yet. A `transaction()`
    inside the block is read-only as well; a serializable one runs on the primary, because standbys
    do not support it. Blocks may nest.

    Yields:
        Nothing.

    Raises:
        NotConnectedError: `connect()` was not called.
        ConflictError: This thread is inside a `transaction()` block, which runs on the primary.
        ReadOnlyError: A call inside the block writes; nothing was applied.
    """
    if not is_read_only() and current_database().in_transaction():
        raise ConflictError(
            "A transaction() is open on the primary: enter reading_from_replica() before it."
        )
    with read_only():
        yield


@block
def transaction(isolation: Isolation | None = None) -> Iterator[None]:
    """Run all calls of this thread inside the block in one transaction.

    The transaction is committed at the end of the block, or rolled back if an exception leaves it.
    A nested block is a savepoint: if you catch its exception, the outer transaction continues.

    Args:
        isolation: `"read committed"`, `"repeatable read"` or `"serializable"`; by default that of
            the server. Only the outermost block may set it.

    Yields:
        Nothing.

    Raises:
        InvalidInputError: The isolation level does not exist, or the block is nested and sets one.
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached, or the connection was lost before the
            commit; nothing was applied.
        OutcomeUnknownError: The answer to the commit was lost; everything was applied or nothing.
        ConflictError: The commit failed because of a concurrent transaction; run this one again.
    """
    if isolation is not None and isolation not in _ISOLATIONS:
        raise InvalidInputError("isolation", f"must be one of {', '.join(_ISOLATIONS)}")
    database = _database_for(isolation)
    yield from database.session.holding(lambda: _in_transaction(database, isolation))


def run_in_transaction(
    function: Callable[[], ResultT], *, isolation: Isolation | None = None, tries: int = 5
) -> ResultT:
    """Call a function in a transaction, and retry after a deadlock or a serialization failure.

    After these two errors nothing was applied, so the function is called again, with backoff. All
    other errors are raised, including a lost connection, because its outcome is unknown. Inside
    another `transaction()` the function is called once, in a savepoint: the outer transaction can't
    be repeated from here.

    Args:
        function: The function to call; it may be called several times, so it should have no side
            effects outside the transaction.
        isolation: As for `transaction()`.
        tries: The maximum number of calls, 1 to 100.

    Returns:
        The result of the function, after the commit.

    Raises:
        ConflictError: The last try failed with a deadlock or a serialization failure as well.
        InvalidInputError: `tries` is out of bounds, or `isolation` is invalid or can't be set here.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    check_integer("tries", tries, minimum=1, maximum=100)
    if current_database().in_transaction():
        tries = 1
    for each in transaction_tries(tries):
        with each, transaction(isolation):
            return function()
        time.sleep(each.backoff)
    raise AssertionError  # the last try returns or raises


def _database_for(isolation: Isolation | None) -> Database:
    router = current_router()
    # Standbys do not support this level.
    if isolation == "serializable" and not router.route().in_transaction():
        return router.primary
    return router.available()


def _in_transaction(database: Database, isolation: Isolation | None) -> Iterator[None]:
    """Begin and end a transaction or a savepoint; only errors of these two are translated."""
    scope: CompleteTransaction | CompleteSavepoint
    if not database.in_transaction():
        scope = CompleteTransaction(database, isolation and isolation.upper())
    elif isolation is None:
        scope = CompleteSavepoint(database)
    else:
        raise InvalidInputError("isolation", "can only be set by the outermost transaction()")
    try:
        try:
            yield from run_scope(database, scope)
        except (psycopg2.Error, peewee.PeeweeException) as exc:
            if exc is scope.error_of_block:
                raise
            with translated():
                raise
    except DatabaseUnavailableError as exc:
        if exc is scope.error_of_block or not database.executor.was_idle_for_too_long():
            raise
        raise database.executor.idle_transaction_ended() from exc
