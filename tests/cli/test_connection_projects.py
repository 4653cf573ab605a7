"""A command in the folder of a service: its models and its migrations belong to it."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.plain_sql import run_plain
from triosigno_db.cli.app import app
from triosigno_db.errors import InvalidInputError
from triosigno_db.migrator import read_history, shipped_history

MODELS = """\
from triosigno_db.extending import BaseModel, ForeignKey, IdField
from triosigno_db.models import User


class Seen(BaseModel):
    id = IdField()
    user = ForeignKey(User, backref="seen", on_delete="CASCADE", index=True)
"""
PROJECT = '[tool.triosigno_db]\nmodels = ["seen.models"]\nmigrations = "seen/migrations"\n'
NAMES = [each.name for each in read_history(shipped_history())]


@pytest.fixture
def service(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a service, which is the current one."""
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "__init__.py").touch()
    (tmp_path / "seen" / "models.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", empty_url)
    monkeypatch.setenv("COLUMNS", "200")
    yield tmp_path
    for name in ("seen.models", "seen"):
        sys.modules.pop(name, None)


def migrate(*arguments: str) -> Result:
    ended = CliRunner().invoke(app, ["migrate", *arguments])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended


def states(*options: str) -> dict[str, str]:
    ended = migrate("status", "--json", *options)
    return {each["name"]: each["state"] for each in json.loads(ended.stdout)}


def test_each_command_takes_both_histories(service: Path, empty_url: str) -> None:
    (service / "pyproject.toml").write_text(PROJECT)
    written = migrate("dev", "--name", "seen")
    assert "\nWritten and applied: " in written.stdout
    (name,) = [each.name for each in (service / "seen" / "migrations").glob("2*")]
    assert states() == dict.fromkeys([*NAMES, name], "applied")
    assert migrate("dev", "--name", "nothing").stdout.startswith("The history matches")
    assert migrate("diff", "--exit-code").exit_code == 0
    assert migrate("rollback").stdout == f"rolled back: {name}\n"
    assert migrate("deploy").stdout == f"applied: {name}\n"
    assert migrate("rollback", "--steps", "1").exit_code == 0
    run_plain(
        empty_url,
        """INSERT INTO _prisma_migrations (id, checksum, migration_name)
        VALUES ('x', 'x', %s)""",
        (name,),
    )
    assert migrate("resolve", "--rolled-back", name).exit_code == 0
    assert migrate("reset", "--accept-data-loss").stdout.endswith(f"applied: {name}\n")


def test_a_migration_is_only_written_on_request(service: Path) -> None:
    (service / "pyproject.toml").write_text(PROJECT)
    written = migrate("dev", "--name", "seen", "--create-only")
    (name,) = [each.name for each in (service / "seen" / "migrations").glob("2*")]
    assert written.stdout.splitlines()[1:] == [f"pending: {each}" for each in (*NAMES, name)]


def test_a_service_without_models_has_nothing_to_write(service: Path) -> None:
    (service / "pyproject.toml").write_text(PROJECT)
    (service / "seen" / "models.py").write_text("")
    ended = migrate("dev", "--name", "seen", "--create-only")
    assert (
        ended.stdout.splitlines()[0] == "The history matches the models: there is nothing to write."
    )
    assert not (service / "seen" / "migrations").exists()


def test_options_name_what_no_file_does(service: Path) -> None:
    options = ("--models", "seen.models", "--migrations", "history")
    assert migrate("dev", "--name", "seen", *options).exit_code == 0
    (name,) = [each.name for each in (service / "history").glob("2*")]
    assert states(*options)[name] == "applied"
    assert states()[name] == "unknown"
    assert "--migrations" in migrate("status", "--models", "seen.models").stderr


def test_a_folder_alone_stands_for_the_librarys(service: Path) -> None:
    (service / "pyproject.toml").write_text(PROJECT)
    assert states("--migrations", str(shipped_history())) == dict.fromkeys(NAMES, "pending")


def test_a_wrong_file_is_named(service: Path) -> None:
    (service / "pyproject.toml").write_text(PROJECT.replace("models", "modles"))
    with pytest.raises(InvalidInputError, match=r"pyproject\.toml.*did you mean models"):
        migrate("status")


def test_export_writes_the_services_models(service: Path, empty_url: str) -> None:
    (service / "pyproject.toml").write_text(PROJECT)
    migrate("dev", "--name", "seen", "--create-only")
    assert migrate("export", "node", "--migrations", str(shipped_history())).exit_code == 0
    (name,) = [each.name for each in (service / "seen" / "migrations").glob("2*")]
    missing = migrate("export", "node", "--check")
    assert missing.exit_code == 1
    assert f"missing: node/migrations/{name}/migration.sql" in missing.stdout
    assert re.search(r"node/schema\.prisma:\d+: Seen: model Seen", missing.stdout)
    assert re.search(r"node/schema\.prisma:\d+: User: seen Seen\[\]", missing.stdout)
    assert migrate("export", "node").exit_code == 0
    assert migrate("export", "node", "--check").stdout == "Nothing is missing.\n"
