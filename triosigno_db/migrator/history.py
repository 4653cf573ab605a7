"""The history of migrations on disk: folders, scripts and checksums.

The layout is Prisma's, so that both the library and Prisma can deploy.
https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from triosigno_db.errors import MigrationError

SCRIPT_FILE = "migration.sql"
DOWN_FILE = "down.sql"
LOCK_FILE = "migration_lock.toml"
PROVIDER = "postgresql"
MAX_NAME_BYTES = 200
"""The maximum length of a name in bytes, the same as Prisma's."""

_NAME = re.compile(r"[0-9]{14}_[a-z0-9_]+")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Migration:
    """A migration on disk.

    Attributes:
        name: The folder's name: 14 digits, an underscore and words.
        script: The text of `migration.sql`.
        checksum: SHA-256 of its bytes, in hexadecimal.
        down: The text of `down.sql`, or `None` if it does not exist.
    """

    name: str
    script: str = field(repr=False)
    checksum: str
    down: str | None = field(repr=False)
    accepted_checksums: frozenset[str] = field(repr=False)


def shipped_history() -> Path:
    """Return the folder of the history in the package.

    Returns:
        The folder.
    """
    return Path(str(resources.files("triosigno_db"))) / "migrations"


def read_history(folder: Path | None = None) -> tuple[Migration, ...]:
    """Read a history from disk.

    Args:
        folder: The folder with `migration_lock.toml` and one folder for each migration; by default
            the history that ships with the package.

    Returns:
        The migrations, ordered by name.

    Raises:
        MigrationError: The folder, a file or a name is invalid or missing.
    """
    folder = folder or shipped_history()
    if not folder.is_dir():
        raise MigrationError(f"The folder {folder} does not exist.").with_prisma_code("P3015")
    _check_provider(folder / LOCK_FILE)
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    _check_names(names)
    return tuple(_read_migration(folder / name) for name in names)


def _check_provider(path: Path) -> None:
    try:
        provider = tomllib.loads(_read_text(path)).get("provider")
    except tomllib.TOMLDecodeError as exc:
        raise MigrationError(f"{path} is not valid TOML: {exc}").with_prisma_code("P3019") from exc
    if provider != PROVIDER:
        raise MigrationError(
            f"{path} names the provider {provider!r}, not {PROVIDER!r}."
        ).with_prisma_code("P3019")


def _check_names(names: Iterable[str]) -> None:
    timestamps: dict[str, str] = {}
    for name in names:
        if len(name.encode()) > MAX_NAME_BYTES:
            raise MigrationError(
                f"The name {name[:40]}... is longer than {MAX_NAME_BYTES} bytes."
            ).with_prisma_code("P3010")
        if not _NAME.fullmatch(name):
            raise MigrationError(
                f"The name {name} must be 14 digits, an underscore and lowercase letters, "
                "digits or underscores."
            )
        earlier = timestamps.setdefault(name[:14], name)
        if earlier != name:
            raise MigrationError(
                f"{earlier} and {name} have the same timestamp: rename the later one."
            )


def _read_migration(folder: Path) -> Migration:
    script = _read_text(folder / SCRIPT_FILE)
    if not script.strip():
        raise MigrationError(f"{folder / SCRIPT_FILE} is empty.")
    down = folder / DOWN_FILE
    unix = script.replace("\r\n", "\n")
    variants = (script, unix, unix.replace("\n", "\r\n"))
    return Migration(
        name=folder.name,
        script=script,
        checksum=_checksum(script),
        down=_read_text(down) if down.exists() else None,
        accepted_checksums=frozenset(map(_checksum, variants)),
    )


def _read_text(path: Path) -> str:
    # Read as bytes: text mode would change line endings and therefore the checksum.
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError as exc:
        raise MigrationError(f"{path} is missing.").with_prisma_code("P3015") from exc
    except OSError as exc:
        raise MigrationError(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise MigrationError(f"{path} is not valid UTF-8 at byte {exc.start}.") from exc
    if text.startswith(_BYTE_ORDER_MARK):
        raise MigrationError(f"{path} starts with a byte order mark: save the file without it.")
    return text


def _checksum(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
