"""Idempotency keys: their table, and those that nobody will repeat."""

from datetime import UTC, datetime, timedelta

import triosigno_db as db
from tests.doctor.checked_database import CheckedDatabase, run_doctor

INSERT = """
INSERT INTO triosigno_db."IdempotencyKey" ("digest", "createdAt")
SELECT gen_random_uuid(), timezone('UTC', now()) - n * interval '1 day'
FROM generate_series(28, 32) n
"""


def test_old_keys_are_counted(checked: CheckedDatabase) -> None:
    checked.run(INSERT)
    run = run_doctor(checked.url)
    finding = run.one("keys", "warning")
    # 30 days and the moment since then are more than 30.
    assert finding.summary == "3 idempotency keys are older than 30 days."
    assert run.exit_code == 0
    db.connect(checked.url)
    assert db.delete_idempotency_keys(before=datetime.now(UTC) - timedelta(days=30)) == 3
    assert run_doctor(checked.url).of("keys", "ok")


def test_a_missing_table(checked: CheckedDatabase) -> None:
    checked.run("DROP SCHEMA triosigno_db CASCADE")
    assert "is missing" in run_doctor(checked.url).one("keys", "warning").summary


def test_its_indexes_are_looked_at(checked: CheckedDatabase) -> None:
    checked.run('DROP INDEX triosigno_db."IdempotencyKey_createdAt_idx"')
    assert run_doctor(checked.url).one("indexes", "warning").details == (
        "IdempotencyKey_createdAt_idx of IdempotencyKey",
    )


def test_a_role_that_may_not_read_them(checked: CheckedDatabase, service: CheckedDatabase) -> None:
    assert run_doctor(service.url).of("keys", "ok")
    ((role,),) = service.run("SELECT current_user")
    checked.run(f"REVOKE USAGE ON SCHEMA triosigno_db FROM {role}")
    assert "may not read" in run_doctor(service.url).one("keys", "unknown").summary
