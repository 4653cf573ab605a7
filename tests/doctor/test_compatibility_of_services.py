"""What the Node side changes in a service's table: the names of its models say what breaks."""

from pathlib import Path

from triosigno_db.database.execution import run_sql
from triosigno_db.doctor import Compatibility, check_compatibility
from triosigno_db.migrator import Project, export


def broken(found: Compatibility) -> list[tuple[str, tuple[str, ...]]]:
    return [(str(change), change.functions) for change in found.breaking]


def test_a_services_table_is_expected(project: Project) -> None:
    assert check_compatibility(project=project).changes == ()
    (change,) = [each for each in check_compatibility().changes if "table" in str(each)]
    assert not change.breaks


def test_a_column_that_is_gone_breaks_the_service(project: Project) -> None:
    run_sql('ALTER TABLE "Recognition" DROP COLUMN "confidence"')
    ((what, functions),) = broken(check_compatibility(project=project))
    assert 'column "Recognition"."confidence"' in what
    assert functions == ("Recognition",)


def test_a_schema_is_checked_as_well(project: Project, tmp_path: Path) -> None:
    export(tmp_path / "node", project=project)
    schema = tmp_path / "node" / "schema.prisma"
    assert not check_compatibility(schema=schema, project=project).breaks
    schema.write_text(schema.read_text().replace("  modelVersion String\n", ""))
    assert check_compatibility(schema=schema, project=project).breaks
