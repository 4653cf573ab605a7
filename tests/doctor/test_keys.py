"""Idempotency keys: their table, and those that nobody will repeat."""

from datetime import UTC, datetime, timedelta

import triosigno_db as db
from tests.doctor.checked_database import Patient, look

INSERT = """
INSERT INTO triosigno_db."IdempotencyKey" ("digest", "createdAt")
SELECT gen_random_uuid(), timezone('UTC', now()) - n * interval '1 day'
FROM generate_series(28, 32) n
"""


def test_old_keys_are_counted(patient: Patient) -> None:
    patient.run(INSERT)
    seen = look(patient.url)
    finding = seen.one("keys", "warning")
    # 30 days and the moment since then are more than 30.
    assert finding.summary == "3 idempotency keys are older than 30 days."
    assert seen.exit_code == 0
    db.connect(patient.url)
    assert db.delete_idempotency_keys(before=datetime.now(UTC) - timedelta(days=30)) == 3
    assert look(patient.url).of("keys", "ok")


def test_a_missing_table(patient: Patient) -> None:
    patient.run("DROP SCHEMA triosigno_db CASCADE")
    assert "is missing" in look(patient.url).one("keys", "warning").summary


def test_its_indexes_are_looked_at(patient: Patient) -> None:
    patient.run('DROP INDEX triosigno_db."IdempotencyKey_createdAt_idx"')
    assert look(patient.url).one("indexes", "warning").details == (
        "IdempotencyKey_createdAt_idx of IdempotencyKey",
    )


def test_a_role_that_may_not_read_them(patient: Patient, service: Patient) -> None:
    assert look(service.url).of("keys", "ok")
    ((role,),) = service.run("SELECT current_user")
    patient.run(f"REVOKE USAGE ON SCHEMA triosigno_db FROM {role}")
    assert "may not read" in look(service.url).one("keys", "unknown").summary
