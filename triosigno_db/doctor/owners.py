"""Check the owners: objects of other roles in the schemas of the library, and an unsafe ledger."""

from collections.abc import Iterator

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.ledger_safety import ledger_flaws
from triosigno_db.models.keys import KEYS_SCHEMA
from triosigno_db.schema.owners import foreign_objects

SUBJECT = "owners"

MOST_LISTED = 20
"""The maximum number of objects that are listed."""


def check_owners(context: CheckContext) -> Iterator[Finding]:
    """Find objects of unexpected roles in the schemas, which can run code in sessions of others.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        flaws = ledger_flaws(session, writes=True)
        found = foreign_objects(session.run, session.schema_name)
    schemas = f"the schemas {context.settings.schema_name} and {KEYS_SCHEMA}"
    if flaws:
        yield Finding(
            SUBJECT,
            "error",
            "The ledger is not safe to use: deployments refuse it.",
            "Find out who has made it or changed it.",
            tuple(f"it {flaw.what}: {flaw.fix}" for flaw in flaws),
        )
    if found:
        owners = sorted({each.owner for each in found})
        listed = tuple(map(str, found[:MOST_LISTED]))
        more = len(found) - len(listed)
        yield Finding(
            SUBJECT,
            "warning",
            f"{_objects(len(found))} in {schemas} to {', '.join(owners)}.",
            "Find out why; drop the objects, or change their owner, and revoke CREATE on the "
            "schemas from PUBLIC and from these roles.",
            (*listed, f"and {more:,} more") if more else listed,
        )
    if not (flaws or found):
        yield Finding(SUBJECT, "ok", f"No other role owns anything in {schemas}.")


def _objects(number: int) -> str:
    return "1 object belongs" if number == 1 else f"{number:,} objects belong"
