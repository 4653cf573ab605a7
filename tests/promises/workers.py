"""What worker processes run; in a module of its own, so that a fresh process can import it."""

from threading import BrokenBarrierError
from typing import Any
from uuid import uuid4

import triosigno_db as db

PATIENCE_SECONDS = 60

# The moment to start together; a process gets it when it starts.
_barrier: Any = None


def take_barrier(barrier: Any) -> None:
    """Keep the barrier that all workers share."""
    global _barrier  # noqa: PLW0603 (an initializer has no other place)
    _barrier = barrier


def _wait_for_all() -> int:
    """Start together with all others; give this worker's place among them, from 0."""
    try:
        return int(_barrier.wait(PATIENCE_SECONDS))
    except BrokenBarrierError:
        raise TimeoutError("not all workers came") from None


def attempt_many(url: str, user_id: str, sign_id: str, times: int) -> list[int]:
    """Attempt one sign many times, every second time correctly; give the totals seen."""
    db.connect(url)
    _wait_for_all()
    totals = [
        db.record_attempt(user_id, sign_id, is_correct=number % 2 == 0).total_attempts
        for number in range(times)
    ]
    db.disconnect()
    return totals


def attempt_each(url: str, user_id: str, sign_ids: list[str]) -> list[tuple[str, int]]:
    """Attempt each sign once, all workers at once; give the rows' ids and totals."""
    db.connect(url)
    seen = []
    for sign_id in sign_ids:
        _wait_for_all()
        made = db.record_attempt(user_id, sign_id, is_correct=True)
        seen.append((made.id, made.total_attempts))
    db.disconnect()
    return seen


def create_each(url: str, field: str, values: list[str]) -> list[Any]:
    """Make a user with each value of one field, all workers at once; give ids or errors."""
    db.connect(url, password_cost=4)
    outcomes: list[Any] = []
    for value in values:
        name = uuid4().hex
        given = {"email": f"{name}@example.org", "username": name, "password": "x", field: value}
        new = db.NewUser(**given)
        _wait_for_all()
        try:
            outcomes.append(db.create_user(new).id)
        except db.TrioSignoDBError as error:
            outcomes.append(error)
    db.disconnect()
    return outcomes


def set_many(url: str, lesson_id: str, sign_ids: list[str], times: int) -> list[str]:
    """Set a list of signs that no other worker sets, many times; give that list."""
    db.connect(url)
    place = _wait_for_all()
    wanted = [*sign_ids[place:], *sign_ids[: place // 2]]
    for _ in range(times):
        made = db.set_lesson_signs(lesson_id, wanted)
        assert [placed.sign_id for placed in made.lesson_signs] == wanted
    db.disconnect()
    return wanted
