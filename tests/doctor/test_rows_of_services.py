"""The doctor on a database with a service's table: its history, its indexes, its rows."""

from triosigno_db.database.execution import run_sql
from triosigno_db.doctor import Diagnosis, diagnose
from triosigno_db.migrator import Project
from triosigno_db.models import service_models
from triosigno_db.testing.factories import make_row


def found(diagnosis: Diagnosis, subject: str) -> list[str]:
    return [each.summary for each in diagnosis.findings if each.subject == subject]


def test_a_services_table_is_as_it_should_be(project: Project) -> None:
    diagnosis = diagnose(project=project)
    assert found(diagnosis, "history") == [
        "All 6 migrations are applied and match the files on disk."
    ]
    assert found(diagnosis, "drift") == ["All 12 tables match the applied migrations."]
    assert "Recognition_confidence_check" in [each.name for each in diagnosis.constraints]
    checked = ("history", "drift", "indexes", "rows")
    assert {each.level for each in diagnosis.findings if each.subject in checked} == {"ok"}


def test_without_the_project_its_migration_is_that_of_others(project: Project) -> None:
    ours, others = found(diagnose(), "history")
    assert ours == "All 5 migrations are applied and match the files on disk."
    assert others.startswith("1 migration is of others")


def test_what_is_wrong_with_it_is_found(project: Project) -> None:
    (model,) = service_models()
    run_sql('DROP INDEX "Recognition_signId_idx"')
    run_sql('ALTER TABLE "Recognition" DROP CONSTRAINT "Recognition_confidence_check"')
    make_row(model, confidence=2.0)
    diagnosis = diagnose(project=project, validate=False)
    assert any("1 index is missing" in each for each in found(diagnosis, "indexes"))
    (broken,) = [each for each in diagnosis.constraints if each.broken]
    assert broken.name == "Recognition_confidence_check"
