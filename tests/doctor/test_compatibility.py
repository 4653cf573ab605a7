"""The check of a database, and of a Prisma schema before it is deployed."""

import re
from pathlib import Path

import pytest

import triosigno_db as db
from tests.doctor.checked_database import CheckedDatabase
from tests.plain_sql import run_plain
from triosigno_db.doctor import Compatibility, SchemaChange, check_compatibility
from triosigno_db.migrator.prisma_8 import Prisma8
from triosigno_db.schema import to_prisma
from triosigno_db.settings import Settings
from triosigno_db.testing import IsolatedDatabase


def check_file(folder: Path, old: str = "", new: str = "", *, text: str = "") -> Compatibility:
    """Check the library's own schema after one edit."""
    text = text or to_prisma()
    assert old in text
    path = folder / "schema.prisma"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return check_compatibility(schema=path)


def test_the_schema_of_the_library_breaks_nothing(tmp_path: Path) -> None:
    assert check_file(tmp_path) == Compatibility((), ())


def test_a_migrated_database_breaks_nothing(triosigno_db: IsolatedDatabase) -> None:
    assert check_compatibility() == Compatibility((), ())
    assert check_compatibility(triosigno_db.url) == check_compatibility(
        Settings.load(triosigno_db.url)
    )


def test_a_role_needs_no_right_on_the_ledger(
    checked: CheckedDatabase, service: CheckedDatabase
) -> None:
    checked.run('ALTER TABLE "Sign" ADD COLUMN "clip" text')
    assert check_compatibility(service.url) == check_compatibility(checked.url)


def test_a_schema_that_the_role_may_not_use_does_not_count_as_empty(
    checked: CheckedDatabase, service: CheckedDatabase
) -> None:
    checked.run("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(db.PermissionDeniedError, match="permission denied for schema"):
        check_compatibility(service.url)


def test_the_marker_of_prisma_8_is_seen(triosigno_db: IsolatedDatabase) -> None:
    marker = "CREATE SCHEMA prisma_contract; CREATE TABLE prisma_contract.marker (hash text)"
    run_plain(triosigno_db.url, marker)
    assert check_compatibility() == Compatibility((), (), Prisma8.SIGNS)
    run_plain(triosigno_db.url, "DROP TABLE _prisma_migrations")
    assert check_compatibility() == Compatibility((), (), Prisma8.MANAGES)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("\n  videoUrl", "\n  clip String?\n  videoUrl", ["harmless"]),
        ("\n  videoUrl", '\n  clip String @map("videoUrl") //', []),
        ("\n  videoUrl", "\n  clip String //", ["reads break", "writes break"]),
        ("\n  videoUrl", "\n  clip String\n  videoUrl", ["writes break"]),
        ("  STUDENT\n", "  STUDENT\n  GUEST\n", ["harmless"]),
        ("  TEACHER\n", "", ["writes break"]),
        ("model Sign {", 'model Gesture {\n  @@map("Sign")', []),
        ("\nenum UserRole", "\nmodel Invoice {\n  id Int @id\n}\n\nenum UserRole", ["harmless"]),
        ("\n  @@unique([userId, signId])", "", ["writes break"]),
        ("\n  @@index([moduleId])", "", ["harmless"]),
    ],
)
def test_an_edit_of_the_schema_is_judged(
    tmp_path: Path, old: str, new: str, told: list[str]
) -> None:
    text = to_prisma()
    if new.startswith("model Gesture"):
        text = text.replace(" Sign ", " Gesture ").replace(" Sign[", " Gesture[")
        old = "model Gesture {"
    found = check_file(tmp_path, old, new, text=text)
    assert [change.effect for change in found.changes] == told


def test_a_file_and_a_database_are_judged_alike(
    triosigno_db: IsolatedDatabase, tmp_path: Path
) -> None:
    run_plain(triosigno_db.url, 'ALTER TABLE "Sign" ADD COLUMN "clip" text NOT NULL')
    (of_database,) = check_compatibility(triosigno_db.url).changes
    (of_file,) = check_file(tmp_path, "\n  videoUrl", "\n  clip String\n  videoUrl").changes
    line = to_prisma()[: to_prisma().index("\n  videoUrl")].count("\n") + 2
    assert of_file.place == f"{tmp_path / 'schema.prisma'}:{line}"
    assert of_file._replace(place="") == of_database
    assert of_database == SchemaChange(
        "writes break",
        'column "Sign"."clip"',
        "is new, required and without a default: text",
        ("create_sign",),
        "Give it a default in the database, or make it optional: the library writes no value.",
    )


def test_what_is_not_understood_is_told(tmp_path: Path) -> None:
    found = check_file(tmp_path, "\nenum UserRole", "\nview Old {\n  id Int\n}\n\nenum UserRole")
    (line,) = found.skipped
    assert re.fullmatch(rf"{tmp_path}/schema\.prisma:\d+: it is a view: view Old .*", line)
    assert not found.breaks


def test_a_folder_of_files_is_one_schema(tmp_path: Path) -> None:
    begin, middle, end = to_prisma().partition("model Sign {")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sign.prisma").write_bytes(("\ufeff" + middle + end).encode())
    (tmp_path / "schema.prisma").write_bytes(begin.replace("\n", "\r\n").encode())
    assert check_compatibility(schema=tmp_path) == Compatibility((), ())


def test_models_of_another_schema_count_if_the_url_names_it(tmp_path: Path) -> None:
    text = to_prisma().replace("\n}", '\n  @@schema("app")\n}')
    path = tmp_path / "schema.prisma"
    path.write_text(text, "utf-8")
    url = "postgresql://localhost/triosigno"
    assert check_compatibility(url, schema=path).breaks
    assert check_compatibility(f"{url}?schema=app", schema=path).changes == ()
    assert check_compatibility(schema=path).changes == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "does not exist"),
        (b"\xff\xfe", "is not valid UTF-8"),
        (
            b'datasource db {\n  provider = "mysql"\n}',
            "provider of the datasource is not postgresql",
        ),
        (b"model A {", "no closing brace"),
    ],
)
def test_what_is_no_schema_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "schema.prisma"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(db.InvalidInputError, match=told):
        check_compatibility(schema=path)


def test_a_folder_without_a_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "schema.prisma").write_text(to_prisma())
    with pytest.raises(db.InvalidInputError, match=r"no folder with one"):
        check_compatibility(schema=tmp_path)


def test_two_schemas_in_a_folder_are_refused(tmp_path: Path) -> None:
    for name in ("a.prisma", "b.prisma"):
        (tmp_path / name).write_text(to_prisma())
    with pytest.raises(db.InvalidInputError, match="more than one schema"):
        check_compatibility(schema=tmp_path)


def test_without_a_database_or_a_file_it_is_refused() -> None:
    with pytest.raises(db.NotConnectedError):
        check_compatibility()


def test_the_url_of_a_pooler_is_taken(triosigno_db: IsolatedDatabase) -> None:
    pooled = Settings.load(triosigno_db.url).model_copy(update={"pgbouncer": True})
    assert check_compatibility(pooled).changes == ()
