"""The statements of the library over psycopg_pool, the pool of psycopg 3."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import psycopg_pool

from tests.benchmarks.calls import Called, Rows
from triosigno_db.database.connector import connection_parameters
from triosigno_db.database.lifecycle import current_database


class PsycopgPool:
    """A pool of psycopg 3 with the limit of the library's; rows are received and thrown away.

    Args:
        pool: The pool.
    """

    def __init__(self, pool: psycopg_pool.ConnectionPool) -> None:
        self._pool = pool

    def call(self, called: Called, choice: Random, rows: Rows) -> None:
        """Run the statement of a function, prepared, with arguments drawn from the rows."""
        parameters = called.parameters(choice, rows)
        with self._pool.connection() as connection:
            connection.execute(called.compiled().sql, parameters, prepare=True)


@contextmanager
def open_pool() -> Iterator[PsycopgPool]:
    """Open a pool on the server that the library is connected to, as large as the library's."""
    settings = current_database().settings
    given = {**connection_parameters(settings), "autocommit": True}
    size = settings.connection_limit
    with psycopg_pool.ConnectionPool(kwargs=given, min_size=size, max_size=size) as pool:
        pool.wait()
        yield PsycopgPool(pool)
