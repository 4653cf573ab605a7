"""Compare the roles' privileges with those that they need."""

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.transactions import transaction
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.models.search import FOLD_NAME
from triosigno_db.roles import queries
from triosigno_db.roles.purposes import (
    ADVISORY_LOCKS,
    LARGE_OBJECTS,
    ROWS,
    Privilege,
    RoleNames,
    check_names,
    purpose_of_application,
    purpose_of_owner,
    purpose_of_reader,
    table_names,
)
from triosigno_db.schema.catalog import CATALOGS
from triosigno_db.schema.ddl import enums
from triosigno_db.schema.owners import EXPECTED_OWNERS, ForeignObject, foreign_objects
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

_ATTRIBUTES = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
"""In the order of `queries.ATTRIBUTES`."""

_WITHOUT_SCHEMA = ("database", "extension")
"""The kinds of objects without a schema that the owner may own."""


class Deviation(StrEnum):
    """Whether a role has a privilege too many or lacks one."""

    EXCESS = "excess"
    LACK = "lack"


class RoleFinding(NamedTuple):
    """A privilege that a role has and does not need, or needs and does not have.

    Attributes:
        role: The role; another role than the three if that owns an object in the schemas.
        deviation: Which of the two cases.
        right: A privilege (`SELECT`, or `SELECT WITH GRANT OPTION` if the role may grant it), an
            attribute (`SUPERUSER`), `OWNERSHIP` or `MEMBERSHIP`; `EXISTENCE` if the role is
            missing.
        target: The object of the right, such as `table public."User"`; empty for an attribute.
        through: `PUBLIC` if the right is granted to all roles, else empty.
    """

    role: str
    deviation: Deviation
    right: str
    target: str = ""
    through: str = ""

    def __str__(self) -> str:
        on = f" on {self.target}" if self.target else ""
        through = f" through {self.through}" if self.through else ""
        return f"{self.role}: {self.deviation} of {self.right}{on}{through}"


