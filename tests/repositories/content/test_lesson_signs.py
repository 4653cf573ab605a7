"""Content: categories, signs, modules, lessons, and the list of a lesson's signs."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from uuid import UUID, uuid4

import pytest

import triosigno_db as db
from tests.content import make_category, make_lesson, make_module, make_sign
from tests.plain_sql import count_rows, run_plain
from triosigno_db.models import Lesson, LessonSign, Module, Sign, SignCategory

pytestmark = pytest.mark.usefixtures("database")

VIDEO = "https://media.example.org/bonjour.mp4"
IMAGE = "https://media.example.org/bonjour.png"


def signs_in(lesson: db.LessonWithSigns) -> list[str]:
    return [placed.sign_id for placed in lesson.lesson_signs]


def rows_of(lesson_id: str) -> dict[str, tuple[str, int]]:
    """Map each sign of a lesson to its row's id and its place."""
    rows = LessonSign.select().where(LessonSign.lesson == lesson_id)
    return {row.sign_id: (row.id, row.order) for row in rows}


# -- making ------------------------------------------------------------------------------------


def test_a_new_category_comes_back_as_given() -> None:
    made = db.create_category(db.NewCategory(name="Famille", description="Les proches"))
    assert (made.name, made.description, made.image_url) == ("Famille", "Les proches", None)
    assert make_category(image_url=IMAGE).image_url == IMAGE


def test_a_new_sign_comes_back_as_given() -> None:
    category = make_category()
    made = db.create_sign(
        db.NewSign(
            name="Bonjour",
            description="La main part de la bouche",
            video_url=VIDEO,
            image_url=IMAGE,
            difficulty=db.DifficultyLevel.ADVANCED,
            category_id=category.id,
        )
    )
    assert (made.name, made.description) == ("Bonjour", "La main part de la bouche")
    assert (made.video_url, made.image_url) == (VIDEO, IMAGE)
    assert made.difficulty is db.DifficultyLevel.ADVANCED
    assert made.category_id == category.id


def test_a_new_module_and_its_lesson_come_back_as_given() -> None:
    module = db.create_module(db.NewModule(title="M", description="d", order=7, image_url=IMAGE))
    assert (module.title, module.description, module.order) == ("M", "d", 7)
    assert module.image_url == IMAGE
    lesson = db.create_lesson(
        db.NewLesson(title="L", description="e", order=3, module_id=module.id)
    )
    assert (lesson.title, lesson.description, lesson.order) == ("L", "e", 3)
    assert lesson.module_id == module.id


@pytest.mark.parametrize(
    ("make", "model"),
    [
        (make_category, SignCategory),
        (make_sign, Sign),
        (make_module, Module),
        (make_lesson, Lesson),
    ],
)
def test_what_comes_back_is_what_is_stored(make, model) -> None:
    made = make()
    (stored,) = model.select().where(model.id == made.id)
    assert {name: getattr(stored, name) for name in type(made).model_fields} == dict(made)
    assert made.created_at == made.updated_at


@pytest.mark.parametrize(("make", "entity"), [(make_category, "SignCategory"), (make_sign, "Sign")])
def test_a_taken_name_names_the_field(database: str, make, entity: str) -> None:
    name = make().name
    category = make_category()
    extra = {"category_id": category.id} if make is make_sign else {}
    before = count_rows(database)
    with pytest.raises(db.AlreadyExistsError) as caught:
        make(name=name, **extra)
    assert (caught.value.entity, caught.value.field) == (entity, "name")
    assert caught.value.value == name
    assert count_rows(database) == before


@pytest.mark.parametrize(
    ("make", "parent", "entity"),
    [
        (make_sign, "category_id", "SignCategory"),
        (make_lesson, "module_id", "Module"),
        (lambda **parent: make_lesson(order=1, **parent), "module_id", "Module"),
    ],
)
def test_an_unknown_parent_is_named(database: str, make, parent: str, entity: str) -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        make(**{parent: unknown})
    assert (caught.value.entity, caught.value.key) == (entity, str(unknown))
    assert caught.value.prisma_code == "P2003"
    assert set(count_rows(database).values()) == {0}


@pytest.mark.parametrize("as_given", [UUID, lambda text: text.upper()])
def test_a_parent_is_named_by_uuid_or_text(as_given) -> None:
    module = make_module()
    assert make_lesson(module_id=as_given(module.id)).module_id == module.id


def test_a_module_without_an_order_comes_after_the_last() -> None:
    assert [make_module().order, make_module().order] == [1, 2]
    assert make_module(order=40).order == 40
    assert make_module(order=0).order == 0
    assert make_module().order == 41


def test_a_lesson_without_an_order_comes_after_the_last_of_its_module() -> None:
    first, second = make_module(), make_module()
    assert make_lesson(module_id=first.id, order=40).order == 40
    assert make_lesson(module_id=first.id).order == 41
    assert make_lesson(module_id=second.id).order == 1


