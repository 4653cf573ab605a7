"""Expressions of a `schema.prisma`."""

import pytest

from triosigno_db.schema.prisma_nodes import list_items, split_commas, unquote


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"users"', "users"),
        (r'"a \"b\" \u00e9"', 'a "b" é'),
        ("users", None),
        ("", None),
        ('"no end', None),
        (r'"\q"', None),
    ],
)
def test_a_string_is_read_as_json(expression: str, value: str | None) -> None:
    assert unquote(expression) == value


@pytest.mark.parametrize(
    ("expression", "items"),
    [
        ("[a, b]", ("a", "b")),
        ("[ a(sort: Desc, length: 3) ,b, ]", ("a(sort: Desc, length: 3)", "b")),
        ("[]", ()),
        ("a", ("a",)),
        ("", ()),
    ],
)
def test_a_list_has_items(expression: str, items: tuple[str, ...]) -> None:
    assert list_items(expression) == items


def test_commas_in_strings_and_brackets_separate_nothing() -> None:
    text = r'"a, \", b", f(1, [2, 3]), x: { y: 1, z: "}" }'
    assert list(split_commas(text)) == [r'"a, \", b"', "f(1, [2, 3])", 'x: { y: 1, z: "}" }']
