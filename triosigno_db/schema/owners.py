"""Owners: the roles whose objects a privileged session may use, and the objects of other roles.

Whoever owns an object decides what runs when it is used: a trigger, a rule, a default. A session
of a superuser must therefore not write to a table that any other role has put there.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from triosigno_db.errors import PermissionDeniedError
from triosigno_db.models import MODELS
from triosigno_db.models.keys import KEYS_SCHEMA

Run = Callable[..., list[tuple[Any, ...]]]

_ALWAYS_EXPECTED = """
    SELECT r.oid FROM pg_roles r WHERE r.rolsuper
    UNION
    SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()
    UNION
    SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = %(schema)s
"""
EXPECTED_OWNERS = f"""{_ALWAYS_EXPECTED}
    UNION
    SELECT r.oid FROM pg_roles r WHERE r.rolname = ANY (%(names)s)
"""  # noqa: S608 (a constant)
"""The roles whose objects are expected, whoever asks: superusers, owners and named roles."""

TRUSTED_OWNERS = f"""{_ALWAYS_EXPECTED}
    UNION
    -- Who owns most of the library's tables: Prisma's role, if another role runs the library.
    SELECT mode() WITHIN GROUP (ORDER BY c.relowner) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
    WHERE c.relkind = 'r' AND c.relname = ANY (%(tables)s) HAVING count(*) > 0
    UNION
    SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user
    UNION
    -- A superuser has the rights of every role, so that only its direct memberships count.
    SELECT m.roleid FROM pg_auth_members m
    JOIN pg_roles me ON me.oid = m.member AND me.rolname = current_user
    UNION
    SELECT r.oid FROM pg_roles r JOIN pg_roles me ON me.rolname = current_user
    WHERE NOT me.rolsuper AND pg_has_role(me.oid, r.oid, 'MEMBER')
"""  # noqa: S608 (a constant)
"""The roles whose objects the connected role may use; the parameters are `owner_parameters`.

To be run with the search path `pg_catalog`, like the other queries here.
"""

# The owner of an object that belongs to an extension is the one who installed that.
FOREIGN_OBJECTS = """
WITH expected AS ({expected})
SELECT r.rolname, i.type || ' ' || i.identity
FROM pg_shdepend d
JOIN pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE d.deptype = 'o' AND r.oid NOT IN (SELECT oid FROM expected)
  AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND coalesce(i.schema, CASE i.type WHEN 'schema' THEN i.name END) IN (
      SELECT quote_ident(name) FROM unnest(%(schemas)s::text[]) name)
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid
                  AND e.deptype = 'e')
UNION
SELECT r.rolname, 'trigger ' || quote_ident(t.tgname) || ' on ' || i.identity
                  || ', which calls ' || p.oid::regprocedure
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ANY (%(schemas)s)
JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_roles r ON r.oid = p.proowner
CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, c.oid, 0) i
WHERE NOT t.tgisinternal AND r.oid NOT IN (SELECT oid FROM expected)
ORDER BY 1, 2
"""
"""The objects in the schemas that no expected role owns, and triggers that call one of those."""


_MOST_NAMED = 5


class ForeignObject(NamedTuple):
    """An object that a role owns of which that is not expected.

    Attributes:
        owner: The role.
        description: The kind and the name of the object, such as `table public.planted`.
    """

    owner: str
    description: str

    def __str__(self) -> str:
        return f"{self.description}, of {self.owner}"


def owner_parameters(schema_name: str) -> dict[str, object]:
    """Give the parameters of `TRUSTED_OWNERS`.

    Args:
        schema_name: The schema of the tables.

    Returns:
        The values by name.
    """
    return {"schema": schema_name, "tables": [model._meta.table_name for model in MODELS]}


def refuse_foreign_objects(run: Run, schema_name: str) -> None:
    """Refuse a schema `triosigno_db` that belongs to an unexpected role, or holds its objects.

    Args:
        run: As for `foreign_objects`.
        schema_name: The schema of the tables.

    Raises:
        PermissionDeniedError: There is such an object; the message names some.
    """
    if found := foreign_objects(run, schema_name, schemas=[KEYS_SCHEMA]):
        owners = ", ".join(sorted({each.owner for each in found}))
        listed = "; ".join(map(str, found[:_MOST_NAMED])) + "; ..." * (len(found) > _MOST_NAMED)
        raise PermissionDeniedError(
            f"Another role owns objects in the schema {KEYS_SCHEMA}, whose code would run with the "
            f"rights of this role: {listed}. Nothing was changed. If they are the library's, "
            f"make this role a member of {owners}, or change their owner; if not, drop them."
        )


def foreign_objects(
    run: Run,
    schema_name: str,
    *,
    schemas: Iterable[str] | None = None,
    expected: str = TRUSTED_OWNERS,
    **parameters: object,
) -> tuple[ForeignObject, ...]:
    """List the objects in the library's schemas that an unexpected role owns.

    By default these are expected: superusers, the connected role and the roles that it is a member
    of, the owners of the database and of the schema of the tables, and the role that owns most of
    the library's tables.

    Args:
        run: Runs a statement with the search path `pg_catalog`, and returns its rows.
        schema_name: The schema of the tables.
        schemas: The schemas to look into. By default the schema of the tables and `triosigno_db`.
        expected: The query of the expected owners.
        **parameters: Further parameters of that query.

    Returns:
        The objects, by owner; the schema `triosigno_db` itself can be one of them.
    """
    rows = run(
        FOREIGN_OBJECTS.format(expected=expected),
        schemas=list(schemas or (schema_name, KEYS_SCHEMA)),
        **owner_parameters(schema_name),
        **parameters,
    )
    return tuple(ForeignObject(*row) for row in rows)
