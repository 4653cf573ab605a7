"""A service's models in a schema of the Node side: blocks, relations, and nothing else changed."""

from pathlib import Path

import pytest

from tests.schema.node_schema import RENAMED, changed
from tests.service_models import define_recognition
from triosigno_db.errors import InvalidInputError, SchemaMismatchError
from triosigno_db.extending import BaseModel, ForeignKey, IdField, TextField
from triosigno_db.migrator import Project, export
from triosigno_db.models import MODELS, User, service_models
from triosigno_db.schema.prisma import to_prisma
from triosigno_db.schema.prisma_parser import parse_prisma

RECOGNITION = """\
model Recognition {
  id           String      @id @default(uuid())
  user         User        @relation(fields: [userId], references: [id], onDelete: Cascade)
  userId       String
  sign         Sign        @relation(fields: [signId], references: [id], onDelete: Cascade)
  signId       String
  confidence   Float
  modelVersion String
  hand         Handedness?
  createdAt    DateTime    @default(now())
  updatedAt    DateTime    @updatedAt

  @@index([userId])
  @@index([signId])
  @@unique([modelVersion, userId, signId])
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A service whose history is empty."""
    (tmp_path / "service").mkdir()
    return Project(("tests.service_models", __name__), tmp_path / "service")


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """The Node side's schema, which has all that the library needs."""
    folder = tmp_path / "prisma"
    export(folder)
    return folder / "schema.prisma"


def test_a_new_schema_has_the_services_models(tmp_path: Path, project: Project) -> None:
    define_recognition()
    export(tmp_path / "prisma", project=project)
    text = (tmp_path / "prisma" / "schema.prisma").read_text()
    assert RECOGNITION in text
    assert "enum Handedness {\n  LEFT\n  RIGHT\n}\n" in text
    assert text == to_prisma(models=(*MODELS, *service_models()))


def test_a_schema_of_the_library_has_no_model_of_a_service() -> None:
    before = to_prisma()
    define_recognition()
    assert to_prisma() == before


def test_an_existing_schema_gets_the_models_and_relations_alone(
    project: Project, schema: Path
) -> None:
    before = schema.read_text()
    define_recognition()
    found = export(schema.parent, project=project, check=True)
    assert not found.is_complete
    assert [(each.model, each.attribute) for each in found.lines] == [
        ("Handedness", "enum Handedness"),
        ("Recognition", "model Recognition"),
        ("User", "recognitions Recognition[]"),
        ("Sign", "recognitions Recognition[]"),
    ]
    assert schema.read_text() == before
    export(schema.parent, project=project)
    after = schema.read_text()
    assert after.endswith(f"\nenum Handedness {{\n  LEFT\n  RIGHT\n}}\n\n{RECOGNITION}")
    added = "  recognitions Recognition[]\n"
    assert after.count(added) == 2
    assert after.replace(added, "").startswith(before)
    assert export(schema.parent, project=project).is_complete
    assert export(schema.parent, project=project, check=True).is_complete
    assert export(schema.parent, check=True).is_complete


def test_names_of_the_node_side_are_used(project: Project, schema: Path) -> None:
    schema.write_text(changed(*RENAMED))
    define_recognition()
    export(schema.parent, project=project)
    parsed = parse_prisma(schema.read_text())
    tables = {model.database_name: model for model in parsed.models}
    (user,) = (each for each in tables["Recognition"].fields if each.name == "user")
    assert user.type == tables["User"].name
    assert tables["User"].field("recognitions") is not None
    assert export(schema.parent, project=project, check=True).is_complete


def test_line_ends_are_those_of_the_file(project: Project, schema: Path) -> None:
    schema.write_bytes(schema.read_bytes().replace(b"\n", b"\r\n"))
    define_recognition()
    export(schema.parent, project=project)
    content = schema.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")


def test_a_field_and_an_index_that_are_added_later_are_added_there(
    project: Project, schema: Path
) -> None:
    define_recognition()
    export(schema.parent, project=project)
    full = schema.read_text()
    reduced = full.replace("  modelVersion String\n", "").replace("  @@index([signId])\n\n", "")
    schema.write_text(
        reduced.replace("  @@unique([modelVersion, userId, signId])\n", "").replace(
            "  @@index([signId])\n  @@unique", "  @@unique"
        )
    )
    found = export(schema.parent, project=project)
    assert ("Recognition", "modelVersion String") in [(e.model, e.attribute) for e in found.lines]
    model = next(m for m in parse_prisma(schema.read_text()).models if m.name == "Recognition")
    assert model.field("modelVersion") is not None


def test_two_keys_to_one_model_have_names(project: Project, schema: Path) -> None:
    class Message(BaseModel):
        id = IdField()
        sender = ForeignKey(User, backref="sent", on_delete="CASCADE")
        reader = ForeignKey(User, backref="received", on_delete="SET NULL", null=True)
        answer = ForeignKey("self", backref="answered", on_delete="SET NULL", null=True)

    assert Message in service_models()
    export(schema.parent, project=project)
    text = schema.read_text()
    assert '  sent Message[] @relation("Message_sender")\n' in text
    assert '  received Message[] @relation("Message_reader")\n' in text
    assert '@relation("Message_sender", fields: [senderId], references: [id], onDelete' in text
    assert 'User?     @relation("Message_reader", fields: [readerId], references: [id])' in text
    assert '  answered Message[] @relation("Message_answer")\n' in text


def test_a_field_that_is_taken_is_named(project: Project, schema: Path) -> None:
    text = schema.read_text().replace("  email ", "  recognitions Int?\n  email ", 1)
    schema.write_text(text)
    define_recognition()
    with pytest.raises(SchemaMismatchError) as caught:
        export(schema.parent, project=project)
    assert any("User.recognitions is not the opposite" in each for each in caught.value.differences)
    assert schema.read_text() == text


def test_a_type_that_prisma_lacks_is_named(project: Project, schema: Path) -> None:
    class Odd(BaseModel):
        id = IdField()
        text = TextField()

    Odd.text.field_type = "TSVECTOR"
    with pytest.raises(InvalidInputError, match=r"Odd\.text: has the type TSVECTOR"):
        export(schema.parent, project=project)
