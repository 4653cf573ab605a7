"""The studio as an application: who gets in, on which address, from which database."""

import pytest
from playwright.sync_api import Page, expect

import triosigno_db as db
from tests.studio.browsing import enter, open_table
from tests.studio.serving import Studio
from triosigno_db.studio import create_studio
from triosigno_db.studio.app import is_local
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

pytestmark = pytest.mark.xdist_group("browser")
REFUSED = 401


def test_nobody_enters_without_the_token(page: Page, studio: Studio) -> None:
    for path in ("/", "/User/", "/?token=wrong", "/?token=", "/static/x.js"):
        answer = page.goto(studio.address + path)
        assert answer is not None
        assert answer.status == REFUSED
        assert "lea" not in page.content()
    enter(page, studio)
    open_table(page, "User")
    expect(page.locator("table.model-list")).to_contain_text("lea")


def test_postgresql_itself_refuses_a_write(triosigno_db: IsolatedDatabase) -> None:
    app = create_studio("token")
    app.add_url_rule("/try", view_func=lambda: make_user().id)
    client = app.test_client()
    client.get("/?token=token")
    assert "read-only transaction" in client.get("/try").get_data(as_text=True)
    assert db.count_users() == 0


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("/var/run/postgresql", True),
        ("db.example.org", False),
        ("192.168.1.4", False),
        ("localhost.example.org", False),
        ("localhost,127.0.0.1", True),
        ("localhost,db.example.org", False),
    ],
)
def test_a_database_elsewhere_is_shown_in_red(
    triosigno_db: IsolatedDatabase, host: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = db.Settings.load(triosigno_db.url, host=host)
    assert is_local(settings) is expected
    monkeypatch.setattr("triosigno_db.studio.app.is_local", lambda _: is_local(settings))
    client = create_studio("token").test_client()
    client.get("/?token=token")
    shown = client.get("/").get_data(as_text=True)
    assert ("studio remote" in shown) is ("NOT on this machine" in shown) is not expected


def test_another_name_for_the_address_is_refused(triosigno_db: IsolatedDatabase) -> None:
    client = create_studio("token").test_client()
    assert client.get("/?token=token", base_url="http://evil.example").status_code == 400
