"""As which user a throwaway server runs: never as root, which PostgreSQL refuses."""

import os
import pwd
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import triosigno_db
from tests.processes import run_process
from tests.testing.owners import StartOwner, ask, hear, wait_until_gone
from triosigno_db.testing import binaries
from triosigno_db.testing.server import ThrowawayPostgres, available_versions

VERSIONS = [each.version for each in available_versions()]
BUNDLED = [each for each in available_versions() if each.origin == "bundled"]
IS_ROOT = os.geteuid() == 0


@pytest.mark.skipif(not IS_ROOT, reason="root alone runs servers as another user")
@pytest.mark.parametrize("version", VERSIONS)
def test_root_runs_it_as_an_unprivileged_user(version: int) -> None:
    account = binaries.choose_account()
    assert account is not None
    with ThrowawayPostgres(version=version) as server:
        folder = Path(server.base_dir)
        assert folder.stat().st_uid == account.uid
        assert folder.stat().st_mode & 0o077 == 0
        assert server.data_directory.stat().st_uid == account.uid


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user runs servers as itself")
@pytest.mark.skipif(not BUNDLED, reason="the extra postgres is not installed")
@pytest.mark.usefixtures("without_servers_of_the_machine")
@pytest.mark.parametrize("bundled", BUNDLED, ids=lambda each: str(each.version))
def test_root_runs_a_server_from_a_closed_folder(
    monkeypatch: pytest.MonkeyPatch, temporary_folder: Path, bundled: binaries.ServerInstallation
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as closed:  # of mode 0700
        package = bundled.bin_dir.parents[1]
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                ignored = shutil.ignore_patterns("include")
                shutil.copytree(folder, Path(closed, folder.name), ignore=ignored)
        monkeypatch.syspath_prepend(closed)
        with ThrowawayPostgres(version=bundled.version) as server:
            assert ask(server.url, "SELECT 1") == 1
            # Shared libraries and the files in share/ were found in the copy.
            assert ask(server.url, "SELECT count(*) FROM pg_timezone_names") > 0
            ask(server.url, "DO $$ BEGIN RAISE NOTICE 'plpgsql works'; END $$")
        assert Path(closed).stat().st_mode & 0o777 == 0o700
        assert not list(temporary_folder.iterdir())


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user's own temporary folder is open to it")
def test_root_avoids_a_closed_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as closed:
        monkeypatch.setattr(tempfile, "tempdir", closed)
        with ThrowawayPostgres() as server:
            assert not server.base_dir.startswith(closed)
            assert not list(Path(closed).iterdir())


@pytest.mark.skipif(not IS_ROOT, reason="run by an ordinary user, every test here does this")
def test_an_ordinary_user_runs_it_as_itself(start_owner: StartOwner) -> None:
    entry = pwd.getpwnam("nobody")
    options: dict[str, Any] = {
        "user": entry.pw_uid,
        "group": entry.pw_gid,
        "extra_groups": (),
        "cwd": "/",
    }
    probe = [sys.executable, "-c", "import psycopg2, triosigno_db.testing.server"]
    reachable = False
    with suppress(PermissionError):
        environment = {**os.environ, "PYTHONPATH": str(Path(triosigno_db.__file__).parents[1])}
        reachable = run_process(probe, **options, env=environment, check=False).returncode == 0
    if not reachable:
        pytest.skip(f"the user nobody cannot reach {sys.executable} or the package")
    script = "tell(uid=os.stat(server.data_directory).st_uid, me=os.getuid())"
    owner = start_owner(script, **options)
    told = hear(owner)
    assert told["uid"] == told["me"] != 0
    wait_until_gone(told)
