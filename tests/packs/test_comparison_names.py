"""Packs and rows whose names are in different forms of Unicode, or have spaces around them."""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.packs.contents import YAML, pack
from tests.plain_sql import count_rows, run_plain
from triosigno_db.packs import export_pack, load_pack, preview_pack, read_pack
from triosigno_db.testing import IsolatedDatabase

ACCENTED = (
    YAML.replace("Bonjour", "Été")
    .replace("Politesse", "Civilités")
    .replace("Premiers pas", "Débuts")
    .replace("Saluer\n", "Arrivées\n")
    .replace("Premier signe", "Épée")
    .replace("Le tout premier", "À gagner")
)
FORMS = ["NFC", "NFD"]
NAMES = (
    ("SignCategory", "name"),
    ("SignCategory", "description"),
    ("Sign", "name"),
    ("Module", "title"),
    ("Lesson", "title"),
    ("Achievement", "name"),
    ("Achievement", "description"),
)


def in_form(form: Any) -> str:
    return unicodedata.normalize(form, ACCENTED)


def test_a_pack_is_the_same_in_either_form() -> None:
    assert in_form("NFC") != in_form("NFD")
    assert pack(in_form("NFC")) == pack(in_form("NFD"))
    assert hash(pack(in_form("NFC"))) == hash(pack(in_form("NFD")))


@pytest.mark.parametrize("earlier", FORMS)
@pytest.mark.parametrize("later", FORMS)
def test_the_other_form_changes_nothing(
    triosigno_db: IsolatedDatabase, earlier: str, later: str
) -> None:
    load_pack(pack(in_form(earlier)))
    assert preview_pack(pack(in_form(later))).changes == ()
    assert load_pack(pack(in_form(later))).changes == ()
    assert db.find_sign_by_name("Été") is not None


def test_references_inside_a_pack_match_in_any_form(triosigno_db: IsolatedDatabase) -> None:
    mixed = in_form("NFC").replace("category: Civilités", "category: ' Civilite\u0301s'")
    mixed = mixed.replace("[Merci, Été]", "[Merci, E\u0301te\u0301]")
    assert pack(mixed) == pack(in_form("NFC"))


def test_the_same_key_in_two_forms_is_there_twice() -> None:
    categories = [{"name": name, "description": ""} for name in ("É", "E\u0301")]
    with pytest.raises(ValueError, match="occurs 2 times"):
        pack(categories=categories)


@pytest.mark.parametrize(
    "rewrite", [lambda value: unicodedata.normalize("NFD", value), lambda value: f" {value}\u00a0"]
)
def test_rows_of_other_software_are_matched_and_kept(
    triosigno_db: IsolatedDatabase, tmp_path: Path, rewrite: Callable[[str], str]
) -> None:
    load_pack(pack(in_form("NFC")))
    for table, column in NAMES:
        rows = run_plain(triosigno_db.url, f'SELECT id, "{column}" FROM "{table}"')
        for row_id, value in rows:
            changed = f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s'
            run_plain(triosigno_db.url, changed, (rewrite(value), row_id))
    before = count_rows(triosigno_db.url)
    for form in FORMS:
        assert load_pack(pack(in_form(form))).changes == ()
    export_pack(tmp_path / "pack.json")
    assert preview_pack(read_pack(tmp_path / "pack.json")).changes == ()
    assert count_rows(triosigno_db.url) == before


def test_of_two_rows_the_one_in_the_usual_form_is_matched(triosigno_db: IsolatedDatabase) -> None:
    load_pack(pack(in_form("NFC")))
    columns = run_plain(
        triosigno_db.url,
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        """ WHERE attrelid = '"Sign"'::regclass AND attnum > 0 AND attname NOT IN ('id', 'name')""",
    )[0][0]
    run_plain(
        triosigno_db.url,
        f"""INSERT INTO "Sign" (id, name, {columns})
            SELECT 'twin', normalize(name, NFD), {columns} FROM "Sign" WHERE name = %s""",
        ("Été",),
    )
    assert load_pack(pack(in_form("NFC"))).changes == ()
    run_plain(triosigno_db.url, "UPDATE \"Sign\" SET name = ' ' || name WHERE name = %s", ("Été",))
    with pytest.raises(db.ConflictError, match="more than one sign 'Été': rename all but one"):
        preview_pack(pack(in_form("NFC")))
