"""What keeps a Prisma schema from being compared is listed: all of it, with its lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schema.node_schema import RENAMED, changed, files, without_indexes
from triosigno_db.schema import to_prisma
from triosigno_db.schema.prisma_problems import (
    find_problems,
    find_unread_lines,
    schema_of_tables,
)


@pytest.mark.parametrize("version", [6, 7])
def test_the_schema_of_the_models_has_no_problem(version: int) -> None:
    for text in (to_prisma(prisma=version), changed(*RENAMED)):
        assert find_problems(files(text)) == []
        assert find_unread_lines(files(text)) == []


def test_a_provider_that_is_not_postgresql_is_a_problem() -> None:
    text = changed(('provider = "postgresql"', 'provider = "mysql"'))
    line = text.splitlines().index("datasource db {") + 1
    assert find_problems(files(text)) == [
        f"a.prisma:{line}: the provider of the datasource is not postgresql"
    ]


def test_a_line_of_a_needed_model_that_is_not_understood_is_listed() -> None:
    text = changed(("  videoUrl ", "  ??? what\n  videoUrl "))
    line = text.splitlines().index("  ??? what") + 1
    expected = [f"a.prisma:{line}: ??? what: it is no field and no attribute"]
    assert find_unread_lines(files(text)) == expected
    assert find_unread_lines(files(text, "model Other {\n  ??? what\n}")) == expected


def test_a_schema_without_the_library_s_models_has_no_problem() -> None:
    theirs = files("model Theirs {\n  id Int @id\n}\n")
    assert find_problems(theirs) == []
    assert schema_of_tables(theirs) is None


def test_a_model_that_is_not_closed_is_a_problem() -> None:
    text = without_indexes().rstrip().removesuffix("}")
    (found,) = find_problems(files(text))
    assert found.endswith("a block has no closing brace")


def test_models_may_stand_in_several_files() -> None:
    before, cut, after = without_indexes().partition("model Progress")
    assert find_problems(files(before, cut + after)) == []


def test_a_table_with_two_models_is_a_problem() -> None:
    text = without_indexes()
    line = text.splitlines().index("model User {") + 1
    (found,) = find_problems(files(text, '\nmodel Other {\n  @@map("User")\n}\n'))
    assert found == f"b.prisma:2: the table User has another model at a.prisma:{line}"


def test_tables_in_several_schemas_of_the_database_are_a_problem() -> None:
    text = without_indexes().replace(" {\n", ' {\n  @@schema("one")\n')
    assert find_problems(files(text)) == []
    assert schema_of_tables(files(text)) == "one"
    line = text.splitlines().index("model Sign {") + 1
    other = text.replace('model Sign {\n  @@schema("one")', 'model Sign {\n  @@schema("two")')
    assert find_problems(files(other)) == [
        f"a.prisma:{line}: the model Sign is in the schema two, but the model User is in the "
        "schema one: the library has all its tables in one"
    ]
    (found,) = find_problems(
        files(text.replace('model User {\n  @@schema("one")', "model User {"))
    )[:1]
    assert "is in the schema one, but the model User has no @@schema" in found


PIECES = st.sampled_from([*to_prisma().split("\n"), "}", "@@index([id])", '  @@map("User")', "/*"])


@given(st.lists(PIECES).map("\n".join))
def test_any_text_is_looked_at(text: str) -> None:
    for found in (find_problems(files(text)), find_unread_lines(files(text))):
        assert all(each.startswith("a.prisma:") for each in found)


def test_paths_are_shown_as_they_were_given() -> None:
    (file,) = files("model User {")
    found = find_problems([file._replace(path=Path("some/where.prisma"))])
    assert found[0].startswith("some/where.prisma:1: ")
