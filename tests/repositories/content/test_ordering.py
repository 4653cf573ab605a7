"""Orders: whole new ones in one statement, signs put in and taken out, two at once."""

import random
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

import triosigno_db as db
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_module, make_sign


class Ordered(NamedTuple):
    """Rows that have an order: their keys, how they are ordered anew, and read."""

    keys: list[str]
    reorder: Callable[[Any], Any]
    read: Callable[[], list[str]]
    key_of: Callable[[Any], str]


@pytest.fixture(params=["modules", "lessons", "lesson signs"])
def ordered(request: pytest.FixtureRequest, triosigno_db: IsolatedDatabase) -> Ordered:
    if request.param == "modules":
        modules = [make_module(lessons=0).id for _ in range(4)]
        return Ordered(
            modules,
            db.reorder_modules,
            lambda: [module.id for module in db.list_modules().items],
            lambda module: str(module.id),
        )
    module = make_module(lessons=0)
    lessons = [make_lesson(signs=0, module_id=module.id).id for _ in range(4)]
    if request.param == "lessons":
        make_lesson(signs=0)
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
        (lambda keys: [*keys[:-1], ""], "must be text of 1 to 255"),
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


def test_a_parent_that_is_missing_is_named(triosigno_db: IsolatedDatabase) -> None:
    unknown = uuid4()
    for reorder, entity in ((db.reorder_lessons, "Module"), (db.reorder_lesson_signs, "Lesson")):
        for ids in ([], [uuid4()]):
            with pytest.raises(db.NotFoundError) as caught:
                reorder(unknown, ids)
            assert (caught.value.entity, caught.value.key) == (entity, str(unknown))


def test_without_rows_there_is_nothing_to_order(triosigno_db: IsolatedDatabase) -> None:
    assert db.reorder_modules([]) == ()
    assert db.reorder_lessons(make_module(lessons=0).id, []) == ()
    assert db.reorder_lesson_signs(make_lesson(signs=0).id, []) == ()
