"""The faults: each makes something fail while writers write, and repairs it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg2

import triosigno_db as db
from tests.faults.disks import SmallDisk
from tests.faults.environment import (
    OPTIONS,
    Environment,
    Fault,
    kill_server,
    restart_killed,
    wait_until,
)
from tests.faults.journal import TIMEOUT_SECONDS, Journal
from tests.faults.proxy import Place
from tests.plain_sql import run_plain

FAULTS: dict[str, Fault] = {}
"""All faults by the names that the table of `docs/reliability.md` gives them."""

_TRAPS = 4
_SCARCITY_SECONDS = 1.5
_PAUSE_SECONDS = OPTIONS["statement_timeout"] + OPTIONS["network_timeout"] + 1
"""Longer than the library waits."""

_STATEMENTS = ("upsert_progress", "session", "COMMIT", "")
"""What a statement's text holds whose connection fails."""

_OURS = "application_name = 'triosigno_db'"
_BACKENDS = f"SELECT pid FROM pg_stat_activity WHERE {_OURS}"
_TERMINATE = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_OURS}"


def _named(name: str) -> Callable[[Fault], Fault]:
    def add(fault: Fault) -> Fault:
        FAULTS[name] = fault
        return fault

    return add


# -- the server ---------------------------------------------------------------------------------


@_named("server killed (SIGKILL), started again")
def _kill_server(environment: Environment, journal: Journal) -> float:
    kill_server(environment.server)
    restart_killed(environment.server)
    return time.monotonic()


@_named("one process of the server killed (SIGKILL)")
def _kill_backend(environment: Environment, journal: Journal) -> float:
    # The server ends all the others and recovers as from a crash.
    before = _find_checkpointer(environment.url)
    backends = run_plain(environment.url, _BACKENDS)
    os.kill(environment.chosen.choice(backends)[0], signal.SIGKILL)
    wait_until(
        lambda: _find_checkpointer(environment.url) not in (None, before),
        "the server does not recover",
    )
    return time.monotonic()


@_named("`pg_ctl restart -m immediate`")
def _restart_at_once(environment: Environment, journal: Journal) -> float:
    environment.server.restart("immediate")
    return time.monotonic()


@_named("`pg_ctl restart -m fast`")
def _restart_in_order(environment: Environment, journal: Journal) -> float:
    environment.server.restart("fast")
    return time.monotonic()


@_named("`pg_terminate_backend` on every connection, repeatedly")
def _terminate(environment: Environment, journal: Journal) -> float:
    for _ in range(3):
        now = time.monotonic()
        run_plain(environment.url, _TERMINATE)
        journal.wait_for_successes(environment.clients.names, now)
    run_plain(environment.url, _TERMINATE)
    return time.monotonic()


@_named("`max_connections` reached")
def _take_all_connections(environment: Environment, journal: Journal) -> float:
    with ExitStack() as taken:
        run_plain(environment.url, _TERMINATE)
        # Writers that are refused try again, and none of them may come through.
        deadline = time.monotonic() + _SCARCITY_SECONDS
        while time.monotonic() < deadline:
            take_connection(environment.url, taken)
    return time.monotonic()


@_named("disk full")
def _fill_disk(environment: Environment, journal: Journal) -> float:
    with disk_full(environment.url, environment.disk):
        journal.wait_for_refusals(1)
    return time.monotonic()


@_named("server set to read-only")
def _set_read_only(environment: Environment, journal: Journal) -> float:
    with read_only(environment.url):
        journal.wait_for_refusals(len(environment.clients.names))
    return time.monotonic()


# -- the network --------------------------------------------------------------------------------


def _fail_at(place: Place, pause: float | None = None) -> Fault:
    def fail(environment: Environment, journal: Journal) -> float:
        statements = environment.chosen.choices(_STATEMENTS, k=_TRAPS)
        traps = [environment.proxy.set_trap(place, each, pause) for each in statements]
        for trap in traps:
            assert trap.is_over.wait(TIMEOUT_SECONDS), "no such statement was sent"
        return time.monotonic()

    return fail


