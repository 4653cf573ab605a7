"""Content packs: validated whole, written whole."""

import json
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from triosigno_db.packs import ContentPack, load_pack, read_pack, starter_pack


def small_pack(**changes: Any) -> dict[str, Any]:
    video = "https://media.example.org/oui.mp4"
    sign = {"category": "Mots", "difficulty": "BEGINNER", "description": "", "videoUrl": video}
    pack = {
        "categories": [{"name": "Mots", "description": ""}],
        "signs": [{"name": "Oui", **sign}, {"name": "Non", **sign}],
        "modules": [
            {
                "title": "Répondre",
                "description": "",
                "lessons": [{"title": "Oui ou non", "description": "", "signs": ["Non", "Oui"]}],
            }
        ],
    }
    return {**pack, **changes}


def written(folder: Path, content: Any) -> Path:
    path = folder / "pack.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_starter_pack_is_as_large_as_promised() -> None:
    pack = starter_pack()
    names = {sign.name for sign in pack.signs}
    assert len(names) >= 100
    assert len(pack.categories) == 6
    assert len(pack.modules) == 4
    assert sum(len(module.lessons) for module in pack.modules) == 16
    assert {f"Lettre {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} <= names
    assert {"Zéro", "Vingt", "Bonjour", "Mère", "Rouge", "Dimanche"} <= names


def test_every_sign_of_the_starter_pack_is_taught() -> None:
    pack = starter_pack()
    taught = {name for module in pack.modules for lesson in module.lessons for name in lesson.signs}
    assert taught == {sign.name for sign in pack.signs}


def test_loading_keeps_the_order_and_tells_each_row(database: str, tmp_path: Path) -> None:
    told: list[str] = []
    report = load_pack(read_pack(written(tmp_path, small_pack())), told.append)
    tree = db.get_module_tree(*report.module_ids)
    assert [placed.sign.name for placed in tree.lessons[0].lesson_signs] == ["Non", "Oui"]
    assert told == ["Mots", "Oui", "Non", "Répondre", "Oui ou non"]


def test_the_starter_pack_loads_whole(database: str) -> None:
    pack = starter_pack()
    told: list[str] = []
    report = load_pack(pack, told.append)
    assert len(told) == pack.count_rows()
    for module_id, expected in zip(report.module_ids, pack.modules, strict=True):
        tree = db.get_module_tree(module_id)
        assert [
            tuple(placed.sign.name for placed in lesson.lesson_signs) for lesson in tree.lessons
        ] == [lesson.signs for lesson in expected.lessons]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"signs": small_pack()["signs"] * 2}, r"signs\[2\]\.name: 'Oui' occurs 2 times"),
        ({"modules": small_pack()["modules"] * 2}, r"modules\[1\]\.title: 'Répondre' occurs 2"),
        ({"shoes": []}, "shoes: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(db.InvalidInputError, match=told):
        read_pack(written(tmp_path, small_pack(**changes)))


def test_every_wrong_place_is_named_at_once(tmp_path: Path) -> None:
    content = small_pack()
    content["signs"][0]["videoUrl"] = "ftp://example.org"
    content["modules"][0]["title"] = ""
    with pytest.raises(db.InvalidInputError) as caught:
        read_pack(written(tmp_path, content))
    assert [error.field for error in caught.value.errors] == [
        f"{tmp_path / 'pack.json'}, line 1: signs[0].video_url",
        f"{tmp_path / 'pack.json'}, line 1: modules[0].title",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "line 1: is not valid JSON"),
        (b"", "line 1: is not valid JSON"),
        (b'{"signs": "\xe9"}', "is not valid UTF-8 at byte 11"),
    ],
)
def test_a_file_that_holds_no_pack_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "pack.json"
    path.write_bytes(content)
    with pytest.raises(db.InvalidInputError, match=why):
        read_pack(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(db.InvalidInputError, match="no-such-pack"):
        read_pack(tmp_path / "no-such-pack.json")


def test_a_pack_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        starter_pack().signs = ()  # type: ignore[misc]
    assert isinstance(starter_pack(), ContentPack)
