"""The list of a lesson's signs: set as a whole, in an order, never mixed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any
from uuid import UUID, uuid4

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.models import LessonSign, Sign
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_lesson, make_module, make_sign

pytestmark = pytest.mark.usefixtures("triosigno_db")


def signs_in(lesson: db.LessonWithSigns) -> list[str]:
    return [placed.sign_id for placed in lesson.lesson_signs]


def rows_of(lesson_id: str) -> dict[str, tuple[str, int]]:
    """Map each sign of a lesson to its row's id and its place."""
    rows = LessonSign.select().where(LessonSign.lesson == lesson_id)
    return {row.sign_id: (row.id, row.order) for row in rows}


@pytest.fixture
def lesson(triosigno_db: IsolatedDatabase) -> str:
    """A lesson with three signs."""
    lesson = make_lesson(signs=0)
    db.set_lesson_signs(lesson.id, [make_sign(name=name).id for name in "abc"])
    return lesson.id


def names_of(lesson: db.LessonWithSigns) -> str:
    assert sorted(place.order for place in lesson.lesson_signs) == [
        place.order for place in lesson.lesson_signs
    ]
    return "".join(place.sign.name for place in lesson.lesson_signs)


def test_signs_are_placed_in_the_order_given() -> None:
    lesson, signs = make_lesson(signs=0), [make_sign() for _ in range(3)]
    wanted = [signs[2].id, signs[0].id, signs[1].id]
    made = db.set_lesson_signs(lesson.id, wanted)
    assert made.id == lesson.id
    assert signs_in(made) == wanted
    assert [placed.order for placed in made.lesson_signs] == [1, 2, 3]
    assert [placed.sign for placed in made.lesson_signs] == [signs[2], signs[0], signs[1]]


def test_the_lesson_comes_back_as_the_tree_shows_it() -> None:
    module = make_module(lessons=0)
    lesson = make_lesson(signs=0, module_id=module.id)
    made = db.set_lesson_signs(UUID(lesson.id), (UUID(make_sign().id), make_sign().id))
    assert db.get_module_tree(module.id).lessons == (made,)


def test_a_second_list_replaces_the_first_and_keeps_the_rows_of_those_that_stay() -> None:
    lesson, (a, b, c, d) = make_lesson(signs=0), [make_sign().id for _ in range(4)]
    db.set_lesson_signs(lesson.id, [a, b, c])
    before = rows_of(lesson.id)
    made = db.set_lesson_signs(lesson.id, [c, d, a])
    after = rows_of(lesson.id)
    assert signs_in(made) == [c, d, a]
    assert {sign: place for sign, (_, place) in after.items()} == {c: 1, d: 2, a: 3}
    assert (after[a][0], after[c][0]) == (before[a][0], before[c][0])
    assert after[d][0] not in {row_id for row_id, _ in before.values()}


def test_those_that_stay_keep_when_they_were_made() -> None:
    lesson, sign = make_lesson(signs=0), make_sign().id
    (first,) = db.set_lesson_signs(lesson.id, [sign]).lesson_signs
    LessonSign.update(created_at=first.created_at.replace(year=2020)).execute()
    (second,) = db.set_lesson_signs(lesson.id, [sign]).lesson_signs
    assert second.created_at == first.created_at.replace(year=2020)
    assert second.updated_at >= first.updated_at


def test_an_empty_list_empties_the_lesson_and_no_other() -> None:
    lesson, other, sign = make_lesson(signs=0), make_lesson(signs=0), make_sign().id
    db.set_lesson_signs(lesson.id, [sign])
    db.set_lesson_signs(other.id, [sign])
    assert db.set_lesson_signs(lesson.id, []).lesson_signs == ()
    assert rows_of(lesson.id) == {}
    assert list(rows_of(other.id)) == [sign]
    assert db.set_lesson_signs(lesson.id, []).lesson_signs == ()


