"""The studio with a service's table: its rows are listed, and lead to those they refer to."""

import triosigno_db as db
from tests.service_models import define_recognition
from tests.studio.asking import Asking, text_of
from triosigno_db.schema import create_schema
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_row, make_user


def test_a_services_table_is_shown(triosigno_db: IsolatedDatabase) -> None:
    model = define_recognition()
    create_schema()
    user = make_user(username="lea")
    row = make_row(model, user_id=user.id, model_version="2026.1")
    asking = Asking()
    assert "Recognition" in text_of(asking.client.get("/"))
    assert "2026.1" in text_of(asking.client.get("/Recognition/"))
    details = text_of(asking.client.get(f"/Recognition/details/?id={row.id}"))
    assert user.id in details
    assert "Recognition.userId" in text_of(asking.client.get(f"/User/details/?id={user.id}"))


def test_a_services_row_is_deleted_but_not_written(triosigno_db: IsolatedDatabase) -> None:
    model = define_recognition()
    create_schema()
    row = make_row(model)
    asking = Asking()
    view = asking.views["Recognition"]
    assert (view.can_create, view.can_edit, view.can_delete) == (False, False, True)
    asking.send("/Recognition/delete/", {"id": row.id}, form="/Recognition/")
    with db.connection():
        assert model.select().count() == 0
