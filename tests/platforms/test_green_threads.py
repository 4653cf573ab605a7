"""Green threads: the library under the patches of eventlet and gevent."""

import importlib.util
import sys
from textwrap import dedent

import pytest

from tests.processes import run_process

START = {
    "eventlet": """
        import warnings
        warnings.simplefilter("ignore")
        import eventlet

        # The driver waits cooperatively as well.
        eventlet.monkey_patch()
        spawn, result = eventlet.spawn, eventlet.greenthread.GreenThread.wait
    """,
    "gevent": """
        from gevent import monkey
        monkey.patch_all()
        import gevent
        from gevent.socket import wait_read, wait_write
        from psycopg2.extensions import POLL_OK, POLL_READ, set_wait_callback

        def wait(connection):
            while (state := connection.poll()) != POLL_OK:
                (wait_read if state == POLL_READ else wait_write)(connection.fileno())

        set_wait_callback(wait)
        spawn, result = gevent.spawn, gevent.Greenlet.get
    """,
}

USE = """
import select, sys, time
import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import factories

print("select.poll:", hasattr(select, "poll"))
limits = {"statement_timeout": 10, "network_timeout": 0.1}
db.connect(sys.argv[1], connection_limit=4, password_cost=4, **limits)
user, signs = factories.make_user(), [factories.make_sign() for _ in range(8)]
run_sql("CREATE TABLE arrived ()")

def practise(sign):
    with db.transaction():
        db.record_attempt(user.id, sign.id, is_correct=True)

def meet():
    # Each waits, on its own connection, until the other has arrived: they run at the same time.
    with db.connection():
        run_sql("INSERT INTO arrived DEFAULT VALUES")
        while run_sql("SELECT count(*) FROM arrived") != [(2,)]:
            pass

for each in [spawn(practise, sign) for sign in signs] + [spawn(meet) for _ in range(2)]:
    result(each)
assert len(db.list_progress(user.id)) == 8
assert [result(each) for each in [spawn(db.count_users) for _ in range(50)]] == [1] * 50
assert db.ping() > 0
assert db.pool_status().in_use == 0
db.disconnect()

db.connect(sys.argv[1], statement_timeout=0.2, network_timeout=0.2)
try:
    # The server does not end it: the watchdog does.
    run_sql("SET statement_timeout = 0; SELECT pg_sleep(60)")
except db.DatabaseUnavailableError:
    print("aborted")
assert db.count_users() == 1
db.disconnect()
"""


@pytest.mark.parametrize("library", START)
def test_calls_work_under_green_threads(library: str, triosigno_url: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    ended = run_process(
        [sys.executable, "-c", dedent(START[library]) + USE, triosigno_url],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    # Eventlet has none, gevent one of its own.
    assert ended.stdout == f"select.poll: {library == 'gevent'}\naborted\n"
