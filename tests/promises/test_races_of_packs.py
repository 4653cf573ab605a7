"""Packs beside everything else that writes content, and what other operators do at once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.promises.racing import (
    PATIENCE_SECONDS,
    at_once,
    before_the_commit,
    count,
    errors_in,
    in_an_older_snapshot,
    orders,
)
from triosigno_db.models import MODELS
from triosigno_db.packs import ContentPack, export_pack, load_pack, preview_pack, read_pack
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import (
    make_achievement,
    make_category,
    make_lesson,
    make_module,
    make_sign,
)

ROUNDS = 15
VIDEO = "https://example.org/video.webm"

pytestmark = pytest.mark.usefixtures("triosigno_db")


def pack(number: int = 0) -> ContentPack:
    """Make a small pack; one of another number has other lessons and signs, and the same names."""
    names = ["a", "b", f"c{number}"]
    sign = {"description": "", "category": "c", "difficulty": "BEGINNER", "video_url": VIDEO}
    return ContentPack.model_validate(
        {
            "categories": [{"name": "c", "description": ""}],
            "signs": [{"name": name, **sign} for name in names],
            "modules": [
                {
                    "title": "m",
                    "description": "",
                    "lessons": [
                        {"title": f"l{number}", "description": "", "signs": names},
                        {"title": "l", "description": "", "signs": names[::-1]},
                    ],
                }
            ],
            "achievements": [],
        }
    )


@contextmanager
def writing(*writes: Callable[[], Any]) -> Iterator[None]:
    """Repeat calls, each in a thread, as long as the block lasts; an error of one is raised."""
    is_over = threading.Event()

    def repeat(write: Callable[[], Any]) -> None:
        while not is_over.is_set():
            write()

    with ThreadPoolExecutor(len(writes)) as threads:
        repeated = [threads.submit(repeat, write) for write in writes]
        try:
            yield
        finally:
            is_over.set()
        for each in repeated:
            each.result(PATIENCE_SECONDS)


def write_and_delete() -> None:
    """Make a module with everything that refers to each other, and delete it again."""
    module = make_module(lessons=1, signs_per_lesson=2)
    (lesson,) = module.lessons
    db.update_sign(lesson.lesson_signs[0].sign_id, db.SignChanges(category_id=make_category().id))
    db.delete_lesson(lesson.id)
    db.delete_module(module.id)


def test_an_export_is_of_one_moment(triosigno_db: IsolatedDatabase, tmp_path: Path) -> None:
    load_pack(pack())
    with writing(write_and_delete, write_and_delete, make_lesson):
        for number in range(3 * ROUNDS):
            path = tmp_path / f"{number}.json"
            export_pack(path)
            read_pack(path)  # refuses what refers to something that is missing


def test_what_an_export_or_a_preview_reads_is_refused_in_a_transaction_without_a_snapshot(
    tmp_path: Path,
) -> None:
    make_module()
    for read in (lambda: export_pack(tmp_path / "pack.json"), lambda: preview_pack(pack())):
        with db.transaction(), pytest.raises(db.ConflictError, match="repeatable read"):
            read()
        for isolation in ("repeatable read", "serializable"):
            with db.transaction(isolation):
                assert read()
                (tmp_path / "pack.json").unlink(missing_ok=True)
    with db.transaction("repeatable read"):
        make_category(name="mine")
        export_pack(tmp_path / "mine.json")
    assert "mine" in (tmp_path / "mine.json").read_text(encoding="utf-8")


def test_imports_at_once_make_nothing_twice(triosigno_db: IsolatedDatabase) -> None:
    for number in range(ROUNDS):
        imports = [lambda n=number: load_pack(pack(n)), lambda n=number: load_pack(pack(n + 1))]
        assert errors_in(at_once(*imports * 2)) == []
    assert count(triosigno_db.url, "Module") == count(triosigno_db.url, "SignCategory") == 1
    places = orders(triosigno_db.url, "Lesson")
    assert len(set(places)) == len(places) == ROUNDS + 2


def test_an_import_beside_other_writers_makes_nothing_twice(
    triosigno_db: IsolatedDatabase,
) -> None:
    load_pack(pack())
    (module,) = db.list_modules()
    lesson = db.list_lessons(module_id=module.id)[0].id

    def new_module() -> Any:
        return db.create_module(db.NewModule(title="other", description=""))

    def new_lesson() -> Any:
        new = db.NewLesson(title="other", description="", module_id=module.id)
        return db.delete_lesson(db.create_lesson(new).id)

    def new_sign(number: int) -> Any:
        return make_sign(name=f"c{number}")

    for number in range(1, ROUNDS):
        loaded, *others = at_once(
            lambda n=number: load_pack(pack(n)),
            new_module,
            new_lesson,
            lambda n=number: new_sign(n),
            lambda: db.add_sign_to_lesson(lesson, make_sign().id),
        )
        allowed = {db.AlreadyExistsError, db.ConflictError}
        assert {type(error) for error in errors_in(others)} <= allowed
        assert errors_in([loaded]) == []
        assert orders(triosigno_db.url, "Module") == [*range(1, len(db.list_modules()) + 1)]
        places = orders(triosigno_db.url, "Lesson", f""""moduleId" = '{module.id}'""")
        assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("table", "make", "rows"),
    [
        ("SignCategory", lambda: make_category(name="c"), 1),
        ("Sign", lambda: make_sign(name="a"), 3),
        ("Module", lambda: make_module(lessons=0, title="m"), 1),
    ],
)
def test_an_import_waits_for_what_is_not_committed_yet(
    triosigno_db: IsolatedDatabase, table: str, make: Callable[[], Any], rows: int
) -> None:
    _, report = before_the_commit(triosigno_db.url, make, lambda: load_pack(pack()))
    assert not isinstance(report, db.TrioSignoDBError), report
    assert count(triosigno_db.url, table) == rows


def test_an_import_does_not_keep_learners_waiting(triosigno_db: IsolatedDatabase) -> None:
    load_pack(pack())
    user, sign = (
        db.create_user(db.NewUser(email="a@example.org", username="a", password="secret")),
        db.find_sign_by_name("a"),
    )
    assert sign is not None
    lesson, badge = db.list_lessons()[0].id, make_achievement().name

    def learn() -> Any:
        db.record_attempt(user.id, sign.id, is_correct=True)
        db.award_achievement(user.id, badge)
        db.get_module_tree(db.list_modules()[0].id)
        return db.start_session(user.id, lesson)

    with db.transaction():
        load_pack(pack(1))
        (session,) = at_once(learn)
        assert isinstance(session, db.SessionRecord)


def test_an_import_is_refused_where_it_may_not_see_what_is_stored() -> None:
    for isolation in ("repeatable read", "serializable"):
        with db.transaction(isolation), pytest.raises(db.ConflictError, match=isolation):
            load_pack(pack())
    with db.transaction():
        assert load_pack(pack()).changes
    assert load_pack(pack()).changes == ()


def test_by_a_snapshot_before_an_import_no_order_is_decided(
    triosigno_db: IsolatedDatabase,
) -> None:
    load_pack(pack())
    (module,) = db.list_modules()
    new = db.NewLesson(title="other", description="", module_id=module.id)
    refused = in_an_older_snapshot(lambda: load_pack(pack(1)), lambda: db.create_lesson(new))
    assert isinstance(refused, db.ConflictError)
    title = ContentPack.model_validate(
        {"modules": [{"title": "n", "description": "", "lessons": []}]}
    )
    refused = in_an_older_snapshot(
        lambda: load_pack(title),
        lambda: db.create_module(db.NewModule(title="other", description="")),
    )
    assert isinstance(refused, db.ConflictError)


def test_the_schema_is_made_and_dropped_once(triosigno_db: IsolatedDatabase) -> None:
    for _ in range(3):
        assert errors_in(at_once(*[db.drop_schema] * 3)) == []
        assert errors_in(at_once(*[db.create_schema] * 3)) == []
    assert [count(triosigno_db.url, model.__name__) for model in MODELS] == [0] * len(MODELS)


def test_a_tree_in_a_list_has_the_lessons_of_its_modules(triosigno_db: IsolatedDatabase) -> None:
    with writing(write_and_delete, write_and_delete):
        for _ in range(3 * ROUNDS):
            for tree in db.iterate(db.list_module_trees, limit=2, shape=db.ModuleTree):
                for lesson in tree.lessons:
                    assert lesson.module_id == tree.id
                    assert {placed.lesson_id for placed in lesson.lesson_signs} <= {lesson.id}
