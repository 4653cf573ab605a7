"""Windows: the package is imported, connects, and its pytest plugin works.

The names that Python does not have there are taken away in a process of its own.
"""

import re
from pathlib import Path

import pytest

from tests.platforms.windows import run_as_on_windows
from triosigno_db.testing import DatabaseServer

IMPORT_ALL = """
import importlib, pkgutil
import triosigno_db

def fail(name):
    raise ImportError(name)

for module in pkgutil.walk_packages(triosigno_db.__path__, "triosigno_db.", onerror=fail):
    importlib.import_module(module.name)
    print(module.name)
"""

USE = """
import asyncio, sys, time
import triosigno_db as db
from triosigno_db import aio
from triosigno_db.database.execution import run_sql
from triosigno_db.doctor import diagnose
from triosigno_db.testing import factories

db.connect(sys.argv[1], statement_timeout=0.5, network_timeout=0.3, password_cost=4)
user, sign = factories.make_user(), factories.make_sign()
with db.transaction():
    db.record_attempt(user.id, sign.id, is_correct=True)
    db.record_attempt(user.id, sign.id, is_correct=True)
assert db.get_progress(user.id, sign.id).total_attempts == 2
assert db.ping() > 0

started = time.monotonic()
try:
    # The server does not end it: the watchdog does.
    run_sql("SET statement_timeout = 0; SELECT pg_sleep(60)")
except db.DatabaseUnavailableError:
    print("aborted after", time.monotonic() - started, "s")
assert db.count_users() == 1

(finding, *_) = diagnose().findings
print(finding.details)

async def count():
    counted = await aio.count_users()
    await aio.disconnect()
    return counted

assert asyncio.run(count()) == 1
db.disconnect()
print("done")
"""

SERVICE_TEST = """
import triosigno_db as db
from triosigno_db.testing import factories

def test_one(triosigno_db, statement_counter):
    factories.make_user()
    assert db.count_users() == 1
"""

COMMANDS = """
import sys
from triosigno_db.cli.app import run

for command in ("migrate deploy", "migrate status", "users list", "doctor --no-validate", "demo"):
    sys.argv = ["triosigno-db", *command.split(), "--url", sys.argv[-1]]
    try:
        run()
    except SystemExit as exc:
        print(command, "exit", exc.code, flush=True)
"""

REFUSED = """
from triosigno_db.testing import ThrowawayPostgres, ThrowawayPostgresError
try:
    ThrowawayPostgres()
except ThrowawayPostgresError as error:
    print(error)
"""

# Other packages' plugins look at what the platform calls itself: only ours is loaded.
PYTEST = """
import os, sys, pytest
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
plugins = ["-p", "no:cacheprovider", "-p", "triosigno_db.testing.plugin"]
sys.exit(pytest.main(["-q", *plugins, *sys.argv[1:]]))
"""


def test_every_module_is_imported(tmp_path: Path) -> None:
    imported = run_as_on_windows(IMPORT_ALL, cwd=tmp_path).split()
    assert {"triosigno_db.testing.supervisor", "triosigno_db.cli.app"} <= set(imported)


def test_the_core_connects(triosigno_url: str, tmp_path: Path) -> None:
    told = run_as_on_windows(USE, triosigno_url, cwd=tmp_path)
    (aborted_after,) = re.findall(r"^aborted after (\S+) s$", told, re.MULTILINE)
    assert 0.8 <= float(aborted_after) < 30
    assert "'address 127.0.0.1'" in told
    assert told.endswith("\ndone\n")


@pytest.mark.slow
def test_the_commands_work(empty_url: str, tmp_path: Path) -> None:
    told = run_as_on_windows(COMMANDS, empty_url, cwd=tmp_path)
    codes = re.findall(r"^(.+) exit (\d)$", told, re.MULTILINE)
    assert [code for _, code in codes] == ["0"] * 5


def test_the_pytest_plugin_works_on_an_installed_server(
    triosigno_server: DatabaseServer, tmp_path: Path
) -> None:
    (tmp_path / "test_service.py").write_text(SERVICE_TEST)
    told = run_as_on_windows(PYTEST, "--triosigno-url", triosigno_server.url, cwd=tmp_path)
    assert "1 passed" in told


def test_a_throwaway_server_is_refused(tmp_path: Path) -> None:
    told = run_as_on_windows(REFUSED, cwd=tmp_path)
    assert "not on Windows: use an installed server, with pytest by --triosigno-url" in told
