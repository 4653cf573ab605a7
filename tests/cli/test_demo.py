"""The command as a user runs it."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from tests.hostile_environment import hostile_value
from tests.processes import run_process
from triosigno_db.models import LearningSession, Module, Progress, User
from triosigno_db.packs import starter_pack
from triosigno_db.testing.environment import LIBPQ_VARIABLES
from triosigno_db.testing.factories import make_user

COMMAND = str(Path(sys.executable).with_name("triosigno-db"))


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return run_process(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
        **options,
    )


def test_the_demo_shows_the_tree_and_the_learner(tmp_path: Path) -> None:
    ended = run("demo", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    module = starter_pack().modules[0]
    for lesson in module.lessons:
        assert lesson.title in ended.stdout
        for name in lesson.signs:
            assert re.search(rf"{re.escape(name)} +[█░]{{20}} +\d+ %", ended.stdout)
    assert re.search(r"firstName +│ Camille", ended.stdout)
    assert re.search(r"userPreferences.language +│ fr", ended.stdout)
    assert "password" not in ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_demo_ignores_the_variables_of_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*LIBPQ_VARIABLES, "TRIOSIGNO_DB_SSLMODE", "TRIOSIGNO_DB_CONNECT_TIMEOUT"):
        monkeypatch.setenv(name, hostile_value(name))
    ended = run("demo")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_the_demo_stops_its_server() -> None:
    ended = run("demo")
    port = int(re.search(r"runs on port (\d+)", ended.stdout)[1])
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="triosigno")


@pytest.mark.slow
def test_the_demo_on_a_given_database_can_be_run_again(empty_url: str) -> None:
    first, second = (run("demo", "--url", empty_url) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert "114 signs in 6 categories" in first.stdout
    assert "already exists" in second.stdout
    db.connect(empty_url)
    assert Module.select().count() == 4
    assert User.select().count() == 2
    assert sum(row.total_attempts for row in Progress.select()) == 2 * 7 * 40
    assert LearningSession.select().count() == 0


def test_the_demo_adds_nothing_to_a_database_with_other_accounts(empty_url: str) -> None:
    db.connect(empty_url, password_cost=4)
    db.create_schema()
    make_user(username="lea")
    ended = run("demo", "--url", empty_url)
    assert ended.returncode == 1
    assert "holds accounts (1) that the demo has not created, such as lea" in ended.stderr
    assert (User.select().count(), Module.select().count()) == (1, 0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_week(empty_url: str) -> None:
    bars = [re.findall(r"[█░]+ +\d+ %", run("demo", "--seed", "7").stdout) for _ in range(2)]
    assert bars[0] == bars[1]
    assert len(bars[0]) > 10


def test_a_kept_server_goes_on_until_its_stop_command() -> None:
    ended = run("demo", "--keep")
    url = re.search(r"postgresql://\S+", ended.stdout)[0]
    stop = re.search(r"To stop it: +(kill \d+)", ended.stdout)[1]
    try:
        db.connect(url)
        assert Module.select().count() == 4
    finally:
        db.disconnect()
        run_process(stop, shell=True, check=True)


def test_a_wrong_url_is_told_without_its_password() -> None:
    ended = run("demo", "--url", "postgresql://me:geheim@127.0.0.1:1/triosigno")
    assert ended.returncode == 1
    assert "DatabaseUnavailableError" in ended.stderr
    assert "geheim" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_version_is_the_package_s() -> None:
    assert run("--version").stdout.strip() == db.__version__


@contextmanager
def in_a_terminal(*arguments: str) -> Iterator[tuple[int, int]]:
    """Run the command in a terminal of its own; gives its process id and the terminal."""
    process, terminal = pty.fork()
    if process == 0:
        os.execv(COMMAND, [COMMAND, *arguments])
    try:
        yield process, terminal
    finally:
        os.close(terminal)
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def read_until(terminal: int, pattern: str) -> str:
    text = ""
    while not re.search(pattern, text):
        text += os.read(terminal, 4096).decode(errors="replace")
    return text


def read_to_the_end(terminal: int) -> str:
    text = ""
    with suppress(OSError):  # how Linux tells the end of a terminal
        while chunk := os.read(terminal, 4096):
            text += chunk.decode(errors="replace")
    return text


# pytest itself runs threads where it runs in parallel; the child replaces itself at once.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    "moment", [r"runs on port", r"Loading content .*[1-9]\d*/140", r"practises"]
)
def test_ctrl_c_leaves_no_server_behind(moment: str) -> None:
    with in_a_terminal("demo") as (process, terminal):
        seen = read_until(terminal, moment)
        os.write(terminal, b"\x03")
        seen += read_to_the_end(terminal)
        _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert "Traceback" not in seen
    port = int(re.search(r"runs on port (\d+)", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen))[1])
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="triosigno")
