"""Processes that own a server, and what can be seen of one from outside."""

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from tests.processes import Process

StartOwner = Callable[..., Process[str]]

PATIENCE_SECONDS = 20

# What an owner does in a process of its own: start a server, say where it is, and carry on.
OWNER = """
import json, os, signal, sys, time
import psycopg2
from triosigno_db.testing import ThrowawayPostgres
server = ThrowawayPostgres()
def tell(**more):
    told = dict(url=server.url, folder=server.base_dir, pid=server.server_pid, **more)
    print(json.dumps(told), flush=True)
"""


def ask(url: str, statement: str) -> Any:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def wait_until_gone(told: dict[str, Any]) -> None:
    wait_until(lambda: not is_running(told["pid"]) and not Path(told["folder"]).exists())


def hear(owner: Process[str]) -> dict[str, Any]:
    assert owner.stdout is not None
    told: dict[str, Any] = json.loads(owner.stdout.readline())
    return told
