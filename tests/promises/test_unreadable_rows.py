"""Values that can't be read: an error names the row, and says whether a write is stored."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises.one_of_each import make_one_of_each, set_column
from triosigno_db.models import MODELS
from triosigno_db.models.fields import TimestampField
from triosigno_db.testing import IsolatedDatabase

UNREADABLE = ("infinity", "-infinity", "12026-01-01 00:00:00", "0044-03-15 00:00:00 BC")


@pytest.fixture
def rows(triosigno_db: IsolatedDatabase) -> dict[str, str]:
    return make_one_of_each()


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


class Changed(db.Record):
    updated_at: datetime


def test_a_row_is_named_without_its_id(
    triosigno_db: IsolatedDatabase, rows: dict[str, str]
) -> None:
    for table in ("User", "Sign", "Progress", "Module"):
        set_column(triosigno_db.url, table, "updatedAt", "infinity")
    user, sign = rows["User"], rows["Sign"]
    for read, key in (
        (lambda: db.get_user(user, shape=Changed), user),
        (lambda: db.list_users(shape=Changed), user),
        (lambda: db.list_signs(shape=Changed), db.get_sign(sign, shape=Named).name),
        (lambda: db.get_progress(user, sign, shape=Changed), f"of user {user} with sign {sign}"),
        (lambda: db.get_module_tree(rows["Module"], shape=Changed), rows["Module"]),
    ):
        with pytest.raises(db.UnreadableRowError) as caught:
            read()
        assert (caught.value.key, caught.value.column) == (key, "updatedAt")


class Named(db.Record):
    name: str


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
