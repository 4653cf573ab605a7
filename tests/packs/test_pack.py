"""A pack as an object, and the starter pack."""

import pytest

import triosigno_db as db
from tests.plain_sql import count_rows
from triosigno_db.packs import ContentPack, load_pack, preview_pack, starter_pack
from triosigno_db.testing import IsolatedDatabase


def test_the_starter_pack_is_as_large_as_promised() -> None:
    pack = starter_pack()
    names = {sign.name for sign in pack.signs}
    assert len(names) >= 100
    assert len(pack.categories) == 6
    assert len(pack.modules) == 4
    assert sum(len(module.lessons) for module in pack.modules) == 16
    assert {f"Lettre {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} <= names
    assert {"Zéro", "Vingt", "Bonjour", "Mère", "Rouge", "Dimanche"} <= names


def test_every_sign_of_the_starter_pack_is_taught() -> None:
    pack = starter_pack()
    taught = {name for module in pack.modules for lesson in module.lessons for name in lesson.signs}
    assert taught == {sign.name for sign in pack.signs}


def test_a_pack_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        starter_pack().signs = ()  # type: ignore[misc]
    assert isinstance(starter_pack(), ContentPack)


def test_a_pack_that_was_not_validated_is_refused(triosigno_db: IsolatedDatabase) -> None:
    pack = starter_pack()
    sign = pack.signs[0]
    for bad in (
        pack.model_copy(update={"signs": (sign.model_copy(update={"name": "x" * 500}),)}),
        pack.model_copy(update={"signs": (sign.model_copy(update={"video_url": "no URL"}),)}),
        pack.model_copy(update={"signs": (sign, sign)}),
        pack.model_copy(update={"extra": 1}),
        ContentPack.model_construct(signs=[1]),
        None,
    ):
        for use in (load_pack, preview_pack):
            with pytest.raises(db.InvalidInputError):
                use(bad)  # type: ignore[arg-type]
    assert {*count_rows(triosigno_db.url).values()} == {0}
