"""The SQL function that folds text, compared with Unicode's data for every character."""

import sys
import unicodedata
from collections.abc import Iterator

import pytest

from tests.locales import OTHER_LOCALES, utf8_database
from tests.plain_sql import run_plain
from tests.sampling import mostly_slow
from tests.server_features import has_trigrams
from triosigno_db.arguments import WHITE_SPACE
from triosigno_db.models.search import FOLD_FUNCTION, SIGN_TEXT, fold
from triosigno_db.testing import DatabaseServer, IsolatedDatabase
from triosigno_db.testing.factories import make_category

HYPHENS_AND_MINUS = "\u00ad\u058a\u1806\u2010\u2011\u2e17\u30fb\ufe63\uff0d\uff65\u2212\u207b\u208b"
"""The characters with Unicode's property Hyphen; the minus signs."""

EVERY_CHARACTER = """
SELECT code, triosigno_db.fold_text('a' || chr(code) || 'b')
FROM generate_series(1, 1114111) code WHERE code NOT BETWEEN 55296 AND 57343
"""


@pytest.fixture(scope="module", params=mostly_slow(["the server's", *OTHER_LOCALES], 1))
def url(request: pytest.FixtureRequest, triosigno_server: DatabaseServer) -> Iterator[str]:
    """A database with the function, in the locale of the server and in others."""
    with utf8_database(triosigno_server, request.param) as other:
        run_plain(other, "CREATE SCHEMA triosigno_db")
        run_plain(other, FOLD_FUNCTION)
        yield other


def folded(url: str, *texts: str) -> list[str]:
    query = f"SELECT {fold('text')} FROM unnest(%s::text[]) WITH ORDINALITY u (text) ORDER BY 2"
    query = query.replace(" FROM", ", ordinality FROM")
    return [text for text, _ in run_plain(url, query, ([*texts],))]


def kind_of(character: str) -> str:
    """What becomes of a character, by the data of this Python's version of Unicode."""
    category = unicodedata.category(character)
    if category == "Cf":
        return "removed"
    if character in WHITE_SPACE or category in ("Cc", "Pd") or character in HYPHENS_AND_MINUS:
        return "a space"
    if "\u0300" <= character <= "\u036f" or is_variation_selector(character):
        return "removed"
    return "a letter" if category[0] == "L" else "anything"


def is_variation_selector(character: str) -> bool:
    return "VARIATION SELECTOR" in unicodedata.name(character, "")


def test_every_character_is_folded_by_its_kind(url: str) -> None:
    found: dict[str, str] = {chr(code): text for code, text in run_plain(url, EVERY_CHARACTER)}
    assert len(found) == sys.maxunicode - 2048
    for character, text in found.items():
        match kind_of(character):
            case "removed":
                assert text == "ab", hex(ord(character))
            case "a space":
                assert text == "a b", hex(ord(character))
            case "a letter":
                assert text != "ab", hex(ord(character))


def test_compatible_characters_are_the_same(url: str) -> None:
    # Newer characters are unknown to the oldest servers.
    old = unicodedata.ucd_3_2_0
    characters = [
        chr(code)
        for code in range(0x20, sys.maxunicode + 1)
        if not 0xD800 <= code <= 0xDFFF and old.decomposition(chr(code))
    ]
    plain = [unicodedata.normalize("NFKD", character) for character in characters]
    assert folded(url, *characters) == folded(url, *plain)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  L'ÉTÉ,\u00a0à\u202fla\tplage\n", "l ete a la plage"),
        ("e\u0301te\u0301 \u1e09", "ete c"),
        ("Œuf ŒUF œuf Æsc æsc ǽ", "oeuf oeuf oeuf aesc aesc ae"),
        ("porte-monnaie porte\u2010monnaie porte\u2011monnaie", "porte monnaie " * 3),
        ("co\u00adopérer \u200bZWSP\ufeff", "cooperer zwsp"),
        ("ﬁn \uff26\uff29\uff2e \uff11\uff12 ℡ ½", "fin fin 12 tel 1 2"),
        ("İI ID\u0130", "ii idi"),
        ("❤\ufe0f", "❤"),
        ("100\u00a0% a_b a\\b", "100 a b a b"),
        ("—", ""),
        ("", ""),
    ],
)
def test_what_a_text_becomes(url: str, text: str, expected: str) -> None:
    assert folded(url, text) == [expected.strip()]


def test_folding_twice_changes_nothing(url: str) -> None:
    characters = [chr(code) for code in range(1, 0x3100)]
    once = folded(url, *characters)
    assert folded(url, *once) == once


@pytest.mark.parametrize(
    "forms", [("\u03a3\u0391", "\u03c3\u03b1", "\u03c2\u03b1"), ("ÉTÉ", "été")]
)
def test_case_does_not_matter(triosigno_db: IsolatedDatabase, forms: tuple[str, ...]) -> None:
    assert len({*folded(triosigno_db.url, *forms)}) == 1


def test_the_function_is_ascii() -> None:
    assert FOLD_FUNCTION.isascii()


def test_a_search_among_a_hundred_signs_uses_the_index(triosigno_db: IsolatedDatabase) -> None:
    if not has_trigrams(triosigno_db.url):
        pytest.skip("the server has no pg_trgm")
    make_category()
    run_plain(
        triosigno_db.url,
        'INSERT INTO "Sign" ("id", "name", "description", "videoUrl", "difficulty", "categoryId", '
        "\"updatedAt\") SELECT n, 'sign ' || n, 'The hands move ' || md5(n::text), '', 'BEGINNER', "
        '"SignCategory"."id", now() FROM generate_series(1, 150) n, "SignCategory"',
    )
    # As autovacuum does: it moves new entries of the index to their places.
    run_plain(triosigno_db.url, 'VACUUM ANALYZE "Sign"')
    query = f"EXPLAIN SELECT * FROM \"Sign\" WHERE {SIGN_TEXT} LIKE '%sign 77%'"
    plan = str(run_plain(triosigno_db.url, query))
    assert 'Bitmap Index Scan on "Sign_search_idx"' in plan, plan
