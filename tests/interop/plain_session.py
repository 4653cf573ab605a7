"""One connection for several statements of plain SQL."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2


@contextmanager
def plain_session(url: str) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Run statements on one connection, outside of a transaction but for what they begin."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:

            def run(statement: str) -> list[tuple[Any, ...]]:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

            yield run
