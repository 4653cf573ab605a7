"""What the Node side lacks is written for it, and nothing else of its folder changes."""

import re
from pathlib import Path

import pytest

from tests.migrator.deployed import (
    INDEXES,
    NAMES,
)
from tests.schema.node_schema import RENAMED, changed, without_indexes
from triosigno_db.compatibility.needs import library_needs
from triosigno_db.doctor import check_compatibility
from triosigno_db.errors import InvalidInputError, MigrationError, SchemaMismatchError
from triosigno_db.migrator import (
    export,
    shipped_history,
)
from triosigno_db.schema import to_prisma
from triosigno_db.schema.prisma_parser import parse_prisma

ADDED = re.compile(rb"[^\S\r\n]*@@index\(\[[\w, ]+\]\)\r?\n")


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_export_writes_prisma_s_layout(tmp_path: Path) -> None:
    exported = export(tmp_path / "prisma")
    assert {str(path.relative_to(tmp_path)) for path in exported.files} == {
        "prisma/schema.prisma",
        "prisma/migrations/migration_lock.toml",
        *(f"prisma/migrations/{name}/migration.sql" for name in NAMES),
    }
    assert exported.indexes == ()
    assert exported.is_written
    for name in NAMES:
        copy = tmp_path / "prisma" / "migrations" / name / "migration.sql"
        assert copy.read_bytes() == (shipped_history() / name / "migration.sql").read_bytes()
    assert (tmp_path / "prisma" / "schema.prisma").read_text() == to_prisma()
    assert [path.name for path in tmp_path.iterdir()] == ["prisma"]


def test_a_new_schema_is_for_prisma_7_or_for_6(tmp_path: Path) -> None:
    export(tmp_path / "six", prisma=6)
    assert (tmp_path / "six" / "schema.prisma").read_text() == to_prisma(prisma=6)
    with pytest.raises(InvalidInputError):
        export(tmp_path / "five", prisma=5)
    assert not (tmp_path / "five").exists()


def test_a_second_export_finds_nothing_missing(tmp_path: Path) -> None:
    export(tmp_path)
    before = contents(tmp_path)
    again = export(tmp_path)
    assert (again.files, again.indexes) == ((), ())
    assert export(tmp_path, check=True).is_complete
    assert contents(tmp_path) == before


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n\n// the end"])
def test_only_index_lines_are_added_to_a_schema(tmp_path: Path, newline: str, end: str) -> None:
    text = "// ours é\n" + changed(*RENAMED).replace("  ", "\t").rstrip() + end
    before = text.replace("\n", newline).encode()
    schema = tmp_path / "schema.prisma"
    schema.write_bytes(before)
    exported = export(tmp_path)
    after = schema.read_bytes()
    assert ADDED.sub(b"", after) == before
    assert b"\t@@index([born, id])" + newline.encode() in after
    assert after.count(b"@@index") == len(exported.indexes) == to_prisma().count("@@index")
    index = exported.indexes[0]
    assert (index.path, index.model, index.attribute) == (
        schema,
        "Account",
        "@@index([born, id])",
    )
    assert before.decode().split(newline)[index.line - 1] == "model Account {"
    assert schema not in exported.files
    assert export(tmp_path, check=True).is_complete


def test_a_check_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "schema.prisma").write_text(without_indexes())
    before = contents(tmp_path)
    found = export(tmp_path, check=True)
    assert not found.is_written
    assert not found.is_complete
    assert contents(tmp_path) == before
    written = export(tmp_path)
    assert (written.files, written.indexes) == (found.files, found.indexes)
    assert written.is_complete


def test_a_schema_that_lacks_what_is_needed_is_left_alone(tmp_path: Path) -> None:
    schema = tmp_path / "schema.prisma"
    schema.write_text(changed(("  firstName       String?\n", ""), ("score ", "points ")))
    before = contents(tmp_path)
    with pytest.raises(SchemaMismatchError, match="Nothing was written") as caught:
        export(tmp_path)
    assert [each.partition(": ")[2] for each in caught.value.differences] == [
        'column "User"."firstName" is missing: reads break',
        'column "LearningSession"."score" is missing: reads break',
    ]
    assert all(each.startswith(f"{schema}:") for each in caught.value.differences)
    assert contents(tmp_path) == before


