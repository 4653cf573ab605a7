"""Counting statements: how many a piece of code sends, and which."""

from collections.abc import Iterator
from contextlib import contextmanager

from triosigno_db.database.events import StatementEvent, on_statement

_OF_TRANSACTIONS = frozenset(
    ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
)


class StatementCounter:
    """The statements that were sent while it counted.

    Attributes:
        names: The name of each statement of a function, the text of each of a model or in SQL, in
            the order in which they ended; BEGIN, COMMIT and savepoints are not among them.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def __len__(self) -> int:
        return len(self.names)

    def reset(self) -> None:
        """Forget what was counted, for instance what the test's own preparations sent."""
        self.names.clear()


@contextmanager
def counting_statements() -> Iterator[StatementCounter]:
    """Count the statements that all threads send inside the block, whatever they connect to.

    Yields:
        The counter; it may be read inside the block as well.
    """
    counter = StatementCounter()

    def count(event: StatementEvent) -> None:
        if event.name not in _OF_TRANSACTIONS:
            counter.names.append(event.name)

    stop = on_statement(count)
    try:
        yield counter
    finally:
        stop()
