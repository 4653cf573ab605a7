"""The studio asked without a browser: its application, in this process."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from triosigno_db.studio import create_studio
from triosigno_db.studio.views import TableView


class Asking:
    """A studio that may write, and a client that was let in."""

    def __init__(self) -> None:
        self.app = create_studio("token", write=True)
        self.app.config["PROPAGATE_EXCEPTIONS"] = False
        self.client: FlaskClient = self.app.test_client()
        self.client.get("/?token=token")

    @property
    def views(self) -> dict[str, TableView]:
        """The view of each table."""
        (admin,) = self.app.extensions["admin"]
        return {each.name: each for each in admin._views if isinstance(each, TableView)}

    def token_of(self, address: str) -> str:
        """The token in the form on a page."""
        page = self.client.get(address).get_data(as_text=True)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        return found[1] if found else ""

    def send(self, address: str, values: Mapping[str, Any], *, form: str = "") -> TestResponse:
        """Send a form with its token, which is on the page of the form."""
        token = self.token_of(form or address)
        return self.client.post(address, data={**values, "csrf_token": token})


def text_of(answer: TestResponse) -> str:
    """The page as it is read."""
    return unescape(answer.get_data(as_text=True))
