"""A deployment by one of the sides, in this process or in one of its own, that can be killed."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import triosigno_db as db
from tests.interop import brake
from tests.interop.both_sides import BothSides
from tests.interop.prisma_process import PrismaProcess
from tests.processes import Process
from triosigno_db.migrator import deploy

SIDES = ("library", "folder", "prisma")
"""The library with its own history, the library with the Node side's folder, and Prisma."""

WAIT_SECONDS = 60
"""For the migration lock, while another side deploys."""

_COMMAND = "import sys; from triosigno_db.cli import main; sys.exit(main())"


def deploy_by(sides: BothSides, side: str, prisma: PrismaProcess) -> tuple[str, ...]:
    """Deploy, and give the names of what was applied."""
    folder = sides.node.migrations
    if side == "prisma":
        answer = prisma("deploy", url=sides.url, migrations=folder)
        assert "applied" in answer, answer
        return tuple(answer["applied"])
    chosen = folder if side == "folder" else None
    return deploy(sides.url, history=chosen, lock_timeout=WAIT_SECONDS)


class Deployment:
    """A deployment that may be killed.

    Attributes:
        succeeded: Whether it came to its end.
    """

    def __init__(self, sides: BothSides, side: str, packages: Path) -> None:
        self.succeeded = False
        self._sides = sides
        self._side = side
        self._packages = packages
        self._work: Callable[[], object] = lambda: None

    def run(self) -> None:
        """Deploy, to the end or until it is killed."""
        try:
            self._work()
        except (db.TrioSignoDBError, AssertionError):
            return
        self.succeeded = True

    @contextmanager
    def in_thread(self) -> Iterator[Callable[[], None]]:
        """Deploy so that the session can be ended; give what ends it."""
        with PrismaProcess(self._packages) as prisma:
            self._work = lambda: deploy_by(self._sides, self._side, prisma)
            yield lambda: brake.terminate_backend(self._sides.url)

    @contextmanager
    def in_process(self) -> Iterator[Callable[[], None]]:
        """Deploy so that the process can be killed; give what kills it."""
        if self._side == "prisma":
            with PrismaProcess(self._packages) as prisma:
                self._work = lambda: deploy_by(self._sides, self._side, prisma)
                yield prisma.kill
            return
        arguments = ["migrate", "deploy", "--url", self._sides.url]
        if self._side == "folder":
            arguments += ["--migrations", str(self._sides.node.migrations)]
        started: list[Process[str]] = []

        def work() -> None:
            null = subprocess.DEVNULL
            command = [sys.executable, "-c", _COMMAND, *arguments]
            started.append(Process(command, text=True, stdout=null, stderr=null))
            assert started[0].wait() == 0

        def kill() -> None:
            started[0].kill()

        self._work = work
        yield kill
