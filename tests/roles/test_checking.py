"""Finding what a role may do beyond its purpose, and what it can't do."""

import pytest
from psycopg2 import sql

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.roles.logins import url_as
from triosigno_db.roles import Deviation, RoleFinding, RoleNames, apply_roles, check_roles

PUBLIC = "PUBLIC"


def change(url: str, statement: str, names: RoleNames) -> None:
    """Run SQL in which the roles are {owner}, {application} and {reader}."""
    roles = {name: sql.Identifier(role) for name, role in names._asdict().items()}
    run_plain(url, sql.SQL(statement).format(**roles))


def found(names: RoleNames) -> list[tuple[str, str, str, str]]:
    """What is in excess: the role by its purpose, the right, on what, through whom."""
    purpose = {role: name for name, role in names._asdict().items()}
    return [
        (purpose[each.role], each.right, each.target, each.through)
        for each in check_roles(names)
        if each.deviation is Deviation.EXCESS
    ]


@pytest.fixture
def administered(admin_url: str) -> str:
    """The library, connected as the superuser."""
    db.connect(admin_url)
    return admin_url


MENDED_BY_APPLYING = {
    'GRANT SELECT ON "_prisma_migrations" TO {application}': [
        ("application", "SELECT", "table public._prisma_migrations", ""),
    ],
    'GRANT TRUNCATE, TRIGGER ON "Sign" TO {application}': [
        ("application", "TRIGGER", 'table public."Sign"', ""),
        ("application", "TRUNCATE", 'table public."Sign"', ""),
    ],
    'GRANT SELECT ON "Sign" TO {application} WITH GRANT OPTION': [
        ("application", "SELECT WITH GRANT OPTION", 'table public."Sign"', ""),
    ],
    'GRANT SELECT ON "User" TO {reader}': [("reader", "SELECT", 'table public."User"', "")],
    'GRANT SELECT (password) ON "User" TO {reader}': [
        ("reader", "SELECT", 'column public."User".password', ""),
    ],
    'GRANT SELECT (password) ON "User" TO PUBLIC': [
        ("reader", "SELECT", 'column public."User".password', PUBLIC),
    ],
    'GRANT UPDATE ("videoUrl") ON "Sign" TO {reader}': [
        ("reader", "UPDATE", 'column public."Sign"."videoUrl"', ""),
    ],
    'GRANT DELETE ON "Sign" TO PUBLIC': [("reader", "DELETE", 'table public."Sign"', PUBLIC)],
    "GRANT CREATE ON SCHEMA public TO PUBLIC": [
        ("application", "CREATE", "schema public", PUBLIC),
        ("reader", "CREATE", "schema public", PUBLIC),
    ],
    "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC": [
        ("application", "EXECUTE", "functions that create large objects", PUBLIC),
        ("reader", "EXECUTE", "functions that create large objects", PUBLIC),
    ],
    "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC": [
        ("reader", "EXECUTE", "functions of advisory locks", PUBLIC),
    ],
    "GRANT EXECUTE ON FUNCTION pg_try_advisory_xact_lock_shared(int, int) TO {reader}": [
        (
            "reader",
            "EXECUTE",
            "function pg_catalog.pg_try_advisory_xact_lock_shared(integer,integer)",
            "",
        ),
    ],
    "CREATE SEQUENCE counter; GRANT USAGE ON SEQUENCE counter TO {application}": [
        ("application", "USAGE", "sequence public.counter", ""),
    ],
    'CREATE VIEW hashes AS SELECT password FROM "User"; GRANT SELECT ON hashes TO {reader}': [
        ("reader", "SELECT", "view public.hashes", ""),
    ],
}

