"""Drift: what is missing, other, or too much."""

import pytest

from tests.doctor.checked_database import CheckedDatabase, run_doctor
from tests.server_features import has_trigrams


@pytest.mark.parametrize(
    ("statement", "told", "function", "advice"),
    [
        (
            'ALTER TABLE "Sign" DROP COLUMN "videoUrl"',
            'column "Sign"."videoUrl" is missing: reads break.',
            "get_sign()",
            "Keep it.",
        ),
        (
            'ALTER TABLE "User" ALTER "username" DROP NOT NULL',
            'column "User"."username" may be null: reads break.',
            "get_user()",
            "keep it required",
        ),
        (
            'ALTER TABLE "Sign" ADD COLUMN "hint" text NOT NULL',
            'column "Sign"."hint" is new, required and without a default: text: writes break.',
            "create_sign()",
            "Give it a default",
        ),
        (
            'DROP TABLE "UserAchievement"',
            'table "UserAchievement" is missing: reads break.',
            "list_user_achievements()",
            "Keep it.",
        ),
        (
            'ALTER TABLE "Progress" DROP CONSTRAINT "Progress_signId_fkey"',
            'foreign key "Progress"(signId) to "Sign" is missing: writes break.',
            "delete_sign()",
            "keep the foreign key",
        ),
    ],
)
def test_what_breaks_functions_is_an_error(
    checked: CheckedDatabase, statement: str, told: str, function: str, advice: str
) -> None:
    checked.run(statement)
    run = run_doctor(checked.url)
    finding = run.one("drift", "error")
    assert finding.summary == told
    assert function in finding.details
    assert advice in finding.advice
    assert run.exit_code == 1


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TYPE \"UserRole\" ADD VALUE 'GUEST'", 'enum "UserRole"'),
        ('ALTER TABLE "Sign" ADD COLUMN "hint" text', 'column "Sign"."hint" is not expected'),
        ('ALTER TABLE "Progress" ALTER "masteryLevel" TYPE bigint', "is bigint NOT NULL"),
        ('CREATE INDEX "by_hand" ON "Sign"("name")', 'index "by_hand" of "Sign" is not expected'),
    ],
)
def test_what_breaks_nothing_is_no_problem(
    checked: CheckedDatabase, statement: str, told: str
) -> None:
    checked.run(statement)
    run = run_doctor(checked.url)
    finding = run.one("drift", "ok")
    assert finding.summary == "1 difference from the applied migrations: all functions work."
    assert told in finding.details[0]
    assert finding.advice == ""
    assert run.exit_code == 0


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            'DROP INDEX "Sign_categoryId_idx"; CREATE INDEX "Sign_categoryId_idx" '
            'ON "Sign"("categoryId" DESC)',
            'index "Sign_categoryId_idx" of "Sign" is ',
        ),
        (
            'ALTER TABLE "Module" DROP CONSTRAINT "Module_order_check"',
            'constraint "Module_order_check" of "Module" is missing',
        ),
    ],
)
def test_an_index_or_constraint_of_ours_is_a_warning(
    checked: CheckedDatabase, statement: str, told: str
) -> None:
    checked.run(statement)
    run = run_doctor(checked.url)
    finding = run.one("drift", "warning")
    assert told in finding.details[0]
    assert "DROP COLUMN" not in finding.advice
    assert run.exit_code == 0


def test_the_function_of_searches_is_looked_at(checked: CheckedDatabase) -> None:
    checked.run(
        "CREATE OR REPLACE FUNCTION triosigno_db.fold_text(text) RETURNS text"
        " LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT lower($1)'"
    )
    run = run_doctor(checked.url)
    assert "fold_text(text) is not that of the library" in run.one("drift", "warning").summary
    checked.run("DROP FUNCTION triosigno_db.fold_text(text) CASCADE")
    run = run_doctor(checked.url)
    assert "fold_text(text) is missing: searches fail" in run.one("drift", "error").summary


def test_another_s_table_is_none_of_ours(checked: CheckedDatabase) -> None:
    checked.run('CREATE TABLE "Invoice" (id text PRIMARY KEY)')
    assert run_doctor(checked.url).of("drift", "ok")


def test_a_role_without_temporary_tables_can_t_tell(
    checked: CheckedDatabase, service: CheckedDatabase
) -> None:
    ((name,),) = checked.run("SELECT current_database()")
    checked.run(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    assert "temporary tables" in run_doctor(service.url).one("drift", "unknown").summary


def test_an_index_of_searches_of_another_definition_is_told(checked: CheckedDatabase) -> None:
    if not has_trigrams(checked.url):
        pytest.skip("this server ships no pg_trgm")
    checked.run('DROP INDEX "Sign_search_idx"')
    checked.run('CREATE INDEX "Sign_search_idx" ON "Sign" (name)')
    finding = run_doctor(checked.url).one("drift", "warning")
    assert finding.details[0].startswith('index "Sign_search_idx" of "Sign" is CREATE INDEX')


def test_without_the_extension_no_index_of_searches_is_expected(checked: CheckedDatabase) -> None:
    checked.run("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
    assert run_doctor(checked.url).one("drift", "ok").details == ()


def test_who_may_not_fold_texts_expects_no_index_of_searches(checked: CheckedDatabase) -> None:
    checked.run("CREATE ROLE looking LOGIN PASSWORD 'looking'")
    try:
        checked.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looking")
        url = checked.as_role("looking", "looking")
        assert run_doctor(url).one("drift", "ok").details == ()
    finally:
        checked.run("DROP OWNED BY looking CASCADE; DROP ROLE looking")
