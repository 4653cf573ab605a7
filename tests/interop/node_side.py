"""The Node side's folder: a schema.prisma that changes, and the migrations that Prisma writes."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from tests.interop.evolutions import EVOLUTIONS, NOTE, Evolution
from tests.interop.prisma_process import PrismaProcess
from tests.schema.node_schema import without_indexes
from triosigno_db.migrator import read_history

DATE = "%Y%m%d%H%M%S"
_NO_DEFAULT = re.compile(
    r'ALTER TABLE (?P<table>"\w+") ADD COLUMN +(?P<column>"\w+") TEXT NOT NULL;'
)
_FILLED = (
    r"ALTER TABLE \g<table> ADD COLUMN \g<column> TEXT NOT NULL DEFAULT '';"
    r"ALTER TABLE \g<table> ALTER COLUMN \g<column> DROP DEFAULT;"
)
"""What a developer makes of a required column where there are rows."""


class NodeSide:
    """A folder with a schema and migrations.

    Args:
        folder: The folder, which is empty.
        prisma: Prisma's engine.
        url: A database on whose server Prisma may create its own.
        first: The date of the first migration in 14 digits; `None` for names like `0_init`.
    """

    def __init__(self, folder: Path, prisma: PrismaProcess, url: str, first: str | None) -> None:
        self.folder = folder
        self.migrations = folder / "migrations"
        self.schema = folder / "schema.prisma"
        self.steps: dict[str, tuple[Evolution, bool]] = {}
        self.active: set[str] = set()
        self.pause = timedelta(seconds=1)
        self._prisma = prisma
        self._url = url
        self._now = datetime.strptime(first, DATE) if first else None  # noqa: DTZ007

    def begin(self) -> None:
        """Write a history that begins with the tables of the library, and some more."""
        self.migrations.mkdir(parents=True)
        lock = 'provider = "postgresql"\n'
        (self.migrations / "migration_lock.toml").write_text(lock)
        self.schema.write_text(without_indexes() + NOTE)
        self._write("init", self._script())

    def take_over(self) -> None:
        """Go on with a folder that the library has exported, and add what is the Node side's."""
        text = re.sub(r"(?<=\S) +", " ", self.schema.read_text())
        self.schema.write_text(text + NOTE)
        newest = datetime.strptime(self.names()[-1][:14], DATE)  # noqa: DTZ007
        self._now = max(self._now or newest, newest) + self.pause
        self._write("Note", self._script())

    def evolve(self, evolution: Evolution) -> None:
        """Make a change, or take it back, as `prisma migrate dev` does."""
        back = evolution.name in self.active
        text = evolution.edit(self.schema.read_text(), back=back)
        self.schema.write_text(text)
        self.active ^= {evolution.name}
        script = evolution.scripts[back] if evolution.scripts else self._script()
        if script != "-- This is an empty migration.\n":
            name = self._write(evolution.name.title().replace(" ", "-"), script)
            self.steps[name] = (evolution, back)

    def names(self) -> list[str]:
        """List the migrations in Prisma's order."""
        return [each.name for each in read_history(self.migrations)]

    def scripts(self) -> dict[str, str]:
        """Read the scripts by their folders."""
        return {each.name: each.script for each in read_history(self.migrations)}

    def active_evolutions(self) -> list[Evolution]:
        """List the changes that are in the schema."""
        return [each for each in EVOLUTIONS if each.name in self.active]

    def active_after(self, names: list[str]) -> Iterator[Evolution]:
        """List the changes that are in a database with some of the migrations."""
        made = [self.steps[name] for name in self.steps if name in names]
        for evolution in EVOLUTIONS:
            if sum(1 if not back else -1 for each, back in made if each is evolution):
                yield evolution

    def _script(self) -> str:
        answer = self._prisma(
            "create", url=self._url, migrations=self.migrations, schema=self.schema
        )
        return _NO_DEFAULT.sub(_FILLED, answer["script"])

    def _write(self, what: str, script: str) -> str:
        if self._now is None:
            name = f"{len(self.names())}_{what}"
            self._now = datetime(2026, 9, 1)  # noqa: DTZ001
        else:
            name = f"{self._now.strftime(DATE)}_{what}"
        self._now += self.pause
        (self.migrations / name).mkdir()
        (self.migrations / name / "migration.sql").write_text(script)
        return name
