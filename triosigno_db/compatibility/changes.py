"""What is reported: each change of the schema, its effect, and the functions that it touches."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from triosigno_db.compatibility.needs import Need
from triosigno_db.migrator.prisma_8 import Prisma8

Effect = Literal["harmless", "reads break", "writes break"]


class SchemaChange(NamedTuple):
    """A difference between the schema that the library expects and the one that was found.

    Attributes:
        effect: `"harmless"`; `"reads break"` if functions that only read fail, or return what they
            must not; `"writes break"` if only writes do, and filters by a label that is gone.
        subject: What has changed, such as `column "Sign"."videoUrl"`.
        change: What is different, such as `is missing`.
        functions: The functions that it breaks, for some arguments at least; none if it is
            harmless.
        advice: What to do; empty if no action is needed.
    """

    effect: Effect
    subject: str
    change: str
    functions: tuple[str, ...] = ()
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.subject} {self.change}"

    @property
    def breaks(self) -> bool:
        """Whether it breaks functions."""
        return self.effect != "harmless"


class Compatibility(NamedTuple):
    """The result of a check.

    Attributes:
        changes: The changes, those that break functions first.
        skipped: What was not understood of a Prisma schema, one line each.
        prisma_8: What Prisma 8 does with the database.
    """

    changes: tuple[SchemaChange, ...]
    skipped: tuple[str, ...] = ()
    prisma_8: Prisma8 = Prisma8.ABSENT

    @property
    def breaks(self) -> bool:
        """Whether a change breaks functions."""
        return any(change.breaks for change in self.changes)

    @property
    def breaking(self) -> tuple[SchemaChange, ...]:
        """The changes that break functions."""
        return tuple(change for change in self.changes if change.breaks)

    @property
    def harmless(self) -> tuple[SchemaChange, ...]:
        """The changes that break nothing."""
        return tuple(change for change in self.changes if not change.breaks)


def harmless(subject: str, change: str, advice: str = "") -> SchemaChange:
    """Build a change that breaks nothing.

    Args:
        subject: What has changed.
        change: What is different.
        advice: What to do, if anything.

    Returns:
        The change.
    """
    return SchemaChange("harmless", subject, change, advice=advice)


def breaking(subject: str, change: str, touched: Iterable[Need], advice: str) -> SchemaChange:
    """Build a change that breaks functions; it is harmless if it touches none.

    Args:
        subject: What has changed.
        change: What is different.
        touched: What the functions that it breaks need.
        advice: What to do.

    Returns:
        The change.
    """
    needs = sorted(touched, key=lambda need: need.function)
    if not needs:
        return harmless(subject, change)
    effect: Effect = "writes break" if all(need.writes_rows for need in needs) else "reads break"
    return SchemaChange(effect, subject, change, tuple(need.function for need in needs), advice)
