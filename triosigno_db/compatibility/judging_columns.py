"""Judge the columns of a table: missing, new, of another type, required or optional."""

from collections.abc import Iterator

from triosigno_db.compatibility.changes import SchemaChange, breaking, harmless
from triosigno_db.compatibility.column_types import fit_of
from triosigno_db.compatibility.table_comparison import TableComparison


def judge_columns(table: TableComparison) -> Iterator[SchemaChange]:
    """Judge the columns of a table that both schemas have.

    Args:
        table: The table.

    Yields:
        The changes.
    """
    for column in table.wanted.columns:
        if column not in table.there.columns:
            yield _missing(table, column)
            continue
        yield from _judge_type(table, column)
        yield from _judge_null(table, column)
    for column in table.there.columns:
        if column not in table.wanted.columns:
            yield _new(table, column)


def _missing(table: TableComparison, column: str) -> SchemaChange:
    advice = "Keep it."
    kind = table.wanted.columns[column].type
    alike = [
        other
        for other, actual in table.there.columns.items()
        if other not in table.wanted.columns and actual.type == kind
    ]
    if len(alike) == 1:
        advice = (
            f'It may be called "{alike[0]}" now: keep the column, and rename the field of Prisma '
            f'alone, with @map("{column}").'
        )
    touched = table.needs.using(table.name, column)
    return breaking(table.column(column), "is missing", touched, advice)


def _new(table: TableComparison, column: str) -> SchemaChange:
    actual, subject = table.there.columns[column], table.column(column)
    if actual.nullable or actual.has_default:
        kind = "optional" if actual.nullable else "with a default"
        return harmless(subject, f"is new: {actual.type}, {kind}")
    return breaking(
        subject,
        f"is new, required and without a default: {actual.type}",
        table.needs.omitting(table.name, column),
        "Give it a default in the database, or make it optional: the library writes no value.",
    )


def _judge_type(table: TableComparison, column: str) -> Iterator[SchemaChange]:
    wanted, actual = table.wanted.columns[column].type, table.there.columns[column].type
    subject, change = table.column(column), f"is {actual} instead of {wanted}"
    keep = f"Keep the type {wanted}."
    using = table.needs.using(table.name, column)
    enums = table.expected.enums
    match fit_of(wanted, actual, enums, table.found.enums):
        case "wider" if wanted in enums:
            # Labels are read from any text, but statements that name the type expect it.
            touched = [need for need in using if wanted in need.casts]
            yield breaking(subject, change, touched, keep)
        case "wider":
            yield harmless(subject, change)
        case "narrower":
            writing = table.needs.writing(table.name, (column,))
            yield breaking(subject, change, writing, f"Not all values fit. {keep}")
        case "other":
            yield breaking(subject, change, using, keep)


def _judge_null(table: TableComparison, column: str) -> Iterator[SchemaChange]:
    wanted, actual = table.wanted.columns[column], table.there.columns[column]
    subject = table.column(column)
    if actual.nullable and not wanted.nullable:
        yield breaking(
            subject,
            "may be null",
            table.needs.using(table.name, column),
            "The functions expect a value in every row: keep it required.",
        )
    elif wanted.nullable and not actual.nullable:
        writing = table.needs.writing(table.name, (column,))
        leaving = () if actual.has_default else table.needs.omitting(table.name, column)
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
            table.needs.omitting(table.name, column),
            "The library writes no value: keep the default.",
        )
