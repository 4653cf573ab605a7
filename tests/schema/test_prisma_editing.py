"""Lines are added to a `schema.prisma`, and nothing else of it changes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schema.node_schema import without_indexes
from triosigno_db.schema.prisma_editing import add_block_attributes
from triosigno_db.schema.prisma_parser import parse_prisma


def add(text: str, *attributes: str) -> str:
    schema = parse_prisma(text)
    return add_block_attributes(schema, [(schema.models[0], attributes)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "model A {\n  id Int @id\n}",
            "model A {\n  id Int @id\n  @@index([id])\n}",
        ),
        (
            'model A {\n  id Int @id\n\n  @@map("a")\n}\n',
            'model A {\n  id Int @id\n\n  @@map("a")\n  @@index([id])\n}\n',
        ),
        (
            "model A {\r\n\tid Int @id // the key\r\n}\r\n",
            "model A {\r\n\tid Int @id // the key\r\n\t@@index([id])\r\n}\r\n",
        ),
        (
            "model A {\n  id Int @id /* the\n  key */\n  // end\n}",
            "model A {\n  id Int @id /* the\n  key */\n  @@index([id])\n  // end\n}",
        ),
        (
            "model A {\n   /* key */ id Int @id\n}",
            "model A {\n   /* key */ id Int @id\n   @@index([id])\n}",
        ),
        (
            "model A {\rid Int @id\r} model B {\r}",
            "model A {\rid Int @id\r@@index([id])\r} model B {\r}",
        ),
        (
            "\ufeffmodel A {\n  é Int @id // ñ 𝄞\n}",
            "\ufeffmodel A {\n  é Int @id // ñ 𝄞\n  @@index([id])\n}",
        ),
    ],
)
def test_a_line_follows_the_last_one_and_looks_like_it(before: str, after: str) -> None:
    assert add(before, "@@index([id])") == after


def test_nothing_to_add_changes_nothing() -> None:
    text = without_indexes()
    assert add_block_attributes(parse_prisma(text), []) == text


COMMENTS = st.sampled_from(["", "// }", "/// doc {", "/* a */", "/*\n} model X {\n*/", "   "])


@given(
    st.lists(COMMENTS, max_size=60),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["  ", "\t", "", "      "]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_without_the_new_lines_the_text_is_what_it_was(
    comments: list[str], newline: str, indentation: str, has_end: bool, random: object
) -> None:
    lines = [re.sub(r"^  ", indentation, line) for line in without_indexes().splitlines()]
    for comment in comments:
        lines.insert(random.randrange(len(lines)), comment)  # type: ignore[attr-defined]
    text = newline.join(lines).replace("\n", newline) if newline != "\n" else "\n".join(lines)
    text = text.replace("\r\r\n", "\r\n") + (newline if has_end else "")
    schema = parse_prisma(text)
    added = [(model, ["@@index([id])", "@@index([x, y])"]) for model in schema.models]
    edited = add_block_attributes(schema, added)
    assert edited.count("@@index(") == 2 * len(schema.models)
    assert re.sub(r"[^\S\r\n]*@@index\(.*?\)(?:\r\n|\r|\n)", "", edited) == text
    for before, after in zip(schema.models, parse_prisma(edited).models, strict=True):
        assert [each.name for each in after.fields] == [each.name for each in before.fields]
        assert [each.fields for each in after.attributes[-2:]] == [("id",), ("x", "y")]
