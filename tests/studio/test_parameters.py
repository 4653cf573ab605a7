"""No address and no form of the studio makes it fail: what can't be is refused with 4xx."""

import re
from collections.abc import Iterator
from itertools import cycle, islice, product
from urllib.parse import quote, quote_from_bytes

import pytest

import triosigno_db as db
from tests.sampling import mostly_slow
from tests.studio.asking import Asking, text_of
from triosigno_db.models import MODELS
from triosigno_db.testing import IsolatedDatabase

JUNK = [
    "",
    "-1",
    "-9223372036854775809",
    "99999999999999999999999999",
    "1e5",
    "0x10",
    "1_000",
    "\u0661",
    "NaN",
    "nonsense",
    "\0",
    "a\0b",
    "\\",
    "=abc\\",
    "^%",
    '\'; DROP TABLE "User"; --',
    "../../etc/passwd",
    "http://[",
    "javascript:alert(1)",
    "<script>alert(1)</script>",
    "\ufeff\u202e",
    "é" * 300,
    "x" * 5_000,
    "2026-01-31 08:00:00 to nonsense",
    "0000-00-00 00:00:00",
]
NOT_UTF8 = quote_from_bytes(b"\xff\xfe\xed\xa0\x80")
PARAMETERS = ["page", "page_size", "sort", "desc", "search", "id", "url", "name", "query"]
PARAMETERS += ["offset", "limit", "flt0_0", "flt0_nonsense", "flt", "flt_", "fltx_id_equals"]
PARAMETERS += ["endpoint", "_external", "_scheme", "_anchor", "_method", "values", "self"]
PAGES = ["", "new/", "edit/", "details/", "ajax/lookup/", "ajax/update/", "export/csv/"]
NUMBERS = {"page": "", "page_size": "", "sort": "", "desc": "", "offset": "ajax/lookup/"}

TABLES = [model.__name__ for model in MODELS]


@pytest.fixture
def asking(triosigno_db: IsolatedDatabase, learner: db.UserRecord) -> Asking:
    return Asking()


def addresses(table: str, filters: list[str]) -> Iterator[tuple[str, str]]:
    """The addresses of a table that have one parameter, up to its value."""
    needed = "name=user_id&query=x&" if table != "User" else ""
    for page, name in product(PAGES, PARAMETERS):
        given = needed if page == "ajax/lookup/" and name not in ("name", "query") else ""
        yield f"/{table}/{page}?{given}", name
    for name in filters:
        yield f"/{table}/?", f"flt0_{name}"


@pytest.mark.parametrize("table", mostly_slow(TABLES, 4))
def test_no_address_makes_it_fail(asking: Asking, table: str) -> None:
    """Each address with a few of the values, a different choice each time."""
    values = cycle([*map(quote, JUNK), NOT_UTF8])
    for address, name in addresses(table, [*asking.views[table]._filter_args]):
        for value in islice(values, 2):
            answer = asking.client.get(f"{address}{name}={value}")
            assert answer.status_code < 500, (address, name, value)


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_no_address_makes_it_fail_with_any_value(asking: Asking, table: str) -> None:
    for address, name in addresses(table, [*asking.views[table]._filter_args]):
        for value in [*map(quote, JUNK), NOT_UTF8]:
            answer = asking.client.get(f"{address}{name}={value}")
            assert answer.status_code < 500, (address, name, value)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none_is_refused(asking: Asking, name: str) -> None:
    page = NUMBERS[name]
    given = "name=user_id&query=x&" if page else ""
    for value in ("-1", "x", "1.5", "", "99999999999999999999", "\u0661", "0\0"):
        answer = asking.client.get(f"/Progress/{page}?{given}{name}={quote(value)}")
        assert 400 <= answer.status_code < 500, (name, value)
        assert "out of bounds" in text_of(answer)


@pytest.mark.parametrize(
    "address",
    [
        "/User/?search=%00",
        "/User/?sort=11",
        "/User/?nonsense=1",
        "/User/?endpoint=x",
        "/User/?_scheme=javascript",
        "/User/?flt0_password_equals=x",
        "/User/?flt0_createdat_between=nonsense",
        "/User/?flt0_isactive_equals=2",
        "/User/?flt0_role_equals=KING",
        "/Progress/?flt0_masterylevel_equals=99999999999",
        "/User/details/",
        "/User/details/?id=nobody",
        "/User/details/?id=%00",
        f"/User/details/?id={'x' * 256}",
        "/User/details/?id=a&id=b",
        "/User/edit/?id=nobody",
        "/User/edit/?id=nobody&url=http://[",
        "/Progress/ajax/lookup/?name=user_id",
        "/Sign/ajax/lookup/?name=password&query=x",
        "/Sign/ajax/lookup/?name=category_id&query=x&limit=1000000",
        "/nowhere/",
    ],
)
def test_what_can_not_be_is_refused(asking: Asking, address: str) -> None:
    answer = asking.client.get(address)
    assert 400 <= answer.status_code < 500, answer.status
    assert "TrioSigno studio" in text_of(answer)


@pytest.mark.parametrize("table", mostly_slow(TABLES, 4))
@pytest.mark.parametrize("page", ["new/", "edit/?id={id}", "delete/", "action/", "ajax/update/"])
def test_no_form_makes_it_fail(asking: Asking, table: str, page: str) -> None:
    (first, *_) = [*asking.views[table].model.select().limit(1), None]
    address = f"/{table}/{page}".format(id=first.id if first else "none")
    form = f"/{table}/" if page in ("delete/", "action/") else address
    token = asking.token_of(form)
    names = ["id", "rowid", "action", "url", "list_form_pk", "order", "name", "description"]
    junk = cycle(JUNK)
    for name in names:
        is_id = (page, name) == ("delete/", "id")
        for value in JUNK if is_id else islice(junk, 4):
            assert asking.client.post(address, data={name: value}).status_code < 500, (name, value)
            answer = asking.client.post(address, data={name: value, "csrf_token": token})
            assert answer.status_code < 500, (name, value)
            assert answer.status_code >= 400 or not is_id, value


def test_a_page_after_the_last_is_empty(asking: Asking) -> None:
    answer = asking.client.get("/User/?page=1000000&page_size=50&sort=1&desc=1&search=le")
    assert answer.status_code == 200


def test_every_link_on_a_list_leads_somewhere(asking: Asking) -> None:
    for table in asking.views:
        page = text_of(asking.client.get(f"/{table}/?sort=0&desc=1&page_size=20&search=e"))
        links = {each for each in re.findall(r'href="([^"#]+)"', page) if f"/{table}/" in each}
        assert links
        for link in sorted(links):
            assert asking.client.get(link).status_code == 200, link
