"""The live database, compared with the history and with the models."""

from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import deploy, diff


def test_a_deployed_database_shows_no_drift(connected: str) -> None:
    deploy()
    drift = diff()
    assert drift.is_none
    assert drift.sql == ""


def test_drift_is_told_against_history_and_models(connected: str, triosigno_url: str) -> None:
    deploy()
    run_sql(
        'DROP INDEX "Sign_categoryId_idx"; ALTER TABLE "Progress" '
        'DROP CONSTRAINT "Progress_attempts_check"; ALTER TABLE "Sign" ADD COLUMN "x" TEXT;'
        'ALTER TYPE "UserRole" ADD VALUE \'GUEST\'; CREATE TABLE "Other" ()'
    )
    drift = diff()
    assert {each.what for each in drift.from_history} == {
        'index "Sign_categoryId_idx" of "Sign"',
        'constraint "Progress_attempts_check" of "Progress"',
        'column "Sign"."x"',
        'enum "UserRole"',
    }
    assert {each.what for each in drift.from_models} == {each.what for each in drift.from_history}
    run_sql(drift.sql)
    assert diff().is_none
