"""The tree of exceptions, and what the server's failures become."""

import pickle
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
from tests.content import make_category, make_lesson, make_module, make_sign, make_user
from tests.plain_sql import run_before_insert, run_plain
from triosigno_db.errors import FieldError

PATIENCE_SECONDS = 20

CODES = {
    db.AlreadyExistsError: "P2002",
    db.ConflictError: "P2034",
    db.DataLossError: None,
    db.DatabaseUnavailableError: "P1001",
    db.InUseError: "P2003",
    db.InvalidInputError: "P2007",
    db.MigrationError: None,
    db.AccountInactiveError: None,
    db.InvalidCredentialsError: None,
    db.MigrationFailedError: "P3018",
    db.MigrationLockedError: "P1002",
    db.NotConnectedError: None,
    db.NotFoundError: "P2025",
    db.OutcomeUnknownError: "P1017",
    db.PermissionDeniedError: "P1010",
    db.PoolTimeoutError: "P2024",
    db.QueryTimeoutError: "P1008",
    db.ReadOnlyError: None,
    db.SchemaMismatchError: "P2021",
}

EXAMPLES = (
    db.TrioSignoDBError("anything"),
    db.AlreadyExistsError("User", "email"),
    db.AlreadyExistsError("User", "email", "camille@example.org"),
    db.ConflictError("lost"),
    db.ConflictError("lost").with_prisma_code("P2028"),
    db.DatabaseUnavailableError("gone").with_prisma_code("P1017"),
    db.InUseError("needed"),
    db.InUseError("needed", {"Sign": 2}),
    db.AccountInactiveError("an id"),
    db.InvalidCredentialsError(),
    db.InvalidInputError("email", "is wrong"),
    db.InvalidInputError("email", "is wrong", FieldError("username", "is empty")),
    db.MigrationError("wrong").with_prisma_code("P3009"),
    db.MigrationFailedError("20260101000000_x", 2, 7, "division by zero", True),
    db.MigrationLockedError("held"),
    db.DataLossError("lost"),
    db.NotConnectedError(),
    db.NotFoundError("Sign"),
    db.NotFoundError("Sign", "a key").with_prisma_code("P2003"),
    db.OutcomeUnknownError("lost"),
    db.PermissionDeniedError("denied"),
    db.ReadOnlyError("a replica"),
    db.PoolTimeoutError(10, 2.5),
    db.QueryTimeoutError("slow"),
    db.SchemaMismatchError("differs"),
    db.SchemaMismatchError("differs", ["one", "two"]),
)


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


# -- the classes -------------------------------------------------------------------------------


def test_every_exported_error_is_in_one_tree() -> None:
    exported = {getattr(db, name) for name in db.__all__ if name.endswith("Error")}
    assert exported == {db.TrioSignoDBError, *CODES}
    assert {error.__bases__ for error in CODES} == {(db.TrioSignoDBError,), (db.MigrationError,)}
    assert db.TrioSignoDBError.__bases__ == (Exception,)


@pytest.mark.parametrize(("error", "code"), CODES.items())
def test_each_error_has_its_prisma_code(error: type[db.TrioSignoDBError], code: str) -> None:
    assert error.prisma_code == code


