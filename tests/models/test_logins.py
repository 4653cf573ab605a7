"""The keys of logins: equal in Python and in SQL, in every locale, for every case and form."""

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.locales import LOCALES, database_in
from triosigno_db.database.execution import run_sql
from triosigno_db.models.logins import (
    FOLDED,
    email_key,
    email_key_sql,
    username_key,
    username_key_sql,
)
from triosigno_db.testing import DatabaseServer

# The server may know fewer characters than Python.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], exclude_characters="\0"))


@pytest.fixture(scope="module", params=LOCALES)
def localized_url(
    triosigno_server: DatabaseServer, request: pytest.FixtureRequest
) -> Iterator[str]:
    with database_in(triosigno_server, request.param) as url:
        yield url


@pytest.fixture
def localized(localized_url: str) -> None:
    db.connect(localized_url)


@pytest.mark.usefixtures("localized")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS | st.sampled_from([*FOLDED, "I", "\u0130", "e\u0301"]), min_size=20))
def test_a_key_is_the_same_in_python_and_in_sql(texts: list[str]) -> None:
    keys = f"SELECT {email_key_sql('x')}, {username_key_sql('x')} FROM unnest(%(texts)s::text[]) x"
    expected = [(email_key(text), username_key(text)) for text in texts]
    assert run_sql(keys, texts=texts) == expected


def test_every_letter_with_a_lower_case_has_the_key_of_that() -> None:
    scripts = ("LATIN CAPITAL", "GREEK CAPITAL", "CYRILLIC CAPITAL", "ARMENIAN CAPITAL")
    letters = [
        chr(code) for code in range(0x1000) if unicodedata.name(chr(code), "").startswith(scripts)
    ]
    assert len(letters) > 400
    assert [each for each in letters if email_key(each) != email_key(each.lower())] == []


@pytest.mark.parametrize(
    ("one", "other"), [("ß", "ss"), ("\u0131", "i"), ("ﬁ", "fi"), ("é", "e"), ("²", "2")]
)
def test_different_letters_have_different_keys(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


def test_usernames_keep_their_case() -> None:
    assert username_key("L\u00c9A") == username_key("LE\u0301A") != username_key("léa")