A_PERSON_S_TO_MEND = {
    "ALTER ROLE {owner} SUPERUSER": [("owner", "SUPERUSER", "", "")],
    "ALTER ROLE {application} CREATEDB CREATEROLE": [
        ("application", "CREATEDB", "", ""),
        ("application", "CREATEROLE", "", ""),
    ],
    "ALTER ROLE {reader} REPLICATION BYPASSRLS": [
        ("reader", "REPLICATION", "", ""),
        ("reader", "BYPASSRLS", "", ""),
    ],
    "GRANT pg_signal_backend TO {application}": [
        ("application", "MEMBERSHIP", "role pg_signal_backend", ""),
    ],
    "CREATE TABLE mine (); ALTER TABLE mine OWNER TO {application}": [
        ("application", "OWNERSHIP", "table public.mine", ""),
    ],
    "CREATE SCHEMA elsewhere AUTHORIZATION {owner}": [
        ("owner", "OWNERSHIP", "schema elsewhere", ""),
    ],
    "CREATE SCHEMA elsewhere; GRANT USAGE ON SCHEMA elsewhere TO PUBLIC": [
        ("owner", "USAGE", "schema elsewhere", PUBLIC),
        ("application", "USAGE", "schema elsewhere", PUBLIC),
        ("reader", "USAGE", "schema elsewhere", PUBLIC),
    ],
    "CREATE TABLE foreigner (); GRANT SELECT ON foreigner TO PUBLIC": [
        ("application", "SELECT", "table public.foreigner", PUBLIC),
        ("reader", "SELECT", "table public.foreigner", PUBLIC),
    ],
    "CREATE FUNCTION lent() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'": [
        ("application", "EXECUTE", "function public.lent()", PUBLIC),
        ("reader", "EXECUTE", "function public.lent()", PUBLIC),
    ],
    "CREATE FUNCTION harmless() RETURNS int LANGUAGE sql AS 'SELECT 1'": [],
    "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {application}": [
        ("application", "EXECUTE", "function pg_catalog.pg_read_file(pg_catalog.text)", ""),
    ],
    "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC": [
        (role, "EXECUTE", "function pg_catalog.pg_read_file(pg_catalog.text)", PUBLIC)
        for role in ("owner", "application", "reader")
    ],
    "GRANT SELECT ON pg_authid TO {reader}": [
        ("reader", "SELECT", "table pg_catalog.pg_authid", ""),
    ],
    'GRANT USAGE ON TYPE "UserRole" TO {application}': [
        ("application", "PRIVILEGES", 'type public."UserRole"', ""),
    ],
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {reader}": [
        ("reader", "SELECT", "future tables of postgres", ""),
    ],
}


@pytest.mark.parametrize("statement", MENDED_BY_APPLYING)
def test_what_was_given_here_is_found_and_taken_back(
    administered: str, names: RoleNames, statement: str
) -> None:
    change(administered, statement, names)
    assert found(names) == MENDED_BY_APPLYING[statement]
    assert apply_roles(names) == ()


@pytest.mark.parametrize("statement", A_PERSON_S_TO_MEND)
def test_what_counts_elsewhere_too_is_found_and_left(
    administered: str, names: RoleNames, statement: str
) -> None:
    change(administered, statement, names)
    try:
        assert found(names) == A_PERSON_S_TO_MEND[statement]
        assert apply_roles(names) == check_roles(names)
    finally:
        for role in ("{owner}", "{application}", "{reader}"):
            plain = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            change(administered, f"ALTER ROLE {role} {plain}", names)
        change(administered, "REVOKE pg_signal_backend FROM {application}", names)


def test_a_member_of_a_member_is_one(administered: str, names: RoleNames) -> None:
    change(administered, "GRANT {reader} TO {application}; GRANT {owner} TO {reader}", names)
    try:
        joined = [(role, right) for role, right, *_ in found(names)]
    finally:
        change(administered, "REVOKE {reader} FROM {application}", names)
        change(administered, "REVOKE {owner} FROM {reader}", names)
    assert joined == [("application", "MEMBERSHIP")] * 2 + [("reader", "MEMBERSHIP")]


