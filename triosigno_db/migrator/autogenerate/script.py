"""Write migrations: SQL that turns one schema into another.

Catalogs contain definitions as PostgreSQL deparses them, so that they can be compared as text. One
function writes both directions: `down.sql` turns the new catalog into the old one.
"""

from collections.abc import Iterator

from triosigno_db.migrator.autogenerate.change import Change
from triosigno_db.migrator.autogenerate.columns import alter_tables, create_tables, drop_tables
from triosigno_db.migrator.autogenerate.constraints import (
    add_constraints,
    create_indexes,
    drop_constraints,
    drop_indexes,
)
from triosigno_db.migrator.autogenerate.enums import create_enums, drop_enums
from triosigno_db.migrator.autogenerate.generation import continue_sequences, create_sequences
from triosigno_db.schema.catalog import Catalog


def write_script(old: Catalog, new: Catalog, *, is_undo: bool = False) -> str:
    """Write the SQL that turns one schema into another.

    Args:
        old: The current schema.
        new: The target schema.
        is_undo: Whether the script undoes another one. Required columns then come back with a value
            for existing rows, and foreign keys without a look at them.

    Returns:
        Statements with comments that describe them; an empty string if nothing differs.
    """
    statements = "\n\n".join(_statements(Change(old, new), is_undo=is_undo))
    return statements and statements + "\n"


def _statements(change: Change, *, is_undo: bool) -> Iterator[str]:
    """Write the statements, so that each finds what it needs and nothing that stands in its way.

    What depends on columns goes first and comes back last. Tables go before types come, because a
    table has a type of its own name; and columns change between the types that come and go.
    """
    yield from drop_constraints(change)
    yield from drop_indexes(change)
    yield from drop_tables(change)
    yield from create_enums(change)
    yield from create_sequences(change)
    yield from alter_tables(change, is_undo=is_undo)
    yield from continue_sequences(change)
    yield from drop_enums(change)
    yield from create_tables(change)
    yield from create_indexes(change)
    yield from add_constraints(change, is_undo=is_undo)
