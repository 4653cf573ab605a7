"""Edits of the expected structure, as if the Node side had changed it."""

from dataclasses import replace
from typing import Any

from triosigno_db.compatibility.changes import SchemaChange
from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.judgement import judge
from triosigno_db.compatibility.needs import library_needs
from triosigno_db.compatibility.structure import Column, Structure, Table


def judged(found: Structure) -> tuple[SchemaChange, ...]:
    return judge(expected_structure(), found, library_needs())


def with_table(name: str, table: Table | None) -> Structure:
    """Replace a table, or take it away."""
    expected = expected_structure()
    tables = {**expected.tables, name: table} if table else dict(expected.tables)
    if table is None:
        del tables[name]
    return replace(expected, tables=tables)


def with_parts(name: str, **parts: dict[str, Any]) -> Structure:
    """Replace columns, indexes, references or checks of a table; `None` takes one away."""
    table = expected_structure().tables[name]
    for part, edits in parts.items():
        edited = {**getattr(table, part), **edits}
        kept = {key: value for key, value in edited.items() if value is not None}
        table = replace(table, **{part: kept})
    return with_table(name, table)


def with_column(name: str, column: str, **facts: Any) -> Structure:
    """Change a column."""
    there = expected_structure().tables[name].columns.get(column, Column("text", True, False))
    return with_parts(name, columns={column: there._replace(**facts)})
