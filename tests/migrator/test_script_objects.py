"""The objects that a script makes, by its text."""

import pytest

from triosigno_db.migrator import read_history
from triosigno_db.migrator.script_objects import made_objects


@pytest.mark.parametrize(
    ("script", "made"),
    [
        ('CREATE TABLE "A b" ();', {("table", "A b")}),
        ('create table if not exists public."A" ()', {("table", "A")}),
        ('ALTER TABLE "A" RENAME TO "B"', {("table", "B")}),
        ("CREATE TYPE Mood AS ENUM ()", {("type", "mood")}),
        ('ALTER TYPE "M_new" RENAME TO "M"', {("type", "M")}),
        ('CREATE UNIQUE INDEX CONCURRENTLY "i""" ON "A"("b")', {("index", 'i"')}),
        ('ALTER INDEX "i" RENAME TO "j"', {("index", "j")}),
        ('ALTER TABLE "A" RENAME CONSTRAINT "c" TO "d"', {("constraint", "d")}),
        (
            'ALTER TABLE "A" ADD CONSTRAINT "c" CHECK (true), ADD CONSTRAINT "d" CHECK (true)',
            {("constraint", "c"), ("constraint", "d")},
        ),
        ('DROP TABLE "A"; -- CREATE TABLE "B" ();', set()),
        ("DO $$ BEGIN CREATE TABLE x (); END $$", set()),
    ],
)
def test_what_statements_make(script: str, made: set[tuple[str, str]]) -> None:
    assert made_objects([script]) == made


def test_the_first_migration_makes_all_tables_and_types() -> None:
    made = made_objects([read_history()[0].script])
    kinds = [kind for kind, _ in made]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "constraint": 11,
        "index": 9,
        "table": 11,
        "type": 2,
    }
