"""What a pack would change: by natural keys, shown before anything is written."""

from typing import Any

import pytest

import triosigno_db as db
from tests.packs.contents import YAML, pack
from tests.plain_sql import count_rows
from triosigno_db.packs import (
    load_pack,
    preview_pack,
)
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_module


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("Saluer, remercier", "Dire bonjour", ("category", "Politesse", ("description",))),
        ("bonjour.mp4", "salut.mp4", ("sign", "Bonjour", ("video_url",))),
        (
            "    image_url: https://media.example.org/merci.webp\n",
            "",
            ("sign", "Merci", ("image_url",)),
        ),
        ("Pour commencer", "Au début", ("module", "Premiers pas", ("description",))),
        ("Le matin", "Le soir", ("lesson", "Saluer", ("description",))),
        ("[Merci, Bonjour]", "[Bonjour, Merci]", ("lesson", "Saluer", ("signs",))),
        ("[Merci, Bonjour]", "[]", ("lesson", "Saluer", ("signs",))),
        ("xp_reward: 10", "xp_reward: 20", ("achievement", "Premier signe", ("xp_reward",))),
    ],
)
def test_one_difference_changes_one_row(
    triosigno_db: IsolatedDatabase, earlier: str, later: str, expected: tuple[Any, ...]
) -> None:
    load_pack(pack())
    changed = pack(YAML.replace(earlier, later))
    assert preview_pack(changed).changes == (expected,)
    assert load_pack(changed).changes == (expected,)
    assert load_pack(changed).changes == ()


def test_a_preview_writes_nothing(triosigno_db: IsolatedDatabase) -> None:
    preview = preview_pack(pack())
    assert set(count_rows(triosigno_db.url).values()) == {0}
    assert [change[:2] for change in preview.changes] == [
        change[:2] for change in load_pack(pack()).changes
    ]


def test_two_modules_of_one_title_are_a_conflict(triosigno_db: IsolatedDatabase) -> None:
    make_module(lessons=0, title="Premiers pas")
    make_module(lessons=0, title="Premiers pas")
    with pytest.raises(db.ConflictError, match="more than one module 'Premiers pas'"):
        load_pack(pack())
    assert count_rows(triosigno_db.url)["Sign"] == 0
