"""The enums: their labels are those of the types in the database, in the same order."""

import pytest

from tests.plain_sql import run_plain
from triosigno_db.enums import DifficultyLevel, UserRole
from triosigno_db.testing import IsolatedDatabase

LABELS = "SELECT enumlabel FROM pg_enum WHERE enumtypid = %s::regtype ORDER BY enumsortorder"


@pytest.mark.parametrize("labels", [UserRole, DifficultyLevel])
def test_labels_are_those_of_the_database(
    triosigno_db: IsolatedDatabase, labels: type[UserRole | DifficultyLevel]
) -> None:
    stored = run_plain(triosigno_db.url, LABELS, (f'"{labels.__name__}"',))
    assert [label for (label,) in stored] == list(labels)


@pytest.mark.parametrize("member", [*UserRole, *DifficultyLevel])
def test_a_member_is_its_label(member: UserRole | DifficultyLevel) -> None:
    assert member == member.name == member.value == str(member)
