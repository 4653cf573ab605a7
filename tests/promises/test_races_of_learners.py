"""Calls of learners and their accounts at once: each counts once, and of two changes one wins."""

from collections.abc import Callable
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises.racing import (
    at_once,
    before_the_commit,
    count,
    errors_in,
    in_an_older_snapshot,
)
from triosigno_db.passwords import Secret, cost_of, hash_password
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_achievement, make_lesson, make_sign, make_user

ROUNDS = 15
CALLERS = 8

pytestmark = pytest.mark.usefixtures("triosigno_db")


# -- attempts ---------------------------------------------------------------------------------


def test_an_attempt_with_one_key_counts_once(triosigno_db: IsolatedDatabase) -> None:
    user = make_user().id
    for number in range(ROUNDS):
        sign = make_sign().id
        seen = at_once(
            *[
                lambda s=sign, k=f"{number}": db.record_attempt(
                    user, s, is_correct=True, idempotency_key=k
                )
            ]
            * CALLERS
        )
        assert [each.total_attempts for each in seen] == [1] * CALLERS
    assert count(triosigno_db.url, "Progress", '"totalAttempts" = 1') == ROUNDS


def test_a_key_that_is_claimed_but_not_committed_is_waited_for(
    triosigno_db: IsolatedDatabase,
) -> None:
    user, sign = make_user().id, make_sign().id

    def attempt() -> db.ProgressRecord:
        return db.record_attempt(user, sign, is_correct=True, idempotency_key="k")

    first, second = before_the_commit(triosigno_db.url, attempt, attempt)
    assert first == second
    other = make_sign().id
    later = in_an_older_snapshot(
        lambda: db.record_attempt(user, other, is_correct=True, idempotency_key="k"),
        lambda: db.record_attempt(user, other, is_correct=True, idempotency_key="k"),
    )
    assert isinstance(later, db.ConflictError)
    assert db.get_progress(user, other).total_attempts == 1


def test_single_attempts_and_batches_are_all_counted(triosigno_db: IsolatedDatabase) -> None:
    user, signs = make_user().id, [make_sign().id for _ in range(5)]
    batch = [db.Attempt(sign_id=sign, is_correct=True) for sign in signs]
    for number in range(1, ROUNDS + 1):
        outcomes = at_once(
            lambda: db.record_attempts(user, batch),
            lambda: db.record_attempts(user, batch[::-1]),
            *[lambda s=sign: db.record_attempt(user, s, is_correct=False) for sign in signs],
        )
        assert errors_in(outcomes) == []
        totals = {each.total_attempts for each in db.list_progress(user)}
        assert totals == {3 * number}


def test_keys_are_deleted_while_they_are_used(triosigno_db: IsolatedDatabase) -> None:
    user, sign = make_user().id, make_sign().id
    for number in range(ROUNDS):
        key = f"{number}"
        db.record_attempt(user, sign, is_correct=True, idempotency_key=key)
        ((now,),) = run_plain(triosigno_db.url, "SELECT now() - interval '1 second'")
        first, second, attempted = at_once(
            lambda before=now: db.delete_idempotency_keys(before=before),
            lambda before=now: db.delete_idempotency_keys(before=before),
            lambda k=key: db.record_attempt(user, sign, is_correct=True, idempotency_key=k),
        )
        assert (first, second) == (0, 0)
        assert attempted.total_attempts == number + 1


# -- sessions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("with_attempts", [False, True])
def test_a_session_is_ended_by_one_of_all_who_try(
    triosigno_db: IsolatedDatabase, with_attempts: bool
) -> None:
    lesson, sign = make_lesson(signs=0).id, make_sign().id
    attempts = [db.Attempt(sign_id=sign, is_correct=True)] if with_attempts else []
    for _ in range(ROUNDS):
        user = make_user().id
        session = db.start_session(user, lesson).id
        ended = at_once(
            *[
                lambda s=session: db.complete_session(s, score=1, xp_earned=1, attempts=attempts),
                lambda s=session: db.abandon_session(s),
            ]
            * 3
        )
        assert [type(error) for error in errors_in(ended)] == [db.ConflictError] * 5
        completed = db.get_session(session).completed
        assert len(db.list_progress(user)) == (1 if completed and with_attempts else 0)


@pytest.mark.parametrize("with_attempts", [False, True])
def test_a_completion_with_one_key_counts_once(
    triosigno_db: IsolatedDatabase, with_attempts: bool
) -> None:
    lesson, sign = make_lesson(signs=0).id, make_sign().id
    attempts = [db.Attempt(sign_id=sign, is_correct=True)] if with_attempts else []
    for _ in range(ROUNDS):
        user = make_user().id
        session = db.start_session(user, lesson).id

        def complete(session: str = session) -> db.SessionRecord:
            return db.complete_session(
                session, score=1, xp_earned=7, attempts=attempts, idempotency_key="k"
            )

        completed = at_once(*[complete] * CALLERS)
        assert errors_in(completed) == []
        assert len({each.end_time for each in completed}) == 1
        assert [each.total_attempts for each in db.list_progress(user)] == [1] * with_attempts
        assert db.get_learner_summary(user).xp == 7


