"""The judgement of keys, references and checks."""

from dataclasses import replace

import pytest

from tests.compatibility.editing import judged, with_column, with_parts
from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.needs import Need, library_needs
from triosigno_db.compatibility.structure import Column, Index, Reference

EXPECTED = expected_structure()
NEEDS = library_needs()
INDEXES = [
    (name, index)
    for name, table in EXPECTED.tables.items()
    for index, each in table.indexes.items()
    if each.is_plain
]
REFERENCES = [(name, key) for name, table in EXPECTED.tables.items() for key in table.references]
CHECKS = [(name, check) for name, table in EXPECTED.tables.items() for check in table.checks]


def names(needs: tuple[Need, ...]) -> set[str]:
    return {need.function for need in needs}


@pytest.mark.parametrize(("name", "index"), INDEXES)
def test_a_missing_index_matters_if_it_is_unique(name: str, index: str) -> None:
    wanted = EXPECTED.tables[name].indexes[index]
    (change,) = judged(with_parts(name, indexes={index: None}))
    if wanted.is_unique:
        assert change.effect == "writes break"
        assert {*change.functions} == names(NEEDS.writing(name, wanted.columns))
    else:
        assert (change.effect, change.change) == ("harmless", "is missing")


def test_on_conflict_needs_its_unique_index() -> None:
    for need in NEEDS.functions:
        for name, targets in need.conflicts.items():
            for columns in targets:
                missing = {
                    each: None
                    for each, facts in EXPECTED.tables[name].indexes.items()
                    if facts.is_unique and {*facts.columns} == columns
                }
                assert missing
                (change,) = judged(with_parts(name, indexes=missing))
                assert need.function in change.functions


@pytest.mark.parametrize(("name", "index"), INDEXES)
def test_another_name_of_an_index_is_harmless(name: str, index: str) -> None:
    same = EXPECTED.tables[name].indexes[index]
    (change,) = judged(with_parts(name, indexes={index: None, "renamed": same}))
    assert (change.effect, change.change) == ("harmless", 'is called "renamed"')


def test_a_new_index_is_harmless() -> None:
    (change,) = judged(with_parts("Sign", indexes={"new": Index(("videoUrl",), False, True)}))
    assert (change.effect, change.change) == ("harmless", "is new: (videoUrl)")


@pytest.mark.parametrize(
    ("columns", "functions"),
    [
        (("videoUrl",), {"create_sign", "update_sign"}),
        (("createdAt",), {"create_sign"}),
        # The name is unique already.
        (("name", "videoUrl"), set()),
        # Nulls are no duplicates, a default is one.
        (("optional",), set()),
        (("defaulted",), {"create_sign"}),
        (("videoUrl", "optional"), {"update_sign"}),
    ],
)
def test_a_new_unique_index_breaks_what_repeats_values(
    columns: tuple[str, ...], functions: set[str]
) -> None:
    added = {
        "optional": Column("text", nullable=True, has_default=False),
        "defaulted": Column("text", nullable=False, has_default=True),
    }
    changes = judged(with_parts("Sign", columns=added, indexes={"new": Index(columns, True, True)}))
    (change,) = [change for change in changes if change.subject.startswith("index")]
    assert {*change.functions} == functions
    assert change.effect == ("writes break" if functions else "harmless")


@pytest.mark.parametrize(("name", "key"), REFERENCES)
def test_a_missing_foreign_key_breaks_writes_and_deletions(name: str, key: str) -> None:
    reference = EXPECTED.tables[name].references[key]
    (change,) = judged(with_parts(name, references={key: None}))
    assert (change.effect, change.change) == ("writes break", "is missing")
    deleting = names(NEEDS.deleting([reference.table]))
    assert deleting | names(NEEDS.writing(name, reference.columns)) <= {*change.functions}


@pytest.mark.parametrize(("name", "key"), REFERENCES)
def test_another_action_breaks_deletions_and_another_name_nothing(name: str, key: str) -> None:
    reference = EXPECTED.tables[name].references[key]
    assert judged(with_parts(name, references={key: None, "renamed": reference})) == ()
    other = reference._replace(on_delete="SET NULL")
    (change,) = judged(with_parts(name, references={key: other}))
    assert change.change.startswith("has ON DELETE SET NULL instead of")
    assert names(NEEDS.deleting([reference.table])) <= {*change.functions}


def test_an_action_on_updates_is_of_no_matter() -> None:
    key = "Sign_categoryId_fkey"
    other = EXPECTED.tables["Sign"].references[key]._replace(on_update="NO ACTION")
    assert judged(with_parts("Sign", references={key: other})) == ()


def test_what_follows_from_a_missing_column_is_told_once() -> None:
    parts = {"columns": {"categoryId": None}, "references": {"Sign_categoryId_fkey": None}}
    (change,) = judged(with_parts("Sign", indexes={"Sign_categoryId_idx": None}, **parts))
    assert str(change) == 'column "Sign"."categoryId" is missing'


@pytest.mark.parametrize(
    ("column", "action", "functions"),
    [
        ("videoUrl", "CASCADE", {"create_sign", "update_sign"}),
        ("added", "CASCADE", set()),
        # It prevents deletions of what it refers to.
        ("added", "RESTRICT", {"delete_user"}),
    ],
)
def test_a_new_foreign_key_is_judged(column: str, action: str, functions: set[str]) -> None:
    added = {"added": Column("text", nullable=True, has_default=False)}
    key = Reference((column,), "User", ("id",), action, "CASCADE")
    changes = judged(with_parts("Sign", columns=added, references={"new": key}))
    (change,) = [change for change in changes if change.subject.startswith("foreign key")]
    assert {*change.functions} == functions


@pytest.mark.parametrize(("name", "check"), CHECKS)
def test_a_missing_check_is_harmless(name: str, check: str) -> None:
    (change,) = judged(with_parts(name, checks={check: None}))
    assert (change.effect, change.change) == ("harmless", "is missing")


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ('CHECK (("masteryLevel" < 50))', ["masteryLevel"]),
        ("CHECK ((id <> 'masteryLevel'::text))", ["id"]),
        ('CHECK (("masteryLevel" < 50)) NOT VALID', [*EXPECTED.tables["Progress"].columns]),
    ],
)
def test_a_new_check_breaks_what_writes_its_columns(condition: str, columns: list[str]) -> None:
    (change,) = judged(with_parts("Progress", checks={"new": condition}))
    assert change.effect == "writes break"
    assert {*change.functions} == names(NEEDS.writing("Progress", columns))


def test_a_schema_without_checks_says_nothing_of_them() -> None:
    name, check = CHECKS[0]
    found = with_parts(name, checks={check: None})
    assert judged(replace(found, has_all=False)) == ()
    assert judged(replace(with_column("Sign", "id"), has_all=False)) == ()
