"""`triosigno-db content`, as a user types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.packs.test_loading import YAML
from tests.plain_sql import count_rows
from triosigno_db.cli.app import app
from triosigno_db.errors import ConflictError, InvalidInputError


@pytest.fixture(autouse=True)
def database_url(triosigno_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", triosigno_url)
    monkeypatch.setenv("COLUMNS", "120")
    return triosigno_url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pack.yaml"
    path.write_text(YAML, encoding="utf-8")
    return path


def content(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["content", *map(str, arguments)])


def test_an_import_tells_what_it_made(file: Path) -> None:
    ended = content("import", file)
    assert ended.exit_code == 0
    assert ended.stdout.splitlines()[-1] == "7 created, 0 changed, 0 unchanged."
    assert "Premiers pas" in ended.stdout
    assert content("import", file).stdout == "0 created, 0 changed, 7 unchanged.\n"


def test_a_dry_run_writes_nothing(file: Path, database_url: str) -> None:
    ended = content("import", file, "--dry-run")
    assert ended.stdout.splitlines()[-1] == "7 would be created, 0 would be changed, 0 unchanged."
    assert set(count_rows(database_url).values()) == {0}


def test_the_changes_of_a_row_are_named(file: Path) -> None:
    content("import", file)
    file.write_text(YAML.replace("Le matin", "Le soir").replace("[Merci]", "[Bonjour]"))
    assert json.loads(content("import", file, "--json").stdout) == {
        "created": [],
        "changed": [
            {"kind": "lesson", "name": "Saluer", "fields": ["description"]},
            {"kind": "lesson", "name": "Remercier", "fields": ["signs"]},
        ],
        "unchanged": {"category": 1, "sign": 2, "module": 1, "achievement": 1},
    }


def test_an_export_can_be_imported(file: Path, tmp_path: Path) -> None:
    content("import", file)
    exported = tmp_path / "exported.json"
    assert content("export", exported).stdout.replace("\n", "").startswith("Exported 7 rows to")
    assert content("import", exported).stdout == "0 created, 0 changed, 7 unchanged.\n"
    assert isinstance(content("export", exported).exception, ConflictError)
    assert content("export", exported, "--force").exit_code == 0


def test_a_wrong_file_is_told_before_anything_is_written(file: Path, database_url: str) -> None:
    file.write_text(YAML.replace("BEGINNER", "EASY"))
    failure = content("import", file).exception
    assert isinstance(failure, InvalidInputError)
    assert [field.partition(", ")[2] for field, _ in failure.errors] == [
        "line 7: signs[0].difficulty",
        "line 12: signs[1].difficulty",
    ]
    assert set(count_rows(database_url).values()) == {0}
