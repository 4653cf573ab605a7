"""The library without limits, and a row that somebody else holds."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest

import triosigno_db


@pytest.fixture
def database(url: str) -> str:
    """The library, connected without limits: whatever waits for a lock waits until it is ended."""
    triosigno_db.connect(url, password_cost=4, lock_timeout=0, statement_timeout=0)
    return url


@pytest.fixture
def lock_user(database: str) -> Callable[..., Any]:
    """Hold the row of a user in another session, so that whoever writes it waits."""

    @contextmanager
    def lock(user_id: str) -> Iterator[None]:
        with closing(psycopg2.connect(database)) as connection:
            connection.cursor().execute('SELECT 1 FROM "User" WHERE id = %s FOR UPDATE', (user_id,))
            yield

    return lock
