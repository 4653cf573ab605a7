"""Prisma's own engine beside us, on one database."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import triosigno_db as db
from tests.interop.conftest import Engine
from tests.interop.node import NEEDS_NODE
from tests.schema.node_schema import RENAMED, changed
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import (
    baseline,
    deploy,
    diff,
    export,
    read_history,
    resolve_applied,
    resolve_rolled_back,
    rollback,
    shipped_history,
    status,
)
from triosigno_db.schema.catalog import Catalog, compare, read_catalog

pytestmark = NEEDS_NODE

NAMES = [each.name for each in read_history(shipped_history())]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """What `export` writes for the Node side."""
    export(tmp_path)
    return tmp_path


def schema() -> Catalog:
    catalog = read_catalog('"public"')
    return catalog.only(catalog.tables.keys() - {"_prisma_migrations"}, catalog.enums)


def test_prisma_deploys_our_history_and_we_say_up_to_date(
    connected: str, prisma: Engine, exported: Path
) -> None:
    assert prisma("deploy", migrations=exported / "migrations") == {"applied": NAMES}
    assert status().exit_code == 0
    assert deploy() == ()
    assert diff().is_none
    db.create_schema()


def test_we_deploy_and_prisma_s_diagnosis_is_clean(
    connected: str, prisma: Engine, exported: Path
) -> None:
    deploy()
    assert prisma("diagnose", migrations=exported / "migrations") == {
        "edited": [],
        "failed": [],
        "hasTable": True,
        "history": None,
    }
    assert prisma("deploy", migrations=exported / "migrations") == {"applied": []}


@pytest.mark.parametrize("make", [deploy, db.create_schema])
def test_prisma_sees_no_difference_to_the_exported_schema(
    connected: str, prisma: Engine, exported: Path, make: Callable[[], object]
) -> None:
    make()
    found = prisma("diff", schema=exported / "schema.prisma")
    assert found == {"script": "-- This is an empty migration.\n", "differs": False}


def test_prisma_sees_no_difference_to_a_schema_of_the_node_side_with_the_new_lines(
    connected: str, prisma: Engine, tmp_path: Path
) -> None:
    """Its own names for tables and columns, which the new lines have to use."""
    schema = tmp_path / "schema.prisma"
    schema.write_text(changed(*RENAMED))
    deploy()
    assert prisma("diff", schema=schema)["differs"]
    export(tmp_path)
    found = prisma("diff", schema=schema)
    assert found == {"script": "-- This is an empty migration.\n", "differs": False}


def test_prisma_would_see_a_difference(connected: str, prisma: Engine, exported: Path) -> None:
    deploy()
    run_sql('DROP INDEX "Sign_categoryId_idx"')
    found = prisma("diff", schema=exported / "schema.prisma")
    assert "Sign_categoryId_idx" in found["script"]


def test_what_prisma_pushes_is_ours_but_for_what_it_can_not_express(
    connected: str, prisma: Engine, exported: Path, triosigno_url: str
) -> None:
    prisma("push", schema=exported / "schema.prisma")
    pushed = schema()
    db.disconnect()
    db.connect(triosigno_url)
    differences = compare(schema(), pushed)
    assert differences
    inexpressible = ("_check", "User_folded_email_idx", "User_nfc_username_idx", "_search_idx")
    for difference in differences:
        assert any(name in difference.what for name in inexpressible)


def test_both_deploy_at_once_and_each_migration_is_applied_once(
    connected: str, prisma: Engine, exported: Path
) -> None:
    with ThreadPoolExecutor(4) as threads:
        theirs = [
            threads.submit(prisma, "deploy", migrations=exported / "migrations") for _ in range(2)
        ]
        ours = [threads.submit(deploy, lock_timeout=60) for _ in range(2)]
        applied = [name for each in theirs for name in each.result()["applied"]]
        applied += [name for each in ours for name in each.result()]
    assert sorted(applied) == NAMES
    rows = run_sql('SELECT migration_name FROM "_prisma_migrations" ORDER BY migration_name')
    assert [name for (name,) in rows] == NAMES
    assert status().exit_code == 0


def test_a_database_that_prisma_made_from_the_first_migration_needs_no_baseline(
    connected: str, prisma: Engine, exported: Path
) -> None:
    """The Node side's history has its own first migration, of the same text."""
    theirs = exported / "theirs"
    shutil.copytree(exported / "migrations" / NAMES[0], theirs / "20250301000000_start")
    shutil.copy(exported / "migrations" / "migration_lock.toml", theirs)
    prisma("deploy", migrations=theirs)
    with pytest.raises(MigrationError, match="already applied"):
        baseline()
    assert deploy() == tuple(NAMES[1:])
    found = status()
    assert [each.state.value for each in found.migrations] == ["applied"] * len(NAMES)
    assert found.migrations[0].recorded_name == "20250301000000_start"


def test_what_prisma_left_half_done_is_seen_and_resolved(
    connected: str, prisma: Engine, exported: Path
) -> None:
    broken = exported / "broken"
    shutil.copytree(exported / "migrations", broken)
    script = broken / NAMES[1] / "migration.sql"
    script.write_text(script.read_text() + "\nSELECT 1 / 0;\n")
    assert "division by zero" in prisma("deploy", migrations=broken)["error"]["message"]
    assert status().exit_code == 2
    with pytest.raises(MigrationError, match=NAMES[1]):
        deploy()
    resolve_applied(NAMES[1])
    assert deploy() == tuple(NAMES[2:])
    assert prisma("diagnose", migrations=exported / "migrations")["failed"] == []


def test_prisma_respects_what_we_resolved_as_rolled_back(
    connected: str, prisma: Engine, exported: Path
) -> None:
    broken = exported / "broken"
    shutil.copytree(exported / "migrations", broken)
    (broken / NAMES[0] / "migration.sql").write_text("SELECT 1 / 0;\n")
    prisma("deploy", migrations=broken)
    resolve_rolled_back(NAMES[0])
    assert prisma("deploy", migrations=exported / "migrations") == {"applied": NAMES}


def test_prisma_applies_again_what_we_rolled_back(
    connected: str, prisma: Engine, exported: Path
) -> None:
    deploy()
    before = schema()
    rollback(steps=len(NAMES) - 1)
    assert prisma("deploy", migrations=exported / "migrations") == {"applied": NAMES[1:]}
    assert schema() == before


def test_prisma_can_resolve_for_us(connected: str, prisma: Engine, exported: Path) -> None:
    migrations = exported / "migrations"
    for name in NAMES:
        assert prisma("applied", migrations=migrations, name=name) == {}
    assert status().exit_code == 0
