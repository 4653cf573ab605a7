"""The module tree: complete, in order, and equal to a plain join."""

from itertools import groupby
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.models import Lesson, LessonSign
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_lesson, make_module, make_sign

pytestmark = pytest.mark.usefixtures("triosigno_db")

# Written by hand, apart from the library's statement: the flat join of all four tables.
FLAT_JOIN = """
SELECT l.id, l.title, l.description, l."order", l."moduleId",
       l."createdAt" AT TIME ZONE 'UTC', l."updatedAt" AT TIME ZONE 'UTC',
       ls.id, ls."lessonId", ls."signId", ls."order",
       ls."createdAt" AT TIME ZONE 'UTC', ls."updatedAt" AT TIME ZONE 'UTC',
       s.id, s.name, s.description, s."videoUrl", s."imageUrl", s.difficulty::text, s."categoryId",
       s."createdAt" AT TIME ZONE 'UTC', s."updatedAt" AT TIME ZONE 'UTC'
FROM "Module" m
JOIN "Lesson" l ON l."moduleId" = m.id
LEFT JOIN "LessonSign" ls ON ls."lessonId" = l.id
LEFT JOIN "Sign" s ON s.id = ls."signId"
WHERE m.id = %s
ORDER BY l."order", l.id COLLATE "C", ls."order", ls.id COLLATE "C"
"""
LESSON_WIDTH, PLACE_WIDTH = 7, 6


def lessons_by_join(url: str, module_id: str) -> list[tuple]:
    """Each lesson's columns, with its signs' columns in order."""
    rows = run_plain(url, FLAT_JOIN, [module_id])
    return [
        (lesson, [row[LESSON_WIDTH:] for row in group if row[LESSON_WIDTH] is not None])
        for lesson, group in groupby(rows, lambda row: row[:LESSON_WIDTH])
    ]


def lessons_of_tree(tree: db.ModuleTree) -> list[tuple]:
    """The same values, taken out of the records."""
    return [
        (
            tuple(lesson.model_dump(exclude={"lesson_signs"}).values()),
            [
                (
                    *placed.model_dump(exclude={"sign"}).values(),
                    *placed.sign.model_dump().values(),
                )
                for placed in lesson.lesson_signs
            ],
        )
        for lesson in tree.lessons
    ]


def place(lesson_id: str, sign_id: str, order: int) -> str:
    row = LessonSign.create(lesson=lesson_id, sign=sign_id, order=order)
    return str(row.id)


def test_the_module_itself_is_read() -> None:
    image = "https://media.example.org/m.png"
    new = db.NewModule(title="Saluer", description="", order=3, image_url=image)
    module = db.create_module(new)
    make_module(lessons=0)
    tree = db.get_module_tree(module.id)
    assert {name: getattr(tree, name) for name in db.ModuleRecord.model_fields} == dict(module)


def test_a_module_without_lessons_has_none() -> None:
    make_lesson(signs=0)
    assert db.get_module_tree(make_module(lessons=0).id).lessons == ()


def test_a_lesson_without_signs_has_none() -> None:
    module = make_module(lessons=0)
    new = db.NewLesson(title="Oui", description="", module_id=module.id)
    lesson = db.create_lesson(new)
    (read,) = db.get_module_tree(module.id).lessons
    assert read.lesson_signs == ()
    assert {name: getattr(read, name) for name in db.LessonRecord.model_fields} == dict(lesson)


def test_lessons_with_and_without_signs_stand_side_by_side() -> None:
    module, sign = make_module(lessons=0), make_sign()
    lessons = [make_lesson(signs=0, module_id=module.id).id for _ in range(3)]
    db.set_lesson_signs(lessons[1], [sign.id])
    tree = db.get_module_tree(module.id)
    assert [lesson.id for lesson in tree.lessons] == lessons
    assert [[p.sign for p in lesson.lesson_signs] for lesson in tree.lessons] == [[], [sign], []]


def test_lessons_come_by_order() -> None:
    module = make_module(lessons=0)
    made = {
        order: make_lesson(signs=0, module_id=module.id, order=order).id for order in (10, 2, 0, 9)
    }
    tree = db.get_module_tree(module.id)
    assert [lesson.id for lesson in tree.lessons] == [made[order] for order in (0, 2, 9, 10)]


