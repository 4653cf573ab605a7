"""What the library needs and a Prisma schema lacks is listed: all of it, with its lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schema.node_schema import RENAMED, changed, files, without_indexes
from triosigno_db.models import MODELS
from triosigno_db.schema import to_prisma
from triosigno_db.schema.ddl import enums
from triosigno_db.schema.prisma_comparison import find_problems


@pytest.mark.parametrize("version", [6, 7])
def test_the_schema_of_the_models_has_no_problem(version: int) -> None:
    assert find_problems(files(to_prisma(prisma=version))) == []


@pytest.mark.parametrize(
    "replacements",
    [
        RENAMED,
        [("password        String", "password        String @db.Text")],
        [("score     Int?", "score     BigInt?")],
        [("endTime   DateTime?", "endTime   DateTime? @db.Timestamp(6)")],
        [("  ADMIN\n", "  ADMIN\n  GUEST\n")],
        [
            ("enum UserRole {\n  ADMIN", 'enum Role {\n  @@map("UserRole")\n  BOSS @map("ADMIN")'),
            (" UserRole ", " Role "),
        ],
        [
            ("email           String            @unique", "email String"),
            ("  isActive ", "  @@unique([email])\n  isActive "),
        ],
        [("model Sign {", "model Theirs {\n  id Int @id\n}\n\nmodel Sign {\n  extra Json?")],
    ],
    ids=["names", "text", "wider", "precision", "label", "enum", "unique", "more"],
)
def test_what_serves_as_well_is_no_problem(replacements: list[tuple[str, str]]) -> None:
    assert find_problems(files(changed(*replacements))) == []


@pytest.mark.parametrize(
    ("old", "new", "problem", "line"),
    [
        (
            "  firstName       String?\n",
            "",
            "the model User has no column firstName (String?)",
            "model User {",
        ),
        (
            "  email           String            @unique",
            '  email String @unique @map("mail")',
            "the model User has no column email (String); email is the column mail",
            "email String",
        ),
        (
            "learningGoal  Int ",
            "learningGoal  String ",
            "the field UserPreference.learningGoal is String, not Int",
            "learningGoal",
        ),
        (
            "videoUrl    String",
            "videoUrl String?",
            "the field Sign.videoUrl is String?, not String",
            "videoUrl",
        ),
        (
            "score     Int?",
            "score     Int[]",
            "the field LearningSession.score is Int[], not Int?",
            "score",
        ),
        (
            "videoUrl    String",
            "videoUrl String @db.VarChar(80)",
            "the field Sign.videoUrl is String @db.VarChar(80), not String",
            "videoUrl",
        ),
        (
            "endTime   DateTime?",
            "endTime DateTime? @db.Timestamptz(3)",
            "the field LearningSession.endTime is DateTime? @db.Timestamptz(3), not DateTime?",
            "endTime",
        ),
        ("  TEACHER\n", "", "the enum UserRole has no value TEACHER", "enum UserRole {"),
        (
            "  TEACHER\n",
            '  TEACHER @map("t")\n',
            "the enum UserRole has no value TEACHER",
            "enum UserRole {",
        ),
        (
            "  @@unique([lessonId, signId])",
            "",
            "the model LessonSign is not unique by lessonId, signId",
            "model LessonSign {",
        ),
        (
            "username        String            @unique",
            "username String",
            "the model User is not unique by username",
            "model User {",
        ),
        (
            "  videoUrl ",
            "  ??? what\n  videoUrl ",
            "??? what: it is no field and no attribute",
            "??? what",
        ),
        (
            'provider = "postgresql"',
            'provider = "mysql"',
            "the provider of the datasource is not postgresql",
            "datasource db {",
        ),
        (
            "model Sign {",
            'model Sign {\n  @@map("signs")',
            "there is no model of the table Sign",
            "model Sign {",
        ),
        (
            "enum DifficultyLevel {",
            'enum DifficultyLevel {\n  @@map("level")',
            "there is no enum DifficultyLevel",
            "enum DifficultyLevel {",
        ),
    ],
)
def test_a_problem_is_named_with_its_file_and_line(
    old: str, new: str, problem: str, line: str
) -> None:
    text = changed((old, new))
    (found,) = (each for each in find_problems(files(text)) if each.endswith(problem))
    path, number, _ = found.split(":", 2)
    assert path == "a.prisma"
    assert text.splitlines()[int(number) - 1].strip().startswith(line)


def test_all_problems_are_listed_at_once() -> None:
    text = changed(("  firstName       String?\n", ""), ("  TEACHER\n", ""), ("score ", "points "))
    assert [each.partition(": ")[2] for each in find_problems(files(text))] == [
        "the enum UserRole has no value TEACHER",
        "the model User has no column firstName (String?)",
        "the model LearningSession has no column score (Int?)",
    ]


def test_a_schema_without_the_library_s_models_lacks_all_of_them() -> None:
    found = find_problems(files("model Theirs {\n  id Int @id\n}\n"))
    enum_lines = [f"a.prisma: there is no enum {enum.__name__}" for enum in enums()]
    tables = [model.__name__ for model in MODELS]
    assert found == [
        *enum_lines,
        *(f"a.prisma: there is no model of the table {table}" for table in tables),
    ]


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
    line = text.splitlines().index("model Sign {") + 1
    other = text.replace('model Sign {\n  @@schema("one")', 'model Sign {\n  @@schema("two")')
    assert find_problems(files(other)) == [
        f"a.prisma:{line}: the model Sign is in the schema two, User in one"
    ]


PIECES = st.sampled_from([*to_prisma().split("\n"), "}", "@@index([id])", '  @@map("User")', "/*"])


@given(st.lists(PIECES).map("\n".join))
def test_any_text_is_compared(text: str) -> None:
    assert find_problems(files(text))


def test_paths_are_shown_as_they_were_given() -> None:
    (file,) = files("")
    found = find_problems([file._replace(path=Path("some/where.prisma"))])
    assert found[0].startswith("some/where.prisma: ")
