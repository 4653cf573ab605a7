"""A `schema.prisma` is parsed with the places of its parts; anything else is skipped and listed."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triosigno_db.models import MODELS
from triosigno_db.schema import to_prisma
from triosigno_db.schema.prisma_nodes import Argument, PrismaSchema
from triosigno_db.schema.prisma_parser import parse_prisma

EVERYTHING = """\
// The schema of a service.
generator client {
  provider        = "prisma-client" // a comment
  previewFeatures = ["views", "partialIndexes"]
}

datasource db {
  provider = "postgresql"
  schemas  = ["public", "other"]
}

/// Who logs in.
model Account { // no brace }
  id        String    @id @default(uuid()) @db.Uuid
  email     String    @unique(map: "one_email") @map("e_mail") // has a }
  role      Role      @default(READER)
  tags      String[]  @default(["a, b", "c // no } comment"])
  place     Unsupported("point")?
  nick      String?   @db.VarChar(80) /* a block } comment */
  changedAt DateTime  @updatedAt
  secret    String    @ignore
  posts     Post[]    @relation("written")
  /* over
     } several
  */ age    Int       @default(dbgenerated("length('}')"))

  @@index([email(sort: Desc), role], map: "of_role", type: Brin)
  @@index(fields: [role], where: { role: "READER", tags: [] })
  @@unique([role, email])
  @@map("accounts")
  @@schema("other")
}

enum Role {
  READER @map("reader") // the first
  WRITER
  @@map("roles")
}

model Post {
  writerId String
  number   Int
  writer   Account @relation("written", fields: [writerId], references: [id], onDelete: Cascade)

  @@id([writerId, number])
  @@ignore
} model Next {
  id Int @id
}

view Reader {
  id String @unique
}

