"""What Prisma 8 leaves in a database: it keeps no `_prisma_migrations`, but signs its contract.

A project can go on migrating with Prisma 7 and only sign with Prisma 8, or use Prisma 8 alone.
"""

from enum import StrEnum

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.session import Session

_HAS_MARKER = """
SELECT EXISTS (
    SELECT FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'prisma_contract'
    WHERE c.relname = 'marker' AND c.relkind = 'r')
"""


class Prisma8(StrEnum):
    """What Prisma 8 does with a database."""

    ABSENT = "absent"
    """It has not been used there."""

    SIGNS = "signs"
    """It has signed the schema, and the history is in the ledger of Prisma 5 to 7."""

    MANAGES = "manages"
    """It manages the schema alone: there is no ledger of Prisma 5 to 7."""


SIGN_AGAIN = (
    "Prisma 8 has signed this database: run prisma db sign after a deployment. prisma db update "
    "would drop the indexes and CHECK constraints that its contract does not have."
)
"""What to do in a database that Prisma 8 signs."""

MANAGED_ALONE = (
    "Prisma 8 manages this database without the ledger _prisma_migrations, so that migrations "
    "can't be recorded here. The library's functions work on its tables. For searches and "
    "idempotency keys, run the scripts of search_indexes and idempotency_keys in the package's "
    "migrations/ with psql; add the indexes to Prisma's contract."
)
"""What to do in a database that Prisma 8 manages alone."""

ADVICE = {Prisma8.SIGNS: SIGN_AGAIN, Prisma8.MANAGES: MANAGED_ALONE}
"""What to do in a database that Prisma 8 has used."""


def find_prisma_8(session: Session) -> Prisma8:
    """Look for the marker of Prisma 8.

    Args:
        session: A session in the database.

    Returns:
        What Prisma 8 does there.
    """
    ((has_marker,),) = session.run(_HAS_MARKER)
    if not has_marker:
        return Prisma8.ABSENT
    return Prisma8.SIGNS if Ledger(session).exists() else Prisma8.MANAGES


def refuse_prisma_8_alone(session: Session) -> None:
    """Refuse to begin a second history in a database that Prisma 8 manages alone.

    Args:
        session: A session in the database.

    Raises:
        MigrationError: Prisma 8 manages the database, and there is no ledger of Prisma 5 to 7.
    """
    if find_prisma_8(session) is Prisma8.MANAGES:
        raise MigrationError(f"{MANAGED_ALONE} Nothing was changed.")
