"""Tables that need vacuum, by autovacuum's own limits."""

from collections.abc import Iterable

import pytest

from tests.doctor.checked_database import CheckedDatabase, DoctorRun, run_doctor, run_doctor_until
from triosigno_db.doctor import Finding

WRITE = """
INSERT INTO "SignCategory" (id, name, description, "updatedAt")
SELECT n, n, '', now() FROM generate_series(1, {}) n
"""
BURN_TRANSACTION_IDS = """
CREATE TEMP TABLE burnt (n int);
DO $$ BEGIN
    FOR n IN 1..{} LOOP
        BEGIN
            INSERT INTO burnt VALUES (n);
        EXCEPTION WHEN unique_violation THEN
            RAISE;
        END;
    END LOOP;
END $$
"""


@pytest.fixture
def unattended(checked: CheckedDatabase) -> CheckedDatabase:
    """A table that autovacuum leaves alone, else it might be quicker than the doctor."""
    checked.run('ALTER TABLE "SignCategory" SET (autovacuum_enabled = off)')
    return checked


def test_a_table_that_autovacuum_leaves_out(unattended: CheckedDatabase) -> None:
    assert run_doctor(unattended.url).one("vacuum", "warning").details == ("SignCategory",)
    unattended.run('ALTER TABLE "SignCategory" SET (autovacuum_enabled = tr)')
    assert run_doctor(unattended.url).of("vacuum", "warning") == []


def test_dead_rows(unattended: CheckedDatabase) -> None:
    unattended.run(WRITE.format(100))
    unattended.run('ANALYZE "SignCategory"')
    # 50 and a fifth of 100: at 70 autovacuum would still wait.
    unattended.run('DELETE FROM "SignCategory" WHERE id::int <= 70')
    unattended.leave()
    assert dead_rows(run_doctor(unattended.url).findings) == []
    unattended.run('DELETE FROM "SignCategory" WHERE id::int = 71')
    unattended.leave()
    run = run_doctor_until(unattended.url, lambda run: dead_rows(run.findings))
    assert dead_rows(run.findings) == [("SignCategory: 71 dead, autovacuum runs after 70",)]
    unattended.run('VACUUM "SignCategory"')
    unattended.leave()
    run_doctor_until(unattended.url, lambda run: not dead_rows(run.findings))


def test_a_table_s_own_limits_count(unattended: CheckedDatabase) -> None:
    unattended.run(
        'ALTER TABLE "SignCategory" SET '
        "(autovacuum_vacuum_threshold = 3, autovacuum_vacuum_scale_factor = 0)"
    )
    unattended.run(WRITE.format(10))
    unattended.run('DELETE FROM "SignCategory" WHERE id::int <= 4')
    unattended.leave()
    run = run_doctor_until(unattended.url, lambda run: dead_rows(run.findings))
    assert dead_rows(run.findings) == [("SignCategory: 4 dead, autovacuum runs after 3",)]


def dead_rows(findings: Iterable[Finding]) -> list[tuple[str, ...]]:
    return [each.details for each in findings if "dead rows" in each.summary and each.level != "ok"]


def test_rows_that_were_never_analyzed(unattended: CheckedDatabase) -> None:
    unattended.run(WRITE.format(51))
    unattended.leave()

    def is_told(run: DoctorRun) -> list[Finding]:
        return [each for each in run.of("vacuum", "warning") if "never analyzed" in each.summary]

    (finding,) = is_told(run_doctor_until(unattended.url, is_told))
    assert finding.details == ("SignCategory: 51 rows written",)
    unattended.run('ANALYZE "SignCategory"')
    unattended.leave()
    run_doctor_until(unattended.url, lambda run: not is_told(run))


@pytest.mark.parametrize(("transactions", "level"), [(91_000, "warning"), (200_500, "error")])
def test_transaction_ids_that_run_out(
    checked: CheckedDatabase, transactions: int, level: str
) -> None:
    checked.run(BURN_TRANSACTION_IDS.format(transactions))
    # The least that PostgreSQL takes. It is set last: once it is exceeded, autovacuum may come.
    checked.run('ALTER TABLE "Sign" SET (autovacuum_freeze_max_age = 100000)')
    run = run_doctor(checked.url)
    (line,) = run.one("vacuum", level).details
    assert line.startswith("Sign: ")
    assert line.endswith("autovacuum is forced at 100,000")
    checked.run('VACUUM (FREEZE) "Sign"')
    assert run_doctor(checked.url).of("vacuum", level) == []
