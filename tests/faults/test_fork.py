"""Forked children: gunicorn's preload, Celery's prefork, multiprocessing."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from uuid import uuid4

import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory, database_proxy
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category

# From Python 3.12 on forking a process with threads warns; that children are safe is the subject.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

BACKEND = "SELECT pg_backend_pid()"


def in_child(work: Callable[[], object], seconds: int = 60) -> str:
    """Fork, run something in the child, and give what it returned as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # A child that hangs is ended by the signal.
        signal.alarm(seconds)
        try:
            answer = str(work())
        except BaseException as exc:  # noqa: BLE001 (the child must end here, whatever happens)
            answer = repr(exc)
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        text = answers.read()
    os.waitpid(child, 0)
    return text


def make_own_category() -> db.CategoryRecord:
    """A category of a name that no forked child makes as well."""
    return make_category(name=str(uuid4()), description="a theme")


def backend() -> int:
    return int(run_sql(BACKEND)[0][0])


def test_a_child_has_a_connection_of_its_own(triosigno_db: IsolatedDatabase) -> None:
    before = backend()
    assert int(in_child(backend)) != before
    assert backend() == before


def test_children_leave_their_parent_s_connection_alone(triosigno_db: IsolatedDatabase) -> None:
    with db.connection():
        before = backend()
        for _ in range(5):
            in_child(make_own_category)
        assert backend() == before
    assert SignCategory.select().count() == 5


def test_a_child_that_closes_its_pool_closes_nothing_of_its_parent(
    triosigno_db: IsolatedDatabase,
) -> None:
    before = backend()
    assert in_child(db.disconnect) == "None"
    assert backend() == before


def test_a_child_forked_in_a_block_starts_anew(triosigno_db: IsolatedDatabase) -> None:
    with db.connection():
        before = backend()
        assert int(in_child(backend)) != before
        assert backend() == before


def test_a_child_forked_in_a_transaction_does_not_end_it(triosigno_db: IsolatedDatabase) -> None:
    with db.transaction():
        make_category(name="parent's")
        assert in_child(lambda: SignCategory.select().count()) == "0"
        make_category()
    assert SignCategory.select().count() == 2


def test_a_child_that_leaves_its_parent_s_transaction_is_told(
    triosigno_db: IsolatedDatabase,
) -> None:
    parent = os.getpid()
    try:
        with db.transaction():
            make_category()
            reading, writing = os.pipe()
            child = os.fork()
    except db.NotConnectedError as exc:
        assert os.getpid() != parent
        os.write(writing, str(exc).encode())
        os._exit(0)
    if os.getpid() != parent:
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as answers:
        assert "belongs to its parent" in answers.read()
    os.waitpid(child, 0)
    assert SignCategory.select().count() == 1


def test_a_fork_while_threads_work_is_safe(triosigno_db: IsolatedDatabase) -> None:
    finished = threading.Event()

    def work() -> None:
        while not finished.is_set():
            make_own_category()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    answers = [in_child(lambda: make_own_category().description) for _ in range(10)]
    finished.set()
    for thread in threads:
        thread.join()
    assert answers == ["a theme"] * 10


def count_in_worker(number: int) -> int:
    make_category(name=f"worker {number}")
    return backend()


def test_a_pool_of_forked_workers_shares_no_connection(triosigno_db: IsolatedDatabase) -> None:
    before = backend()
    with multiprocessing.get_context("fork").Pool(4) as pool:
        backends = set(pool.map(count_in_worker, range(20)))
    assert before not in backends
    assert backend() == before
    assert SignCategory.select().count() == 20


def test_a_child_forked_while_another_thread_connects_can_connect(
    triosigno_url: str,
) -> None:
    connecting, may_go_on = threading.Event(), threading.Event()

    def pause(_: object) -> None:
        if threading.current_thread() is connector:
            connecting.set()
            may_go_on.wait()

    connector = threading.Thread(target=db.connect, args=(triosigno_url,))
    # It is called by `connect()` while it changes the database of the process.
    database_proxy.attach_callback(pause)
    try:
        connector.start()
        connecting.wait()

        def connect() -> int:
            db.connect(triosigno_url)
            return db.count_users()

        assert in_child(connect, seconds=20) == "0"
    finally:
        may_go_on.set()
        connector.join()
        database_proxy._callbacks.remove(pause)
