"""The library beside a history of the Node backend's own, judged by Prisma's own engine."""

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import triosigno_db as db
from tests.interop.conftest import Engine
from tests.interop.node import NEEDS_NODE
from tests.interop.node_history import (
    ENUM_REWRITE,
    EVOLUTION,
    LATER,
    own_init,
    write_migrations,
)
from tests.migrator.deployed import NAMES, ledger_rows, sorted_schema
from tests.plain_sql import count_rows
from tests.processes import run_process
from tests.promises.one_of_each import make_one_of_each
from tests.sampling import mostly_slow
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import (
    MigrationState,
    baseline,
    deploy,
    export,
    read_history,
    resolve_applied,
    rollback,
    shipped_history,
    status,
)
from triosigno_db.migrator.order import prisma_order
from triosigno_db.schema.catalog import Catalog
from triosigno_db.testing import DatabaseServer

pytestmark = NEEDS_NODE

INIT, *OURS = NAMES
OLDER = ("20250301120000_Backend-Init", "20250601080000_notes", "20250601080000_roles")
YOUNGER = ("20260901120000_start", "20260902080000_notes", "20260903080000_roles")
NUMBERED = ("0_init", "1_notes", "2_roles")
MIXED = ("0_init", "20260902080000_notes", "20270101000000_roles")

EmptyDatabase = Callable[[], str]


@pytest.fixture
def another_database(triosigno_server: DatabaseServer) -> Iterator[EmptyDatabase]:
    """Make further databases without tables."""
    made: list[str] = []

    def make() -> str:
        made.append(triosigno_server.new_name())
        return triosigno_server.create_database(made[-1])

    yield make
    for name in made:
        triosigno_server.drop_database(name)


def catalog_of(url: str) -> Catalog:
    db.disconnect()
    db.connect(url, password_cost=4)
    return sorted_schema()


def assert_clean(prisma: Engine, migrations: Path) -> None:
    """Prisma finds nothing pending, no drift, and asks for no reset."""
    assert prisma("diagnose", migrations=migrations) == {
        "edited": [],
        "failed": [],
        "hasTable": True,
        "history": None,
    }
    assert prisma("dev", migrations=migrations) == {"tag": "createMigration"}
    assert prisma("deploy", migrations=migrations) == {"applied": []}


def write_node_history(prisma: Engine, folder: Path, names: tuple[str, ...]) -> Path:
    scripts = (own_init(), EVOLUTION, ENUM_REWRITE)
    written = {f"_{name}": script for name, script in zip(names, scripts, strict=True)}
    migrations = write_migrations(folder / "migrations", **written)
    assert prisma("deploy", migrations=migrations) == {"applied": [*names]}
    return migrations


@pytest.mark.parametrize("names", mostly_slow([OLDER, NUMBERED, YOUNGER, MIXED], 2))
def test_a_history_of_its_own_is_adopted_and_goes_on(
    connected: str,
    prisma: Engine,
    another_database: EmptyDatabase,
    tmp_path: Path,
    names: tuple[str, ...],
) -> None:
    migrations = write_node_history(prisma, tmp_path, names)
    make_one_of_each()
    rows = count_rows(connected)

    assert baseline() == (INIT,)
    assert status().named(MigrationState.PROVIDED) == (INIT,)
    assert status().pending == tuple(OURS)
    assert deploy() == tuple(OURS)
    assert status().exit_code == 0
    assert INIT not in {row[0] for row in ledger_rows()}
    export(tmp_path)
    assert not (migrations / INIT).exists()
    assert_clean(prisma, migrations)
    assert count_rows(connected) == rows
    adopted = sorted_schema()

    prismas, ours = another_database(), another_database()
    assert len(prisma("deploy", url=prismas, migrations=migrations)["applied"]) == 3 + len(OURS)
    deploy(ours, history=migrations)
    assert catalog_of(prismas) == catalog_of(ours) == adopted
    assert prisma("deploy", url=ours, migrations=migrations) == {"applied": []}

    catalog_of(connected)
    later = "20280101000000_later"
    write_migrations(migrations, **{f"_{later}": LATER})
    assert prisma("deploy", migrations=migrations) == {"applied": [later]}
    assert status().exit_code == 0
    assert deploy() == ()
    assert db.count_users() == 1
    assert count_rows(connected) == rows


def test_prisma_deploys_what_we_export_and_we_know_it_by_its_checksum(
    connected: str, prisma: Engine, tmp_path: Path
) -> None:
    migrations = write_node_history(prisma, tmp_path, YOUNGER)
    export(tmp_path)
    applied = prisma("deploy", migrations=migrations)["applied"]
    assert applied[0] == f"20260903080001{OURS[0][14:]}"
    assert len(applied) == len(OURS)
    assert status().pending == (INIT,)
    assert baseline() == (INIT,)
    assert deploy() == ()
    assert [each.state.value for each in status().migrations if each.name in OURS] == [
        "applied"
    ] * len(OURS)
    assert_clean(prisma, migrations)
    assert rollback(steps=len(OURS)) == tuple(OURS[::-1])
    assert prisma("deploy", migrations=migrations) == {"applied": applied}
    rollback(steps=2)
    assert deploy() == tuple(OURS[-2:])
    assert_clean(prisma, migrations)


