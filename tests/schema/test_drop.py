"""The schema dropped: what is the library's, and nothing else."""

from collections.abc import Callable

import pytest

import triosigno_db as db
from tests.schema.catalogs import read_catalogs
from tests.service_models import define_recognition
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import deploy, rollback
from triosigno_db.testing.factories import make_row, make_sign


def test_dropping_twice_is_no_error(connected: str) -> None:
    db.create_schema()
    db.drop_schema()
    assert read_catalogs(connected) == {"enums": {}, "tables": {}}
    db.drop_schema()


def test_what_is_missing_already_is_passed_over(connected: str) -> None:
    db.create_schema()
    run_sql('DROP TABLE "UserAchievement"')
    db.drop_schema()
    assert read_catalogs(connected) == {"enums": {}, "tables": {}}


def test_an_altered_table_is_not_dropped(connected: str) -> None:
    db.create_schema()
    run_sql('ALTER TABLE "User" ADD "age" INT')
    with pytest.raises(db.SchemaMismatchError, match="nothing was dropped") as caught:
        db.drop_schema()
    assert caught.value.differences == ('column "User"."age" is not expected: integer',)
    assert len(read_catalogs(connected)["tables"]) == 11


def test_what_others_need_is_not_dropped(connected: str) -> None:
    db.create_schema()
    run_sql('CREATE VIEW "Learners" AS SELECT id FROM "User"')
    with pytest.raises(db.InUseError, match=r'view "Learners" depends on table "User"'):
        db.drop_schema()
    assert len(read_catalogs(connected)["tables"]) == 11


@pytest.mark.parametrize(
    ("make", "leave"), [(db.create_schema, db.drop_schema), (deploy, lambda: rollback(steps=7))]
)
def test_another_schema_of_the_database_goes_on_searching(
    connected: str, make: Callable[[], object], leave: Callable[[], object]
) -> None:
    db.connect(connected, schema_name="other", password_cost=4)
    db.create_schema()
    make_sign(name="Être")
    db.connect(connected, password_cost=4)
    make()
    leave()
    db.connect(connected, schema_name="other", password_cost=4)
    assert [sign.name for sign in db.search_signs("etre").items] == ["Être"]
    db.connect(connected, password_cost=4)
    make()
    assert db.search_signs("etre").items == ()


def test_the_tables_of_services_are_dropped_with_the_librarys(connected: str) -> None:
    model = define_recognition()
    db.create_schema()
    make_row(model)
    with pytest.raises(db.DataLossError, match="1 row of Recognition"):
        db.drop_schema()
    db.drop_schema(accept_data_loss=True)
    assert read_catalogs(connected) == {"enums": {}, "tables": {}}


def test_a_services_tables_are_created_beside_the_librarys(connected: str) -> None:
    db.create_schema()
    before = read_catalogs(connected)
    define_recognition()
    db.create_schema()
    db.create_schema()
    after = read_catalogs(connected)
    assert set(after["tables"]) - set(before["tables"]) == {"Recognition"}
    run_sql('ALTER TABLE "Recognition" DROP COLUMN "hand"')
    with pytest.raises(db.SchemaMismatchError, match="nothing was changed"):
        db.create_schema()
