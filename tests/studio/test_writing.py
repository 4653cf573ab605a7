"""The studio writes by the functions of the library."""

import pytest

import triosigno_db as db
from tests.promises.one_of_each import make_one_of_each
from tests.studio.asking import Asking, text_of
from triosigno_db.models import (
    MODELS,
    Achievement,
    Lesson,
    LessonSign,
    Module,
    Sign,
    SignCategory,
    User,
    UserPreference,
)
from triosigno_db.repositories.rows import column
from triosigno_db.studio.writing import writer_of
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_achievement, make_sign, make_user

WRITTEN = {
    User: (None, db.UserChanges),
    UserPreference: (db.PreferenceChanges, db.PreferenceChanges),
    SignCategory: (db.NewCategory, db.CategoryChanges),
    Sign: (db.NewSign, db.SignChanges),
    Module: (db.NewModule, db.ModuleChanges),
    Lesson: (db.NewLesson, db.LessonChanges),
    Achievement: (db.NewAchievement, db.AchievementChanges),
}
"""The inputs of the functions that write each table."""


@pytest.fixture
def asking(triosigno_db: IsolatedDatabase) -> Asking:
    return Asking()


def test_each_form_has_the_fields_of_the_functions_input() -> None:
    for model, kinds in WRITTEN.items():
        for mine, given in zip(
            (writer_of(model).new, writer_of(model).changes), kinds, strict=True
        ):
            if given is None:
                assert mine is None
                continue
            assert mine is not None
            for name, field in given.model_fields.items():
                assert str(mine.model_fields[name]) == str(field), (model, name)
    for model in MODELS:
        for kind in filter(None, (writer_of(model).new, writer_of(model).changes)):
            assert {column(model, name).name for name in kind.model_fields}


def test_what_another_row_has_is_said_at_the_field(asking: Asking) -> None:
    ids = make_one_of_each()
    other = make_user(email="Other@Example.org", username="other")
    address = f"/User/edit/?id={ids['User']}"
    for name, value in (("email", "OTHER@example.ORG"), ("username", "other")):
        values = {"email": "a@example.org", "username": "a", "role": "ADMIN", name: value}
        answer = asking.send(address, values)
        assert answer.status_code == 422
        assert f"<li>A User with this {name} already exists" in text_of(answer)
    assert db.get_user(ids["User"]).role == db.UserRole.STUDENT
    taken = make_sign(name="Bonjour")
    answer = asking.send(f"/Sign/edit/?id={ids['Sign']}", {"name": " Bonjour "})
    assert "<li>A Sign with this name already exists" in text_of(answer)
    assert {other.id, taken.id}.isdisjoint(ids.values())
    again = {"user_id": ids["User"], "achievement_id": ids["Achievement"]}
    assert "already exists" in text_of(asking.send("/UserAchievement/new/", again))
    again = {"lesson_id": ids["Lesson"], "sign_id": ids["Sign"]}
    assert "already exists" in text_of(asking.send("/LessonSign/new/", again))
    assert "already exists" in text_of(
        asking.send(
            "/UserPreference/new/", {"user_id": ids["User"], "language": "fr", "learning_goal": "5"}
        )
    )


def test_the_cached_content_is_cleared(triosigno_url: str) -> None:
    db.connect(triosigno_url, content_cache_seconds=600)
    badge = make_achievement(name="before")
    asking = Asking()
    assert [each.name for each in db.list_achievements().items] == ["before"]
    asking.send(f"/Achievement/edit/?id={badge.id}", {"name": "after"})
    assert [each.name for each in db.list_achievements().items] == ["after"]
    asking.send("/Achievement/delete/", {"id": badge.id}, form="/Achievement/")
    assert db.list_achievements().items == ()


def test_a_sign_is_moved_in_its_lesson(asking: Asking) -> None:
    ids = make_one_of_each()
    second, third = make_sign(), make_sign()
    for sign in (second, third):
        answer = asking.send("/LessonSign/new/", {"lesson_id": ids["Lesson"], "sign_id": sign.id})
        assert answer.status_code == 302
    first = ids["LessonSign"]
    assert asking.send(f"/LessonSign/edit/?id={first}", {"order": "3"}).status_code == 302
    placed = db.get_lesson(ids["Lesson"]).lesson_signs
    assert [each.sign_id for each in placed] == [second.id, third.id, ids["Sign"]]
    assert placed[-1].id == first


def test_what_learners_have_done_is_not_written(asking: Asking) -> None:
    ids = make_one_of_each()
    for table in ("Progress", "LearningSession"):
        for address in (f"/{table}/new/", f"/{table}/edit/?id={ids[table]}"):
            answer = asking.send(address, {"mastery_level": "100", "score": "100"})
            assert answer.status_code in (302, 403)
    assert db.list_progress(ids["User"])[0].mastery_level == 10


def test_a_row_that_was_deleted_meanwhile_is_named(asking: Asking) -> None:
    for model in (User, UserPreference, Sign, LessonSign):
        writer = writer_of(model)
        assert writer.changes is not None
        assert writer.update is not None
        with pytest.raises(db.NotFoundError, match=f"There is no {model.__name__} nobody"):
            writer.update("nobody", writer.changes())
