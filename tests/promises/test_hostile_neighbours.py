"""What a role that may create objects in the schema puts there is not called by the library."""

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import psycopg2
import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.planted_objects import MESSAGE, plant, users_of_planted
from tests.promises.test_owners import CALLS, UndoError
from tests.promises.test_statements_sent import Call, Ids, make_rows
from triosigno_db import doctor, migrator, packs, roles
from triosigno_db.repositories.gamification.leaderboard import Period
from triosigno_db.schema.ddl import enums
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import make_sign, make_user

LEAST_PLANTED = 5_000

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
FURTHER_CALLS: dict[str, Call] = {
    "list_signs": lambda ids: list(
        db.iterate(
            db.list_signs,
            category_id=ids["category"],
            difficulty=db.DifficultyLevel.BEGINNER,
            limit=1,
        )
    ),
    "search_signs": lambda ids: list(
        db.iterate(db.search_signs, "a ?", difficulty=db.DifficultyLevel.BEGINNER, limit=1)
    ),
    "list_users": lambda ids: list(
        db.iterate(db.list_users, role=db.UserRole.STUDENT, is_active=True, limit=1)
    ),
    "count_users": lambda ids: db.count_users(role=db.UserRole.STUDENT, is_active=True),
    "get_leaderboard": lambda ids: [
        db.get_leaderboard(period, user_id=ids["user"]) for period in get_args(Period)
    ],
    "list_progress": lambda ids: list(
        db.iterate(
            db.list_progress,
            ids["user"],
            lesson_id=ids["lesson"],
            min_mastery=0,
            max_mastery=100,
            limit=1,
        )
    ),
    "list_sessions": lambda ids: list(
        db.iterate(
            db.list_sessions,
            user_id=ids["user"],
            lesson_id=ids["lesson"],
            completed=False,
            since=_NOW,
            until=_NOW,
            limit=1,
        )
    ),
    **{
        function.__name__: lambda ids, function=function: list(db.iterate(function, limit=1))  # type: ignore[misc]
        for function in (
            db.list_categories,
            db.list_modules,
            db.list_lessons,
            db.list_module_trees,
            db.list_achievements,
        )
    },
    **{
        function.__name__: lambda ids, function=function: list(  # type: ignore[misc]
            db.iterate(function, ids["user"], limit=1)
        )
        for function in (db.list_user_achievements, db.list_signs_to_review)
    },
    "record_attempt": lambda ids: db.record_attempt(
        ids["user"], ids["sign"], is_correct=True, idempotency_key="k"
    ),
    "complete_session": lambda ids: db.complete_session(
        ids["session"], score=1, xp_earned=1, idempotency_key="k"
    ),
    "update_user": lambda ids: db.update_user(
        ids["user"], db.UserChanges(email="new@example.org", username="new")
    ),
}
"""Calls with filters and on further pages, which send other statements."""


