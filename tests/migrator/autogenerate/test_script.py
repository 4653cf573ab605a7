"""Changes of a schema: the way there and the way back give the very same catalogs."""

from typing import NamedTuple

import pytest

from tests.migrator.autogenerate.schemas import (
    LEVEL,
    LEVELLED,
    PARENT,
    PLAIN,
    foreign_key,
    labels,
    made_by,
    thing,
    unordered,
)
from triosigno_db.migrator.autogenerate.script import write_script
from triosigno_db.schema.catalog import compare


class Change(NamedTuple):
    """A schema before and after a change, each written as one would create it at once."""

    name: str
    before: str
    after: str


TEXT_OF_LEVEL = thing('"text" TEXT DEFAULT (\'LOW\'::"Level")::text, "level" "Level",')

CHANGES = [
    Change("add a table", PARENT, PARENT + PLAIN + foreign_key("CASCADE")),
    Change("add a column", thing(""), thing('"size" INTEGER NOT NULL DEFAULT 1,')),
    Change("add two columns", thing(""), thing('"a" TEXT, "b" TIMESTAMP(3),')),
    Change("change a type", thing('"size" INTEGER,'), thing('"size" TEXT,')),
    Change("widen a number", thing('"size" INTEGER,'), thing('"size" BIGINT,')),
    Change(
        "change type and default",
        thing('"size" INTEGER NOT NULL DEFAULT 1,'),
        thing("\"size\" TEXT NOT NULL DEFAULT 'one',"),
    ),
    Change("add a default", thing('"size" INTEGER,'), thing('"size" INTEGER DEFAULT 5,')),
    Change("change a default", thing('"n" INT DEFAULT 5,'), thing('"n" INT DEFAULT 6,')),
    Change(
        "default to the present",
        thing('"at" TIMESTAMP(3),'),
        thing('"at" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,'),
    ),
    Change("require a column", thing('"size" INTEGER,'), thing('"size" INTEGER NOT NULL,')),
    Change(
        "add a unique index",
        PLAIN,
        PLAIN + 'CREATE UNIQUE INDEX "Thing_size_key" ON "Thing"("size");',
    ),
    Change("add an index", PLAIN, PLAIN + 'CREATE INDEX "Thing_size_idx" ON "Thing"("size");'),
    Change(
        "make an index composite",
        PLAIN + 'CREATE INDEX "Thing_idx" ON "Thing"("size");',
        PLAIN + 'CREATE INDEX "Thing_idx" ON "Thing"("size", "parentId" DESC);',
    ),
    Change(
        "make an index unique",
        PLAIN + 'CREATE INDEX "Thing_idx" ON "Thing"("size");',
        PLAIN + 'CREATE UNIQUE INDEX "Thing_idx" ON "Thing"("size");',
    ),
    Change(
        "add an index on an expression",
        PLAIN,
        PLAIN + 'CREATE INDEX "Thing_lower_idx" ON "Thing"(lower("parentId")) WHERE "size" > 0;',
    ),
    Change("add a foreign key", PARENT + PLAIN, PARENT + PLAIN + foreign_key("CASCADE")),
    Change(
        "change a foreign key's action",
        PARENT + PLAIN + foreign_key("CASCADE"),
        PARENT + PLAIN + foreign_key("RESTRICT"),
    ),
    Change(
        "add a check",
        PLAIN,
        PLAIN + 'ALTER TABLE "Thing" ADD CONSTRAINT "Thing_size_check" CHECK ("size" >= 0);',
    ),
    Change(
        "add a check that spares old rows",
        PLAIN,
        PLAIN + 'ALTER TABLE "Thing" ADD CONSTRAINT "Thing_check" CHECK ("size" < 9) NOT VALID;',
    ),
    Change(
        "change the primary key",
        PLAIN,
        'CREATE TABLE "Thing" ("id" TEXT NOT NULL, "size" INTEGER, "parentId" TEXT NOT NULL, '
        'CONSTRAINT "Thing_pkey" PRIMARY KEY ("id", "parentId"));',
    ),
    Change("add an enum", thing(""), LEVEL + LEVELLED),
    Change("add a label at the end", LEVEL + LEVELLED, labels("LOW", "HIGH", "TOP") + LEVELLED),
    Change("add a label at the start", LEVEL + LEVELLED, labels("NONE", "LOW", "HIGH") + LEVELLED),
    Change("add labels between", LEVEL + LEVELLED, labels("LOW", "A", "B", "HIGH") + LEVELLED),
    Change("move a label", LEVEL + LEVELLED, labels("HIGH", "LOW") + LEVELLED),
    Change(
        "add a label and use it at once",
        LEVEL + LEVELLED,
        labels("LOW", "HIGH", "TOP") + thing('"level" "Level" NOT NULL DEFAULT \'TOP\','),
    ),
    Change(
        "move a label of an array",
        LEVEL + thing('"levels" "Level"[],'),
        labels("HIGH", "LOW") + thing('"levels" "Level"[],'),
    ),
    Change(
        "turn a text into an enum",
        LEVEL + thing('"level" TEXT,'),
        LEVEL + thing('"level" "Level",'),
    ),
    Change("a reserved word", thing(""), thing('"order" INTEGER, "select" TEXT,')),
    Change("a quote", thing(""), thing('"a""b" TEXT,') + 'CREATE INDEX "i""x" ON "Thing"("a""b");'),
    Change(
        "a letter beyond ASCII",
        thing(""),
        thing("\"prénom\" TEXT DEFAULT 'Zoé',"),
    ),
    Change(
        "an enum in small letters",
        thing(""),
        "CREATE TYPE mood AS ENUM ('ça va', 'it''s');" + thing("\"mood\" mood DEFAULT 'it''s',"),
    ),
    *(
        Change(
            f"labels of an enum that a {what} uses",
            LEVEL + LEVELLED + made,
            labels("TOP", "HIGH", "LOW") + LEVELLED + made,
        )
        for what, made in (
            ("check", 'ALTER TABLE "Thing" ADD CHECK ("level" <> \'LOW\' OR "id" = \'\');'),
            ("partial index", 'CREATE INDEX i ON "Thing"("id") WHERE "level" = \'LOW\';'),
            ("index", 'CREATE INDEX i ON "Thing"("level");'),
            ("unique key", 'ALTER TABLE "Thing" ADD UNIQUE ("id", "level");'),
            ("expression", 'CREATE INDEX i ON "Thing"((CASE "level" WHEN \'LOW\' THEN 1 END));'),
        )
    ),
    Change(
        "a check that uses a label that is added",
        LEVEL + LEVELLED,
        labels("LOW", "HIGH", "TOP")
        + LEVELLED
        + 'ALTER TABLE "Thing" ADD CHECK ("level" <> \'TOP\');',
    ),
    Change(
        "labels of an enum that the default of a text uses",
        LEVEL + thing('"level" TEXT DEFAULT (\'LOW\'::"Level")::text, "l" "Level",'),
        labels("HIGH", "LOW")
        + thing('"level" TEXT DEFAULT (\'LOW\'::"Level")::text, "l" "Level",'),
    ),
    Change(
        "labels of an enum whose column is dropped",
        LEVEL + thing('"a" "Level", "b" "Level",'),
        labels("HIGH", "LOW") + thing('"b" "Level",'),
    ),
    *(
        Change(
            f"labels of the enum {name[:8]}",
            f"CREATE TYPE \"{name}\" AS ENUM ('A', 'B');" + thing(f'"x" "{name}" DEFAULT \'A\','),
            f"CREATE TYPE \"{name}\" AS ENUM ('B', 'A');" + thing(f'"x" "{name}" DEFAULT \'A\','),
        )
        for name in ("order", "E" * 63, "é" * 31, 'q""uote', "user")
    ),
    Change(
        "another enum has the name of the one aside",
        LEVEL + "CREATE TYPE \"Level_old\" AS ENUM ('A');" + thing('"x" "Level", "y" "Level_old",'),
        labels("HIGH", "LOW")
        + "CREATE TYPE \"Level_old\" AS ENUM ('A');"
        + thing('"x" "Level", "y" "Level_old",'),
    ),
    Change(
        "an enum with the name of a dropped table", PARENT, "CREATE TYPE \"Parent\" AS ENUM ('A');"
    ),
    Change(
        "the type of a key and of what refers to it",
        PARENT + PLAIN + foreign_key("CASCADE"),
        'CREATE TABLE "Parent" ("id" INTEGER PRIMARY KEY);'
        + thing('"size" INTEGER, "parentId" INTEGER NOT NULL,')
        + foreign_key("CASCADE"),
    ),
    Change(
        "the key that a foreign key needs",
        'CREATE TABLE "Parent" ("id" TEXT NOT NULL, CONSTRAINT "Parent_pkey" PRIMARY KEY ("id"));'
        + PLAIN
        + foreign_key("CASCADE"),
        'CREATE TABLE "Parent" ("id" TEXT NOT NULL UNIQUE, "n" INTEGER PRIMARY KEY);'
        + PLAIN
        + foreign_key("CASCADE"),
    ),
    Change(
        "a type that a check does not allow",
        PLAIN + 'ALTER TABLE "Thing" ADD CONSTRAINT c CHECK ("size" > 0);',
        thing('"size" TEXT, "parentId" TEXT NOT NULL,'),
    ),
    Change(
        "a bool from an int", thing('"x" INTEGER DEFAULT 1,'), thing('"x" BOOLEAN DEFAULT true,')
    ),
    Change("an int from a bool", thing('"x" BOOLEAN,'), thing('"x" BIGINT,')),
    Change(
        "the size of texts and numbers",
        thing('"a" VARCHAR(40), "b" DECIMAL(8,2), "c" TIMESTAMP(3),'),
        thing('"a" VARCHAR(20), "b" DECIMAL(6,1), "c" DATE,'),
    ),
    Change("zoned timestamps", thing('"a" TIMESTAMP(3),'), thing('"a" TIMESTAMPTZ(3),')),
    Change(
        "two tables that refer to each other",
        "",
        'CREATE TABLE "A" ("id" TEXT PRIMARY KEY, "b" TEXT);'
        'CREATE TABLE "B" ("id" TEXT PRIMARY KEY, "a" TEXT REFERENCES "A"("id"));'
        'ALTER TABLE "A" ADD CONSTRAINT "A_b_fkey" FOREIGN KEY ("b") REFERENCES "B"("id");',
    ),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_there_and_back_give_the_same_catalogs(connected: str, change: Change) -> None:
    before = made_by("before", change.before)
    after = made_by("after", change.after)
    up, down = write_script(before, after), write_script(after, before)
    assert compare(unordered(after), unordered(made_by("up", change.before, up))) == (), up
    assert compare(unordered(before), unordered(made_by("down", change.after, down))) == (), down
    assert (
        compare(unordered(before), unordered(made_by("there_and_back", change.before, up, down)))
        == ()
    )


def test_equal_schemas_need_nothing(connected: str) -> None:
    catalog = made_by("one", PARENT + PLAIN)
    assert write_script(catalog, made_by("two", PARENT + PLAIN)) == ""
