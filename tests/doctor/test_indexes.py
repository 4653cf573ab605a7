"""Indexes: missing, invalid, wanted by a foreign key, unused."""

from datetime import timedelta

import psycopg2
import pytest

from tests.doctor.checked_database import Patient, look, look_until
from tests.server_features import has_trigrams
from triosigno_db.doctor import Limits, diagnose
from triosigno_db.settings import Settings

MANY_ACHIEVEMENTS = """
INSERT INTO "Achievement" (id, name, description, "imageUrl", "xpReward", "updatedAt")
SELECT 'achievement-' || n, 'name ' || n, 'what is done for number ' || n, '', 0, now()
FROM generate_series(1, 40000) n
"""


def test_a_missing_index(patient: Patient) -> None:
    patient.run('DROP INDEX "LearningSession_startTime_id_idx"')
    seen = look(patient.url)
    finding = seen.one("indexes", "warning")
    assert finding.details == ("LearningSession_startTime_id_idx of LearningSession",)
    assert seen.of("drift", "ok")
    assert seen.exit_code == 0


def test_a_missing_unique_index_is_an_error(patient: Patient) -> None:
    patient.run('DROP INDEX "User_email_key"')
    seen = look(patient.url)
    assert seen.one("indexes", "error").details == ("User_email_key of User, unique",)
    assert seen.exit_code == 1


def test_an_index_of_searches_may_be_missing_without_its_extension(patient: Patient) -> None:
    if has_trigrams(patient.url):
        patient.run('DROP INDEX "Sign_search_idx"')
        assert look(patient.url).one("indexes", "warning").details == ("Sign_search_idx of Sign",)
        patient.run("DROP EXTENSION pg_trgm CASCADE")
    assert look(patient.url).of("indexes", "warning") == []


def test_an_invalid_index(patient: Patient) -> None:
    patient.run(
        'INSERT INTO "SignCategory" (id, name, description, "updatedAt") '
        "VALUES ('1', 'a', 'same', now()), ('2', 'b', 'same', now())"
    )
    with pytest.raises(psycopg2.errors.UniqueViolation):
        patient.run('CREATE UNIQUE INDEX CONCURRENTLY "broken" ON "SignCategory"("description")')
    seen = look(patient.url)
    assert seen.one("indexes", "error").details == ("broken of SignCategory, unique",)
    assert "DROP INDEX CONCURRENTLY" in seen.one("indexes", "error").advice


def test_a_foreign_key_without_an_index(patient: Patient) -> None:
    patient.run(
        'CREATE TABLE "Note" (id text PRIMARY KEY, "userId" text REFERENCES "User", done boolean);'
        'CREATE INDEX "Note_some" ON "Note"("userId") WHERE done;'
        'CREATE INDEX "Note_second" ON "Note"(done, "userId")'
    )
    assert look(patient.url).one("indexes", "warning").details == ("Note_userId_fkey of Note",)
    patient.run('CREATE INDEX "Note_first" ON "Note"("userId", done)')
    assert look(patient.url).of("indexes", "warning") == []


def test_an_unused_index(patient: Patient) -> None:
    patient.run(MANY_ACHIEVEMENTS)
    patient.run('CREATE INDEX "by_text" ON "Achievement"("description")')
    finding = look(patient.url, "--unused-after", "0").one("indexes", "warning")
    # The unique ones are as large and as unused: they keep rules.
    (line,) = finding.details
    assert line.startswith("by_text of Achievement: ")
    patient.run("SET enable_seqscan = off")
    patient.run("SELECT name FROM \"Achievement\" WHERE description = 'no such'")
    patient.leave()
    look_until(patient.url, lambda seen: not seen.of("indexes", "warning"), "--unused-after", "0")


def test_statistics_that_are_too_young_tell_nothing(patient: Patient) -> None:
    patient.run(MANY_ACHIEVEMENTS)
    patient.run('CREATE INDEX "by_text" ON "Achievement"("description")')
    told = [each.summary for each in look(patient.url).of("indexes", "ok")]
    assert any("once the statistics reach back 30 days" in summary for summary in told)
    findings = diagnose(
        Settings.load(patient.url), limits=Limits(unused_after=timedelta(hours=1))
    ).findings
    assert not [each for each in findings if (each.subject, each.level) == ("indexes", "warning")]
