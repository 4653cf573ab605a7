"""That what drives the functions counts right: the rows say what was called."""

from collections.abc import Iterator

import pytest

import triosigno_db as db
from tests.benchmarks import data, growth, load, pgbench
from tests.benchmarks.calls import HOT, Rows
from tests.benchmarks.figures import Load
from tests.benchmarks.psycopg_peer import open_pool
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import DatabaseServer

ROWS = Rows(users=20, progress_per_user=3)


@pytest.fixture
def loaded(empty_url: str) -> Iterator[str]:
    """The library, connected to a database with a few of the benchmarks' rows."""
    data.load(empty_url, *ROWS)
    yield empty_url
    db.disconnect()


def attempts_counted() -> int:
    """The attempts in the table beyond the one that each row begins with."""
    ((total, rows),) = run_sql('SELECT sum("totalAttempts"), count(*) FROM "Progress"')
    assert rows == ROWS.users * ROWS.progress_per_user
    return int(total) - rows


def calls_of(seen: Load) -> int:
    return sum(seen.counts)


@pytest.mark.parametrize("name", HOT)
def test_threads_call_the_function(loaded: str, name: str) -> None:
    seen = load.drive_threads(load.Turn(name, seconds=0.2, seed=1, rows=ROWS), threads=3)
    assert len(seen.counts) == 3
    assert seen.errors == 0
    assert 0 < seen.milliseconds(50)[0] <= seen.milliseconds(99)[0]
    expected = calls_of(seen) + 3 * load.WARM_UP if name == "record_attempt" else 0
    assert attempts_counted() == expected


@pytest.mark.parametrize("name", HOT)
def test_psycopg_pool_runs_the_same_statement(loaded: str, name: str) -> None:
    turn = load.Turn(name, seconds=0.2, seed=1, rows=ROWS)
    with open_pool() as peer:
        seen = load.drive_psycopg_pool(turn, 3, peer)
    assert len(seen.counts) == 3
    assert (seen.errors, seen.processor > 0) == (0, True)
    expected = calls_of(seen) + 3 * load.WARM_UP if name == "record_attempt" else 0
    assert attempts_counted() == expected


def test_processes_call_it_too(loaded: str) -> None:
    turn = load.Turn("record_attempt", seconds=0.2, seed=1, rows=ROWS)
    seen = load.drive_processes(turn, processes=2, url=loaded)
    assert len(seen.counts) == 2
    assert seen.errors == 0
    assert attempts_counted() == calls_of(seen) + 2 * load.WARM_UP


def test_errors_are_counted_apart(loaded: str) -> None:
    run_sql(
        f"""
        CREATE SEQUENCE calls;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('calls') > {load.WARM_UP} THEN
                RAISE 'full' USING ERRCODE = 'disk_full';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON "Progress" FOR EACH ROW EXECUTE FUNCTION refuse();
        """
    )
    turn = load.Turn("record_attempt", seconds=0.2, seed=1, rows=ROWS)
    seen = load.drive_threads(turn, threads=1)
    assert seen.errors > 0
    assert seen.counts == [0]
    assert attempts_counted() == load.WARM_UP


@pytest.mark.skipif(pgbench.find_pgbench() is None, reason="there is no pgbench here")
@pytest.mark.parametrize("name", HOT)
def test_pgbench_runs_the_same_statement(loaded: str, name: str) -> None:
    program = pgbench.find_pgbench()
    assert program is not None
    seen = pgbench.drive(program, HOT[name], ROWS, clients=2, seconds=2, seed=1)
    assert len(seen.counts) == 2
    assert seen.rate > 0
    assert attempts_counted() == (calls_of(seen) if name == "record_attempt" else 0)


@pytest.mark.slow
def test_growth_measures_each_function_at_each_size(triosigno_server: DatabaseServer) -> None:
    sizes = [growth.grow(triosigno_server, size) for size in (100, 300)]
    try:
        growth.measure(sizes, rounds=10, seed=1)
    finally:
        for each in sizes:
            triosigno_server.drop_database(f"growth_{each.size}")
    for each in sizes:
        assert {name: len(times) for name, times in each.times.items()} == dict.fromkeys(
            growth.CALLS, 10
        )
        assert growth.median(each, "get_learner_summary") > 0


def test_figures_of_a_load() -> None:
    seen = Load([[0.001] * 98, [0.002, 0.005]], elapsed=0.5)
    assert seen.rate == 200
    assert seen.milliseconds(50, 95, 99) == [1.0, 1.0, 5.0]


def test_the_slowest_is_held_against_the_mean_where_most_callers_starve() -> None:
    assert Load([[1.0] * 50, [1.0] * 100, [1.0] * 110], elapsed=1).slowest_share == 0.5
    assert Load([[1.0], [1.0], [1.0] * 298], elapsed=1).slowest_share == 0.01
