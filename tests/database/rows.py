"""Rows that the tests of the database look at."""

from triosigno_db.models import SignCategory


def category_names() -> set[str]:
    return {category.name for category in SignCategory.select()}
