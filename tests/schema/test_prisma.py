"""The schema in Prisma's language."""

import pytest

from triosigno_db.errors import InvalidInputError
from triosigno_db.models import MODELS
from triosigno_db.schema import to_prisma


def test_the_prisma_schema_has_every_model() -> None:
    text = to_prisma()
    assert text.startswith("generator client {")
    assert [f"model {model.__name__} {{" in text for model in MODELS] == [True] * 11


def test_the_url_is_a_part_of_it_for_prisma_6_alone() -> None:
    url = '  url      = env("DATABASE_URL")\n'
    assert url in to_prisma(prisma=6)
    assert to_prisma(prisma=6).replace(url, "") == to_prisma() == to_prisma(prisma=7)
    with pytest.raises(InvalidInputError, match="prisma: must be 6 or 7"):
        to_prisma(prisma=8)
