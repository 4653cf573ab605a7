"""Searches: accents, case and punctuation do not matter, every word must match, the best first."""

import unicodedata
from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.server_features import has_trigrams
from triosigno_db.migrator import deploy
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_sign, make_user


@pytest.fixture(params=["with an index", "without"])
def signs(request: pytest.FixtureRequest, triosigno_db: IsolatedDatabase) -> str:
    """Signs in French, on a server with the index of searches and on one without."""
    if request.param == "without":
        run_plain(triosigno_db.url, 'DROP INDEX IF EXISTS "Sign_search_idx"')
    category = make_category().id
    for name, description in (
        ("Être", "la main avance"),
        ("Peut-être", "les mains hésitent"),
        ("Bien-être", "la paume s'ouvre"),
        ("Paraître", "devant le visage"),
        ("Fenêtre", "comme on l'ouvre"),
        ("Avoir", "contraire d'être"),
        ("L'été", "l\u2019index passe sur le front"),
        ("Œuf", "casser en deux"),
        ("Bonjour", "de la main, au menton"),
        ("Jour", "le bras se lève"),
        ("A", "le poing, pouce à côté"),
        ("50 %", "la moitié"),
    ):
        make_sign(name=name, description=description, category_id=category)
    return category


def found(text: str, **filters: object) -> list[str]:
    return [sign.name for sign in db.search_signs(text, **filters).items]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("etre", ["Être", "Fenêtre", "Peut-être", "Bien-être", "Avoir"]),
        ("ÊTRE", ["Être", "Fenêtre", "Peut-être", "Bien-être", "Avoir"]),
        ("e\u0302tre", ["Être", "Fenêtre", "Peut-être", "Bien-être", "Avoir"]),
        ("peut etre", ["Peut-être"]),
        ("être peut", ["Peut-être"]),
        ("bien-être", ["Bien-être"]),
        ("être main", ["Être", "Peut-être"]),
        ("oeuf", ["Œuf"]),
        ("œUF", ["Œuf"]),
        ("l'ete", ["L'été"]),
        ("été l\u2019", ["L'été"]),
        ("jour", ["Jour", "Bonjour"]),
        ("a", ["A", "Avoir", "Bonjour", "Être"]),
        ("50", ["50 %"]),
        ("nowhere", []),
        ("être nowhere", []),
        ("être être ÊTRE", ["Être", "Fenêtre", "Peut-être", "Bien-être", "Avoir"]),
    ],
)
def test_what_is_found(signs: str, text: str, names: list[str]) -> None:
    assert set(found(text)) >= set(names)
    if text != "a":
        assert set(found(text)) == set(names)
    assert found(text)[: 1 if names else 0] == names[:1]


def test_the_best_match_comes_first(signs: str) -> None:
    ranked = found("etre")
    assert ranked[0] == "Être"
    assert {*ranked[1:3]} == {"Peut-être", "Bien-être"}
    assert ranked[3:] == ["Fenêtre", "Avoir"]


def test_filters_narrow_a_search(signs: str) -> None:
    other = make_sign(name="être ailleurs", difficulty=db.DifficultyLevel.ADVANCED)
    assert found("etre", difficulty="ADVANCED") == [other.name]
    assert found("etre", category_id=other.category_id) == [other.name]
    assert len(found("etre", category_id=signs)) == 5


@pytest.mark.parametrize("text", ["%", "_", "' \" --", "\\", "…", "\u00ad", "\x01", "!!!"])
def test_a_text_without_a_word_is_a_name(signs: str, text: str) -> None:
    assert found(text) == []
    stored = make_sign(name=text).name
    assert found(text) == [stored]
    make_user(first_name=text)
    assert db.count_users(search=text) == 1


@pytest.mark.parametrize("text", [" ", "", "\u00a0\n"])
def test_an_empty_search_is_refused(signs: str, text: str) -> None:
    with pytest.raises(db.InvalidInputError, match="text: must not be empty"):
        db.search_signs(text)
    with pytest.raises(db.InvalidInputError, match="search: must not be empty"):
        db.list_users(search=text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("main - avance", ["Être"]),
        ("— jour !", ["Jour", "Bonjour"]),
        ("bien\u2011être", ["Bien-être"]),
        ("BIEN\u00a0ÊTRE", ["Bien-être"]),
        ("être-bien", []),
        ("bon\u00adjour", ["Bonjour"]),
        ("bien\x1fêtre", ["Bien-être"]),
    ],
)
def test_kinds_of_hyphens_and_spaces_do_not_matter(signs: str, text: str, names: list[str]) -> None:
    assert found(text) == names


