"""Prisma reads the exported schema as it is, and reads schemas as the library's parser does."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.interop.node import NEEDS_NODE, ask_node
from tests.processes import run_process
from tests.programs import find_program
from tests.schema.node_schema import RENAMED, changed, without_indexes
from triosigno_db.migrator import export
from triosigno_db.schema import to_prisma
from triosigno_db.schema.prisma_nodes import Field
from triosigno_db.schema.prisma_parser import parse_prisma

pytestmark = NEEDS_NODE

Read = Callable[..., dict[str, Any]]

SYNTAX = """\
generator client { // what follows a brace is ignored }
  provider        = "prisma-client"
  output          = "out"
  previewFeatures = ["views", "partialIndexes"]
}
datasource db{
  provider   = "postgresql"
  schemas    = ["public", "other"]
}

/// Who logs in.
/* model Nobody {
  id Int @id
} */ model Account { /* not the start of a comment
  id        String    @id @default(uuid()) @ db.Uuid
  email     String    @unique(map: "one_email") @map("e_mail \\"}\\" // no comment") // }
  role      Role      @default(READER)
  tags      String[]  @default(["a, b", "c // no } comment"])
  place     Unsupported("point")?
  nick      String?   @db.VarChar(80) /* a block } // comment */
  changedAt DateTime@updatedAt
  secret    Bytes     @ignore
  posts     Post[]    @relation("written")
  /* over
     } several
  */ age    Int       @default(dbgenerated("length('}')"))
  größe Decimal? @db.Decimal(8, 2)
  @@index([nick(sort: Desc), role], map: "of_role", type: BTree)
  @@index(fields: [role], where: { nick: "x" })
  @@unique ([role, email])
  @@map("accounts")
  @@schema("other")
}
enum Role {
  READER @map("reader") /// the first
  WRITER
  // NOBODY
  @@map("roles")
  @@schema("public")
}
model Post {
  writerId String @db.Uuid
  number   Int
  data     Json   @default("{\\"a\\": [1, 2]}")
  writer   Account @relation("written", fields: [writerId], references: [id], onDelete: Cascade)
\t@@id([writerId, number])
  @@schema("public")
} model Next {
  id BigInt @id
  @@schema("public")
}
"""


@pytest.fixture
def read(node_folder: Path) -> Read:
    """Let Prisma read a schema, given as texts or as paths."""

    def ask(*schema: str | Path, version: int = 7) -> dict[str, Any]:
        texts = [each if isinstance(each, str) else each.read_bytes().decode() for each in schema]
        files = [(f"{number}.prisma", text) for number, text in enumerate(texts)]
        request = {"version": version, "files": files}
        answer: dict[str, Any] = json.loads(ask_node(node_folder, "prisma_schema.mjs", request))
        return answer

    return ask


def test_prisma_validate_accepts_the_exported_schema(node_folder: Path, tmp_path: Path) -> None:
    export(tmp_path)
    ended = run_process(
        ["npx", "prisma", "validate", "--schema", str(tmp_path / "schema.prisma")],
        cwd=node_folder,
        # Nothing runs it, but without one the command would download it.
        env={**os.environ, "PRISMA_SCHEMA_ENGINE_BINARY": find_program("true") or "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "is valid" in ended.stdout


def test_each_version_of_prisma_has_its_schema(read: Read) -> None:
    assert read(to_prisma(), version=7)["error"] is None
    assert read(to_prisma(prisma=6), version=6)["error"] is None
    assert "no longer supported" in read(to_prisma(prisma=6), version=7)["error"]
    assert 'Argument "url" is missing' in read(to_prisma(), version=6)["error"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_schema_of_the_node_side_is_valid_with_the_new_lines(
    read: Read, tmp_path: Path, newline: str
) -> None:
    schema = tmp_path / "schema.prisma"
    schema.write_bytes(changed(*RENAMED).replace("\n", newline).rstrip().encode())
    before = read(schema)
    assert before["error"] is None
    assert export(tmp_path).indexes
    assert read(schema) == before  # indexes are no part of what the client is generated from


def test_a_schema_of_several_files_is_valid_with_the_new_lines(read: Read, tmp_path: Path) -> None:
    first, cut, second = without_indexes().partition("model Progress")
    files = [tmp_path / "a.prisma", tmp_path / "b.prisma"]
    for file, text in zip(files, (first, cut + second), strict=True):
        file.write_text(text)
    assert {index.path for index in export(tmp_path).indexes} == set(files)
    assert read(*files)["error"] is None


def parsed(text: str) -> dict[str, Any]:
    """What Prisma's answer has of it, by the library's parser."""
    schema = parse_prisma(text)
    assert schema.skipped == ()
    return {
        "models": [
            (model.name, model.database_name, [of_field(field) for field in model.fields])
            for model in schema.models
        ],
        "enums": [
            (
                enum.name,
                enum.database_name,
                [(value.name, value.database_name) for value in enum.values],
            )
            for enum in schema.enums
        ],
    }


def of_field(field: Field) -> tuple[object, ...]:
    return (
        field.name,
        field.database_name,
        field.type,
        field.is_list,
        field.is_optional,
        field.attribute("id") is not None,
        field.attribute("unique") is not None,
        field.attribute("updatedAt") is not None,
        field.default is not None,
    )


def as_parsed(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "models": [
            (
                model["name"],
                model["dbName"] or model["name"],
                [
                    (
                        field["name"],
                        field.get("dbName") or field["name"],
                        field["type"],
                        field["isList"],
                        not field["isRequired"],
                        field["isId"],
                        field["isUnique"],
                        field.get("isUpdatedAt") or False,
                        field["hasDefaultValue"],
                    )
                    for field in model["fields"]
                ],
            )
            for model in answer["models"]
        ],
        "enums": [
            (
                enum["name"],
                enum["dbName"] or enum["name"],
                [(value["name"], value["dbName"] or value["name"]) for value in enum["values"]],
            )
            for enum in answer["enums"]
        ],
    }


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("text", [to_prisma(), SYNTAX, changed(*RENAMED)], ids=range(3))
def test_prisma_and_the_parser_read_the_same(read: Read, text: str, newline: str) -> None:
    answer = read(text.replace("\n", newline))
    assert answer["error"] is None
    ours = parsed(text.replace("\n", newline))
    theirs = as_parsed(answer)
    for _, _, fields in ours["models"]:
        # Prisma leaves out what its client does not see.
        fields[:] = [
            each for each in fields if each[0] != "secret" and not each[2].startswith("Unsupported")
        ]
    assert theirs == ours
