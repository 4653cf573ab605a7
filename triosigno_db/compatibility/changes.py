"""What is reported: each change of the schema, its effect, and the functions that it touches."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from triosigno_db.compatibility.needs import Need

Effect = Literal["harmless", "reads break", "writes break"]


class Subject(NamedTuple):
    """What a change is about.

    Attributes:
        text: What it is called, such as `column "Sign"."videoUrl"`.
        place: The file and the line in a Prisma schema; empty for a database.
    """

    text: str
    place: str = ""


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
        place: The file and the line of a Prisma schema, such as `schema.prisma:13`; empty for a
            database.
    """

    effect: Effect
    subject: str
    change: str
    functions: tuple[str, ...] = ()
    advice: str = ""
    place: str = ""

    def __str__(self) -> str:
        return f"{self.subject} {self.change}"

    @property
    def breaks(self) -> bool:
        """Whether it breaks functions."""
        return self.effect != "harmless"


def harmless(subject: Subject, change: str, advice: str = "") -> SchemaChange:
    """Build a change that breaks nothing.

    Args:
        subject: What has changed.
        change: What is different.
        advice: What to do, if anything.

    Returns:
        The change.
    """
    return SchemaChange("harmless", subject.text, change, advice=advice, place=subject.place)


def breaking(subject: Subject, change: str, touched: Iterable[Need], advice: str) -> SchemaChange:
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
    functions = tuple(need.function for need in needs)
    return SchemaChange(effect, subject.text, change, functions, advice, subject.place)
