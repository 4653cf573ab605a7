"""Indexes: missing, invalid, wanted by a foreign key, unused."""

from datetime import timedelta

import psycopg2
import pytest

from tests.doctor.checked_database import CheckedDatabase, run_doctor, run_doctor_until
from tests.server_features import has_trigrams
from triosigno_db.doctor import Limits, diagnose
from triosigno_db.settings import Settings

MANY_ACHIEVEMENTS = """
INSERT INTO "Achievement" (id, name, description, "imageUrl", "xpReward", "updatedAt")
SELECT 'achievement-' || n, 'name ' || n, 'what is done for number ' || n, '', 0, now()
FROM generate_series(1, 40000) n
"""


def test_a_missing_index(checked: CheckedDatabase) -> None:
    checked.run('DROP INDEX "LearningSession_startTime_id_idx"')
    run = run_doctor(checked.url)
    finding = run.one("indexes", "warning")
    assert finding.details == ("LearningSession_startTime_id_idx of LearningSession",)
    assert run.of("drift", "ok")
    assert run.exit_code == 0


def test_a_missing_unique_index_is_an_error(checked: CheckedDatabase) -> None:
    checked.run('DROP INDEX "User_email_key"')
    run = run_doctor(checked.url)
    assert run.one("indexes", "error").details == ("User_email_key of User, unique",)
    assert run.exit_code == 1


def test_an_index_of_searches_may_be_missing_without_its_extension(
    checked: CheckedDatabase,
) -> None:
    if has_trigrams(checked.url):
        checked.run('DROP INDEX "Sign_search_idx"')
        assert run_doctor(checked.url).one("indexes", "warning").details == (
            "Sign_search_idx of Sign",
        )
        checked.run("DROP EXTENSION pg_trgm CASCADE")
    assert run_doctor(checked.url).of("indexes", "warning") == []


def test_an_invalid_index(checked: CheckedDatabase) -> None:
    checked.run(
        'INSERT INTO "SignCategory" (id, name, description, "updatedAt") '
        "VALUES ('1', 'a', 'same', now()), ('2', 'b', 'same', now())"
    )
    with pytest.raises(psycopg2.errors.UniqueViolation):
        checked.run('CREATE UNIQUE INDEX CONCURRENTLY "broken" ON "SignCategory"("description")')
    run = run_doctor(checked.url)
    assert run.one("indexes", "error").details == ("broken of SignCategory, unique",)
    assert "DROP INDEX CONCURRENTLY" in run.one("indexes", "error").advice


def test_a_foreign_key_without_an_index(checked: CheckedDatabase) -> None:
    checked.run(
        'CREATE TABLE "Note" (id text PRIMARY KEY, "userId" text REFERENCES "User", done boolean);'
        'CREATE INDEX "Note_some" ON "Note"("userId") WHERE done;'
        'CREATE INDEX "Note_second" ON "Note"(done, "userId")'
    )
    assert run_doctor(checked.url).one("indexes", "warning").details == (
        "Note_userId_fkey of Note",
    )
    checked.run('CREATE INDEX "Note_first" ON "Note"("userId", done)')
    assert run_doctor(checked.url).of("indexes", "warning") == []


def test_an_unused_index(checked: CheckedDatabase) -> None:
    checked.run(MANY_ACHIEVEMENTS)
    checked.run('CREATE INDEX "by_text" ON "Achievement"("description")')
    finding = run_doctor(checked.url, "--unused-after", "0").one("indexes", "warning")
    # The unique ones are as large and as unused: they keep rules.
    (line,) = finding.details
    assert line.startswith("by_text of Achievement: ")
    checked.run("SET enable_seqscan = off")
    checked.run("SELECT name FROM \"Achievement\" WHERE description = 'no such'")
    checked.leave()
    run_doctor_until(
        checked.url, lambda run: not run.of("indexes", "warning"), "--unused-after", "0"
    )


def test_statistics_that_are_too_young_tell_nothing(checked: CheckedDatabase) -> None:
    checked.run(MANY_ACHIEVEMENTS)
    checked.run('CREATE INDEX "by_text" ON "Achievement"("description")')
    told = [each.summary for each in run_doctor(checked.url).of("indexes", "ok")]
    assert any("when the statistics cover 30 days" in summary for summary in told)
    findings = diagnose(
        Settings.load(checked.url), limits=Limits(unused_after=timedelta(hours=1))
    ).findings
    assert not [each for each in findings if (each.subject, each.level) == ("indexes", "warning")]
