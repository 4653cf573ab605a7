"""`triosigno-db check`, as a user types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.plain_sql import run_plain
from triosigno_db.cli.app import app
from triosigno_db.errors import InvalidInputError
from triosigno_db.schema import to_prisma


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments])


def write(folder: Path, text: str) -> str:
    path = folder / "schema.prisma"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_database_as_expected_is_fine(triosigno_url: str) -> None:
    done = run("--url", triosigno_url)
    assert done.stdout.splitlines()[-1] == "The schema is the one that the library expects."
    assert done.exit_code == 0


def test_harmless_changes_exit_0(triosigno_url: str) -> None:
    run_plain(triosigno_url, 'ALTER TABLE "Sign" ADD COLUMN "hint" text')
    done = run("--url", triosigno_url)
    assert 'harmless  column "Sign"."hint" is new: text, optional' in done.stdout
    assert done.stdout.splitlines()[-1] == "1 change; all functions work."
    assert done.exit_code == 0


def test_breakage_exits_1_and_names_the_functions(triosigno_url: str) -> None:
    run_plain(triosigno_url, 'ALTER TABLE "Sign" ADD COLUMN "hint" text NOT NULL')
    done = run("--url", triosigno_url)
    assert "writes break" in done.stdout
    assert "- create_sign" in done.stdout
    assert "> Give it a default in the database" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 function broken by 1 change."
    assert done.exit_code == 1


def test_a_file_needs_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert run("--schema", write(tmp_path, to_prisma())).exit_code == 0
    assert run("--schema", write(tmp_path, to_prisma() + "view V {\n}\n")).exit_code == 0
    assert "skipped" in run("--schema", str(tmp_path)).stdout
    assert isinstance(run().exception, InvalidInputError)


def test_its_json_has_a_stable_shape(tmp_path: Path) -> None:
    path = write(tmp_path, to_prisma().replace("  videoUrl", "  clip"))
    done = run("--schema", path, "--json")
    document = json.loads(done.stdout)
    assert list(document) == ["breaks", "changes", "skipped", "prisma8"]
    assert document["breaks"]
    missing = document["changes"][0]
    assert list(missing) == ["effect", "subject", "change", "functions", "advice", "place"]
    assert missing["place"].startswith(f"{path}:")
    assert "get_sign" in missing["functions"]
    assert done.exit_code == 1
