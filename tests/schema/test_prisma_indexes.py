"""The indexes of the library that a Prisma schema lacks."""

import pytest

from tests.schema.node_schema import INDEX, RENAMED, changed, files, without_indexes
from triosigno_db.schema import to_prisma
from triosigno_db.schema.prisma_indexes import compare_indexes


def missing(text: str) -> list[str]:
    compared = compare_indexes(files(text))
    assert compared.problems == ()
    return [f"{each.place.model.name} {each.attribute}" for each in compared.missing]


def with_index(*lines: str) -> str:
    """A schema whose Sign has these lines."""
    return changed(("model Sign {", "\n  ".join(("model Sign {", *lines))))


def test_the_schema_of_the_models_lacks_none() -> None:
    assert missing(to_prisma()) == []


def test_all_of_them_are_missing_where_there_is_none() -> None:
    lines = [line.strip() for line in to_prisma().splitlines() if INDEX in line]
    assert [each.split(" ", 1)[1] for each in missing(without_indexes())] == lines


def test_they_have_the_names_of_the_node_side_s_fields() -> None:
    assert missing(changed(*RENAMED))[:2] == [
        "Account @@index([born, id])",
        "Account @@index([role, born, id])",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "@@index([categoryId])",
        "@@index(fields: [categoryId(sort: Asc)], type: BTree)",
        '@@index([categoryId], map: "Sign_categoryId_idx")',
        "@@index(categoryId)",
    ],
)
def test_an_index_of_the_same_name_and_columns_is_not_missing(line: str) -> None:
    assert "Sign @@index([categoryId])" not in missing(with_index(line))


@pytest.mark.parametrize(
    "line",
    [
        '@@index([categoryId], map: "by_category")',
        "@@index([categoryId, name])",
        "@@unique([categoryId])",
        "// @@index([categoryId])",
        "/* @@index([categoryId]) */",
    ],
)
def test_an_index_of_another_name_is_another_one(line: str) -> None:
    assert "Sign @@index([categoryId])" in missing(with_index(line))


@pytest.mark.parametrize(
    "line",
    [
        "@@index([categoryId(sort: Desc)])",
        "@@index([categoryId], type: Hash)",
        '@@index([categoryId], where: raw("true"))',
        '@@index([name], map: "Sign_categoryId_idx")',
        '@@unique([categoryId], map: "Sign_categoryId_idx")',
        'other String @unique(map: "Sign_categoryId_idx")',
    ],
)
def test_a_name_that_another_index_has_is_a_problem(line: str) -> None:
    compared = compare_indexes(files(with_index(line)))
    (problem,) = compared.problems
    number = with_index(line).splitlines().index(f"  {line}") + 1
    assert problem == (
        f"a.prisma:{number}: Sign_categoryId_idx is not @@index([categoryId]) of Sign"
    )


def test_a_name_is_looked_for_in_all_models() -> None:
    text = without_indexes() + (
        'model Theirs {\n  id Int @id\n  @@index([id], map: "Sign_categoryId_idx")\n}\n'
    )
    (problem,) = compare_indexes(files(text)).problems
    assert "Sign_categoryId_idx is not @@index([categoryId]) of Sign" in problem
