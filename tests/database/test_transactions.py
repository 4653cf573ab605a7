"""connection() and transaction(): commit, roll back, savepoints, isolation."""

import threading

import pytest

import triosigno_db as db
from tests.database.rows import category_names
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_sign

BACKEND = "SELECT pg_backend_pid()"


def test_a_block_holds_one_connection(triosigno_db: IsolatedDatabase) -> None:
    with db.connection():
        first = run_sql(BACKEND)
        with db.connection(), db.transaction():
            assert run_sql(BACKEND) == first
        assert run_sql(BACKEND) == first


def test_a_transaction_is_committed_at_its_end(triosigno_db: IsolatedDatabase) -> None:
    with db.transaction():
        make_category(name="kept")
    assert category_names() == {"kept"}


def test_an_exception_rolls_back_and_goes_on(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        make_category(name="lost")
        1 / 0  # noqa: B018
    assert category_names() == set()


def test_nobody_sees_a_transaction_before_its_commit(triosigno_db: IsolatedDatabase) -> None:
    seen: list[set[str]] = []
    with db.transaction():
        make_category(name="soon")
        other = threading.Thread(target=lambda: seen.append(category_names()))
        other.start()
        other.join()
    assert seen == [set()]


def test_a_block_inside_is_a_savepoint(triosigno_db: IsolatedDatabase) -> None:
    with db.transaction():
        make_category(name="outer")
        with pytest.raises(ZeroDivisionError), db.transaction():
            make_category(name="inner")
            1 / 0  # noqa: B018
        with db.transaction():
            make_category(name="second")
    assert category_names() == {"outer", "second"}


def test_a_savepoint_goes_with_its_transaction(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        with db.transaction():
            make_category(name="inner")
        1 / 0  # noqa: B018
    assert category_names() == set()


def test_after_an_error_in_a_savepoint_the_transaction_goes_on(
    triosigno_db: IsolatedDatabase,
) -> None:
    with db.transaction():
        make_category(name="one")
        with pytest.raises(db.AlreadyExistsError), db.transaction():
            make_category(name="one")
        make_category(name="two")
    assert category_names() == {"one", "two"}


def test_without_a_savepoint_the_transaction_is_lost(triosigno_db: IsolatedDatabase) -> None:
    with (
        pytest.raises(db.ConflictError, match="can't be committed") as lost,
        db.transaction(),
    ):
        make_category(name="one")
        with pytest.raises(db.AlreadyExistsError):
            make_category(name="one")
        with pytest.raises(db.ConflictError, match="nested transaction") as caught:
            make_category(name="two")
    assert caught.value.prisma_code == lost.value.prisma_code == "P2028"
    assert category_names() == set()


def test_functions_of_several_statements_join(triosigno_db: IsolatedDatabase) -> None:
    sign = make_sign()
    with pytest.raises(ZeroDivisionError), db.transaction():
        module = db.create_module(db.NewModule(title="m", description=""))
        lesson = db.create_lesson(db.NewLesson(title="l", description="", module_id=module.id))
        db.set_lesson_signs(lesson.id, [sign.id])
        1 / 0  # noqa: B018
    with pytest.raises(db.NotFoundError):
        db.get_module_tree(module.id)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_the_isolation_is_the_one_asked_for(
    triosigno_db: IsolatedDatabase, isolation: db.Isolation
) -> None:
    with db.transaction(isolation):
        assert run_sql("SHOW transaction_isolation") == [(isolation,)]
    with db.transaction():
        assert run_sql("SHOW transaction_isolation") == [("read committed",)]


@pytest.mark.parametrize("isolation", ["SERIALIZABLE", "read uncommitted", "x; DROP TABLE y", 3])
def test_another_isolation_is_refused(
    triosigno_db: IsolatedDatabase, isolation: db.Isolation
) -> None:
    with pytest.raises(db.InvalidInputError, match="isolation"), db.transaction(isolation):
        pytest.fail("the block was entered")


def test_an_inner_block_can_not_choose_its_isolation(triosigno_db: IsolatedDatabase) -> None:
    with (
        db.transaction(),
        pytest.raises(db.InvalidInputError, match="outermost"),
        db.transaction("serializable"),
    ):
        pytest.fail("the block was entered")


def test_a_transaction_that_lost_says_so_at_its_commit(triosigno_db: IsolatedDatabase) -> None:
    """Two serializable transactions that each read what the other writes."""
    first, second = make_category(name="first"), make_category(name="second")
    other_has_read, other_may_commit = threading.Event(), threading.Event()
    failures: list[db.TrioSignoDBError] = []

    def swap(read: str, write: str) -> None:
        list(SignCategory.select().where(SignCategory.id == read))
        SignCategory.update(description="seen").where(SignCategory.id == write).execute()

    def other() -> None:
        try:
            with db.transaction("serializable"):
                swap(second.id, first.id)
                other_has_read.set()
                other_may_commit.wait()
        except db.TrioSignoDBError as exc:
            failures.append(exc)

    thread = threading.Thread(target=other)
    thread.start()
    other_has_read.wait()
    with db.transaction("serializable"):
        swap(first.id, second.id)
    other_may_commit.set()
    thread.join()
    (failure,) = failures
    assert isinstance(failure, db.ConflictError)
    assert failure.prisma_code == "P2034"