def test_lessons_of_one_order_come_by_id() -> None:
    module = make_module(lessons=0)
    ids = sorted(make_lesson(signs=0, module_id=module.id, order=1).id for _ in range(8))
    assert [lesson.id for lesson in db.get_module_tree(module.id).lessons] == ids


def test_signs_come_by_order() -> None:
    lesson = make_lesson(signs=0)
    made = {order: place(lesson.id, make_sign().id, order) for order in (10, 2, 0, 9)}
    (read,) = db.get_module_tree(lesson.module_id).lessons
    assert [placed.id for placed in read.lesson_signs] == [made[order] for order in (0, 2, 9, 10)]


def test_signs_of_one_order_come_by_the_id_of_their_place() -> None:
    lesson, category = make_lesson(signs=0), make_category()
    ids = sorted(place(lesson.id, make_sign(category_id=category.id).id, 1) for _ in range(8))
    (read,) = db.get_module_tree(lesson.module_id).lessons
    assert [placed.id for placed in read.lesson_signs] == ids


def test_a_sign_may_stand_in_two_lessons() -> None:
    module, sign, other = make_module(lessons=0), make_sign(), make_sign()
    first, second = (make_lesson(signs=0, module_id=module.id).id for _ in range(2))
    db.set_lesson_signs(first, [sign.id, other.id])
    db.set_lesson_signs(second, [sign.id])
    lessons = db.get_module_tree(module.id).lessons
    assert [[p.sign for p in lesson.lesson_signs] for lesson in lessons] == [[sign, other], [sign]]


def test_missing_and_present_images_are_told_apart() -> None:
    lesson = make_lesson(signs=0)
    image = "https://media.example.org/sign.png"
    db.set_lesson_signs(lesson.id, [make_sign(image_url=None).id, make_sign(image_url=image).id])
    tree = db.get_module_tree(lesson.module_id)
    assert tree.image_url is None
    assert [p.sign.image_url for p in tree.lessons[0].lesson_signs] == [None, image]


@pytest.mark.parametrize("as_given", [UUID, str])
def test_a_module_is_found_by_uuid_and_by_text(as_given) -> None:
    module = make_module(lessons=0)
    assert db.get_module_tree(as_given(module.id)).id == module.id


def test_an_unknown_module_is_named() -> None:
    make_lesson(signs=0)
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        db.get_module_tree(unknown)
    assert (caught.value.entity, caught.value.key) == ("Module", str(unknown))
    assert caught.value.prisma_code == "P2025"


# Lessons' orders, each with the signs (by number) and orders of its places.
trees = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.dictionaries(st.integers(0, 5), st.integers(0, 5), max_size=6),
    ),
    max_size=5,
)


# The database lasts for all examples, each of which makes a module of its own.
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=st.lists(trees, min_size=1, max_size=3))
def test_the_tree_equals_a_plain_join(triosigno_db: IsolatedDatabase, wanted) -> None:
    signs = [make_sign().id for _ in range(6)]
    modules = []
    for lessons in wanted:
        modules.append(make_module(lessons=0).id)
        for order, places in lessons:
            lesson = make_lesson(signs=0, module_id=modules[-1], order=order)
            for number, sign_order in places.items():
                place(lesson.id, signs[number], sign_order)
    for module_id in modules:
        tree = db.get_module_tree(module_id)
        assert lessons_of_tree(tree) == lessons_by_join(triosigno_db.url, module_id)


def test_a_long_tree_is_complete(triosigno_db: IsolatedDatabase) -> None:
    category, module = make_category(), make_module(lessons=0)
    signs = [make_sign(category_id=category.id).id for _ in range(40)]
    for first in range(12):
        lesson = make_lesson(signs=0, module_id=module.id)
        db.set_lesson_signs(lesson.id, signs[first : first + 28])
    tree = db.get_module_tree(module.id)
    assert sum(len(lesson.lesson_signs) for lesson in tree.lessons) == 12 * 28
    assert lessons_of_tree(tree) == lessons_by_join(triosigno_db.url, module.id)


def test_deleted_lessons_leave_the_tree() -> None:
    module = make_module(lessons=0)
    kept, gone = (make_lesson(signs=0, module_id=module.id).id for _ in range(2))
    Lesson.delete().where(Lesson.id == gone).execute()
    assert [lesson.id for lesson in db.get_module_tree(module.id).lessons] == [kept]
