"""Findings: what the doctor says, each with what to do about it."""

from typing import Literal, NamedTuple

from triosigno_db.errors import PermissionDeniedError, TrioSignoDBError

Level = Literal["ok", "unknown", "warning", "error"]

SEVERITY: tuple[Level, ...] = ("ok", "unknown", "warning", "error")
"""The levels, the gravest last."""


class Finding(NamedTuple):
    """One thing that was looked at, and how it is.

    Attributes:
        subject: Such as `"indexes"`.
        level: `"ok"`; `"unknown"` where it could not be seen, which is no fault of the database;
            `"warning"` for what costs time or safety; `"error"` for what is broken.
        summary: What was found, in one line.
        advice: What to do, empty where there is nothing to do.
        details: What it was found on, a line each.
    """

    subject: str
    level: Level
    summary: str
    advice: str = ""
    details: tuple[str, ...] = ()


class CheckReport(NamedTuple):
    """What a constraint's rows look like.

    Attributes:
        name: The constraint.
        table: Its table.
        condition: What it asks for, in SQL.
        broken: How many rows do not keep to it.
        examples: Ids of some of them, 5 at most.
        is_present: Whether the database has the constraint.
        is_validated: Whether PostgreSQL knows that all rows keep to it.
    """

    name: str
    table: str
    condition: str
    broken: int
    examples: tuple[str, ...]
    is_present: bool
    is_validated: bool


class Diagnosis(NamedTuple):
    """All that was found.

    Attributes:
        findings: In the order in which the subjects were looked at.
        checks: What the rows of each CHECK constraint look like.
    """

    findings: tuple[Finding, ...]
    checks: tuple[CheckReport, ...]

    @property
    def level(self) -> Level:
        """The gravest level of all findings."""
        levels = {finding.level for finding in self.findings}
        return max(levels, key=SEVERITY.index, default="ok")

    def count(self, level: Level) -> int:
        """Count the findings of a level.

        Args:
            level: The level.

        Returns:
            Their number.
        """
        return sum(finding.level == level for finding in self.findings)


def could_not_look(subject: str, exc: TrioSignoDBError) -> Finding:
    """Say why a subject could not be looked at.

    Args:
        subject: The subject.
        exc: What stood in the way.

    Returns:
        `"unknown"` where the role lacks a right, `"error"` for everything else.
    """
    message = " ".join(str(exc).split())
    if isinstance(exc, PermissionDeniedError):
        return Finding(
            subject,
            "unknown",
            f"The role may not see it: {message}.",
            "Run the doctor as the role that owns the tables to know more.",
        )
    return Finding(subject, "error", f"It could not be looked at: {message}")
