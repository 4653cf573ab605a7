"""Passwords: the Node side's bcrypt reads our hashes, and we read its."""

import json
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.interop.node import NEEDS_NODE, ask_node
from tests.plain_sql import run_plain
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

pytestmark = NEEDS_NODE

PASSWORDS = ["a", "un mot de passe", "é" * 36, "🤟🏽 LSF", "x" * 72]


def ask(folder: Path, *questions: dict[str, str]) -> Any:
    return json.loads(ask_node(folder, "passwords.mjs", questions))


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
    assert ask(node_folder, *questions) == [True, False] * len(PASSWORDS)


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_we_read_node_s_hashes(
    triosigno_db: IsolatedDatabase, node_folder: Path, prefix: str
) -> None:
    hashes = ask(node_folder, *({"password": password} for password in PASSWORDS))
    for password, found in zip(PASSWORDS, hashes, strict=True):
        user = make_user()
        stored = prefix + found[4:]
        run_plain(
            triosigno_db.url, 'UPDATE "User" SET "password" = %s WHERE "id" = %s', (stored, user.id)
        )
        assert db.authenticate(user.username, password).id == user.id
        with pytest.raises(db.InvalidCredentialsError):
            db.authenticate(user.username, f"not {password}"[:72])
