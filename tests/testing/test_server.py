"""`ThrowawayPostgres` against real servers: it answers and obeys, in each version that is here."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from testing.common.database import get_unused_port

from tests.processes import run_process
from tests.programs import find_program
from tests.testing.owners import ask, wait_until
from triosigno_db.testing.server import (
    ThrowawayPostgres,
    ThrowawayPostgresError,
    available_versions,
)

INSTALLATIONS = available_versions()


@pytest.fixture(scope="module", params=INSTALLATIONS, ids=lambda each: f"postgresql-{each.version}")
def server(request: pytest.FixtureRequest) -> Iterator[ThrowawayPostgres]:
    with ThrowawayPostgres(version=request.param.version) as running:
        yield running


def test_it_answers_in_the_version_asked_for(server: ThrowawayPostgres) -> None:
    assert int(ask(server.url, "SHOW server_version_num")) // 10_000 == server.version
    assert ask(server.url, "SELECT current_database()") == "triosigno"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("fsync", "off"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "off"),
        ("max_connections", "200"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
    ],
)
def test_its_settings(server: ThrowawayPostgres, setting: str, value: str) -> None:
    assert ask(server.url, f"SHOW {setting}") == value


def test_databases_are_created_copied_and_dropped(server: ThrowawayPostgres) -> None:
    name = """l'été "42" / 100 %"""
    url = server.create_database(name)
    ask(url, "CREATE TABLE sign AS SELECT 'bonjour' AS word")

    copy = server.create_database("copy", template=name)
    assert url == server.url_for(name)
    assert ask(copy, "SELECT word FROM sign") == "bonjour"

    with closing(psycopg2.connect(url)) as connection:
        server.drop_database(name)  # also under an open connection
        with pytest.raises(psycopg2.OperationalError):
            connection.cursor().execute("SELECT 1")
    server.drop_database("copy")
    server.drop_database("copy")
    names = "SELECT array_agg(datname::text ORDER BY datname) FROM pg_database"
    assert ask(server.url, names) == ["postgres", "template0", "template1", "triosigno"]


@pytest.mark.slow
def test_a_session_that_is_slow_to_go_is_waited_for(server: ThrowawayPostgres) -> None:
    began = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP%' AND backend_start > '{}'"
    )
    with ThreadPoolExecutor(1) as thread, closing(psycopg2.connect(server.create_database("slow"))):
        pid = ask(server.url, "SELECT pid FROM pg_stat_activity WHERE datname = 'slow'")
        # A process that does not run takes no notice of being ended.
        os.kill(pid, signal.SIGSTOP)
        try:
            dropping = thread.submit(server.drop_database, "slow")
            wait_until(lambda: ask(server.url, began.format("-infinity")) == 1)
            first = ask(server.url, "SELECT clock_timestamp()")
            wait_until(lambda: dropping.done() or ask(server.url, began.format(first)) == 1)
        finally:
            os.kill(pid, signal.SIGCONT)
        dropping.result()
    assert not ask(server.url, "SELECT count(*) FROM pg_database WHERE datname = 'slow'")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_data_and_url_survive_a_restart(server: ThrowawayPostgres, mode: Any) -> None:
    ask(server.url, f"CREATE TABLE kept_{mode} AS SELECT 42 AS answer")
    url, pid = server.url, server.server_pid

    server.restart(mode)

    assert server.url == url
    assert server.server_pid != pid
    assert server.is_alive()
    assert ask(url, f"SELECT answer FROM kept_{mode}") == 42


def test_a_server_that_died_can_be_restarted(server: ThrowawayPostgres) -> None:
    os.kill(server.server_pid, signal.SIGINT)
    wait_until(lambda: not server.is_alive())

    server.restart()

    assert ask(server.url, "SELECT 1") == 1


def test_only_the_password_opens_it(server: ThrowawayPostgres) -> None:
    password = server.dsn()["password"]
    for wrong in ("", "postgres"):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(server.url.replace(password, wrong))


@pytest.mark.skipif(find_program("ps", question="ax") is None, reason="there is no ps here")
def test_the_password_shows_nowhere(server: ThrowawayPostgres) -> None:
    password = server.dsn()["password"]
    with pytest.raises(ThrowawayPostgresError, match="already exists") as caught:
        server.create_database("triosigno")
    arguments = run_process(["ps", "axww", "-o", "args"], capture_output=True, check=True).stdout
    shown = [repr(server), str(server), str(caught.value), repr(caught.value.__cause__)]
    shown += [Path(server.base_dir, "ThrowawayPostgres.log").read_text(), arguments.decode()]

    assert len(password) == 32
    assert not [text for text in shown if password in text]
    assert not list(Path(server.base_dir).glob("password*"))


def test_settings_are_added_and_overridden() -> None:
    settings = {"max_connections": "37", "search_path": "one, two"}
    with ThrowawayPostgres(settings=settings, database="other") as server:
        assert ask(server.url, "SHOW max_connections") == "37"
        assert ask(server.url, "SHOW search_path") == "one, two"
        assert ask(server.url, "SELECT current_database()") == "other"


def test_several_servers_live_side_by_side() -> None:
    with ThreadPoolExecutor() as pool:
        servers = list(pool.map(lambda _: ThrowawayPostgres(), range(2)))
    with servers[0], servers[1]:
        assert servers[0].url != servers[1].url
        servers[0].stop()
        assert ask(servers[1].url, "SELECT 1") == 1


def test_a_taken_port_is_given_up_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        unused = get_unused_port()
        ports = iter([taken, unused])
        name = "triosigno_db.testing.server.get_unused_port"
        monkeypatch.setattr(name, lambda: next(ports))
        with ThrowawayPostgres() as server:
            assert server.port == unused
            assert ask(server.url, "SELECT 1") == 1


def test_a_failed_start_says_why_and_leaves_nothing_behind(temporary_folder: Path) -> None:
    with pytest.raises(ThrowawayPostgresError, match='"no_such_setting"'):
        ThrowawayPostgres(settings={"no_such_setting": "1"})
    assert not list(temporary_folder.iterdir())


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no /dev/shm to write to")
def test_a_server_in_memory_leaves_nothing_there() -> None:
    with ThrowawayPostgres(in_memory=True) as server:
        folder = Path(server.base_dir)
        assert ask(server.url, "SELECT 1") == 1
        if shutil.disk_usage("/dev/shm").free > 2 << 30:
            assert folder.parent == Path("/dev/shm")
    assert not folder.exists()
