"""Doctor: the rows that break a CHECK constraint, and the constraints that none breaks."""

from typing import NamedTuple

from triosigno_db.database import current_database
from triosigno_db.ddl import quote
from triosigno_db.migrator.session import MigrationSession, open_session
from triosigno_db.models import MODELS

EXAMPLES = 5
"""How many ids of broken rows are shown."""

_VALIDITY = """
SELECT o.conname, o.convalidated FROM pg_constraint o
JOIN pg_namespace n ON n.oid = o.connamespace AND n.nspname = current_schema()
WHERE o.contype = 'c'
"""


class CheckReport(NamedTuple):
    """What a constraint's rows look like.

    Attributes:
        name: The constraint.
        table: Its table.
        condition: What it asks for, in SQL.
        broken: How many rows do not keep to it.
        examples: Ids of some of them, 5 at most.
        is_present: Whether the database has the constraint.
        is_validated: Whether PostgreSQL knows that all rows keep to it.
    """

    name: str
    table: str
    condition: str
    broken: int
    examples: tuple[str, ...]
    is_present: bool
    is_validated: bool


def examine(*, validate: bool = True) -> tuple[CheckReport, ...]:
    """Count the rows that break each of the models' CHECK constraints.

    Args:
        validate: Let PostgreSQL validate the constraints that no row breaks.

    Returns:
        A report for each constraint, in the order of the models.

    Raises:
        SchemaMismatchError: A table is missing.
        TrioSignoDBError: As for every function: not connected, unavailable.
    """
    with open_session(current_database().settings) as session:
        validity: dict[str, bool] = dict(session.run(_VALIDITY))
        return tuple(
            _examine(session, model._meta.table_name, name, condition, validity, validate=validate)
            for model in MODELS
            for name, condition in model._meta.checks
        )


def _examine(
    session: MigrationSession,
    table: str,
    name: str,
    condition: str,
    validity: dict[str, bool],
    *,
    validate: bool,
) -> CheckReport:
    # The table's and the condition's text are the models' own.
    ((broken,),) = session.run(
        f"SELECT count(*) FROM {quote(table)} WHERE NOT ({condition})"  # noqa: S608
    )
    examples = session.run(
        f"SELECT id FROM {quote(table)} WHERE NOT ({condition}) "  # noqa: S608
        f"ORDER BY id LIMIT {EXAMPLES}"
    )
    is_validated = validity.get(name, False)
    if validate and name in validity and not is_validated and not broken:
        session.run(f"ALTER TABLE {quote(table)} VALIDATE CONSTRAINT {quote(name)}")
        is_validated = True
    ids = tuple(row_id for (row_id,) in examples)
    return CheckReport(name, table, condition, broken, ids, name in validity, is_validated)
