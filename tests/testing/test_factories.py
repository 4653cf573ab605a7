"""The factories: everything optional, unique, and what is given is kept."""

from collections.abc import Callable
from typing import Any

import pytest

import triosigno_db as db
from tests.service_models import Handedness, define_recognition
from triosigno_db.extending import (
    BaseModel,
    BooleanField,
    EnumField,
    ForeignKey,
    IdField,
    IntegerField,
    TimestampField,
)
from triosigno_db.schema import create_schema
from triosigno_db.testing import factories

pytestmark = pytest.mark.usefixtures("triosigno_db")

NAMED: list[tuple[Callable[..., Any], str]] = [
    (factories.make_user, "username"),
    (factories.make_category, "name"),
    (factories.make_sign, "name"),
    (factories.make_module, "title"),
    (factories.make_lesson, "title"),
    (factories.make_achievement, "name"),
]


@pytest.mark.parametrize(("make", "field"), NAMED)
def test_each_row_is_another_one_and_a_value_can_be_given(
    make: Callable[..., Any], field: str
) -> None:
    made = [make() for _ in range(12)]
    assert len({row.id for row in made}) == len({getattr(row, field) for row in made}) == 12
    assert getattr(make(**{field: "chosen"}), field) == "chosen"


def test_a_user_can_log_in() -> None:
    user = factories.make_user()
    assert db.authenticate(user.email, "mot de passe").id == user.id


def test_a_module_has_as_many_lessons_and_signs_as_asked() -> None:
    module = factories.make_module(lessons=2, signs_per_lesson=3)
    assert [len(lesson.lesson_signs) for lesson in module.lessons] == [3, 3]
    assert module == db.get_module_tree(module.id)
    assert factories.make_module(lessons=0).lessons == ()
    assert factories.make_lesson(signs=0).lesson_signs == ()


def test_progress_comes_of_attempts() -> None:
    user, sign = factories.make_user(), factories.make_sign()
    progress = factories.make_progress(user_id=user.id, sign_id=sign.id, correct=3, wrong=1)
    assert progress == db.get_progress(user.id, sign.id)
    assert (progress.correct_attempts, progress.total_attempts) == (3, 4)
    assert factories.make_progress().user_id != user.id
    with pytest.raises(db.InvalidInputError):
        factories.make_progress(correct=0)


def test_sessions_are_open_or_completed() -> None:
    completed = factories.make_session(score=70, xp_earned=5)
    assert (completed.completed, completed.score, completed.xp_earned) == (True, 70, 5)
    assert factories.make_session(completed=False).end_time is None


def test_awards_are_new() -> None:
    award = factories.make_award()
    assert award.is_new
    again = factories.make_award(user_id=award.user_id, achievement_id=award.achievement.id)
    assert not again.is_new


def test_a_row_of_a_service_needs_no_value() -> None:
    model = define_recognition()
    create_schema()
    made = [factories.make_row(model) for _ in range(3)]
    assert len({row.id for row in made}) == len({row.user_id for row in made}) == 3
    assert len({row.model_version for row in made}) == 3
    user = factories.make_user()
    chosen = factories.make_row(model, user_id=user.id, confidence=0.25)
    assert (chosen.user_id, chosen.confidence) == (user.id, 0.25)
    with db.connection():
        assert model.select().count() == 4


def test_a_registered_factory_makes_what_others_refer_to() -> None:
    model = define_recognition()

    class Review(BaseModel):
        id = IdField()
        recognition = ForeignKey(model, backref="reviews", on_delete="CASCADE")
        is_right = BooleanField()
        number = IntegerField(unique=True)
        at = TimestampField()
        hand = EnumField(Handedness)

    create_schema()
    with db.connection():
        assert factories.make_row(Review).recognition.confidence == 0
    factories.register(model, lambda: factories.make_row(model, confidence=0.75))
    with db.connection():
        review = factories.make_row(Review)
        assert Review.get_by_id(review.id).recognition.confidence == 0.75
        assert review.number != factories.make_row(Review).number
