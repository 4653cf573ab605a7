"""Eight processes at once: no attempt is lost, no account is made twice, no lists mix."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises import workers
from tests.sampling import mostly_slow
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_sign, make_user

PROCESSES = 8
ROUNDS = 10

InAll = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def in_all() -> Iterator[InAll]:
    """Run a function of `workers` in eight fresh processes at once, and give what each returns."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(
        PROCESSES, mp_context=context, initializer=workers.take_barrier, initargs=(barrier,)
    ) as executor:

        def run(function: Callable[..., Any], *arguments: Any) -> list[Any]:
            # Each call waits for the seven others, so that each process takes exactly one.
            calls = [executor.submit(function, *arguments) for _ in range(PROCESSES)]
            return [call.result() for call in calls]

        yield run


def test_two_thousand_attempts_from_eight_processes_are_all_counted(
    triosigno_db: IsolatedDatabase, in_all: InAll
) -> None:
    user, sign = make_user().id, make_sign().id
    totals = in_all(workers.attempt_many, triosigno_db.url, user, sign, 2_000 // PROCESSES)
    assert sorted(total for seen in totals for total in seen) == list(range(1, 2_001))
    rows = run_plain(triosigno_db.url, 'SELECT "correctAttempts", "totalAttempts" FROM "Progress"')
    assert rows == [(1_000, 2_000)]


def test_first_attempts_at_once_make_one_row(triosigno_db: IsolatedDatabase, in_all: InAll) -> None:
    user, signs = make_user().id, [make_sign().id for _ in range(ROUNDS)]
    seen = in_all(workers.attempt_each, triosigno_db.url, user, signs)
    for outcomes in zip(*seen, strict=True):
        assert len({row_id for row_id, _ in outcomes}) == 1
        assert sorted(total for _, total in outcomes) == list(range(1, PROCESSES + 1))
    rows = run_plain(triosigno_db.url, 'SELECT "masteryLevel", "totalAttempts" FROM "Progress"')
    assert rows == [(10 * PROCESSES, PROCESSES)] * ROUNDS


@pytest.mark.parametrize(
    ("field", "end"),
    mostly_slow([("email", "@example.org"), ("username", "")], 1, unpack=True),
)
def test_of_eight_users_with_one_value_exactly_one_is_made(
    triosigno_db: IsolatedDatabase, in_all: InAll, field: str, end: str
) -> None:
    values = [f"camille{number}{end}" for number in range(ROUNDS)]
    seen = in_all(workers.create_each, triosigno_db.url, field, values)
    winners = []
    for value, outcomes in zip(values, zip(*seen, strict=True), strict=True):
        (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
        losers = [outcome for outcome in outcomes if outcome != winner]
        assert [(type(e), e.entity, e.field, e.value) for e in losers] == [
            (db.AlreadyExistsError, "User", field, value)
        ] * (PROCESSES - 1)
        winners.append(winner)
    stored = run_plain(
        triosigno_db.url, 'SELECT u.id FROM "User" u JOIN "UserPreference" p ON p."userId" = u.id'
    )
    assert sorted(row[0] for row in stored) == sorted(winners)
    assert run_plain(triosigno_db.url, 'SELECT count(*) FROM "User"') == [(ROUNDS,)]


def test_lists_of_signs_set_from_eight_processes_never_mix(
    triosigno_db: IsolatedDatabase, in_all: InAll
) -> None:
    lesson, signs = make_lesson(signs=0), [make_sign().id for _ in range(PROCESSES)]
    lists = in_all(workers.set_many, triosigno_db.url, lesson.id, signs, 5 * ROUNDS)
    assert len({tuple(wanted) for wanted in lists}) == PROCESSES
    (read,) = db.get_module_tree(lesson.module_id).lessons
    assert [placed.sign_id for placed in read.lesson_signs] in lists
