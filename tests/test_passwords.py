"""Passwords: hashed as bcrypt does, compared in the time that a hash of the cost takes."""

import bcrypt
import pytest
from pydantic import SecretStr

from triosigno_db import passwords
from triosigno_db.errors import InvalidInputError

COST = 4


@pytest.mark.parametrize("password", ["x", " ", "x" * 72, "é" * 36, "𝄞" * 18])
def test_a_password_is_verified_by_its_hash(password: str) -> None:
    hashed = passwords.hash_password(password, cost=COST)
    assert hashed.startswith("$2b$04$")
    assert bcrypt.checkpw(password.encode(), hashed.encode())
    assert passwords.verify_password(password, hashed, cost=COST)
    assert not passwords.verify_password(password + "y", hashed, cost=COST)


def test_equal_passwords_have_different_hashes() -> None:
    assert passwords.hash_password("x", cost=COST) != passwords.hash_password("x", cost=COST)


@pytest.mark.parametrize("password", ["", "x" * 73, "é" * 37, "a\0b", "\ud800", None, b"bytes", 7])
def test_a_password_that_bcrypt_can_not_hash_is_refused(password: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        passwords.check_password_length(password, "new")
    assert caught.value.field == "new"
    with pytest.raises(InvalidInputError):
        passwords.hash_password(password, cost=COST)


@pytest.mark.parametrize("password", ["", "x" * 73, "a\0b", "\ud800"])
def test_a_password_that_could_not_be_hashed_is_wrong(password: str) -> None:
    hashed = passwords.hash_password("x" * 72, cost=COST)
    assert not passwords.verify_password(password, hashed, cost=COST)
    assert not passwords.verify_password("*", None, cost=COST)


@pytest.mark.parametrize("wrapped", ["secret", SecretStr("secret")])
def test_a_wrapped_password_is_revealed(wrapped: str | SecretStr) -> None:
    assert passwords.reveal_password("password", wrapped) == "secret"


@pytest.mark.parametrize("wrong", [None, 7, b"secret", ["secret"]])
def test_what_is_no_text_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        passwords.reveal_password("current", wrong)
    assert caught.value.field == "current"


@pytest.mark.parametrize("version", ["2a", "2b", "2y"])
def test_hashes_of_other_software_are_read(version: str) -> None:
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(COST)).decode()
    hashed = hashed.replace("$2b$", f"${version}$")
    assert passwords.cost_of(hashed) == COST
    assert passwords.verify_password("secret", hashed, cost=COST)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "secret",
        "$2b$12$tooshort",
        "$2x$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde",
        "$2b$03$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde",
        "$2b$32$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde",
        # The salt's last character has four values only.
        "$2b$04$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZabcde",
        "$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde\n",
        "$argon2id$v=19$m=65536,t=3,p=4$abc$def",
    ],
)
def test_what_is_no_hash_has_no_cost_and_lets_nobody_in(text: str | None) -> None:
    assert passwords.cost_of(text) is None
    assert not passwords.verify_password("secret", text, cost=COST)


@pytest.mark.parametrize("stored", [None, 4, 5, 6])
def test_a_refusal_takes_the_rounds_of_a_hash_of_the_cost(
    stored: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = stored and bcrypt.hashpw(b"secret", bcrypt.gensalt(stored)).decode()
    spent: list[int] = []
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw

    def count_hash(password: bytes, salt: bytes) -> bytes:
        spent.append(2 ** int(salt[4:6]))
        return hashpw(password, salt)

    def count_check(password: bytes, known: bytes) -> bool:
        spent.append(2 ** int(known[4:6]))
        return checkpw(password, known)

    monkeypatch.setattr(bcrypt, "hashpw", count_hash)
    monkeypatch.setattr(bcrypt, "checkpw", count_check)
    assert not passwords.verify_password("wrong", hashed or None, cost=6)
    assert sum(spent) == 2**6


def test_the_highest_cost_is_that_of_new_hashes_or_above() -> None:
    highest = passwords.HighestCost(6)
    highest.add(None)
    highest.add(4)
    assert highest.value == 6
    highest.add(8)
    highest.add(7)
    assert highest.value == 8
