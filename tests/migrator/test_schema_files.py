"""The Node side's schema is found: one file, or all that Prisma reads as one."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.schema_files import read_schema_files

DATASOURCE = 'datasource db {\n  provider = "postgresql"\n}\n'


def write(folder: Path, *names: str, text: str = "") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(folder: Path, schema: Path | None = None) -> list[str]:
    return [str(each.path.relative_to(folder)) for each in read_schema_files(folder, schema)]


def test_files_of_all_subfolders_belong_to_it(tmp_path: Path) -> None:
    write(tmp_path, "schema.prisma", "models/b.prisma", "models/deep/a.prisma", "notes.md")
    assert found(tmp_path) == ["models/b.prisma", "models/deep/a.prisma", "schema.prisma"]


def test_other_folders_and_hidden_files_do_not(tmp_path: Path) -> None:
    write(tmp_path, "migrations/a.prisma", "node_modules/x/b.prisma", ".git/c.prisma", ".d.prisma")
    assert found(tmp_path) == []
    assert found(tmp_path / "missing") == []


def test_several_datasources_are_several_schemas(tmp_path: Path) -> None:
    write(tmp_path, "a.prisma", "b.prisma", text=DATASOURCE)
    with pytest.raises(MigrationError, match=r"more than one schema.*a\.prisma:1.*b\.prisma:1"):
        read_schema_files(tmp_path, None)
    assert found(tmp_path, tmp_path / "b.prisma") == ["b.prisma"]


def test_a_folder_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, "a/x.prisma", "b/y.prisma", text=DATASOURCE)
    assert found(tmp_path, tmp_path / "b") == ["b/y.prisma"]


def test_what_is_named_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MigrationError, match=r"is no \.prisma file, and no folder with one"):
        read_schema_files(tmp_path, tmp_path / "empty")
    with pytest.raises(MigrationError, match="missing does not exist"):
        read_schema_files(tmp_path, tmp_path / "missing")


def test_a_folder_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.prisma", "models/b.prisma")
    listed = os.scandir

    def scandir(path: str) -> Any:
        if Path(path).name == "models":  # tests may run as root, who may list all
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(MigrationError, match="models cannot be read: Permission denied"):
        read_schema_files(tmp_path, None)


def test_a_link_that_leads_out_is_refused_unless_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, "other/real.prisma")
    (tmp_path / "prisma").mkdir()
    link = tmp_path / "prisma" / "schema.prisma"
    link.symlink_to(tmp_path / "other" / "real.prisma")
    with pytest.raises(MigrationError, match="symbolic link that leads out"):
        read_schema_files(tmp_path / "prisma", None)
    assert found(tmp_path, link) == ["prisma/schema.prisma"]


def test_a_link_to_a_folder_is_refused_if_it_has_a_schema(tmp_path: Path) -> None:
    write(tmp_path, "other/real.prisma", "notes/a.md")
    (tmp_path / "prisma").mkdir()
    (tmp_path / "prisma" / "notes").symlink_to(tmp_path / "notes")
    assert found(tmp_path / "prisma") == []
    (tmp_path / "prisma" / "models").symlink_to(tmp_path / "other")
    with pytest.raises(MigrationError, match=r"models is a symbolic link to a folder"):
        read_schema_files(tmp_path / "prisma", None)


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "schema.prisma").symlink_to(tmp_path / "nothing")
    with pytest.raises(MigrationError, match=r"schema\.prisma cannot be read: No such file"):
        read_schema_files(tmp_path, None)


def test_a_file_must_be_utf_8(tmp_path: Path) -> None:
    (tmp_path / "schema.prisma").write_bytes(b"// \xe9\n")
    with pytest.raises(MigrationError, match=r"schema\.prisma is not valid UTF-8 at byte 3"):
        read_schema_files(tmp_path, None)
