"""The history and the schema, written for the Node side."""

from pathlib import Path

import pytest

from tests.migrator.deployed import (
    INDEXES,
    NAMES,
)
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import (
    export,
    shipped_history,
)


def test_export_writes_prisma_s_layout(tmp_path: Path) -> None:
    written = export(tmp_path / "prisma")
    assert {str(path.relative_to(tmp_path)) for path in written} == {
        "prisma/schema.prisma",
        "prisma/migrations/migration_lock.toml",
        *(f"prisma/migrations/{name}/migration.sql" for name in NAMES),
    }
    for name in NAMES:
        copy = tmp_path / "prisma" / "migrations" / name / "migration.sql"
        assert copy.read_bytes() == (shipped_history() / name / "migration.sql").read_bytes()
    assert "@@index([categoryId])" in (tmp_path / "prisma" / "schema.prisma").read_text()


def test_export_never_overwrites_another_text(tmp_path: Path) -> None:
    export(tmp_path)
    changed = tmp_path / "migrations" / INDEXES / "migration.sql"
    changed.write_text("-- ours")
    (tmp_path / "schema.prisma").unlink()
    with pytest.raises(MigrationError, match="different text"):
        export(tmp_path)
    assert not (tmp_path / "schema.prisma").exists()
    assert changed.read_text() == "-- ours"


def test_export_into_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prisma").write_text("a file")
    with pytest.raises(MigrationError, match="cannot be written"):
        export(tmp_path / "prisma")
