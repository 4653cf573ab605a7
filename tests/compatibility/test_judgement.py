"""The judgement of tables and enums; what it says of a real database is in `tests/promises`."""

from dataclasses import replace

import pytest

from tests.compatibility.editing import judged, with_column, with_parts, with_table
from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.needs import library_needs
from triosigno_db.compatibility.structure import Column, Reference, Structure, Table

EXPECTED = expected_structure()


def with_labels(**enums: tuple[str, ...] | None) -> Structure:
    edited = {**EXPECTED.enums, **enums}
    return replace(EXPECTED, enums={name: each for name, each in edited.items() if each})


def test_the_models_themselves_break_nothing() -> None:
    assert judged(EXPECTED) == ()


@pytest.mark.parametrize("name", EXPECTED.tables)
def test_a_missing_table_breaks_all_that_name_it(name: str) -> None:
    (change,) = judged(with_table(name, None))
    assert (change.effect, change.subject) == ("reads break", f'table "{name}"')
    assert change.functions == tuple(need.function for need in library_needs().using(name))


def test_a_renamed_table_is_recognized() -> None:
    found = with_table("Sign", None)
    tables = {**found.tables, "Gesture": EXPECTED.tables["Sign"]}
    missing, new = judged(replace(found, tables=tables))
    assert 'may be called "Gesture" now' in missing.advice
    assert '@@map("Sign")' in missing.advice
    assert (new.effect, str(new)) == ("harmless", 'table "Gesture" is new')


def test_a_new_table_is_harmless() -> None:
    table = Table({"id": Column("text", nullable=False, has_default=False)})
    (change,) = judged(with_table("Invoice", table))
    assert (change.effect, change.functions, change.advice) == ("harmless", (), "")


@pytest.mark.parametrize(
    ("target", "action", "prevented"),
    [
        ("User", "RESTRICT", "delete_user()"),
        ("User", "NO ACTION", "delete_user()"),
        # The progress of a deleted account or sign goes with it.
        ("Progress", "RESTRICT", "delete_sign(), delete_user()"),
        ("User", "CASCADE", ""),
        ("User", "SET NULL", ""),
        ("Elsewhere", "RESTRICT", ""),
    ],
)
def test_what_the_rows_of_a_new_table_prevent_is_told(
    target: str, action: str, prevented: str
) -> None:
    key = Reference(("of",), target, ("id",), action, "CASCADE")
    table = Table({"of": Column("text", nullable=False, has_default=False)}, references={"k": key})
    (change,) = judged(with_table("Invoice", table))
    assert change.effect == "harmless"
    assert prevented in change.advice
    assert bool(change.advice) == bool(prevented)


@pytest.mark.parametrize(
    ("enum", "label"),
    [(name, label) for name, labels in EXPECTED.enums.items() for label in labels],
)
def test_a_missing_label_breaks_what_sends_it(enum: str, label: str) -> None:
    labels = tuple(each for each in EXPECTED.enums[enum] if each != label)
    (change,) = judged(with_labels(**{enum: labels}))
    assert (change.effect, str(change)) == ("writes break", f'enum "{enum}" has no label {label}')
    assert change.functions == tuple(need.function for need in library_needs().sending(enum))


@pytest.mark.parametrize("enum", EXPECTED.enums)
def test_a_new_label_and_another_order_are_harmless(enum: str) -> None:
    labels = EXPECTED.enums[enum]
    (new,) = judged(with_labels(**{enum: (*labels, "NEW")}))
    assert (new.effect, new.change) == ("harmless", "has a new label NEW")
    (order,) = judged(with_labels(**{enum: labels[::-1]}))
    assert order.effect == "harmless"
    assert "in another order" in order.change


def test_a_missing_enum_breaks_what_names_it() -> None:
    found = with_column("Sign", "difficulty", type="text")
    changes = judged(replace(found, enums={"UserRole": EXPECTED.enums["UserRole"]}))
    assert {change.effect for change in changes} == {"reads break"}
    casting = tuple(need.function for need in library_needs().casting("DifficultyLevel"))
    assert {change.functions for change in changes} == {casting}


def test_a_new_enum_is_harmless() -> None:
    (change,) = judged(with_labels(Color=("RED",)))
    assert (change.effect, str(change)) == ("harmless", 'enum "Color" is new')


def test_what_breaks_comes_first() -> None:
    found = with_parts("Sign", columns={"added": Column("text", True, False), "videoUrl": None})
    assert [change.effect for change in judged(found)] == ["reads break", "harmless"]
