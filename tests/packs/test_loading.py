"""Loading packs: idempotent, all or nothing."""

import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

import triosigno_db as db
from tests.packs.contents import YAML, pack, small_pack, write, written
from tests.plain_sql import TABLES, count_rows, run_plain
from triosigno_db.packs import (
    ContentPack,
    load_pack,
    preview_pack,
    read_pack,
    starter_pack,
)
from triosigno_db.testing import IsolatedDatabase, counting_statements
from triosigno_db.testing.factories import make_category, make_lesson, make_module, make_sign


def row_versions(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: run_plain(url, f'SELECT id, xmin::text, ctid::text FROM "{table}" ORDER BY id')
        for table in TABLES
    }


def test_an_import_makes_everything(triosigno_db: IsolatedDatabase) -> None:
    report = load_pack(pack())
    assert [(change.kind, change.name, change.is_new) for change in report.changes] == [
        ("category", "Politesse", True),
        ("sign", "Bonjour", True),
        ("sign", "Merci", True),
        ("module", "Premiers pas", True),
        ("lesson", "Saluer", True),
        ("lesson", "Remercier", True),
        ("achievement", "Premier signe", True),
    ]
    tree = db.get_module_tree(*report.module_ids)
    assert [
        (lesson.title, [place.sign.name for place in lesson.lesson_signs])
        for lesson in tree.lessons
    ] == [("Saluer", ["Merci", "Bonjour"]), ("Remercier", ["Merci"])]
    (achievement,) = db.list_achievements().items
    assert (achievement.name, achievement.xp_reward) == ("Premier signe", 10)


def test_a_second_import_touches_no_row(triosigno_db: IsolatedDatabase) -> None:
    load_pack(pack())
    before = row_versions(triosigno_db.url)
    report = load_pack(pack())
    assert report.changes == ()
    assert report.unchanged == {
        "category": 1,
        "sign": 2,
        "module": 1,
        "lesson": 2,
        "achievement": 1,
    }
    assert row_versions(triosigno_db.url) == before


def test_lessons_follow_the_order_of_the_pack(triosigno_db: IsolatedDatabase) -> None:
    report = load_pack(pack())
    (module,) = report.module_ids
    make_lesson(signs=0, module_id=module, title="Ailleurs")
    content = yaml.safe_load(YAML)
    content["modules"][0]["lessons"].reverse()
    load_pack(ContentPack.model_validate(content))
    titles = [lesson.title for lesson in db.list_lessons(module_id=module).items]
    assert [title for title in titles if title != "Ailleurs"] == ["Remercier", "Saluer"]
    assert load_pack(ContentPack.model_validate(content)).changes == ()


def test_other_rows_are_left_alone(triosigno_db: IsolatedDatabase) -> None:
    sign, module = make_sign(), db.get_module(make_module(lessons=0).id)
    load_pack(pack())
    assert db.get_sign(sign.id) == sign
    assert db.get_module(module.id) == module


def test_a_pack_may_name_what_only_the_database_has(triosigno_db: IsolatedDatabase) -> None:
    make_sign(name="Non", category_id=make_category(name="Mots").id)
    video = "https://media.example.org/oui.mp4"
    sign = {"name": "Oui", "category": "Mots", "difficulty": "BEGINNER", "description": ""}
    lesson = {"title": "l", "description": "", "signs": ["Oui", "Non"]}
    load_pack(
        ContentPack.model_validate(
            {
                "signs": [{**sign, "video_url": video}],
                "modules": [{"title": "m", "description": "", "lessons": [lesson]}],
            }
        )
    )
    (tree,) = db.list_module_trees().items
    assert [place.sign.name for place in tree.lessons[0].lesson_signs] == ["Oui", "Non"]


@pytest.mark.parametrize(
    ("earlier", "later", "told"),
    [
        (
            "    category: Politesse\n    difficulty: BEGINNER\n    description: ''",
            "    category: Polytesse\n    difficulty: BEGINNER\n    description: ''",
            r"line 11: signs\[1\]\.category: .* has the category 'Polytesse'",
        ),
        (
            "signs: [Merci]",
            "signs: [Merci, Merki]",
            r"line 25: modules\[0\]\.lessons\[1\]\.signs\[1\]: .* has the sign 'Merki'",
        ),
    ],
)
def test_what_is_nowhere_is_named_with_its_line(
    triosigno_db: IsolatedDatabase, tmp_path: Path, earlier: str, later: str, told: str
) -> None:
    wrong = read_pack(write(tmp_path / "pack.yaml", YAML.replace(earlier, later)))
    for look in (load_pack, preview_pack):
        with pytest.raises(db.InvalidInputError, match=told):
            look(wrong)
    assert set(count_rows(triosigno_db.url).values()) == {0}


def test_a_failure_on_the_way_leaves_nothing(triosigno_db: IsolatedDatabase) -> None:
    run_plain(
        triosigno_db.url,
        'ALTER TABLE "Achievement" ADD CONSTRAINT "no_reward" CHECK ("xpReward" < 10)',
    )
    with pytest.raises(db.TrioSignoDBError):
        load_pack(pack())
    assert set(count_rows(triosigno_db.url).values()) == {0}


def test_imports_at_once_make_one_set_of_rows(triosigno_db: IsolatedDatabase) -> None:
    barrier = threading.Barrier(4)
    reports = []

    def load() -> None:
        barrier.wait()
        reports.append(load_pack(pack()))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(report.changes) for report in reports) == [0, 0, 0, 7]
    assert count_rows(triosigno_db.url)["Lesson"] == 2


def test_many_signs_take_few_statements(triosigno_db: IsolatedDatabase) -> None:
    sign = {"category": "Mots", "difficulty": "BEGINNER", "description": ""}
    video = "https://media.example.org/a.mp4"
    large = ContentPack.model_validate(
        {
            "categories": [{"name": "Mots", "description": ""}],
            "signs": [{**sign, "name": f"{n}", "video_url": video} for n in range(2000)],
        }
    )
    with counting_statements() as sent:
        load_pack(large)
    assert len(sent) < 30, sent.names
    with counting_statements() as sent:
        assert load_pack(large).changes == ()
    assert len(sent) < 15, sent.names


def test_loading_keeps_the_order_and_tells_each_row(
    triosigno_db: IsolatedDatabase, tmp_path: Path
) -> None:
    told: list[str] = []
    report = load_pack(read_pack(written(tmp_path, small_pack())), told.append)
    tree = db.get_module_tree(*report.module_ids)
    assert [placed.sign.name for placed in tree.lessons[0].lesson_signs] == ["Non", "Oui"]
    assert told == ["Mots", "Oui", "Non", "Répondre", "Oui ou non"]


def test_the_starter_pack_loads_whole(triosigno_db: IsolatedDatabase) -> None:
    pack = starter_pack()
    told: list[str] = []
    report = load_pack(pack, told.append)
    assert len(told) == pack.count_rows()
    for module_id, expected in zip(report.module_ids, pack.modules, strict=True):
        tree = db.get_module_tree(module_id)
        assert [
            tuple(placed.sign.name for placed in lesson.lesson_signs) for lesson in tree.lessons
        ] == [lesson.signs for lesson in expected.lessons]