@pytest.mark.parametrize("again", [str, UUID])
def test_a_sign_listed_twice_is_refused(again) -> None:
    lesson, (a, b) = make_lesson(signs=0), [make_sign().id for _ in range(2)]
    db.set_lesson_signs(lesson.id, [b])
    before = rows_of(lesson.id)
    with pytest.raises(db.InvalidInputError) as caught:
        db.set_lesson_signs(lesson.id, [a, b, again(a)])
    assert caught.value.field == "sign_ids"
    assert rows_of(lesson.id) == before


def test_an_unknown_sign_is_named_and_nothing_changes() -> None:
    lesson, (a, b), unknown = make_lesson(signs=0), [make_sign().id for _ in range(2)], uuid4()
    db.set_lesson_signs(lesson.id, [a, b])
    before = rows_of(lesson.id)
    with pytest.raises(db.NotFoundError) as caught:
        db.set_lesson_signs(lesson.id, [b, str(unknown), a])
    assert (caught.value.entity, caught.value.key) == ("Sign", str(unknown))
    assert rows_of(lesson.id) == before


def test_an_unknown_lesson_is_named() -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        db.set_lesson_signs(unknown, [make_sign().id])
    assert (caught.value.entity, caught.value.key) == ("Lesson", str(unknown))
    assert LessonSign.select().count() == 0


def test_what_is_no_list_of_ids_is_refused() -> None:
    lesson = make_lesson(signs=0)
    for wrong in (None, "text", lesson.id, 5, [["nested"]], [None], b"ab"):
        with pytest.raises(db.InvalidInputError) as caught:
            db.set_lesson_signs(lesson.id, wrong)  # type: ignore[arg-type]
        assert caught.value.field in ("sign_ids", "sign_ids[0]")


def test_an_unknown_sign_caught_in_a_savepoint_leaves_the_transaction_usable() -> None:
    lesson, sign = make_lesson(signs=0), make_sign().id
    with db.transaction():
        with pytest.raises(db.NotFoundError), db.transaction():
            db.set_lesson_signs(lesson.id, [uuid4()])
        db.set_lesson_signs(lesson.id, [sign])
    assert list(rows_of(lesson.id)) == [sign]


def test_a_long_list_keeps_its_order(triosigno_db: IsolatedDatabase) -> None:
    category, lesson = make_category(), make_lesson(signs=0)
    run_plain(
        triosigno_db.url,
        'INSERT INTO "Sign" (id, name, description, "videoUrl", difficulty, "categoryId",'
        " \"updatedAt\") SELECT gen_random_uuid(), n, '', 'v', 'BEGINNER', %s, now()"
        " FROM generate_series(1, 500) n",
        [category.id],
    )
    wanted = sorted((row.id for row in Sign.select(Sign.id)), reverse=True)
    assert signs_in(db.set_lesson_signs(lesson.id, wanted)) == wanted


def test_lists_set_at_once_never_mix() -> None:
    module = make_module(lessons=0)
    lesson, (a, b, c, d) = (
        make_lesson(signs=0, module_id=module.id),
        [make_sign().id for _ in range(4)],
    )
    lists = [[a, b, c, d], [d, c, b, a], [b, d], [c]]
    start, done = Barrier(len(lists) + 1, timeout=30), Event()

    def keep_setting(wanted: list[str]) -> None:
        start.wait()
        for _ in range(50):
            assert signs_in(db.set_lesson_signs(lesson.id, wanted)) == wanted

    def keep_reading() -> list[list[str]]:
        start.wait()
        seen = []
        while not done.is_set():
            (read,) = db.get_module_tree(module.id).lessons
            seen.append(signs_in(read))
        return seen

    with ThreadPoolExecutor(len(lists) + 1) as threads:
        reader = threads.submit(keep_reading)
        writers = [threads.submit(keep_setting, wanted) for wanted in lists]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        seen = reader.result()
    assert [ids for ids in seen if ids not in [*lists, []]] == []
    (last,) = db.get_module_tree(module.id).lessons
    assert signs_in(last) in lists


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