@pytest.fixture(scope="module")
def neighbour(triosigno_server: DatabaseServer) -> Iterator[str]:
    """A role without any privilege but to create objects in one schema."""
    role = f"neighbour_{uuid4().hex}"
    run_plain(triosigno_server.url, f"CREATE ROLE {role}")
    yield role
    run_plain(triosigno_server.url, f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def planted_template(triosigno_server: DatabaseServer, neighbour: str) -> Iterator[str]:
    """The name of a database without tables, with everything that the neighbour could plant."""
    name = triosigno_server.new_name()
    url = triosigno_server.create_database(name)
    run_plain(url, f"GRANT CREATE ON SCHEMA public TO {neighbour}")
    assert plant(url, neighbour) > LEAST_PLANTED
    yield name
    triosigno_server.drop_database(name)


@pytest.fixture(scope="module")
def deployed_template(
    triosigno_server: DatabaseServer, planted_template: str, neighbour: str
) -> Iterator[str]:
    """The same, deployed, with operators of the enum types and all rights of the neighbour."""
    name = triosigno_server.new_name()
    url = triosigno_server.create_database(name, template=planted_template)
    migrator.deploy(url)
    plant(url, neighbour, [f'"{enum.__name__}"' for enum in enums()])
    yield name
    triosigno_server.drop_database(name)


@pytest.fixture
def planted_url(triosigno_server: DatabaseServer, planted_template: str) -> Iterator[str]:
    """The URL of a superuser in a copy of the first."""
    yield from _copied(triosigno_server, planted_template)


@pytest.fixture
def deployed_url(triosigno_server: DatabaseServer, deployed_template: str) -> Iterator[str]:
    """The URL of a superuser in a copy of the second."""
    yield from _copied(triosigno_server, deployed_template)


def _copied(server: DatabaseServer, template: str) -> Iterator[str]:
    name = server.new_name()
    url = server.create_database(name, template=template)
    db.connect(url, password_cost=4)
    yield url
    db.disconnect()
    server.drop_database(name)


@pytest.mark.parametrize(
    "reachable",
    [
        "SELECT format('%%s', 'a'::name)",
        "SELECT quote_ident(current_schema())",
        "SELECT pg_advisory_lock(1)",
        "SELECT * FROM unnest(ARRAY[1])",
        "SELECT count('a'::text)",
        "SELECT current_schema() LIKE 'a'",
        "SELECT 1 WHERE 'pg_proc'::regclass = 5::oid",
        "SELECT ARRAY[1]::int2[] @> ARRAY[1]::int2[]",
        "SELECT make_interval(secs => 1)",
        "SELECT 1 FROM \"User\" WHERE role = 'ADMIN'",
    ],
)
def test_what_is_planted_is_called_without_a_schema(deployed_url: str, reachable: str) -> None:
    with pytest.raises(psycopg2.errors.InvalidTextRepresentation, match=MESSAGE):
        run_plain(deployed_url, reachable)


@pytest.mark.parametrize(
    "unreachable",
    [
        "SELECT now(), clock_timestamp(), set_config('a.b', 'c', false)",
        "SELECT max(1), sum(1), char_length('a'::text), 'a'::text || 'b'",
        "SELECT 'a'::text = 'a', 1 < 2, '{}'::text[]",
        "SELECT oid FROM pg_class WHERE relname = 'pg_class'",
    ],
)
def test_what_fits_exactly_is_the_server_s(planted_url: str, unreachable: str) -> None:
    assert run_plain(planted_url, unreachable)


def test_migrations_call_nothing_that_was_planted(planted_url: str, tmp_path: Path) -> None:
    applied = migrator.deploy()
    assert migrator.status().exit_code == 0
    assert users_of_planted(planted_url) == []
    assert migrator.diff().is_none
    assert migrator.rollback(steps=len(applied)) == applied[::-1]
    assert migrator.deploy() == applied
    make_rows()
    with pytest.raises(db.DataLossError):
        migrator.rollback(steps=len(applied))
    with pytest.raises(db.DataLossError):
        migrator.reset()
    assert migrator.reset(accept_data_loss=True) == applied
    migrator.export(tmp_path)


@pytest.mark.slow
def test_a_new_migration_calls_nothing_that_was_planted(planted_url: str, tmp_path: Path) -> None:
    (tmp_path / "migration_lock.toml").write_text('provider = "postgresql"\n')
    new = migrator.dev("first", planted_url, history=tmp_path)
    assert new is not None
    assert migrator.status(history=tmp_path).exit_code == 0
    migrator.rollback(history=tmp_path)
    migrator.resolve_applied(new.name, history=tmp_path)
    assert migrator.status(history=tmp_path).exit_code == 0


@pytest.mark.slow
def test_a_schema_is_created_adopted_and_dropped(planted_url: str) -> None:
    db.create_schema()
    db.create_schema()
    assert users_of_planted(planted_url) == []
    assert migrator.baseline()
    assert migrator.deploy()
    make_rows()
    with pytest.raises(db.DataLossError):
        db.drop_schema()
    db.drop_schema(accept_data_loss=True)


def test_the_doctor_calls_nothing_that_was_planted(deployed_url: str, neighbour: str) -> None:
    make_rows()
    run_plain(deployed_url, 'UPDATE "Sign" SET "createdAt" = "createdAt"')
    found = doctor.diagnose(deployed_url).findings
    assert [each for each in found if MESSAGE in str(each) or "check failed" in each.summary] == []
    assert all(report.is_validated for report in doctor.check_constraints(deployed_url))
    (owners,) = (each for each in found if each.subject == "owners")
    assert (owners.level, owners.summary.endswith(f"{neighbour}.")) == ("warning", True)


def test_roles_are_made_and_checked(deployed_url: str) -> None:
    names = roles.RoleNames(*(f"{purpose}_{uuid4().hex}" for purpose in ("own", "app", "read")))
    try:
        found = roles.apply_roles(names)
        assert {each.right for each in found} == {"OWNERSHIP"}
        assert roles.check_roles(names) == found
    finally:
        for name in names:
            run_plain(
                deployed_url,
                f"SET search_path TO pg_catalog; REASSIGN OWNED BY {name} TO postgres;"
                f" DROP OWNED BY {name}; DROP ROLE {name}",
            )


@pytest.mark.slow
def test_packs_call_nothing_that_was_planted(deployed_url: str, tmp_path: Path) -> None:
    starter = packs.starter_pack()
    packs.load_pack(starter)
    packs.load_pack(starter)
    packs.preview_pack(starter)
    packs.export_pack(tmp_path / "pack.json")


def test_no_function_calls_what_was_planted(deployed_url: str) -> None:
    ids, failed = make_rows(), {}
    for _ in range(2):
        make_user()
        make_sign(category_id=ids["category"])
    for name, call in (*CALLS.items(), *FURTHER_CALLS.items()):
        try:
            _undone(call, ids)
        except db.TrioSignoDBError as exc:
            failed[name] = str(exc)
    assert not failed, "\n".join(f"{k}: {v}" for k, v in failed.items())


def _undone(call: Callable[[Ids], Any], ids: Ids) -> None:
    with suppress(UndoError), db.transaction():
        call(ids)
        raise UndoError


ON_THE_CATALOGS = ("doctor", "migrator", "roles", "schema/owners.py")
"""The parts of the package whose statements run with the search path `pg_catalog`."""

FIT_EXACTLY = {"max", "min"}
"""Polymorphic only for arrays and enums; the library calls them for numbers and times."""

_TAKING_ANYTHING = """
SELECT DISTINCT proname FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND (
    provariadic <> 0 OR EXISTS (
        SELECT FROM unnest(proargtypes) argument JOIN pg_type t ON t.oid = argument
        WHERE t.typtype = 'p' AND t.typname LIKE 'any%%'))
"""
_SQL = re.compile(r"\b(SELECT|FROM|WHERE|VALUES|EXECUTE|ARRAY|FILTER)\b|::|^\(?\{")


def test_functions_that_take_anything_are_named_with_their_schema(triosigno_url: str) -> None:
    names = {name for (name,) in run_plain(triosigno_url, _TAKING_ANYTHING, [])} - FIT_EXACTLY
    # Without arguments, with all rows, or with several arrays it is always the server's.
    call = re.compile(
        rf"(?<![\w.])({'|'.join(names)})\((?!\)|\*\)|\s*\{{\w+\}},|peewee\.SQL\(\"\*\"\))"
    )
    package = Path(db.__file__).parent
    found = [
        f"{path.relative_to(package)}: {match[0]}"
        for path in sorted(package.rglob("*"))
        if path.suffix in (".py", ".sql")
        and not str(path.relative_to(package)).startswith(ON_THE_CATALOGS)
        for text in _texts(path)
        for match in call.finditer(text)
    ]
    assert found == []


def _texts(path: Path) -> Iterator[str]:
    """Give the SQL in a file, and the calls of functions through Peewee."""
    source = path.read_text()
    if path.suffix == ".sql":
        yield re.sub("--.*", "", source)
        return
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _SQL.search(node.value)
        ):
            yield node.value
    for match in re.finditer(r"\bfn\.(\w+\(.*)", source):
        yield match[1]
