"""A server, a proxy before it and clients that write: where faults are injected under load."""

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
from tests.faults.clients import Clients
from tests.faults.disks import SmallDisk, small_disk
from tests.faults.journal import TIMEOUT_SECONDS, Journal, Verdict, read_applied
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


class Environment(NamedTuple):
    """What a fault may act on.

    Attributes:
        server: The server.
        proxy: What all clients reach it through.
        url: The database, not through the proxy.
        proxied_url: The database through the proxy.
        clients: The clients that write.
        disk: What holds the database's tables; `None` where this process may not mount one.
        chosen: The random choices of faults.
    """

    server: ThrowawayPostgres
    proxy: Proxy
    url: str
    proxied_url: str
    clients: Clients
    disk: SmallDisk | None
    chosen: random.Random


Fault = Callable[[Environment, Journal], float]
"""Injects a failure under load; returns when it was over, by `time.monotonic`."""


class Round(NamedTuple):
    """The result of one fault.

    Attributes:
        verdict: What clients knew, compared with the tables.
        recovery: Seconds from the end of the fault to the last client's first success after it.
    """

    verdict: Verdict
    recovery: float


@contextmanager
def running_environment(*, threads: int, processes: int, seed: int) -> Iterator[Environment]:
    """Run an environment for the block; no connection, thread or file remains after it."""
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
            run_plain(server.url, "CREATE DATABASE under_faults TABLESPACE small")
            url = server.url_for("under_faults")
        proxy = stack.enter_context(Proxy(server.port))
        through = proxy.lead_through(url)
        with connected(through):
            db.create_schema()
            clients = Clients(through, OPTIONS, threads=threads, processes=processes, seed=seed)
        stack.callback(wait_for, url, CONNECTIONS, 0)
        stack.enter_context(clients)
        yield Environment(server, proxy, url, through, clients, disk, random.Random(seed))
    wait_until_released(before)


@contextmanager
def connected(url: str) -> Iterator[None]:
    """Connect this process for the block."""
    db.connect(url, **OPTIONS)
    try:
        yield
    finally:
        db.disconnect()


def run_round(environment: Environment, fault: Fault) -> Round:
    """Let all clients write, inject a fault, and wait until each has succeeded again."""
    before = read_applied(environment.url)
    with connected(environment.proxied_url), environment.clients.writing() as journal:
        journal.wait_for_successes(environment.clients.names, since=0)
        recovered_at = fault(environment, journal)
        recoveries = journal.wait_for_successes(environment.clients.names, recovered_at)
    wait_until_idle(environment.url)
    verdict = journal.compare(before, read_applied(environment.url))
    return Round(verdict, max(recoveries.values()))


def wait_until_idle(url: str) -> None:
    """Wait until the server runs nothing for a client that has timed out."""
    wait_for(url, f"{CONNECTIONS} AND state <> 'idle'", 0)


def wait_for(url: str, question: str, answer: int) -> None:
    """Query the server until it returns an answer."""
    wait_until(lambda: run_plain(url, question) == [(answer,)], f"not {answer}: {question}")


def wait_until(condition: Callable[[], bool], failure: str) -> None:
    """Poll until a condition holds, where there is no event to wait for."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, failure


def wait_until_released(before: Counter[str]) -> None:
    """Wait until this process has no thread and no open file that it did not have before.

    Threads of an earlier test may end meanwhile: fewer than before is not a failure.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
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
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            server.restart("immediate")
        except ThrowawayPostgresError:
            if time.monotonic() > deadline:
                raise
        else:
            return
