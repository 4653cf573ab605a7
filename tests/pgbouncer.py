"""PgBouncer in transaction mode, started for a test."""

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.processes import Process
from tests.programs import find_program

BINARY = find_program("pgbouncer") or find_program("pgbouncer", path="/usr/sbin")


@contextmanager
def pooler_before(url: str, *settings: str) -> Iterator[str]:
    """Run a pooler with two server connections; give the URL of the same database behind it."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory(prefix="pgbouncer-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        users = Path(folder, "users.txt")
        users.write_text(f'"{parts.username}" "{parts.password}"\n')
        lines = (
            "[databases]",
            f"* = host={parts.hostname} port={parts.port}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {port}",
            "unix_socket_dir =",
            "auth_type = plain",
            f"auth_file = {users}",
            "pool_mode = transaction",
            "default_pool_size = 2",
            *settings,
        )
        configuration = Path(folder, "pgbouncer.ini")
        configuration.write_text("\n".join(lines) + "\n")
        behind = url.replace(f":{parts.port}/", f":{port}/")
        with _running(configuration) as process:
            _wait_until_ready(behind, process)
            yield behind


@contextmanager
def _running(configuration: Path) -> Iterator[Process[bytes]]:
    process = Process(
        [str(BINARY), str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **_unprivileged(),  # type: ignore[arg-type]
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(url: str, process: Process[bytes]) -> None:
    while process.poll() is None:
        try:
            psycopg2.connect(url).close()
        except psycopg2.OperationalError:
            continue
        return
    pytest.fail("PgBouncer does not start")


def _unprivileged() -> dict[str, object]:
    """PgBouncer refuses root, as PostgreSQL does."""
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        return {}
    if os.geteuid() != 0:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
