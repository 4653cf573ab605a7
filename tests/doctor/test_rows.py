"""Rows that break rules, and rules that nobody keeps or has validated."""

import shutil
from pathlib import Path

import pytest

import triosigno_db as db
from tests.doctor.checked_database import CheckedDatabase, run_doctor
from triosigno_db.database.execution import run_sql
from triosigno_db.doctor import check_constraints
from triosigno_db.migrator import deploy, read_history, rollback, shipped_history

NAMES = [each.name for each in read_history(shipped_history())]
INDEXES, CHECKS = NAMES[1], NAMES[2]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(shipped_history(), folder)
    return folder


def test_the_doctor_finds_old_rows_and_validates_the_rest(connected: str, history: Path) -> None:
    shutil.rmtree(history / CHECKS)
    deploy(history=history)
    user = db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    run_sql('UPDATE "UserPreference" SET "learningGoal" = 0')
    deploy()
    reports = {report.name: report for report in check_constraints()}
    broken = reports.pop("UserPreference_learningGoal_check")
    assert user.preferences is not None
    assert (broken.broken, broken.examples) == (1, (user.preferences.id,))
    assert (broken.is_present, broken.is_validated) == (True, False)
    assert {(each.broken, each.is_validated) for each in reports.values()} == {(0, True)}
    run_sql('UPDATE "UserPreference" SET "learningGoal" = 10')
    assert all(report.is_validated for report in check_constraints())


def test_the_doctor_only_looks_when_told_so(connected: str) -> None:
    deploy()
    assert not any(report.is_validated for report in check_constraints(validate=False))
    assert not any(report.is_validated for report in check_constraints(validate=False))


def test_the_doctor_tells_missing_rules(connected: str) -> None:
    deploy()
    rollback(to=INDEXES)
    assert not any(report.is_present for report in check_constraints())


def test_a_broken_row_is_shown(checked: CheckedDatabase) -> None:
    checked.run(
        'ALTER TABLE "Module" DROP CONSTRAINT "Module_order_check";'
        'INSERT INTO "Module" (id, title, description, "order", "updatedAt") '
        "SELECT 'module-' || n, 'x', '', -n, now() FROM generate_series(1, 7) n;"
        'ALTER TABLE "Module" ADD CONSTRAINT "Module_order_check" CHECK ("order" >= 0) NOT VALID'
    )
    run = run_doctor(checked.url)
    finding = run.one("rows", "error")
    assert finding.summary == '7 rows violate Module_order_check of Module: "order" >= 0'
    assert finding.details == tuple(f"module-{number}" for number in range(1, 6))
    assert run.exit_code == 1
    (report,) = [each for each in run.document["constraints"] if each["broken"]]
    assert report == {
        "name": "Module_order_check",
        "table": "Module",
        "condition": '"order" >= 0',
        "broken": 7,
        "examples": list(finding.details),
        "is_present": True,
        "is_validated": False,
    }


def test_a_missing_rule(checked: CheckedDatabase) -> None:
    checked.run('ALTER TABLE "Module" DROP CONSTRAINT "Module_order_check"')
    assert run_doctor(checked.url).one("rows", "warning").details == ("Module_order_check",)


def test_rules_are_validated_unless_told_otherwise(checked: CheckedDatabase) -> None:
    assert len(run_doctor(checked.url, "--no-validate").one("rows", "warning").details) == 10
    assert run_doctor(checked.url).of("rows", "warning") == []
    assert run_doctor(checked.url, "--no-validate").of("rows", "warning") == []


def test_a_role_that_does_not_own_the_tables_validates_nothing(service: CheckedDatabase) -> None:
    assert len(run_doctor(service.url).one("rows", "warning").details) == 10
