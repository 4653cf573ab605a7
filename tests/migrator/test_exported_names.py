"""The names of the library's migrations beside those of the Node backend."""

from pathlib import Path

import pytest

from tests.migrator.deployed import INDEXES, INIT, NAMES
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import export, read_history
from triosigno_db.migrator.exported_names import place_migrations, plan_folder
from triosigno_db.migrator.order import prisma_order

OURS = read_history()[1:]
OWN_NAMES = {each.name: each.name for each in OURS}


@pytest.mark.parametrize("others", [(), ("0_init",), ("20260115080000_init", "20251231235959_x")])
def test_names_that_come_late_enough_are_kept(others: tuple[str, ...]) -> None:
    assert place_migrations(OURS, {}, others) == OWN_NAMES


def test_a_name_that_comes_too_early_gets_the_next_second() -> None:
    placed = place_migrations(OURS, {}, ["20260601120000_a", "20260601235959_Start", "0_init"])
    assert list(placed.values()) == [
        f"20260602000000{NAMES[1][14:]}",
        f"20260602000001{NAMES[2][14:]}",
        *NAMES[3:],
    ]


@pytest.mark.parametrize("other", ["init", "99999999999999_x", "20261399000000_x", "zzz"])
def test_a_name_without_a_date_is_still_followed(other: str) -> None:
    placed = place_migrations(OURS, {}, [other])
    names = [other, *placed.values()]
    assert sorted(names, key=prisma_order) == names


def test_what_is_there_keeps_its_name_and_what_is_newer_its_own() -> None:
    known = dict.fromkeys([NAMES[1]], "20260701000001_there")
    placed = place_migrations(OURS, known, ["20290101000000_newer"])
    assert placed == OWN_NAMES | known | {NAMES[2]: f"20260701000002{NAMES[2][14:]}"}


def write(folder: Path, name: str, script: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "migration.sql").write_text(script)


def test_a_folder_gets_all_that_its_own_migrations_do_not_make(tmp_path: Path) -> None:
    migrations = read_history()
    assert list(plan_folder(tmp_path / "none", migrations).missing) == [*NAMES]
    write(tmp_path, "20260601000000_Init", f"-- Another text.\n{migrations[0].script}")
    plan = plan_folder(tmp_path, migrations)
    assert plan.provided == (INIT,)
    assert list(plan.missing)[:2] == [
        f"20260601000001{NAMES[1][14:]}",
        f"20260601000002{NAMES[2][14:]}",
    ]
    recorded = plan_folder(tmp_path, migrations, {NAMES[1]: "20260701000000_recorded"})
    assert next(iter(recorded.missing)) == "20260701000000_recorded"


def test_a_migration_under_another_name_is_present_whatever_its_line_ends(tmp_path: Path) -> None:
    migrations = read_history()
    for number, migration in enumerate(migrations):
        write(tmp_path, f"2027010100000{number}_{number}", migration.script)
    folder = f"2027010100000{number}_{number}"
    last = tmp_path / folder / "migration.sql"
    last.write_bytes(last.read_bytes().replace(b"\n", b"\r\n"))
    plan = plan_folder(tmp_path, migrations)
    assert (plan.provided, dict(plan.missing)) == ((), {})
    assert plan.present[NAMES[-1]] == folder


def test_a_part_of_a_migration_is_refused(tmp_path: Path) -> None:
    script = read_history()[0].script
    write(tmp_path / "migrations", "0_init", script.partition('CREATE TABLE "Progress"')[0])
    with pytest.raises(MigrationError, match=f"only a part of {INIT}; they lack: .*table Progress"):
        export(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["migrations"]


def test_the_same_name_with_another_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path, INDEXES, "-- ours")
    with pytest.raises(MigrationError, match=f"{INDEXES} already exists with a different text"):
        plan_folder(tmp_path, read_history())
