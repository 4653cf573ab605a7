"""Lessons: created in a module, each after its last."""

from uuid import UUID

import pytest

import triosigno_db as db
from triosigno_db.testing.factories import make_lesson, make_module

pytestmark = pytest.mark.usefixtures("triosigno_db")
IMAGE = "https://media.example.org/bonjour.png"


def test_a_new_module_and_its_lesson_come_back_as_given() -> None:
    module = db.create_module(db.NewModule(title="M", description="d", order=7, image_url=IMAGE))
    assert (module.title, module.description, module.order) == ("M", "d", 7)
    assert module.image_url == IMAGE
    lesson = db.create_lesson(
        db.NewLesson(title="L", description="e", order=3, module_id=module.id)
    )
    assert (lesson.title, lesson.description, lesson.order) == ("L", "e", 3)
    assert lesson.module_id == module.id


@pytest.mark.parametrize("as_given", [UUID, str])
def test_a_parent_is_named_by_uuid_or_text(as_given) -> None:
    module = make_module(lessons=0)
    assert make_lesson(signs=0, module_id=as_given(module.id)).module_id == module.id


def test_a_lesson_without_an_order_comes_after_the_last_of_its_module() -> None:
    first, second = make_module(lessons=0), make_module(lessons=0)
    assert make_lesson(signs=0, module_id=first.id, order=40).order == 40
    assert make_lesson(signs=0, module_id=first.id).order == 41
    assert make_lesson(signs=0, module_id=second.id).order == 1
