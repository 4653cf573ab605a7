"""Orders and lists of signs that several calls change at once: no place twice, no row forgotten."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import triosigno_db as db
from tests.promises.racing import (
    at_once,
    before_the_commit,
    errors_in,
    in_an_older_snapshot,
    orders,
)
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_module, make_sign

ROUNDS = 20
CALLERS = 4

pytestmark = pytest.mark.usefixtures("triosigno_db")


class Order(NamedTuple):
    """Rows with an order: where they are stored, how one is added, and how all are reordered."""

    table: str
    keys: list[str]
    add: Callable[[], Any]
    reorder: Callable[[list[str]], Any]


def order_of_modules() -> Order:
    def add() -> db.ModuleRecord:
        return db.create_module(db.NewModule(title="m", description=""))

    return Order("Module", [add().id for _ in range(3)], add, db.reorder_modules)


def order_of_lessons() -> Order:
    module = make_module(lessons=0).id

    def add() -> db.LessonRecord:
        return db.create_lesson(db.NewLesson(title="l", description="", module_id=module))

    keys = [add().id for _ in range(3)]
    return Order("Lesson", keys, add, lambda ids: db.reorder_lessons(module, ids))


def order_of_signs(*, position: int | None = 1) -> Order:
    lesson, signs = make_lesson(signs=0).id, [make_sign().id for _ in range(3)]
    db.set_lesson_signs(lesson, signs)

    def add() -> db.LessonWithSigns:
        return db.add_sign_to_lesson(lesson, make_sign().id, position=position)

    return Order("LessonSign", signs, add, lambda ids: db.reorder_lesson_signs(lesson, ids))


ORDERS: dict[str, Callable[[], Order]] = {
    "modules": order_of_modules,
    "lessons": order_of_lessons,
    "signs of a lesson": order_of_signs,
    "signs of a lesson, at the end": lambda: order_of_signs(position=None),
}


@pytest.fixture(params=ORDERS)
def order(request: pytest.FixtureRequest) -> Order:
    return ORDERS[request.param]()


def test_rows_that_are_added_at_once_get_a_place_each(
    triosigno_db: IsolatedDatabase, order: Order
) -> None:
    for number in range(1, ROUNDS + 1):
        assert errors_in(at_once(*[order.add] * CALLERS)) == []
        assert orders(triosigno_db.url, order.table) == [*range(1, 3 + CALLERS * number + 1)]


@pytest.mark.parametrize("kind", ["modules", "lessons"])
def test_the_first_rows_at_once_get_a_place_each(triosigno_db: IsolatedDatabase, kind: str) -> None:
    for _ in range(ROUNDS):
        module = None if kind == "modules" else make_module(lessons=0, order=0).id
        new: Callable[[], Any] = (
            (lambda: db.create_module(db.NewModule(title="m", description="")))
            if module is None
            else lambda key=module: db.create_lesson(
                db.NewLesson(title="l", description="", module_id=key)
            )
        )
        made = at_once(*[new] * CALLERS)
        assert sorted(each.order for each in made) == [1, 2, 3, 4]
        for each in made:
            (db.delete_module if module is None else db.delete_lesson)(each.id)


def test_an_addition_waits_for_one_that_is_not_committed_yet(
    triosigno_db: IsolatedDatabase, order: Order
) -> None:
    assert errors_in(before_the_commit(triosigno_db.url, order.add, order.add)) == []
    assert orders(triosigno_db.url, order.table) == [1, 2, 3, 4, 5]


def test_a_new_order_is_refused_if_a_row_came_meanwhile(
    triosigno_db: IsolatedDatabase, order: Order
) -> None:
    _, refused = before_the_commit(
        triosigno_db.url, order.add, lambda: order.reorder(order.keys[::-1])
    )
    assert isinstance(refused, db.InvalidInputError)
    assert "missing" in refused.why
    assert orders(triosigno_db.url, order.table) == [1, 2, 3, 4]


def test_a_row_that_comes_while_others_are_reordered_comes_after_them(
    triosigno_db: IsolatedDatabase, order: Order
) -> None:
    outcomes = before_the_commit(
        triosigno_db.url, lambda: order.reorder(order.keys[::-1]), order.add
    )
    assert errors_in(outcomes) == []
    assert orders(triosigno_db.url, order.table) == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["lessons", "signs of a lesson", "signs of a lesson, at the end"])
def test_a_new_order_beside_an_addition_forgets_nothing(
    triosigno_db: IsolatedDatabase, kind: str
) -> None:
    for _ in range(ROUNDS):
        order = ORDERS[kind]()
        moved, added = at_once(lambda o=order: o.reorder(o.keys[::-1]), order.add)
        assert errors_in([added]) == []
        assert isinstance(moved, tuple | db.InvalidInputError)
    assert orders(triosigno_db.url, order.table) == sorted([1, 2, 3, 4] * ROUNDS)


def test_a_new_order_of_modules_beside_an_addition_forgets_nothing(
    triosigno_db: IsolatedDatabase,
) -> None:
    order = order_of_modules()
    for number in range(ROUNDS):
        keys = [module.id for module in db.iterate(db.list_modules)]
        moved, added = at_once(lambda k=keys: order.reorder(k[::-1]), order.add)
        assert errors_in([added]) == []
        assert isinstance(moved, tuple | db.InvalidInputError)
        assert orders(triosigno_db.url, "Module") == [*range(1, 4 + number + 1)]


def test_by_a_snapshot_that_is_too_old_nothing_is_decided(
    triosigno_db: IsolatedDatabase, order: Order
) -> None:
    changes: list[Callable[[], Any]] = [order.add, lambda: order.reorder(order.keys[::-1])]
    for meanwhile, call in itertools.product(changes, changes):
        if meanwhile is changes[1] and len(orders(triosigno_db.url, order.table)) > 3:
            continue  # the list is no longer the whole
        before = orders(triosigno_db.url, order.table)
        refused = in_an_older_snapshot(meanwhile, call)
        assert isinstance(refused, db.ConflictError), (meanwhile, call)
        now = orders(triosigno_db.url, order.table)
        assert now == [*range(1, len(now) + 1)]
        assert len(now) - len(before) in (0, 1)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_at_a_higher_isolation_rows_get_a_place_each_as_well(
    triosigno_db: IsolatedDatabase, order: Order, isolation: db.Isolation
) -> None:
    def add() -> Any:
        return db.run_in_transaction(order.add, isolation=isolation, tries=50)

    assert errors_in(at_once(*[add] * CALLERS)) == []
    assert orders(triosigno_db.url, order.table) == [1, 2, 3, 4, 5, 6, 7]


def test_lists_of_a_lesson_are_changed_one_after_the_other(triosigno_db: IsolatedDatabase) -> None:
    signs = [make_sign().id for _ in range(6)]
    for _ in range(ROUNDS):
        lesson = make_lesson(signs=0).id
        db.set_lesson_signs(lesson, signs[:3])
        outcomes = at_once(
            lambda key=lesson: db.set_lesson_signs(key, signs[1:5]),
            lambda key=lesson: db.add_sign_to_lesson(key, signs[5], position=2),
            lambda key=lesson: db.remove_sign_from_lesson(key, signs[1]),
            lambda key=lesson: db.reorder_lesson_signs(key, signs[2::-1]),
        )
        allowed = (db.InvalidInputError, db.NotFoundError)
        assert {type(error) for error in errors_in(outcomes)} <= {*allowed}
        placed = db.get_lesson(lesson).lesson_signs
        assert len({each.order for each in placed}) == len(placed)
        assert len({each.sign_id for each in placed}) == len(placed)


def test_of_four_equal_changes_of_a_lesson_one_is_made(triosigno_db: IsolatedDatabase) -> None:
    sign = make_sign().id
    for _ in range(ROUNDS):
        lesson = make_lesson(signs=2).id
        added = at_once(*[lambda key=lesson: db.add_sign_to_lesson(key, sign)] * CALLERS)
        assert [type(error) for error in errors_in(added)] == [db.AlreadyExistsError] * 3
        removed = at_once(*[lambda key=lesson: db.remove_sign_from_lesson(key, sign)] * CALLERS)
        assert [type(error) for error in errors_in(removed)] == [db.NotFoundError] * 3


def test_a_list_of_signs_is_made_of_what_is_stored_after_the_wait(
    triosigno_db: IsolatedDatabase,
) -> None:
    lesson, sign = make_lesson(signs=1), make_sign()
    made, listed = before_the_commit(
        triosigno_db.url,
        lambda: db.add_sign_to_lesson(lesson.id, make_sign().id).id and sign,
        lambda: db.set_lesson_signs(lesson.id, [sign.id]),
    )
    assert [each.sign_id for each in listed.lesson_signs] == [made.id]
    _, refused = before_the_commit(
        triosigno_db.url,
        lambda: db.delete_sign(sign.id, cascade=True),
        lambda: db.set_lesson_signs(lesson.id, [sign.id]),
    )
    assert isinstance(refused, db.NotFoundError)
    assert (refused.entity, refused.key) == ("Sign", sign.id)


def test_a_row_that_leaves_while_others_are_reordered_is_named(
    triosigno_db: IsolatedDatabase,
) -> None:
    module, other = make_module(lessons=3), make_module(lessons=0).id
    first, *others = [lesson.id for lesson in module.lessons]
    for leave in (
        lambda: db.update_lesson(first, db.LessonChanges(module_id=other)),
        lambda: db.delete_lesson(others[0]),
    ):
        _, refused = before_the_commit(
            triosigno_db.url,
            leave,
            lambda: db.reorder_lessons(module.id, [others[1], others[0], first]),
        )
        assert isinstance(refused, db.InvalidInputError)
        assert "unexpected" in refused.why
    assert [lesson.id for lesson in db.list_lessons(module_id=module.id)] == others[1:]
