"""A server, a proxy before it and a crew of writers: where faults are tried under load."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import triosigno_db as db
from tests.faults.clients import Crew
from tests.faults.disks import SmallDisk, small_disk
from tests.faults.journal import PATIENCE_SECONDS, Ledger, Verdict, read_applied
from tests.faults.proxy import Proxy
from tests.plain_sql import run_plain
from triosigno_db.testing import ThrowawayPostgres, ThrowawayPostgresError

OPTIONS: dict[str, Any] = {
    "connection_limit": 8,
    "connect_timeout": 5,
    "pool_timeout": 2,
    "lock_timeout": 1,
    "statement_timeout": 1,
    "network_timeout": 1,
    "idle_transaction_timeout": 2,
    "slow_statement": 0,
    "password_cost": 4,
}
"""Limits that are short enough to be passed while a fault lasts."""

_DISK_MEGABYTES = 512

CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'triosigno_db' AND datname = current_database()
"""


class Stage(NamedTuple):
    """What a fault may touch.

    Attributes:
        server: The server.
        proxy: What all writers reach it through.
        url: The database, not through the proxy.
        proxied_url: The database through the proxy.
        crew: The writers.
        disk: What holds the database's tables; `None` where this process may not mount one.
        chosen: The random choices of faults.
    """

    server: ThrowawayPostgres
    proxy: Proxy
    url: str
    proxied_url: str
    crew: Crew
    disk: SmallDisk | None
    chosen: random.Random


Fault = Callable[[Stage, Ledger], float]
"""Makes something fail under load; gives the moment at which all was well again."""


class Round(NamedTuple):
    """What came of a fault.

    Attributes:
        verdict: What clients knew, beside the tables.
        recovery: Seconds from the moment when all was well again to the last writer's success.
    """

    verdict: Verdict
    recovery: float


@contextmanager
def staged(*, threads: int, processes: int, seed: int) -> Iterator[Stage]:
    """Set up a stage for the block; neither connection, thread nor file is left of it."""
    before = read_resources()
    with ExitStack() as stack:
        server = stack.enter_context(
            ThrowawayPostgres(in_memory=True, settings={"max_connections": "40"})
        )
        owner = server.data_directory.stat().st_uid
        disk = stack.enter_context(small_disk(_DISK_MEGABYTES, owner))
        # The disk can be unmounted once the server has let go of it.
        stack.callback(server.stop)
        url = server.url
        if disk is not None:
            run_plain(server.url, f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
            run_plain(server.url, "CREATE DATABASE staged TABLESPACE small")
            url = server.url_for("staged")
        proxy = stack.enter_context(Proxy(server.port))
        through = proxy.lead_through(url)
        with connected(through):
            db.create_schema()
            crew = Crew(through, OPTIONS, threads=threads, processes=processes, seed=seed)
        stack.callback(wait_for, url, CONNECTIONS, 0)
        stack.enter_context(crew)
        yield Stage(server, proxy, url, through, crew, disk, random.Random(seed))
    wait_until_released(before)


@contextmanager
def connected(url: str) -> Iterator[None]:
    """Connect this process for the block."""
    db.connect(url, **OPTIONS)
    try:
        yield
    finally:
        db.disconnect()


def play(stage: Stage, fault: Fault) -> Round:
    """Let all write, make a fault, and let them write until each has succeeded again."""
    before = read_applied(stage.url)
    with connected(stage.proxied_url), stage.crew.writing() as ledger:
        ledger.wait_for_successes(stage.crew.names, since=0)
        well_again = fault(stage, ledger)
        recoveries = ledger.wait_for_successes(stage.crew.names, well_again)
    wait_until_idle(stage.url)
    verdict = ledger.compare(before, read_applied(stage.url))
    return Round(verdict, max(recoveries.values()))


def wait_until_idle(url: str) -> None:
    """Wait until the server does nothing for a writer that has given up."""
    wait_for(url, f"{CONNECTIONS} AND state <> 'idle'", 0)


def wait_for(url: str, question: str, answer: int) -> None:
    """Ask the server until it gives an answer."""
    wait_until(lambda: run_plain(url, question) == [(answer,)], f"not {answer}: {question}")


def wait_until(is_so: Callable[[], bool], failure: str) -> None:
    """Look until something is so; for what no event tells."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, failure


def wait_until_released(before: Counter[str]) -> None:
    """Wait until this process holds no thread and no file that it did not hold before.

    What an earlier test has left may end meanwhile: less than before is no failure.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := read_resources() - before:
        assert time.monotonic() < deadline, f"left: {left}; threads: {threading.enumerate()}"


def read_resources() -> Counter[str]:
    """Count the threads and the open files of this process, the files by what they are."""
    resources = Counter(thread=threading.active_count())
    for descriptor in Path("/proc/self/fd").iterdir():
        # The listing's own descriptor is closed by now.
        with suppress(FileNotFoundError):
            # A socket and a pipe are followed by their number.
            resources[str(descriptor.readlink()).partition(":[")[0]] += 1
    return resources


def kill_server(server: ThrowawayPostgres) -> None:
    """Kill a server's main process; those of its connections notice it a moment later."""
    os.kill(server.server_pid, signal.SIGKILL)


def restart_killed(server: ThrowawayPostgres) -> None:
    """Start a killed server again; it refuses while processes of the old one still end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            server.restart("immediate")
        except ThrowawayPostgresError:
            if time.monotonic() > deadline:
                raise
        else:
            return
