"""Attempts: what one does to a learner's progress, at first and later."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from triosigno_db.models import Progress
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_sign, make_user

pytestmark = pytest.mark.usefixtures("triosigno_db")


@pytest.fixture
def pair(triosigno_db: IsolatedDatabase) -> tuple[str, str]:
    """The ids of a learner and a sign."""
    return make_user().id, make_sign().id


def counters(progress: db.ProgressRecord) -> tuple[int, int, int]:
    return progress.mastery_level, progress.correct_attempts, progress.total_attempts


def start_at(pair: tuple[str, str], mastery: int) -> None:
    """Give the pair a row with this mastery."""
    db.record_attempt(*pair, is_correct=True)
    Progress.update(mastery_level=mastery).execute()


@pytest.mark.parametrize(("is_correct", "expected"), [(True, (10, 1, 1)), (False, (0, 0, 1))])
def test_the_first_attempt_makes_the_row(pair, is_correct: bool, expected) -> None:
    made = db.record_attempt(*pair, is_correct=is_correct)
    assert (made.user_id, made.sign_id) == pair
    assert counters(made) == expected
    assert made.id == str(UUID(made.id))


@pytest.mark.parametrize(
    ("is_correct", "mastery_level", "expected"), [(True, 0, (10, 1, 1)), (False, 100, (0, 0, 1))]
)
def test_a_given_mastery_does_not_count_at_the_first_attempt(
    pair, is_correct: bool, mastery_level: int, expected
) -> None:
    made = db.record_attempt(*pair, is_correct=is_correct, mastery_level=mastery_level)
    assert counters(made) == expected


@pytest.mark.parametrize(
    ("is_correct", "before", "after"),
    [
        (True, 50, 60),
        (True, 90, 100),
        (True, 95, 100),
        (True, 100, 100),
        (True, 0, 10),
        (False, 50, 45),
        (False, 5, 0),
        (False, 4, 0),
        (False, 0, 0),
        (False, 100, 95),
    ],
)
def test_a_later_attempt_moves_the_mastery_within_its_bounds(
    pair, is_correct: bool, before: int, after: int
) -> None:
    start_at(pair, before)
    later = db.record_attempt(*pair, is_correct=is_correct)
    assert counters(later) == (after, 1 + is_correct, 2)


@pytest.mark.parametrize(("is_correct", "mastery_level"), [(True, 0), (False, 100), (True, 73)])
def test_a_later_attempt_sets_a_given_mastery(pair, is_correct: bool, mastery_level: int) -> None:
    start_at(pair, 50)
    later = db.record_attempt(*pair, is_correct=is_correct, mastery_level=mastery_level)
    assert counters(later) == (mastery_level, 1 + is_correct, 2)


def test_what_comes_back_is_what_is_stored(pair) -> None:
    for is_correct in (True, False):
        made = db.record_attempt(*pair, is_correct=is_correct)
        (stored,) = Progress.select()
        assert {name: getattr(stored, name) for name in type(made).model_fields} == dict(made)


def test_an_attempt_is_of_its_learner_and_sign_only(pair) -> None:
    user, sign = pair
    db.record_attempt(user, sign, is_correct=True)
    assert counters(db.record_attempt(user, make_sign().id, is_correct=True)) == (10, 1, 1)
    assert counters(db.record_attempt(make_user().id, sign, is_correct=False)) == (0, 0, 1)
    assert counters(db.record_attempt(user, sign, is_correct=True)) == (20, 2, 2)


@pytest.mark.parametrize("as_given", [UUID, str])
def test_ids_may_be_uuids_or_text(pair, as_given) -> None:
    first = db.record_attempt(*pair, is_correct=True)
    later = db.record_attempt(*map(as_given, pair), is_correct=True)
    assert (later.id, later.total_attempts) == (first.id, 2)


def test_the_attempt_was_now_whatever_the_zone_of_the_session(
    triosigno_db: IsolatedDatabase, pair
) -> None:
    [(name,)] = run_plain(triosigno_db.url, "SELECT current_database()")
    run_plain(triosigno_db.url, f"ALTER DATABASE \"{name}\" SET timezone = 'America/Caracas'")
    db.connect(triosigno_db.url)
    millisecond = timedelta(milliseconds=1)
    for _ in range(2):
        before = datetime.now(UTC)
        made = db.record_attempt(*pair, is_correct=True)
        assert made.last_practiced is not None
        assert before - millisecond <= made.last_practiced <= datetime.now(UTC) + millisecond
        assert made.updated_at == made.last_practiced
        assert made.last_practiced.utcoffset() == timedelta(0)


def test_later_attempts_keep_when_the_row_was_made(pair) -> None:
    first = db.record_attempt(*pair, is_correct=True)
    old = first.created_at.replace(year=2020)
    Progress.update(created_at=old, last_practiced=old, updated_at=old).execute()
    later = db.record_attempt(*pair, is_correct=True)
    assert (later.id, later.created_at) == (first.id, old)
    assert later.last_practiced is not None
    assert later.last_practiced >= first.created_at
    assert later.updated_at >= first.updated_at


@pytest.mark.parametrize("warm", [False, True])
def test_an_unknown_user_or_sign_is_named(triosigno_db: IsolatedDatabase, pair, warm: bool) -> None:
    user, sign = pair
    if warm:
        db.record_attempt(user, sign, is_correct=True)
    before, unknown = count_rows(triosigno_db.url), uuid4()
    for entity, ids in {"User": (unknown, sign), "Sign": (user, unknown)}.items():
        with pytest.raises(db.NotFoundError) as caught:
            db.record_attempt(*ids, is_correct=True)
        assert (caught.value.entity, caught.value.key) == (entity, str(unknown))
        assert caught.value.prisma_code == "P2003"
    assert count_rows(triosigno_db.url) == before


def test_an_attempt_goes_with_its_transaction(pair) -> None:
    def attempt_and_fail() -> None:
        with db.transaction():
            db.record_attempt(*pair, is_correct=True)
            raise ZeroDivisionError

    db.record_attempt(*pair, is_correct=True)
    with pytest.raises(ZeroDivisionError):
        attempt_and_fail()
    assert counters(db.record_attempt(*pair, is_correct=True)) == (20, 2, 2)


attempts = st.lists(
    st.tuples(st.booleans(), st.none() | st.integers(0, 100)), min_size=1, max_size=30
)


# The database lasts for all examples, each of which has a sign of its own.
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made=attempts)
def test_a_sequence_of_attempts_follows_the_rules(pair, made) -> None:
    user, sign = pair[0], make_sign().id
    mastery = correct = 0
    for total, (is_correct, given_mastery) in enumerate(made, start=1):
        correct += is_correct
        if total == 1:
            mastery = 10 if is_correct else 0
        elif given_mastery is not None:
            mastery = given_mastery
        else:
            mastery = min(100, mastery + 10) if is_correct else max(0, mastery - 5)
        progress = db.record_attempt(user, sign, is_correct=is_correct, mastery_level=given_mastery)
        assert counters(progress) == (mastery, correct, total)
