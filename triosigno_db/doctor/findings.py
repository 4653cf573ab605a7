"""Findings: the results of the doctor's checks, each with what to do about it."""

from typing import Literal, NamedTuple

from triosigno_db.errors import PermissionDeniedError, TrioSignoDBError

Level = Literal["ok", "unknown", "warning", "error"]

SEVERITY: tuple[Level, ...] = ("ok", "unknown", "warning", "error")
"""The levels, the highest last."""


class Finding(NamedTuple):
    """The result of a check.

    Attributes:
        subject: Such as `"indexes"`.
        level: `"ok"`; `"unknown"` where it could not be checked, which is no fault of the database;
            `"warning"` for what costs time or safety; `"error"` for what is broken.
        summary: What was found, in one line.
        advice: What to do, empty where there is nothing to do.
        details: The objects that it was found on, a line each.
    """

    subject: str
    level: Level
    summary: str
    advice: str = ""
    details: tuple[str, ...] = ()


class ConstraintReport(NamedTuple):
    """How many rows break a CHECK constraint.

    Attributes:
        name: The constraint.
        table: Its table.
        condition: What it requires, in SQL.
        broken: How many rows break it.
        examples: Ids of some of them, 5 at most.
        is_present: Whether the database has the constraint.
        is_validated: Whether PostgreSQL has validated it for all rows.
    """

    name: str
    table: str
    condition: str
    broken: int
    examples: tuple[str, ...]
    is_present: bool
    is_validated: bool


class Diagnosis(NamedTuple):
    """The results of all checks.

    Attributes:
        findings: In the order of the checks.
        constraints: How many rows break each CHECK constraint.
    """

    findings: tuple[Finding, ...]
    constraints: tuple[ConstraintReport, ...]

    @property
    def level(self) -> Level:
        """The highest level of all findings."""
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


def check_failed(subject: str, exc: TrioSignoDBError) -> Finding:
    """Report a check that could not be finished.

    Args:
        subject: What it checks.
        exc: The error that ended it.

    Returns:
        `"unknown"` where the role lacks a right, `"error"` for everything else.
    """
    message = " ".join(str(exc).split())
    if isinstance(exc, PermissionDeniedError):
        return Finding(
            subject,
            "unknown",
            f"The role lacks the right to check it: {message}.",
            "Run the doctor as the role that owns the tables to know more.",
        )
    return Finding(subject, "error", f"The check failed: {message}")
