"""Drift: what is missing, other, or too much."""

import pytest

from tests.doctor.checked_database import CheckedDatabase, run_doctor


@pytest.mark.parametrize(
    ("statement", "level", "told"),
    [
        ('ALTER TABLE "Sign" DROP COLUMN "videoUrl"', "error", 'column "Sign"."videoUrl" is miss'),
        ('ALTER TABLE "User" ALTER "username" DROP NOT NULL', "error", 'column "User"."username"'),
        ('DROP TABLE "UserAchievement"', "error", 'table "UserAchievement" is missing'),
        (
            'ALTER TABLE "Progress" DROP CONSTRAINT "Progress_signId_fkey"',
            "error",
            'constraint "Progress_signId_fkey" of "Progress" is missing',
        ),
        ("ALTER TYPE \"UserRole\" ADD VALUE 'GUEST'", "error", 'enum "UserRole"'),
        ('ALTER TABLE "Sign" ADD COLUMN "hint" text', "warning", 'column "Sign"."hint" is not exp'),
        (
            'CREATE INDEX "by_hand" ON "Sign"("name")',
            "warning",
            'index "by_hand" of "Sign" is not expected',
        ),
        (
            'DROP INDEX "Sign_categoryId_idx"; CREATE INDEX "Sign_categoryId_idx" '
            'ON "Sign"("categoryId" DESC)',
            "warning",
            'index "Sign_categoryId_idx" of "Sign" is ',
        ),
    ],
)
def test_what_differs_is_told(
    checked: CheckedDatabase, statement: str, level: str, told: str
) -> None:
    checked.run(statement)
    run = run_doctor(checked.url)
    assert told in "\n".join(run.one("drift", level).details)
    assert run.exit_code == (level == "error")


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
