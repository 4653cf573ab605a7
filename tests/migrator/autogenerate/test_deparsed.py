"""Names in definitions as PostgreSQL prints them."""

import pytest

from triosigno_db.migrator.autogenerate.deparsed import (
    base_type,
    names_in,
    replace_names,
    unquoted,
    without_name,
)

CHECK = """CHECK (((level <> 'size'::"Level") OR ("it's" = ANY (ARRAY['"a"'::text, b]))))"""


@pytest.mark.parametrize(
    ("text", "name"), [("size", "size"), ('"Level"', "Level"), ('"a""b"', 'a"b'), ("", "")]
)
def test_a_name_without_quotes(text: str, name: str) -> None:
    assert unquoted(text) == name


@pytest.mark.parametrize(
    ("type_", "name"),
    [("text[]", "text"), ('"order"[]', "order"), ("character varying(3)", "character varying(3)")],
)
def test_the_type_of_the_elements(type_: str, name: str) -> None:
    assert base_type(type_) == name


def test_names_are_found_outside_of_constants() -> None:
    assert {"level", "Level", "it's", "b"} <= names_in(CHECK)
    assert names_in(CHECK).isdisjoint({"size", "a", '"a"'})


def test_columns_and_types_are_replaced_and_functions_are_not() -> None:
    replaced = replace_names(
        """lower(size) || 'size' || "b"::"Level" """,
        {"size": '"was"', "lower": "wrong", "b": "(c)"}.get,
        {"Level": "text"}.get,
    )
    assert replaced == """lower("was") || 'size' || (c)::text """


@pytest.mark.parametrize("name", ["i", '"I x"', '"a""b"'])
def test_the_name_of_an_index_is_removed(name: str) -> None:
    for kind in ("INDEX", "UNIQUE INDEX"):
        shape = without_name(f"CREATE {kind} {name} ON i USING btree (i)")
        assert shape == f"CREATE {kind}  ON i USING btree (i)"
