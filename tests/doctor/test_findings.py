"""Findings: their levels, and what a check that fails becomes."""

import pytest

import triosigno_db as db
from triosigno_db.doctor import Diagnosis, Finding, Level
from triosigno_db.doctor.findings import SEVERITY, check_failed


def diagnosis(*levels: Level) -> Diagnosis:
    return Diagnosis(tuple(Finding("rows", level, "summary") for level in levels), ())


@pytest.mark.parametrize("level", SEVERITY)
def test_the_highest_level_is_that_of_the_whole(level: Level) -> None:
    lower = SEVERITY[: SEVERITY.index(level)]
    assert diagnosis(level, *lower).level == level
    assert diagnosis(*lower, level).level == level


def test_without_a_finding_all_is_well() -> None:
    assert diagnosis().level == "ok"


def test_the_findings_of_a_level_are_counted() -> None:
    found = diagnosis("error", "ok", "error", "warning")
    assert [found.count(level) for level in SEVERITY] == [1, 0, 1, 2]


def test_a_right_that_is_missing_is_no_fault_of_the_database() -> None:
    finding = check_failed("rows", db.PermissionDeniedError("permission\ndenied"))
    assert (finding.subject, finding.level) == ("rows", "unknown")
    assert "permission denied" in finding.summary


def test_another_error_of_a_check_is_an_error() -> None:
    finding = check_failed("rows", db.QueryTimeoutError("too slow"))
    assert (finding.level, finding.summary) == ("error", "The check failed: too slow")
