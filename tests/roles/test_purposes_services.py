"""The roles with a service's table: the application writes it, the reader reads all but secrets."""

from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.roles.logins import url_as
from triosigno_db.extending import BaseModel, ForeignKey, IdField, TextField
from triosigno_db.models import User
from triosigno_db.roles import RoleNames, apply_roles, check_roles
from triosigno_db.schema import create_schema
from triosigno_db.testing.factories import make_row


@pytest.fixture
def note(admin_url: str, names: RoleNames) -> Any:
    """A service's model, whose table the owner has made."""

    class Note(BaseModel):
        id = IdField()
        user = ForeignKey(User, backref="notes", on_delete="CASCADE", index=True)
        text = TextField()
        key = TextField()

        class Meta:
            secret = ("key",)

    db.connect(url_as(admin_url, names.owner))
    create_schema()
    db.connect(admin_url, password_cost=4)
    apply_roles(names)
    return Note


def test_each_role_has_its_rights_in_the_table(note: Any, admin_url: str, names: RoleNames) -> None:
    assert check_roles(names) == ()
    db.connect(url_as(admin_url, names.application), password_cost=4)
    row = make_row(note, text="salut")
    reader = url_as(admin_url, names.reader)
    assert run_plain(reader, 'SELECT "text" FROM "Note"') == [("salut",)]
    for denied in ('SELECT "key" FROM "Note"', 'DELETE FROM "Note"'):
        with pytest.raises(Exception, match="permission denied"):
            run_plain(reader, denied)
    assert row.id
