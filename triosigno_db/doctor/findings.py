"""Findings: the results of the checks, with advice."""

from typing import Literal, NamedTuple

from triosigno_db.errors import PermissionDeniedError, TrioSignoDBError

Level = Literal["ok", "unknown", "warning", "error"]

SEVERITY: tuple[Level, ...] = ("ok", "unknown", "warning", "error")
"""The levels in ascending order."""


class Finding(NamedTuple):
    """The result of a check.

    Attributes:
        subject: The subject of the check, such as `"indexes"`.
        level: `"ok"`; `"unknown"` if the check was not possible; `"warning"` if performance or
            safety is affected; `"error"` if something is broken.
        summary: The result in one line.
        advice: What to do; empty if no action is needed.
        details: The affected objects, one line each.
    """

    subject: str
    level: Level
    summary: str
    advice: str = ""
    details: tuple[str, ...] = ()


class ConstraintReport(NamedTuple):
    """The number of rows that violate a CHECK constraint.

    Attributes:
        name: The constraint.
        table: Its table.
        condition: Its condition in SQL.
        broken: The number of rows that violate it.
        examples: The ids of at most 5 of these rows.
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
        findings: The findings, in the order of the checks.
        constraints: The reports on the CHECK constraints.
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
            The number of findings.
        """
        return sum(finding.level == level for finding in self.findings)


def check_failed(subject: str, exc: TrioSignoDBError) -> Finding:
    """Report a check that failed.

    Args:
        subject: The subject of the check.
        exc: The error that ended it.

    Returns:
        A finding with level `"unknown"` if the role lacks a privilege, else `"error"`.
    """
    message = " ".join(str(exc).split())
    if isinstance(exc, PermissionDeniedError):
        return Finding(
            subject,
            "unknown",
            f"The role lacks a privilege for this check: {message}.",
            "Run the doctor as the role that owns the tables.",
        )
    return Finding(subject, "error", f"The check failed: {message}")
