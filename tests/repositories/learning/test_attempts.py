"""Many attempts at once: the same as one after the other, all or nothing, also in a crowd."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.learning_rows import Clock, add_rows, progress_row, run_at_once, run_during
from tests.plain_sql import run_plain
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.counter import counting_statements
from triosigno_db.testing.factories import make_category, make_sign, make_user

NEVER = datetime(2020, 1, 1, tzinfo=UTC)

STORED = (
    'SELECT "signId", "masteryLevel", "correctAttempts", "totalAttempts" FROM "Progress"'
    ' WHERE "userId" = %s ORDER BY 1'
)


def attempt(sign_id: Any, is_correct: bool = True, mastery: int | None = None) -> db.Attempt:
    return db.Attempt(sign_id=sign_id, is_correct=is_correct, mastery_level=mastery)


def counters(progress: db.ProgressRecord) -> tuple[str, int, int, int]:
    return (
        progress.sign_id,
        progress.mastery_level,
        progress.correct_attempts,
        progress.total_attempts,
    )


def stored(url: str, user_id: str) -> list[tuple[Any, ...]]:
    return run_plain(url, STORED, (user_id,))


def make_many_signs(url: str, number: int) -> list[str]:
    rows = run_plain(
        url,
        'INSERT INTO "Sign" (id, name, description, "videoUrl", difficulty, "categoryId",'
        " \"updatedAt\") SELECT gen_random_uuid(), 'sign ' || number, '', '', 'BEGINNER', %s,"
        " now() FROM generate_series(1, %s) AS number RETURNING id",
        (make_category().id, number),
    )
    return [sign_id for (sign_id,) in rows]


# -- the same as one after the other ----------------------------------------------------------

SIGNS = 3

some_attempts = st.lists(
    st.tuples(
        st.integers(0, SIGNS - 1), st.booleans(), st.none() | st.none() | st.integers(0, 100)
    ),
    max_size=40,
)
# A row that Prisma's side wrote before there was a CHECK constraint may be out of bounds.
some_rows = st.dictionaries(
    st.integers(0, SIGNS - 1), st.tuples(st.integers(-60, 160), st.integers(0, 9))
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made=some_attempts, earlier=some_rows)
def test_a_batch_comes_to_what_the_same_attempts_come_to_one_by_one(
    batch_of_signs, made, earlier
) -> None:
    url, one_by_one, at_once, signs = batch_of_signs
    run_plain(url, 'DELETE FROM "Progress"')
    for user in (one_by_one, at_once):
        rows = [
            progress_row(
                user,
                signs[place],
                masteryLevel=mastery,
                correctAttempts=correct,
                totalAttempts=correct + 2,
            )
            for place, (mastery, correct) in earlier.items()
        ]
        add_rows(url, "Progress", *rows)
    last: dict[int, Any] = {}
    for place, is_correct, mastery in made:
        last[place] = counters(
            db.record_attempt(
                one_by_one, signs[place], is_correct=is_correct, mastery_level=mastery
            )
        )
    batch = [attempt(signs[place], *values) for place, *values in made]
    assert [counters(each) for each in db.record_attempts(at_once, batch)] == [*last.values()]
    assert stored(url, at_once) == stored(url, one_by_one)


@pytest.fixture
def batch_of_signs(triosigno_db: IsolatedDatabase) -> tuple[str, str, str, list[str]]:
    """The database, two learners, and signs whose rows may hold any mastery."""
    run_plain(
        triosigno_db.url, 'ALTER TABLE "Progress" DROP CONSTRAINT "Progress_masteryLevel_check"'
    )
    return triosigno_db.url, make_user().id, make_user().id, [make_sign().id for _ in range(SIGNS)]


def test_a_given_mastery_sets_later_attempts_but_not_the_first(
    triosigno_db: IsolatedDatabase,
) -> None:
    user, sign = make_user().id, make_sign().id
    (made,) = db.record_attempts(user, [attempt(sign, mastery=90)])
    assert counters(made) == (sign, 10, 1, 1)
    (made,) = db.record_attempts(user, [attempt(sign, mastery=90), attempt(sign, False)])
    assert counters(made) == (sign, 85, 2, 3)


def test_new_rows_and_later_ones_are_of_now(clock: Clock) -> None:
    now = clock.set(datetime(2026, 3, 29, 0, 59, 59, 999_000, tzinfo=UTC))
    user, old, new = make_user().id, make_sign().id, make_sign().id
    add_rows(clock.url, "Progress", progress_row(user, old))
    made = db.record_attempts(user, [attempt(old), attempt(new)])
    assert [(each.created_at, each.last_practiced, each.updated_at) for each in made] == [
        (NEVER, now, now),
        (now, now, now),
    ]


def test_what_comes_back_is_what_is_stored(triosigno_db: IsolatedDatabase) -> None:
    user, signs = make_user().id, [make_sign().id for _ in range(3)]
    db.record_attempt(user, signs[1], is_correct=True)
    made = db.record_attempts(user, [attempt(sign) for sign in signs])
    assert list(made) == [db.get_progress(user, sign) for sign in signs]
    assert all(each.id == str(UUID(each.id)) for each in made)


# -- what is given and what comes back --------------------------------------------------------


def test_records_come_in_the_order_of_the_first_attempts(triosigno_db: IsolatedDatabase) -> None:
    user, signs = make_user().id, [make_sign().id for _ in range(20)]
    db.record_attempts(user, [attempt(sign) for sign in signs[::2]])
    random.Random(1).shuffle(signs)
    made = db.record_attempts(user, [attempt(sign) for sign in [*signs, *reversed(signs)]])
    assert [each.sign_id for each in made] == signs


def test_a_shape_of_fewer_fields_is_read_alone(triosigno_db: IsolatedDatabase) -> None:
    class Level(db.Record):
        mastery_level: int

    user, sign = make_user().id, make_sign().id
    assert db.record_attempts(user, [attempt(sign)], shape=Level) == (Level(mastery_level=10),)


def test_ids_of_any_form_are_of_one_sign(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    forms: list[Any] = [sign, UUID(sign)]
    (made,) = db.record_attempts(UUID(user), [attempt(form) for form in forms])
    assert counters(made) == (sign, 20, 2, 2)


def test_no_attempts_send_nothing(triosigno_db: IsolatedDatabase) -> None:
    user = make_user().id
    with counting_statements() as sent:
        assert db.record_attempts(user, []) == ()
    assert sent.names == []


def test_ten_thousand_signs_are_one_statement(triosigno_db: IsolatedDatabase) -> None:
    user, signs = make_user().id, make_many_signs(triosigno_db.url, 10_000)
    batch = [attempt(sign, number % 2 == 0) for number, sign in enumerate(signs)]
    for times in (1, 2):
        with counting_statements() as sent:
            made = db.record_attempts(user, batch)
        assert sent.names == ["upsert_progress_of_batch"]
        assert [each.sign_id for each in made] == signs
        assert {each.total_attempts for each in made} == {times}
    assert run_plain(
        triosigno_db.url,
        'SELECT count(*), sum("correctAttempts"), sum("totalAttempts") FROM "Progress"',
    ) == [(10_000, 10_000, 20_000)]


def test_ten_thousand_attempts_at_one_sign_stay_within_bounds(
    triosigno_db: IsolatedDatabase,
) -> None:
    user, sign = make_user().id, make_sign().id
    batch = [attempt(sign, number >= 5_000) for number in range(10_000)]
    for times in (1, 2):
        (made,) = db.record_attempts(user, batch)
        assert counters(made) == (sign, 100, times * 5_000, times * 10_000)


def test_one_attempt_too_many_is_refused_before_anything_is_sent(
    triosigno_db: IsolatedDatabase,
) -> None:
    batch = [attempt(uuid4())] * 10_001
    with counting_statements() as sent, pytest.raises(db.InvalidInputError) as caught:
        db.record_attempts(uuid4(), batch)
    assert caught.value.field == "attempts"
    assert sent.names == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (None, "attempts"),
        ("attempts", "attempts"),
        ({}, "attempts"),
        (iter([]), "attempts"),
        ([attempt(uuid4()), None], "attempts[1]"),
        ([{"sign_id": uuid4(), "is_correct": True}], "attempts[0]"),
        (b"x", "attempts[0]"),
    ],
)
def test_what_is_no_list_of_attempts_is_named(
    triosigno_db: IsolatedDatabase, wrong: Any, field: str
) -> None:
    with counting_statements() as sent, pytest.raises(db.InvalidInputError) as caught:
        db.record_attempts(uuid4(), wrong)
    assert (caught.value.field, sent.names) == (field, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [("sign_id", ""), ("is_correct", "yes"), ("mastery_level", 101), ("mastery_level", 0.5)],
)
def test_a_copy_with_unchecked_values_is_refused(
    triosigno_db: IsolatedDatabase, name: str, value: Any
) -> None:
    attempt = db.Attempt(sign_id=make_sign().id, is_correct=True)
    unchecked = attempt.model_copy(update={name: value})
    with pytest.raises(db.InvalidInputError) as refused:
        db.record_attempts(make_user().id, [attempt, unchecked])
    assert refused.value.field == f"attempts[1].{name}"


def test_a_wrong_learner_id_is_named(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        db.record_attempts("", [attempt(uuid4())])
    assert caught.value.field == "user_id"


# -- all or nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_first_missing_sign_is_named_and_nothing_counted(
    triosigno_db: IsolatedDatabase, place: int
) -> None:
    user, signs = make_user().id, [make_sign().id, make_sign().id]
    db.record_attempt(user, signs[0], is_correct=True)
    before = stored(triosigno_db.url, user)
    missing = str(uuid4())
    signs.insert(place, missing)
    batch = [attempt(sign) for sign in [*signs, uuid4()]]
    with counting_statements() as sent, pytest.raises(db.NotFoundError) as caught:
        db.record_attempts(user, batch)
    assert (caught.value.entity, caught.value.key) == ("Sign", missing)
    assert len(sent) == 1
    assert stored(triosigno_db.url, user) == before


def test_an_unknown_learner_is_named(triosigno_db: IsolatedDatabase) -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        db.record_attempts(unknown, [attempt(make_sign().id)])
    assert (caught.value.entity, caught.value.key) == ("User", str(unknown))
    assert stored(triosigno_db.url, str(unknown)) == []


def test_a_counter_that_is_full_refuses_the_whole_batch(triosigno_db: IsolatedDatabase) -> None:
    user, full, other = make_user().id, make_sign().id, make_sign().id
    add_rows(triosigno_db.url, "Progress", progress_row(user, full, totalAttempts=2**31 - 1))
    with pytest.raises(db.InvalidInputError):
        db.record_attempts(user, [attempt(other), attempt(full)])
    assert stored(triosigno_db.url, user) == [(full, 0, 0, 2**31 - 1)]


def test_a_batch_goes_with_its_transaction(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    with pytest.raises(ZeroDivisionError), db.transaction():
        db.record_attempts(user, [attempt(sign)] * 2)
        raise ZeroDivisionError
    assert stored(triosigno_db.url, user) == []


def test_a_batch_counts_what_its_transaction_counted_before(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    with db.transaction():
        db.record_attempt(user, sign, is_correct=True)
        db.record_attempts(user, [attempt(sign)] * 2)
    assert stored(triosigno_db.url, user) == [(sign, 30, 3, 3)]


# -- with others ------------------------------------------------------------------------------


@pytest.mark.parametrize("have_rows", [True, False])
def test_batches_at_once_in_any_order_count_every_attempt(
    triosigno_db: IsolatedDatabase, have_rows: bool
) -> None:
    user, signs = make_user().id, sorted(make_many_signs(triosigno_db.url, 60))
    if have_rows:
        add_rows(
            triosigno_db.url,
            "Progress",
            *(progress_row(user, sign, correctAttempts=0, totalAttempts=0) for sign in signs),
        )

    def batches(seed: int) -> Callable[[], None]:
        choice = random.Random(seed)

        def record() -> None:
            for _ in range(5):
                order = choice.sample(signs, len(signs))
                db.record_attempts(user, [attempt(sign) for sign in order])

        return record

    assert run_at_once(*(batches(seed) for seed in range(4))) == [None] * 4
    assert stored(triosigno_db.url, user) == [(sign, 100, 20, 20) for sign in signs]


def test_a_row_that_another_call_inserts_meanwhile_is_counted_further(
    triosigno_db: IsolatedDatabase,
) -> None:
    user, sign = make_user().id, make_sign().id
    insert = (
        'INSERT INTO "Progress" (id, "userId", "signId", "masteryLevel", "correctAttempts",'
        ' "totalAttempts", "updatedAt") VALUES (%s, %s, %s, 50, 1, 2, now())'
    )
    batch = [attempt(sign), attempt(sign), attempt(sign, False)]
    (made,) = run_during(
        triosigno_db.url,
        insert,
        (str(uuid4()), user, sign),
        lambda: db.record_attempts(user, batch),
    )
    assert [counters(each) for each in made] == [(sign, 65, 3, 5)]


def test_a_row_that_is_deleted_meanwhile_is_made_again(triosigno_db: IsolatedDatabase) -> None:
    user, signs = make_user().id, sorted(make_many_signs(triosigno_db.url, 2))
    db.record_attempts(user, [attempt(sign) for sign in signs])
    (made,) = run_during(
        triosigno_db.url,
        'DELETE FROM "Progress" WHERE "signId" = %s',
        (signs[0],),
        lambda: db.record_attempts(user, [attempt(sign) for sign in signs]),
    )
    expected = [(signs[0], 10, 1, 1), (signs[1], 20, 2, 2)]
    assert [counters(each) for each in made] == expected
    assert stored(triosigno_db.url, user) == expected


def test_a_sign_that_is_deleted_meanwhile_is_named_and_nothing_counted(
    triosigno_db: IsolatedDatabase,
) -> None:
    user, signs = make_user().id, sorted(make_many_signs(triosigno_db.url, 2))
    (made,) = run_during(
        triosigno_db.url,
        'DELETE FROM "Sign" WHERE id = %s',
        (signs[0],),
        lambda: db.record_attempts(user, [attempt(sign) for sign in signs]),
    )
    assert isinstance(made, db.NotFoundError)
    assert made.entity == "Sign"
    assert stored(triosigno_db.url, user) == []
