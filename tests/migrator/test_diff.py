"""The live database, compared with the history and with the models."""

import pytest

import triosigno_db as db
from tests.server_features import has_trigrams
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


def test_an_index_of_searches_is_compared(connected: str) -> None:
    if not has_trigrams(connected):
        pytest.skip("this server ships no pg_trgm")
    deploy()
    run_sql(
        'DROP INDEX "Sign_search_idx", "User_search_idx";'
        'CREATE INDEX "User_search_idx" ON "User" (email)'
    )
    drift = diff()
    indexes = {'index "Sign_search_idx" of "Sign"', 'index "User_search_idx" of "User"'}
    assert {each.what for each in drift.from_history} == indexes
    assert {each.what for each in drift.from_models} == indexes
    run_sql(drift.sql)
    assert diff().is_none


def test_another_schema_of_the_extension_is_no_difference(connected: str) -> None:
    if not has_trigrams(connected):
        pytest.skip("this server ships no pg_trgm")
    run_sql("CREATE SCHEMA elsewhere; CREATE EXTENSION pg_trgm SCHEMA elsewhere")
    deploy()
    assert run_sql("SELECT to_regclass('\"Sign_search_idx\"') IS NOT NULL") == [(True,)]
    assert diff().is_none
    run_sql('DROP INDEX "Sign_search_idx"')
    run_sql(diff().sql)
    assert diff().is_none


def test_without_the_extension_no_index_of_searches_is_expected(connected: str) -> None:
    deploy()
    run_sql("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
    assert diff().is_none
    db.create_schema()


def test_an_index_on_an_expression_is_compared(connected: str) -> None:
    deploy()
    run_sql(
        'DROP INDEX "User_folded_email_idx";'
        'CREATE INDEX "User_folded_email_idx" ON "User" (lower(email))'
    )
    (difference,) = diff().from_models
    assert difference.what == 'index "User_folded_email_idx" of "User"'
    run_sql(diff().sql)
    assert diff().is_none
