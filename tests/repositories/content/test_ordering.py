"""Orders: whole new ones in one statement, signs put in and taken out, two at once."""

import random
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.content import make_lesson, make_module, make_sign


class Ordered(NamedTuple):
    """Rows that have an order: their keys, how they are ordered anew, and read."""

    keys: list[str]
    reorder: Callable[[Any], Any]
    read: Callable[[], list[str]]
    key_of: Callable[[Any], str]


@pytest.fixture(params=["modules", "lessons", "lesson signs"])
def ordered(request: pytest.FixtureRequest, database: str) -> Ordered:
    if request.param == "modules":
        modules = [make_module().id for _ in range(4)]
        return Ordered(
            modules,
            db.reorder_modules,
            lambda: [module.id for module in db.list_modules().items],
            lambda module: str(module.id),
        )
    module = make_module()
    lessons = [make_lesson(module_id=module.id).id for _ in range(4)]
    if request.param == "lessons":
        make_lesson()
        return Ordered(
            lessons,
            lambda ids: db.reorder_lessons(module.id, ids),
            lambda: [lesson.id for lesson in db.list_lessons(module_id=module.id).items],
            lambda lesson: str(lesson.id),
        )
    signs = [make_sign().id for _ in range(4)]
    for lesson in lessons[:2]:
        db.set_lesson_signs(lesson, signs)
    return Ordered(
        signs,
        lambda ids: db.reorder_lesson_signs(lessons[0], ids),
        lambda: [place.sign_id for place in db.get_lesson(lessons[0]).lesson_signs],
        lambda place: str(place.sign_id),
    )


def test_a_new_order_numbers_from_1(ordered: Ordered) -> None:
    keys = ordered.keys[::-1]
    moved = ordered.reorder(keys)
    assert [ordered.key_of(row) for row in moved] == keys == ordered.read()
    assert [row.order for row in moved] == [1, 2, 3, 4]
    assert all(row.updated_at > row.created_at for row in moved)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda keys: keys[:-1], "missing"),
        (lambda keys: [], "missing"),
        (lambda keys: [*keys, str(uuid4())], "unexpected"),
        (lambda keys: [*keys[:-1], str(uuid4())], "missing .*; unexpected"),
        (lambda keys: [*keys, keys[0]], "more than once"),
        (lambda keys: [*keys[:-1], "no id"], "must be a UUID"),
        (lambda keys: keys[0], "must be a list"),
        (lambda keys: None, "must be a list"),
    ],
)
def test_a_wrong_set_is_refused(ordered: Ordered, change: Any, told: str) -> None:
    with pytest.raises(db.InvalidInputError, match=told) as caught:
        ordered.reorder(change(ordered.keys))
    assert caught.value.field.partition("[")[0] in ("module_ids", "lesson_ids", "sign_ids")
    assert ordered.read() == ordered.keys


def test_two_orders_at_once_never_mix(ordered: Ordered) -> None:
    choice = random.Random(7)
    orders = [choice.sample(ordered.keys, 4) for _ in range(12)]
    for first, second in zip(orders[::2], orders[1::2], strict=True):
        barrier = threading.Barrier(2)

        def reorder(keys: list[str], barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            ordered.reorder(keys)

        threads = [threading.Thread(target=reorder, args=(keys,)) for keys in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ordered.read() in (first, second)


def test_a_parent_that_is_missing_is_named(database: str) -> None:
    unknown = uuid4()
    for reorder, entity in ((db.reorder_lessons, "Module"), (db.reorder_lesson_signs, "Lesson")):
        for ids in ([], [uuid4()]):
            with pytest.raises(db.NotFoundError) as caught:
                reorder(unknown, ids)
            assert (caught.value.entity, caught.value.key) == (entity, str(unknown))


def test_without_rows_there_is_nothing_to_order(database: str) -> None:
    assert db.reorder_modules([]) == ()
    assert db.reorder_lessons(make_module().id, []) == ()
    assert db.reorder_lesson_signs(make_lesson().id, []) == ()


# -- signs of a lesson ------------------------------------------------------------------------


@pytest.fixture
def lesson(database: str) -> str:
    """A lesson with three signs."""
    lesson = make_lesson()
    db.set_lesson_signs(lesson.id, [make_sign(name=name).id for name in "abc"])
    return lesson.id


def names_of(lesson: db.LessonWithSigns) -> str:
    assert sorted(place.order for place in lesson.lesson_signs) == [
        place.order for place in lesson.lesson_signs
    ]
    return "".join(place.sign.name for place in lesson.lesson_signs)


@pytest.mark.parametrize(
    ("position", "expected"),
    [(None, "abcx"), (1, "xabc"), (2, "axbc"), (3, "abxc"), (4, "abcx"), (2**31 - 1, "abcx")],
)
def test_a_sign_is_put_in_its_place(lesson: str, position: int | None, expected: str) -> None:
    added = db.add_sign_to_lesson(lesson, make_sign(name="x").id, position=position)
    assert names_of(added) == expected
    assert [place.order for place in added.lesson_signs] == [1, 2, 3, 4]
    assert added == db.get_lesson(lesson)


@pytest.mark.parametrize("position", [0, -1, 2**31, 1.0, True, "1"])
def test_a_place_before_the_first_is_refused(lesson: str, position: Any) -> None:
    with pytest.raises(db.InvalidInputError, match="position"):
        db.add_sign_to_lesson(lesson, make_sign().id, position=position)


def test_a_sign_is_in_a_lesson_once(lesson: str) -> None:
    sign = db.get_lesson(lesson).lesson_signs[1].sign_id
    with pytest.raises(db.AlreadyExistsError) as caught:
        db.add_sign_to_lesson(lesson, sign, position=1)
    assert caught.value.entity == "LessonSign"
    assert names_of(db.get_lesson(lesson)) == "abc"


def test_a_sign_is_taken_out(lesson: str) -> None:
    sign = db.get_lesson(lesson).lesson_signs[1].sign_id
    left = db.remove_sign_from_lesson(lesson, sign)
    assert names_of(left) == "ac"
    assert left == db.get_lesson(lesson)
    with pytest.raises(db.NotFoundError) as caught:
        db.remove_sign_from_lesson(lesson, sign)
    assert caught.value.entity == "LessonSign"
    assert db.get_sign(sign)


@pytest.mark.parametrize("change", [db.add_sign_to_lesson, db.remove_sign_from_lesson])
def test_what_is_missing_is_named(lesson: str, change: Any) -> None:
    with pytest.raises(db.NotFoundError) as caught:
        change(uuid4(), make_sign().id)
    assert caught.value.entity == "Lesson"
    with pytest.raises(db.NotFoundError) as caught:
        change(lesson, uuid4())
    assert caught.value.entity in ("Sign", "LessonSign")


def test_signs_added_at_once_are_all_there(lesson: str) -> None:
    signs = [make_sign().id for _ in range(6)]
    barrier = threading.Barrier(len(signs))

    def add(sign: str) -> None:
        barrier.wait()
        db.add_sign_to_lesson(lesson, sign, position=1)

    threads = [threading.Thread(target=add, args=(sign,)) for sign in signs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places = db.get_lesson(lesson).lesson_signs
    assert [place.order for place in places] == list(range(1, 10))
    assert {place.sign_id for place in places} >= {*signs}
