"""The diagnosis as a whole: a healthy database, none at all, and one that is lost on the way."""

import socket

import psycopg2
import pytest

import triosigno_db as db
from tests.doctor.checked_database import Patient, look, wait_until
from triosigno_db.doctor import Diagnosis, Finding, diagnose
from triosigno_db.doctor.diagnosis import CHECKS
from triosigno_db.settings import Settings

SUBJECTS = [
    "connection", "versions", "history", "drift", "indexes", "rows", "keys", "vacuum",
    "roles", "sessions",
]  # fmt: skip


def test_all_is_well_for_the_owner_but_that_it_owns(patient: Patient) -> None:
    seen = look(patient.url)
    assert list(seen.levels()) == SUBJECTS
    assert seen.levels().pop("roles") == {"warning"}
    assert [each for each in seen.findings if each.level != "ok" and each.subject != "roles"] == []
    assert seen.exit_code == 0
    assert look(patient.url, "--strict").exit_code == 1


def test_a_service_s_role_sees_nothing_wrong_and_says_what_it_can_t_see(service: Patient) -> None:
    seen = look(service.url, "--strict", "--no-validate")
    assert [each for each in seen.findings if each.level in ("warning", "error")] == [
        seen.one("rows", "warning")  # nobody has validated the rules yet
    ]
    assert seen.of("roles", "ok")
    assert "permission denied" in seen.one("history", "unknown").summary
    assert seen.exit_code == 1


def test_what_is_unknown_is_no_warning(service: Patient, patient: Patient) -> None:
    look(patient.url)
    seen = look(service.url, "--strict")
    assert (seen.exit_code, seen.document["level"]) == (0, "unknown")


def test_an_empty_database_says_what_to_do(empty_url: str) -> None:
    seen = look(empty_url)
    assert seen.one("history", "error").advice == "triosigno-db migrate deploy"
    assert [each for each in seen.findings if each.level == "error"] == seen.of("history", "error")
    for subject in ("drift", "indexes", "rows"):
        assert seen.of(subject, "unknown")
    assert seen.exit_code == 1


def test_a_schema_that_is_not_there_is_empty(empty_url: str) -> None:
    assert (
        "The schema other is" in look(f"{empty_url}?schema=other").one("history", "error").summary
    )


def test_a_server_that_can_t_be_reached_is_a_finding() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        # Bound and not listening: whoever knocks is refused.
        seen = look(f"postgresql://lea:geheim@127.0.0.1:{port}/triosigno")
    assert seen.exit_code == 1
    (finding,) = seen.findings
    assert (finding.subject, finding.level) == ("connection", "error")
    assert str(port) in finding.summary
    assert "refused" in "".join(finding.details)
    assert "geheim" not in repr(seen.document)


def test_a_wrong_password_is_a_finding(patient: Patient) -> None:
    (finding,) = look(patient.as_role("postgres", "geheim")).findings
    assert "password authentication failed" in "".join(finding.details)
    assert "geheim" not in repr(finding)


def test_a_connection_that_is_lost_ends_the_examination(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first section is another one, which ends its own session as an operator might."""

    def end_itself(examination: object) -> list[Finding]:
        patient.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'triosigno-db doctor' AND datname = current_database()"
        )
        return []

    sections = (("early", end_itself), *CHECKS)
    monkeypatch.setattr("triosigno_db.doctor.diagnosis.CHECKS", sections)
    findings = diagnose(Settings.load(patient.url)).findings
    assert [(each.subject, each.level) for each in findings] == [
        ("connection", "error"),
        ("connection", "error"),
    ]
    assert "was lost" in findings[1].summary


def test_a_section_that_fails_does_not_hide_the_others(
    patient: Patient, second_session: psycopg2.extensions.connection
) -> None:
    second_session.cursor().execute('LOCK TABLE "Progress" IN ACCESS EXCLUSIVE MODE')
    seen = look(patient.url)
    assert "lock timeout" in seen.one("rows", "error").summary
    assert list(seen.levels()) == SUBJECTS
    tables = {check["table"] for check in seen.document["constraints"]}
    assert "Module" in tables
    assert "Progress" not in tables
    second_session.rollback()
    assert look(patient.url).exit_code == 0


def test_from_python_the_connected_database_is_looked_at(patient: Patient) -> None:
    with pytest.raises(db.NotConnectedError):
        diagnose()
    db.connect(patient.url)
    diagnosis = diagnose(validate=False)
    assert [finding.subject for finding in diagnosis.findings if finding.level == "error"] == []
    assert len(diagnosis.constraints) == 10
    assert not any(report.is_validated for report in diagnosis.constraints)
    assert (diagnosis.level, diagnosis.count("error")) == ("warning", 0)
    assert Diagnosis((), ()).level == "ok"


def test_nothing_is_left_behind(patient: Patient) -> None:
    before = (
        patient.run("SELECT count(*) FROM pg_class"),
        patient.run("SELECT count(*) FROM pg_type"),
    )
    diagnose(Settings.load(patient.url))
    after = (
        patient.run("SELECT count(*) FROM pg_class"),
        patient.run("SELECT count(*) FROM pg_type"),
    )
    assert before == after
    wait_until(
        patient.url,
        "count(*) = 0 FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'triosigno-db doctor'",
    )
