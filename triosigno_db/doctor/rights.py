"""Check the role: privileges that a service does not need."""

from collections.abc import Iterator

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

SUBJECT = "roles"

_ROLE = """
SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
FROM pg_roles WHERE rolname = current_user
"""
_POWERS = (
    "is a superuser",
    "may create roles",
    "may create databases",
    "may replicate",
    "bypasses row-level security",
)
_MEMBER_OF = """
SELECT rolname FROM pg_roles
WHERE rolname IN ('pg_write_all_data', 'pg_read_all_data', 'pg_read_server_files',
                  'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend')
  AND pg_has_role(current_user, oid, 'MEMBER')
ORDER BY rolname
"""
_OWNED = """
SELECT c.relname, c.relname = %(ledger)s AND has_table_privilege(c.oid, 'SELECT'),
       pg_has_role(c.relowner, 'USAGE'),
       has_table_privilege(c.oid, 'TRUNCATE'), has_table_privilege(c.oid, 'TRIGGER')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
WHERE c.relkind IN ('r', 'p')
ORDER BY c.relname
"""
_MAY_CREATE = """
SELECT has_schema_privilege(n.oid, 'CREATE'),
       has_database_privilege(current_database(), 'CREATE')
FROM pg_namespace n WHERE n.nspname = %(schema)s
"""


def check_rights(context: CheckContext) -> Iterator[Finding]:
    """Find privileges of the role that a service does not need.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        ((role, *powers),) = session.run(_ROLE)
        excess = [what for what, has_it in zip(_POWERS, powers, strict=True) if has_it]
        is_superuser = powers[0]
        if is_superuser:
            # A superuser has all other privileges, too.
            excess = excess[:1]
        else:
            excess += [f"is a member of {name}" for (name,) in session.run(_MEMBER_OF)]
            schema_name = session.schema_name
            owned = session.run(_OWNED, schema=schema_name, ledger=LEDGER_TABLE)
            excess += _on_tables(owned)
            for in_schema, in_database in session.run(_MAY_CREATE, schema=schema_name):
                excess += ["may create objects in the schema"] * in_schema
                excess += ["may create schemas in the database"] * in_database
    if not excess:
        yield Finding(SUBJECT, "ok", f"{role} has only the privileges that a service needs.")
        return
    yield Finding(
        SUBJECT,
        "warning",
        f"{role} has more privileges than a service needs.",
        "This is correct for migrations; services should use a role with privileges on rows only.",
        tuple(excess),
    )


def _on_tables(tables: list[tuple[str, bool, bool, bool, bool]]) -> list[str]:
    excess = []
    owned = [table for table, _, is_owner, *_ in tables if is_owner]
    if owned:
        excess.append(f"owns {_tables(len(owned))}, and may drop them")
    elif any(may_read for _, may_read, *_ in tables):
        excess.append("may read the ledger of migrations")
    not_owned = [table for table in tables if not table[2]]
    if may_truncate := [table for table, *_, may, _ in not_owned if may]:
        excess.append(f"may truncate {_tables(len(may_truncate))}")
    if may_trigger := [table for table, *_, may in not_owned if may]:
        excess.append(f"may create triggers on {_tables(len(may_trigger))}")
    return excess


def _tables(number: int) -> str:
    return "1 table" if number == 1 else f"{number} tables"
