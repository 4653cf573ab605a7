"""Read the physical schema from the catalogs of PostgreSQL, and compare two schemas."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from triosigno_db.database.execution import run_sql
from triosigno_db.database.quoting import literal
from triosigno_db.database.transactions import transaction
from triosigno_db.models.search import SEARCH_INDEXES

Run = Callable[[str], list[tuple[Any, ...]]]

CATALOGS = "pg_catalog, pg_temp"
"""The search path on which no object of the data's schema is found, whoever has put it there."""

_SEARCH_PATH = "SELECT pg_catalog.current_setting('search_path')"
_SET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', %(path)s, true)"

_OPTIONAL_INDEXES = f"ARRAY[{', '.join(repr(name) for name in SEARCH_INDEXES)}]"

# These run with the schema as search path, and its name is removed from index definitions, so that
# no name is qualified and two schemas compare equal. Others may have put functions and operators
# there: each function is that of `pg_catalog`, and each operator fits its operands exactly.
_ENUMS = """
    SELECT t.typname, pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FROM pg_type t
    JOIN pg_enum e ON e.enumtypid = t.oid
    JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname = pg_catalog.current_schema()
    GROUP BY t.typname
"""
_COLUMNS = """
    SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
           NOT a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid),
           a.attidentity <> ''
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = pg_catalog.current_schema()
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p')
    ORDER BY c.relname, a.attnum
"""
_INDEXES = """
    SELECT c.relname, i.relname,
           pg_catalog.replace(
               pg_catalog.replace(pg_catalog.pg_get_indexdef(i.oid), ' ON pg_temp.', ' ON '),
               ' ON ' || pg_catalog.quote_ident(pg_catalog.current_schema()) || '.', ' ON ')
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class c ON c.oid = x.indrelid AND c.relkind IN ('r', 'p')
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = pg_catalog.current_schema()
    -- Whether a server has these depends on its extensions.
    WHERE i.relname <> ALL ({optional})
""".replace("{optional}", _OPTIONAL_INDEXES)
# Since version 18, NOT NULL is a constraint as well ('n'); the columns include it already.
_CONSTRAINTS = """
    SELECT c.relname, o.conname, pg_catalog.pg_get_constraintdef(o.oid)
    FROM pg_constraint o
    JOIN pg_class c ON c.oid = o.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = pg_catalog.current_schema()
    WHERE o.contype <> 'n'
"""


_PRINT_SETTINGS = {
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "lc_monetary": "C",
}
"""The settings that change how definitions are printed, and the values for comparisons.

A role or a database may have others (ALTER ROLE ... SET), a shadow database has not.
"""

_READ_PRINT_SETTINGS = "SELECT " + ", ".join(
    f"pg_catalog.current_setting('{name}')" for name in _PRINT_SETTINGS
)

NOT_VALID = " NOT VALID"
"""The suffix of a constraint that existing rows were not checked against."""


class Column(NamedTuple):
    """A column as PostgreSQL prints it."""

    name: str
    type: str
    nullable: bool
    default: str | None
    is_identity: bool = False

    def __str__(self) -> str:
        null = "" if self.nullable else " NOT NULL"
        default = f" DEFAULT {self.default}" if self.default is not None else ""
        return f"{self.type}{null}{default}"


@dataclass(frozen=True)
class Table:
    """A table: its columns in order, its indexes and constraints by name."""

    columns: tuple[Column, ...]
    indexes: Mapping[str, str]
    constraints: Mapping[str, str]

    def by_name(self) -> "Table":
        """Sort the columns by name.

        Returns:
            The same table with sorted columns.
        """
        return Table(tuple(sorted(self.columns)), self.indexes, self.constraints)


@dataclass(frozen=True)
class Catalog:
    """The tables and enum types of one schema, by name; the labels of an enum are in order."""

    tables: Mapping[str, Table]
    enums: Mapping[str, tuple[str, ...]]

    @property
    def is_empty(self) -> bool:
        """Whether there is no table and no enum type."""
        return not self.tables and not self.enums

    def only(self, tables: Collection[str], enums: Collection[str]) -> "Catalog":
        """Keep only some tables and enum types.

        Args:
            tables: The tables to keep.
            enums: The enum types to keep.

        Returns:
            A smaller catalog.
        """
        return Catalog(
            {name: table for name, table in self.tables.items() if name in tables},
            {name: labels for name, labels in self.enums.items() if name in enums},
        )


class Difference(NamedTuple):
    """A difference between the expected and the actual schema.

    Attributes:
        what: The object, such as `column "User"."email"`.
        expected: The expected definition, or `None` if the object is not expected.
        found: The actual definition, or `None` if the object is missing.
    """

    what: str
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.what} is missing: {self.expected}"
        if self.expected is None:
            return f"{self.what} is not expected: {self.found}"
        return f"{self.what} is {self.found}, expected {self.expected}"


