"""A replica that is down: stopped, killed, stalled, or cut off inside a read."""

import asyncio
import logging
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import peewee
import pytest

import triosigno_db as db
from tests.cluster import Cluster, ask, kill, processes_of, restart_after_kill, until
from tests.faults.replicas.standing_by import (
    SERVED_BY,
    cancel_at,
    connect,
    read_for_long,
    serving_port,
    skipped,
    until_served_by,
)
from tests.plain_sql import end_sessions
from triosigno_db.database.execution import fetch_all, run_sql
from triosigno_db.database.lifecycle import connected_database, current_database
from triosigno_db.database.replica_health import RETRY_AFTER
from triosigno_db.database.statements import statement
from triosigno_db.testing.factories import make_user

pytestmark = pytest.mark.xdist_group("replicas")


def test_a_replica_that_is_down_is_skipped_until_it_is_back(
    connected: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "triosigno_db")
    user = make_user()
    connected.wait_for_standby()
    assert serving_port() == connected.standby.port
    finished = threading.Event()

    def read() -> int:
        lost = 0
        while not finished.is_set():
            with db.reading_from_replica():
                assert db.get_user_with_preferences(user.id) == user
                with db.connection():
                    assert db.count_users() >= 1
                try:
                    with db.transaction():
                        assert db.get_user(user.id).id == user.id
                except db.DatabaseUnavailableError:
                    lost += 1
        return lost

    with ThreadPoolExecutor(4) as threads:
        reading = [threads.submit(read) for _ in range(4)]
        try:
            kill(connected.standby)
            until_served_by(connected.primary)
            restart_after_kill(connected.standby)
            until_served_by(connected.standby)
        finally:
            finished.set()
        # No read was lost but in the transaction that was open then, if one was.
        assert [each.result() > 1 for each in reading] == [False] * 4
    assert skipped(caplog) == ["skipped", "used again"]


def test_a_replica_that_is_down_at_the_start_is_logged(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = cluster.standby.url.replace(f":{cluster.standby.port}/", ":1/")
    db.connect(cluster.primary.url, replica_url=nowhere)
    assert skipped(caplog) == ["skipped"]
    assert "127.0.0.1:1" in caplog.text
    assert cluster.standby._password not in caplog.text
    assert serving_port() == cluster.primary.port
    assert skipped(caplog) == ["skipped"]


@statement(reads_only=True, prepared=False)
def slow_on_a_replica() -> Any:
    """Tell whether it is a replica, which takes its time."""
    return peewee.SQL(
        "SELECT pg_sleep(CASE WHEN pg_is_in_recovery() THEN 600 ELSE 0 END), pg_is_in_recovery()"
    )


def test_a_read_whose_replica_is_lost_is_repeated_on_the_database(connected: Cluster) -> None:
    def read() -> Any:
        with db.reading_from_replica():
            return fetch_all(slow_on_a_replica())[0][1]

    sleeping = "FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(CASE%' AND state = 'active'"
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(read)
        until(lambda: bool(ask(connected.standby, f"SELECT 1 {sleeping}")))
        ask(connected.standby, f"SELECT pg_terminate_backend(pid) {sleeping}")
        assert answer.result() is False
    # It was that connection only.
    assert serving_port() == connected.standby.port


def test_a_transaction_whose_replica_is_lost_is_not_repeated(connected: Cluster) -> None:
    with pytest.raises(db.DatabaseUnavailableError), db.reading_from_replica(), db.transaction():
        ((backend,),) = run_sql("SELECT pg_backend_pid()")
        end_sessions(connected.standby.url, f"pid = {backend}")
        db.count_users()
    assert serving_port() == connected.standby.port


def test_a_lost_commit_of_what_only_read_leaves_no_doubt(connected: Cluster) -> None:
    held: list[tuple[int, Any]] = []

    def read() -> None:
        with db.reading_from_replica(), db.transaction():
            ((backend,),) = run_sql("SELECT pg_backend_pid()")
            os.kill(backend, signal.SIGSTOP)
            held.append((backend, current_database()._state.conn))

    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(read)
        # Once an answer is due, the COMMIT is sent.
        until(lambda: bool(held) and math.isfinite(held[0][1].answer_due))
        os.kill(held[0][0], signal.SIGKILL)
        with pytest.raises(db.DatabaseUnavailableError):
            reading.result()
    # The whole server begins anew after such an end.
    until_served_by(connected.standby)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a server's processes are not listed here")
def test_a_replica_that_stands_still_holds_nobody_up_for_long(cluster: Cluster) -> None:
    connect(cluster, statement_timeout=1, network_timeout=0.5)
    assert serving_port() == cluster.standby.port
    processes = processes_of(cluster.standby)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        # No server is there to end a statement: only the client's own clock helps.
        until_served_by(cluster.primary)
        assert db.count_users() >= 0
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
    until_served_by(cluster.standby)


def test_a_cancelled_read_ends_where_it_runs(cluster: Cluster) -> None:
    """Of several hosts another one may be the first that answers by then."""
    first, second = cluster.standby, cluster.primary
    url = first.url.replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
    kill(first)
    try:
        db.connect(url, target_session_attrs="any")
        asyncio.run(cancel_at(second, read_for_long, lambda: restart_after_kill(first)))
    finally:
        if not first.is_alive():
            restart_after_kill(first)


def test_of_several_replicas_the_one_whose_lag_is_known_serves(cluster: Cluster) -> None:
    first, second = cluster.standby, cluster.primary
    both = first.url.replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
    db.connect(cluster.primary.url, replica_url=both)
    assert serving_port() == first.port

    def second_serves_as_replica() -> bool:
        with db.reading_from_replica():
            return current_database() is not connected_database()

    kill(first)
    try:
        until_served_by(second)
        until(second_serves_as_replica)
    finally:
        restart_after_kill(first)
    together = threading.Barrier(4)

    def port_of_a_connection() -> int:
        with db.reading_from_replica(), db.connection():
            together.wait()
            return int(run_sql(SERVED_BY)[0][0])

    with ThreadPoolExecutor(4) as threads:
        ports = [threads.submit(port_of_a_connection) for _ in range(4)]
    assert {each.result() for each in ports} == {second.port}


@contextmanager
def listening(is_silent: bool) -> Iterator[tuple[int, list[socket.socket]]]:
    """Something that takes connections and says nothing, or ends them at once."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept()[0])
                    if not is_silent:
                        taken[-1].close()

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield server.getsockname()[1], taken
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
    for each in taken:
        each.close()


@pytest.mark.parametrize("is_silent", [True, False])
def test_a_replica_that_is_down_is_not_asked_again_at_every_call(
    cluster: Cluster, is_silent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(is_silent) as (port, taken):
        nowhere = cluster.standby.url.replace(f":{cluster.standby.port}/", f":{port}/")
        started = time.monotonic()
        db.connect(cluster.primary.url, replica_url=nowhere)
        assert ("it does not respond" in caplog.text) is is_silent
        # Encrypted, and where that fails in the clear.
        at_a_time = len(taken)
        for _ in range(50):
            assert serving_port() == cluster.primary.port
        rounds = 1 + (time.monotonic() - started) // RETRY_AFTER
        assert 1 <= len(taken) <= at_a_time * rounds
        db.disconnect()