def test_the_words_of_each_line_of_a_description_are_found(signs: str) -> None:
    make_sign(name="Livre", description="Les mains jointes\ns'ouvrent\tvite\u2028puis se ferment")
    for word in ("s'ouvrent", "vite", "puis", "ferment", "jointes s'ouvrent"):
        assert found(word) == ["Livre"]


def test_words_after_the_ninth_are_one_phrase(signs: str) -> None:
    letters = list("abcdefghijklmnop")
    name = " ".join(letters)
    make_sign(name=name)
    assert found(name)[:1] == [name]
    assert found(" ".join([*letters[8::-1], *letters[9:]])) == [name]
    assert found(" ".join(letters[::-1])) == []


@pytest.mark.parametrize("text", ["main%", "(main)", "[main]", "main\\", "main;", "%main"])
def test_punctuation_is_no_pattern(signs: str, text: str) -> None:
    assert found(text) == found("main")


@pytest.mark.parametrize("text", ["m_in", "m%n", "m\\ain"])
def test_punctuation_in_a_word_is_a_space(signs: str, text: str) -> None:
    assert found(text) == []
    make_sign(name="M in, m n, m ain")
    assert found(text) == ["M in, m n, m ain"]


def fold(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    return bare.lower().replace("œ", "oe").replace("æ", "ae")


letters = st.text("aeéÈœç x", min_size=1, max_size=8).filter(str.strip)


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=letters, description=letters, text=letters)
def test_a_search_finds_what_a_plain_comparison_finds(
    triosigno_db: IsolatedDatabase, name: str, description: str, text: str
) -> None:
    run_plain(triosigno_db.url, 'TRUNCATE "Sign" CASCADE')
    sign = make_sign(name=name, description=description)
    stored = f" {fold(sign.name)} {fold(sign.description)}"
    words = [fold(word) for word in text.split()]
    matches = all((word if len(word) >= 3 else f" {word}") in stored for word in words)
    assert [each.id for each in db.search_signs(text).items] == ([sign.id] if matches else [])


@pytest.mark.parametrize("prepare", [db.create_schema, deploy])
def test_who_may_not_have_the_extension_searches_without_an_index(
    empty_url: str, prepare: Callable[[], object]
) -> None:
    role = f"role_{uuid4().hex}"
    run_plain(empty_url, f"CREATE ROLE {role} LOGIN PASSWORD 'owner'")
    run_plain(empty_url, f"GRANT ALL ON SCHEMA public TO {role}")
    run_plain(empty_url, f"CREATE SCHEMA triosigno_db AUTHORIZATION {role}")
    db.connect(empty_url, user=role, password="owner", password_cost=4)
    prepare()
    db.create_schema()
    assert run_plain(empty_url, "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'") == []
    make_sign(name="Être")
    make_user(first_name="Zoé")
    assert found("ETRE") == ["Être"]
    assert db.count_users(search="zoe") == 1
    db.disconnect()
    run_plain(empty_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_database_without_the_function_is_not_migrated(triosigno_db: IsolatedDatabase) -> None:
    advice = r"Run the migrations or create_schema\(\)"
    run_plain(triosigno_db.url, "DROP FUNCTION triosigno_db.fold_text(text) CASCADE")
    with pytest.raises(db.SchemaMismatchError, match=f"fold_text.* does not exist. {advice}"):
        db.search_signs("a")
    run_plain(triosigno_db.url, "DROP SCHEMA triosigno_db CASCADE")
    with pytest.raises(db.SchemaMismatchError, match=advice):
        db.list_users(search="a")
    db.create_schema()
    assert found("a") == []


def search_indexes(url: str, schema: str) -> list[str]:
    found = (
        "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND indexname LIKE %s ORDER BY 1"
    )
    return [name for (name,) in run_plain(url, found, (schema, "%search_idx"))]


def test_an_index_answers_where_there_is_one(triosigno_db: IsolatedDatabase) -> None:
    expected = ["Sign_search_idx", "User_search_idx"] if has_trigrams(triosigno_db.url) else []
    assert search_indexes(triosigno_db.url, "public") == expected


def test_another_schema_has_its_own_index(triosigno_db: IsolatedDatabase) -> None:
    db.connect(f"{triosigno_db.url}?schema=other", password_cost=4)
    db.create_schema()
    make_sign(name="Être")
    assert found("etre") == ["Être"]
    assert search_indexes(triosigno_db.url, "other") == search_indexes(triosigno_db.url, "public")
