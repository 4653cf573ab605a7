"""Transactions that are run again: after a deadlock or a serialization failure, and never else."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import IsolatedDatabase, counting_statements
from triosigno_db.testing.factories import make_category, make_module, make_sign, make_user


def in_threads(*functions: Callable[[], Any]) -> list[BaseException]:
    failures: list[BaseException] = []

    def run(function: Callable[[], Any]) -> None:
        try:
            function()
        except db.TrioSignoDBError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


class Crossing:
    """Two modules that two callers update in opposite orders: a deadlock at the first try."""

    def __init__(self) -> None:
        self.modules = [make_module(lessons=0, description="").id for _ in range(2)]
        self.calls = 0
        self._meeting = threading.Barrier(2)

    def update(self, *order: int, who: str) -> None:
        self.calls += 1
        first, second = (self.modules[place] for place in order)
        db.update_module(first, db.ModuleChanges(description=who))
        if not self._meeting.broken and self.calls <= 2:
            self._meeting.wait()
        db.update_module(second, db.ModuleChanges(description=who))


def test_a_deadlock_is_run_again(triosigno_db: IsolatedDatabase) -> None:
    crossing = Crossing()
    failures = in_threads(
        lambda: db.run_in_transaction(lambda: crossing.update(0, 1, who="one")),
        lambda: db.run_in_transaction(lambda: crossing.update(1, 0, who="two")),
    )
    assert failures == []
    assert crossing.calls == 3
    assert len({db.get_module(module).description for module in crossing.modules}) == 1


def test_with_one_try_a_deadlock_is_told(triosigno_db: IsolatedDatabase) -> None:
    crossing = Crossing()
    (failure,) = in_threads(
        lambda: db.run_in_transaction(lambda: crossing.update(0, 1, who="one"), tries=1),
        lambda: db.run_in_transaction(lambda: crossing.update(1, 0, who="two"), tries=1),
    )
    assert isinstance(failure, db.ConflictError)
    assert failure.prisma_code == "P2034"
    assert len({db.get_module(module).description for module in crossing.modules}) == 1


def test_serialization_failures_are_run_again_until_all_is_counted(
    triosigno_db: IsolatedDatabase,
) -> None:
    module = make_module(lessons=0, order=0).id

    def count() -> None:
        order = db.get_module(module).order
        db.update_module(module, db.ModuleChanges(order=order + 1))

    def many() -> None:
        for _ in range(5):
            db.run_in_transaction(count, isolation="serializable", tries=100)

    assert in_threads(*[many] * 4) == []
    assert db.get_module(module).order == 20


def test_what_the_function_returns_is_returned(triosigno_db: IsolatedDatabase) -> None:
    assert db.run_in_transaction(lambda: make_category(name="new")).name == "new"
    assert db.run_in_transaction(lambda: None) is None


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, db.ConflictError("own")])
def test_an_error_of_the_function_undoes_all_and_is_raised_at_once(
    triosigno_db: IsolatedDatabase, error: Any
) -> None:
    calls = []

    def fail() -> None:
        calls.append(make_category())
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        db.run_in_transaction(fail)
    assert len(calls) == 1
    assert db.list_categories().items == ()


def test_a_lost_connection_is_not_run_again(triosigno_db: IsolatedDatabase) -> None:
    calls = []

    def lose() -> None:
        calls.append(make_category())
        run_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(db.DatabaseUnavailableError):
        db.run_in_transaction(lose)
    assert len(calls) == 1
    assert db.list_categories().items == ()


def test_inside_another_transaction_it_is_a_savepoint(triosigno_db: IsolatedDatabase) -> None:
    with db.transaction():
        kept = make_category()
        with pytest.raises(ZeroDivisionError):
            db.run_in_transaction(lambda: (make_category(), 1 / 0))
        made = db.run_in_transaction(make_category)
    assert {each.id for each in db.list_categories().items} == {kept.id, made.id}


def test_inside_another_transaction_nothing_is_run_again(triosigno_db: IsolatedDatabase) -> None:
    calls = []

    def collide() -> None:
        calls.append(1)
        run_sql("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$")

    with pytest.raises(db.ConflictError), db.transaction():
        db.run_in_transaction(collide)
    assert len(calls) == 1
    with pytest.raises(db.ConflictError):
        db.run_in_transaction(collide, tries=3)
    assert len(calls) == 4


@pytest.mark.parametrize("tries", [0, -1, 101, True, "1", None])
def test_a_number_of_tries_out_of_bounds_is_refused(
    triosigno_db: IsolatedDatabase, tries: Any
) -> None:
    with pytest.raises(db.InvalidInputError, match="tries"):
        db.run_in_transaction(make_category, tries=tries)
    with pytest.raises(db.InvalidInputError, match="isolation"):
        db.run_in_transaction(make_category, isolation="none")  # type: ignore[arg-type]


def test_a_statement_of_its_own_is_sent_again_after_a_collision(
    triosigno_db: IsolatedDatabase,
) -> None:
    """The server undoes the first two: a trigger stands for the other side of a deadlock."""
    run_plain(
        triosigno_db.url,
        """
        CREATE SEQUENCE tried MINVALUE -100 START 1;
        CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('tried') <= 2 THEN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER collide BEFORE INSERT ON "Progress"
        FOR EACH ROW EXECUTE FUNCTION collide();
        """,
    )
    user, sign = make_user(), make_sign()
    with counting_statements() as sent:
        assert db.record_attempt(user.id, sign.id, is_correct=True).total_attempts == 1
    assert sent.names == ["upsert_progress"] * 3
    run_plain(triosigno_db.url, "ALTER SEQUENCE tried RESTART")
    with pytest.raises(db.ConflictError), db.transaction():
        db.record_attempt(make_user().id, sign.id, is_correct=True)
    run_plain(triosigno_db.url, "ALTER SEQUENCE tried RESTART INCREMENT BY -1")
    with counting_statements() as sent, pytest.raises(db.ConflictError):
        db.record_attempt(make_user().id, sign.id, is_correct=True)
    assert len([name for name in sent.names if name == "upsert_progress"]) == 5


def test_attempts_in_different_orders_at_once_are_all_counted(
    triosigno_db: IsolatedDatabase,
) -> None:
    user, signs = make_user(), [make_sign().id for _ in range(20)]

    def record(order: list[str]) -> None:
        for _ in range(5):
            attempts = [db.Attempt(sign_id=sign, is_correct=True) for sign in order]
            db.record_attempts(user.id, attempts)

    assert in_threads(*(lambda o=order: record(o) for order in (signs, signs[::-1]) * 2)) == []
    assert {row.total_attempts for row in db.list_progress(user.id).items} == {20}
