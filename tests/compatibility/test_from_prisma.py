"""The structure that Prisma makes of a schema."""

import pytest

from tests.schema.node_schema import files
from triosigno_db.compatibility.from_prisma import from_prisma
from triosigno_db.compatibility.structure import Column, Index, Reference, Structure

SCHEMA = """
datasource db {
  provider = "postgresql"
}

enum Role {
  ADMIN
  GUEST @map("guest")

  @@map("UserRole")
}

model Account {
  key     String    @id(map: "Account_key_pk") @default(uuid())
  mail    String    @unique @map("email") @db.VarChar(191)
  role    Role      @default(ADMIN)
  born    DateTime? @db.Date
  seen    DateTime  @default(now()) @db.Timestamptz(6)
  changed DateTime  @updatedAt
  tags    String[]
  price   Decimal   @db.Decimal(10, 2)
  place   Unsupported("point")?
  posts   Post[]

  @@map("User")
}

model Post {
  id       Int      @id @default(autoincrement())
  owner    Account? @relation(fields: [ownerKey], references: [key])
  ownerKey String?  @map("ownerId")
  author   Account  @relation("by", fields: [by], references: [key], onDelete: Cascade, map: "fk")
  by       String

  @@unique([ownerKey, by])
  @@index([by, id(sort: Desc)], map: "newest")
}

model Elsewhere {
  id Int @id

  @@schema("other")
}
"""


def structure(text: str = SCHEMA) -> Structure:
    return from_prisma(files(text))


def test_enums_have_their_names_in_the_database() -> None:
    assert structure().enums == {"UserRole": ("ADMIN", "guest")}


def test_columns_have_the_types_of_postgresql() -> None:
    assert structure().tables["User"].columns == {
        "key": Column("text", nullable=False, has_default=False),
        "email": Column("character varying(191)", nullable=False, has_default=False),
        "role": Column("UserRole", nullable=False, has_default=True),
        "born": Column("date", nullable=True, has_default=False),
        "seen": Column("timestamp(6) with time zone", nullable=False, has_default=True),
        "changed": Column("timestamp(3) without time zone", nullable=False, has_default=False),
        "tags": Column("text[]", nullable=True, has_default=False),
        "price": Column("numeric(10,2)", nullable=False, has_default=False),
        "place": Column("point", nullable=True, has_default=False),
    }


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("BigInt", "bigint"),
        ("Float", "double precision"),
        ("Json", "jsonb"),
        ("Bytes", "bytea"),
        ("Boolean", "boolean"),
        ("Int @db.SmallInt", "smallint"),
        ("String @db.Uuid", "uuid"),
        ("String @db.Char(36)", "character(36)"),
        ("DateTime @db.Timestamp(0)", "timestamp(0) without time zone"),
        ("DateTime @db.Time", "time without time zone"),
        ("Float @db.DoublePrecision", "double precision"),
    ],
)
def test_a_type_is_that_of_postgresql(declared: str, expected: str) -> None:
    table = structure(f"model A {{\n  id Int @id\n  a {declared}\n}}").tables["A"]
    assert table.columns["a"].type == expected


def test_keys_and_indexes_have_prismas_names() -> None:
    tables = structure().tables
    assert tables["User"].indexes == {
        "Account_key_pk": Index(("key",), True, True),
        "User_email_key": Index(("email",), True, True),
    }
    assert tables["Post"].indexes == {
        "Post_pkey": Index(("id",), True, True),
        "Post_ownerId_by_key": Index(("ownerId", "by"), True, True),
        "newest": Index(("by", "id"), False, True),
    }


def test_relations_are_foreign_keys() -> None:
    assert structure().tables["Post"].references == {
        "Post_ownerId_fkey": Reference(("ownerId",), "User", ("key",), "SET NULL", "CASCADE"),
        "fk": Reference(("by",), "User", ("key",), "CASCADE", "CASCADE"),
    }


def test_without_foreign_keys_there_are_none() -> None:
    text = SCHEMA.replace('"postgresql"', '"postgresql"\n  relationMode = "prisma"')
    assert structure(text).tables["Post"].references == {}


def test_models_of_other_schemas_are_left_out() -> None:
    assert structure().tables.keys() == {"User", "Post"}
    other = from_prisma(files(SCHEMA), schema_name="other")
    assert other.tables.keys() == {"User", "Post", "Elsewhere"}


def test_the_place_of_each_part_is_known() -> None:
    found = from_prisma(
        files('model A {\n  a Int @id @map("b")\n}', 'enum E {\n  X\n  @@map("e")\n}')
    )
    assert found.place("A") == "a.prisma:1"
    assert found.place("A", ["c", "b"]) == "a.prisma:2"
    assert found.place("A", ["c"]) == "a.prisma:1"
    assert (found.place("e"), found.place("E")) == ("b.prisma:1", "b.prisma:1")
    assert found.place("other") == ""