def test_a_session_that_is_being_ended_is_waited_for(triosigno_db: IsolatedDatabase) -> None:
    session = db.start_session(make_user().id, make_lesson(signs=0).id).id

    def complete(key: str | None = None) -> db.SessionRecord:
        return db.complete_session(session, score=1, xp_earned=1, idempotency_key=key)

    first, second = before_the_commit(
        triosigno_db.url, lambda: complete("k"), lambda: complete("k")
    )
    assert first == second
    assert isinstance(at_once(complete)[0], db.ConflictError)


# -- awards -----------------------------------------------------------------------------------


def test_an_award_is_new_once_and_revoked_once(triosigno_db: IsolatedDatabase) -> None:
    user, badge = make_user().id, make_achievement().name
    for _ in range(ROUNDS):
        awards = at_once(*[lambda: db.award_achievement(user, badge)] * CALLERS)
        assert [each.is_new for each in awards].count(True) == 1
        assert len({each.id for each in awards}) == 1
        revoked = at_once(*[lambda: db.revoke_achievement(user, badge)] * CALLERS)
        assert revoked.count(None) == 1
        assert {type(error) for error in errors_in(revoked)} == {db.NotFoundError}


def test_an_award_beside_its_revocation_is_there_or_not(triosigno_db: IsolatedDatabase) -> None:
    user, badge = make_user().id, make_achievement().name
    for _ in range(ROUNDS):
        first = db.award_achievement(user, badge)
        again, revoked = at_once(
            lambda: db.award_achievement(user, badge), lambda: db.revoke_achievement(user, badge)
        )
        assert (errors_in([again]), revoked) == ([], None)
        # The award came first and found the earlier row, or it came second and made a new one.
        assert again.is_new == (again.id != first.id)
        if (left := count(triosigno_db.url, "UserAchievement")) == 1:
            assert again.is_new
            db.revoke_achievement(user, badge)
        else:
            assert (left, again.is_new) == (0, False)


# -- accounts ---------------------------------------------------------------------------------


def test_of_changes_of_a_password_by_the_same_old_one_exactly_one_wins() -> None:
    user = make_user(password="old").id
    old = "old"
    for number in range(ROUNDS):
        passwords = [f"new {number} {caller}" for caller in range(4)]
        changed = at_once(
            *[lambda old=old, new=new: db.change_password(user, old, new) for new in passwords]
        )
        assert changed.count(None) == 1
        assert {type(error) for error in errors_in(changed)} <= {
            db.ConflictError,
            db.InvalidCredentialsError,
        }
        old = passwords[changed.index(None)]
    assert db.authenticate(db.get_user(user).username, old).id == user


def test_a_password_that_is_set_meanwhile_is_not_overwritten(
    triosigno_db: IsolatedDatabase,
) -> None:
    user = make_user(password="old")
    _, changed = before_the_commit(
        triosigno_db.url,
        lambda: db.set_password(user.id, "reset"),
        lambda: db.change_password(user.id, "old", "mine"),
    )
    assert isinstance(changed, db.ConflictError)
    assert db.authenticate(user.username, "reset").id == user.id


def test_a_login_that_renews_the_hash_does_not_overwrite_a_new_password(
    triosigno_db: IsolatedDatabase,
) -> None:
    user = make_user(password="old")
    db.connect(triosigno_db.url, password_cost=5)
    _, known = before_the_commit(
        triosigno_db.url,
        lambda: db.set_password(user.id, "reset"),
        lambda: db.authenticate(user.username, "old"),
    )
    assert known.id == user.id
    assert db.authenticate(user.username, "reset").id == user.id
    run_plain(
        triosigno_db.url,
        'UPDATE "User" SET "password" = %s',
        (hash_password(Secret("low"), cost=4).get_secret_value(),),
    )
    logins = at_once(*[lambda: db.authenticate(user.username, "low")] * CALLERS)
    assert errors_in(logins) == []
    ((stored,),) = run_plain(triosigno_db.url, 'SELECT "password" FROM "User"')
    assert cost_of(Secret(stored)) == 5


def test_preferences_are_made_once(triosigno_db: IsolatedDatabase) -> None:
    for _ in range(ROUNDS):
        user = make_user().id
        run_plain(triosigno_db.url, 'DELETE FROM "UserPreference"')
        changes = [
            db.PreferenceChanges(language="en"),
            db.PreferenceChanges(learning_goal=7),
        ] * 4
        made = at_once(
            *[lambda u=user, each=each: db.update_preferences(u, each) for each in changes]
        )
        assert errors_in(made) == []
        assert len({each.id for each in made}) == 1
        stored = db.get_preferences(user)
        assert (stored.language, stored.learning_goal) == ("en", 7)
        assert count(triosigno_db.url, "UserPreference") == 1


@pytest.mark.parametrize("field", ["email", "username"])
def test_a_value_is_taken_by_one_account(triosigno_db: IsolatedDatabase, field: str) -> None:
    for number in range(ROUNDS):
        value = f"camille{number}@example.org" if field == "email" else f"camille{number}"
        users = [make_user().id for _ in range(4)]
        take: list[Callable[[], Any]] = [
            lambda u=user, v=value: db.update_user(u, db.UserChanges(**{field: v}))
            for user in users
        ]
        make: list[Callable[[], Any]] = [lambda v=value: make_user(**{field: v})] * 4
        outcomes = at_once(*take, *make)
        assert len(errors_in(outcomes)) == 7
        assert {type(error) for error in errors_in(outcomes)} == {db.AlreadyExistsError}
        assert count(triosigno_db.url, "User", f""""{field}" = '{value}'""") == 1
