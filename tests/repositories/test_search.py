"""Searches: accents, case and punctuation do not matter, every word must match, the best first."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.server_features import has_trigrams
from triosigno_db.migrator import deploy
from triosigno_db.testing import DatabaseServer, IsolatedDatabase
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


@pytest.mark.parametrize("text", ["%", "_", "' \" --", "\\", "…", " ", ""])
def test_a_search_needs_a_word(signs: str, text: str) -> None:
    with pytest.raises(db.InvalidInputError, match="text: must"):
        db.search_signs(text)


def test_too_many_words_are_refused(signs: str) -> None:
    ten = " ".join(f"w{n}" for n in range(10))
    assert found(ten) == []
    with pytest.raises(db.InvalidInputError, match="at most 10 different words"):
        db.search_signs(ten + " w10")


@pytest.mark.parametrize("text", ["m_in", "m%n", "main%", "(main)", "[main]", "main\\", "main;"])
def test_punctuation_is_no_pattern(signs: str, text: str) -> None:
    expected = found("main") if text.strip("%()[]\\;") == "main" else []
    assert found(text) == (expected if "_" not in text and text != "m%n" else found("m in"))


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
    triosigno_server: DatabaseServer, empty_url: str, prepare: object
) -> None:
    name = empty_url.rpartition("/")[2]
    role = f"role_{name}"
    run_plain(empty_url, f"CREATE ROLE {role} LOGIN PASSWORD 'owner'")
    run_plain(empty_url, f"GRANT ALL ON SCHEMA public TO {role}")
    secret = empty_url.split("@", maxsplit=1)[0]
    db.connect(empty_url.replace(secret, f"postgresql://{role}:owner"), password_cost=4)
    prepare()  # type: ignore[operator]
    db.create_schema()
    assert run_plain(empty_url, "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'") == []
    make_sign(name="Être")
    make_user(first_name="Zoé")
    assert found("ETRE") == ["Être"]
    assert db.count_users(search="zoe") == 1
    db.disconnect()
    run_plain(empty_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


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
