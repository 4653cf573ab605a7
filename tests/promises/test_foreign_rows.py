"""Rows of other software: any text as an id, unknown labels and times, columns unknown here."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg2 import sql

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from triosigno_db.models import MODELS
from triosigno_db.models.fields import TimestampField
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
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


# -- values that the library can't read --------------------------------------------------------

UNREADABLE = ("infinity", "-infinity", "12026-01-01 00:00:00", "0044-03-15 00:00:00 BC")


def set_column(url: str, table: str, column: str, value: str) -> None:
    statement = sql.SQL("UPDATE {} SET {} = %s").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    run_plain(url, statement, [value])


@pytest.fixture
def rows(triosigno_db: IsolatedDatabase) -> dict[str, str]:
    """One row of each table, by the name of its model."""
    user, category = make_user(), make_category()
    sign = make_sign(category_id=category.id)
    module = make_module(lessons=0)
    lesson = make_lesson(signs=0, module_id=module.id)
    db.set_lesson_signs(lesson.id, [sign.id])
    badge = db.create_achievement(
        db.NewAchievement(
            name="b", description="", image_url="https://example.org/b.png", xp_reward=1
        )
    )
    return {
        "User": user.id,
        "UserPreference": user.preferences.id,  # type: ignore[union-attr]
        "SignCategory": category.id,
        "Sign": sign.id,
        "Module": module.id,
        "Lesson": lesson.id,
        "LessonSign": db.get_lesson(lesson.id).lesson_signs[0].id,
        "Progress": db.record_attempt(user.id, sign.id, is_correct=True).id,
        "LearningSession": db.start_session(user.id, lesson.id).id,
        "Achievement": badge.id,
        "UserAchievement": db.award_achievement(user.id, badge.id).id,
    }


def reads_of(rows: dict[str, str]) -> dict[str, list[Callable[[], Any]]]:
    user, sign = rows["User"], rows["Sign"]
    return {
        "User": [lambda: db.get_user(user), db.list_users, lambda: db.export_user(user)],
        "UserPreference": [lambda: db.get_preferences(user)],
        "SignCategory": [lambda: db.get_category(rows["SignCategory"]), db.list_categories],
        "Sign": [lambda: db.get_sign(sign), db.list_signs, lambda: db.get_lesson(rows["Lesson"])],
        "Module": [lambda: db.get_module(rows["Module"]), db.list_modules, db.list_module_trees],
        "Lesson": [lambda: db.get_module_tree(rows["Module"]), db.list_lessons],
        "LessonSign": [lambda: db.get_lesson(rows["Lesson"])],
        "Progress": [lambda: db.get_progress(user, sign), lambda: db.list_progress(user)],
        "LearningSession": [lambda: db.get_session(rows["LearningSession"]), db.list_sessions],
        "Achievement": [lambda: db.get_achievement(rows["Achievement"]), db.list_achievements],
        "UserAchievement": [lambda: db.list_user_achievements(user)],
    }


@pytest.mark.parametrize("model", MODELS)
def test_a_timestamp_that_python_lacks_names_its_row(
    triosigno_db: IsolatedDatabase, rows: dict[str, str], model: Any
) -> None:
    table = model._meta.table_name
    fields = [each for each in model._meta.sorted_fields if isinstance(each, TimestampField)]
    for field in fields:
        [(stored,)] = run_plain(
            triosigno_db.url, f'SELECT "{field.column_name}"::text FROM "{table}"'
        )
        values = UNREADABLE if field.column_name != "startTime" else UNREADABLE[1:2]
        for value in values if stored is not None else ("infinity",):
            set_column(triosigno_db.url, table, field.column_name, value)
            for read in reads_of(rows)[table]:
                with pytest.raises(db.UnreadableRowError) as caught:
                    read()
                error = caught.value
                assert (error.entity, error.column) == (table, field.column_name)
                assert error.key == rows[table]
                assert error.is_stored is None
                assert "shape" not in str(error)
            with db.connection(), pytest.raises(db.UnreadableRowError):
                list(model.select())
        run_plain(triosigno_db.url, f'UPDATE "{table}" SET "{field.column_name}" = %s', [stored])


def test_a_write_whose_result_can_not_be_read_says_that_it_is_stored(
    triosigno_db: IsolatedDatabase, rows: dict[str, str]
) -> None:
    user, sign = rows["User"], rows["Sign"]
    for table in ("User", "Progress", "Sign"):
        set_column(triosigno_db.url, table, "createdAt", "infinity")
    for write in (
        lambda: db.update_user(user, db.UserChanges(first_name="Zoé")),
        lambda: db.record_attempt(user, sign, is_correct=True),
        lambda: db.record_attempts(user, [db.Attempt(sign_id=sign, is_correct=True)]),
        lambda: db.update_sign(sign, db.SignChanges(description="new")),
    ):
        with pytest.raises(db.UnreadableRowError, match="The write is stored") as caught:
            write()
        assert caught.value.is_stored is True
    stored = run_plain(
        triosigno_db.url,
        'SELECT "firstName", "totalAttempts", s.description FROM "User" u'
        ' JOIN "Progress" p ON p."userId" = u.id JOIN "Sign" s ON s.id = p."signId"',
    )
    assert stored == [("Zoé", 3, "new")]
    with pytest.raises(db.UnreadableRowError) as caught, db.transaction():
        db.record_attempt(user, sign, is_correct=True)
    assert caught.value.is_stored is False
    [(total,)] = run_plain(triosigno_db.url, 'SELECT "totalAttempts" FROM "Progress"')
    assert total == 3


def test_a_wrong_shape_is_refused_before_anything_is_written(
    triosigno_db: IsolatedDatabase, rows: dict[str, str]
) -> None:
    class Wrong(db.Record):
        id: int

    user, sign, lesson = rows["User"], rows["Sign"], rows["Lesson"]
    calls: list[Callable[[], Any]] = [
        lambda: db.update_user(user, db.UserChanges(first_name="Zoé"), shape=Wrong),
        lambda: db.record_attempt(user, sign, is_correct=True, shape=Wrong),
        lambda: db.record_attempt(user, sign, is_correct=True, idempotency_key="k", shape=Wrong),
        lambda: db.start_session(user, lesson, shape=Wrong),
        lambda: db.complete_session(rows["LearningSession"], score=1, xp_earned=1, shape=Wrong),
        lambda: db.set_lesson_signs(lesson, [], shape=Wrong),
        lambda: db.award_achievement(user, rows["Achievement"], shape=Wrong),
        lambda: db.update_preferences(user, db.PreferenceChanges(dark_mode=True), shape=Wrong),
        lambda: make_with(Wrong),
    ]
    before = snapshot(triosigno_db.url)
    for call in calls:
        with pytest.raises(db.InvalidInputError, match=r"^shape: Wrong"):
            call()
    assert snapshot(triosigno_db.url) == before


def make_with(shape: type[db.Record]) -> Any:
    new = db.NewUser(email="b@example.org", username="b", password="b")
    return db.create_user(new, shape=shape)


def snapshot(url: str) -> list[Any]:
    tables = (model._meta.table_name for model in MODELS)
    return [run_plain(url, f'SELECT * FROM "{table}" ORDER BY id') for table in tables]


# -- labels and columns that the library does not know -----------------------------------------


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
