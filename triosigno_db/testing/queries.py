"""Counting statements: how many a piece of code sends, and which."""

from collections.abc import Iterator
from contextlib import contextmanager

from triosigno_db.database import current_database


class StatementCounter:
    """The statements that were sent while it counted.

    Attributes:
        names: The name of each statement of a function, the text of each of a model or in SQL, in
            the order in which they were sent; BEGIN, COMMIT and savepoints are not among them.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def __len__(self) -> int:
        return len(self.names)


@contextmanager
def counting_statements() -> Iterator[StatementCounter]:
    """Count the statements that all threads send to the connected database inside the block.

    Yields:
        The counter; it may be read inside the block as well.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    database = current_database()
    counter = StatementCounter()
    database.observers.append(counter.names.append)
    try:
        yield counter
    finally:
        database.observers.remove(counter.names.append)