@contextmanager
def searching(path: str) -> Iterator[None]:
    """Set the search path of the transaction in progress, until the end of the block.

    Args:
        path: A value for `SET search_path`, such as `'"public"'`.
    """
    ((earlier,),) = run_sql(_SEARCH_PATH)
    run_sql(_SET_SEARCH_PATH, path=path)
    yield
    run_sql(_SET_SEARCH_PATH, path=earlier)


def read_catalog(search_path: str) -> Catalog:
    """Read the first schema of a search path.

    Args:
        search_path: A value for `SET search_path`, such as `'"public"'`.

    Returns:
        The tables and enum types; none if the schema does not exist.
    """
    with transaction(), searching(search_path):
        return read_current_schema(run_sql)


def read_current_schema(run: Run) -> Catalog:
    """Read the current schema of a session.

    Args:
        run: Runs a statement in that session and returns its rows.

    Returns:
        The tables and enum types; none if the schema does not exist.
    """
    with _pinned_print_settings(run):
        columns, indexes, constraints, enums = map(run, (_COLUMNS, _INDEXES, _CONSTRAINTS, _ENUMS))
    tables = {
        table: Table(
            tuple(Column(*row[1:]) for row in columns if row[0] == table and row[1] is not None),
            {name: text for owner, name, text in indexes if owner == table},
            {name: text for owner, name, text in constraints if owner == table},
        )
        for table in dict.fromkeys(row[0] for row in columns)
    }
    return Catalog(tables, {name: tuple(labels) for name, labels in enums})


def compare(expected: Catalog, found: Catalog) -> tuple[Difference, ...]:
    """Compare two catalogs.

    Args:
        expected: The expected catalog.
        found: The actual catalog.

    Returns:
        The differences; none if the catalogs are equal.
    """
    return tuple(_differences(expected, found))


def _differences(expected: Catalog, found: Catalog) -> Iterator[Difference]:
    yield from _compare_texts(
        "enum {}",
        {name: ", ".join(labels) for name, labels in expected.enums.items()},
        {name: ", ".join(labels) for name, labels in found.enums.items()},
    )
    for name in _all_names(expected.tables, found.tables):
        wanted, there = expected.tables.get(name), found.tables.get(name)
        if wanted is None or there is None:
            yield Difference(f'table "{name}"', _outline(wanted), _outline(there))
        else:
            yield from _compare_tables(name, wanted, there)


def _compare_tables(name: str, expected: Table, found: Table) -> Iterator[Difference]:
    wanted = {column.name: str(column) for column in expected.columns}
    there = {column.name: str(column) for column in found.columns}
    yield from _compare_texts(f'column "{name}".{{}}', wanted, there)
    if list(wanted) != list(there) and wanted.keys() == there.keys():
        yield Difference(f'order of columns of "{name}"', ", ".join(wanted), ", ".join(there))
    yield from _compare_texts(f'index {{}} of "{name}"', expected.indexes, found.indexes)
    yield from _compare_texts(
        f'constraint {{}} of "{name}"',
        {constraint: as_valid(text) for constraint, text in expected.constraints.items()},
        {constraint: as_valid(text) for constraint, text in found.constraints.items()},
    )


def _compare_texts(
    what: str, expected: Mapping[str, str], found: Mapping[str, str]
) -> Iterator[Difference]:
    for name in _all_names(expected, found):
        if expected.get(name) != found.get(name):
            yield Difference(what.format(f'"{name}"'), expected.get(name), found.get(name))


def is_same_constraint(one: str | None, other: str | None) -> bool:
    """Return whether two constraints are the same, ignoring NOT VALID.

    Args:
        one: A constraint as PostgreSQL prints it, or `None`.
        other: Another constraint, or `None`.

    Returns:
        `True` if they are the same, even if only one of them is NOT VALID.
    """
    return (one and as_valid(one)) == (other and as_valid(other))


def as_valid(constraint: str) -> str:
    """Remove NOT VALID from a constraint.

    Args:
        constraint: A constraint as PostgreSQL prints it.

    Returns:
        The constraint without NOT VALID.
    """
    return constraint.removesuffix(NOT_VALID)


@contextmanager
def _pinned_print_settings(run: Run) -> Iterator[None]:
    """Set what definitions are printed with; restore it, unless an error ends the transaction."""
    (earlier,) = run(_READ_PRINT_SETTINGS)
    _set(run, _PRINT_SETTINGS)
    yield
    _set(run, dict(zip(_PRINT_SETTINGS, earlier, strict=True)))


def _set(run: Run, settings: Mapping[str, str]) -> None:
    calls = (
        f"pg_catalog.set_config('{name}', {literal(value)}, false)"
        for name, value in settings.items()
    )
    run(f"SELECT {', '.join(calls)}")


def _all_names(*mappings: Iterable[str]) -> list[str]:
    return sorted({name for mapping in mappings for name in mapping})


def _outline(table: Table | None) -> str | None:
    return None if table is None else ", ".join(column.name for column in table.columns)
