"""Check for drift: compare the schema with the result of the applied migrations."""

from collections.abc import Iterator

from triosigno_db.compatibility.from_catalog import from_catalog
from triosigno_db.compatibility.judgement import judge
from triosigno_db.compatibility.needs import library_needs
from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.deploy import IN_DATABASE, HistoryStatus
from triosigno_db.migrator.diff import without_positions
from triosigno_db.migrator.history import Migration
from triosigno_db.migrator.project import read_histories
from triosigno_db.migrator.session import Session
from triosigno_db.migrator.shadow import temporary_catalogs
from triosigno_db.models import all_models
from triosigno_db.models.keys import KEYS_SCHEMA
from triosigno_db.models.search import FOLD_FUNCTION, FOLD_NAME, FOLD_SIGNATURE
from triosigno_db.schema.catalog import Catalog, Difference, compare
from triosigno_db.schema.ddl import to_sql
from triosigno_db.schema.own_objects import can_index_trigrams
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

SUBJECT = "drift"

_MAY_COMPARE = (
    "SELECT has_database_privilege(current_database(), 'TEMPORARY'), NOT pg_is_in_recovery()"
)
_FUNCTION_BODIES = """
SELECT prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = %(schema)s AND p.proname = %(name)s
"""


def check_drift(context: CheckContext) -> Iterator[Finding]:
    """Compare the schema with the result of the applied migrations.

    They are replayed as temporary tables in a transaction that is rolled back. If the role may not
    read the ledger, the models are used instead. The check of indexes reports missing indexes.

    Args:
        context: The context of the checks.

    Yields:
        The findings.

    Raises:
        MigrationError: The history on disk is invalid or cannot be replayed.
    """
    with context.reading() as session:
        ((may_make_tables, is_primary),) = session.run(_MAY_COMPARE)
        live = without_positions(session.read_catalog())
        if not can_index_trigrams(session.run):
            live = live.without_trigrams()
        if live.tables:
            yield from _judge_function(session)
    if not (may_make_tables and is_primary):
        why = "The role may not create" if is_primary else "A replica cannot create"
        yield Finding(
            SUBJECT,
            "unknown",
            f"{why} the temporary tables for the comparison of the schema.",
            "Run the doctor on the primary as the role that owns the tables.",
        )
        return
    origin, migrations = _origin(context)
    if not migrations or not live.tables:
        yield Finding(SUBJECT, "unknown", "No migration is applied: there is nothing to compare.")
        return
    catalogs = temporary_catalogs(context.session, migrations)
    yield from _judge(origin, without_positions(catalogs[migrations[-1].name]), live)


def _judge_function(session: Session) -> Iterator[Finding]:
    bodies = session.run(_FUNCTION_BODIES, schema=KEYS_SCHEMA, name=FOLD_NAME)
    if not bodies:
        yield Finding(
            SUBJECT,
            "error",
            f"The function {FOLD_SIGNATURE} is missing: searches fail.",
            "Run triosigno-db migrate deploy; if that is done, create_schema().",
        )
    elif any(body not in FOLD_FUNCTION for (body,) in bodies):
        yield Finding(
            SUBJECT,
            "warning",
            f"The function {FOLD_SIGNATURE} is not that of the library: searches may find less.",
            "Drop it with its indexes, then run create_schema() and create the indexes again.",
        )


def _origin(context: CheckContext) -> tuple[str, list[Migration]]:
    if not context.may_read_ledger():
        models = Migration("models", to_sql(all_models()), "", None, frozenset())
        return "the models", [models]
    migrations = read_histories(context.history, context.project)
    states = HistoryStatus(context.read_states(migrations) or ())
    applied = states.named(*IN_DATABASE)
    return "the applied migrations", [each for each in migrations if each.name in applied]


def _judge(origin: str, expected: Catalog, live: Catalog) -> Iterator[Finding]:
    ours = live.only({*expected.tables} - {LEDGER_TABLE}, expected.enums)
    changes = judge(from_catalog(expected), from_catalog(ours), library_needs())
    breaking = [change for change in changes if change.breaks]
    for change in breaking:
        broken = tuple(f"{function}()" for function in change.functions)
        yield Finding(SUBJECT, "error", f"{change}: {change.effect}.", change.advice, broken)
    if breaking:
        return
    # The check of indexes reports missing ones.
    differences = [each for each in compare(expected, ours) if not _is_missing_index(each)]
    slower = [each for each in differences if _is_own_index_or_constraint(each)]
    number = len(slower or differences)
    told = f"{number} {'difference' if number == 1 else 'differences'} from {origin}"
    if slower:
        yield Finding(
            SUBJECT,
            "warning",
            f"{told}: all functions work, but indexes or constraints are not the library's.",
            "triosigno-db schema sql prints their definitions.",
            tuple(map(str, slower)),
        )
    elif differences:
        details = tuple(map(str, differences))
        yield Finding(SUBJECT, "ok", f"{told}: all functions work.", details=details)
    else:
        yield Finding(SUBJECT, "ok", f"All {len(expected.tables)} tables match {origin}.")


def _is_missing_index(difference: Difference) -> bool:
    return difference.what.startswith("index ") and difference.found is None


def _is_own_index_or_constraint(difference: Difference) -> bool:
    is_own = difference.expected is not None
    return is_own and difference.what.startswith(("index ", "constraint "))
