"""`triosigno-db migrate`, as a user types it."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import triosigno_db as db
from tests.schema.node_schema import without_indexes
from tests.server_features import has_trigrams
from triosigno_db.cli.app import app
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import (
    DataLossError,
    InvalidInputError,
    MigrationError,
    SchemaMismatchError,
)
from triosigno_db.migrator import read_history, shipped_history

LEDGER = (
    "(id VARCHAR(36) PRIMARY KEY, checksum VARCHAR(64), finished_at TIMESTAMPTZ,"
    " migration_name VARCHAR(255), logs TEXT, rolled_back_at TIMESTAMPTZ,"
    " started_at TIMESTAMPTZ DEFAULT now(), applied_steps_count INTEGER DEFAULT 0)"
)
NAMES = [each.name for each in read_history(shipped_history())]


@pytest.fixture(autouse=True)
def database_url(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", empty_url)
    monkeypatch.setenv("COLUMNS", "200")
    return empty_url


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(shipped_history(), folder)
    return folder


def write_history(folder: Path, **scripts: str) -> Path:
    for name, script in scripts.items():
        (folder / name[1:]).mkdir(parents=True)
        (folder / name[1:] / "migration.sql").write_text(script)
    return folder


def run(*arguments: str | Path, typed: str = "") -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], input=typed)


def migrate(*arguments: str | Path, typed: str = "") -> Result:
    return run("migrate", *arguments, typed=typed)


def test_status_prints_a_line_for_each_migration() -> None:
    pending = migrate("status")
    assert pending.exit_code == 1
    assert pending.stdout.split() == [word for name in NAMES for word in ("pending", name)]
    assert migrate("deploy").exit_code == 0
    applied = migrate("status")
    assert applied.exit_code == 0
    for line, name in zip(applied.stdout.splitlines(), NAMES, strict=True):
        assert re.fullmatch(rf"applied +{name} +\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", line)


def test_status_of_an_empty_history_prints_nothing(history: Path) -> None:
    for name in NAMES:
        shutil.rmtree(history / name)
    ended = migrate("status", "--migrations", history)
    assert (ended.exit_code, ended.stdout) == (0, "")


def test_status_in_json() -> None:
    migrate("deploy")
    migrate("rollback")
    ended = migrate("status", "--json")
    assert ended.exit_code == 1
    found = json.loads(ended.stdout)
    assert [each["name"] for each in found] == NAMES
    assert [each["state"] for each in found] == ["applied"] * (len(NAMES) - 1) + ["rolled back"]
    assert found[0]["rolledBackAt"] is None
    assert found[-1]["rolledBackAt"] > found[-1]["finishedAt"]


def test_deploy_tells_what_it_applied() -> None:
    assert migrate("deploy").stdout.splitlines() == [f"applied: {name}" for name in NAMES]
    assert migrate("deploy").stdout == "The database is up to date.\n"


def test_rollback_takes_steps_or_a_target() -> None:
    migrate("deploy")
    assert migrate("rollback", "--steps", "2").stdout.splitlines() == [
        f"rolled back: {name}" for name in NAMES[:-3:-1]
    ]
    migrate("deploy")
    assert migrate("rollback", "--to", NAMES[-2]).stdout == f"rolled back: {NAMES[-1]}\n"
    migrate("rollback", "--steps", "9")
    assert migrate("rollback").stdout == "There is nothing to roll back.\n"
    assert migrate("rollback", "--steps", "0").exit_code == 2


def test_a_failure_shows_its_logs(history: Path) -> None:
    script = history / NAMES[1] / "migration.sql"
    script.write_text("-- triosigno-db: no-transaction\nSELECT 1 / 0;")
    assert isinstance(migrate("deploy", "--migrations", history).exception, MigrationError)
    ended = migrate("status", "--migrations", history)
    assert ended.exit_code == 2
    assert "division by zero" in ended.stdout
    assert migrate("resolve").exit_code == 2
    assert migrate("resolve", "--applied", "x", "--rolled-back", "x").exit_code == 2
    resolved = migrate("resolve", "--rolled-back", NAMES[1], "--migrations", history)
    assert resolved.stdout == f"rolled back: {NAMES[1]}\n"
    assert migrate("resolve", "--applied", NAMES[1], "--migrations", history).exit_code == 0
    assert migrate("status", "--migrations", history).exit_code == 1


def test_baseline_tells_what_it_marked(database_url: str) -> None:
    db.connect(database_url)
    db.create_schema()
    db.disconnect()
    assert isinstance(migrate("deploy").exception, MigrationError)
    # Where the server lacks pg_trgm, the migration of searches makes a function alone.
    searches = NAMES[3:4] if has_trigrams(database_url) else []
    assert migrate("baseline").stdout.splitlines() == [
        f"marked as applied: {name}" for name in (*NAMES[:3], *searches)
    ]
    assert migrate("deploy").exit_code == 0
    assert migrate("status").exit_code == 0


def test_what_is_provided_and_names_of_the_folder_are_shown(
    database_url: str, history: Path
) -> None:
    db.connect(database_url)
    run_sql(f"{read_history()[0].script}; CREATE TABLE _prisma_migrations {LEDGER}")
    run_sql("INSERT INTO _prisma_migrations VALUES ('x', 'y', now(), '20261101120000_start')")
    db.disconnect()
    assert migrate("baseline").stdout == f"provided: {NAMES[0]}\n"
    assert migrate("deploy").stdout.splitlines()[0] == f"applied: {NAMES[1]}"
    later = f"20261101120001{NAMES[1][14:]}"
    first, second, *_ = migrate("status").stdout.splitlines()
    assert first.split() == ["provided", NAMES[0]]
    assert second.startswith(f"applied     {NAMES[1]}")
    assert second.endswith(f"UTC  as {later}")
    found = json.loads(migrate("status", "--json").stdout)
    assert [(each["state"], each["recordedName"]) for each in found[:2]] == [
        ("provided", None),
        ("applied", later),
    ]
    (history / NAMES[1]).rename(history / later)
    assert migrate("resolve", "--applied", later, "--migrations", history).exit_code == 1


def test_diff_lists_and_mends(database_url: str) -> None:
    migrate("deploy")
    assert migrate("diff", "--exit-code").exit_code == 0
    db.connect(database_url)
    run_sql('DROP INDEX "Sign_categoryId_idx"')
    db.disconnect()
    ended = migrate("diff", "--exit-code")
    assert ended.exit_code == 1
    assert ended.stdout.count('index "Sign_categoryId_idx" of "Sign" is missing') == 2
    assert 'CREATE INDEX "Sign_categoryId_idx"' in migrate("diff", "--sql").stdout


def test_the_sql_of_a_diff_is_whole_however_narrow_the_terminal(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    migrate("deploy")
    assert migrate("diff", "--sql").stdout == ""
    db.connect(database_url)
    run_sql('ALTER TABLE "Sign" DROP CONSTRAINT "Sign_categoryId_fkey"')
    found = json.loads(migrate("diff", "--json").stdout)
    printed = migrate("diff", "--sql").stdout
    assert printed == found["sql"]
    db.connect(database_url)
    run_sql(printed)
    db.disconnect()
    assert migrate("diff", "--exit-code").exit_code == 0


def test_diff_in_json(database_url: str) -> None:
    migrate("deploy")
    nothing = {"fromHistory": [], "fromModels": [], "sql": ""}
    assert json.loads(migrate("diff", "--json").stdout) == nothing
    db.connect(database_url)
    run_sql('DROP INDEX "Sign_categoryId_idx"')
    db.disconnect()
    ended = migrate("diff", "--json", "--exit-code")
    assert ended.exit_code == 1
    (difference,) = json.loads(ended.stdout)["fromModels"]
    assert difference["what"] == 'index "Sign_categoryId_idx" of "Sign"'
    assert difference["found"] is None


def test_dev_says_so_when_there_is_nothing_to_do(history: Path) -> None:
    ended = migrate("dev", "--name", "nothing", "--migrations", history)
    *applied, last = ended.stdout.splitlines()
    assert applied == [f"applied: {name}" for name in NAMES]
    assert last == "The history matches the models: there is nothing to do."
    again = migrate("dev", "--name", "nothing", "--migrations", history)
    assert again.stdout.splitlines() == [last]


def test_dev_names_what_stays_pending(history: Path) -> None:
    ended = migrate("dev", "--name", "nothing", "--migrations", history, "--create-only")
    first, *pending = ended.stdout.splitlines()
    assert first == "The history matches the models: there is nothing to write."
    assert pending == [f"pending: {name}" for name in NAMES]


def rename_first_name(history: Path) -> None:
    for script in history.glob("*/migration.sql"):
        script.write_text(script.read_text().replace('"firstName"', '"givenName"'))


def test_dev_takes_renames_without_a_question(history: Path) -> None:
    rename_first_name(history)
    option = ("--rename", "User.givenName:firstName")
    ended = migrate("dev", "--name", "first_name", "--migrations", history, *option)
    assert "Was the column" not in ended.stdout
    assert "RENAME COLUMN" in (max(history.glob("2*")) / "migration.sql").read_text()


def test_dev_refuses_a_rename_of_what_it_does_not_know(history: Path) -> None:
    rename_first_name(history)
    option = ("--rename", "User.surname:firstName")
    ended = migrate("dev", "--name", "first_name", "--migrations", history, *option)
    assert isinstance(ended.exception, InvalidInputError)
    assert len(list(history.glob("2*"))) == len(NAMES)


def test_dev_names_the_option_where_nobody_answers(history: Path) -> None:
    rename_first_name(history)
    ended = migrate("dev", "--name", "first_name", "--migrations", history)
    assert "use --rename User.givenName:firstName" in ended.stdout
    assert "DROP COLUMN" in (max(history.glob("2*")) / "migration.sql").read_text()


@pytest.mark.parametrize("answer", ["y", "n"])
def test_dev_asks_before_it_renames(history: Path, answer: str) -> None:
    rename_first_name(history)
    ended = migrate("dev", "--name", "first_name", "--migrations", history, typed=answer)
    assert "Was the column User.givenName renamed to firstName? [y/N]" in ended.stdout
    assert "Written and applied" in ended.stdout
    written = max(history.glob("2*")) / "migration.sql"
    assert ("RENAME COLUMN" in written.read_text()) is (answer == "y")


def test_dev_stops_before_a_loss(history: Path, database_url: str) -> None:
    script = history / NAMES[0] / "migration.sql"
    script.write_text(
        script.read_text().replace('"firstName" TEXT,', '"firstName" TEXT,\n    "age" INTEGER,')
    )
    migrate("deploy", "--migrations", history)
    db.connect(database_url)
    db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    run_sql('UPDATE "User" SET "age" = 7')
    db.disconnect()
    dev = ("dev", "--name", "no_age", "--migrations", history, "--create-only")
    assert isinstance(migrate(*dev).exception, DataLossError)
    assert migrate(*dev, "--accept-data-loss").exit_code == 0


def test_reset_drops_empty_tables_without_a_question() -> None:
    migrate("deploy")
    assert migrate("reset").stdout.splitlines() == [f"applied: {name}" for name in NAMES]


def test_export_lists_its_files(tmp_path: Path) -> None:
    ended = migrate("export", tmp_path / "prisma")
    assert sorted(ended.stdout.split()) == sorted(
        str(path) for path in (tmp_path / "prisma").rglob("*") if path.is_file()
    )


def test_export_checks_the_node_side_s_folder(tmp_path: Path) -> None:
    schema = tmp_path / "schema.prisma"
    schema.write_text(without_indexes())
    checked = migrate("export", tmp_path, "--check")
    assert checked.exit_code == 1
    lines = checked.stdout.splitlines()
    assert lines[0] == f"missing: {tmp_path / 'migrations' / 'migration_lock.toml'}"
    number = without_indexes().splitlines().index("model Sign {") + 1
    assert f"missing: {schema}:{number}: Sign: @@index([categoryId])" in lines
    assert schema.read_text() == without_indexes()
    written = migrate("export", tmp_path)
    assert written.exit_code == 0
    assert [f"missing: {line}" for line in written.stdout.splitlines()] == lines
    again = migrate("export", tmp_path, "--check")
    assert (again.exit_code, again.stdout) == (0, "Nothing is missing.\n")


def test_export_takes_the_names_from_a_database_that_is_named(
    tmp_path: Path, database_url: str
) -> None:
    start = read_history()[0].script + "-- of the backend"
    folder = write_history(tmp_path / "migrations", _20260601000000_start=start)
    migrate("deploy", "--migrations", folder)
    migrate("baseline")
    migrate("deploy")
    write_history(folder, _20260701000000_later="SELECT 1;")
    new = f"missing: {folder}/20260701000001_frequent_query_indexes/migration.sql"
    deployed = new.replace("0701", "0601")
    assert new in migrate("export", tmp_path, "--check").stdout
    for chosen in (["--url", database_url], ["--ledger"]):  # the other by DATABASE_URL
        assert deployed in migrate("export", tmp_path, "--check", *chosen).stdout


def test_export_refuses_a_schema_that_lacks_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "schema.prisma").write_text("")
    assert isinstance(migrate("export", tmp_path).exception, SchemaMismatchError)


def test_export_takes_the_place_of_the_schema_and_prisma_s_version(tmp_path: Path) -> None:
    migrate("export", tmp_path / "six", "--prisma", "6")
    schema = tmp_path / "six" / "schema.prisma"
    assert "url " in schema.read_text()
    ended = migrate("export", tmp_path / "seven", "--schema", schema)
    assert ended.exit_code == 0
    assert not (tmp_path / "seven" / "schema.prisma").exists()
    assert migrate("export", tmp_path / "eight", "--prisma", "8").exit_code == 2