# -- a lesson's signs --------------------------------------------------------------------------


def test_signs_are_placed_in_the_order_given() -> None:
    lesson, signs = make_lesson(), [make_sign() for _ in range(3)]
    wanted = [signs[2].id, signs[0].id, signs[1].id]
    made = db.set_lesson_signs(lesson.id, wanted)
    assert made.id == lesson.id
    assert signs_in(made) == wanted
    assert [placed.order for placed in made.lesson_signs] == [1, 2, 3]
    assert [placed.sign for placed in made.lesson_signs] == [signs[2], signs[0], signs[1]]


def test_the_lesson_comes_back_as_the_tree_shows_it() -> None:
    module = make_module()
    lesson = make_lesson(module_id=module.id)
    made = db.set_lesson_signs(UUID(lesson.id), (UUID(make_sign().id), make_sign().id.upper()))
    assert db.get_module_tree(module.id).lessons == (made,)


def test_a_second_list_replaces_the_first_and_keeps_the_rows_of_those_that_stay() -> None:
    lesson, (a, b, c, d) = make_lesson(), [make_sign().id for _ in range(4)]
    db.set_lesson_signs(lesson.id, [a, b, c])
    before = rows_of(lesson.id)
    made = db.set_lesson_signs(lesson.id, [c, d, a])
    after = rows_of(lesson.id)
    assert signs_in(made) == [c, d, a]
    assert {sign: place for sign, (_, place) in after.items()} == {c: 1, d: 2, a: 3}
    assert (after[a][0], after[c][0]) == (before[a][0], before[c][0])
    assert after[d][0] not in {row_id for row_id, _ in before.values()}


def test_those_that_stay_keep_when_they_were_made() -> None:
    lesson, sign = make_lesson(), make_sign().id
    (first,) = db.set_lesson_signs(lesson.id, [sign]).lesson_signs
    LessonSign.update(created_at=first.created_at.replace(year=2020)).execute()
    (second,) = db.set_lesson_signs(lesson.id, [sign]).lesson_signs
    assert second.created_at == first.created_at.replace(year=2020)
    assert second.updated_at >= first.updated_at


def test_an_empty_list_empties_the_lesson_and_no_other() -> None:
    lesson, other, sign = make_lesson(), make_lesson(), make_sign().id
    db.set_lesson_signs(lesson.id, [sign])
    db.set_lesson_signs(other.id, [sign])
    assert db.set_lesson_signs(lesson.id, []).lesson_signs == ()
    assert rows_of(lesson.id) == {}
    assert list(rows_of(other.id)) == [sign]
    assert db.set_lesson_signs(lesson.id, []).lesson_signs == ()


@pytest.mark.parametrize("again", [str, UUID, lambda text: text.upper()])
def test_a_sign_listed_twice_is_refused(again) -> None:
    lesson, (a, b) = make_lesson(), [make_sign().id for _ in range(2)]
    db.set_lesson_signs(lesson.id, [b])
    before = rows_of(lesson.id)
    with pytest.raises(db.InvalidInputError) as caught:
        db.set_lesson_signs(lesson.id, [a, b, again(a)])
    assert caught.value.field == "sign_ids"
    assert rows_of(lesson.id) == before


def test_an_unknown_sign_is_named_and_nothing_changes() -> None:
    lesson, (a, b), unknown = make_lesson(), [make_sign().id for _ in range(2)], uuid4()
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
    lesson = make_lesson()
    for wrong in (None, "text", lesson.id, 5, [["nested"]], [None], b"ab"):
        with pytest.raises(db.InvalidInputError) as caught:
            db.set_lesson_signs(lesson.id, wrong)  # type: ignore[arg-type]
        assert caught.value.field in ("sign_ids", "sign_ids[0]")


def test_an_unknown_sign_caught_in_a_savepoint_leaves_the_transaction_usable() -> None:
    lesson, sign = make_lesson(), make_sign().id
    with db.transaction():
        with pytest.raises(db.NotFoundError), db.transaction():
            db.set_lesson_signs(lesson.id, [uuid4()])
        db.set_lesson_signs(lesson.id, [sign])
    assert list(rows_of(lesson.id)) == [sign]


def test_a_long_list_keeps_its_order(database: str) -> None:
    category, lesson = make_category(), make_lesson()
    run_plain(
        database,
        'INSERT INTO "Sign" (id, name, description, "videoUrl", difficulty, "categoryId",'
        " \"updatedAt\") SELECT gen_random_uuid(), n, '', 'v', 'BEGINNER', %s, now()"
        " FROM generate_series(1, 500) n",
        [category.id],
    )
    wanted = sorted((row.id for row in Sign.select(Sign.id)), reverse=True)
    assert signs_in(db.set_lesson_signs(lesson.id, wanted)) == wanted


def test_lists_set_at_once_never_mix() -> None:
    module = make_module()
    lesson, (a, b, c, d) = make_lesson(module_id=module.id), [make_sign().id for _ in range(4)]
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
