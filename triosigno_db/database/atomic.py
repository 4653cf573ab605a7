"""Transactions and savepoints that are ended as a whole, whichever exception leaves them.

Peewee's own roll back after any `Exception`, also after one from outside that comes when the COMMIT
was sent already, and after no `BaseException`.
"""

import os
from collections.abc import Iterator
from typing import Any

import peewee
import psycopg2

from triosigno_db.errors import NotConnectedError, TrioSignoDBError
from triosigno_db.models.peewee_internals import Savepoint, Transaction

FAILURES = (peewee.PeeweeException, psycopg2.Error, TrioSignoDBError)
"""The errors that the library, Peewee or the driver raises: what was sent before them is known."""


class CompleteTransaction(Transaction):
    """A transaction that rolls back only if its COMMIT has failed.

    Attributes:
        error_of_block: The exception that left its block, if any.
    """

    error_of_block: BaseException | None = None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit, or roll back after an exception."""
        depth = self.db.transaction_depth()
        self.db.pop_transaction()
        if depth == 1:
            _end(self, kind)


class CompleteSavepoint(Savepoint):
    """A savepoint that preserves the original error if the connection is lost as well.

    Attributes:
        error_of_block: The exception that left its block, if any.
    """

    error_of_block: BaseException | None = None

    def rollback(self, begin: bool = True) -> None:
        """Roll back to the savepoint; if the connection is lost, the server has done so already.

        Args:
            begin: Whether to begin the savepoint again.
        """
        with self.db.session.ignoring_loss():
            super().rollback(begin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Release the savepoint, or roll back to it after an exception."""
        _end(self, kind)


def _end(scope: Any, kind: type[BaseException] | None) -> None:
    if kind is not None:
        scope.rollback(False)
        return
    try:
        scope.commit(False)
    except FAILURES:
        scope.rollback(False)
        raise


def run_scope(database: Any, scope: Any, value: Any = None) -> Iterator[Any]:
    """Enter a transaction or a savepoint, yield once, and leave it.

    If an exception from outside comes while it is begun or ended, its state is unknown. Then the
    connection is closed: the server rolls back, and an enclosing transaction fails.

    Args:
        database: The database.
        scope: The transaction or the savepoint.
        value: What to yield.

    Yields:
        The value.

    Raises:
        NotConnectedError: The process was forked inside the block.
    """
    owner, depth = os.getpid(), database.transaction_depth()
    is_ended = False
    try:
        scope.__enter__()
        try:
            yield value
        except BaseException as exc:
            scope.error_of_block = exc
            if os.getpid() == owner:
                scope.__exit__(type(exc), exc, exc.__traceback__)
            is_ended = True
            raise
        if os.getpid() != owner:
            raise NotConnectedError(
                "The process was forked inside a transaction, which belongs to its parent."
            )
        scope.__exit__(None, None, None)
        is_ended = True
    except FAILURES:
        is_ended = True
        raise
    finally:
        if not is_ended and os.getpid() == owner:
            database.abort(depth)
