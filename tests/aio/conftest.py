"""The library without limits, and a row that somebody else holds."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.testing import IsolatedDatabase


@pytest.fixture
def triosigno_db(triosigno_db: IsolatedDatabase) -> IsolatedDatabase:
    """The library, connected without limits: whatever waits for a lock waits until it is ended."""
    db.connect(triosigno_db.url, lock_timeout=0, statement_timeout=0)
    return triosigno_db


@pytest.fixture
def lock_user(triosigno_db: IsolatedDatabase) -> Callable[..., Any]:
    """Hold the row of a user in another session, so that whoever writes it waits."""

    @contextmanager
    def lock(user_id: str) -> Iterator[None]:
        with closing(psycopg2.connect(triosigno_db.url)) as connection:
            connection.cursor().execute('SELECT 1 FROM "User" WHERE id = %s FOR UPDATE', (user_id,))
            yield

    return lock
