"""A disk that is small enough to be filled."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.processes import Process

_BLOCK = bytes(65_536)

_KEEP = """
mount -t tmpfs -o "$2" tmpfs "$1" && echo mounted && cat && umount -l "$1"
rmdir "$1"
"""
"""Mounts a disk; takes it away at the end of its input, so with its owner, however that ends."""


class SmallDisk:
    """A file system of its own in memory.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        try:
            with self._ballast.open("ab", buffering=0) as ballast:
                while True:
                    ballast.write(_BLOCK)
        except OSError as exc:
            if exc.errno != errno.ENOSPC:
                raise

    def free(self) -> None:
        """Take away what fills it."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int, owner: int) -> Iterator[SmallDisk | None]:
    """Mount a small disk for the block; `None` where this process may not mount one.

    Args:
        megabytes: Its size.
        owner: The number of the user whose it is.
    """
    folder = Path(mkdtemp(prefix="small-disk-", dir="/tmp"))
    with Process(
        ["/bin/sh", "-c", _KEEP, "keep", str(folder), f"size={megabytes}m,mode=0700,uid={owner}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as keeper:
        assert keeper.stdout is not None
        is_mounted = keeper.stdout.readline() == b"mounted\n"
        # Leaving the block closes the keeper's input and waits for its end.
        yield SmallDisk(folder) if is_mounted else None
