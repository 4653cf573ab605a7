"""A throwaway server ends with its owner, however that ends, and leaves nothing behind."""

import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from tests.processes import run_process
from tests.testing.owners import StartOwner, ask, hear, is_running, wait_until, wait_until_gone
from triosigno_db.testing.server import ThrowawayPostgres, ThrowawayPostgresError


def test_stop_leaves_nothing_behind(temporary_folder: Path) -> None:
    with ThrowawayPostgres() as server:
        pid = server.server_pid
        assert list(temporary_folder.iterdir()) == [Path(server.base_dir)]
        server.stop()
        assert not is_running(pid)
        assert not list(temporary_folder.iterdir())
        server.stop()
    assert not server.is_alive()
    with pytest.raises(ThrowawayPostgresError, match="stopped"):
        server.restart()
    with pytest.raises(ThrowawayPostgresError):
        server.create_database("late")


@pytest.mark.parametrize(
    ("script", "number"),
    [
        ("tell()", None),
        ("tell(); raise RuntimeError('on purpose')", None),
        ("tell(); time.sleep(60)", signal.SIGTERM),
        ("tell(); time.sleep(60)", signal.SIGKILL),
        ("threading = __import__('threading'); threading.Thread(target=tell).start()", None),
        ("server = ThrowawayPostgres(); tell()", None),
    ],
    ids=["exit", "exception", "SIGTERM", "SIGKILL", "thread", "garbage"],
)
def test_the_owners_end_is_the_servers(
    start_owner: StartOwner,
    temporary_folder: Path,
    script: str,
    number: signal.Signals | None,
) -> None:
    owner = start_owner(script, stderr=subprocess.DEVNULL)
    told = hear(owner)
    if number:
        owner.send_signal(number)
    owner.wait()
    wait_until_gone(told)
    wait_until(lambda: not list(temporary_folder.iterdir()))


def test_ctrl_c_lets_the_owner_finish_first(start_owner: StartOwner) -> None:
    owner = start_owner("""
try:
    tell()
    time.sleep(60)
except KeyboardInterrupt:
    psycopg2.connect(server.url).close()
    tell()
    server.stop()
    print("stopped", flush=True)
""")
    told = hear(owner)
    os.killpg(owner.pid, signal.SIGINT)  # as a terminal does: to all in the foreground
    assert hear(owner) == told
    assert owner.stdout is not None
    assert owner.stdout.readline() == "stopped\n"
    assert not is_running(told["pid"])
    assert not Path(told["folder"]).exists()


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_an_owner_killed_while_it_starts_the_server(
    start_owner: StartOwner, temporary_folder: Path, seconds: float
) -> None:
    # By its name: Python itself makes a file there for a moment, to see that it can.
    servers = partial(temporary_folder.glob, "throwaway-postgres-*")
    owner = start_owner("tell()")
    wait_until(lambda: any(servers()))
    time.sleep(seconds)
    owner.kill()
    owner.wait()
    wait_until(lambda: not any(servers()))


def test_a_forked_child_neither_stops_the_server_nor_keeps_it(start_owner: StartOwner) -> None:
    owner = start_owner("""
if os.fork() == 0:
    server.stop()
    sys.exit()
os.wait()
child = os.fork()
if child == 0:
    psycopg2.connect(server.url).close()
    time.sleep(60)
    sys.exit()
tell(child=child)
time.sleep(60)
""")
    told = hear(owner)
    try:
        assert ask(told["url"], "SELECT 1") == 1
        owner.kill()
        owner.wait()
        wait_until_gone(told)
        assert is_running(told["child"])
    finally:
        os.kill(told["child"], signal.SIGKILL)


def test_a_detached_server_outlives_its_owner(start_owner: StartOwner) -> None:
    owner = start_owner("""
with server:
    server.detach()
    tell(stop=server.stop_command)
""")
    told = hear(owner)
    assert owner.wait() == 0
    assert ask(told["url"], "SELECT 1") == 1
    run_process(told["stop"], shell=True, check=True)
    wait_until_gone(told)


def test_a_detached_server_that_ends_is_cleared_away(start_owner: StartOwner) -> None:
    owner = start_owner("server.detach(); tell()")
    told = hear(owner)
    owner.wait()
    os.kill(told["pid"], signal.SIGINT)
    wait_until_gone(told)
