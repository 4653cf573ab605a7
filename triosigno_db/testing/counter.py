"""A counter of the statements that a block of code sends."""

from collections.abc import Iterator
from contextlib import contextmanager

from triosigno_db.database.events import StatementEvent, on_statement

_TRANSACTION_CONTROL = frozenset(
    ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
)


class StatementCounter:
    """The statements that were sent while the counter was active.

    Attributes:
        names: The name of each statement of a function and the text of each other statement, in
            the order in which they ended, without BEGIN, COMMIT and savepoints.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def __len__(self) -> int:
        return len(self.names)

    def reset(self) -> None:
        """Reset the counter, for example after the setup of a test."""
        self.names.clear()


@contextmanager
def counting_statements() -> Iterator[StatementCounter]:
    """Count the statements that all threads send inside the block, to any database.

    Yields:
        The counter, which may also be read inside the block.
    """
    counter = StatementCounter()

    def count(event: StatementEvent) -> None:
        if event.name not in _TRANSACTION_CONTROL:
            counter.names.append(event.name)

    stop = on_statement(count)
    try:
        yield counter
    finally:
        stop()
