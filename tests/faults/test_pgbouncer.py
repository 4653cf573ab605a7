"""PgBouncer in transaction mode between the library and the server."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest
from peewee import sort_models

import triosigno_db as db
from tests.pgbouncer import BINARY, pooler_before
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.promises.test_statements_sent import ONE, SEVERAL, make_rows
from tests.sampling import mostly_slow
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.models import MODELS
from triosigno_db.testing.factories import make_category, make_lesson, make_sign, make_user

pytestmark = pytest.mark.skipif(BINARY is None, reason="there is no PgBouncer here")


@pytest.fixture
def pooled_url(empty_url: str) -> Iterator[str]:
    """The URL of an empty database behind a pooler with two server connections."""
    with pooler_before(empty_url) as url:
        yield f"{url}?pgbouncer=true"
        db.disconnect()


def test_everything_works_behind_a_pooler(pooled_url: str) -> None:
    db.connect(pooled_url, password_cost=4)
    db.create_schema()
    db.create_schema()
    user, sign, lesson = make_user(), make_sign(), make_lesson(signs=0)
    for _ in range(10):
        assert db.get_user_with_preferences(user.id) == user
        db.record_attempt(user.id, sign.id, is_correct=True)
    db.set_lesson_signs(lesson.id, [sign.id])
    with db.transaction("serializable"), db.transaction():
        make_category()
    assert len(db.get_module_tree(lesson.module_id).lessons) == 1
    db.drop_schema(accept_data_loss=True)


CALLS = {**ONE, **{name: call for name, (_, call) in SEVERAL.items()}}
TABLES = [model.__name__ for model in reversed(sort_models(MODELS))]
CLEAR = "; ".join(f'DELETE FROM "{table}"' for table in TABLES)


@pytest.mark.parametrize("block", mostly_slow([nullcontext, db.transaction], 1))
def test_every_function_passes_through(
    pooled_url: str, empty_url: str, block: Callable[[], AbstractContextManager[None]]
) -> None:
    db.connect(pooled_url, password_cost=4)
    db.create_schema()
    with traffic():
        for call in CALLS.values():
            run_plain(empty_url, CLEAR)
            rows = make_rows()
            with block():
                call(rows)


@contextmanager
def traffic() -> Iterator[None]:
    """Two more clients, so that the pooler's connections change hands between statements."""
    is_over = threading.Event()

    def call() -> None:
        while not is_over.is_set():
            db.count_users()

    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(call) for _ in range(2)]
        try:
            yield
        finally:
            is_over.set()
    for each in calls:
        each.result()


def test_the_history_s_status_is_told_through_the_pooler(
    pooled_url: str, empty_url: str, triosigno_command: list[str]
) -> None:
    status = [*triosigno_command, "migrate", "status", "--url"]
    before = run_process([*status, pooled_url], capture_output=True, text=True, check=False)
    assert (before.returncode, before.stderr) == (1, "")
    db.connect(empty_url)
    names = migrator.deploy()
    after = run_process([*status, pooled_url], capture_output=True, text=True, check=False)
    assert (after.returncode, after.stderr) == (0, "")
    assert [name for name in names if name not in after.stdout] == []
    other = f"{pooled_url}&schema=other"
    elsewhere = run_process([*status, other], capture_output=True, text=True, check=False)
    assert (elsewhere.returncode, elsewhere.stderr) == (1, "")


def test_nothing_stays_on_the_server_s_connections(pooled_url: str) -> None:
    db.connect(pooled_url, password_cost=4)
    db.create_schema()
    user = make_user()
    with db.transaction():
        db.get_user_with_preferences(user.id)
    for _ in range(4):
        assert run_sql("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
        assert run_sql("SHOW statement_timeout") == [("0",)]
        assert run_sql("SHOW search_path") == [('"$user", public',)]


def test_the_limits_hold_inside_a_transaction(pooled_url: str) -> None:
    db.connect(pooled_url, statement_timeout=0.1)
    with pytest.raises(db.QueryTimeoutError), db.transaction():
        run_sql("SELECT pg_sleep(10)")
    with db.transaction():
        assert run_sql("SHOW lock_timeout") == [("10s",)]
    assert run_sql("SHOW lock_timeout") == [("0",)]


def test_another_schema_needs_no_search_path(pooled_url: str) -> None:
    db.connect(f"{pooled_url}&schema=other", password_cost=4)
    db.create_schema()
    user = make_user()
    assert db.get_user_with_preferences(user.id) == user
    tables = run_sql("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'User'")
    assert tables == [("other",)]
