"""Judge the columns of a table: missing, new, of another type, required or optional."""

from collections.abc import Iterator

from triosigno_db.compatibility.changes import SchemaChange, breaking, harmless
from triosigno_db.compatibility.column_types import fit_of
from triosigno_db.compatibility.needs import Needs
from triosigno_db.compatibility.structure import Column, Structure, Table


def judge_columns(
    name: str, expected: Structure, found: Structure, needs: Needs
) -> Iterator[SchemaChange]:
    """Judge the columns of a table that both schemas have.

    Args:
        name: The table.
        expected: The structure that the library expects.
        found: The structure that was found.
        needs: What the functions need.

    Yields:
        The changes.
    """
    table, there = expected.tables[name], found.tables[name]
    for column, wanted in table.columns.items():
        actual = there.columns.get(column)
        if actual is None:
            yield _missing(name, column, table, there, needs)
            continue
        yield from _judge_type(name, column, expected, found, needs)
        yield from _judge_null(name, column, wanted, actual, needs)
    for column, actual in there.columns.items():
        if column not in table.columns:
            yield _new(name, column, actual, needs)


def _missing(name: str, column: str, table: Table, there: Table, needs: Needs) -> SchemaChange:
    advice = "Keep it."
    kind = table.columns[column].type
    alike = [
        other
        for other, actual in there.columns.items()
        if other not in table.columns and actual.type == kind
    ]
    if len(alike) == 1:
        advice = (
            f'It may be called "{alike[0]}" now: keep the column, and rename the field of Prisma '
            f'alone, with @map("{column}").'
        )
    touched = needs.using(name, column)
    return breaking(_subject(name, column), "is missing", touched, advice)


def _new(name: str, column: str, actual: Column, needs: Needs) -> SchemaChange:
    subject = _subject(name, column)
    if actual.nullable or actual.has_default:
        kind = "optional" if actual.nullable else "with a default"
        return harmless(subject, f"is new: {actual.type}, {kind}")
    return breaking(
        subject,
        f"is new, required and without a default: {actual.type}",
        needs.omitting(name, column),
        "Give it a default in the database, or make it optional: the library writes no value.",
    )


def _judge_type(
    name: str, column: str, expected: Structure, found: Structure, needs: Needs
) -> Iterator[SchemaChange]:
    wanted = expected.tables[name].columns[column].type
    actual = found.tables[name].columns[column].type
    subject, change = _subject(name, column), f"is {actual} instead of {wanted}"
    keep = f"Keep the type {wanted}."
    using, writing = needs.using(name, column), needs.writing(name, (column,))
    match fit_of(wanted, actual, expected.enums, found.enums):
        case "wider" if wanted in expected.enums:
            # Labels are read from any text, but statements that name the type expect it.
            touched = [need for need in using if wanted in need.casts]
            yield breaking(subject, change, touched, keep)
        case "wider":
            yield harmless(subject, change)
        case "narrower":
            yield breaking(subject, change, writing, f"Not all values fit. {keep}")
        case "other":
            yield breaking(subject, change, using, keep)


def _judge_null(
    name: str, column: str, wanted: Column, actual: Column, needs: Needs
) -> Iterator[SchemaChange]:
    subject = _subject(name, column)
    if actual.nullable and not wanted.nullable:
        yield breaking(
            subject,
            "may be null",
            needs.using(name, column),
            "The functions expect a value in every row: keep it required.",
        )
    elif wanted.nullable and not actual.nullable:
        writing = needs.writing(name, (column,))
        leaving = () if actual.has_default else needs.omitting(name, column)
        yield breaking(
            subject,
            "must not be null",
            {need.function: need for need in (*writing, *leaving)}.values(),
            "The functions may write null, or no value: keep it optional.",
        )
    elif not actual.nullable and wanted.has_default and not actual.has_default:
        yield breaking(
            subject,
            "has no default",
            needs.omitting(name, column),
            "The library writes no value: keep the default.",
        )


def _subject(name: str, column: str) -> str:
    return f'column "{name}"."{column}"'
