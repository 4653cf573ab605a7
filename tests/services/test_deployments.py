"""The recipes for gunicorn and Celery: processes that fork, on a real database."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

import triosigno_db as db
from tests.docs.pages import ROOT, write_files
from tests.plain_sql import run_plain
from tests.processes import Process, run_process
from tests.redis_server import NO_REDIS, RedisServer
from triosigno_db.testing import factories
from triosigno_db.testing.plugin import IsolatedDatabase

RECIPES = ROOT / "docs" / "recipes"
WORKERS = 2
TIME_LIMIT = 120  # seconds
SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
END_SESSIONS = SESSIONS.replace("count(*)", "count(pg_terminate_backend(pid))")


class Running:
    """A process whose log is read as it is written."""

    def __init__(self, process: Process[str]) -> None:
        self._process = process
        self.log: list[str] = []

    def wait_for(self, pattern: str, times: int = 1) -> list[str]:
        """Read on until a pattern was found in so many lines, and list what its group held."""
        assert self._process.stdout is not None
        found: list[str] = []
        for line in self._process.stdout:
            self.log.append(line)
            if match := re.search(pattern, line):
                found.append(match[1])
                if len(found) == times:
                    return found
        raise AssertionError(f"no {pattern!r} in:\n" + "".join(self.log))

    def stop(self) -> int:
        """Ask the process to end, read what is left of its log, and tell its exit code."""
        self._process.terminate()
        self.log.append(self._process.communicate(timeout=30)[0])
        return self._process.returncode


@contextmanager
def running(*arguments: str, cwd: Path, **variables: str) -> Iterator[Running]:
    process = Process(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    # A log that never says what is waited for ends with its process.
    deadline = threading.Timer(TIME_LIMIT, os.killpg, [process.pid, signal.SIGKILL])
    deadline.start()
    try:
        yield Running(process)
    finally:
        deadline.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def sessions_of(database: IsolatedDatabase) -> int:
    """Count the sessions on the database; the library in this process must have none."""
    return int(run_plain(database.url, SESSIONS)[0][0])


@pytest.fixture
def database(triosigno_db: IsolatedDatabase) -> IsolatedDatabase:
    """A database with a module, to which this process holds no connection."""
    factories.make_module(title="Premiers pas")
    db.disconnect()
    return triosigno_db


def test_gunicorn_forks_a_service_that_connected_at_import(
    database: IsolatedDatabase, tmp_path: Path
) -> None:
    write_files(RECIPES / "gunicorn.md", tmp_path)
    options = ["--preload", "--workers", str(WORKERS), "--threads", "4", "--bind", "127.0.0.1:0"]
    log = ["--access-logfile", "-", "--access-logformat", "answered by %(p)s with %(s)s"]
    with running("-m", "gunicorn", *options, *log, "service:app", cwd=tmp_path) as service:
        url = service.wait_for(r"Listening at: (http://\S+)")[0]
        workers = service.wait_for(r"Booting worker with pid: (\d+)", WORKERS)

        def read_modules(_: object) -> bytes:
            with urlopen(f"{url}/modules", timeout=30) as answer:
                return bytes(answer.read())

        def ask(times: int) -> None:
            with ThreadPoolExecutor(8) as callers:
                assert all(
                    b"Premiers pas" in body for body in callers.map(read_modules, range(times))
                )

        answered: set[str] = set()
        while answered != set(workers):
            ask(60)
            answered.update(service.wait_for(r"answered by <(\d+)> with 200", 60))
        assert 2 <= sessions_of(database) <= WORKERS * 4 + 1

        run_plain(database.url, END_SESSIONS)
        ask(60)  # the workers connect again

        os.kill(int(workers[0]), signal.SIGKILL)
        service.wait_for(r"Booting worker with pid: (\d+)")
        ask(60)  # so does the worker that takes its place
        assert service.stop() == 0
    assert sessions_of(database) == 0


@pytest.mark.skipif(NO_REDIS, reason="there is no Redis here")
def test_celery_s_workers_have_a_connection_each(
    database: IsolatedDatabase, tmp_path: Path, redis: RedisServer
) -> None:
    write_files(RECIPES / "celery.md", tmp_path)
    send = (
        "import sys, tasks;"
        "sent = [tasks.read_streak.delay(sys.argv[1]) for _ in range(40)];"
        "assert {task.get(timeout=60) for task in sent} == {0}"
    )

    def run_tasks() -> None:
        run_process(
            [sys.executable, "-c", send, str(learner)],
            cwd=tmp_path,
            env=os.environ | {"REDIS_URL": redis.url},
            check=True,
            timeout=90,
        )

    db.connect(database.url)
    learner = factories.make_user().id
    db.disconnect()
    worker = ["-m", "celery", "-A", "tasks", "worker", "--concurrency", str(WORKERS)]
    worker += ["--loglevel", "INFO"]
    with running(*worker, cwd=tmp_path, REDIS_URL=redis.url) as service:
        service.wait_for(r"(ready)\.")
        run_tasks()
        assert sessions_of(database) == WORKERS

        run_plain(database.url, END_SESSIONS)
        run_tasks()  # the workers connect again
        assert sessions_of(database) == WORKERS
        assert service.stop() == 0
    assert sessions_of(database) == 0
