"""An account's export and its deletion, with rows of services' tables that refer to it."""

import json
from typing import Any

import pytest

import triosigno_db as db
from tests.service_models import define_recognition
from triosigno_db.database.execution import run_sql
from triosigno_db.extending import BaseModel, ForeignKey, IdField, TextField
from triosigno_db.models import Sign, User
from triosigno_db.schema import create_schema
from triosigno_db.testing.factories import make_sign, make_user


def add(model: Any, user_id: str | None, **values: Any) -> Any:
    with db.connection():
        given = {"sign_id": make_sign().id, "confidence": 0.5, "model_version": "1"} | values
        return model.create(user_id=user_id, **given)


# -- the export -------------------------------------------------------------------------------


def test_an_export_has_no_tables_where_there_is_no_service(triosigno_db: object) -> None:
    assert db.export_user(make_user().id).service_tables == {}


def test_rows_that_refer_to_the_account_are_exported(connected: str) -> None:
    model = define_recognition()
    create_schema()
    user, other = make_user(), make_user()
    assert db.export_user(user.id).service_tables == {"Recognition": ()}
    rows = [add(model, user.id, confidence=number / 4) for number in range(3)]
    add(model, other.id)
    export = db.export_user(user.id)
    found = export.service_tables["Recognition"]
    assert sorted(str(row["id"]) for row in found) == sorted(row.id for row in rows)
    assert [row["createdAt"] for row in found] == sorted(str(row["createdAt"]) for row in found)
    first = next(row for row in found if row["id"] == rows[0].id)
    assert first == {
        "id": rows[0].id,
        "userId": user.id,
        "signId": rows[0].sign_id,
        "confidence": 0.0,
        "modelVersion": "1",
        "hand": None,
        "createdAt": rows[0].created_at.replace(tzinfo=None).isoformat(timespec="milliseconds")
        + "Z",
        "updatedAt": rows[0].updated_at.replace(tzinfo=None).isoformat(timespec="milliseconds")
        + "Z",
    }
    text = export.model_dump_json()
    assert json.loads(text)["serviceTables"]["Recognition"] == list(found)
    assert db.UserExport.model_validate_json(text) == export


def test_a_model_may_be_left_out(connected: str) -> None:
    model = define_recognition(exported=False)
    create_schema()
    user = make_user()
    add(model, user.id)
    assert db.export_user(user.id).service_tables == {}


def test_a_shape_without_the_tables_does_not_read_them(triosigno_db: object) -> None:
    define_recognition()  # its table is not there

    class Short(db.Record):
        id: str

    user = make_user()
    assert db.export_user(user.id, shape=Short) == Short(id=user.id)
    with pytest.raises(db.SchemaMismatchError, match="Recognition"):
        db.export_user(user.id)


def test_each_key_to_an_account_counts_and_secrets_do_not(connected: str) -> None:
    class Message(BaseModel):
        id = IdField()
        sender = ForeignKey(User, backref="sent", on_delete="CASCADE")
        reader = ForeignKey(User, backref="received", on_delete="SET NULL", null=True)
        text = TextField()
        key = TextField()

        class Meta:
            secret = ("key",)

    create_schema()
    lea, zoe, hugo = make_user(), make_user(), make_user()
    with db.connection():
        Message.create(id="1", sender=lea.id, reader=zoe.id, text="salut", key="s")
        Message.create(id="2", sender=zoe.id, reader=None, text="seule", key="s")
    row = {"id": "1", "senderId": lea.id, "readerId": zoe.id, "text": "salut"}
    assert db.export_user(lea.id).service_tables == {"Message": (row,)}
    assert [each["id"] for each in db.export_user(zoe.id).service_tables["Message"]] == ["1", "2"]
    assert db.export_user(hugo.id).service_tables == {"Message": ()}


def test_a_table_of_many_columns_is_exported_whole(connected: str) -> None:
    texts = {f"text_{number}": TextField(default="x") for number in range(120)}
    attributes = {"id": IdField(), "user": ForeignKey(User, backref="wide", on_delete="CASCADE")}
    wide = type("Wide", (BaseModel,), {"__module__": __name__, **attributes, **texts})
    create_schema()
    user = make_user()
    with db.connection():
        wide.create(user=user.id)
    (row,) = db.export_user(user.id).service_tables["Wide"]
    assert list(row) == list(wide._meta.columns)


# -- the deletion -----------------------------------------------------------------------------


def test_rows_are_deleted_with_the_account(connected: str) -> None:
    model = define_recognition()
    create_schema()
    user, other = make_user(), make_user()
    add(model, user.id)
    kept = add(model, other.id)
    db.delete_user(user.id)
    with db.connection():
        assert [row.id for row in model.select()] == [kept.id]


def test_rows_are_kept_without_the_account(connected: str) -> None:
    model = define_recognition(on_delete="SET NULL")
    create_schema()
    user = make_user()
    kept = add(model, user.id)
    db.delete_user(user.id)
    with db.connection():
        assert [(row.id, row.user_id) for row in model.select()] == [(kept.id, None)]


def test_rows_that_forbid_it_are_named(connected: str) -> None:
    model = define_recognition(on_delete="RESTRICT")
    create_schema()
    user = make_user()
    add(model, user.id)
    with pytest.raises(db.InUseError, match=r"User is still in use by rows of Recognition\."):
        db.delete_user(user.id)
    assert db.get_user(user.id).id == user.id


def test_a_sign_is_not_deleted_while_a_service_uses_it(connected: str) -> None:
    model = define_recognition()
    create_schema()
    row = add(model, make_user().id)
    with pytest.raises(db.InUseError) as caught:
        db.delete_sign(row.sign_id)
    assert caught.value.uses == {"Recognition": 1}
    db.delete_sign(row.sign_id, cascade=True)
    with db.connection():
        assert model.select().count() == 0


def test_a_sign_is_deleted_where_a_service_keeps_its_rows_without_it(connected: str) -> None:
    class Remark(BaseModel):
        id = IdField()
        sign = ForeignKey(Sign, backref="remarks", on_delete="SET NULL", null=True)

    create_schema()
    sign = make_sign()
    with db.connection():
        Remark.create(id="1", sign=sign.id)
    db.delete_sign(sign.id)
    with db.connection():
        assert [(row.id, row.sign_id) for row in Remark.select()] == [("1", None)]


def test_a_table_that_this_process_does_not_know_is_named(triosigno_db: object) -> None:
    run_sql(
        'CREATE TABLE "Secret" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL'
        ' CONSTRAINT "Secret_userId_fkey" REFERENCES "User" ("id") ON DELETE RESTRICT)'
    )
    user = make_user()
    run_sql("""INSERT INTO "Secret" VALUES ('1', %(user)s)""", user=user.id)
    with pytest.raises(db.InUseError, match="Secret"):
        db.delete_user(user.id)