type Place = String
"""


def parse_model(*lines: str) -> Any:
    (model,) = parse_prisma("\n".join(("model A {", *lines, "}"))).models
    return model


def names(schema: PrismaSchema) -> list[str]:
    return [block.name for block in schema.blocks]


def test_blocks_are_found_in_their_order() -> None:
    schema = parse_prisma(EVERYTHING)
    assert names(schema) == ["client", "db", "Account", "Role", "Post", "Next"]
    assert [each.name for each in schema.models] == ["Account", "Post", "Next"]
    assert [each.name for each in schema.enums] == ["Role"]
    assert schema.configs[0].settings == {
        "provider": '"prisma-client"',
        "previewFeatures": '["views", "partialIndexes"]',
    }
    assert schema.configs[1].keyword == "datasource"


def test_fields_have_names_types_and_attributes() -> None:
    account = parse_prisma(EVERYTHING).models[0]
    assert [field.name for field in account.fields] == [
        *("id", "email", "role", "tags", "place", "nick", "changedAt", "secret", "posts", "age")
    ]
    by_name = {field.name: field for field in account.fields}
    assert by_name["email"].database_name == "e_mail"
    assert by_name["nick"].database_name == "nick"
    assert by_name["id"].default == "uuid()"
    assert by_name["age"].default == "dbgenerated(\"length('}')\")"
    assert by_name["email"].default is None
    assert by_name["place"].type == 'Unsupported("point")'
    assert [each.name for each in account.fields if each.is_optional] == ["place", "nick"]
    assert [each.name for each in account.fields if each.is_list] == ["tags", "posts"]
    native = by_name["nick"].native_type
    assert native is not None
    assert (native.name, native.value()) == ("db.VarChar", "80")
    assert by_name["role"].native_type is None
    assert [each.name for each in account.fields if each.is_ignored] == ["secret"]


def test_attributes_of_a_block_have_fields_and_arguments() -> None:
    account, post, following = parse_prisma(EVERYTHING).models
    assert [each.name for each in account.attributes] == [
        *("index", "index", "unique", "map", "schema")
    ]
    first, second, unique, *_ = account.attributes
    assert first.items == ("email(sort: Desc)", "role")
    assert first.fields == ("email", "role")
    assert first.value("map") == '"of_role"'
    assert second.fields == ("role",)
    assert second.arguments[1] == Argument("where", '{ role: "READER", tags: [] }')
    assert unique.fields == ("role", "email")
    assert (account.database_name, account.schema) == ("accounts", "other")
    assert (following.database_name, following.schema) == ("Next", None)
    assert (post.is_ignored, following.is_ignored) == (True, False)
    writer = post.field("writer")
    assert writer is not None
    relation = writer.attribute("relation")
    assert relation is not None
    assert (relation.text, relation.fields) == ("written", ("writerId",))
    assert relation.value("onDelete") == "Cascade"


def test_the_values_of_an_enum_have_labels() -> None:
    (role,) = parse_prisma(EVERYTHING).enums
    assert [each.name for each in role.values] == ["READER", "WRITER"]
    assert [each.database_name for each in role.values] == ["reader", "WRITER"]
    assert role.database_name == "roles"


def test_comments_are_found_and_hide_nothing_else() -> None:
    comments = [each.text for each in parse_prisma(EVERYTHING).comments]
    assert comments == [
        "// The schema of a service.",
        "// a comment",
        "/// Who logs in.",
        "// no brace }",
        "// has a }",
        "/* a block } comment */",
        "/* over\n     } several\n  */",
        "// the first",
    ]


def test_what_is_not_known_is_skipped_and_listed_with_its_line() -> None:
    skipped = parse_prisma(EVERYTHING).skipped
    lines = EVERYTHING.split("\n")
    assert [(each.text.partition("\n")[0], each.why) for each in skipped] == [
        ("view Reader {", "it is a view"),
        ("type Place = String", "it is no block"),
    ]
    for each in skipped:
        assert lines[each.span.line - 1].startswith(each.text.partition("\n")[0])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("id String @id @colour(red)", "the attribute is not known"),
        ("@@shine([id])", "the attribute is not known"),
        ("@@index([id", "it is no field and no attribute"),
        ("@@index([id]) @@unique([id])", "it is no field and no attribute"),
        ("id String @@index([id])", "it is no field and no attribute"),
        ("@default(1)", "it is no field and no attribute"),
        ("id [String]", "it is no field and no attribute"),
        ("id String! @id", "it is no field and no attribute"),
        ("id", "it is no field and no attribute"),
        ("???", "it is no field and no attribute"),
    ],
)
def test_a_line_that_prisma_refuses_is_listed(line: str, why: str) -> None:
    schema = parse_prisma(f"model A {{\n  {line}\n  last Int\n}}\n")
    (skipped,) = schema.skipped
    assert (skipped.why, skipped.span.line) == (why, 2)
    assert schema.models[0].fields[-1].name == "last"


def test_a_block_without_an_end_is_listed() -> None:
    schema = parse_prisma("model A {\n  id Int @id\n")
    assert [each.why for each in schema.skipped] == ["a block has no closing brace"]
    assert [each.name for each in schema.models[0].fields] == ["id"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_places_are_those_of_the_text_whatever_ends_its_lines(newline: str, start: str) -> None:
    text = start + EVERYTHING.replace("\n", newline)
    schema = parse_prisma(text)
    assert schema.text == text
    lines = text.split(newline)
    for model in schema.models:
        assert text[model.span.start : model.span.end].startswith(f"model {model.name}")
        assert text[model.span.end - 1] == "}"
        for field in model.fields:
            shown = text[field.span.start : field.span.end]
            assert shown.startswith(field.name)
            assert shown.partition(newline)[0] in lines[field.span.line - 1]
        for attribute in model.attributes:
            assert text[attribute.span.start :].startswith(f"@@{attribute.name}")
            assert f"@@{attribute.name}" in lines[attribute.span.line - 1]
    for comment in schema.comments:
        assert text[comment.span.start : comment.span.end] == comment.text


def test_the_schema_of_the_models_is_understood_completely() -> None:
    schema = parse_prisma(to_prisma())
    assert schema.skipped == ()
    assert [each.name for each in schema.models] == [model.__name__ for model in MODELS]


def test_a_comment_within_a_line_moves_nothing() -> None:
    text = 'model A {\n  id /* a } */ String /* b */ @id @map("x") // c\n}\n'
    (field,) = parse_prisma(text).models[0].fields
    assert field.type == "String"
    spans = [text[each.span.start : each.span.end] for each in field.attributes]
    assert spans == ["@id", '@map("x")']


def test_a_line_may_have_no_space_where_none_is_needed() -> None:
    model = parse_model("id String@id@default(uuid())", '@@index([id],map:"x")')
    assert [each.name for each in model.fields[0].attributes] == ["id", "default"]
    assert model.attributes[0].value("map") == '"x"'


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"model M{i} {{\n" + "  id Int @id\n" * 30 + "}\n" for i in range(200)),
        "model A {\n" + "  /* \n" * 10_000,
        "model A {\n  id Int " + "/* " * 20_000,
        "/* " * 20_000,
        "model A {\n  id Int " + '" ' * 20_000,
    ],
    ids=["long", "comments", "line", "blanks", "quotes"],
)
def test_the_time_grows_with_the_text_alone(text: str) -> None:
    begun = process_time()
    parse_prisma(text)
    assert process_time() - begun < 5


LINES = st.sampled_from(
    [
        *EVERYTHING.splitlines(),
        "}",
        "{",
        "/*",
        "*/",
        "//",
        '"',
        "@@index([a])",
        "model B {",
        "\t",
        "",
    ]
)
TEXTS = st.one_of(
    st.text(alphabet=st.sampled_from('ab1 \t\r\n{}()[]@"\\/*:,.?=é-_')),
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r", " "]))).map(
        lambda lines: "".join(line + end for line, end in lines)
    ),
)


@given(TEXTS)
def test_any_text_is_parsed_into_blocks_one_after_the_other(text: str) -> None:
    schema = parse_prisma(text)
    assert schema.text == text
    edges = [edge for block in schema.blocks for edge in block.span[:2]]
    assert edges == sorted(edges)
    for each in (*schema.blocks, *schema.comments, *schema.skipped):
        assert 0 <= each.span.start <= each.span.end <= len(text)
    for comment in schema.comments:
        assert text[comment.span.start : comment.span.end] == comment.text
