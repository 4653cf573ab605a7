"""What `dev` writes into down.sql, and what `rollback` refuses because of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.migrator.changing_models import PLAIN_TYPES, ColumnSpec, Spec
from tests.migrator.evolving import Evolving, insert, thing, values
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import DataLossError, MigrationBlockedError
from triosigno_db.migrator.ledger import MigrationState
from triosigno_db.migrator.script import REFUSE_IF_ANY
from triosigno_db.schema.catalog import read_catalog

TEXT, NUMBER = ColumnSpec("text"), ColumnSpec("integer")
LEVEL = ColumnSpec("Level")


@pytest.fixture
def evolving(connected: str, tmp_path: Path) -> Evolving:
    return Evolving(tmp_path)


def required(type_: str, index: str = "", *, has_check: bool = False) -> ColumnSpec:
    return ColumnSpec(type_, nullable=False, index=index, has_check=has_check)


def down_of(evolving: Evolving) -> str:
    return (evolving.folder / evolving.folders()[-1] / "down.sql").read_text()


def nullable(column: str) -> bool:
    (found,) = (c for c in read_catalog('"public"').tables["Thing"].columns if c.name == column)
    return found.nullable


@pytest.mark.parametrize("type_", [*PLAIN_TYPES, "Level"])
def test_a_required_column_comes_back_with_a_value_for_each_row(
    evolving: Evolving, type_: str
) -> None:
    labels = ("LOW", "HIGH") if type_ == "Level" else ()
    evolving.to(thing(*labels, v=required(type_)))
    evolving.to(thing())
    for _ in range(3):
        insert()
    evolving.undo(accept_data_loss=True)
    assert None not in values("v")
    assert not nullable("v")
    assert "The column v is required: existing rows get" in down_of(evolving)
    assert evolving.states() == [MigrationState.APPLIED, MigrationState.ROLLED_BACK]
    evolving.redo()


@pytest.mark.parametrize("type_", ["text", "integer", "bigint"])
def test_a_unique_column_comes_back_with_different_values(evolving: Evolving, type_: str) -> None:
    evolving.to(thing(v=required(type_, "unique")))
    evolving.to(thing())
    for _ in range(3):
        insert()
    evolving.undo(accept_data_loss=True)
    assert len(set(values("v"))) == 3
    evolving.redo()
    evolving.to(thing(v=ColumnSpec(type_)))


@pytest.mark.parametrize(
    "column",
    [
        required("boolean", "unique"),
        required("integer", has_check=True),
        ColumnSpec("Parent", is_reference=True, nullable=False),
    ],
)
def test_a_column_without_a_suitable_value_comes_back_nullable_and_says_so(
    evolving: Evolving, column: ColumnSpec
) -> None:
    evolving.to(Spec({"Parent": {}, "Thing": {"v": column}}))
    evolving.to(Spec({"Parent": {}, "Thing": {}}))
    for _ in range(3):
        insert()
    evolving.undo(accept_data_loss=True)
    name = "vId" if column.is_reference else "v"
    assert values(name) == [None] * 3
    assert nullable(name)
    assert f"The column {name} comes back without NOT NULL" in down_of(evolving)
    evolving.redo()


def test_a_nullable_column_comes_back_without_values(evolving: Evolving) -> None:
    evolving.to(thing(v=ColumnSpec("integer", default=7)))
    insert(v=None)
    evolving.to(thing())
    evolving.undo()
    assert values("v") == [None]
    run_sql("INSERT INTO \"Thing\" (id) VALUES ('other')")
    assert values("v") == [None, 7]


def test_a_foreign_key_comes_back_whatever_the_rows_refer_to(evolving: Evolving) -> None:
    parent = ColumnSpec("Parent", is_reference=True)
    evolving.to(Spec({"Parent": {}, "Thing": {"parent": parent}}))
    run_sql("INSERT INTO \"Parent\" VALUES ('a')")
    insert(parentId="a")
    evolving.to(Spec({"Thing": {"parent_id": TEXT}}), accept_data_loss=True)
    evolving.undo(accept_data_loss=True)
    assert values("parentId") == ["a"]
    keys = read_catalog('"public"').tables["Thing"].constraints
    assert keys["Thing_parentId_fkey"].endswith("NOT VALID")


BLOCKED: list[tuple[str, Spec, Spec, list[dict[str, Any]]]] = [
    ("NULLs", thing(v=required("integer")), thing(v=NUMBER), [{"v": None}]),
    (
        "duplicates",
        thing(v=ColumnSpec("integer", index="unique")),
        thing(v=NUMBER),
        [{"v": 1}, {"v": 1}],
    ),
    ("values that do not fit", thing(v=NUMBER), thing(v=TEXT), [{"v": "seven"}]),
    (
        "a label that was added",
        thing("LOW", v=LEVEL),
        thing("LOW", "HIGH", v=LEVEL),
        [{"v": "HIGH"}],
    ),
]


@pytest.mark.parametrize("accept", [False, True])
@pytest.mark.parametrize(
    ("before", "after", "rows"), [case[1:] for case in BLOCKED], ids=[case[0] for case in BLOCKED]
)
def test_what_rows_prevent_is_refused_before_it_begins(
    evolving: Evolving, before: Spec, after: Spec, rows: list[dict[str, Any]], accept: bool
) -> None:
    evolving.to(before)
    evolving.to(after)
    assert REFUSE_IF_ANY in down_of(evolving)
    for row in rows:
        insert(**row)
    with pytest.raises(MigrationBlockedError, match="Nothing was rolled back") as caught:
        evolving.undo(accept_data_loss=accept)
    (blocker,) = caught.value.blockers
    assert run_sql(blocker.partition(": ")[2])
    assert set(evolving.states()) == {MigrationState.APPLIED}
    run_sql('DELETE FROM "Thing"')
    evolving.undo()
    assert evolving.states() == [MigrationState.APPLIED, MigrationState.ROLLED_BACK]


def test_nothing_is_rolled_back_if_an_earlier_migration_can_not_be(evolving: Evolving) -> None:
    evolving.to(thing(v=NUMBER))
    evolving.to(thing(v=TEXT))
    evolving.to(thing(w=TEXT), renames=["Thing.v:w"])
    insert(w="seven")
    for accept in (False, True):
        with pytest.raises(MigrationBlockedError, match="Thing"):
            evolving.undo(steps=2, accept_data_loss=accept)
    assert set(evolving.states()) == {MigrationState.APPLIED}


def test_a_loss_on_the_way_back_is_still_told(evolving: Evolving) -> None:
    evolving.to(thing())
    evolving.to(thing(v=NUMBER))
    insert(v=1)
    with pytest.raises(DataLossError, match="1 value of Thing"):
        evolving.undo()
