"""Look-ups by name, where other software has stored the name in a form of its own."""

import unicodedata

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_achievement, make_sign, make_user

NFC, NFD = "Éléphant", unicodedata.normalize("NFD", "Éléphant")


def store(url: str, table: str, row_id: str, name: str) -> None:
    """Rename a row as Prisma does: the name is stored as it was typed."""
    run_plain(url, f'UPDATE "{table}" SET name = %s WHERE id = %s', (name, row_id))


@pytest.mark.parametrize("stored", [NFC, NFD])
@pytest.mark.parametrize("given", [NFC, NFD, f"\u00a0{NFD}\n"])
def test_a_sign_is_found_in_either_form(
    triosigno_db: IsolatedDatabase, stored: str, given: str
) -> None:
    sign = make_sign()
    store(triosigno_db.url, "Sign", sign.id, stored)
    found = db.find_sign_by_name(given)
    assert found is not None
    assert found.name == stored


def test_a_name_with_spaces_around_is_found_by_itself(triosigno_db: IsolatedDatabase) -> None:
    spaced, plain = make_sign(), make_sign(name="Léa")
    store(triosigno_db.url, "Sign", spaced.id, " Léa ")
    assert db.find_sign_by_name(" Léa ") == db.get_sign(spaced.id)
    assert db.find_sign_by_name("Léa") == plain
    assert db.find_sign_by_name("Léa\n") == plain
    store(triosigno_db.url, "Sign", spaced.id, " !!! ")
    assert [sign.id for sign in db.search_signs(" !!! ").items] == [spaced.id]


def test_of_two_forms_the_one_that_was_given_comes_first(triosigno_db: IsolatedDatabase) -> None:
    composed, decomposed = make_sign(name=NFC), make_sign()
    store(triosigno_db.url, "Sign", decomposed.id, NFD)
    for given, expected in ((NFC, composed), (NFD, decomposed), (f" {NFD}", composed)):
        found = db.find_sign_by_name(given)
        assert found is not None
        assert found.id == expected.id


@pytest.mark.parametrize("stored", [NFC, NFD, f" {NFC} "])
@pytest.mark.parametrize("given", [NFC, NFD, f" {NFC} "])
def test_an_achievement_is_awarded_by_its_name_in_either_form(
    triosigno_db: IsolatedDatabase, stored: str, given: str
) -> None:
    user, achievement = make_user().id, make_achievement()
    store(triosigno_db.url, "Achievement", achievement.id, stored)
    if stored == f" {NFC} " and given != stored:
        with pytest.raises(db.NotFoundError):
            db.award_achievement(user, given)
        return
    assert db.award_achievement(user, given).achievement_id == achievement.id
    db.revoke_achievement(user, given)
    assert db.list_user_achievements(user).items == ()


def test_an_id_is_taken_as_it_stands(triosigno_db: IsolatedDatabase) -> None:
    user, odd_id = make_user().id, f" {NFD}\t" + "x" * 240
    achievement = make_achievement(name=NFC)
    other = make_achievement()
    run_plain(
        triosigno_db.url, 'UPDATE "Achievement" SET id = %s WHERE id = %s', (odd_id, other.id)
    )
    assert db.award_achievement(user, odd_id).achievement_id == odd_id
    assert db.award_achievement(user, NFD).achievement_id == achievement.id
    db.revoke_achievement(user, odd_id)
    assert len(db.list_user_achievements(user).items) == 1


@pytest.mark.parametrize("name", ["", "x" * 256, "\0", 7])
def test_what_is_neither_an_id_nor_a_name_is_refused(
    triosigno_db: IsolatedDatabase, name: object
) -> None:
    for call in (db.award_achievement, db.revoke_achievement):
        with pytest.raises(db.InvalidInputError, match="name_or_id"):
            call(make_user().id, name)
