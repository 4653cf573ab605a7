"""What `dev` says of rows: what would be lost, and what makes a migration fail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.migrator.changing_models import ColumnSpec, Spec
from tests.migrator.evolving import Evolving, insert, thing, values
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import DataLossError, MigrationBlockedError, MigrationError
from triosigno_db.migrator.ledger import MigrationState

TEXT, NUMBER, TRUTH = ColumnSpec("text"), ColumnSpec("integer"), ColumnSpec("boolean")
LEVEL = ColumnSpec("Level")


@pytest.fixture
def evolving(connected: str, tmp_path: Path) -> Evolving:
    return Evolving(tmp_path)


def unique(column: ColumnSpec) -> ColumnSpec:
    return ColumnSpec(column.type, default=column.default, index="unique")


def required(column: ColumnSpec, default: Any = None) -> ColumnSpec:
    return ColumnSpec(column.type, nullable=False, default=default)


REFERENCE = ColumnSpec("Parent", is_reference=True)

BLOCKED: list[tuple[str, Spec, list[dict[str, Any]], Spec, str]] = [
    (
        "NULL in a column that becomes required",
        thing(size=NUMBER),
        [{"size": 1}, {"size": None}],
        thing(size=required(NUMBER, 1)),
        "Thing.size becomes required (1 row)",
    ),
    (
        "a new required column without default",
        thing(),
        [{}, {}],
        thing(size=required(NUMBER)),
        "Thing.size is required and has no default (2 rows)",
    ),
    (
        "duplicates",
        thing(size=NUMBER),
        [{"size": 1}, {"size": 1}, {"size": 2}, {"size": None}, {"size": None}],
        thing(size=unique(NUMBER)),
        "duplicates in Thing under Thing_size_key (1 row)",
    ),
    (
        "duplicates by a default",
        thing(),
        [{}, {}],
        thing(size=unique(ColumnSpec("integer", default=1))),
        "duplicates in Thing under Thing_size_key (1 row)",
    ),
    (
        "duplicates by a conversion",
        thing(size=unique(TEXT)),
        [{"size": "1"}, {"size": "01"}],
        thing(size=unique(NUMBER)),
        "duplicates in Thing under Thing_size_key (1 row)",
    ),
    (
        "a text that is no number",
        thing(size=TEXT),
        [{"size": "7"}, {"size": "seven"}, {"size": "99999999999"}],
        thing(size=NUMBER),
        "values of Thing.size are not of the type integer (2 rows)",
    ),
    (
        "a number that is too large",
        thing(size=ColumnSpec("bigint")),
        [{"size": 2**31}],
        thing(size=NUMBER),
        "values of Thing.size are not of the type integer (1 row)",
    ),
    (
        "a text that is no bool",
        thing(done=TEXT),
        [{"done": " Yes "}, {"done": "maybe"}],
        thing(done=TRUTH),
        "values of Thing.done are not of the type boolean (1 row)",
    ),
    (
        "a number that is no bool",
        thing(done=NUMBER),
        [{"done": 1}, {"done": 2}],
        thing(done=TRUTH),
        "values of Thing.done are not of the type boolean (1 row)",
    ),
    (
        "a cast that PostgreSQL lacks",
        thing(done=TRUTH),
        [{"done": True}],
        thing(done=ColumnSpec("timestamp")),
        "values of Thing.done are not of the type timestamp(3) without time zone (1 row)",
    ),
    (
        "a text that is no label",
        thing("LOW", level=TEXT, other=LEVEL),
        [{"level": "LOW"}, {"level": "it's"}],
        thing("LOW", level=LEVEL, other=LEVEL),
        'values of Thing.level are not of the type "Level" (1 row)',
    ),
    (
        "a label that rows hold",
        thing("LOW", "it's", level=LEVEL),
        [{"level": "LOW"}, {"level": "it's"}],
        thing("LOW", level=LEVEL),
        "Thing.level holds it's (1 row)",
    ),
]


@pytest.mark.parametrize(
    ("before", "rows", "after", "told"),
    [case[1:] for case in BLOCKED],
    ids=[case[0] for case in BLOCKED],
)
def test_what_prevents_a_change_is_counted_and_shown(
    evolving: Evolving, before: Spec, rows: list[dict[str, Any]], after: Spec, told: str
) -> None:
    evolving.to(before)
    for row in rows:
        insert(**row)
    with pytest.raises(MigrationBlockedError) as caught:
        evolving.to(after, accept_data_loss=True)
    (blocker,) = caught.value.blockers
    what, _, statement = blocker.partition(": ")
    assert what == told
    assert run_sql(statement)
    assert len(evolving.folders()) == 1
    run_sql('DELETE FROM "Thing"')
    assert evolving.to(after) is not None


def test_orphans_are_counted_and_shown(evolving: Evolving) -> None:
    before = Spec({"Parent": {}, "Thing": {"parent_id": TEXT}})
    evolving.to(before)
    run_sql("INSERT INTO \"Parent\" VALUES ('a')")
    for parent in ("a", "b", None):
        insert(parentId=parent)
    after = Spec({"Parent": {}, "Thing": {"parent": REFERENCE}})
    with pytest.raises(
        MigrationBlockedError, match="missing rows by Thing_parentId_fkey"
    ) as caught:
        evolving.to(after)
    ((_, parent),) = run_sql(caught.value.blockers[0].partition(": ")[2])
    assert parent == "b"
    run_sql("INSERT INTO \"Parent\" VALUES ('b')")
    assert evolving.to(after) is not None


KEPT: list[tuple[str, Spec, Any, Spec, Any]] = [
    ("text to int", thing(v=TEXT), "7", thing(v=NUMBER), 7),
    ("text to bool", thing(v=TEXT), "true", thing(v=TRUTH), True),
    ("int to text", thing(v=NUMBER), 7, thing(v=TEXT), "7"),
    ("int to bool", thing(v=NUMBER), 1, thing(v=TRUTH), True),
    ("bool to int", thing(v=TRUTH), True, thing(v=NUMBER), 1),
    ("bool to text", thing(v=TRUTH), False, thing(v=TEXT), "false"),
    ("bool to bigint", thing(v=TRUTH), True, thing(v=ColumnSpec("bigint")), 1),
    ("text to enum", thing(v=TEXT), "LOW", thing("LOW", v=LEVEL), "LOW"),
    ("enum to text", thing("LOW", v=LEVEL), "LOW", thing(v=TEXT), "LOW"),
]


@pytest.mark.parametrize(
    ("before", "value", "after", "converted"),
    [case[1:] for case in KEPT],
    ids=[case[0] for case in KEPT],
)
def test_values_that_fit_are_converted_there_and_back(
    evolving: Evolving, before: Spec, value: Any, after: Spec, converted: Any
) -> None:
    evolving.to(before)
    insert(v=value)
    insert(v=None)
    evolving.to(after)
    assert values("v") == [converted, None]
    evolving.undo()
    assert values("v") == [value, None]
    evolving.redo()
    assert values("v") == [converted, None]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (Spec({"Thing": {"size": NUMBER}, "Other": {}}), Spec({"Other": {}}), "the table Thing"),
        (thing(size=NUMBER), thing(), "the column Thing.size"),
        (thing(size=TEXT), thing(size=NUMBER), "values of Thing.size, which becomes integer"),
    ],
)
def test_what_would_be_lost_is_told_and_may_be_accepted(
    evolving: Evolving, before: Spec, after: Spec, told: str
) -> None:
    evolving.to(before)
    insert(size="07")
    with pytest.raises(DataLossError, match=rf"{told}.* \(1 row\)"):
        evolving.to(after)
    assert len(evolving.folders()) == 1
    assert evolving.to(after, accept_data_loss=True) is not None


def test_a_loss_behind_renames_is_told_under_the_names_of_today(evolving: Evolving) -> None:
    evolving.to(thing(size=NUMBER, title=TEXT))
    insert(size=7, title="a")
    renamed = Spec({"Object": {"name": TEXT}})
    with pytest.raises(DataLossError, match=r"column Thing.size \(1 row\)"):
        evolving.to(renamed, renames=["Thing:Object", "Object.title:name"])
    with pytest.raises(MigrationBlockedError, match=r'Thing.title becomes required.*FROM "public"'):
        run_sql('UPDATE "Thing" SET title = NULL')
        evolving.to(
            Spec({"Object": {"name": required(TEXT)}}),
            renames=["Thing:Object", "Object.title:name"],
        )


def test_a_loss_behind_migrations_that_are_not_deployed_is_told(evolving: Evolving) -> None:
    evolving.to(thing(size=NUMBER))
    insert(size=7)
    wide = thing(width=NUMBER)
    evolving.to(wide, "rename", renames=["Thing.size:width"], create_only=True)
    with pytest.raises(DataLossError, match=r"column Thing.size \(1 row\)"):
        evolving.to(thing(), "drop", create_only=True)
    assert len(evolving.folders()) == 2
    assert evolving.states() == [MigrationState.APPLIED, MigrationState.PENDING]


@pytest.mark.parametrize(
    ("obstacle", "after", "told"),
    [
        ('CREATE VIEW v AS SELECT size FROM "Thing"', thing(size=TEXT), "view public.v"),
        ('CREATE VIEW v AS SELECT size FROM "Thing"', thing(), "view public.v"),
        (
            'CREATE TABLE mine (thing text REFERENCES "Thing")',
            Spec({"Other": {}}),
            "table public.mine",
        ),
        ('CREATE POLICY p ON "Thing" USING (size > 0)', thing(), "policy p"),
    ],
)
def test_objects_of_others_that_depend_on_it_are_named(
    evolving: Evolving, obstacle: str, after: Spec, told: str
) -> None:
    evolving.to(Spec({"Thing": {"size": NUMBER}, "Other": {}}))
    run_sql(obstacle)
    tables = after.tables if "Other" in after.tables else {**after.tables, "Other": {}}
    with pytest.raises(MigrationBlockedError, match=told):
        evolving.to(Spec(tables))
    assert len(evolving.folders()) == 1


def test_objects_of_others_that_use_an_enum_are_named(evolving: Evolving) -> None:
    evolving.to(thing("LOW", "HIGH", level=LEVEL))
    run_sql('CREATE TABLE mine (levels "Level"[])')
    with pytest.raises(MigrationBlockedError, match="column levels of table public"):
        evolving.to(thing("HIGH", "LOW", level=LEVEL))
    assert evolving.to(thing("LOW", "HIGH", "TOP", level=LEVEL)) is not None


def test_a_migration_that_fails_on_the_database_alone_leaves_no_folder(
    evolving: Evolving,
) -> None:
    """Somebody has made the column already: the shadow database does not know."""
    evolving.to(thing())
    run_sql('ALTER TABLE "Thing" ADD COLUMN size integer')
    with pytest.raises(MigrationError, match="Nothing was written") as caught:
        evolving.to(thing(size=NUMBER))
    assert "already exists" in str(caught.value)
    assert len(evolving.folders()) == 1
    assert evolving.states() == [MigrationState.APPLIED]
    run_sql('ALTER TABLE "Thing" DROP COLUMN size')
    assert evolving.to(thing(size=NUMBER)) is not None


def test_two_in_one_second_follow_each_other(evolving: Evolving) -> None:
    specs: list[Callable[[], Spec]] = [thing, lambda: thing(a=TEXT), lambda: thing(a=TEXT, b=TEXT)]
    for number, spec in enumerate(specs):
        evolving.to(spec(), f"change_{number}")
    assert [name[15:] for name in evolving.folders()] == ["change_0", "change_1", "change_2"]
    assert set(evolving.states()) == {MigrationState.APPLIED}
