"""Connections are checked out for a call or a block, checked when in doubt, and waited for."""

import re
import threading
import time
from collections.abc import Callable, Iterator

import psycopg2
import pytest

import triosigno_db as db
from tests.server_features import flushes_statistics
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory, User
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_user

SESSIONS = """
SELECT state FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'triosigno_db'
"""


@pytest.fixture
def observe(triosigno_url: str) -> Iterator[Callable[[str], list[tuple[object, ...]]]]:
    """Ask the server over a connection of the test's own."""
    connection = psycopg2.connect(triosigno_url)
    connection.autocommit = True

    def ask(sql: str) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    yield ask
    connection.close()


Observe = Callable[[str], list[tuple[object, ...]]]


def in_threads(count: int, work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_one_connection_serves_one_thread(triosigno_db: IsolatedDatabase, observe: Observe) -> None:
    for _ in range(5):
        make_category()
        SignCategory.select().count()
        with db.transaction():
            make_category()
    assert observe(SESSIONS) == [("idle",)]


def test_threads_that_end_leave_their_connections_to_others(
    triosigno_url: str, observe: Observe
) -> None:
    db.connect(triosigno_url, connection_limit=2, password_cost=4)
    in_threads(12, make_category)
    in_threads(12, SignCategory.select().count)
    assert len(observe(SESSIONS)) <= 2
    assert SignCategory.select().count() == 12


def test_a_call_waits_for_a_connection(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with db.connection():
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    waiter = threading.Thread(target=make_category)
    waiter.start()
    done.set()
    waiter.join()
    holder.join()
    assert SignCategory.select().count() == 1


def test_waiting_in_vain_ends(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, pool_timeout=0.1)
    failures: list[db.TrioSignoDBError] = []

    def call() -> None:
        try:
            make_category()
        except db.TrioSignoDBError as exc:
            failures.append(exc)

    with db.connection():
        in_threads(3, call)
    assert [type(failure) for failure in failures] == [db.PoolTimeoutError] * 3
    assert failures[0].prisma_code == "P2024"
    assert "connection_limit" in str(failures[0])
    make_category()


def test_an_error_gives_the_connection_back(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, pool_timeout=0.1)
    category = make_category()
    for _ in range(3):
        with pytest.raises(db.AlreadyExistsError):
            make_category(name=category.name)
    make_category()


def test_an_exception_in_a_block_gives_the_connection_back(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, pool_timeout=0.1)
    for block in (db.connection, db.transaction):
        with pytest.raises(ZeroDivisionError), block():
            1 / 0  # noqa: B018
    make_category()


def test_disconnect_closes_the_server_s_sessions(
    triosigno_db: IsolatedDatabase, observe: Observe
) -> None:
    in_threads(3, make_category)
    db.disconnect()
    # Sessions end a moment after their sockets.
    deadline = time.monotonic() + 10
    while observe(SESSIONS) and time.monotonic() < deadline:
        pass
    assert observe(SESSIONS) == []


def test_a_thread_in_a_block_finishes_it_after_disconnect(triosigno_db: IsolatedDatabase) -> None:
    inside, go_on = threading.Event(), threading.Event()
    results: list[object] = []

    def work() -> None:
        with db.connection():
            make_category()
            inside.set()
            go_on.wait()
            results.append(run_sql_or_error())

    def run_sql_or_error() -> object:
        try:
            return make_category()
        except db.NotConnectedError as exc:
            return exc

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    db.disconnect()
    go_on.set()
    thread.join()
    assert isinstance(results[0], db.NotConnectedError)
    db.connect(triosigno_db.url)
    assert SignCategory.select().count() == 1


COMMITS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{}'"


def count_transactions(url: str, work: Callable[[], object], times: int) -> int:
    """Count what one connection sends, one transaction a statement."""
    if not flushes_statistics(url):
        pytest.skip("this server counts transactions with a delay")
    with db.connection():
        flush = "SELECT pg_stat_force_next_flush()"
        run_sql(flush)
        name = run_sql("SELECT current_database()")[0][0]
        ((before,),) = run_sql(COMMITS.format(name))
    for _ in range(times):
        work()
    with db.connection():
        run_sql(flush)
        ((after,),) = run_sql(COMMITS.format(name))
    return int(after - before)


def test_a_connection_in_use_is_not_checked(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, password_cost=4)
    user = make_user()
    db.get_user_with_preferences(user.id)
    sent = count_transactions(triosigno_url, lambda: db.get_user_with_preferences(user.id), 50)
    assert sent < 50 + 5


def test_an_idle_connection_is_checked(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, idle_check_after=0, password_cost=4)
    user = make_user()
    db.get_user_with_preferences(user.id)
    sent = count_transactions(triosigno_url, lambda: db.get_user_with_preferences(user.id), 50)
    assert sent >= 2 * 50


def test_a_statement_is_limited(triosigno_url: str) -> None:
    db.connect(triosigno_url, statement_timeout=0.1)
    with pytest.raises(db.QueryTimeoutError, match="statement timeout") as caught:
        run_sql("SELECT pg_sleep(10)")
    assert caught.value.prisma_code == "P1008"
    make_category()


def test_waiting_for_a_lock_is_limited(triosigno_url: str) -> None:
    db.connect(triosigno_url, lock_timeout=0.1, password_cost=4)
    user = make_user()
    failures: list[db.TrioSignoDBError] = []

    def update() -> None:
        try:
            with db.connection():
                run_sql('SELECT 1 FROM "User" FOR UPDATE')
        except db.TrioSignoDBError as exc:
            failures.append(exc)

    with db.transaction():
        User.update(first_name="Zoé").where(User.id == user.id).execute()
        in_threads(1, update)
    (failure,) = failures
    assert isinstance(failure, db.QueryTimeoutError)
    assert "lock" in str(failure)


def test_an_idle_transaction_is_limited(triosigno_url: str, observe: Observe) -> None:
    # Longer than a busy machine takes from one statement to the next.
    db.connect(triosigno_url, idle_transaction_timeout=1)
    with pytest.raises(db.QueryTimeoutError, match="idle") as caught, db.transaction():
        make_category()
        while observe(SESSIONS):
            pass
        make_category()
    assert caught.value.prisma_code == "P2028"
    assert SignCategory.select().count() == 0


def test_prepared_statements_are_prepared_once(triosigno_db: IsolatedDatabase) -> None:
    with db.connection():
        for _ in range(3):
            make_category()
        prepared = run_sql("SELECT name FROM pg_prepared_statements")
    ((name,),) = prepared
    assert re.fullmatch(r"triosigno_\d+_\d+_insert_row_SignCategory", name)


def test_those_who_wait_are_served_in_their_order(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1)
    served: list[int] = []

    def take(number: int) -> None:
        with db.connection():
            served.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    with db.connection():
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while db.pool_status().waiting < number:
                assert thread.is_alive()
    # Whoever comes back at once stands behind them.
    take(-1)
    for thread in threads:
        thread.join()
    assert served[:8] == list(range(8))
    assert served[8:] == [-1]


def test_who_waits_in_vain_leaves_no_gap(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, pool_timeout=0.1)
    with db.connection():
        in_vain: list[BaseException] = []

        def fail() -> None:
            with pytest.raises(db.PoolTimeoutError) as caught:
                make_category()
            in_vain.append(caught.value)

        in_threads(3, fail)
    assert len(in_vain) == 3
    assert db.pool_status() == (1, 0, 1, 0, 0)
    make_category()
