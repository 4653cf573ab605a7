"""Rows that are created and updated at once: a name is taken once, and no change is lost."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import triosigno_db as db
from tests.promises.racing import at_once, before_the_commit, count, errors_in
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import (
    make_achievement,
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

ROUNDS = 10

pytestmark = pytest.mark.usefixtures("triosigno_db")


class Named(NamedTuple):
    """Rows whose names are unique: how one is created, and one renamed."""

    create: Callable[[str], Any]
    rename: Callable[[str, str], Any]


NAMED = {
    "SignCategory": Named(
        lambda name: db.create_category(db.NewCategory(name=name, description="")),
        lambda key, name: db.update_category(key, db.CategoryChanges(name=name)),
    ),
    "Sign": Named(
        lambda name: make_sign(name=name),
        lambda key, name: db.update_sign(key, db.SignChanges(name=name)),
    ),
    "Achievement": Named(
        lambda name: make_achievement(name=name),
        lambda key, name: db.update_achievement(key, db.AchievementChanges(name=name)),
    ),
}


@pytest.mark.parametrize("table", NAMED)
def test_a_name_is_taken_once(triosigno_db: IsolatedDatabase, table: str) -> None:
    create, rename = NAMED[table]
    others = [create(f"other {number}").id for number in range(3)]
    for number in range(ROUNDS):
        name = f"name {number}"
        calls: list[Callable[[], Any]] = [
            *[lambda n=name: create(n)] * 3,
            *[lambda k=key, n=name: rename(k, n) for key in others],
        ]
        refused = errors_in(at_once(*calls))
        assert [type(error) for error in refused] == [db.AlreadyExistsError] * 5
        assert count(triosigno_db.url, table, f"name = '{name}'") == 1


@pytest.mark.parametrize("table", NAMED)
def test_a_name_that_is_not_committed_yet_is_waited_for(
    triosigno_db: IsolatedDatabase, table: str
) -> None:
    create, rename = NAMED[table]
    key = create("other").id
    _, refused = before_the_commit(
        triosigno_db.url, lambda: create("name"), lambda: rename(key, "name")
    )
    assert isinstance(refused, db.AlreadyExistsError)


class Fields(NamedTuple):
    """A row, and changes of one field each that are made at once."""

    make: Callable[[], Any]
    update: Callable[[str, Any], Any]
    changes: tuple[db.Changes, ...]


UPDATES = {
    "update_category": Fields(
        make_category,
        db.update_category,
        (db.CategoryChanges(name="new"), db.CategoryChanges(description="new")),
    ),
    "update_sign": Fields(
        make_sign,
        db.update_sign,
        (db.SignChanges(name="new"), db.SignChanges(description="new")),
    ),
    "update_module": Fields(
        lambda: make_module(lessons=0),
        db.update_module,
        (db.ModuleChanges(title="new"), db.ModuleChanges(description="new")),
    ),
    "update_lesson": Fields(
        lambda: make_lesson(signs=0),
        db.update_lesson,
        (db.LessonChanges(title="new"), db.LessonChanges(description="new")),
    ),
    "update_achievement": Fields(
        make_achievement,
        db.update_achievement,
        (db.AchievementChanges(name="new"), db.AchievementChanges(description="new")),
    ),
    "update_user": Fields(
        make_user,
        db.update_user,
        (db.UserChanges(first_name="new"), db.UserChanges(last_name="new")),
    ),
}


@pytest.mark.parametrize("function", UPDATES)
def test_changes_of_different_fields_all_stay(function: str) -> None:
    make, update, changes = UPDATES[function]
    key = make().id
    outcomes = at_once(*[lambda each=each: update(key, each) for each in changes * 4])
    assert errors_in(outcomes) == []
    stored = update(key, type(changes[0])()).model_dump(by_alias=False)
    for change in changes:
        assert stored | change.changed() == stored


@pytest.mark.parametrize("function", UPDATES)
def test_a_change_waits_for_one_that_is_not_committed_yet(
    triosigno_db: IsolatedDatabase, function: str
) -> None:
    make, update, (first, second) = UPDATES[function]
    key = make().id
    before, after = before_the_commit(
        triosigno_db.url, lambda: update(key, first), lambda: update(key, second)
    )
    stored = after.model_dump(by_alias=False)
    assert stored | first.changed() | second.changed() == stored
    assert after.updated_at >= before.updated_at


def test_an_account_is_deactivated_reactivated_and_given_a_role_in_any_order() -> None:
    user = make_user(role=db.UserRole.STUDENT).id
    for _ in range(ROUNDS):
        outcomes = at_once(
            lambda: db.deactivate_user(user),
            lambda: db.reactivate_user(user),
            lambda: db.set_role(user, db.UserRole.TEACHER),
            lambda: db.set_password(user, "new"),
        )
        assert errors_in(outcomes) == []
        assert db.get_user(user).role == db.UserRole.TEACHER