def test_a_schema_of_others_is_left_alone(tmp_path: Path) -> None:
    schema = tmp_path / "schema.prisma"
    schema.write_text("model Theirs {\n  id String @id\n}\n")
    with pytest.raises(SchemaMismatchError, match='table "Achievement" is missing'):
        export(tmp_path)
    assert schema.read_text().startswith("model Theirs")
    assert [path.name for path in tmp_path.iterdir()] == ["schema.prisma"]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("videoUrl    String", "videoUrl String?", "videoUrl", "may be null: reads break"),
        (
            "model Lesson {",
            "model Lesson {\n  code String",
            "code",
            "is new, required and without a default: text: writes break",
        ),
        ("  TEACHER\n", "", "enum UserRole {", 'enum "UserRole" has no label TEACHER'),
        ("model Sign {", 'model Sign {\n  @@map("s")', "model Sign {", 'table "Sign" is missing'),
    ],
    ids=["optional", "required", "label", "renamed"],
)
def test_a_schema_that_breaks_functions_is_refused_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: str, told: str
) -> None:
    schema, text = tmp_path / "schema.prisma", changed((old, new))
    schema.write_text(text)
    with pytest.raises(SchemaMismatchError, match="breaks functions") as caught:
        export(tmp_path)
    (found,) = (each for each in caught.value.differences if told in each)
    number = found.removeprefix(f"{schema}:").partition(":")[0]
    assert text.splitlines()[int(number) - 1].strip().startswith(line)
    assert {each.place for each in check_compatibility(schema=schema).breaking} == {
        each.partition(": ")[0] for each in caught.value.differences
    }


def test_each_column_of_an_index_is_used_by_a_function() -> None:
    """A schema without one breaks something, so that `export` never writes half of an index."""
    for model in parse_prisma(to_prisma()).models:
        for attribute in model.attributes:
            assert all(library_needs().using(model.name, each) for each in attribute.fields)


def test_a_schema_that_cannot_be_compared_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "schema.prisma").write_text(changed(("  videoUrl ", "  ??? what\n  videoUrl ")))
    with pytest.raises(SchemaMismatchError, match=r"cannot be compared(.|\n)*\?\?\? what"):
        export(tmp_path)


def test_an_index_whose_name_is_taken_is_a_difference(tmp_path: Path) -> None:
    line = "@@index([categoryId(sort: Desc)])"
    (tmp_path / "schema.prisma").write_text(changed(("model Sign {", f"model Sign {{\n  {line}")))
    with pytest.raises(SchemaMismatchError, match="Sign_categoryId_idx is not"):
        export(tmp_path)


def test_export_never_overwrites_another_text(tmp_path: Path) -> None:
    export(tmp_path)
    changed_script = tmp_path / "migrations" / INDEXES / "migration.sql"
    changed_script.write_text("-- ours")
    (tmp_path / "schema.prisma").unlink()
    with pytest.raises(MigrationError, match="different text"):
        export(tmp_path)
    assert not (tmp_path / "schema.prisma").exists()
    assert changed_script.read_text() == "-- ours"


def test_a_migration_with_other_line_endings_is_the_same(tmp_path: Path) -> None:
    export(tmp_path)
    script = tmp_path / "migrations" / INDEXES / "migration.sql"
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
    assert export(tmp_path, check=True).is_complete


def test_only_missing_migrations_are_added_to_those_of_the_node_side(tmp_path: Path) -> None:
    theirs = tmp_path / "migrations" / "0_init" / "migration.sql"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("SELECT 1;")
    (tmp_path / "schema.prisma").write_text(without_indexes())
    exported = export(tmp_path)
    assert {path.parent.name for path in exported.files} == set(NAMES)
    assert theirs.read_text() == "SELECT 1;"
    assert not (tmp_path / "migrations" / "migration_lock.toml").exists()


def test_the_lock_file_of_prisma_is_left_alone(tmp_path: Path) -> None:
    lock = tmp_path / "migrations" / "migration_lock.toml"
    lock.parent.mkdir()
    lock.write_bytes(b'# Please do not edit this file manually\nprovider = "postgresql"\n')
    before = lock.read_bytes()
    assert lock not in export(tmp_path).files
    assert lock.read_bytes() == before


def test_a_schema_of_several_files_is_read_as_one(tmp_path: Path) -> None:
    first, cut, second = without_indexes().partition("model Progress")
    (tmp_path / "schema" / "models").mkdir(parents=True)
    files = [tmp_path / "schema" / "main.prisma", tmp_path / "schema" / "models" / "more.prisma"]
    for file, text in zip(files, (first, cut + second), strict=True):
        file.write_text(text)
    exported = export(tmp_path)
    assert {index.path for index in exported.indexes} == set(files)
    assert not (tmp_path / "schema.prisma").exists()
    assert export(tmp_path, check=True).is_complete
    for file, text in zip(files, (first, cut + second), strict=True):
        assert ADDED.sub(b"", file.read_bytes()).decode() == text


def test_export_into_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prisma").write_text("a file")
    with pytest.raises(MigrationError, match="cannot be written"):
        export(tmp_path / "prisma")
