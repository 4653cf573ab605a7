"""The names that Prisma's engine gives to long and reserved names are those of the models."""

from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import Engine
from tests.interop.node import NEEDS_NODE
from tests.plain_sql import run_plain
from tests.schema.peewee_tables import LIBRARY, make_by_library, table
from triosigno_db.models.fields import ForeignKey, IdField, TextField

pytestmark = NEEDS_NODE

LONG = "Ab" * 25
NAMES = (
    LONG,
    "order",
    "é" * 30,
    f"{'x' * 55}é",
    f"{'x' * 56}é",
    f"{'x' * 57}é",
    "y" * 58,
    "z" * 63,
)

SCHEMA = """
datasource db {
  provider = "postgresql"
}
model One {
  id    String @id
  @@map("%(table)s")
  name  String @unique @map("%(column)s")
  two   String @map("two %(column)s")
  other Two[]
  @@index([two, name])
}
model Two {
  id    String @id
  oneId String
  one   One @relation(fields: [oneId], references: [id], onDelete: Cascade)
  @@map("2%(table)s")
}
"""
RELATIONS = """
SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('r', 'i')
UNION ALL
SELECT conname FROM pg_constraint WHERE connamespace = '{schema}'::regnamespace AND contype = 'f'
ORDER BY 1
"""


def names(url: str, schema: str) -> list[Any]:
    return run_plain(url, RELATIONS.format(schema=schema))


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shortened_and_quoted_as_prisma_does(
    connected: str, prisma: Engine, tmp_path: Path, name: str
) -> None:
    # The names of the table and of the column are whole: the library refuses longer ones.
    table_name = name.encode()[:62].decode(errors="ignore")
    column = name.encode()[:59].decode(errors="ignore")
    written = tmp_path / "schema.prisma"
    written.write_text(SCHEMA % {"table": table_name, "column": column}, encoding="utf-8")
    answer = prisma("push", schema=written)
    assert "error" not in answer, answer
    one = table(
        "One",
        {"table_name": table_name, "indexes": ((("two", "name"), False),)},
        id=IdField(),
        name=TextField(unique=True, column_name=column),
        two=TextField(column_name=f"two {column}"),
    )
    two = table(
        "Two",
        {"table_name": f"2{table_name}"},
        id=IdField(),
        one=ForeignKey(one, on_delete="CASCADE", column_name="oneId"),
    )
    make_by_library(one, two)
    assert names(connected, LIBRARY.strip('"')) == names(connected, "public")
