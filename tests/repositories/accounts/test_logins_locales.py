"""An address that was registered is found and logs in, in a database of any locale."""

from collections.abc import Iterator

import pytest

import triosigno_db as db
from tests.locales import LOCALES, database_in
from tests.plain_sql import run_plain
from tests.repositories.accounts.users import insert_user
from triosigno_db.testing import DatabaseServer

PASSWORD = "un mot de passe"

ADDRESSES: dict[str, list[str]] = {
    "ana@xn--exmple-cua.fr": ["ana@ex\u00e4mple.fr", "ANA@EX\u00c4MPLE.fr", "ana@exa\u0308mple.fr"],
    "Zoe\u0301@exe\u0301mple.fr": ["zo\u00e9@ex\u00e9mple.fr", "ZO\u00c9@xn--exmple-cva.fr"],
    "bob@exemple\uff0efr": ["bob@exemple.fr", "BOB@exemple\u3002fr", "bob@exemple\uff61fr"],
    "L\u00e9a <Lea@exemple.fr>": ["lea@exemple.fr", " LEA@exemple.fr ", "<lea@exemple.fr>"],
    "\u039d\u0399\u039a\u039f\u03a3@exemple.fr": ["νικος@exemple.fr", "Νικοσ@exemple.fr"],
    "\u0130rem@exemple.fr": ["i\u0307rem@exemple.fr", "\u0130REM@exemple.fr"],
    "\u00c9mile@exemple.fr": ["\u00e9mile@exemple.fr", "E\u0301MILE@exemple.fr"],
    "IRIS@exemple.fr": ["iris@exemple.fr", "Iris@Exemple.fr"],
    "\u0416\u0410\u041d@exemple.fr": ["\u0436\u0430\u043d@exemple.fr"],
    "\u00c6R\u00d8@exemple.fr": ["\u00e6r\u00f8@exemple.fr"],
}
"""Addresses as they are given, with other texts for them."""


@pytest.fixture(scope="module", params=LOCALES)
def localized_url(
    triosigno_server: DatabaseServer, request: pytest.FixtureRequest
) -> Iterator[str]:
    with database_in(triosigno_server, request.param) as url:
        yield url


@pytest.fixture
def url(localized_url: str) -> str:
    run_plain(localized_url, 'DELETE FROM "User"')
    db.connect(localized_url, password_cost=4)
    return localized_url


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_registered_address_is_found_and_logs_in(url: str, address: str) -> None:
    user = db.create_user(db.NewUser(email=address, username="a", password=PASSWORD))
    other = db.create_user(db.NewUser(email="b@exemple.fr", username="b", password=PASSWORD))
    for text in (address, user.email, *ADDRESSES[address]):
        found = db.find_user_by_email(text)
        assert found is not None
        assert found.id == user.id == db.authenticate(text, PASSWORD).id
        with pytest.raises(db.AlreadyExistsError):
            db.create_user(db.NewUser(email=text, username="c", password=PASSWORD))
        with pytest.raises(db.AlreadyExistsError):
            db.update_user(other.id, db.UserChanges(email=text))
        assert db.update_user(user.id, db.UserChanges(email=text)).email == user.email


STORED = [
    (stored, text)
    for address, others in ADDRESSES.items()
    for stored in (address, *others)
    for text in (address, *others)
    # Nobody stores a name with an address.
    if "<" not in stored and " " not in stored
]


@pytest.mark.parametrize(("stored", "text"), STORED)
def test_an_address_that_other_software_stored_is_found_and_taken(
    url: str, stored: str, text: str
) -> None:
    user_id = insert_user(url, stored, "a", password=PASSWORD)
    found = db.find_user_by_email(text)
    assert found is not None
    assert found.id == user_id == db.authenticate(text, PASSWORD).id
    with pytest.raises(db.AlreadyExistsError) as caught:
        db.create_user(db.NewUser(email=text, username="b", password=PASSWORD))
    assert caught.value.field == "email"


def test_a_dotless_i_is_another_letter(url: str) -> None:
    user = db.create_user(db.NewUser(email="\u0131@exemple.fr", username="a", password=PASSWORD))
    other = db.create_user(db.NewUser(email="I@exemple.fr", username="b", password=PASSWORD))
    found = [db.find_user_by_email(f"{name}@exemple.fr") for name in ("\u0131", "I", "i")]
    assert [each and each.id for each in found] == [user.id, other.id, other.id]
