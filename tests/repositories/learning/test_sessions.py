"""Sessions: started, completed once with their attempts, abandoned, listed."""

import threading
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

import triosigno_db as db
from tests.learning_rows import add_session
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_sign, make_user

PARIS = ZoneInfo("Europe/Paris")


def test_of_two_completions_at_once_one_counts(triosigno_db: IsolatedDatabase) -> None:
    user, lesson, sign = make_user().id, make_lesson(signs=0).id, make_sign().id
    for _ in range(5):
        session = db.start_session(user, lesson)
        barrier = threading.Barrier(2)
        failures: list[db.TrioSignoDBError] = []

        def complete(session: str, barrier: threading.Barrier, failures: list[Any]) -> None:
            barrier.wait()
            try:
                attempts = [db.Attempt(sign_id=sign, is_correct=True)]
                db.complete_session(session, score=1, xp_earned=1, attempts=attempts)
            except db.ConflictError as error:
                failures.append(error)

        arguments = (session.id, barrier, failures)
        threads = [threading.Thread(target=complete, args=arguments) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(failures) == 1
    assert db.get_progress(user, sign).total_attempts == 5


def test_attempts_and_completion_are_kept_together(triosigno_db: IsolatedDatabase) -> None:
    session, sign = db.start_session(make_user().id, make_lesson(signs=0).id), make_sign().id
    attempts = [db.Attempt(sign_id=key, is_correct=True) for key in (sign, str(uuid4()))]
    with pytest.raises(db.NotFoundError) as caught:
        db.complete_session(session.id, score=1, xp_earned=1, attempts=attempts)
    assert (caught.value.entity, caught.value.key) == ("Sign", attempts[1].sign_id)
    assert db.get_session(session.id) == session
    assert db.list_progress(session.user_id).items == ()
    done = db.complete_session(session.id, score=90, xp_earned=50, attempts=attempts[:1])
    assert (done.completed, done.score, done.xp_earned) == (True, 90, 50)
    assert done.end_time is not None
    for end in (
        lambda: db.abandon_session(session.id),
        lambda: db.complete_session(session.id, score=0, xp_earned=0),
    ):
        with pytest.raises(db.ConflictError, match="completed before"):
            end()
    left = db.abandon_session(db.start_session(session.user_id, session.lesson_id).id)
    assert (left.completed, left.score, left.end_time is None) == (False, None, False)
    with pytest.raises(db.ConflictError, match="abandoned before"):
        db.abandon_session(left.id)


def test_sessions_are_listed_by_period(triosigno_db: IsolatedDatabase) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    for day in (1, 2, 3):
        add_session(triosigno_db.url, user, lesson, f"'2026-03-0{day}T12:00:00'", minutes=0)
    noon = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 2, 3)]

    def starts(**filters: Any) -> list[datetime]:
        return [session.start_time for session in db.list_sessions(**filters).items]

    assert starts() == noon[::-1]
    assert starts(since=noon[1]) == [noon[2], noon[1]]
    assert starts(until=noon[1]) == [noon[0]]
    assert starts(since=noon[1].astimezone(PARIS), until=noon[2]) == [noon[1]]
    assert starts(user_id=user, lesson_id=lesson, completed=True) == noon[::-1]
    assert starts(completed=False) == starts(user_id=uuid4()) == []
    with pytest.raises(db.InvalidInputError, match="since: must be aware"):
        db.list_sessions(since=datetime(2026, 3, 1))  # noqa: DTZ001 (a naive one is refused)
