"""Exports of the content: what is written can be read back."""

import json
from pathlib import Path

import pytest

import triosigno_db as db
from tests.packs.contents import pack, write
from tests.plain_sql import run_plain
from triosigno_db.packs import (
    export_pack,
    load_pack,
    read_pack,
)
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_sign


@pytest.mark.parametrize("suffix", ["json", "yaml", "yml"])
def test_what_is_exported_imports_to_the_same_file(
    triosigno_db: IsolatedDatabase, tmp_path: Path, suffix: str
) -> None:
    load_pack(pack())
    make_sign(
        name="no", description='null: "~"\n- 1 # é 🤟🏽', image_url="https://example.org/é?a=b#c"
    )
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    assert export_pack(first) == 9
    exported = read_pack(first)
    assert load_pack(exported).changes == ()
    run_plain(triosigno_db.url, 'TRUNCATE "SignCategory", "Module", "Achievement" CASCADE')
    load_pack(exported)
    export_pack(second)
    assert second.read_bytes() == first.read_bytes()
    assert "Politesse" in first.read_text(encoding="utf-8")


def test_an_export_replaces_no_file_unless_told_to(
    triosigno_db: IsolatedDatabase, tmp_path: Path
) -> None:
    path = write(tmp_path / "pack.json", "mine")
    with pytest.raises(db.ConflictError, match="already exists"):
        export_pack(path)
    assert path.read_text() == "mine"
    export_pack(path, overwrite=True)
    assert json.loads(path.read_text())["signs"] == []
    assert [each.name for each in tmp_path.iterdir()] == ["pack.json"]


def test_a_folder_that_is_missing_is_named(triosigno_db: IsolatedDatabase, tmp_path: Path) -> None:
    with pytest.raises(db.InvalidInputError, match="cannot be written"):
        export_pack(tmp_path / "nowhere" / "pack.json")
