"""What a change involves: enum types that are created again, columns that get another type."""

import pytest

from tests.migrator.autogenerate.schemas import LEVEL, LEVELLED, labels, made_by, thing
from triosigno_db.migrator.autogenerate.change import Change

ARRAY = thing('"level" "Level"[] DEFAULT \'{LOW}\',')
NEW_COLUMN = thing('"level" "Level" NOT NULL DEFAULT \'LOW\', "other" "Level" DEFAULT \'TOP\',')


@pytest.mark.parametrize(
    ("before", "after", "is_rebuilt"),
    [
        (LEVEL + LEVELLED, labels("LOW", "HIGH", "TOP") + LEVELLED, False),
        (LEVEL + LEVELLED, labels("HIGH", "LOW") + LEVELLED, True),
        (LEVEL + LEVELLED, labels("LOW") + LEVELLED, True),
        (LEVEL + LEVELLED, labels("LOW", "HIGH", "TOP") + NEW_COLUMN, True),
        (LEVEL + ARRAY, labels("LOW", "HIGH", "TOP") + ARRAY, False),
        (
            LEVEL + ARRAY,
            labels("LOW", "HIGH", "TOP") + ARRAY.replace("{LOW}", "{TOP}"),
            True,
        ),
        (
            LEVEL + thing('"level" TEXT, "other" "Level",'),
            labels("LOW", "HIGH", "TOP") + thing('"level" "Level", "other" "Level",'),
            True,
        ),
    ],
)
def test_a_type_is_created_again_where_labels_can_not_be_added_in_place(
    connected: str, before: str, after: str, is_rebuilt: bool
) -> None:
    change = Change(made_by("before", before), made_by("after", after))
    assert change.changed_enums == {"Level"}
    assert change.rebuilt == ({"Level"} if is_rebuilt else set())
    assert change.is_retyped("Thing", "level") is is_rebuilt


def test_a_column_of_another_type_is_retyped(connected: str) -> None:
    before = made_by("before", thing('"size" INTEGER, "name" TEXT,'))
    change = Change(before, made_by("after", thing('"size" TEXT, "name" TEXT,')))
    assert change.retyped == {"Thing": {"size"}}
