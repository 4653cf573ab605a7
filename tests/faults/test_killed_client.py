"""A client that is killed inside a transaction: nothing of it stays, nobody waits for it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import triosigno_db as db
from tests.faults.environment import wait_for
from tests.learning_rows import uncommitted
from tests.processes import Process
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_sign, make_user

BACKENDS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'triosigno_db'
"""


@contextmanager
def client_in_transaction(url: str, user_id: str, sign_id: str) -> Iterator[Process[str]]:
    """A client in a transaction that does not end; it is killed at the block's end."""
    command = [sys.executable, "-m", "tests.faults.open_transaction", url, user_id, sign_id]
    with Process(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "begun\n"
        yield client
        client.kill()


def test_a_client_killed_in_a_transaction_leaves_nothing(triosigno_db: IsolatedDatabase) -> None:
    user_id, sign_id = make_user().id, make_sign().id
    db.record_attempt(user_id, sign_id, is_correct=True)
    with client_in_transaction(triosigno_db.url, user_id, sign_id) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "attempted\n"
    # It held the row's lock; the limit of ten seconds on waiting for one is not reached.
    assert db.record_attempt(user_id, sign_id, is_correct=True).total_attempts == 2
    wait_for(triosigno_db.url, BACKENDS, 1)


def test_a_client_killed_while_it_waits_for_a_lock_leaves_nothing(
    triosigno_db: IsolatedDatabase,
) -> None:
    user_id, sign_id = make_user().id, make_sign().id
    db.record_attempt(user_id, sign_id, is_correct=True)
    lock = 'SELECT 1 FROM "Progress" WHERE "userId" = %s FOR UPDATE'
    with (
        uncommitted(triosigno_db.url, lock, (user_id,)),
        client_in_transaction(triosigno_db.url, user_id, sign_id),
    ):
        wait_for(triosigno_db.url, f"{BACKENDS} AND wait_event_type = 'Lock'", 1)
    # Now the server does what nobody waits for any more, and finds the client gone.
    wait_for(triosigno_db.url, BACKENDS, 1)
    assert run_sql('SELECT "totalAttempts" FROM "Progress"') == [(1,)]
    assert db.record_attempt(user_id, sign_id, is_correct=True).total_attempts == 2
