"""The judgement of columns: each kind of change, of each column of the models."""

import pytest

from tests.compatibility.editing import judged, with_column, with_parts
from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.needs import Need, library_needs
from triosigno_db.compatibility.structure import Column

EXPECTED = expected_structure()
NEEDS = library_needs()
COLUMNS = [(name, column) for name, table in EXPECTED.tables.items() for column in table.columns]


def names(needs: tuple[Need, ...]) -> tuple[str, ...]:
    return tuple(need.function for need in needs)


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_a_missing_column_breaks_all_that_name_it(name: str, column: str) -> None:
    (change,) = judged(with_parts(name, columns={column: None}))
    assert str(change) == f'column "{name}"."{column}" is missing'
    assert change.functions == names(NEEDS.using(name, column))
    assert change.breaks
    assert change.advice == "Keep it."


def test_a_renamed_column_is_recognized() -> None:
    columns = {"videoUrl": None, "clip": EXPECTED.tables["Sign"].columns["videoUrl"]}
    missing, *new = judged(with_parts("Sign", columns=columns))
    assert 'may be called "clip" now' in missing.advice
    assert '@map("videoUrl")' in missing.advice
    assert [change.functions for change in new] == [("create_sign",)]


def test_two_new_columns_leave_open_which_is_the_renamed_one() -> None:
    kind = EXPECTED.tables["Sign"].columns["videoUrl"]
    missing, *_ = judged(with_parts("Sign", columns={"videoUrl": None, "clip": kind, "film": kind}))
    assert missing.advice == "Keep it."


@pytest.mark.parametrize("name", EXPECTED.tables)
def test_an_optional_or_defaulted_column_is_harmless(name: str) -> None:
    for column, kind in (
        (Column("text", nullable=True, has_default=False), "optional"),
        (Column("text", nullable=False, has_default=True), "with a default"),
    ):
        (change,) = judged(with_parts(name, columns={"added": column}))
        assert (change.effect, change.functions, change.advice) == ("harmless", (), "")
        assert change.change.endswith(kind)


@pytest.mark.parametrize("name", EXPECTED.tables)
def test_a_required_column_breaks_what_inserts(name: str) -> None:
    added = Column("text", nullable=False, has_default=False)
    (change,) = judged(with_parts(name, columns={"added": added}))
    assert change.effect == "writes break"
    assert change.functions == names(NEEDS.of(lambda need: name in need.inserts))
    assert "Give it a default" in change.advice


@pytest.mark.parametrize(
    ("name", "column", "kind", "effect"),
    [
        ("Sign", "name", "character varying", "harmless"),
        ("Progress", "masteryLevel", "bigint", "harmless"),
        ("Progress", "updatedAt", "timestamp(6) without time zone", "harmless"),
        ("Sign", "name", "character varying(20)", "writes break"),
        ("Progress", "masteryLevel", "smallint", "writes break"),
        ("User", "id", "uuid", "reads break"),
        ("User", "createdAt", "timestamp(3) with time zone", "reads break"),
        ("User", "role", "bytea", "reads break"),
        # No statement names the type of this column.
        ("User", "role", "DifficultyLevel", "reads break"),
    ],
)
def test_another_type_is_judged(name: str, column: str, kind: str, effect: str) -> None:
    changes = judged(with_column(name, column, type=kind))
    shown = [change for change in changes if change.subject == f'column "{name}"."{column}"']
    if kind == "character varying":
        assert changes == ()
        return
    (change,) = shown
    assert change.effect == effect
    assert f"is {kind} instead of" in change.change
    touched = {
        "harmless": (),
        "writes break": names(NEEDS.writing(name, [column])),
        "reads break": names(NEEDS.using(name, column)),
    }
    assert change.functions == touched[effect]


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_another_nullability_is_judged(name: str, column: str) -> None:
    nullable = EXPECTED.tables[name].columns[column].nullable
    (change,) = judged(with_column(name, column, nullable=not nullable))
    if nullable:
        assert (change.effect, change.change) == ("writes break", "must not be null")
        assert {*names(NEEDS.writing(name, [column]))} <= {*change.functions}
        assert {*names(NEEDS.omitting(name, column))} <= {*change.functions}
    else:
        assert change.change == "may be null"
        assert change.functions == names(NEEDS.using(name, column))


def test_a_default_is_needed_only_by_what_relies_on_it() -> None:
    (change,) = judged(with_column("User", "role", has_default=False))
    assert (change.effect, change.change) == ("harmless", "has no default")
    # A session is started without a score: if it must have one, a default does for that.
    (change,) = judged(with_column("LearningSession", "score", nullable=False, has_default=True))
    assert change.functions == ("complete_session",)
    (change,) = judged(with_column("LearningSession", "score", nullable=False))
    assert change.functions == ("complete_session", "start_session")
