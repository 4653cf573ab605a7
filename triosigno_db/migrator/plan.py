"""The next migration: both of its scripts, checked in a shadow database."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.autogenerate.blockers import find_blockers
from triosigno_db.migrator.autogenerate.change import Change
from triosigno_db.migrator.autogenerate.columns import restored_columns
from triosigno_db.migrator.autogenerate.findings import Today
from triosigno_db.migrator.autogenerate.script import write_script
from triosigno_db.migrator.diff import without_positions
from triosigno_db.migrator.executor import run_script
from triosigno_db.migrator.renames import (
    Rename,
    find_column_renames,
    find_key_renames,
    find_table_renames,
    take_given_rename,
)
from triosigno_db.migrator.script import REFUSE_IF_ANY
from triosigno_db.migrator.session import Session
from triosigno_db.migrator.table_numbers import NumberedTable, match_names, read_tables
from triosigno_db.schema.catalog import Catalog, Table, compare

Ask = Callable[[Rename], bool]
Own = Callable[[Catalog], Catalog]


def whole(catalog: Catalog) -> Catalog:
    """Keep all of a catalog.

    Args:
        catalog: The catalog.

    Returns:
        The same.
    """
    return catalog


class Plan(NamedTuple):
    """The next migration.

    Attributes:
        up: The script.
        down: The script that undoes it.
        change: The change of the schema, after the renames.
        today: The names that the tables and columns of the change have in the database.
    """

    up: str
    down: str
    change: Change
    today: Today


def plan_migration(
    shadow: Session,
    deployed: dict[int, NumberedTable],
    declared: Catalog,
    renames: Collection[str],
    is_rename: Ask,
    *,
    own: Own = whole,
) -> Plan | None:
    """Write both scripts of the next migration, and run them.

    Args:
        shadow: A shadow database after the history.
        deployed: The tables of the shadow database after what is deployed.
        declared: The schema that the models declare.
        renames: Renames, such as `Thing:Object` and `Object.size:width`.
        is_rename: Decides whether another drop and addition are a rename.
        own: Keeps of a catalog what the migration may change.

    Returns:
        The migration; `None` if the history matches the models.

    Raises:
        InvalidInputError: A rename names what is neither dropped nor added.
        MigrationError: The scripts do not produce the expected schemas.
    """

    def read() -> Catalog:
        return own(shadow.read_catalog())

    before = read()
    made: list[Rename] = []
    with shadow.rolled_back():
        for rename in _renames(read, declared, renames, is_rename):
            run_script(shadow, "the rename", rename.up)
            made.append(rename)
        renamed = _sort_shared(read(), declared)
        today = match_names(deployed, read_tables(shadow), shadow.schema_name)
    target = _sort_shared(declared, renamed)
    change, undo = Change(renamed, target), Change(target, renamed)
    up, down = write_script(renamed, target), write_script(target, renamed, is_undo=True)
    if not made and not up:
        return None
    first = "\n".join(("-- Rename", *(rename.up for rename in made))) if made else ""
    last = "\n".join(("-- Rename", *(rename.down for rename in made[::-1]))) if made else ""
    refusals = "\n".join(_refusals(undo))
    plan = Plan(_join(first, up), _join(refusals, down, last), change, today)
    relaxed = {(each.table, each.column.name) for each in restored_columns(undo) if each.is_relaxed}
    with shadow.transaction():
        run_script(shadow, "the new migration", plan.up)
    _check(read(), target)
    with shadow.transaction():
        run_script(shadow, "the new migration", write_script(target, renamed, is_undo=True))
        _check(read(), _relax(renamed, relaxed))
        run_script(shadow, "the new migration", last)
    if not relaxed:
        _check(read(), without_positions(before))
    return plan


def _sort_shared(catalog: Catalog, other: Catalog) -> Catalog:
    """Sort the columns of the tables that both have; a new table has its own order."""
    tables = {
        name: table.by_name() if name in other.tables else table
        for name, table in catalog.tables.items()
    }
    return Catalog(tables, catalog.enums)


def _renames(
    read: Callable[[], Catalog], declared: Catalog, given: Collection[str], is_rename: Ask
) -> Iterator[Rename]:
    """Yield the renames in an order in which they can be made; each is made before the next."""
    asked: set[str] = set()
    remaining = list(given)
    while rename := take_given_rename(read(), declared, remaining):
        yield rename
    for find in (find_table_renames, find_column_renames):
        while rename := _next(find(read(), declared), asked):
            asked.add(rename.option)
            if is_rename(rename):
                yield rename
    while rename := next(iter(find_key_renames(read(), declared)), None):
        yield rename


def _next(candidates: tuple[Rename, ...], asked: set[str]) -> Rename | None:
    return next((each for each in candidates if each.option not in asked), None)


def _refusals(undo: Change) -> Iterator[str]:
    """Write the statements that find what would make `down.sql` fail; `rollback` runs them first.

    What older servers can't tell is found when `rollback` tries the script.
    """
    for finding in find_blockers(undo, Today.of(undo.old), is_undo=True):
        if "\n" not in finding.query and "pg_input_is_valid" not in finding.query:
            what = " ".join(finding.what.split())
            yield f"-- It can't be undone if {what}:"
            yield f"{REFUSE_IF_ANY} {finding.query}"


def _join(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _relax(catalog: Catalog, relaxed: set[tuple[str, str]]) -> Catalog:
    tables = {
        name: Table(
            tuple(
                column._replace(nullable=column.nullable or (name, column.name) in relaxed)
                for column in table.columns
            ),
            table.indexes,
            table.constraints,
        )
        for name, table in catalog.tables.items()
    }
    return Catalog(tables, catalog.enums)


def _check(found: Catalog, expected: Catalog) -> None:
    if differences := compare(without_positions(expected), without_positions(found)):
        listed = "; ".join(map(str, differences))
        raise MigrationError(f"The generated script does not produce the expected schema: {listed}")
