"""Check the rows: violations of CHECK constraints, and constraints that can be validated."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from triosigno_db.database.quoting import identifier
from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import ConstraintReport, Finding, check_failed
from triosigno_db.errors import TrioSignoDBError
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.session import Session, open_session, resolve_settings
from triosigno_db.models import BaseModel, all_models
from triosigno_db.schema.owners import TRUSTED_OWNERS, owner_parameters
from triosigno_db.settings import Settings

SUBJECT = "rows"

EXAMPLES = 5
"""The maximum number of ids in a report."""

# Validation runs the condition that is stored, which is the choice of the table's owner.
_CHECKS = f"""
SELECT o.conname, o.convalidated,
       pg_has_role(c.relowner, 'USAGE') AND NOT pg_is_in_recovery()
       AND c.relowner IN ({TRUSTED_OWNERS})
FROM pg_constraint o
JOIN pg_class c ON c.oid = o.conrelid
JOIN pg_namespace n ON n.oid = o.connamespace AND n.nspname = %(schema)s
WHERE o.contype = 'c'
"""  # noqa: S608 (a constant)


class _Check(NamedTuple):
    is_validated: bool
    may_validate: bool


def check_constraints(
    url_or_settings: str | Settings | None = None, *, validate: bool = True
) -> tuple[ConstraintReport, ...]:
    """Count the rows that violate each of the models' CHECK constraints.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        validate: Validate the constraints that no row violates, if the role owns their tables.

    Returns:
        A report for each constraint, in the order of the models.

    Raises:
        SchemaMismatchError: A table is missing.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    with open_session(resolve_settings(url_or_settings)) as session:
        return tuple(
            report
            for model in all_models()
            for report in _check_model(session, model, validate=validate)
        )


def check_rows(context: CheckContext) -> Iterator[Finding]:
    """Count the rows that violate CHECK constraints, and add the reports to the context.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        there = set(Ledger(session).other_tables())
    reports: list[ConstraintReport] = []
    for model in all_models():
        if model._meta.table_name not in there:
            continue
        try:
            with context.working() as session:
                # The count reads every row, which may take long on a large table.
                session.run("SET LOCAL statement_timeout = 0")
                reports += _check_model(session, model, validate=context.validate)
        except TrioSignoDBError as exc:
            yield check_failed(SUBJECT, exc)
    context.constraints.extend(reports)
    yield from _judge(reports)
    if not there.issuperset(model._meta.table_name for model in all_models()):
        yield Finding(SUBJECT, "unknown", "Tables are missing: their rows cannot be checked.")


def _judge(reports: list[ConstraintReport]) -> Iterator[Finding]:
    broken = [report for report in reports if report.broken]
    for report in broken:
        rows = "1 row violates" if report.broken == 1 else f"{report.broken:,} rows violate"
        yield Finding(
            SUBJECT,
            "error",
            f"{rows} {report.name} of {report.table}: {report.condition}",
            "Fix the rows; the doctor then validates the constraint.",
            report.examples,
        )
    if missing := tuple(report.name for report in reports if not report.is_present):
        yield Finding(
            SUBJECT,
            "warning",
            f"{_constraints(len(missing))} missing: rows may violate them.",
            "Run triosigno-db migrate deploy; if it was already run, add the constraints again.",
            missing,
        )
    unsure = [each for each in reports if each.is_present and not each.is_validated]
    if clean := tuple(report.name for report in unsure if not report.broken):
        yield Finding(
            SUBJECT,
            "warning",
            f"{_constraints(len(clean))} met by all rows, but not validated.",
            "Run triosigno-db doctor as the role that owns the tables, without --no-validate.",
            clean,
        )
    if reports and not broken:
        yield Finding(SUBJECT, "ok", f"No row violates any of the {len(reports)} constraints.")


def _constraints(number: int) -> str:
    return "1 constraint is" if number == 1 else f"{number} constraints are"


def _check_model(
    session: Session, model: type[BaseModel], *, validate: bool
) -> Iterator[ConstraintReport]:
    name_of_table = model._meta.table_name
    table = session.table(name_of_table)
    parameters = owner_parameters(session.schema_name)
    rows: Any = session.run(_CHECKS, **parameters) if model._meta.checks else ()
    there = {name: _Check(*facts) for name, *facts in rows}
    for name, condition in model._meta.checks:
        # The names and the conditions are constants of the models.
        violating = f"FROM {table} WHERE NOT ({condition})"
        ((broken,),) = session.run(f"SELECT count(*) {violating}")
        examples = (
            session.run(f"SELECT id {violating} ORDER BY id LIMIT {EXAMPLES}") if broken else []
        )
        check = there.get(name)
        is_validated = check is not None and check.is_validated
        if validate and check and check.may_validate and not is_validated and not broken:
            session.run(f"ALTER TABLE {table} VALIDATE CONSTRAINT {identifier(name)}")
            is_validated = True
        ids = tuple(row_id for (row_id,) in examples)
        yield ConstraintReport(
            name, name_of_table, condition, broken, ids, check is not None, is_validated
        )