for _place in Place:
    FAULTS[f"connection cut {_place.value}"] = _fail_at(_place)
FAULTS["connection stalled before the statement"] = _fail_at(Place.BEFORE, _PAUSE_SECONDS)
FAULTS["connection stalled before the answer"] = _fail_at(Place.ANSWER, _PAUSE_SECONDS)
FAULTS["answer delayed by 0.3 s in its middle"] = _fail_at(Place.INSIDE_ANSWER, pause=0.3)


@_named("every connection cut at once")
def _cut_all(environment: Environment, journal: Journal) -> float:
    environment.proxy.cut_all()
    return time.monotonic()


@_named("network stalled for longer than every limit")
def _stall(environment: Environment, journal: Journal) -> float:
    environment.proxy.stall()
    # Nothing tells when a silence has lasted for long enough but a clock.
    threading.Event().wait(_PAUSE_SECONDS)
    environment.proxy.resume()
    return time.monotonic()


# -- the clients --------------------------------------------------------------------------------


@_named("a client killed (SIGKILL)")
def _kill_client(environment: Environment, journal: Journal) -> float:
    # Returns once another process stands in its place; the other writers were not to notice.
    environment.clients.kill_process(environment.chosen)
    return time.monotonic()


@_named("pool full")
def _fill_pool(environment: Environment, journal: Journal) -> float:
    with pool_full(OPTIONS["connection_limit"]):
        journal.wait_for_refusals(1)
    return time.monotonic()


# -- what the tests of single faults use as well ------------------------------------------------


@contextmanager
def disk_full(url: str, disk: SmallDisk | None) -> Iterator[None]:
    """Leave a database no room for the block.

    Args:
        url: The database.
        disk: What holds its tables; where there is none, the server only says that it is full.
    """
    if disk is not None:
        disk.fill()
        try:
            yield
        finally:
            disk.free()
        return
    run_plain(
        url,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END$$;"
        'CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "Progress"'
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    try:
        yield
    finally:
        run_plain(url, "DROP FUNCTION refuse CASCADE")


@contextmanager
def read_only(url: str) -> Iterator[None]:
    """Have the server take no writes for the block, as an operator would before a switch.

    Args:
        url: A database of the server.
    """
    writable = f"{url}?options=-c%20default_transaction_read_only%3Doff"
    change = "ALTER SYSTEM {} default_transaction_read_only"
    run_plain(url, change.format("SET") + " = on")
    run_plain(url, "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        run_plain(writable, change.format("RESET"))
        run_plain(writable, "SELECT pg_reload_conf()")


@contextmanager
def pool_full(connection_limit: int) -> Iterator[None]:
    """Hold every pooled connection of this process for the block.

    Args:
        connection_limit: How many there are.
    """
    are_held = threading.Barrier(connection_limit + 1)
    is_over = threading.Event()

    def hold() -> None:
        while True:
            try:
                with db.connection():
                    are_held.wait(TIMEOUT_SECONDS)
                    is_over.wait(TIMEOUT_SECONDS)
            except db.PoolTimeoutError:
                continue
            return

    threads = [threading.Thread(target=hold) for _ in range(connection_limit)]
    for thread in threads:
        thread.start()
    try:
        are_held.wait(TIMEOUT_SECONDS)
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def take_connection(url: str, taken: ExitStack) -> bool:
    """Open one more connection; `False` where the server has none left."""
    try:
        connection = psycopg2.connect(url)
    except psycopg2.OperationalError:
        return False
    taken.enter_context(closing(connection))
    return True


def _find_checkpointer(url: str) -> int | None:
    """Tell the process that a server renews after a crash, `None` while it is down."""
    try:
        [(pid,)] = run_plain(
            url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        )
    except (psycopg2.OperationalError, ValueError):
        return None
    return int(pid)
