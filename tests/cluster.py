"""A primary and a standby that follows it: real servers, from any installation of PostgreSQL.

The standby is a copy of the primary's folder, taken while it runs as `pg_basebackup` takes it,
which not every installation has.
"""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from triosigno_db.testing import ThrowawayPostgres, ThrowawayPostgresError

_NOT_COPIED = {"postmaster.pid", "postmaster.opts", "pg_replslot", "pg_stat_tmp"}
_PATIENCE = 60
_POLL_SECONDS = 0.01


class Standby(ThrowawayPostgres):
    """A streaming standby.

    Args:
        primary: The server to follow.
    """

    def __init__(self, primary: ThrowawayPostgres) -> None:
        self._primary = primary
        # That database is there already: nothing is created at the start.
        super().__init__(bin_dir=primary._installation.bin_dir, database="postgres", in_memory=True)
        self._database = primary._database

    def initialize_database(self) -> None:
        """Copy the primary's folder between the begin and the end of a backup."""
        self._password = self._primary._password
        with closing(psycopg2.connect(self._primary.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                is_renamed = connection.server_version >= 150_000
                begin, end = (
                    ("pg_backup_start('standby', true)", "pg_backup_stop(false)")
                    if is_renamed
                    else ("pg_start_backup('standby', true, false)", "pg_stop_backup(false, false)")
                )
                cursor.execute(f"SELECT {begin}")
                _copy(self._primary.data_directory, self.data_directory)
                cursor.execute(f"SELECT labelfile FROM {end}")
                ((label,),) = cursor.fetchall()
        (self.data_directory / "backup_label").write_text(label)
        self.follow(self._primary)

    def follow(self, primary: ThrowawayPostgres) -> None:
        """Have the server follow another one from its next start on."""
        make_standby(self.data_directory, primary)
        if self._account:
            _chown(self.data_directory, self._account.uid, self._account.gid)

    def promote(self) -> None:
        """Make it a primary, and return once it takes writes."""
        ask(self, "SELECT pg_promote(true, %s)", _PATIENCE)


class Cluster:
    """A primary with a standby.

    Attributes:
        primary: What takes writes at first.
        standby: What follows it.
    """

    def __init__(self, primary: ThrowawayPostgres, standby: Standby) -> None:
        self.primary = primary
        self.standby = standby

    @property
    def url(self) -> str:
        """One URL with both hosts."""
        address = f"127.0.0.1:{self.primary.port}"
        return self.primary.url.replace(address, f"{address},127.0.0.1:{self.standby.port}")

    def wait_for_standby(self) -> None:
        """Wait until all that was written is on the standby."""
        ((written,),) = ask(self.primary, "SELECT pg_current_wal_lsn()")
        until(lambda: ask(self.standby, REPLAYED, written) == [(True,)])

    def set_synchronous(self) -> None:
        """From now on have a commit wait until the standby has it."""
        ask(self.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        ask(self.primary, "SELECT pg_reload_conf()")
        until(lambda: ask(self.primary, SYNCHRONOUS) == [("sync",)])


REPLAYED = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
SYNCHRONOUS = "SELECT sync_state FROM pg_stat_replication"


@contextmanager
def running_cluster(version: int | None = None) -> Iterator[Cluster]:
    """Run a primary and its standby, of a major version or the newest on the machine."""
    settings = {"wal_keep_size": "256MB", "wal_receiver_status_interval": "1s"}
    with (
        ThrowawayPostgres(version=version, in_memory=True, settings=settings) as primary,
        Standby(primary) as standby,
    ):
        cluster = Cluster(primary, standby)
        cluster.wait_for_standby()
        yield cluster


def ask(server: ThrowawayPostgres, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement on one server, past the library."""
    with closing(psycopg2.connect(server.url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []


def kill(server: ThrowawayPostgres) -> None:
    """End a server as a loss of power would, and return once none of its processes is left."""
    processes = processes_of(server)
    os.kill(server.server_pid, signal.SIGKILL)
    until(lambda: not any(map(_runs, processes)))


def processes_of(server: ThrowawayPostgres) -> list[int]:
    """List the ids of a server's processes, the first one first."""
    return [server.server_pid, *_children(server.server_pid)]


def restart_after_kill(server: ThrowawayPostgres) -> None:
    """Start a server again that was killed."""

    def starts() -> bool:
        try:
            server.restart()
        except ThrowawayPostgresError:
            return False
        return True

    until(starts)


def make_standby(folder: Path, primary: ThrowawayPostgres) -> None:
    """Have the server of a folder start as a standby of another one."""
    (folder / "standby.signal").touch()
    with (folder / "postgresql.auto.conf").open("a") as settings:
        address = f"host=127.0.0.1 port={primary.port} user=postgres"
        settings.write(f"primary_conninfo = '{address} password={primary._password}'\n")


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds that no event tells of."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(_POLL_SECONDS)


def _copy(source: Path, target: Path) -> None:
    for folder, folders, files in os.walk(source):
        copied = target / Path(folder).relative_to(source)
        copied.mkdir(mode=0o700)
        for name in _NOT_COPIED.intersection(folders):
            folders.remove(name)
            (copied / name).mkdir(mode=0o700)
        for name in set(files) - _NOT_COPIED:
            try:
                shutil.copy2(Path(folder, name), copied / name)
            except FileNotFoundError:
                continue  # it went while the server ran on


def _chown(folder: Path, uid: int, gid: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, gid)


def _children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
