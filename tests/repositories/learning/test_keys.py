"""Idempotency keys: what is repeated counts once."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.learning_rows import Clock
from tests.plain_sql import run_plain
from triosigno_db.database.execution import run_sql
from triosigno_db.repositories.learning.keys import digest_of_key
from triosigno_db.testing import IsolatedDatabase, counting_statements
from triosigno_db.testing.factories import make_lesson, make_sign, make_user

KEYS = 'SELECT count(*) FROM triosigno_db."IdempotencyKey"'


def attempt(user: str, sign: str, key: Any, **options: Any) -> db.ProgressRecord:
    return db.record_attempt(user, sign, is_correct=True, idempotency_key=key, **options)


def set_id(url: str, schema: str, table: str, row_id: str) -> None:
    """Give the only row of a table an id."""
    run_plain(url, f'UPDATE "{schema}"."{table}" SET "id" = %s', (row_id,))


def in_threads(count: int, call: Any) -> list[Any]:
    barrier, outcomes = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        try:
            outcomes.append(call())
        except db.TrioSignoDBError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


# -- attempts ---------------------------------------------------------------------------------


def test_a_repeated_attempt_counts_once(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    first = attempt(user, sign, "one")
    assert (first.mastery_level, first.total_attempts) == (10, 1)
    assert attempt(user, sign, "one") == first
    second = attempt(user, sign, "two")
    assert (second.mastery_level, second.total_attempts) == (20, 2)
    assert attempt(user, sign, "one") == second == db.get_progress(user, sign)


def test_an_attempt_with_a_key_is_one_statement(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    with counting_statements() as counter:
        attempt(user, sign, "key")
        assert len(counter) == 1
        attempt(user, sign, "key")
        assert len(counter) == 3


def test_a_key_is_of_one_learner_and_one_sign(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    for one, other in ((user, sign), (user, make_sign().id), (make_user().id, sign)):
        assert attempt(one, other, "same").total_attempts == 1


def test_a_key_is_of_one_schema(triosigno_db: IsolatedDatabase) -> None:
    db.connect(f"{triosigno_db.url}?schema=other", password_cost=4)
    db.create_schema()
    for schema in ("public", "other"):
        db.connect(f"{triosigno_db.url}?schema={schema}", password_cost=4)
        make_user()
        make_sign()
        set_id(triosigno_db.url, schema, "User", "a user")
        set_id(triosigno_db.url, schema, "Sign", "a sign")
        db.start_session("a user", make_lesson(signs=0).id)
        set_id(triosigno_db.url, schema, "LearningSession", "a session")
        for _ in range(2):
            assert attempt("a user", "a sign", "key").total_attempts == 1
            done = db.complete_session("a session", score=1, xp_earned=2, idempotency_key="key")
            assert done.completed
    assert run_sql(KEYS) == [(4,)]


def test_an_id_and_a_key_do_not_run_into_one_another(triosigno_db: IsolatedDatabase) -> None:
    parts = ("a", "a\\0a", "a\\", "0a", "a|a", "a/a", "a,a", "a a", "a\x01a")
    digests = {
        digest_of_key("attempt", user, sign, key=key)
        for user in parts
        for sign in parts
        for key in parts
    }
    assert len(digests) == len(parts) ** 3


def test_a_keyed_attempt_is_as_one_without(triosigno_db: IsolatedDatabase) -> None:
    user, sign, other = make_user().id, make_sign().id, make_sign().id
    given: tuple[dict[str, Any], ...] = (
        {"is_correct": False},
        {"is_correct": True},
        {"is_correct": False, "mastery_level": 95},
        {"is_correct": True},
        {"is_correct": False},
    )
    for number, options in enumerate(given):
        plain = db.record_attempt(user, sign, **options)
        keyed = db.record_attempt(user, other, idempotency_key=f"{number}", **options)
        same = {"mastery_level", "correct_attempts", "total_attempts"}
        assert plain.model_dump(include=same) == keyed.model_dump(include=same)


def test_repetitions_at_once_count_once(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    for number in range(1, 6):
        outcomes = in_threads(4, lambda: attempt(user, sign, str(number)))  # noqa: B023
        assert [made.total_attempts for made in outcomes] == [number] * 4


@pytest.mark.parametrize("missing", ["User", "Sign"])
def test_what_fails_leaves_its_key_free(triosigno_db: IsolatedDatabase, missing: str) -> None:
    user = str(uuid4()) if missing == "User" else make_user().id
    sign = str(uuid4()) if missing == "Sign" else make_sign().id
    with pytest.raises(db.NotFoundError) as caught:
        attempt(user, sign, "key")
    assert caught.value.entity == missing
    assert run_sql(KEYS) == [(0,)]


def test_a_key_goes_with_its_transaction(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    with pytest.raises(ZeroDivisionError), db.transaction():
        attempt(user, sign, "key")
        1 / 0  # noqa: B018
    assert attempt(user, sign, "key").total_attempts == 1
    with db.transaction():
        attempt(user, sign, "key")
        attempt(user, sign, "other")
    assert db.get_progress(user, sign).total_attempts == 2


def test_a_shape_of_fewer_fields_is_given_each_time(triosigno_db: IsolatedDatabase) -> None:
    class Level(db.Record):
        mastery_level: int

    user, sign = make_user().id, make_sign().id
    assert attempt(user, sign, "key", shape=Level) == Level(mastery_level=10)
    assert attempt(user, sign, "key", shape=Level) == Level(mastery_level=10)


@pytest.mark.parametrize("wrong", ["", " ", "x" * 201, 7, b"key", "a\0b", "\ud800"])
def test_a_wrong_key_is_named_before_anything_is_sent(
    triosigno_db: IsolatedDatabase, wrong: Any
) -> None:
    user, sign, lesson = make_user().id, make_sign().id, make_lesson(signs=0).id
    session = db.start_session(user, lesson).id
    with counting_statements() as counter:
        for call in (
            lambda: attempt(user, sign, wrong),
            lambda: db.complete_session(session, score=1, xp_earned=1, idempotency_key=wrong),
        ):
            with pytest.raises(db.InvalidInputError) as caught:
                call()
            assert caught.value.field == "idempotency_key"
    assert len(counter) == 0


# -- sessions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 2])
def test_a_repeated_completion_changes_nothing(triosigno_db: IsolatedDatabase, count: int) -> None:
    user, sign, lesson = make_user().id, make_sign().id, make_lesson(signs=0).id
    session = db.start_session(user, lesson).id
    attempts = [db.Attempt(sign_id=sign, is_correct=True)] * count

    def complete(key: str | None = "key", score: int = 7) -> db.SessionRecord:
        return db.complete_session(
            session, score=score, xp_earned=5, attempts=attempts, idempotency_key=key
        )

    done = complete()
    assert (done.completed, done.score, done.xp_earned) == (True, 7, 5)
    assert complete() == done
    assert complete(score=9) == done
    for other in ("another key", None):
        with pytest.raises(db.ConflictError, match="completed before"):
            complete(other)
    assert sum(each.total_attempts for each in db.list_progress(user).items) == count
    assert db.get_session(session) == done


def test_completions_by_one_key_at_once_are_one(triosigno_db: IsolatedDatabase) -> None:
    user, sign, lesson = make_user().id, make_sign().id, make_lesson(signs=0).id
    attempts = [db.Attempt(sign_id=sign, is_correct=True)]
    for number in range(1, 6):
        session = db.start_session(user, lesson).id
        outcomes = in_threads(
            3,
            lambda: db.complete_session(
                session,  # noqa: B023
                score=1,
                xp_earned=1,
                attempts=attempts,
                idempotency_key="key",
            ),
        )
        assert outcomes == [db.get_session(session)] * 3
        assert db.get_progress(user, sign).total_attempts == number


def test_a_key_completes_no_session_that_was_abandoned(triosigno_db: IsolatedDatabase) -> None:
    session = db.start_session(make_user().id, make_lesson(signs=0).id).id
    db.abandon_session(session)
    for _ in range(2):
        with pytest.raises(db.ConflictError, match="abandoned before"):
            db.complete_session(session, score=1, xp_earned=1, idempotency_key="key")
    assert run_sql(KEYS) == [(0,)]


# -- forgetting -------------------------------------------------------------------------------


def test_keys_are_forgotten_by_their_age(clock: Clock) -> None:
    user, sign = make_user().id, make_sign().id
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for day in range(3):
        clock.set(noon + timedelta(days=day))
        attempt(user, sign, f"{day}")
    assert db.delete_idempotency_keys(before=noon) == 0
    assert db.delete_idempotency_keys(before=noon + timedelta(days=2)) == 2
    assert attempt(user, sign, "2").total_attempts == 3
    assert attempt(user, sign, "0").total_attempts == 4


def test_many_keys_are_forgotten(triosigno_db: IsolatedDatabase) -> None:
    run_sql(
        'INSERT INTO triosigno_db."IdempotencyKey"'
        " SELECT gen_random_uuid(), timestamp '2026-01-01' FROM generate_series(1, 25000)"
    )
    assert db.delete_idempotency_keys(before=datetime(2026, 1, 2, tzinfo=UTC)) == 25_000
    assert run_sql(KEYS) == [(0,)]


def test_without_the_migration_only_keyed_calls_fail(triosigno_db: IsolatedDatabase) -> None:
    run_sql('DROP TABLE triosigno_db."IdempotencyKey"')
    user, sign = make_user().id, make_sign().id
    with pytest.raises(db.SchemaMismatchError):
        attempt(user, sign, "key")
    assert db.record_attempt(user, sign, is_correct=True).total_attempts == 1
    db.create_schema()
    assert attempt(user, sign, "key").total_attempts == 2
    db.delete_user(user)
