"""Locks and snapshots of the functions that send several statements.

A statement sees what was committed before it began, not what was committed while it waited for a
lock. So a function that decides by what it reads locks first, and reads in its next statement. This
works in READ COMMITTED only: at a higher level all statements share the snapshot of the first.
https://www.postgresql.org/docs/current/transaction-iso.html
"""

from collections.abc import Callable
from typing import Any, TypeVar

from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.quoting import identifier
from triosigno_db.database.read_only import refuse_write
from triosigno_db.database.transactions import run_in_transaction
from triosigno_db.errors import ConflictError

ResultT = TypeVar("ResultT")


def run_with_locks(function: Callable[[], ResultT]) -> ResultT:
    """Call a function that locks rows before it reads, in a READ COMMITTED transaction.

    Inside a transaction of the caller, that one's isolation applies. At a higher level a lock on
    a row that was changed since the snapshot fails: lock by an update, so that the next caller
    notices.

    Args:
        function: The function to call; it is called again after a deadlock.

    Returns:
        The result of the function.

    Raises:
        ConflictError: A deadlock or a serialization failure; run the caller's transaction again.
    """
    is_nested = current_database().in_transaction()
    return run_in_transaction(function, isolation=None if is_nested else "read committed")


def lock_tables(mode: str, *models: Any) -> None:
    """Lock tables until the end of the transaction.

    Args:
        mode: The mode of the lock; `SHARE UPDATE EXCLUSIVE` conflicts with itself, but not with
            reads and writes.
        *models: The models of the tables, in the sequence in which all callers lock them.

    Raises:
        QueryTimeoutError: Another transaction held a lock for longer than the lock timeout.
        ReadOnlyError: This thread only reads.
    """
    refuse_write("LOCK TABLE")
    schema = identifier(current_database().settings.schema_name)
    tables = ", ".join(f"{schema}.{identifier(model._meta.table_name)}" for model in models)
    run_sql(f"LOCK TABLE {tables} IN {mode} MODE")


def run_in_snapshot(function: Callable[[], ResultT]) -> ResultT:
    """Call a function whose statements must all see the same state, in one snapshot.

    Args:
        function: The function to call; it only reads.

    Returns:
        The result of the function.

    Raises:
        ConflictError: The caller's transaction is READ COMMITTED, so that its statements see
            different states.
    """
    if not current_database().in_transaction():
        return run_in_transaction(function, isolation="repeatable read")
    if _isolation() == "read committed":
        raise ConflictError(
            "This call reads with several statements, which see different states inside a read "
            'committed transaction: use transaction("repeatable read"), or call it outside.'
        )
    return function()


def refuse_snapshot() -> None:
    """Refuse a transaction whose snapshot may be older than the locks that it takes.

    Raises:
        ConflictError: The transaction is not READ COMMITTED.
    """
    if (found := _isolation()) != "read committed":
        raise ConflictError(
            f"This call must see what is stored now, but the transaction is {found}: call it in a "
            "read committed transaction(), or outside."
        )


def _isolation() -> str:
    ((found,),) = run_sql("SHOW transaction_isolation")
    return str(found)
