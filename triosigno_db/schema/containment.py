"""What a schema lacks of another one, whatever else it has."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from triosigno_db.schema.catalog import Catalog, Column, Difference, as_valid

_SAME_DEFAULTS = {"now()": "CURRENT_TIMESTAMP"}


class Part(NamedTuple):
    """A part of a schema.

    Attributes:
        text: Its definition.
        table: The table that it belongs to; `None` for a table and an enum type.
        labels: The labels of an enum type.
    """

    text: str
    table: str | None = None
    labels: tuple[str, ...] = ()


def missing_from(found: Catalog, expected: Catalog) -> tuple[Difference, ...]:
    """List what a schema lacks of an expected one.

    The order of columns, `now()` for `CURRENT_TIMESTAMP`, and further tables, columns, indexes,
    constraints and enum labels are no difference.

    Args:
        found: The actual catalog.
        expected: What it should contain.

    Returns:
        What is missing or different; none if everything is there.
    """
    return _missing(found, parts(expected))


def missing_of(found: Catalog, before: Catalog, after: Catalog) -> tuple[Difference, ...]:
    """List what a schema lacks of what a migration adds or changes.

    Args:
        found: The actual catalog.
        before: The catalog before the migration.
        after: The catalog after it.

    Returns:
        What is missing or different; none if everything is there.
    """
    return _missing(found, added_parts(before, after))


def parts(catalog: Catalog) -> Mapping[str, Part]:
    """Name the parts of a schema.

    Args:
        catalog: The catalog.

    Returns:
        Each enum type, table, column, index and constraint, by its description.
    """
    return dict(_parts(catalog))


def added_parts(before: Catalog, after: Catalog) -> Mapping[str, Part]:
    """Name the parts that a migration adds or changes.

    Args:
        before: The catalog before it.
        after: The catalog after it.

    Returns:
        The parts by description.
    """
    earlier = parts(before)
    return {what: part for what, part in parts(after).items() if earlier.get(what) != part}


def _parts(catalog: Catalog) -> Iterator[tuple[str, Part]]:
    for name, labels in catalog.enums.items():
        yield f'enum "{name}"', Part(", ".join(labels), labels=labels)
    for name, table in catalog.tables.items():
        yield f'table "{name}"', Part("with its columns")
        for column in table.columns:
            yield f'column "{name}"."{column.name}"', Part(_column(column), name)
        for index, text in table.indexes.items():
            yield f'index "{index}" of "{name}"', Part(text, name)
        for constraint, text in table.constraints.items():
            yield f'constraint "{constraint}" of "{name}"', Part(as_valid(text), name)


def _column(column: Column) -> str:
    default = _SAME_DEFAULTS.get(column.default or "", column.default)
    return str(column._replace(default=default))


def _missing(found: Catalog, expected: Mapping[str, Part]) -> tuple[Difference, ...]:
    there = parts(found)
    return tuple(
        Difference(what, part.text, there[what].text if what in there else None)
        for what, part in expected.items()
        # A missing table is said once.
        if (part.table is None or part.table in found.tables)
        and not (what in there and _contains(there[what], part))
    )


def _contains(found: Part, expected: Part) -> bool:
    labels = iter(found.labels)
    has_labels = all(label in labels for label in expected.labels)  # in this order
    return has_labels if expected.labels else found.text == expected.text
