"""What the roles may do beyond their purpose, and what they can't do that they should."""

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.transactions import transaction
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.roles import queries
from triosigno_db.roles.purposes import (
    ROWS,
    Privilege,
    RoleNames,
    check_names,
    purpose_of_application,
    purpose_of_owner,
    purpose_of_reader,
    table_names,
)
from triosigno_db.schema.ddl import enums
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

_ATTRIBUTES = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
"""In the order of `queries.ATTRIBUTES`."""

_OF_THE_WHOLE_DATABASE = ("database", "extension")
"""What the owner may own that is in no schema."""


class Deviation(StrEnum):
    """In which direction a role is not as it should be."""

    EXCESS = "excess"
    LACK = "lack"


class RoleFinding(NamedTuple):
    """One thing that a role may do and should not, or that it should and can't.

    Attributes:
        role: The role.
        deviation: Which of the two.
        right: A privilege (`SELECT`; `SELECT WITH GRANT OPTION` where the role may pass it on), an
            attribute (`SUPERUSER`), `OWNERSHIP`, `MEMBERSHIP`; `EXISTENCE` of a role that is
            missing.
        target: What the right is on, such as `table public."User"`; empty for an attribute.
        through: `PUBLIC` where everybody has the right, else empty.
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
    """List what the roles may do beyond their purpose, and what they can't do that they should.

    It looks at attributes, memberships, ownership and the privileges on all tables, columns, views,
    sequences, schemas and functions of the database and on the database itself, those of PUBLIC
    among them, and at what will be given on later ones. What everybody may on a server as it is
    installed is skipped, temporary tables excepted. What a role may as a member of another is
    one finding, the membership. Nothing is changed, and any role may ask.

    Args:
        names: The names of the roles; those of `RoleNames()` without it.

    Returns:
        The findings by role, excess before lack.

    Raises:
        InvalidInputError: A name can't be one, or two roles have the same.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    names = check_names(names or RoleNames())
    check = _Check(names, current_database().settings.schema_name)
    with transaction():
        ((path, jit),) = run_sql(queries.SESSION)
        run_sql(queries.SET_SESSION, path="pg_catalog", jit="off")
        found = [*check.excesses(), *check.lacks()]
        run_sql(queries.SET_SESSION, path=path, jit=jit)
    return tuple(sorted(found, key=lambda each: (names.index(each.role), each.deviation)))


class _Check:
    """Compares what the catalogs say with what the roles are for."""

    def __init__(self, names: RoleNames, schema_name: str) -> None:
        self._names = names
        self._schema_name = schema_name
        self._homes = (schema_name, KEYS_SCHEMA)
        self._purposes = {
            names.owner: purpose_of_owner(schema_name),
            names.application: purpose_of_application(schema_name),
            names.reader: purpose_of_reader(schema_name),
        }

    def excesses(self) -> Iterator[RoleFinding]:
        yield from self._attributes()
        for role, joined in self._ask(queries.MEMBERSHIPS):
            yield _excess(role, "MEMBERSHIP", f"role {joined}")
        for role, kind, identity, is_at_home in self._ask(queries.POSSESSIONS):
            is_owners = is_at_home or kind in _OF_THE_WHOLE_DATABASE
            if role != self._names.owner or not is_owners:
                yield _excess(role, "OWNERSHIP", f"{kind} {identity}")
        for role, identity, is_public, *privilege in self._ask(queries.PRIVILEGES):
            kind, schema, name, column, right = privilege
            if not self._is_meant(role, Privilege(kind, schema, name, column, right)):
                yield _excess(role, right, f"{kind} {identity}", is_public=is_public)
        for role, target in self._ask(queries.OTHER_PRIVILEGES):
            yield _excess(role, "PRIVILEGES", target)
        for role, maker, schema, kind, right, is_public in self._ask(queries.DEFAULT_PRIVILEGES):
            if not self._is_meant_for_later(role, maker, schema, kind, right):
                where = f" in schema {schema}" if schema else ""
                target = f"later {kind} of {maker}{where}"
                yield _excess(role, right, target, is_public=is_public)

    def lacks(self) -> Iterator[RoleFinding]:
        present = {role for role, *_ in self._ask(queries.ATTRIBUTES)}
        for role, purpose in self._purposes.items():
            if role in present:
                yield from self._missing_privileges(role, purpose)
            else:
                yield RoleFinding(role, Deviation.LACK, "EXISTENCE")
        if self._names.owner in present:
            yield from self._missing_possessions()

    def _attributes(self) -> Iterator[RoleFinding]:
        for role, *flags in self._ask(queries.ATTRIBUTES):
            for attribute, has_it in zip(_ATTRIBUTES, flags, strict=True):
                if has_it:
                    yield _excess(role, attribute)

    def _is_meant(self, role: str, privilege: Privilege) -> bool:
        if role == self._names.owner and privilege.schema in self._homes:
            return True
        purpose = self._purposes[role]
        of_table = privilege._replace(kind="table", column="")
        return privilege in purpose or (privilege.kind == "column" and of_table in purpose)

    def _is_meant_for_later(
        self, role: str, maker: str, schema: str, kind: str, right: str
    ) -> bool:
        if schema not in self._homes:
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

    def _missing_possessions(self) -> Iterator[RoleFinding]:
        owner = self._names.owner
        for (target,) in run_sql(
            queries.NOT_POSSESSED,
            role=owner,
            schema=self._schema_name,
            tables=[*table_names(), LEDGER_TABLE],
            types=[enum.__name__ for enum in enums()],
            keys_schema=KEYS_SCHEMA,
            keys_table=KEYS_TABLE,
        ):
            yield RoleFinding(owner, Deviation.LACK, "OWNERSHIP", target)

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        return run_sql(query, roles=list(self._names), homes=list(self._homes))


def _excess(role: str, right: str, target: str = "", *, is_public: bool = False) -> RoleFinding:
    return RoleFinding(role, Deviation.EXCESS, right, target, "PUBLIC" if is_public else "")
