"""Reading packs: JSON and YAML alike, each wrong place with its line, and no hostile file."""

import json
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.packs.contents import small_pack, written
from triosigno_db.packs import read_pack

SIGN = """\
signs:
  - name: Bonjour
    category: Politesse
    difficulty: BEGINNER
    description: ''
    video_url: https://media.example.org/bonjour.mp4
"""


def read(folder: Path, content: str | bytes, name: str = "pack.yaml"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_pack(path)


def errors_of(folder: Path, content: str | bytes, name: str = "pack.yaml") -> dict[str, str]:
    with pytest.raises(db.InvalidInputError) as caught:
        read(folder, content, name)
    start = f"{folder / name}"
    return {field.removeprefix(start): why for field, why in caught.value.errors}


def test_yaml_and_json_give_the_same_pack(tmp_path: Path) -> None:
    pack = read(tmp_path, SIGN)
    assert read(tmp_path, pack.model_dump_json(), "pack.json") == pack


def test_every_wrong_place_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = (
        SIGN.replace("https", "ftp").replace("BEGINNER", "EASY") + "achievements:\n  - name: x\n"
    )
    assert list(errors_of(tmp_path, wrong)) == [
        ", line 4: signs[0].difficulty",
        ", line 6: signs[0].video_url",
        ", line 8: achievements[0].description",
        ", line 8: achievements[0].image_url",
        ", line 8: achievements[0].xp_reward",
    ]


def test_lines_of_json_are_told_too(tmp_path: Path) -> None:
    content = json.dumps(
        {"categories": [{"name": "a", "description": ""}, {"name": "", "description": 1}]}, indent=1
    )
    assert list(errors_of(tmp_path, content, "pack.json")) == [
        ", line 8: categories[1].name",
        ", line 9: categories[1].description",
    ]


@pytest.mark.parametrize("written", ["no", "2026-01-31", "1.5", "0x1F", "1e3", "yes"])
def test_a_value_is_text_as_it_is_written(tmp_path: Path, written: str) -> None:
    assert read(tmp_path, SIGN.replace("Bonjour", written)).signs[0].name == written


def test_a_number_is_no_name(tmp_path: Path) -> None:
    assert errors_of(tmp_path, SIGN.replace("Bonjour", "7")) == {
        ", line 2: signs[0].name": "Input should be a valid string"
    }
    assert read(tmp_path, SIGN.replace("Bonjour", "'7'")).signs[0].name == "7"


@pytest.mark.parametrize(
    ("content", "field", "why"),
    [
        ("signs:\n  - &a {}\n  - *a\n", ", line 2", "an anchor or an alias"),
        ("signs: []\nsigns: []\n", ", line 2", "a key twice"),
        ("signs: [\n", ", line 2", "is not valid YAML"),
        ("? [a]\n: b\n", ", line 1", "a key that is not a string"),
        ("signs: []\n---\nsigns: []\n", ", line 2", "is not valid YAML"),
        ("- a\n", ", line 1", "valid dictionary"),
        ("", "", "contains no pack"),
        ("a\0b", "", "is not valid YAML"),
        ("[" * 500 + "]" * 500, "", "nested too deeply"),
        (b"\xff\xfe", "", "is not valid UTF-8"),
    ],
)
def test_a_file_that_is_no_pack_is_refused(
    tmp_path: Path, content: str | bytes, field: str, why: str
) -> None:
    ((found, told),) = errors_of(tmp_path, content).items()
    assert (found, why in told) == (field, True), told


def test_brackets_without_end_crash_nothing(tmp_path: Path) -> None:
    # libyaml says so itself from 0.2.6 on: "exceeded maximum nesting depth".
    (told,) = errors_of(tmp_path, "[" * 200_000 + "]" * 200_000).values()
    assert "nest" in told


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"signs": [], "signs": []}', "the key 'signs' twice"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "valid dictionary"),
        ('{"signs": 1e999}', "valid tuple"),
        ("1" * 5000, "is not valid JSON"),
        ('{"signs": [{"name": "\\ud800"}]}', "unicode"),
    ],
)
def test_json_that_is_no_pack_is_refused(tmp_path: Path, content: str, why: str) -> None:
    assert any(why in told for told in errors_of(tmp_path, content, "pack.json").values())


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + SIGN.encode()).signs


def test_a_folder_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(db.InvalidInputError, match="cannot be read"):
        read_pack(tmp_path)


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
