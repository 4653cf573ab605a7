"""What a schema lacks of another one, whatever else it has."""

import pytest

from triosigno_db.schema.catalog import Catalog, Column, Table
from triosigno_db.schema.containment import added_parts, missing_from, missing_of


def catalog(
    *columns: Column,
    indexes: dict[str, str] | None = None,
    constraints: dict[str, str] | None = None,
    labels: tuple[str, ...] = ("A", "B"),
) -> Catalog:
    return Catalog({"T": Table(columns, indexes or {}, constraints or {})}, {"E": labels})


ID = Column("id", "text", False, None)
MADE = Column("made", "timestamp(3) without time zone", False, "CURRENT_TIMESTAMP")
EXPECTED = catalog(ID, MADE, indexes={"i": "on id"}, constraints={"c": "CHECK (x) NOT VALID"})


@pytest.mark.parametrize(
    "found",
    [
        EXPECTED,
        catalog(
            Column("extra", "text", True, None),
            MADE._replace(default="now()"),
            ID,
            indexes={"i": "on id", "j": "on made"},
            constraints={"c": "CHECK (x)", "d": "CHECK (y)"},
            labels=("A", "Between", "B", "Z"),
        ),
        Catalog({**EXPECTED.tables, "Other": Table((ID,), {}, {})}, {**EXPECTED.enums, "O": ()}),
    ],
)
def test_what_is_beside_it_is_no_difference(found: Catalog) -> None:
    assert missing_from(found, EXPECTED) == ()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Catalog({}, EXPECTED.enums), 'table "T" is missing: with its columns'),
        (Catalog(EXPECTED.tables, {}), 'enum "E" is missing: A, B'),
        (
            catalog(ID, MADE, indexes={"i": "on id"}, constraints={"c": "CHECK (y)"}),
            'constraint "c" of "T" is CHECK (y), expected CHECK (x)',
        ),
        (
            catalog(ID._replace(type="uuid"), MADE, indexes={"i": "on id"}),
            'column "T"."id" is uuid NOT NULL, expected text NOT NULL',
        ),
    ],
)
def test_what_is_missing_is_said(found: Catalog, told: str) -> None:
    assert told in [str(each) for each in missing_from(found, EXPECTED)]


@pytest.mark.parametrize("labels", [("B", "A"), ("A",), ("A, B",)])
def test_labels_are_needed_in_their_order(labels: tuple[str, ...]) -> None:
    found = Catalog(EXPECTED.tables, {"E": labels})
    assert [each.what for each in missing_from(found, EXPECTED)] == ['enum "E"']


def test_only_what_a_migration_adds_is_looked_for() -> None:
    before = catalog(ID)
    after = catalog(ID, MADE)
    assert list(added_parts(before, after)) == ['column "T"."made"']
    assert missing_of(catalog(MADE), before, after) == ()
    assert len(missing_of(before, before, after)) == 1
