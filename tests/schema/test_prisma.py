"""The schema in Prisma's language."""

from triosigno_db.models import MODELS
from triosigno_db.schema import to_prisma


def test_the_prisma_schema_has_every_model() -> None:
    text = to_prisma()
    assert text.startswith("generator client {")
    assert [f"model {model.__name__} {{" in text for model in MODELS] == [True] * 11
