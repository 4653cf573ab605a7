"""Blocks: a connection for several calls, a transaction, reads from the replica."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar

from triosigno_db.arguments import check_integer
from triosigno_db.database.execution import translated
from triosigno_db.database.lifecycle import current_database, current_router
from triosigno_db.database.peewee_database import Database
from triosigno_db.database.read_only import is_read_only, read_only
from triosigno_db.database.retries import transaction_tries
from triosigno_db.errors import ConflictError, InvalidInputError, NotConnectedError

Isolation = Literal["read committed", "repeatable read", "serializable"]

_ISOLATIONS = ("read committed", "repeatable read", "serializable")

ResultT = TypeVar("ResultT")


@contextmanager
def connection() -> Iterator[None]:
    """Hold one pooled connection for several calls, as a web request does.

    Calls of this thread inside the block share the connection; blocks may nest. Without a block
    each call checks a connection out and in again.

    Yields:
        Nothing.

    Raises:
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached.
    """
    with current_router().checked_out():
        yield


@contextmanager
def reading_from_replica() -> Iterator[None]:
    """Read from the replica inside the block, and write nothing.

    What this thread reads inside the block comes from the replica that `connect()` was given. A
    replica that is down, or further behind than `replica_max_lag`, is skipped: then, and where
    there is no replica, the database itself serves. What was written just before may not be there
    yet. A `transaction()` inside the block only reads as well; a serializable one runs on the
    database itself, as standbys do not support it. Blocks may nest.

    Yields:
        Nothing.

    Raises:
        NotConnectedError: `connect()` was not called.
        ConflictError: This thread is inside a `transaction()` block, which reads what it wrote.
        ReadOnlyError: Raised by what writes inside the block; nothing was applied.
    """
    if not is_read_only() and current_database().in_transaction():
        raise ConflictError(
            "A transaction() has begun on the database itself: enter reading_from_replica() before."
        )
    with read_only():
        yield


@contextmanager
def transaction(isolation: Isolation | None = None) -> Iterator[None]:
    """Run everything that this thread calls inside the block in one transaction.

    It is committed at the block's end, or rolled back where an exception leaves the block. A block
    inside another is a savepoint: an exception caught around it leaves the outer one intact.

    Args:
        isolation: `"read committed"`, `"repeatable read"` or `"serializable"`; the server's default
            where it is missing. The outermost block alone may choose it.

    Yields:
        Nothing.

    Raises:
        InvalidInputError: There is no such isolation, or an outer transaction has begun already.
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached, or was lost before the commit;
            nothing was applied.
        OutcomeUnknownError: The answer to the commit was lost: everything was applied, or nothing.
        ConflictError: A concurrent transaction made this one fail at its commit; run it again.
    """
    if isolation is not None and isolation not in _ISOLATIONS:
        raise InvalidInputError("isolation", f"must be one of {', '.join(_ISOLATIONS)}")
    with _checked_out(isolation) as database:
        if not database.in_transaction():
            scope = database.transaction(isolation and isolation.upper())
        elif isolation is None:
            scope = database.savepoint()
        else:
            raise InvalidInputError(
                "isolation", "can be chosen by the outermost transaction() only"
            )
        owner = os.getpid()
        with translated():
            scope.__enter__()
        try:
            yield
        except BaseException as exc:
            if os.getpid() == owner:
                with translated():
                    scope.__exit__(type(exc), exc, exc.__traceback__)
            raise
        if os.getpid() != owner:
            raise NotConnectedError(
                "The process was forked inside a transaction, which stays its parent's."
            )
        with translated():
            scope.__exit__(None, None, None)


def run_in_transaction(
    function: Callable[[], ResultT], *, isolation: Isolation | None = None, tries: int = 5
) -> ResultT:
    """Call a function in a transaction, again where the server undid it for a concurrent one.

    A deadlock and a serialization failure are known to have left nothing behind: the whole function
    is called again with backoff. Whatever else fails is raised, a connection that was lost too,
    as its outcome can't be known. Inside another `transaction()` the function is called once, in a
    savepoint: what began outside of it can't be run again here.

    Args:
        function: What to call; as it may be called several times, it should do nothing that the
            transaction can't undo.
        isolation: As for `transaction()`.
        tries: How often it is called at most, 1 to 100.

    Returns:
        What the function returned, once that is committed.

    Raises:
        ConflictError: The last try met a deadlock or a serialization failure as well.
        InvalidInputError: `tries` is out of bounds, or `isolation` is not available.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    check_integer("tries", tries, minimum=1, maximum=100)
    if current_database().in_transaction():
        tries = 1
    for each in transaction_tries(tries):
        with each, transaction(isolation):
            return function()
        time.sleep(each.backoff)
    raise AssertionError  # the last try returns or raises


@contextmanager
def _checked_out(isolation: Isolation | None) -> Iterator[Database]:
    router = current_router()
    is_new = not router.route().in_transaction()
    if is_new and isolation == "serializable":
        # Standbys do not support it.
        with router.primary.session.checked_out():
            yield router.primary
    else:
        with router.checked_out() as database:
            yield database