@pytest.mark.parametrize("error", EXAMPLES, ids=repr)
def test_an_error_survives_pickling(error: db.TrioSignoDBError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (copy.args, copy.__dict__, str(copy)) == (error.args, error.__dict__, str(error))
    assert copy.prisma_code == error.prisma_code


def test_a_finer_code_is_of_one_error_only() -> None:
    db.ConflictError("lost").with_prisma_code("P2028")
    assert db.ConflictError("lost").prisma_code == "P2034"


def test_the_texts_say_what_is_wrong() -> None:
    texts = [str(error) for error in EXAMPLES]
    assert "There is no Sign a key." in texts
    assert "email: is wrong; username: is empty" in texts
    assert "differs\n  - one\n  - two" in texts
    assert "A User with this email already exists: 'camille@example.org'." in texts
    assert any("connect(" in text for text in texts)
    assert any("10 pooled connections" in text and "2.5 s" in text for text in texts)


def test_a_call_without_a_database_says_what_to_do() -> None:
    for call in (
        lambda: db.get_user_with_preferences(uuid4()),
        make_category,
        make_user,
        db.create_schema,
        db.drop_schema,
        lambda: db.connection().__enter__(),
        lambda: db.transaction().__enter__(),
    ):
        error = failure_of(call)
        assert kind_of(error) == (db.NotConnectedError, None)
        assert "connect(" in str(error)


# -- constraints -------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
def test_the_drivers_error_is_the_cause_without_its_details() -> None:
    make_user(email="taken@example.org")
    error = failure_of(lambda: make_user(email="taken@example.org"))
    assert isinstance(error.__cause__, psycopg2.errors.UniqueViolation)
    assert "DETAIL" not in str(error.__cause__)


def test_a_unique_index_that_is_not_the_librarys(database: str) -> None:
    run_plain(database, 'CREATE UNIQUE INDEX "by_hand" ON "User"("role")')
    make_user()
    error = failure_of(make_user)
    assert kind_of(error) == (db.ConflictError, "P2002")
    assert "by_hand" in str(error)


def test_a_foreign_key_that_is_not_the_librarys(database: str) -> None:
    run_plain(
        database,
        "CREATE TABLE names (name text PRIMARY KEY);"
        'ALTER TABLE "Sign" ADD CONSTRAINT "by_hand" FOREIGN KEY (name) REFERENCES names',
    )
    error = failure_of(make_sign)
    assert kind_of(error) == (db.ConflictError, "P2003")
    assert "by_hand" in str(error)


def test_a_missing_value_names_the_attribute(database: str) -> None:
    run_plain(database, 'ALTER TABLE "User" ALTER "firstName" SET NOT NULL')
    error = failure_of(make_user)
    assert kind_of(error) == (db.InvalidInputError, "P2011")
    assert error.field == "first_name"


def test_a_check_is_named(database: str) -> None:
    run_plain(database, 'ALTER TABLE "Module" ADD CONSTRAINT "by_hand" CHECK ("order" < 5)')
    error = failure_of(lambda: make_module(order=5))
    assert kind_of(error) == (db.InvalidInputError, "P2004")
    assert "by_hand" in str(error)


def test_a_value_that_is_too_long(database: str) -> None:
    run_plain(database, 'ALTER TABLE "Module" ALTER title TYPE varchar(3)')
    error = failure_of(lambda: make_module(title="four"))
    assert kind_of(error) == (db.InvalidInputError, "P2000")


def test_a_number_that_is_out_of_range(database: str) -> None:
    # The next module's order would no longer fit into the column.
    make_module(order=2**31 - 1)
    error = failure_of(make_module)
    assert kind_of(error) == (db.InvalidInputError, "P2020")


# -- the schema --------------------------------------------------------------------------------


def test_a_database_without_tables_says_how_to_make_them(empty_url: str) -> None:
    db.connect(empty_url)
    error = failure_of(lambda: db.get_user_with_preferences(uuid4()))
    assert kind_of(error) == (db.SchemaMismatchError, "P2021")
    assert "create_schema()" in str(error)


def test_a_missing_column(database: str) -> None:
    run_plain(database, 'ALTER TABLE "User" DROP "firstName"')
    error = failure_of(lambda: db.get_user_with_preferences(uuid4()))
    assert kind_of(error) == (db.SchemaMismatchError, "P2022")
    assert "firstName" in str(error)


def test_a_missing_right(server, database: str) -> None:
    role = f"guest_{uuid4().hex}"
    run_plain(database, f"CREATE ROLE {role} LOGIN PASSWORD 'guest'")
    try:
        db.connect(database, user=role, password="guest")
        error = failure_of(lambda: db.get_user_with_preferences(uuid4()))
        assert kind_of(error) == (db.PermissionDeniedError, "P1010")
    finally:
        run_plain(database, f"DROP ROLE {role}")


def test_a_table_that_a_view_still_needs(database: str) -> None:
    run_plain(database, 'CREATE VIEW names AS SELECT username FROM "User"')
    error = failure_of(db.drop_schema)
    assert kind_of(error) == (db.InUseError, "P2003")
    assert "view names depends on table" in str(error)
    make_user()


# -- time limits -------------------------------------------------------------------------------


def test_a_statement_that_takes_too_long(url: str) -> None:
    run_before_insert(url, "Module", "PERFORM pg_sleep(30)")
    db.connect(url, statement_timeout=0.1)
    error = failure_of(make_module)
    assert kind_of(error) == (db.QueryTimeoutError, "P1008")
    assert "statement timeout" in str(error)


def test_a_lock_that_is_not_free_in_time(url: str) -> None:
    db.connect(url, lock_timeout=0.1)
    with holding(url, 'LOCK TABLE "Module"'):
        error = failure_of(make_module)
    assert kind_of(error) == (db.QueryTimeoutError, "P1008")
    assert "lock" in str(error)
    make_module()


def test_a_transaction_that_idles_too_long(url: str) -> None:
    db.connect(url, idle_transaction_timeout=0.1)

    def idle() -> None:
        with db.transaction():
            make_module()
            wait_until_alone(url)
            make_module()

    assert kind_of(failure_of(idle)) == (db.QueryTimeoutError, "P2028")
    assert run_plain(url, 'SELECT count(*) FROM "Module"') == [(0,)]
    make_module()


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


def test_of_two_that_wait_for_each_other_one_gets_a_conflict(url: str) -> None:
    [(name,)] = run_plain(url, "SELECT current_database()")
    run_plain(url, f"ALTER DATABASE \"{name}\" SET deadlock_timeout = '50ms'")
    db.connect(url, password_cost=4)
    user, signs = make_user().id, [make_sign().id for _ in range(2)]

    def cross(number: int, meeting: Barrier) -> None:
        with db.transaction():
            db.record_attempt(user, signs[number], is_correct=True)
            meeting.wait()
            db.record_attempt(user, signs[1 - number], is_correct=True)

    lost = [error for error in in_two_threads(cross) if error is not None]
    assert [kind_of(error) for error in lost] == [(db.ConflictError, "P2034")]
    rows = run_plain(url, 'SELECT "totalAttempts" FROM "Progress"')
    assert rows == [(1,), (1,)]


def test_a_failure_at_the_commit_is_a_conflict(database: str) -> None:
    modules = [make_module().id for _ in range(2)]
    wrote = [False, False]

    def skew(number: int, meeting: Barrier) -> None:
        with db.transaction("serializable"):
            assert db.get_module_tree(modules[number]).lessons == ()
            meeting.wait()
            make_lesson(module_id=modules[1 - number])
            wrote[number] = True
            meeting.wait()

    lost = [error for error in in_two_threads(skew) if error is not None]
    assert wrote == [True, True]
    assert [kind_of(error) for error in lost] == [(db.ConflictError, "P2034")]
    assert run_plain(database, 'SELECT count(*) FROM "Lesson"') == [(1,)]


@pytest.mark.usefixtures("database")
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


@pytest.mark.usefixtures("database")
def test_a_failure_caught_around_a_nested_transaction_costs_that_one_only() -> None:
    user, sign = make_user().id, make_sign().id
    with db.transaction():
        db.record_attempt(user, sign, is_correct=True)
        with pytest.raises(db.NotFoundError), db.transaction():
            db.record_attempt(user, uuid4(), is_correct=True)
        db.record_attempt(user, sign, is_correct=True)
    assert db.record_attempt(user, sign, is_correct=True).total_attempts == 3


# -- the connection ----------------------------------------------------------------------------


def test_a_connection_that_is_ended_inside_a_transaction(database: str) -> None:
    def lose() -> None:
        with db.transaction():
            make_module()
            run_plain(
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            wait_until_alone(database)
            make_module()

    assert kind_of(failure_of(lose)) == (db.DatabaseUnavailableError, "P1017")
    make_module()
    assert run_plain(database, 'SELECT count(*) FROM "Module"') == [(1,)]


def test_a_database_that_does_not_exist(server) -> None:
    error = failure_of(lambda: db.connect(server.url_for("nowhere")))
    assert kind_of(error) == (db.DatabaseUnavailableError, "P1001")
    assert '"nowhere"' in str(error)


# -- plans and values that PostgreSQL can't take -----------------------------------------------


def test_a_stale_plan_inside_a_transaction(database: str) -> None:
    sign = make_sign()
    with db.connection():
        db.get_sign(sign.id)
        run_plain(database, 'ALTER TABLE "Sign" ALTER COLUMN "imageUrl" TYPE varchar(99)')

        def read() -> None:
            with db.transaction():
                db.get_sign(sign.id)

        assert kind_of(failure_of(read)) == (db.SchemaMismatchError, "P2021")
        assert db.get_sign(sign.id) == sign


def test_a_number_that_is_none(database: str) -> None:
    module = make_module()
    unchecked = db.ModuleChanges(order=1).model_copy(update={"order": Decimal("NaN")})
    error = failure_of(lambda: db.update_module(module.id, unchecked))
    assert kind_of(error) == (db.InvalidInputError, "P2007")
    assert db.get_module(module.id) == module
