"""The inputs of accounts: what a username may be, and the form it is kept in."""

from unicodedata import category, is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st

import triosigno_db as db


def kept(username: str) -> str:
    return db.UserChanges(username=username).username


@pytest.mark.parametrize(
    ("username", "form"),
    [
        ("lea", "lea"),
        ("L\u00e9a Moreau", "L\u00e9a Moreau"),
        (" \u3000lea\u2028\n", "lea"),
        ("le\u0301a", "l\u00e9a"),
        ("e\u0301" * 200, "\u00e9" * 200),
        ("🤟🏽", "🤟🏽"),
    ],
)
def test_a_username_is_kept_trimmed_and_in_normal_form_c(username: str, form: str) -> None:
    assert kept(username) == form
    assert db.NewUser(email="a@exemple.fr", username=username, password="p").username == form


@pytest.mark.parametrize(
    "username",
    ["", " \u2029", "a@b", "@", "a\u200bb", "a\u202eb", "a\x1b[31mb", "a\nb", "a\u2028b",
     "a\u2029b", "a\0b", "a\u00adb", "\ufeffa", "a\x85b", "x" * 201, "e\u0301" * 201, "x" * 1001,
     "\ud800"],
)  # fmt: skip
def test_a_wrong_username_is_refused(username: str) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        kept(username)
    assert caught.value.field == "username"
    assert len(str(caught.value)) < 100


@given(username=st.text())
def test_any_text_is_refused_or_is_a_username(username: str) -> None:
    try:
        form = kept(username)
    except db.InvalidInputError:
        return
    assert kept(form) == form
    assert is_normalized("NFC", form)
    assert not {category(each) for each in form} & {"Cc", "Cf", "Zl", "Zp"}


def test_an_address_is_kept_in_its_canonical_form() -> None:
    assert db.UserChanges(email="L\u00e9a <LEA@EXE\u0301MPLE.fr>").email == "lea@ex\u00e9mple.fr"
