"""Passwords: the Node side's bcrypt reads our hashes, and we read its."""

import json
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.programs import find_program
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

pytestmark = [
    pytest.mark.skipif(
        find_program("node") is None or find_program("npm") is None, reason="there is no Node here"
    ),
    pytest.mark.xdist_group("node"),
]

PASSWORDS = ["a", "un mot de passe", "é" * 36, "🤟🏽 LSF", "x" * 72]


def ask_node(folder: Path, *questions: dict[str, str]) -> Any:
    ended = run_process(
        ["node", "passwords.mjs"],
        cwd=folder,
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(ended.stdout)


def test_node_reads_our_hashes(triosigno_db: IsolatedDatabase, node_folder: Path) -> None:
    questions = []
    for password in PASSWORDS:
        user = make_user(password=password)
        ((stored,),) = run_plain(
            triosigno_db.url, 'SELECT "password" FROM "User" WHERE "id" = %s', (user.id,)
        )
        questions += [
            {"password": password, "hash": stored},
            {"password": "wrong", "hash": stored},
        ]
    assert ask_node(node_folder, *questions) == [True, False] * len(PASSWORDS)


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_we_read_node_s_hashes(
    triosigno_db: IsolatedDatabase, node_folder: Path, prefix: str
) -> None:
    hashes = ask_node(node_folder, *({"password": password} for password in PASSWORDS))
    for password, found in zip(PASSWORDS, hashes, strict=True):
        user = make_user()
        stored = prefix + found[4:]
        run_plain(
            triosigno_db.url, 'UPDATE "User" SET "password" = %s WHERE "id" = %s', (stored, user.id)
        )
        assert db.authenticate(user.username, password).id == user.id
        with pytest.raises(db.InvalidCredentialsError):
            db.authenticate(user.username, f"not {password}"[:72])
