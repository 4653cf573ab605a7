"""Searches by a name: whatever its characters are, the sign that has it is found."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.locales import OTHER_LOCALES, utf8_database
from triosigno_db.arguments import WHITE_SPACE
from triosigno_db.database.execution import run_sql
from triosigno_db.models.search import fold
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import make_category, make_sign, make_user

# One word of each kind of character, and what a pattern or a statement could stumble over.
ODD = (
    "\u00a0\u202f\t\n\r\x0b\x1f\x7f\x85\u1680\u2003\u2028\u2029\u3000"
    "-\u2010\u2011\u2013\u2014\u2212\u30a0\ufe58\ufe63\uff0d"
    "\u00ad\u200b\u200d\u202e\u2060\ufeff\U000e0041\ufe0f\u180e"
    "\u0301\u0327\u0345\u05b0\u0e38\u3099\u0338"
    "ﬁ\ufb03\uff21\u2460½℡\u00a8ŒœÆæ\u1e9eß\u0130\u0131IiŁ\u03a3\u03c3\u03c2\u01c4\u1fb3가\u1100"
    "%_\\\\'\"()[]{}|.*?+^$;,:/ "
)
CHARACTERS = st.one_of(
    st.sampled_from(ODD), st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
NAMES = st.text(CHARACTERS, min_size=1, max_size=40).filter(lambda name: name.strip(WHITE_SPACE))
DESCRIPTIONS = st.text(CHARACTERS, max_size=60)

WORD = re.compile(rf"[^\0-\x1f\x7f-\x9f{WHITE_SPACE}]+")


@pytest.fixture(scope="module", params=["the server's", *OTHER_LOCALES])
def url(request: pytest.FixtureRequest, triosigno_server: DatabaseServer) -> Iterator[str]:
    """A database with the schema, in the locale of the server and in others."""
    with utf8_database(triosigno_server, request.param) as other:
        yield other


@pytest.fixture
def category_id(url: str) -> Iterator[str]:
    db.connect(url, password_cost=4)
    db.create_schema()
    yield make_category().id
    db.drop_schema(accept_data_loss=True)
    db.disconnect()


def is_found(sign: db.SignRecord, text: str) -> bool:
    return sign.id in [each.id for each in db.search_signs(text).items]


def folded(text: str) -> str:
    ((found,),) = run_sql(f"SELECT {fold('%(text)s::text')}", text=text)
    return str(found)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES, description=DESCRIPTIONS)
@example("Bonne\u00a0nuit", "").via("a no-break space")
@example("L\u202f!", "").via("a narrow no-break space")
@example("à\tplus", "la main\nouverte").via("a tab, and a newline in a description")
@example("porte\u2010monnaie", "a\u2011b").via("hyphens")
@example("co\u00adopérer", "\u00ad").via("soft hyphens")
@example("ﬁn", "oﬃce").via("ligatures")
@example(" ".join(map(chr, range(0x100, 0x164))), "").via("a hundred words")
@example("\u0301", "\u0301\u0301").via("marks without a letter")
@example("I", "\u0130").via("what Turkish lowers in another way")
def test_a_sign_is_found_by_its_name_and_by_the_words_of_its_description(
    category_id: str, name: str, description: str
) -> None:
    sign = make_sign(name=name, description=description, category_id=category_id)
    try:
        assert is_found(sign, sign.name)
        assert is_found(sign, name)
        for word in WORD.findall(sign.description):
            assert is_found(sign, word) or not folded(word)
        found = db.find_sign_by_name(name)
        assert found is not None
        assert found.id == sign.id
    finally:
        db.delete_sign(sign.id)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first_name=NAMES)
def test_an_account_is_found_by_a_name(category_id: str, first_name: str) -> None:
    user = make_user(first_name=first_name)
    try:
        assert user.id in [each.id for each in db.list_users(search=first_name).items]
        assert db.count_users(search=first_name) >= 1
    finally:
        db.delete_user(user.id)


def test_letters_of_ascii_are_found_in_either_case(category_id: str) -> None:
    sign = make_sign(name="INDIGO quizzical", category_id=category_id)
    assert is_found(sign, "indigo QUIZZICAL")
