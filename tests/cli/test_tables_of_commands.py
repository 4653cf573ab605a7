"""Whatever other software has stored, no command lets it control the terminal."""

import json
import os
import re
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.sampling import mostly_slow
from triosigno_db.arguments import is_invisible
from triosigno_db.packs import load_pack, starter_pack
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE, PRISMA_LOCK
from triosigno_db.testing.factories import make_user

HOSTILE = "a\x1b[31m\x9b1m\u202eb\r\n\x07[red]c[/red]"
SHOWN = r"a\x1b[31m\x9b1m\u202eb\r"
"""How it is shown; in an error a line end is kept."""

COLUMNS = {
    "User": ["username", "email", "firstName", "lastName"],
    "Sign": ["description"],
    "Module": ["description"],
}


@pytest.fixture
def hostile_url(triosigno_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which all that can be named has a hostile name."""
    monkeypatch.setenv("DATABASE_URL", triosigno_url)
    db.connect(triosigno_url, password_cost=4)
    load_pack(starter_pack())
    make_user()
    db.disconnect()
    for table, columns in COLUMNS.items():
        for column in columns:
            statement = sql.SQL("UPDATE {} SET {} = %s").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            run_plain(triosigno_url, statement, [HOSTILE])
    for table, column in (("Sign", "name"), ("Module", "title"), ("Lesson", "title")):
        statement = sql.SQL("UPDATE {0} SET {1} = {1} || %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        run_plain(triosigno_url, statement, [HOSTILE])
    run_plain(
        triosigno_url, sql.SQL('ALTER TABLE "User" ADD {} int').format(sql.Identifier(HOSTILE))
    )
    ledger = (
        f'INSERT INTO "{LEDGER_TABLE}" (id, checksum, migration_name, logs) VALUES (%s, %s, %s, %s)'
    )
    run_plain(triosigno_url, ledger, ["hostile", "", HOSTILE, HOSTILE])
    return triosigno_url


COMMANDS = [
    ["users", "list"],
    ["users", "deactivate", HOSTILE],
    ["users", "reactivate", HOSTILE],
    ["users", "set-password", HOSTILE, "--password-stdin"],
    ["users", "export", f"nobody {HOSTILE}"],
    ["migrate", "status"],
    ["migrate", "diff"],
    ["migrate", "deploy"],
    ["migrate", "rollback"],
    ["migrate", "resolve", f"--applied={HOSTILE}"],
    ["migrate", "resolve", f"--rolled-back={HOSTILE}"],
    ["doctor"],
    ["content", "import", "{pack}", "--dry-run"],
]


@pytest.mark.parametrize(
    "command", mostly_slow(COMMANDS, 2), ids=lambda command: " ".join(command[:2])
)
def test_what_is_printed_can_not_control_the_terminal(
    hostile_url: str, triosigno_command: list[str], tmp_path: Path, command: list[str]
) -> None:
    pack = tmp_path / "pack.json"
    pack.write_text(json.dumps({"categories": [{"name": HOSTILE, "description": ""}]}))
    said = run(triosigno_command, *(pack if each == "{pack}" else each for each in command))
    assert SHOWN in said, said


def test_an_export_is_json(hostile_url: str, triosigno_command: list[str]) -> None:
    said = run(triosigno_command, "users", "list", "--json")
    assert "\\u001b[31m" in said


def test_the_holder_of_a_lock_can_not_either(
    hostile_url: str, triosigno_command: list[str]
) -> None:
    with closing(psycopg2.connect(hostile_url)) as holder:
        cursor = holder.cursor()
        cursor.execute("SET application_name = 'a [red]b[/red]'")
        cursor.execute(f"SELECT pg_advisory_lock({PRISMA_LOCK})")
        said = run(triosigno_command, "migrate", "deploy", "--lock-timeout=0.1")
    assert "a [red]b[/red]" in said


def test_a_role_can_not_either(hostile_url: str, triosigno_command: list[str]) -> None:
    name = sql.Identifier(HOSTILE)
    run_plain(hostile_url, sql.SQL("CREATE ROLE {}").format(name))
    try:
        said = run(triosigno_command, "roles", "check", f"--reader={HOSTILE}")
        assert SHOWN in said
    finally:
        run_plain(hostile_url, sql.SQL("DROP ROLE {}").format(name))


def test_the_demo_can_not_either(hostile_url: str, triosigno_command: list[str]) -> None:
    run_plain(hostile_url, 'DELETE FROM "User"')
    column = sql.Identifier(HOSTILE)
    run_plain(hostile_url, sql.SQL('ALTER TABLE "User" DROP COLUMN {}').format(column))
    # The starter content is found by the titles of its modules.
    run_plain(hostile_url, "UPDATE \"Module\" SET title = replace(title, %s, '')", [HOSTILE])
    said = run(triosigno_command, "demo", f"--url={hostile_url}")
    assert SHOWN in said
    assert "practises" in said


def run(command: list[str], *arguments: object) -> str:
    """Run a command; what it prints has no invisible characters but line ends."""
    ended = run_process(
        [*command, *map(str, arguments)],
        capture_output=True, check=False, input=b"another secret\n", timeout=120,
        env=os.environ | {"TRIOSIGNO_DB_PASSWORD_COST": "4"},
    )  # fmt: skip
    said = (ended.stdout + ended.stderr).decode()
    assert "Traceback" not in said
    found = {each for each in said if is_invisible(each)} - {"\n"}
    # JSON has no control characters below 32; those beyond are text.
    if "--json" not in arguments:
        assert found == set(), (re.escape(str(found)), said)
    return said
