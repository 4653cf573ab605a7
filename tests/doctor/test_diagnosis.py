"""The diagnosis as a whole: a healthy database, none at all, and a connection that is lost."""

import socket

import psycopg2
import pytest

import triosigno_db as db
from tests.doctor.checked_database import CheckedDatabase, run_doctor, wait_until
from triosigno_db.doctor import Diagnosis, Finding, diagnose
from triosigno_db.doctor.diagnosis import CHECKS
from triosigno_db.settings import Settings

SUBJECTS = [
    "connection", "versions", "history", "drift", "indexes", "rows", "accounts", "keys",
    "vacuum", "roles", "owners", "sessions",
]  # fmt: skip


def test_all_is_well_for_the_owner_but_that_it_owns(checked: CheckedDatabase) -> None:
    run = run_doctor(checked.url)
    assert list(run.levels()) == SUBJECTS
    assert run.levels().pop("roles") == {"warning"}
    assert [each for each in run.findings if each.level != "ok" and each.subject != "roles"] == []
    assert run.exit_code == 0
    assert run_doctor(checked.url, "--strict").exit_code == 1


def test_a_service_s_role_sees_nothing_wrong_and_says_what_it_can_t_see(
    service: CheckedDatabase,
) -> None:
    run = run_doctor(service.url, "--strict", "--no-validate")
    assert [each for each in run.findings if each.level in ("warning", "error")] == [
        run.one("rows", "warning")  # nobody has validated the rules yet
    ]
    assert run.of("roles", "ok")
    assert "permission denied" in run.one("history", "unknown").summary
    assert run.exit_code == 1


def test_what_is_unknown_is_no_warning(service: CheckedDatabase, checked: CheckedDatabase) -> None:
    run_doctor(checked.url)
    run = run_doctor(service.url, "--strict")
    assert (run.exit_code, run.document["level"]) == (0, "unknown")


def test_an_empty_database_says_what_to_do(empty_url: str) -> None:
    run = run_doctor(empty_url)
    assert run.one("history", "error").advice == "Run triosigno-db migrate deploy."
    assert [each for each in run.findings if each.level == "error"] == run.of("history", "error")
    for subject in ("drift", "indexes", "rows"):
        assert run.of(subject, "unknown")
    assert run.exit_code == 1


def test_a_schema_that_is_not_there_is_empty(empty_url: str) -> None:
    assert (
        "The schema other is"
        in run_doctor(f"{empty_url}?schema=other").one("history", "error").summary
    )


def test_a_server_that_can_t_be_reached_is_a_finding() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        # Bound and not listening: whoever knocks is refused.
        run = run_doctor(f"postgresql://lea:geheim@127.0.0.1:{port}/triosigno")
    assert run.exit_code == 1
    (finding,) = run.findings
    assert (finding.subject, finding.level) == ("connection", "error")
    assert str(port) in finding.summary
    assert "refused" in "".join(finding.details)
    assert "geheim" not in repr(run.document)


def test_a_wrong_password_is_a_finding(checked: CheckedDatabase) -> None:
    (finding,) = run_doctor(checked.as_role("postgres", "geheim")).findings
    assert "password authentication failed" in "".join(finding.details)
    assert "geheim" not in repr(finding)


def test_a_connection_that_is_lost_ends_the_checks(
    checked: CheckedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check is put first that ends the session, as an operator might."""

    def end_itself(examination: object) -> list[Finding]:
        checked.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'triosigno-db doctor' AND datname = current_database()"
        )
        return []

    checks = (("early", end_itself), *CHECKS)
    monkeypatch.setattr("triosigno_db.doctor.diagnosis.CHECKS", checks)
    findings = diagnose(Settings.load(checked.url)).findings
    assert [(each.subject, each.level) for each in findings] == [
        ("connection", "error"),
        ("connection", "error"),
    ]
    assert "was lost" in findings[1].summary


def test_a_check_that_fails_does_not_hide_the_others(
    checked: CheckedDatabase, second_session: psycopg2.extensions.connection
) -> None:
    second_session.cursor().execute('LOCK TABLE "Progress" IN ACCESS EXCLUSIVE MODE')
    run = run_doctor(checked.url)
    assert "lock timeout" in run.one("rows", "error").summary
    assert list(run.levels()) == SUBJECTS
    tables = {check["table"] for check in run.document["constraints"]}
    assert "Module" in tables
    assert "Progress" not in tables
    second_session.rollback()
    assert run_doctor(checked.url).exit_code == 0


def test_from_python_the_connected_database_is_looked_at(checked: CheckedDatabase) -> None:
    with pytest.raises(db.NotConnectedError):
        diagnose()
    db.connect(checked.url)
    diagnosis = diagnose(validate=False)
    assert [finding.subject for finding in diagnosis.findings if finding.level == "error"] == []
    assert len(diagnosis.constraints) == 10
    assert not any(report.is_validated for report in diagnosis.constraints)
    assert (diagnosis.level, diagnosis.count("error")) == ("warning", 0)
    assert Diagnosis((), ()).level == "ok"


def test_nothing_is_left_behind(checked: CheckedDatabase) -> None:
    before = (
        checked.run("SELECT count(*) FROM pg_class"),
        checked.run("SELECT count(*) FROM pg_type"),
    )
    diagnose(Settings.load(checked.url))
    after = (
        checked.run("SELECT count(*) FROM pg_class"),
        checked.run("SELECT count(*) FROM pg_type"),
    )
    assert before == after
    wait_until(
        checked.url,
        "count(*) = 0 FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'triosigno-db doctor'",
    )
