"""Rows that break a CHECK constraint, and the constraints that none breaks."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from triosigno_db.database.lifecycle import current_database
from triosigno_db.doctor.context import Examination
from triosigno_db.doctor.findings import CheckReport, Finding, could_not_look
from triosigno_db.errors import TrioSignoDBError
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.session import MigrationSession, open_session
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.schema.ddl import quote

SUBJECT = "rows"

EXAMPLES = 5
"""How many ids of broken rows are shown."""

_CHECKS = """
SELECT o.conname, o.convalidated, pg_has_role(c.relowner, 'USAGE') AND NOT pg_is_in_recovery()
FROM pg_constraint o
JOIN pg_class c ON c.oid = o.conrelid
JOIN pg_namespace n ON n.oid = o.connamespace AND n.nspname = current_schema()
WHERE o.contype = 'c'
"""


class _Check(NamedTuple):
    is_validated: bool
    may_validate: bool


def examine(*, validate: bool = True) -> tuple[CheckReport, ...]:
    """Count the rows that break each of the models' CHECK constraints.

    Args:
        validate: Let PostgreSQL validate the constraints that no row breaks, where the role owns
            their tables.

    Returns:
        A report for each constraint, in the order of the models.

    Raises:
        SchemaMismatchError: A table is missing.
        TrioSignoDBError: As for every function: not connected, unavailable.
    """
    with open_session(current_database().settings) as session:
        return tuple(
            report for model in MODELS for report in _examine(session, model, validate=validate)
        )


def examine_rows(examination: Examination) -> Iterator[Finding]:
    """Count the rows that break rules; the reports go to the examination.

    Args:
        examination: Where to look.

    Yields:
        What is found.
    """
    with examination.reading() as session:
        there = set(Ledger(session).other_tables())
    reports: list[CheckReport] = []
    for model in MODELS:
        if model._meta.table_name not in there:
            continue
        try:
            with examination.working() as session:
                # Counting reads each row once: on a large table that may take its time.
                session.run("SET LOCAL statement_timeout = 0")
                reports += _examine(session, model, validate=examination.validate)
        except TrioSignoDBError as exc:
            yield could_not_look(SUBJECT, exc)
    examination.checks.extend(reports)
    yield from _judge(reports)
    if not there.issuperset(model._meta.table_name for model in MODELS):
        yield Finding(SUBJECT, "unknown", "Tables are missing: there are no rows to look at.")


def _judge(reports: list[CheckReport]) -> Iterator[Finding]:
    broken = [report for report in reports if report.broken]
    for report in broken:
        rows = "1 row breaks" if report.broken == 1 else f"{report.broken:,} rows break"
        yield Finding(
            SUBJECT,
            "error",
            f"{rows} {report.name} of {report.table}: {report.condition}",
            "Mend the rows; the doctor then has the rule validated.",
            report.examples,
        )
    if missing := tuple(report.name for report in reports if not report.is_present):
        yield Finding(
            SUBJECT,
            "warning",
            f"{_rules(len(missing))} missing: nothing keeps rows from breaking them.",
            "triosigno-db migrate deploy; if they were applied already, put them back.",
            missing,
        )
    unsure = [each for each in reports if each.is_present and not each.is_validated]
    if clean := tuple(report.name for report in unsure if not report.broken):
        yield Finding(
            SUBJECT,
            "warning",
            f"{_rules(len(clean))} kept by all rows, and not validated.",
            "triosigno-db doctor, as the role that owns the tables and without --no-validate",
            clean,
        )
    if reports and not broken:
        yield Finding(SUBJECT, "ok", f"No row breaks any of the {len(reports)} rules.")


def _rules(number: int) -> str:
    return "1 rule is" if number == 1 else f"{number} rules are"


def _examine(
    session: MigrationSession, model: type[BaseModel], *, validate: bool
) -> Iterator[CheckReport]:
    table = model._meta.table_name
    rows: Any = session.run(_CHECKS) if model._meta.checks else ()
    there = {name: _Check(*facts) for name, *facts in rows}
    for name, condition in model._meta.checks:
        # The table's and the condition's text are the models' own.
        breaking = f"FROM {quote(table)} WHERE NOT ({condition})"
        ((broken,),) = session.run(f"SELECT count(*) {breaking}")
        examples = (
            session.run(f"SELECT id {breaking} ORDER BY id LIMIT {EXAMPLES}") if broken else []
        )
        check = there.get(name)
        is_validated = check is not None and check.is_validated
        if validate and check and check.may_validate and not is_validated and not broken:
            session.run(f"ALTER TABLE {quote(table)} VALIDATE CONSTRAINT {quote(name)}")
            is_validated = True
        ids = tuple(row_id for (row_id,) in examples)
        yield CheckReport(name, table, condition, broken, ids, check is not None, is_validated)
