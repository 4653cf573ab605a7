"""Users: found, listed, changed, deleted and exported."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.content import make_lesson, make_sign, make_user
from tests.plain_sql import count_rows, run_plain
from triosigno_db.arguments import WHITE_SPACE


def usernames(page: db.Page[db.UserRecord]) -> list[str]:
    return [user.username for user in page.items]


def test_a_user_is_found_by_address_and_name(database: str) -> None:
    user = make_user(email="zoe@example.org", username="Zoé")
    found = db.get_user(user.id)
    assert found == db.find_user_by_email("ZOE@Example.org") == db.find_user_by_username("Zoé")
    assert db.find_user_by_username("zoé") is None
    assert db.find_user_by_email("nobody@example.org") is None


def test_the_newest_user_comes_first(database: str) -> None:
    for name in ("one", "two", "three"):
        make_user(username=name)
    run_plain(
        database, 'UPDATE "User" SET "createdAt" = now() - length("username") * interval \'1 d\''
    )
    run_plain(database, 'UPDATE "User" SET "createdAt" = \'2020-01-01\' WHERE "username" = \'one\'')
    assert usernames(db.list_users()) == ["two", "three", "one"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"ana", "bob", "zoe"}),
        ({"role": db.UserRole.TEACHER}, {"bob"}),
        ({"role": "STUDENT", "is_active": True}, {"ana"}),
        ({"is_active": False}, {"zoe"}),
        ({"search": "LEVEQUE"}, {"zoe"}),
        ({"search": "zoé lévêque"}, {"zoe"}),
        ({"search": "example.org"}, {"ana", "bob", "zoe"}),
        ({"search": "ana bob"}, set()),
        ({"search": "an"}, {"ana"}),
        ({"search": "na"}, set()),
        ({"role": db.UserRole.ADMIN}, set()),
    ],
)
def test_filters_narrow_the_list_and_the_count(
    database: str, filters: dict[str, Any], expected: set[str]
) -> None:
    make_user(username="ana", email="ana@example.org")
    make_user(username="bob", email="bob@example.org", role=db.UserRole.TEACHER)
    zoe = make_user(username="zoe", email="zoe@example.org", first_name="Zoé", last_name="Lévêque")
    db.deactivate_user(zoe.id)
    assert {*usernames(db.list_users(**filters))} == expected
    assert db.count_users(**filters) == len(expected)


def test_only_what_is_set_is_changed(database: str) -> None:
    user = make_user(first_name="Ana", last_name="Moreau", profile_picture="https://example.org/a")
    changed = db.update_user(user.id, db.UserChanges(first_name=None, email="New@Example.org"))
    assert changed == db.get_user(user.id)
    assert changed.model_dump() == db.get_user(user.id).model_dump() | {
        "id": user.id,
        "email": "new@example.org",
        "firstName": None,
        "lastName": "Moreau",
        "profilePicture": "https://example.org/a",
        "createdAt": user.created_at,
    }
    assert changed.updated_at > user.updated_at


def test_no_change_is_no_write(database: str) -> None:
    user = make_user()
    assert db.update_user(user.id, db.UserChanges()).updated_at == user.updated_at


@pytest.mark.parametrize("field", ["email", "username"])
def test_a_value_that_another_has_is_refused(database: str, field: str) -> None:
    user, other = make_user(), make_user()
    taken = getattr(other, field)
    with pytest.raises(db.AlreadyExistsError) as caught:
        db.update_user(user.id, db.UserChanges(first_name="x", **{field: taken}))
    assert (caught.value.field, caught.value.value) == (field, taken)
    assert db.get_user(user.id).first_name is None
    db.update_user(other.id, db.UserChanges(**{field: taken}))


def test_roles_and_activity_are_set(database: str) -> None:
    user = make_user()
    assert db.set_role(user.id, db.UserRole.TEACHER).role is db.UserRole.TEACHER
    assert not db.deactivate_user(user.id).is_active
    assert not db.deactivate_user(user.id).is_active
    assert db.reactivate_user(user.id).is_active
    with pytest.raises(db.InvalidInputError, match="role: must be one of ADMIN, TEACHER, STUDENT"):
        db.set_role(user.id, "GOD")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call",
    [
        db.get_user,
        db.delete_user,
        db.deactivate_user,
        db.reactivate_user,
        db.export_user,
        db.get_preferences,
        lambda key: db.set_role(key, db.UserRole.ADMIN),
        lambda key: db.update_user(key, db.UserChanges(first_name="x")),
        lambda key: db.update_user(key, db.UserChanges()),
        lambda key: db.update_preferences(key, db.PreferenceChanges(dark_mode=True)),
    ],
)
def test_an_unknown_user_is_named(database: str, call: Any) -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        call(unknown)
    assert caught.value.entity in ("User", "UserPreference")
    assert caught.value.key == str(unknown)
    with pytest.raises(db.InvalidInputError, match="user_id: must be a UUID"):
        call("no id")


def lived_in() -> db.UserWithPreferences:
    user = make_user()
    sign, lesson = make_sign(name="Être"), make_lesson(title="Saluer")
    db.record_attempt(user.id, sign.id, is_correct=True)
    db.start_session(user.id, lesson.id)
    db.create_achievement(
        db.NewAchievement(
            name="Premier", description="", image_url="https://example.org/a", xp_reward=1
        )
    )
    db.award_achievement(user.id, "Premier")
    return user


def test_a_deleted_user_takes_all_rows_along(database: str) -> None:
    other, user = make_user(), lived_in()
    db.delete_user(user.id)
    rows = count_rows(database)
    assert {name: rows[name] for name in ("User", "UserPreference")} == {
        "User": 1,
        "UserPreference": 1,
    }
    assert [rows[name] for name in ("Progress", "LearningSession", "UserAchievement")] == [0] * 3
    assert [rows[name] for name in ("Sign", "Lesson", "Achievement")] == [1] * 3
    assert db.get_user(other.id)


def test_an_export_holds_everything_but_the_hash(database: str) -> None:
    make_user()
    user = lived_in()
    export = db.export_user(user.id)
    assert db.get_user_with_preferences(user.id).model_dump().items() <= export.model_dump().items()
    assert [row.sign_name for row in export.progress] == ["Être"]
    assert [row.lesson_title for row in export.sessions] == ["Saluer"]
    assert [row.achievement_name for row in export.achievements] == ["Premier"]
    assert "$2b$" not in export.model_dump_json()
    assert db.UserExport.model_validate_json(export.model_dump_json()) == export


def test_an_export_lists_the_oldest_first(database: str) -> None:
    user, lesson = make_user(), make_lesson()
    sessions = [db.start_session(user.id, lesson.id) for _ in range(3)]
    for place, session in enumerate(sessions):
        run_plain(
            database,
            'UPDATE "LearningSession" SET "startTime" = %s WHERE "id" = %s',
            (datetime(2026, 1, 9 - place, tzinfo=UTC).replace(tzinfo=None), session.id),
        )
    exported = [session.id for session in db.export_user(user.id).sessions]
    assert exported == [session.id for session in reversed(sessions)]


def test_preferences_are_made_where_they_are_missing(database: str) -> None:
    user = make_user()
    run_plain(database, 'DELETE FROM "UserPreference"')
    with pytest.raises(db.NotFoundError):
        db.get_preferences(user.id)
    made = db.update_preferences(user.id, db.PreferenceChanges(learning_goal=30))
    assert (made.language, made.notifications, made.dark_mode, made.learning_goal) == (
        "fr",
        True,
        False,
        30,
    )
    changed = db.update_preferences(user.id, db.PreferenceChanges(dark_mode=True, language="en-GB"))
    assert changed == db.get_preferences(user.id)
    assert (changed.id, changed.learning_goal, changed.dark_mode) == (made.id, 30, True)
    assert changed.language == "en-GB"


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_goal": 0},
        {"learning_goal": 1441},
        {"learning_goal": True},
        {"language": "not a language"},
        {"dark_mode": 1},
        {"language": None},
    ],
)
def test_preferences_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        db.PreferenceChanges(**wrong)
    assert caught.value.field == next(iter(wrong))


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.text(max_size=220), last=st.none() | st.text(max_size=20), name=st.text(max_size=20)
)
def test_any_text_is_refused_or_comes_back_equal(
    database: str, first: str, last: str | None, name: str
) -> None:
    user = make_user()
    try:
        changes = db.UserChanges(first_name=first, last_name=last, username=f"{user.id}{name}")
    except db.InvalidInputError:
        texts = [text for text in (first, last) if text is not None]
        assert any(
            not text.strip(WHITE_SPACE) or len(text.strip(WHITE_SPACE)) > 200 or "\0" in text
            for text in texts
        ) or ("\0" in name)
        return
    stored = db.update_user(user.id, changes)
    assert (stored.first_name, stored.last_name, stored.username) == (
        first.strip(WHITE_SPACE),
        last if last is None else last.strip(WHITE_SPACE),
        f"{user.id}{name}".strip(WHITE_SPACE),
    )
    assert db.find_user_by_username(stored.username) == stored
