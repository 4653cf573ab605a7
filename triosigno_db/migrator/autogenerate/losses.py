"""The data that a change of the schema would lose."""

from collections.abc import Iterator

from triosigno_db.migrator.autogenerate.casts import is_changed
from triosigno_db.migrator.autogenerate.change import Change, columns_of
from triosigno_db.migrator.autogenerate.deparsed import base_type
from triosigno_db.migrator.autogenerate.findings import Finding, Today
from triosigno_db.schema.catalog import Column


def find_losses(change: Change, today: Today) -> Iterator[Finding]:
    """Find the rows and values that a change would delete, and the values that it would change.

    A conversion changes a value if its opposite does not give the same value again. The statements
    for those fail if a value can't be converted at all, so run them after `find_blockers` found
    nothing.

    Args:
        change: The change.
        today: The names where the rows are counted.

    Yields:
        The possible losses. Whether there are such rows is up to the database.
    """
    for name in change.old.tables:
        source = today.source(name)
        if source is not None and name not in change.new.tables:
            yield Finding(
                f"the table {today.describe(name)} and its rows",
                f"SELECT * FROM {source}",  # noqa: S608 (quoted names)
            )
    for name in change.kept:
        old, new = (columns_of(each.tables[name]) for each in (change.old, change.new))
        for key, column in old.items():
            yield from _losses_of(change, today, name, column, new.get(key))


def _losses_of(
    change: Change, today: Today, table: str, old: Column, new: Column | None
) -> Iterator[Finding]:
    source, value = today.source(table), today.column(table, old.name)
    if source is None or value is None:
        return
    about = today.describe(table, old.name)
    if new is None:
        yield Finding(
            f"the column {about}",
            f"SELECT * FROM {source} WHERE {value} IS NOT NULL",  # noqa: S608 (quoted names)
        )
    elif old.type != new.type and not _has_labels(change, old.type, new.type):
        condition = is_changed(value, old.type, new)
        if condition is not None:
            yield Finding(
                f"values of {about}, which becomes {new.type}, it was {old.type}",
                f"SELECT * FROM {source} WHERE {condition}",  # noqa: S608 (quoted names)
            )


def _has_labels(change: Change, *types: str) -> bool:
    return any(base_type(each) in (*change.old.enums, *change.new.enums) for each in types)
