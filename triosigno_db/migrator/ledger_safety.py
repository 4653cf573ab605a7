"""The safety of the ledger: whether reading or writing it would run the code of another role.

A deployment often runs as a superuser, and finds the ledger by its name. Whoever may create tables
in the schema can create that table before the first deployment, with a trigger on it.
"""

from typing import NamedTuple

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.session import Session
from triosigno_db.schema.owners import TRUSTED_OWNERS, owner_parameters
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

# What Prisma and the library create has nothing of this. Functions of the server itself are not in
# pg_depend, except for what users have added.
_FLAWS = f"""
WITH trusted AS ({TRUSTED_OWNERS})
SELECT flaw, fix FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
JOIN pg_roles r ON r.oid = c.relowner
CROSS JOIN LATERAL (VALUES
    (c.relkind <> 'r' OR c.relispartition OR EXISTS (
         SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)),
     'is not a plain table', 'rename or drop it.'),
    (EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
     'has triggers', 'drop them.'),
    (EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid),
     'has rules', 'drop them.'),
    (c.relrowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid),
     'has row security policies', 'drop and disable them.'),
    (EXISTS (SELECT FROM pg_constraint o
             WHERE o.conrelid = c.oid AND o.contype NOT IN ('p', 'u', 'n')),
     'has constraints besides its keys', 'drop them.'),
    (EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid
             AND (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL)),
     'has indexes on expressions', 'drop them.'),
    (EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
             WHERE a.attrelid = c.oid AND (a.attgenerated <> ''
                 OR t.typnamespace <> 'pg_catalog'::regnamespace)),
     'has generated columns or columns of other types', 'drop them.'),
    (EXISTS (SELECT FROM pg_attrdef e JOIN pg_depend d
                 ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid
             WHERE e.adrelid = c.oid AND d.refclassid IN (
                 'pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)),
     'has defaults that call functions', 'drop them.'),
    (%(writes)s AND c.relowner NOT IN (SELECT oid FROM trusted),
     'belongs to the role ' || quote_ident(r.rolname),
     'if that role made the tables, deploy as that role or as a member of it, or make it the owner '
     'of the schema; if not, drop the table.')
) AS flaws (is_so, flaw, fix)
WHERE c.relname = %(ledger)s AND is_so
"""  # noqa: S608 (a constant)


class LedgerFlaw(NamedTuple):
    """What makes a ledger unsafe.

    Attributes:
        what: The flaw, such as `has triggers`.
        fix: What to do.
    """

    what: str
    fix: str


def ledger_flaws(session: Session, *, writes: bool) -> tuple[LedgerFlaw, ...]:
    """List what makes the ledger unsafe.

    Args:
        session: The session in the database.
        writes: As for `refuse_unsafe_ledger`.

    Returns:
        The flaws; none if the ledger is safe or does not exist.
    """
    parameters = owner_parameters(session.schema_name)
    rows = session.run(_FLAWS, ledger=LEDGER_TABLE, writes=writes, **parameters)
    return tuple(LedgerFlaw(*row) for row in rows)


def refuse_unsafe_ledger(session: Session, *, writes: bool) -> None:
    """Refuse a ledger that runs code, or that an unexpected role owns.

    Args:
        session: The session in the database.
        writes: Whether the ledger is to be written, so that its owner matters as well: an owner can
            add a trigger at any time.

    Raises:
        MigrationError: The ledger is unsafe; the message says why, and what to do.
    """
    if flaws := ledger_flaws(session, writes=writes):
        listed = "".join(f" It {flaw.what}: {flaw.fix}" for flaw in flaws)
        ledger = session.table(LEDGER_TABLE)
        raise MigrationError(
            f"The ledger {ledger} is not safe to use; nothing was written to it.{listed}"
        )
