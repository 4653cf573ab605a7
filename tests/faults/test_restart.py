"""A server that restarts, and connections that are lost."""

import threading
from collections.abc import Iterator
from operator import ge

import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory
from triosigno_db.testing import IsolatedDatabase, ThrowawayPostgres
from triosigno_db.testing.factories import make_category, make_user

KILL = "SELECT pg_terminate_backend({})"


@pytest.fixture(scope="module")
def own_server() -> Iterator[ThrowawayPostgres]:
    """A server that may be restarted without harm to other tests."""
    with ThrowawayPostgres() as server:
        db.connect(server.url)
        db.create_schema()
        db.disconnect()
        yield server


@pytest.fixture
def connected_to_own(own_server: ThrowawayPostgres) -> Iterator[ThrowawayPostgres]:
    db.connect(own_server.url, password_cost=4)
    yield own_server
    db.disconnect()


def kill(url: str, backend: int) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(KILL.format(backend))
        # The backend is gone once its row is.
        while cursor.rowcount:
            cursor.execute(f"SELECT 1 FROM pg_stat_activity WHERE pid = {backend}")
    connection.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_reads_survive_a_restart(connected_to_own: ThrowawayPostgres, mode: str) -> None:
    user = make_user()
    for _ in range(3):
        connected_to_own.restart(mode)  # type: ignore[arg-type]
        assert db.get_user_with_preferences(user.id) == user


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_writes_after_a_restart_need_no_second_try(
    connected_to_own: ThrowawayPostgres, mode: str
) -> None:
    make_category()
    connected_to_own.restart(mode)  # type: ignore[arg-type]
    make_category()
    connected_to_own.restart(mode)  # type: ignore[arg-type]
    SignCategory.create(name=f"after {mode}", description="")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_reads_during_restarts_never_fail(connected_to_own: ThrowawayPostgres, mode: str) -> None:
    user = make_user()
    finished = threading.Event()
    failures: list[BaseException] = []
    reads, has_read = [0] * 4, threading.Condition()

    def read(number: int) -> None:
        while not finished.is_set():
            try:
                assert db.get_user_with_preferences(user.id) == user
            except db.TrioSignoDBError as exc:
                failures.append(exc)
            with has_read:
                reads[number] += 1
                has_read.notify()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        connected_to_own.restart(mode)  # type: ignore[arg-type]
        with has_read:
            # A read is repeated once: the next restart waits until none is left from before.
            goals = [count + 2 for count in reads]
            has_read.wait_for(lambda: all(map(ge, reads, goals)))  # noqa: B023
    finished.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_block_goes_on_after_a_restart(connected_to_own: ThrowawayPostgres) -> None:
    user = make_user()
    with db.connection():
        make_category()
        connected_to_own.restart()
        assert db.get_user_with_preferences(user.id) == user
        connected_to_own.restart()
        make_category()
        connected_to_own.restart()
        with db.transaction():
            make_category()


def test_a_server_that_stays_away_is_told(own_server: ThrowawayPostgres) -> None:
    with ThrowawayPostgres() as short_lived:
        db.connect(short_lived.url, connect_timeout=2, password_cost=4)
        db.create_schema()
        user = make_user()
        short_lived.stop()
        with pytest.raises(db.DatabaseUnavailableError):
            db.get_user_with_preferences(user.id)
        with pytest.raises(db.DatabaseUnavailableError):
            make_category()
        with pytest.raises(db.DatabaseUnavailableError), db.transaction():
            pytest.fail("the block was entered")


def test_a_lost_transaction_is_not_repeated(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(db.DatabaseUnavailableError) as caught, db.transaction():
        make_category()
        ((backend,),) = run_sql("SELECT pg_backend_pid()")
        kill(triosigno_db.url, backend)
        make_category()
    assert caught.value.prisma_code == "P1017"
    assert SignCategory.select().count() == 0


def test_the_caller_s_own_error_is_kept(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        make_category()
        with db.transaction():
            ((backend,),) = run_sql("SELECT pg_backend_pid()")
            kill(triosigno_db.url, backend)
            1 / 0  # noqa: B018
    make_category()
    assert SignCategory.select().count() == 1


def test_a_connection_lost_before_the_commit_is_told(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(db.DatabaseUnavailableError), db.transaction():
        make_category()
        ((backend,),) = run_sql("SELECT pg_backend_pid()")
        kill(triosigno_db.url, backend)
    assert SignCategory.select().count() == 0


def test_a_stale_plan_is_made_anew(triosigno_db: IsolatedDatabase) -> None:
    user = make_user()
    db.get_user_with_preferences(user.id)
    run_sql('ALTER TABLE "User" ALTER COLUMN "firstName" TYPE varchar(99)')
    assert db.get_user_with_preferences(user.id) == user
    make_category()
    run_sql('ALTER TABLE "SignCategory" ALTER COLUMN "imageUrl" TYPE varchar(99)')
    make_category()
    assert SignCategory.select().count() == 2


def test_statements_that_somebody_deallocated_are_prepared_again(
    triosigno_db: IsolatedDatabase,
) -> None:
    user = make_user()
    db.get_user_with_preferences(user.id)
    run_sql("DEALLOCATE ALL")
    assert db.get_user_with_preferences(user.id) == user
    with db.connection():
        make_category()
        run_sql("DISCARD ALL")
        make_category()


END_OWN_CONNECTION = """
CREATE SEQUENCE tries;
CREATE FUNCTION end_own_connection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('tries');
    PERFORM pg_terminate_backend(pg_backend_pid());
    RETURN NEW;
END $$;
CREATE TRIGGER end_own_connection BEFORE INSERT ON "SignCategory"
FOR EACH ROW EXECUTE FUNCTION end_own_connection();
"""


def test_a_write_whose_connection_is_lost_is_never_sent_again(
    triosigno_db: IsolatedDatabase,
) -> None:
    run_sql(END_OWN_CONNECTION)
    with pytest.raises(db.OutcomeUnknownError):
        make_category()
    # A sequence counts what was rolled back, too.
    assert run_sql("SELECT last_value, is_called FROM tries") == [(1, True)]
