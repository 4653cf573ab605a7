"""What a new migration would lose in a database, and what would make it fail there."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import psycopg2

from triosigno_db.database.quoting import literal
from triosigno_db.migrator.autogenerate.blockers import find_blockers
from triosigno_db.migrator.autogenerate.change import Change, columns_of
from triosigno_db.migrator.autogenerate.findings import Finding, Today
from triosigno_db.migrator.autogenerate.losses import find_losses
from triosigno_db.migrator.session import Session

_INPUT_CHECK = "pg_input_is_valid"
_OWN_INPUT_CHECK = f"pg_temp.{_INPUT_CHECK}"
_HAS_INPUT_CHECK = f"SELECT pg_catalog.to_regproc('pg_catalog.{_INPUT_CHECK}') IS NOT NULL"
CREATE_INPUT_CHECK = f"""\
CREATE FUNCTION {_OWN_INPUT_CHECK}(value text, type text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE pg_catalog.format('SELECT %L::%s', value, type);
    RETURN true;
EXCEPTION WHEN data_exception THEN
    RETURN false;
END $$"""
"""Creates what servers before version 16 lack."""

# What belongs to the tables themselves is dropped and created again by the migration.
_DEPENDENTS = """
WITH targets (class, object, part, name) AS ({targets})
SELECT DISTINCT targets.name, pg_catalog.pg_describe_object(
    CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END,
    COALESCE(r.ev_class, d.objid),
    CASE WHEN r.oid IS NULL THEN d.objsubid ELSE 0 END)
FROM targets
JOIN pg_catalog.pg_depend d ON d.refclassid = targets.class AND d.refobjid = targets.object
    AND d.deptype = 'n' AND (targets.part IS NULL OR d.refobjsubid = targets.part)
LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND r.oid = d.objid
LEFT JOIN pg_catalog.pg_constraint k
    ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
LEFT JOIN pg_catalog.pg_attrdef f
    ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = d.objid
LEFT JOIN pg_catalog.pg_index i
    ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objid
LEFT JOIN pg_catalog.pg_class c ON c.oid = COALESCE(k.conrelid, f.adrelid, i.indrelid,
    CASE d.classid WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objid END)
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IS NULL OR n.nspname <> %(schema)s OR c.relname <> ALL (%(tables)s::text[])
ORDER BY 1, 2
"""
_TABLE_TARGET = """
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, NULL::pg_catalog.int4, {name}
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema} AND c.relname = {table}"""
_COLUMN_TARGET = """
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum::pg_catalog.int4, {name}
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
    WHERE n.nspname = {schema} AND c.relname = {table} AND a.attname = {column}"""
_TYPE_TARGET = """
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, own.oid, NULL::pg_catalog.int4, {name}
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) own (oid)
    WHERE n.nspname = {schema} AND t.typname = {type}"""


class Obstacles(NamedTuple):
    """What stands in the way of a migration in a database.

    Attributes:
        blockers: What would make it fail, each with the statement that finds the rows.
        losses: What it would delete or change.
    """

    blockers: tuple[str, ...]
    losses: tuple[str, ...]


def find_obstacles(session: Session, change: Change, today: Today) -> Obstacles:
    """Count the rows that a change would lose, and those because of which it would fail.

    Args:
        session: A session in the database, in a transaction.
        change: The change.
        today: The names that tables and columns have in the database.

    Returns:
        What was found.
    """
    there = _only_present(session, today)
    objects = tuple(_dependents(session, change, there))
    rows = tuple(count_rows(session, find_blockers(change, there), with_query=True))
    if objects or rows:
        return Obstacles((*objects, *rows), ())
    return Obstacles((), tuple(count_rows(session, find_losses(change, there), with_query=False)))


def count_rows(session: Session, findings: Iterable[Finding], *, with_query: bool) -> Iterator[str]:
    """Count the rows of findings.

    Args:
        session: A session in the database, in a transaction.
        findings: What to count.
        with_query: Whether to tell the statement that selects the rows.

    Yields:
        A description of each that has rows.
    """
    needs_function = False
    for finding in findings:
        query = finding.query
        if f"NOT {_INPUT_CHECK}(" in query and not _has_input_check(session):
            query = query.replace(f"NOT {_INPUT_CHECK}(", f"NOT {_OWN_INPUT_CHECK}(")
            if not needs_function:
                session.run(CREATE_INPUT_CHECK)
            needs_function = True
            shown = f"{CREATE_INPUT_CHECK};\n{query}"
        else:
            shown = query
        if rows := _count(session, query):
            counted = f"{finding.what} ({rows:,} row{'' if rows == 1 else 's'})"
            yield f"{counted}: {shown};" if with_query else counted


def _has_input_check(session: Session) -> bool:
    ((has,),) = session.run(_HAS_INPUT_CHECK)
    return bool(has)


def _count(session: Session, query: str) -> int:
    session.run("SAVEPOINT counting")
    try:
        ((rows,),) = session.run_raw(f"SELECT pg_catalog.count(*) FROM ({query}) AS found")  # noqa: S608 (quoted names)
    except (psycopg2.DataError, psycopg2.ProgrammingError):
        # A value that does not fit is found by a statement of its own; and an expression that
        # can't be evaluated with today's columns shows when the script runs.
        session.run("ROLLBACK TO SAVEPOINT counting")
        return 0
    session.run("RELEASE SAVEPOINT counting")
    return int(rows)


def _only_present(session: Session, today: Today) -> Today:
    tables = session.read_catalog().tables
    return Today(
        {name: there for name, there in today.tables.items() if there in tables},
        {
            (table, name): there
            for (table, name), there in today.columns.items()
            if (found := tables.get(today.tables[table])) and there in columns_of(found)
        },
        session.schema_name,
    )


def _dependents(session: Session, change: Change, today: Today) -> Iterator[str]:
    targets = list(_targets(session.schema_name, change, today))
    if targets:
        query = _DEPENDENTS.replace("{targets}", " UNION ALL ".join(targets)).replace("%", "%%")
        query = query.replace("%%(", "%(")
        known = [*today.tables.values()]
        for name, dependent in session.run(query, schema=session.schema_name, tables=known):
            yield f"{name} can't be changed: {dependent} depends on it"


def _targets(schema_name: str, change: Change, today: Today) -> Iterator[str]:
    schema = literal(schema_name)
    for table, there in today.tables.items():
        if table not in change.new.tables and table in change.old.tables:
            yield _TABLE_TARGET.format(schema=schema, table=literal(there), name=literal(there))
    for (table, column), there in today.columns.items():
        if table not in change.kept:
            continue
        is_dropped = column not in columns_of(change.new.tables[table])
        if is_dropped or change.is_retyped(table, column):
            yield _COLUMN_TARGET.format(
                schema=schema,
                table=literal(today.tables[table]),
                column=literal(there),
                name=literal(today.describe(table, column)),
            )
    for enum in change.old.enums:
        if enum in change.rebuilt or enum not in change.new.enums:
            yield _TYPE_TARGET.format(schema=schema, type=literal(enum), name=literal(enum))
