"""connect, disconnect, connection, transaction."""

import threading

import pytest

import triosigno_db as db
from tests.content import make_category, make_sign
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import SignCategory

BACKEND = "SELECT pg_backend_pid()"


def names() -> set[str]:
    return {category.name for category in SignCategory.select()}


@pytest.mark.parametrize(
    "call",
    [
        lambda: db.get_module_tree("7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11"),
        lambda: db.create_category(db.NewCategory(name="a", description="")),
        db.create_schema,
        lambda: SignCategory.select().count(),
        lambda: SignCategory.create(name="a", description=""),
    ],
)
def test_before_connect_every_call_says_what_to_do(call: object) -> None:
    with pytest.raises(db.NotConnectedError, match=r"connect\(url\)"):
        call()  # type: ignore[operator]


@pytest.mark.parametrize("block", [db.connection, db.transaction])
def test_before_connect_no_block_can_be_entered(block: object) -> None:
    with pytest.raises(db.NotConnectedError), block():  # type: ignore[operator]
        pytest.fail("the block was entered")


def test_after_disconnect_nothing_is_connected(database: str) -> None:
    make_category()
    db.disconnect()
    with pytest.raises(db.NotConnectedError):
        make_category()
    db.disconnect()


def test_a_server_that_is_not_there_shows_at_connect() -> None:
    with pytest.raises(db.DatabaseUnavailableError) as caught:
        db.connect("postgresql://learner:geheim@127.0.0.1:1/triosigno")
    assert caught.value.prisma_code == "P1001"
    assert "geheim" not in str(caught.value)


def test_a_failed_connect_leaves_the_earlier_database(database: str) -> None:
    with pytest.raises(db.DatabaseUnavailableError):
        db.connect("postgresql://learner@127.0.0.1:1/triosigno")
    make_category()


def test_connecting_again_changes_the_database(database: str, empty_url: str) -> None:
    make_category()
    db.connect(empty_url)
    db.create_schema()
    assert names() == set()


def test_inside_a_block_the_database_can_not_be_changed(database: str) -> None:
    with db.connection():
        with pytest.raises(db.ConflictError, match="Leave"):
            db.connect(database)
        with pytest.raises(db.ConflictError, match="Leave"):
            db.disconnect()
        make_category()


def test_a_block_holds_one_connection(database: str) -> None:
    with db.connection():
        first = run_sql(BACKEND)
        with db.connection(), db.transaction():
            assert run_sql(BACKEND) == first
        assert run_sql(BACKEND) == first


def test_a_transaction_is_committed_at_its_end(database: str) -> None:
    with db.transaction():
        make_category(name="kept")
    assert names() == {"kept"}


def test_an_exception_rolls_back_and_goes_on(database: str) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        make_category(name="lost")
        1 / 0  # noqa: B018
    assert names() == set()


def test_nobody_sees_a_transaction_before_its_commit(database: str) -> None:
    seen: list[set[str]] = []
    with db.transaction():
        make_category(name="soon")
        other = threading.Thread(target=lambda: seen.append(names()))
        other.start()
        other.join()
    assert seen == [set()]


def test_a_block_inside_is_a_savepoint(database: str) -> None:
    with db.transaction():
        make_category(name="outer")
        with pytest.raises(ZeroDivisionError), db.transaction():
            make_category(name="inner")
            1 / 0  # noqa: B018
        with db.transaction():
            make_category(name="second")
    assert names() == {"outer", "second"}


def test_a_savepoint_goes_with_its_transaction(database: str) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        with db.transaction():
            make_category(name="inner")
        1 / 0  # noqa: B018
    assert names() == set()


def test_after_an_error_in_a_savepoint_the_transaction_goes_on(database: str) -> None:
    with db.transaction():
        make_category(name="one")
        with pytest.raises(db.AlreadyExistsError), db.transaction():
            make_category(name="one")
        make_category(name="two")
    assert names() == {"one", "two"}


def test_without_a_savepoint_the_transaction_is_lost(database: str) -> None:
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
    assert names() == set()


def test_functions_of_several_statements_join(database: str) -> None:
    sign = make_sign()
    with pytest.raises(ZeroDivisionError), db.transaction():
        module = db.create_module(db.NewModule(title="m", description=""))
        lesson = db.create_lesson(db.NewLesson(title="l", description="", module_id=module.id))
        db.set_lesson_signs(lesson.id, [sign.id])
        1 / 0  # noqa: B018
    with pytest.raises(db.NotFoundError):
        db.get_module_tree(module.id)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_the_isolation_is_the_one_asked_for(database: str, isolation: db.Isolation) -> None:
    with db.transaction(isolation):
        assert run_sql("SHOW transaction_isolation") == [(isolation,)]
    with db.transaction():
        assert run_sql("SHOW transaction_isolation") == [("read committed",)]


@pytest.mark.parametrize("isolation", ["SERIALIZABLE", "read uncommitted", "x; DROP TABLE y", 3])
def test_another_isolation_is_refused(database: str, isolation: db.Isolation) -> None:
    with pytest.raises(db.InvalidInputError, match="isolation"), db.transaction(isolation):
        pytest.fail("the block was entered")


def test_an_inner_block_can_not_choose_its_isolation(database: str) -> None:
    with (
        db.transaction(),
        pytest.raises(db.InvalidInputError, match="outermost"),
        db.transaction("serializable"),
    ):
        pytest.fail("the block was entered")


def test_a_transaction_that_lost_says_so_at_its_commit(database: str) -> None:
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


def test_models_join_the_transaction(database: str) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        SignCategory.create(name="lost", description="")
        1 / 0  # noqa: B018
    assert names() == set()


def test_a_transaction_of_peewee_s_own_gives_its_connection_back(url: str) -> None:
    db.connect(url, connection_limit=1, pool_timeout=0.1)
    done: list[str] = []
    with current_database().atomic() as outer:
        make_category(name="one")
        current_database().after_commit(lambda: done.append("committed"))
        outer.commit()
        make_category(name="two")
    with pytest.raises(ZeroDivisionError), current_database().atomic():
        make_category(name="lost")
        1 / 0  # noqa: B018
    assert done == ["committed"]
    seen: list[set[str]] = []
    other = threading.Thread(target=lambda: seen.append(names()))
    other.start()
    other.join()
    assert seen == [{"one", "two"}]