def check_roles(names: RoleNames | None = None) -> tuple[RoleFinding, ...]:
    """List the excess and the missing privileges of the roles.

    It checks attributes, memberships, ownership, the privileges on the database and on all its
    tables, columns, views, sequences, schemas and functions, including those of PUBLIC, and the
    default privileges. What other roles own in the library's schemas is found as well, except for
    superusers and the owners of the database and of the schema. The privileges that PUBLIC has
    after the installation of a server are skipped, except for temporary tables, large objects and,
    for the reader, advisory locks. A membership is one finding, whatever it permits. The check
    changes nothing and needs no privileges.

    Args:
        names: The names of the roles. The default is `RoleNames()`.

    Returns:
        The findings, ordered by role, excess before lack; those of other roles come last.

    Raises:
        InvalidInputError: A name is invalid, or two roles have the same name.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    names = check_names(names or RoleNames())
    check = _Check(names, current_database().settings.schema_name)
    with transaction():
        ((path, jit),) = run_sql(queries.SESSION)
        run_sql(queries.SET_SESSION, path=CATALOGS, jit="off")
        found = [*check.excesses(), *check.lacks()]
        run_sql(queries.SET_SESSION, path=path, jit=jit)
    order = {name: place for place, name in enumerate(names)}
    return tuple(sorted(found, key=lambda each: (order.get(each.role, len(order)), each.deviation)))


class _Check:
    """Compares the privileges in the catalogs with those that the roles need."""

    def __init__(self, names: RoleNames, schema_name: str) -> None:
        self._names = names
        self._schema_name = schema_name
        self._schemas = (schema_name, KEYS_SCHEMA)
        self._purposes = {
            names.owner: purpose_of_owner(schema_name),
            names.application: purpose_of_application(schema_name),
            names.reader: purpose_of_reader(schema_name),
        }

    def excesses(self) -> Iterator[RoleFinding]:
        yield from self._attributes()
        for role, joined in self._query(queries.MEMBERSHIPS):
            yield _excess(role, "MEMBERSHIP", f"role {joined}")
        for role, kind, identity, is_in_schemas in self._query(queries.OWNED_OBJECTS):
            is_intended = is_in_schemas or kind in _WITHOUT_SCHEMA
            if role != self._names.owner or not is_intended:
                yield _excess(role, "OWNERSHIP", f"{kind} {identity}")
        for owner, description in self._foreign_objects():
            yield _excess(owner, "OWNERSHIP", description)
        for role, identity, is_public, *privilege in self._query(queries.PRIVILEGES):
            kind, schema, name, column, right = privilege
            if not self._is_intended(role, Privilege(kind, schema, name, column, right)):
                yield _excess(role, right, f"{kind} {identity}", is_public=is_public)
        yield from self._functions_of_public()
        for role, target in self._query(queries.OTHER_PRIVILEGES):
            yield _excess(role, "PRIVILEGES", target)
        for role, maker, schema, kind, right, is_public in self._query(queries.DEFAULT_PRIVILEGES):
            if not self._is_intended_default(role, maker, schema, kind, right):
                where = f" in schema {schema}" if schema else ""
                target = f"future {kind} of {maker}{where}"
                yield _excess(role, right, target, is_public=is_public)

    def lacks(self) -> Iterator[RoleFinding]:
        present = {role for role, *_ in self._query(queries.ATTRIBUTES)}
        for role, purpose in self._purposes.items():
            if role in present:
                yield from self._missing_privileges(role, purpose)
            else:
                yield RoleFinding(role, Deviation.LACK, "EXISTENCE")
        if self._names.owner in present:
            yield from self._missing_ownership()

    def _attributes(self) -> Iterator[RoleFinding]:
        for role, *flags in self._query(queries.ATTRIBUTES):
            for attribute, has_it in zip(_ATTRIBUTES, flags, strict=True):
                if has_it:
                    yield _excess(role, attribute)

    def _is_intended(self, role: str, privilege: Privilege) -> bool:
        if role == self._names.owner and privilege.schema in self._schemas:
            return True
        purpose = self._purposes[role]
        of_table = privilege._replace(kind="table", column="")
        return privilege in purpose or (privilege.kind == "column" and of_table in purpose)

    def _is_intended_default(
        self, role: str, maker: str, schema: str, kind: str, right: str
    ) -> bool:
        if schema not in self._schemas:
            return False
        if role == self._names.application:
            return maker == self._names.owner and kind == "tables" and right in ROWS
        return role == self._names.owner

    def _missing_privileges(
        self, role: str, purpose: Collection[Privilege]
    ) -> Iterator[RoleFinding]:
        kinds, schemas, tables, columns, rights = map(list, zip(*purpose, strict=True))
        for kind, *_, right, identity in run_sql(
            queries.MISSING_PRIVILEGES,
            role=role,
            kinds=kinds,
            schemas=schemas,
            names=tables,
            columns=columns,
            rights=rights,
        ):
            yield RoleFinding(role, Deviation.LACK, right, f"{kind} {identity}")

    def _missing_ownership(self) -> Iterator[RoleFinding]:
        owner = self._names.owner
        for (target,) in run_sql(
            queries.NOT_OWNED,
            role=owner,
            schema=self._schema_name,
            tables=[*table_names(), LEDGER_TABLE],
            types=[enum.__name__ for enum in enums()],
            keys_schema=KEYS_SCHEMA,
            keys_table=KEYS_TABLE,
            function=FOLD_NAME,
        ):
            yield RoleFinding(owner, Deviation.LACK, "OWNERSHIP", target)

    def _functions_of_public(self) -> Iterator[RoleFinding]:
        for target, functions, roles in (
            ("functions that create large objects", LARGE_OBJECTS, self._names[1:]),
            ("functions of advisory locks", ADVISORY_LOCKS, self._names[2:]),
        ):
            for (role,) in run_sql(
                queries.PUBLIC_FUNCTIONS, roles=list(roles), functions=list(functions)
            ):
                yield _excess(role, "EXECUTE", target, is_public=True)

    def _foreign_objects(self) -> tuple[ForeignObject, ...]:
        # The objects of the three roles themselves are among those that a role owns.
        return foreign_objects(
            run_sql, self._schema_name, expected=EXPECTED_OWNERS, names=list(self._names)
        )

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        return run_sql(query, roles=list(self._names), schemas=list(self._schemas))


def _excess(role: str, right: str, target: str = "", *, is_public: bool = False) -> RoleFinding:
    return RoleFinding(role, Deviation.EXCESS, right, target, "PUBLIC" if is_public else "")
