"""Importing packs: by natural keys, idempotent, whole or not at all; and exporting them."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

import triosigno_db as db
from tests.content import make_category, make_lesson, make_module, make_sign
from tests.plain_sql import TABLES, count_rows, run_plain
from triosigno_db.packs import ContentPack, export_pack, load_pack, preview_pack, read_pack
from triosigno_db.testing import counting_statements

YAML = """\
categories:
  - name: Politesse
    description: Saluer, remercier
signs:
  - name: Bonjour
    category: Politesse
    difficulty: BEGINNER
    description: La main part du menton
    video_url: https://media.example.org/bonjour.mp4
  - name: Merci
    category: Politesse
    difficulty: BEGINNER
    description: ''
    video_url: https://media.example.org/merci.mp4
    image_url: https://media.example.org/merci.webp
modules:
  - title: Premiers pas
    description: Pour commencer
    lessons:
      - title: Saluer
        description: Le matin
        signs: [Merci, Bonjour]
      - title: Remercier
        description: ''
        signs: [Merci]
achievements:
  - name: Premier signe
    description: Le tout premier
    image_url: https://media.example.org/badge.webp
    xp_reward: 10
"""


def pack(text: str = YAML, **changes: Any) -> ContentPack:
    return ContentPack.model_validate({**yaml.safe_load(text), **changes})


def row_versions(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: run_plain(url, f'SELECT id, xmin::text, ctid::text FROM "{table}" ORDER BY id')
        for table in TABLES
    }


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_import_makes_everything(database: str) -> None:
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


def test_a_second_import_touches_no_row(database: str) -> None:
    load_pack(pack())
    before = row_versions(database)
    report = load_pack(pack())
    assert report.changes == ()
    assert report.unchanged == {
        "category": 1,
        "sign": 2,
        "module": 1,
        "lesson": 2,
        "achievement": 1,
    }
    assert row_versions(database) == before


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("Saluer, remercier", "Dire bonjour", ("category", "Politesse", ("description",))),
        ("bonjour.mp4", "salut.mp4", ("sign", "Bonjour", ("video_url",))),
        (
            "    image_url: https://media.example.org/merci.webp\n",
            "",
            ("sign", "Merci", ("image_url",)),
        ),
        ("Pour commencer", "Au début", ("module", "Premiers pas", ("description",))),
        ("Le matin", "Le soir", ("lesson", "Saluer", ("description",))),
        ("[Merci, Bonjour]", "[Bonjour, Merci]", ("lesson", "Saluer", ("signs",))),
        ("[Merci, Bonjour]", "[]", ("lesson", "Saluer", ("signs",))),
        ("xp_reward: 10", "xp_reward: 20", ("achievement", "Premier signe", ("xp_reward",))),
    ],
)
def test_one_difference_changes_one_row(
    database: str, earlier: str, later: str, expected: tuple[Any, ...]
) -> None:
    load_pack(pack())
    changed = pack(YAML.replace(earlier, later))
    assert preview_pack(changed).changes == (expected,)
    assert load_pack(changed).changes == (expected,)
    assert load_pack(changed).changes == ()


def test_lessons_follow_the_order_of_the_pack(database: str) -> None:
    report = load_pack(pack())
    (module,) = report.module_ids
    make_lesson(module_id=module, title="Ailleurs")
    content = yaml.safe_load(YAML)
    content["modules"][0]["lessons"].reverse()
    load_pack(ContentPack.model_validate(content))
    titles = [lesson.title for lesson in db.list_lessons(module_id=module).items]
    assert [title for title in titles if title != "Ailleurs"] == ["Remercier", "Saluer"]
    assert load_pack(ContentPack.model_validate(content)).changes == ()


def test_other_rows_are_left_alone(database: str) -> None:
    sign, module = make_sign(), make_module()
    load_pack(pack())
    assert db.get_sign(sign.id) == sign
    assert db.get_module(module.id) == module


def test_a_pack_may_name_what_only_the_database_has(database: str) -> None:
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


def test_a_preview_writes_nothing(database: str) -> None:
    preview = preview_pack(pack())
    assert set(count_rows(database).values()) == {0}
    assert [change[:2] for change in preview.changes] == [
        change[:2] for change in load_pack(pack()).changes
    ]


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
    database: str, tmp_path: Path, earlier: str, later: str, told: str
) -> None:
    wrong = read_pack(write(tmp_path / "pack.yaml", YAML.replace(earlier, later)))
    for look in (load_pack, preview_pack):
        with pytest.raises(db.InvalidInputError, match=told):
            look(wrong)
    assert set(count_rows(database).values()) == {0}


def test_two_modules_of_one_title_are_a_conflict(database: str) -> None:
    make_module(title="Premiers pas")
    make_module(title="Premiers pas")
    with pytest.raises(db.ConflictError, match="more than one module 'Premiers pas'"):
        load_pack(pack())
    assert count_rows(database)["Sign"] == 0


def test_a_failure_on_the_way_leaves_nothing(database: str) -> None:
    run_plain(
        database,
        'ALTER TABLE "Achievement" ADD CONSTRAINT "no_reward" CHECK ("xpReward" < 10)',
    )
    with pytest.raises(db.TrioSignoDBError):
        load_pack(pack())
    assert set(count_rows(database).values()) == {0}


def test_imports_at_once_make_one_set_of_rows(database: str) -> None:
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
    assert count_rows(database)["Lesson"] == 2


def test_many_signs_take_few_statements(database: str) -> None:
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


@pytest.mark.parametrize("suffix", ["json", "yaml", "yml"])
def test_what_is_exported_imports_to_the_same_file(
    database: str, tmp_path: Path, suffix: str
) -> None:
    load_pack(pack())
    make_sign(
        name="no", description='null: "~"\n- 1 # é 🤟🏽', image_url="https://example.org/é?a=b#c"
    )
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    assert export_pack(first) == 9
    exported = read_pack(first)
    assert load_pack(exported).changes == ()
    run_plain(database, 'TRUNCATE "SignCategory", "Module", "Achievement" CASCADE')
    load_pack(exported)
    export_pack(second)
    assert second.read_bytes() == first.read_bytes()
    assert "Politesse" in first.read_text(encoding="utf-8")


def test_an_export_replaces_no_file_unless_told_to(database: str, tmp_path: Path) -> None:
    path = write(tmp_path / "pack.json", "mine")
    with pytest.raises(db.ConflictError, match="already exists"):
        export_pack(path)
    assert path.read_text() == "mine"
    export_pack(path, overwrite=True)
    assert json.loads(path.read_text())["signs"] == []
    assert [each.name for each in tmp_path.iterdir()] == ["pack.json"]


def test_a_folder_that_is_missing_is_named(database: str, tmp_path: Path) -> None:
    with pytest.raises(db.InvalidInputError, match="cannot be written"):
        export_pack(tmp_path / "nowhere" / "pack.json")
