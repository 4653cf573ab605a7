"""The canonical form of an address: one for all its cases and forms."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triosigno_db.records.emails import ascii_email, canonical_email

# What an address may hold before the @: the library is asked, as its rules are long.
LETTERS = st.characters(categories=["Lu", "Ll", "Lt", "Lo", "Mn", "Nd"])


def is_address(text: str) -> bool:
    try:
        canonical_email(text)
    except ValueError:
        return False
    return True


ADDRESSES = st.text(LETTERS, min_size=1, max_size=12).map("{}@exemple.fr".format).filter(is_address)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Alice@Exemple.FR", "alice@exemple.fr"),
        (" Léa <Lea@exemple.fr> ", "lea@exemple.fr"),
        ("a@xn--exmple-cua.fr", "a@exämple.fr"),
        ("a@XN--EXMPLE-CUA.fr", "a@exämple.fr"),
        ("Zoe\u0301@exe\u0301mple.fr", "zo\u00e9@ex\u00e9mple.fr"),
        ("\u00c9@EX\u00c9MPLE.fr", "\u00e9@ex\u00e9mple.fr"),
        ("a@exemple\uff0efr", "a@exemple.fr"),
        ("a@exemple\u3002fr", "a@exemple.fr"),
        ("a@\uff45xemple.fr", "a@exemple.fr"),
        ("ΝΙΚΟΣ@exemple.fr", "νικος@exemple.fr"),
        ("Νικοσ@exemple.fr", "νικος@exemple.fr"),
        ("ΝΙΣ-ΝΑΣ@exemple.fr", "νις-νας@exemple.fr"),
        ("\u0130@exemple.fr", "i\u0307@exemple.fr"),
        ("I@exemple.fr", "i@exemple.fr"),
        ("\u0131@exemple.fr", "\u0131@exemple.fr"),
        ("straße@exemple.fr", "straße@exemple.fr"),
        ("STRA\u1e9eE@exemple.fr", "straße@exemple.fr"),
        ("strasse@exemple.fr", "strasse@exemple.fr"),
    ],
)
def test_an_address_has_one_form(text: str, canonical: str) -> None:
    assert canonical_email(text) == canonical
    assert canonical_email(canonical) == canonical


@given(address=ADDRESSES)
def test_the_canonical_form_is_its_own(address: str) -> None:
    canonical = canonical_email(address)
    assert canonical_email(canonical) == canonical


@given(address=ADDRESSES, data=st.data())
def test_another_case_and_normal_form_have_the_same_canonical_form(
    address: str, data: st.DataObject
) -> None:
    def change(letter: str) -> str:
        upper = letter.upper()
        # The upper case of some letters is that of others: ss for ß, I for the dotless i.
        is_reversible = upper.lower() == letter or letter in "σς"
        return upper if is_reversible and data.draw(st.booleans()) else letter

    changed = "".join(map(change, address))
    form = data.draw(st.sampled_from(("NFC", "NFD")))
    assert canonical_email(unicodedata.normalize(form, changed)) == canonical_email(address)


@pytest.mark.parametrize(
    "text",
    ["", "a", "@", "a@", "@exemple.fr", "admin@localhost", "a b@exemple.fr", "a@exemple..fr",
     "a@b@exemple.fr", "a\0@exemple.fr", "\ud800@exemple.fr", "x" * 3000, f"{'é' * 130}@exemple.fr",
     f"{chr(0x130) * 100}@exemple.fr"],
)  # fmt: skip
def test_what_is_no_address_has_none(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        canonical_email(text)


@pytest.mark.parametrize(
    ("canonical", "in_ascii"),
    [
        ("zoé@exämple.fr", "zoé@xn--exmple-cua.fr"),
        ("a@straße.de", "a@xn--strae-oqa.de"),
        ("zoé@exemple.fr", "zoé@exemple.fr"),
    ],
)
def test_a_domain_has_a_form_in_ascii(canonical: str, in_ascii: str) -> None:
    assert ascii_email(canonical) == in_ascii
    assert canonical_email(in_ascii) == canonical
