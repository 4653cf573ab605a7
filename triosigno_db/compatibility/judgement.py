"""Judge a schema: which differences from the models break which functions."""

from collections.abc import Iterator, Sequence

from triosigno_db.compatibility.changes import SchemaChange, Subject, breaking, harmless
from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.from_catalog import from_catalog
from triosigno_db.compatibility.from_prisma import from_prisma
from triosigno_db.compatibility.judging_columns import judge_columns
from triosigno_db.compatibility.judging_constraints import judge_constraints, judge_new_references
from triosigno_db.compatibility.needs import Needs, needs_of
from triosigno_db.compatibility.structure import Structure, Table
from triosigno_db.compatibility.table_comparison import TableComparison
from triosigno_db.models import BaseModel
from triosigno_db.schema.catalog import Catalog
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_problems import schema_of_tables
from triosigno_db.settings import Settings

_DEFAULT_SCHEMA: str = Settings.model_fields["schema_name"].default


def judge(expected: Structure, found: Structure, needs: Needs) -> tuple[SchemaChange, ...]:
    """Compare a schema with the one that the library expects.

    Args:
        expected: The structure that the library expects.
        found: The structure that was found.
        needs: What the functions need.

    Returns:
        The changes, those that break functions first; none if the schemas are equal.
    """
    changes = [
        *_judge_enums(expected, found, needs),
        *(
            change
            for name, table in expected.tables.items()
            for change in _judge_table(name, table, expected, found, needs)
        ),
        *_judge_new_tables(expected, found, needs),
    ]
    return tuple(sorted(changes, key=lambda change: not change.breaks))


def judge_catalog(
    found: Catalog, services: tuple[type[BaseModel], ...] = ()
) -> tuple[SchemaChange, ...]:
    """Compare a database with what the functions need.

    Args:
        found: The catalog of the database.
        services: Models of services, whose tables are compared as well.

    Returns:
        As for `judge`.
    """
    return judge(expected_structure(services), from_catalog(found), needs_of(services))


def judge_files(
    files: Sequence[SchemaFile],
    *,
    schema_name: str | None = None,
    services: tuple[type[BaseModel], ...] = (),
) -> tuple[SchemaChange, ...]:
    """Compare a Prisma schema with what the functions need.

    Args:
        files: The files of the schema.
        schema_name: The database schema of the tables. By default that of the first model of a
            table of the library.
        services: As for `judge_catalog`.

    Returns:
        As for `judge`.
    """
    name = schema_name or schema_of_tables(files) or _DEFAULT_SCHEMA
    found = from_prisma(files, schema_name=name)
    return judge(expected_structure(services), found, needs_of(services))


def _judge_enums(expected: Structure, found: Structure, needs: Needs) -> Iterator[SchemaChange]:
    for name, labels in expected.enums.items():
        subject = _enum(name, found)
        if name not in found.enums:
            # What is wrong with columns of other types is judged there.
            advice = f'Keep it; to rename the enum of Prisma alone, add @@map("{name}").'
            yield breaking(subject, "is missing", needs.casting(name), advice)
        there = found.enums.get(name, labels)
        for label in (each for each in labels if each not in there):
            yield _missing_label(name, label, found, needs)
        for label in (each for each in there if each not in labels):
            yield harmless(subject, f"has a new label {label}")
        if labels != there and sorted(labels) == sorted(there):
            yield harmless(subject, f"has its labels in another order: {', '.join(there)}")
    for name in (each for each in found.enums if each not in expected.enums):
        yield harmless(_enum(name, found), "is new")


def _missing_label(name: str, label: str, found: Structure, needs: Needs) -> SchemaChange:
    change = breaking(
        _enum(name, found),
        f"has no label {label}",
        needs.sending(name),
        f"Writing {label}, or filtering by it, fails: keep the label, even if no row has it.",
    )
    # No row can have it, so that reading loses nothing.
    return change._replace(effect="writes break") if change.breaks else change


def _judge_table(
    name: str, table: Table, expected: Structure, found: Structure, needs: Needs
) -> Iterator[SchemaChange]:
    there = found.tables.get(name)
    if there is None:
        advice = "Keep it."
        if renamed := _renamed(table, expected, found):
            advice = (
                f'It may be called "{renamed}" now: keep the table, and rename the model of Prisma '
                f'alone, with @@map("{name}").'
            )
        yield breaking(_table(name, found), "is missing", needs.using(name), advice)
        return
    both = TableComparison(name, expected, found, needs)
    yield from judge_columns(both)
    yield from judge_constraints(both)


def _renamed(table: Table, expected: Structure, found: Structure) -> str | None:
    """Return the new table that has all columns of a missing one, if there is exactly one."""
    alike = [
        name
        for name, other in found.tables.items()
        if name not in expected.tables and table.columns.keys() <= other.columns.keys()
    ]
    return alike[0] if len(alike) == 1 else None


def _judge_new_tables(
    expected: Structure, found: Structure, needs: Needs
) -> Iterator[SchemaChange]:
    for name, table in found.tables.items():
        if name not in expected.tables:
            advice = " ".join(judge_new_references(table, expected, needs))
            yield harmless(_table(name, found), "is new", advice)


def _enum(name: str, found: Structure) -> Subject:
    return Subject(f'enum "{name}"', found.place(name))


def _table(name: str, found: Structure) -> Subject:
    return Subject(f'table "{name}"', found.place(name))
