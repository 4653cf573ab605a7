"""What is deleted beside calls that begin to use it: nothing that was acknowledged is destroyed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import triosigno_db as db
from tests.promises.racing import (
    at_once,
    before_the_commit,
    count,
    errors_in,
    in_an_older_snapshot,
)
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import (
    make_achievement,
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

ROUNDS = 25

pytestmark = pytest.mark.usefixtures("triosigno_db")


class Use(NamedTuple):
    """A row that can be used: how it is made, used and deleted, and where its use is stored."""

    make: Callable[[], str]
    use: Callable[[str], Any]
    delete: Callable[[str], None]
    table: str


def attempt(sign: str) -> db.ProgressRecord:
    return db.record_attempt(make_user().id, sign, is_correct=True)


def attempt_all(sign: str) -> Any:
    return db.record_attempts(make_user().id, [db.Attempt(sign_id=sign, is_correct=True)])


def attempt_once(sign: str) -> db.ProgressRecord:
    return db.record_attempt(make_user().id, sign, is_correct=True, idempotency_key="k")


def attempt_in_a_session(sign: str) -> db.SessionRecord:
    session = db.start_session(make_user().id, make_lesson(signs=0).id).id
    attempts = [db.Attempt(sign_id=sign, is_correct=True)]
    return db.complete_session(session, score=1, xp_earned=1, attempts=attempts)


def place(sign: str) -> db.LessonWithSigns:
    return db.set_lesson_signs(make_lesson(signs=0).id, [sign])


def add(sign: str) -> db.LessonWithSigns:
    return db.add_sign_to_lesson(make_lesson(signs=0).id, sign)


def award(achievement: str) -> db.Award:
    return db.award_achievement(make_user().id, achievement)


def new_lesson(module: str, order: int | None = None) -> db.LessonRecord:
    return db.create_lesson(db.NewLesson(title="l", description="", module_id=module, order=order))


USES = {
    "an attempt": Use(lambda: make_sign().id, attempt, db.delete_sign, "Progress"),
    "an attempt with a key": Use(lambda: make_sign().id, attempt_once, db.delete_sign, "Progress"),
    "a batch": Use(lambda: make_sign().id, attempt_all, db.delete_sign, "Progress"),
    "a session's attempt": Use(
        lambda: make_sign().id, attempt_in_a_session, db.delete_sign, "Progress"
    ),
    "a list of signs": Use(lambda: make_sign().id, place, db.delete_sign, "LessonSign"),
    "a sign of a lesson": Use(lambda: make_sign().id, add, db.delete_sign, "LessonSign"),
    "an award": Use(lambda: make_achievement().id, award, db.delete_achievement, "UserAchievement"),
    "a session": Use(
        lambda: make_lesson(signs=0).id,
        lambda lesson: db.start_session(make_user().id, lesson),
        db.delete_lesson,
        "LearningSession",
    ),
    "a lesson": Use(lambda: make_module(lessons=0).id, new_lesson, db.delete_module, "Lesson"),
    "a lesson with an order": Use(
        lambda: make_module(lessons=0).id,
        lambda module: new_lesson(module, 1),
        db.delete_module,
        "Lesson",
    ),
    "a sign": Use(
        lambda: make_category().id,
        lambda category: make_sign(category_id=category),
        db.delete_category,
        "Sign",
    ),
    "a sign that changes its category": Use(
        lambda: make_category().id,
        lambda category: db.update_sign(make_sign().id, db.SignChanges(category_id=category)),
        db.delete_category,
        "Sign",
    ),
    "a lesson that changes its module": Use(
        lambda: make_module(lessons=0).id,
        lambda module: db.update_lesson(
            make_lesson(signs=0).id, db.LessonChanges(module_id=module)
        ),
        db.delete_module,
        "Lesson",
    ),
}
DELETIONS = {each.delete.__name__: each for each in USES.values()}


@pytest.fixture(params=USES)
def use(request: pytest.FixtureRequest) -> Use:
    return USES[request.param]


def test_a_use_that_is_not_committed_yet_is_waited_for(
    triosigno_db: IsolatedDatabase, use: Use
) -> None:
    key = use.make()
    _, deleted = before_the_commit(triosigno_db.url, lambda: use.use(key), lambda: use.delete(key))
    assert isinstance(deleted, db.InUseError)
    assert deleted.uses == {use.table: 1}
    assert count(triosigno_db.url, use.table) > 0


def test_a_use_of_what_is_being_deleted_finds_nothing(
    triosigno_db: IsolatedDatabase, use: Use
) -> None:
    key = use.make()
    _, used = before_the_commit(triosigno_db.url, lambda: use.delete(key), lambda: use.use(key))
    assert isinstance(used, db.NotFoundError)
    assert used.key in (key, None)


def test_either_the_use_or_the_deletion_is_refused(
    triosigno_db: IsolatedDatabase, use: Use
) -> None:
    for _ in range(ROUNDS):
        key = use.make()
        before = count(triosigno_db.url, use.table)
        used, deleted = at_once(lambda k=key: use.use(k), lambda k=key: use.delete(k))
        assert len(errors_in([used, deleted])) == 1, (used, deleted)
        if deleted is None:
            assert isinstance(used, db.NotFoundError)
        else:
            assert isinstance(deleted, db.InUseError)
            assert count(triosigno_db.url, use.table) > before


def test_a_use_that_the_snapshot_does_not_show_is_not_destroyed(
    triosigno_db: IsolatedDatabase, use: Use
) -> None:
    key = use.make()
    deleted = in_an_older_snapshot(lambda: use.use(key), lambda: use.delete(key))
    assert isinstance(deleted, db.InUseError | db.ConflictError)
    assert count(triosigno_db.url, use.table) > 0


@pytest.mark.parametrize("name", DELETIONS)
def test_of_four_deletions_at_once_one_finds_the_row(name: str) -> None:
    for _ in range(ROUNDS):
        key = DELETIONS[name].make()
        outcomes = at_once(*[lambda k=key: DELETIONS[name].delete(k)] * 4)
        assert outcomes.count(None) == 1
        assert {type(error) for error in errors_in(outcomes)} == {db.NotFoundError}


@pytest.mark.parametrize("delete", [db.delete_sign, db.delete_achievement])
def test_of_four_cascades_at_once_one_finds_the_row(delete: Callable[..., None]) -> None:
    for _ in range(ROUNDS):
        key = (make_sign() if delete is db.delete_sign else make_achievement()).id
        (attempt if delete is db.delete_sign else award)(key)
        outcomes = at_once(*[lambda k=key: delete(k, cascade=True)] * 4)
        assert outcomes.count(None) == 1
        assert {type(error) for error in errors_in(outcomes)} == {db.NotFoundError}


def test_what_a_user_does_while_it_is_deleted_is_refused_or_goes_with_it(
    triosigno_db: IsolatedDatabase,
) -> None:
    sign, lesson, badge = make_sign().id, make_lesson(signs=0).id, make_achievement().id
    for _ in range(ROUNDS):
        user = make_user().id
        deleted, again, *others = at_once(
            lambda u=user: db.delete_user(u),
            lambda u=user: db.delete_user(u),
            lambda u=user: db.record_attempt(u, sign, is_correct=True),
            lambda u=user: db.award_achievement(u, badge),
            lambda u=user: db.start_session(u, lesson),
            lambda u=user: db.update_preferences(u, db.PreferenceChanges(language="en")),
        )
        assert [deleted, again].count(None) == 1
        refused = errors_in([deleted, again, *others])
        assert {type(error) for error in refused} == {db.NotFoundError}
        for table in ("Progress", "UserAchievement", "LearningSession", "UserPreference"):
            assert count(triosigno_db.url, table) == 0