def test_temporary_tables_of_everybody_are_found(administered: str, names: RoleNames) -> None:
    database = administered.rpartition("/")[2]
    change(administered, f'GRANT TEMPORARY ON DATABASE "{database}" TO PUBLIC', names)
    expected = [
        (role, "TEMPORARY", f"database {database}", PUBLIC) for role in ("application", "reader")
    ]
    assert found(names) == expected
    assert apply_roles(names) == ()


def test_what_is_missing_is_found_and_given(administered: str, names: RoleNames) -> None:
    change(
        administered,
        'ALTER TABLE "Sign" OWNER TO CURRENT_USER; ALTER TYPE "UserRole" OWNER TO CURRENT_USER;'
        "REVOKE CREATE ON SCHEMA public FROM {owner};"
        'REVOKE INSERT ON "Lesson" FROM {application};'
        'REVOKE SELECT (email) ON "User" FROM {reader};'
        'REVOKE SELECT ON "Module" FROM {reader}',
        names,
    )
    lack = Deviation.LACK
    assert check_roles(names) == (
        RoleFinding(names.owner, lack, "CREATE", "schema public"),
        RoleFinding(names.owner, lack, "OWNERSHIP", 'table public."Sign"'),
        RoleFinding(names.owner, lack, "OWNERSHIP", 'type public."UserRole"'),
        RoleFinding(names.application, lack, "INSERT", 'table public."Lesson"'),
        RoleFinding(names.reader, lack, "SELECT", 'column public."User".email'),
        RoleFinding(names.reader, lack, "SELECT", 'table public."Module"'),
    )
    assert apply_roles(names) == ()


def test_what_other_roles_own_is_told(administered: str, names: RoleNames) -> None:
    other = f"{names.owner} other"
    named = sql.Identifier(other)
    run_plain(
        administered,
        sql.SQL(
            "CREATE ROLE {0}; GRANT CREATE ON SCHEMA public, triosigno_db TO {0}; SET ROLE {0};"
            "CREATE VIEW planted AS SELECT 1;"
            "CREATE FUNCTION triosigno_db.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        ).format(named),
    )
    try:
        expected = tuple(
            RoleFinding(other, Deviation.EXCESS, "OWNERSHIP", target)
            for target in ("function triosigno_db.planted()", "view public.planted")
        )
        assert check_roles(names) == expected
        assert apply_roles(names) == expected
        for role in names:
            db.connect(url_as(administered, role))
            assert check_roles(names) == expected
    finally:
        run_plain(administered, sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(named))


def test_roles_that_are_not_there_are_told(administered: str, names: RoleNames) -> None:
    absent = RoleNames(*(f"{name} 4" for name in names))
    told = check_roles(absent)
    assert told[:3] == tuple(RoleFinding(name, Deviation.LACK, "EXISTENCE") for name in absent)
    assert {(each.role, each.right) for each in told[3:]} == {(names.owner, "OWNERSHIP")}


def test_any_role_may_ask(administered: str, names: RoleNames) -> None:
    change(administered, 'GRANT TRUNCATE ON "Sign" TO {application}', names)
    expected = check_roles(names)
    assert len(expected) == 1
    for role in names:
        db.connect(url_as(administered, role))
        assert check_roles(names) == expected


def test_a_finding_can_be_read() -> None:
    finding = RoleFinding("reader", Deviation.EXCESS, "SELECT", 'table public."User"', PUBLIC)
    assert str(finding) == 'reader: excess of SELECT on table public."User" through PUBLIC'
    assert str(RoleFinding("app", Deviation.LACK, "EXISTENCE")) == "app: lack of EXISTENCE"


def test_how_sessions_print_names_changes_nothing(admin_url: str, names: RoleNames) -> None:
    name = admin_url.rpartition("/")[2]
    change(admin_url, f"ALTER DATABASE {name} SET quote_all_identifiers = on", names)
    change(admin_url, 'GRANT SELECT ON "User" TO {reader}', names)
    db.connect(admin_url)
    assert [(right, through) for _, right, _, through in found(names)] == [("SELECT", "")]
    assert apply_roles(names) == ()
