"""`triosigno-db roles`, as a user types it."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from psycopg2 import sql
from typer.testing import CliRunner, Result

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.cli.app import app
from triosigno_db.roles import RoleNames, role_script
from triosigno_db.testing import DatabaseServer


@pytest.fixture
def names(triosigno_server: DatabaseServer) -> Iterator[RoleNames]:
    """Names of the test's own: roles are the whole server's."""
    names = RoleNames(*(f"{name}_{uuid4().hex[:8]}" for name in RoleNames()))
    yield names
    for name in names:
        run_plain(
            triosigno_server.url, sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name))
        )


@pytest.fixture
def database_url(names: RoleNames, triosigno_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", triosigno_url)
    monkeypatch.setenv("COLUMNS", "140")
    return triosigno_url


def roles(command: str, names: RoleNames, *arguments: str) -> Result:
    named = (f"--owner={names.owner}", f"--app={names.application}", f"--reader={names.reader}")
    return CliRunner().invoke(app, ["roles", command, *named, *arguments])


def test_the_script_is_printed_as_it_is() -> None:
    names = RoleNames("one", "two", 'l\'"autre"')
    ended = roles("sql", names, "--schema", "other")
    assert (ended.exit_code, ended.stdout) == (0, role_script(names, schema_name="other"))
    ended = CliRunner().invoke(app, ["roles", "sql"])
    assert ended.stdout == role_script()


def test_roles_are_made_and_found_right(database_url: str, names: RoleNames) -> None:
    for command in ("apply", "apply", "check"):
        ended = roles(command, names)
        assert ended.exit_code == 0, ended.output
        assert ended.stdout == "Each role has exactly the privileges that it needs.\n"
    assert json.loads(roles("check", names, "--json").stdout) == []


def test_an_excess_is_shown_and_told_by_the_exit_code(database_url: str, names: RoleNames) -> None:
    roles("apply", names)
    run_plain(database_url, f'GRANT SELECT ON "User" TO {names.reader}')
    ended = roles("check", names)
    assert ended.exit_code == 1
    (line,) = [line for line in ended.stdout.splitlines() if names.reader in line]
    assert [cell.strip() for cell in line.strip("│").split("│")] == [
        names.reader, "may", "SELECT", 'table public."User"', "",
    ]  # fmt: skip
    ended = roles("check", names, "--json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout) == [
        {
            "role": names.reader,
            "deviation": "excess",
            "right": "SELECT",
            "target": 'table public."User"',
            "through": "",
        }
    ]
    assert roles("apply", names).exit_code == 0


def test_what_a_person_has_to_mend_is_told_by_apply(database_url: str, names: RoleNames) -> None:
    roles("apply", names)
    run_plain(database_url, f"ALTER ROLE {names.application} CREATEDB")
    ended = roles("apply", names, "--json")
    assert ended.exit_code == 1
    (finding,) = json.loads(ended.stdout)
    assert (finding["role"], finding["right"]) == (names.application, "CREATEDB")


def test_a_lack_alone_is_no_danger(database_url: str, names: RoleNames) -> None:
    ended = roles("check", names)
    assert ended.exit_code == 0
    assert ended.stdout.count("lacks") == 3


def test_two_roles_of_one_name_are_refused(database_url: str) -> None:
    ended = roles("apply", RoleNames("one", "one", "two"))
    assert isinstance(ended.exception, db.InvalidInputError)