def test_both_deploy_at_once_under_the_same_names(
    connected: str, prisma: Engine, tmp_path: Path
) -> None:
    migrations = write_node_history(prisma, tmp_path, YOUNGER)
    baseline()
    export(tmp_path)
    with ThreadPoolExecutor(4) as threads:
        theirs = [threads.submit(prisma, "deploy", migrations=migrations) for _ in range(2)]
        ours = [threads.submit(deploy, lock_timeout=60) for _ in range(2)]
        applied = [name for each in theirs for name in each.result()["applied"]]
        applied += [name for each in ours for name in each.result()]
    assert len(applied) == len(OURS)
    recorded = {str(row[0]) for row in ledger_rows()}
    assert recorded == {each.name for each in read_history(migrations)}
    assert status().exit_code == 0
    assert_clean(prisma, migrations)


def test_a_name_in_the_ledger_follows_the_folder(
    connected: str, prisma: Engine, tmp_path: Path
) -> None:
    """The library deployed before the folder had a migration that is now before its own."""
    migrations = write_node_history(prisma, tmp_path, YOUNGER)
    baseline()
    deploy()
    later = "20260904000000_later"
    write_migrations(migrations, **{f"_{later}": LATER})
    prisma("deploy", migrations=migrations)
    export(tmp_path)
    assert prisma("diagnose", migrations=migrations)["history"] is not None
    for each in read_history(migrations):
        recorded = {row[0] for row in ledger_rows()}
        if each.name not in recorded:
            resolve_applied(each.name, history=migrations)
    assert status().exit_code == 0
    assert_clean(prisma, migrations)


def test_export_takes_the_names_from_a_ledger_that_lacks_the_folder_s_newest_migration(
    connected: str, prisma: Engine, tmp_path: Path
) -> None:
    migrations = write_node_history(prisma, tmp_path, YOUNGER)
    baseline()
    write_migrations(migrations, _20260904000000_later=LATER)
    deploy()
    export(tmp_path, url_or_settings=connected)
    assert {row[0] for row in ledger_rows()} < {each.name for each in read_history(migrations)}
    assert prisma("deploy", migrations=migrations) == {"applied": ["20260904000000_later"]}
    assert_clean(prisma, migrations)
    assert status().exit_code == 0
    assert export(tmp_path, check=True).is_complete


def test_the_next_version_s_migration_is_seen_by_both(
    connected: str, prisma: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations = write_node_history(prisma, tmp_path, YOUNGER)
    baseline()
    deploy()
    export(tmp_path)
    following = write_next_version(tmp_path / "next")
    assert status(history=following).pending == ("20270601000000_next",)
    written = export(tmp_path, history=following)
    assert [path.parent.name for path in written.files if path.suffix == ".sql"] == [
        "20270601000000_next"
    ]
    assert prisma("deploy", migrations=migrations) == {"applied": ["20270601000000_next"]}
    assert status(history=following).exit_code == 0
    assert_clean(prisma, migrations)


def test_prisma_would_see_drift_and_ask_for_a_reset(
    connected: str, prisma: Engine, tmp_path: Path
) -> None:
    migrations = write_node_history(prisma, tmp_path, OLDER)
    baseline()
    deploy()
    export(tmp_path)
    run_sql('ALTER TABLE "Note" ADD COLUMN "unknown" TEXT')
    action = prisma("dev", migrations=migrations)
    assert action["tag"] == "reset"
    assert "Added column `unknown`" in action["reason"]


def test_folders_come_in_the_order_of_javascript(node_folder: Path) -> None:
    source = random.Random(2026)
    characters = "abyzABYZ019_-.é "
    names = sorted({"".join(source.choices(characters, k=5)) for _ in range(500)})
    program = (
        "const names = JSON.parse(process.argv[1]);"
        "console.log(JSON.stringify(names.sort((a, b) => a.localeCompare(b))))"
    )
    ended = run_process(
        ["node", "-e", program, json.dumps(names)],
        cwd=node_folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert sorted(names, key=prisma_order) == json.loads(ended.stdout)


@pytest.mark.parametrize("make", [deploy, db.create_schema])
def test_what_the_library_alone_made_is_deployed_by_prisma(
    connected: str, prisma: Engine, tmp_path: Path, make: Callable[[], object]
) -> None:
    make()
    if make is not deploy:
        baseline()
        deploy()
    make_one_of_each()
    rows = count_rows(connected)
    export(tmp_path)
    assert_clean(prisma, tmp_path / "migrations")
    assert count_rows(connected) == rows


def write_next_version(folder: Path) -> Path:
    scripts = {f"_{each.name}": each.script for each in read_history(shipped_history())}
    return write_migrations(
        folder, **scripts, _20270601000000_next='CREATE TABLE "Streak" ("id" TEXT PRIMARY KEY);'
    )
