"""What a failure of the server becomes: one of the library's errors, with Prisma's code."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

import triosigno_db as db
from tests.plain_sql import run_before_insert, run_plain
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_module, make_sign, make_user

PATIENCE_SECONDS = 20


@contextmanager
def holding(url: str, statement: str) -> Iterator[None]:
    """Run a statement in a transaction that stays open for as long as the block lasts."""
    with closing(psycopg2.connect(url)) as connection:
        connection.cursor().execute(statement)
        yield


def failure_of(call: Callable[[], Any]) -> db.TrioSignoDBError:
    with pytest.raises(db.TrioSignoDBError) as caught:
        call()
    return caught.value


def kind_of(error: BaseException) -> tuple[type[BaseException], str | None]:
    return type(error), getattr(error, "prisma_code", None)


# -- constraints -------------------------------------------------------------------------------


@pytest.mark.usefixtures("triosigno_db")
def test_the_drivers_error_is_the_cause_without_its_details() -> None:
    make_user(email="taken@example.org")
    error = failure_of(lambda: make_user(email="taken@example.org"))
    assert isinstance(error.__cause__, psycopg2.errors.UniqueViolation)
    assert "DETAIL" not in str(error.__cause__)


def test_a_unique_index_that_is_not_the_librarys(triosigno_db: IsolatedDatabase) -> None:
    run_plain(triosigno_db.url, 'CREATE UNIQUE INDEX "by_hand" ON "User"("role")')
    make_user()
    error = failure_of(make_user)
    assert kind_of(error) == (db.ConflictError, "P2002")
    assert "by_hand" in str(error)


def test_a_foreign_key_that_is_not_the_librarys(triosigno_db: IsolatedDatabase) -> None:
    run_plain(
        triosigno_db.url,
        "CREATE TABLE names (name text PRIMARY KEY);"
        'ALTER TABLE "Sign" ADD CONSTRAINT "by_hand" FOREIGN KEY (name) REFERENCES names',
    )
    error = failure_of(make_sign)
    assert kind_of(error) == (db.ConflictError, "P2003")
    assert "by_hand" in str(error)


def test_a_missing_value_names_the_attribute(triosigno_db: IsolatedDatabase) -> None:
    run_plain(triosigno_db.url, 'ALTER TABLE "User" ALTER "firstName" SET NOT NULL')
    error = failure_of(lambda: make_user(first_name=None))
    assert kind_of(error) == (db.InvalidInputError, "P2011")
    assert error.field == "first_name"


def test_a_check_is_named(triosigno_db: IsolatedDatabase) -> None:
    run_plain(triosigno_db.url, 'ALTER TABLE "Module" ADD CONSTRAINT "by_hand" CHECK ("order" < 5)')
    error = failure_of(lambda: make_module(lessons=0, order=5))
    assert kind_of(error) == (db.InvalidInputError, "P2004")
    assert "by_hand" in str(error)


def test_a_value_that_is_too_long(triosigno_db: IsolatedDatabase) -> None:
    run_plain(triosigno_db.url, 'ALTER TABLE "Module" ALTER title TYPE varchar(3)')
    error = failure_of(lambda: make_module(lessons=0, title="four"))
    assert kind_of(error) == (db.InvalidInputError, "P2000")


def test_a_number_that_is_out_of_range(triosigno_db: IsolatedDatabase) -> None:
    # The next module's order would no longer fit into the column.
    make_module(lessons=0, order=2**31 - 1)
    error = failure_of(make_module)
    assert kind_of(error) == (db.InvalidInputError, "P2020")


# -- the schema --------------------------------------------------------------------------------


def test_a_database_without_tables_says_how_to_make_them(empty_url: str) -> None:
    db.connect(empty_url)
    error = failure_of(lambda: db.get_user_with_preferences(uuid4()))
    assert kind_of(error) == (db.SchemaMismatchError, "P2021")
    assert "create_schema()" in str(error)


def test_a_missing_column(triosigno_db: IsolatedDatabase) -> None:
    run_plain(triosigno_db.url, 'ALTER TABLE "User" DROP "firstName"')
    error = failure_of(lambda: db.get_user_with_preferences(uuid4()))
    assert kind_of(error) == (db.SchemaMismatchError, "P2022")
    assert "firstName" in str(error)


def test_a_missing_right(triosigno_server, triosigno_db: IsolatedDatabase) -> None:
    role = f"guest_{uuid4().hex}"
    run_plain(triosigno_db.url, f"CREATE ROLE {role} LOGIN PASSWORD 'guest'")
    try:
        db.connect(triosigno_db.url, user=role, password="guest")
        error = failure_of(lambda: db.get_user_with_preferences(uuid4()))
        assert kind_of(error) == (db.PermissionDeniedError, "P1010")
    finally:
        run_plain(triosigno_db.url, f"DROP ROLE {role}")


def test_a_table_that_a_view_still_needs(triosigno_db: IsolatedDatabase) -> None:
    run_plain(triosigno_db.url, 'CREATE VIEW names AS SELECT username FROM "User"')
    error = failure_of(db.drop_schema)
    assert kind_of(error) == (db.InUseError, "P2003")
    assert "view names depends on table" in str(error)
    make_user()


# -- time limits -------------------------------------------------------------------------------


def test_a_statement_that_takes_too_long(triosigno_url: str) -> None:
    run_before_insert(triosigno_url, "Module", "PERFORM pg_sleep(30)")
    db.connect(triosigno_url, statement_timeout=0.1)
    error = failure_of(make_module)
    assert kind_of(error) == (db.QueryTimeoutError, "P1008")
    assert "statement timeout" in str(error)


def test_a_lock_that_is_not_free_in_time(triosigno_url: str) -> None:
    db.connect(triosigno_url, lock_timeout=0.1)
    with holding(triosigno_url, 'LOCK TABLE "Module"'):
        error = failure_of(make_module)
    assert kind_of(error) == (db.QueryTimeoutError, "P1008")
    assert "lock" in str(error)
    make_module(lessons=0)


def test_a_transaction_that_idles_too_long(triosigno_url: str) -> None:
    # Longer than a busy machine takes from one statement to the next.
    db.connect(triosigno_url, idle_transaction_timeout=1)

    def idle() -> None:
        with db.transaction():
            make_module(lessons=0)
            wait_until_alone(triosigno_url)
            make_module(lessons=0)

    assert kind_of(failure_of(idle)) == (db.QueryTimeoutError, "P2028")
    assert run_plain(triosigno_url, 'SELECT count(*) FROM "Module"') == [(0,)]
    make_module(lessons=0)


def wait_until_alone(url: str) -> None:
    """Wait until the server has ended every other connection to the database."""
    others = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while run_plain(url, others) != [(0,)]:
        assert time.monotonic() < deadline, "the server ended no connection"
        time.sleep(0.02)


# -- other transactions ------------------------------------------------------------------------


def in_two_threads(call: Callable[[int, Barrier], None]) -> list[BaseException | None]:
    """Make a call in two threads, which meet at a barrier; give how each ended."""
    meeting = Barrier(2, timeout=PATIENCE_SECONDS)
    with ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(call, number, meeting) for number in range(2)]
        return [future.exception() for future in futures]


def test_of_two_that_wait_for_each_other_one_gets_a_conflict(triosigno_url: str) -> None:
    [(name,)] = run_plain(triosigno_url, "SELECT current_database()")
    run_plain(triosigno_url, f"ALTER DATABASE \"{name}\" SET deadlock_timeout = '50ms'")
    db.connect(triosigno_url, password_cost=4)
    user, signs = make_user().id, [make_sign().id for _ in range(2)]

    def cross(number: int, meeting: Barrier) -> None:
        with db.transaction():
            db.record_attempt(user, signs[number], is_correct=True)
            meeting.wait()
            db.record_attempt(user, signs[1 - number], is_correct=True)

    lost = [error for error in in_two_threads(cross) if error is not None]
    assert [kind_of(error) for error in lost] == [(db.ConflictError, "P2034")]
    rows = run_plain(triosigno_url, 'SELECT "totalAttempts" FROM "Progress"')
    assert rows == [(1,), (1,)]


def test_a_failure_at_the_commit_is_a_conflict(triosigno_db: IsolatedDatabase) -> None:
    modules = [make_module(lessons=0).id for _ in range(2)]
    wrote = [False, False]

    def skew(number: int, meeting: Barrier) -> None:
        with db.transaction("serializable"):
            assert db.get_module_tree(modules[number]).lessons == ()
            meeting.wait()
            make_lesson(signs=0, module_id=modules[1 - number])
            wrote[number] = True
            meeting.wait()

    lost = [error for error in in_two_threads(skew) if error is not None]
    assert wrote == [True, True]
    assert [kind_of(error) for error in lost] == [(db.ConflictError, "P2034")]
    assert run_plain(triosigno_db.url, 'SELECT count(*) FROM "Lesson"') == [(1,)]


@pytest.mark.usefixtures("triosigno_db")
def test_a_transaction_with_a_caught_failure_says_how_to_go_on() -> None:
    user = make_user().id

    def go_on() -> None:
        with db.transaction():
            failure_of(lambda: db.record_attempt(user, uuid4(), is_correct=True))
            db.get_user_with_preferences(user)

    error = failure_of(go_on)
    assert kind_of(error) == (db.ConflictError, "P2028")
    assert "nested transaction()" in str(error)
    assert db.get_user_with_preferences(user).id == user


@pytest.mark.usefixtures("triosigno_db")
def test_a_failure_caught_around_a_nested_transaction_costs_that_one_only() -> None:
    user, sign = make_user().id, make_sign().id
    with db.transaction():
        db.record_attempt(user, sign, is_correct=True)
        with pytest.raises(db.NotFoundError), db.transaction():
            db.record_attempt(user, uuid4(), is_correct=True)
        db.record_attempt(user, sign, is_correct=True)
    assert db.record_attempt(user, sign, is_correct=True).total_attempts == 3


# -- the connection ----------------------------------------------------------------------------


def test_a_connection_that_is_ended_inside_a_transaction(triosigno_db: IsolatedDatabase) -> None:
    def lose() -> None:
        with db.transaction():
            make_module(lessons=0)
            run_plain(
                triosigno_db.url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            wait_until_alone(triosigno_db.url)
            make_module(lessons=0)

    assert kind_of(failure_of(lose)) == (db.DatabaseUnavailableError, "P1017")
    make_module(lessons=0)
    assert run_plain(triosigno_db.url, 'SELECT count(*) FROM "Module"') == [(1,)]


def test_a_database_that_does_not_exist(triosigno_server) -> None:
    error = failure_of(lambda: db.connect(triosigno_server.url_for("nowhere")))
    assert kind_of(error) == (db.DatabaseUnavailableError, "P1001")
    assert '"nowhere"' in str(error)


# -- plans and values that PostgreSQL can't take -----------------------------------------------


def test_a_stale_plan_inside_a_transaction(triosigno_db: IsolatedDatabase) -> None:
    sign = make_sign()
    with db.connection():
        db.get_sign(sign.id)
        run_plain(triosigno_db.url, 'ALTER TABLE "Sign" ALTER COLUMN "imageUrl" TYPE varchar(99)')

        def read() -> None:
            with db.transaction():
                db.get_sign(sign.id)

        assert kind_of(failure_of(read)) == (db.SchemaMismatchError, "P2021")
        assert db.get_sign(sign.id) == sign


def test_a_number_that_is_none(triosigno_db: IsolatedDatabase) -> None:
    module = db.get_module(make_module(lessons=0).id)
    unchecked = db.ModuleChanges(order=1).model_copy(update={"order": Decimal("NaN")})
    error = failure_of(lambda: db.update_module(module.id, unchecked))
    assert kind_of(error) == (db.InvalidInputError, "P2007")
    assert db.get_module(module.id) == module
