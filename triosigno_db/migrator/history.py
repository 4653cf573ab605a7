"""The history of migrations on disk: folders, scripts and checksums.

The layout is Prisma's, so that both the library and Prisma can deploy.
https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories
"""

import codecs
import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.order import prisma_order

SCRIPT_FILE = "migration.sql"
DOWN_FILE = "down.sql"
LOCK_FILE = "migration_lock.toml"
PROVIDER = "postgresql"
MAX_NAME_BYTES = 200
"""The maximum length of a name in bytes, the same as Prisma's."""


@dataclass(frozen=True)
class Migration:
    """A migration on disk.

    Attributes:
        name: The folder's name, in the library's own history 14 digits, an underscore and words.
        script: The text of `migration.sql`, without a byte order mark.
        checksum: SHA-256 of its bytes, in hexadecimal.
        down: The text of `down.sql`, or `None` if it does not exist.
        accepted_checksums: The checksums of the same text with any line endings.
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
    """Read a history from disk, as Prisma reads it.

    Names of any form, a missing lock file, byte order marks and empty scripts are accepted.

    Args:
        folder: The folder with one folder for each migration; by default the history that ships
            with the package.

    Returns:
        The migrations, in the order in which Prisma applies them.

    Raises:
        MigrationError: The folder, a file or a name is invalid or missing.
    """
    folder = folder or shipped_history()
    if not folder.is_dir():
        raise MigrationError(f"The folder {folder} does not exist.").with_prisma_code("P3015")
    if (lock_file := folder / LOCK_FILE).exists():
        _check_provider(lock_file)
    names = sorted((entry.name for entry in folder.iterdir() if entry.is_dir()), key=prisma_order)
    _check_lengths(names)
    return tuple(_read_migration(folder / name) for name in names)


def _check_provider(path: Path) -> None:
    try:
        provider = tomllib.loads(_decode(path, _read_bytes(path))).get("provider")
    except tomllib.TOMLDecodeError as exc:
        raise MigrationError(f"{path} is not valid TOML: {exc}").with_prisma_code("P3019") from exc
    if provider != PROVIDER:
        raise MigrationError(
            f"{path} names the provider {provider!r}, not {PROVIDER!r}."
        ).with_prisma_code("P3019")


def _check_lengths(names: Iterable[str]) -> None:
    for name in names:
        if len(name.encode()) > MAX_NAME_BYTES:
            raise MigrationError(
                f"The name {name[:40]}... is longer than {MAX_NAME_BYTES} bytes."
            ).with_prisma_code("P3010")


def _read_migration(folder: Path) -> Migration:
    path, down = folder / SCRIPT_FILE, folder / DOWN_FILE
    content = _read_bytes(path)
    return make_migration(
        folder.name,
        content,
        script=_decode(path, content),
        down=_decode(down, _read_bytes(down)) if down.exists() else None,
    )


def make_migration(name: str, content: bytes, *, script: str, down: str | None) -> Migration:
    """Describe a migration by the content of its files.

    Args:
        name: The folder's name.
        content: The bytes of `migration.sql`.
        script: Their text.
        down: The text of `down.sql`, or `None`.

    Returns:
        The migration with its checksums.
    """
    unix = content.replace(b"\r\n", b"\n")
    variants = (content, unix, unix.replace(b"\n", b"\r\n"))
    return Migration(
        name=name,
        script=script,
        checksum=_checksum(content),
        down=down,
        accepted_checksums=frozenset(map(_checksum, variants)),
    )


def _read_bytes(path: Path) -> bytes:
    # Read as bytes: text mode would change line endings and therefore the checksum.
    try:
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise MigrationError(f"{path} is missing.").with_prisma_code("P3015") from exc
    except OSError as exc:
        raise MigrationError(f"{path} cannot be read: {exc.strerror}.") from exc


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as exc:
        raise MigrationError(f"{path} is not valid UTF-8 at byte {exc.start}.") from exc


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
