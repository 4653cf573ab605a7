"""Rows of other software: any text as an id, unknown labels and times, columns unknown here."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from tests.promises.one_of_each import make_one_of_each, set_column
from triosigno_db.models import MODELS
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import (
    make_user,
)

HOSTILE_IDS = (
    "user-1",
    "clh3am8hi0000qwer1234abcd",
    "7B1B0F5E-58A4-4B56-9A2C-8C7A4A1F7B11",
    "NULL",
    "null",
    " ",
    "{}",
    '{"a","b"}',
    "a,b",
    '"',
    "'",
    "\\",
    '\\"',
    '\'; DROP TABLE "User"; --',
    "%s",
    "%(id)s",
    "{user_id}",
    "$1",
    "été\n\u202e",
    "x" * 255,
)


def insert_rows(url: str, key: str) -> None:
    """Insert a learner and some content, all with the same id."""
    for statement in (
        'INSERT INTO "User" (id, email, username, password, "updatedAt")'
        " VALUES (%(key)s, 'a@example.org', 'a', 'x', now())",
        'INSERT INTO "UserPreference" (id, "userId", "updatedAt") VALUES (%(key)s, %(key)s, now())',
        'INSERT INTO "SignCategory" (id, name, description, "updatedAt")'
        " VALUES (%(key)s, 'c', '', now())",
        'INSERT INTO "Sign" (id, name, description, "videoUrl", difficulty, "categoryId",'
        " \"updatedAt\") VALUES (%(key)s, 's', '', 'v', 'BEGINNER', %(key)s, now())",
        'INSERT INTO "Module" (id, title, description, "order", "updatedAt")'
        " VALUES (%(key)s, 'm', '', 1, now())",
        'INSERT INTO "Lesson" (id, title, description, "order", "moduleId", "updatedAt")'
        " VALUES (%(key)s, 'l', '', 1, %(key)s, now())",
        'INSERT INTO "Achievement" (id, name, description, "imageUrl", "xpReward",'
        " \"updatedAt\") VALUES (%(key)s, 'b', '', 'i', 5, now())",
    ):
        run_plain(url, statement, {"key": key})


def test_every_function_takes_the_ids_of_other_software(triosigno_db: IsolatedDatabase) -> None:
    for key in HOSTILE_IDS:
        insert_rows(triosigno_db.url, key)
        use_all(key)
        assert {*count_rows(triosigno_db.url).values()} == {0}, key


def use_all(key: str) -> None:
    """Call every function that takes an id, so that all rows with it are gone at the end."""
    assert db.get_user(key).id == key
    assert db.get_user_with_preferences(key).preferences.id == key  # type: ignore[union-attr]
    assert db.update_preferences(key, db.PreferenceChanges(dark_mode=True)).user_id == key
    assert db.get_preferences(key).dark_mode
    assert db.update_user(key, db.UserChanges(first_name="Zoé")).id == key
    assert db.set_role(key, db.UserRole.TEACHER).id == key
    assert db.deactivate_user(key).id == key
    assert db.reactivate_user(key).id == key
    db.set_password(key, "secret")
    db.change_password(key, "secret", "other")
    assert db.get_category(key).id == key
    assert db.update_category(key, db.CategoryChanges(description="d")).id == key
    assert db.update_sign(key, db.SignChanges(category_id=key)).category_id == key
    assert db.get_sign(key).id == key
    assert [sign.id for sign in db.list_signs(category_id=key).items] == [key]
    assert [sign.id for sign in db.search_signs("s", category_id=key).items] == [key]
    assert db.get_module(key).id == key
    assert db.update_module(key, db.ModuleChanges(title="m")).id == key
    assert [each.id for each in db.reorder_modules([key])] == [key]
    assert db.update_lesson(key, db.LessonChanges(module_id=key)).module_id == key
    assert [each.id for each in db.reorder_lessons(key, [key])] == [key]
    assert [each.id for each in db.list_lessons(module_id=key).items] == [key]
    assert [each.sign_id for each in db.set_lesson_signs(key, [key]).lesson_signs] == [key]
    assert [each.sign_id for each in db.reorder_lesson_signs(key, [key])] == [key]
    assert db.remove_sign_from_lesson(key, key).lesson_signs == ()
    assert [each.sign_id for each in db.add_sign_to_lesson(key, key).lesson_signs] == [key]
    assert db.get_module_tree(key).lessons[0].lesson_signs[0].sign.id == key
    assert db.get_lesson(key).id == key
    learn(key)
    assert db.award_achievement(key, key).achievement.id == key
    assert db.get_achievement(key).id == key
    assert db.update_achievement(key, db.AchievementChanges(xp_reward=7)).xp_reward == 7
    assert [each.achievement_id for each in db.list_user_achievements(key).items] == [key]
    assert db.get_learner_summary(key).achievement_xp == 7
    assert db.get_leaderboard(user_id=key).own.user_id == key  # type: ignore[union-attr]
    exported = db.export_user(key)
    assert (exported.id, exported.progress[0].sign_id) == (key, key)
    db.revoke_achievement(key, key)
    db.delete_user(key)
    db.delete_lesson(key)
    db.delete_module(key)
    db.delete_sign(key)
    db.delete_category(key)
    db.delete_achievement(key)


def learn(key: str) -> None:
    assert db.record_attempt(key, key, is_correct=True).sign_id == key
    once = {"is_correct": True, "idempotency_key": "k"}
    assert [db.record_attempt(key, key, **once).total_attempts for _ in range(2)] == [2, 2]  # type: ignore[arg-type]
    attempts = [db.Attempt(sign_id=key, is_correct=False)] * 2
    assert [each.sign_id for each in db.record_attempts(key, attempts)] == [key]
    assert db.get_progress(key, key).total_attempts == 4
    assert [each.sign_id for each in db.list_progress(key, lesson_id=key, module_id=key).items]
    assert db.get_module_progress(key, key).practiced_count == 1
    assert db.list_signs_to_review(key).items == ()
    session = db.start_session(key, key)
    assert session.lesson_id == key
    assert db.get_session(session.id) == session
    assert db.complete_session(session.id, score=1, xp_earned=1, attempts=attempts).user_id == key
    assert db.abandon_session(db.start_session(key, key).id).lesson_id == key
    assert len(db.list_sessions(user_id=key, lesson_id=key).items) == 2


def functions_with_ids() -> Iterator[tuple[Callable[..., Any], list[str]]]:
    for name in db.__all__:
        function = getattr(db, name)
        if inspect.isfunction(function):
            ids = [
                parameter
                for parameter in inspect.signature(function).parameters
                if parameter.endswith("_id")
            ]
            if ids:
                yield function, ids


ARGUMENTS: dict[str, Any] = {
    "is_correct": True,
    "current": "a",
    "new": "b",
    "password": "a",
    "role": "ADMIN",
    "score": 1,
    "xp_earned": 1,
    "text": "a",
}
"""A valid value of each other required argument."""


def other_arguments(function: Callable[..., Any], ids: list[str], key: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not parameter.empty or name in ids:
            continue
        if name == "changes":
            kind = inspect.get_annotations(function, eval_str=True)["changes"]
            field = next(iter(kind.model_fields))
            values = {"email": "b@example.org", "language": "fr"}
            given[name] = kind(**{field: values.get(field, "b")})
        elif name.endswith("_ids"):
            given[name] = [key]
        elif name == "attempts":
            given[name] = [db.Attempt(sign_id=key, is_correct=True)]
        elif name == "name_or_id":
            given[name] = key
        else:
            given[name] = ARGUMENTS[name]
    return given


@pytest.mark.parametrize("key", ["no-such-row", "'\"{},\\%s", "x" * 255])
def test_an_unknown_id_is_not_found(triosigno_db: IsolatedDatabase, key: str) -> None:
    before = count_rows(triosigno_db.url)
    for function, ids in functions_with_ids():
        arguments = other_arguments(function, ids, key)
        try:
            found = function(**dict.fromkeys(ids, key), **arguments)
        except db.NotFoundError:
            continue
        else:
            assert isinstance(found, db.Page), function.__name__
            assert found.items == (), function.__name__
    assert count_rows(triosigno_db.url) == before


# -- labels and columns that the library does not know -----------------------------------------


@pytest.fixture
def rows(triosigno_db: IsolatedDatabase) -> dict[str, str]:
    return make_one_of_each()


def test_unknown_labels_are_read_and_kept(
    triosigno_db: IsolatedDatabase, rows: dict[str, str]
) -> None:
    run_plain(triosigno_db.url, "ALTER TYPE \"UserRole\" ADD VALUE 'MODERATOR'")
    run_plain(triosigno_db.url, "ALTER TYPE \"DifficultyLevel\" ADD VALUE 'EXPERT'")
    set_column(triosigno_db.url, "User", "role", "MODERATOR")
    set_column(triosigno_db.url, "Sign", "difficulty", "EXPERT")
    user = db.update_user(rows["User"], db.UserChanges(first_name="Zoé"))
    assert (user.role, user.role.is_known) == ("MODERATOR", False)
    assert db.list_users().items == (user,)
    assert db.export_user(user.id).role is user.role
    assert '"role":"MODERATOR"' in user.model_dump_json()
    assert db.get_sign(rows["Sign"]).difficulty == "EXPERT"
    assert db.search_signs(db.get_sign(rows["Sign"]).name).items[0].difficulty == "EXPERT"
    tree = db.get_module_tree(rows["Module"])
    assert isinstance(tree.lessons[0].lesson_signs[0].sign.difficulty, db.DifficultyLevel)
    with db.connection():
        for model in MODELS:
            assert list(model.select())
    # It is no input: the library does not know what it means.
    with pytest.raises(db.InvalidInputError, match=r"^role: must be one of ADMIN"):
        db.set_role(user.id, user.role)


def test_a_required_column_that_the_library_does_not_know_is_a_mismatch(
    triosigno_db: IsolatedDatabase,
) -> None:
    run_plain(triosigno_db.url, 'ALTER TABLE "User" ADD COLUMN "phone" text NOT NULL')
    with pytest.raises(db.SchemaMismatchError, match="phone") as caught:
        make_user()
    assert caught.value.prisma_code == "P2011"
    assert not isinstance(caught.value, db.UnreadableRowError)
    assert db.count_users() == 0
