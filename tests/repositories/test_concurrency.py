"""Locks and snapshots: what they see, whom they keep waiting, and where they are refused."""

from collections.abc import Callable
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises.racing import at_once, before_the_commit, errors_in, in_an_older_snapshot
from triosigno_db.database.execution import run_sql
from triosigno_db.models import Module, Sign
from triosigno_db.repositories.concurrency import (
    lock_tables,
    refuse_snapshot,
    run_in_snapshot,
    run_with_locks,
)
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_module, make_sign

OWN_ORDER = "SHARE UPDATE EXCLUSIVE"


def isolation() -> str:
    return str(run_sql("SHOW transaction_isolation")[0][0])


@pytest.fixture(params=["read committed", "repeatable read", "serializable"])
def server_default(request: pytest.FixtureRequest, triosigno_db: IsolatedDatabase) -> str:
    """Make an isolation level the default of the database."""
    run_plain(
        triosigno_db.url,
        f"ALTER DATABASE {triosigno_db.name} SET default_transaction_isolation = '{request.param}'",
    )
    db.connect(triosigno_db.url)
    return str(request.param)


@pytest.mark.usefixtures("server_default")
def test_the_isolation_is_what_the_function_needs_whatever_the_default_is() -> None:
    assert run_with_locks(isolation) == "read committed"
    assert run_in_snapshot(isolation) == "repeatable read"


@pytest.mark.usefixtures("server_default")
def test_rows_that_are_added_at_once_get_a_place_each_whatever_the_default_is() -> None:
    module = make_module(lessons=0).id

    def add() -> db.LessonRecord:
        return db.create_lesson(db.NewLesson(title="l", description="", module_id=module))

    made = at_once(*[add] * 8)
    assert sorted(lesson.order for lesson in made) == [*range(1, 9)]


@pytest.mark.usefixtures("triosigno_db")
def test_inside_a_transaction_its_isolation_applies() -> None:
    for level in ("repeatable read", "serializable"):
        with db.transaction(level):
            assert run_with_locks(isolation) == run_in_snapshot(isolation) == level
            with pytest.raises(db.ConflictError, match=level):
                refuse_snapshot()
    with db.transaction():
        assert run_with_locks(isolation) == "read committed"
        refuse_snapshot()
        with pytest.raises(db.ConflictError, match="read committed"):
            run_in_snapshot(isolation)


@pytest.mark.usefixtures("triosigno_db")
def test_a_snapshot_does_not_show_what_is_committed_meanwhile() -> None:
    def count_twice() -> tuple[int, int]:
        before = len(db.list_categories())
        at_once(make_category)
        return before, len(db.list_categories())

    assert run_in_snapshot(count_twice) == (0, 0)
    assert run_with_locks(count_twice) == (1, 2)


def test_a_locked_order_keeps_waiting_those_who_need_it_and_nobody_else(
    triosigno_db: IsolatedDatabase,
) -> None:
    module = make_module(lessons=0)
    allowed: list[Callable[[], Any]] = [
        lambda: db.update_module(module.id, db.ModuleChanges(title="new")),
        lambda: db.create_lesson(db.NewLesson(title="l", description="", module_id=module.id)),
        lambda: db.create_module(db.NewModule(title="m", description="", order=7)),
        db.list_modules,
    ]
    with db.transaction():
        lock_tables(OWN_ORDER, Module)
        assert errors_in(at_once(*allowed)) == []
    db.connect(triosigno_db.url, lock_timeout=0.1)
    with db.transaction():
        lock_tables(OWN_ORDER, Module, Sign)
        (refused,) = at_once(lambda: db.create_module(db.NewModule(title="m", description="")))
    assert isinstance(refused, db.QueryTimeoutError)


@pytest.mark.usefixtures("triosigno_db")
def test_nothing_is_locked_inside_a_block_that_only_reads() -> None:
    with db.reading_from_replica(), pytest.raises(db.ReadOnlyError, match="LOCK TABLE"):
        lock_tables(OWN_ORDER, Module)
    module, sign = make_module(), make_sign()
    writes: list[Callable[[], Any]] = [
        lambda: db.create_module(db.NewModule(title="m", description="")),
        lambda: db.delete_sign(sign.id),
        lambda: db.reorder_lessons(module.id, []),
    ]
    for write in writes:
        with db.reading_from_replica(), pytest.raises(db.ReadOnlyError):
            write()


@pytest.mark.usefixtures("triosigno_db")
def test_a_locked_row_that_was_changed_after_the_snapshot_is_a_conflict() -> None:
    sign = make_sign().id
    outcome = in_an_older_snapshot(
        lambda: db.update_sign(sign, db.SignChanges(name="new")), lambda: db.delete_sign(sign)
    )
    assert isinstance(outcome, db.ConflictError)


def test_a_deadlock_is_run_again(triosigno_db: IsolatedDatabase) -> None:
    modules = [make_module(lessons=1) for _ in range(2)]
    lessons = [module.lessons[0].id for module in modules]

    def cross(first: int, second: int) -> None:
        def change() -> None:
            for number in (first, second):
                db.set_lesson_signs(lessons[number], [])

        db.run_in_transaction(change)

    for _ in range(5):
        assert errors_in(at_once(lambda: cross(0, 1), lambda: cross(1, 0))) == []
    _, later = before_the_commit(
        triosigno_db.url,
        lambda: db.set_lesson_signs(lessons[0], []),
        lambda: db.reorder_lesson_signs(lessons[0], []),
    )
    assert later == ()
