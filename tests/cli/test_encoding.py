"""Outputs whose encoding lacks characters: no command fails, and JSON remains JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import triosigno_db as db
from tests.cli.test_app import ALL
from tests.processes import run_process
from tests.sampling import mostly_slow
from triosigno_db.database.execution import run_sql
from triosigno_db.packs import starter_pack
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import make_user

ENVIRONMENTS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "the locale C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
}

# Every command in one process, its output after a line with its arguments.
PROGRAM = """
import json, os, sys
from triosigno_db.cli.app import run

for arguments in json.load(open(sys.argv[1], encoding="utf-8")):
    print("\\n@", json.dumps(arguments), flush=True)
    # As the operating system gives them.
    sys.argv = ["triosigno-db", *(os.fsdecode(each.encode()) for each in arguments)]
    try:
        run()
        code = 0
    except SystemExit as exc:
        code = exc.code
    print("\\n= exit", code or 0, flush=True)
"""

NAME = "Łéa👋"
LOGIN = "lea@example.org"


@pytest.fixture
def _stored(triosigno_url: str) -> None:
    """Names and identifiers that are in no single code page."""
    db.connect(triosigno_url, password_cost=4)
    make_user(email=LOGIN, username=NAME, first_name=NAME)
    run_sql('CREATE TABLE "Été" (); ALTER TABLE "Sign" ADD COLUMN "Łéa👋" text')


def run_all(
    commands: list[list[str]], folder: Path, encoding: str, url: str
) -> dict[str, tuple[str, int]]:
    """Run commands; give what each printed, and its exit code."""
    (folder / "commands.json").write_text(json.dumps(commands), encoding="utf-8")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "PYTHONIOENCODING", "PYTHONUTF8"))
    }
    chosen = ENVIRONMENTS[encoding]
    ended = run_process(
        [sys.executable, "-c", PROGRAM, "commands.json"],
        cwd=folder,
        env={**inherited, **chosen, "DATABASE_URL": url, "TRIOSIGNO_DB_PASSWORD_COST": "4"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    text = ended.stdout.decode(chosen.get("PYTHONIOENCODING", "ascii"))
    assert ended.returncode == 0, text
    assert "Traceback" not in text
    printed = {}
    for part in text.split("\n@ ")[1:]:
        output, _, code = part.rpartition("\n= exit ")
        arguments, _, output = output.partition("\n")
        printed[" ".join(json.loads(arguments))] = (output, int(code))
    return printed


@pytest.mark.usefixtures("_stored")
@pytest.mark.parametrize("encoding", mostly_slow(ENVIRONMENTS, 1))
def test_no_command_fails(
    encoding: str, triosigno_url: str, triosigno_server: DatabaseServer, tmp_path: Path
) -> None:
    (tmp_path / "pack.json").write_text(
        starter_pack().model_dump_json(exclude_none=True), encoding="utf-8"
    )
    expected = {
        "users list": 0,
        "users list --json": 0,
        f"users export {LOGIN}": 0,
        f"users export {LOGIN} --out exported.json": 0,
        f"users deactivate {LOGIN}": 0,
        "users deactivate Łéa": 1,
        "users list --Łéa": 2,
        "migrate status": 0,
        "migrate diff": 0,
        "migrate diff --json": 0,
        "doctor --no-validate": 0,
        "doctor --no-validate --json": 0,
        "content import pack.json --dry-run --json": 0,
        "content import pack.json": 0,
        "content import Łéa.json": 1,
        "content export exported.yaml": 0,
        "schema sql": 0,
        "schema prisma": 0,
        "schema erd": 0,
        "roles check": 0,
        "roles check --json": 0,
    }
    commands = [[*path, "--help"] for path in ALL] + [each.split() for each in expected]
    printed = run_all(commands, tmp_path, encoding, triosigno_url)
    assert {each: printed[each][1] for each in expected} == expected
    assert {code for name, (_, code) in printed.items() if name.endswith("--help")} == {0}

    is_unicode = encoding == "utf-8"
    assert (NAME in printed["users list"][0]) == is_unicode
    assert ("\\u0141" in printed["users list"][0]) == (not is_unicode)
    for name, (output, _) in printed.items():
        if name.endswith("--json") or name == f"users export {LOGIN}":
            json.loads(output)
    assert json.loads(printed["users list --json"][0])[0]["username"] == NAME
    # Files are in UTF-8 wherever they are written.
    exported = json.loads((tmp_path / "exported.json").read_text(encoding="utf-8"))
    assert exported["username"] == NAME
    assert "aît" in (tmp_path / "exported.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_the_demo_is_drawn_with_what_there_is(
    encoding: str, empty_url: str, tmp_path: Path
) -> None:
    printed = run_all([["demo", "--url", empty_url]], tmp_path, encoding, empty_url)
    ((output, code),) = printed.values()
    assert code == 0
    assert "####" in output
    assert "firstName" in output


@pytest.mark.usefixtures("_stored")
def test_a_script_is_not_printed_as_another_one(triosigno_url: str, tmp_path: Path) -> None:
    commands = [["migrate", "diff", "--sql"], ["roles", "sql", "--app", "Łéa"]]
    for output, code in run_all(commands, tmp_path, "ascii", triosigno_url).values():
        assert code == 1
        assert "ascii, lacks characters of this script: set" in output
        assert "ALTER" not in output
    for output, code in run_all(commands, tmp_path, "utf-8", triosigno_url).values():
        assert code == 0
        assert "Łéa" in output


def test_a_password_in_another_encoding_is_refused(triosigno_command: list[str]) -> None:
    ended = run_process(
        [*triosigno_command, "users", "create", LOGIN, "lea", "--password-stdin"],
        input="mot de passé\n".encode("latin-1"),
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert b"password: is not written in the encoding of the input, utf-8" in ended.stderr
