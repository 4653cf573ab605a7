"""Passwords: hashed as bcrypt does, compared in the time that a hash of the cost takes."""

import threading

import bcrypt
import psycopg2.extensions
import pytest
from pydantic import SecretStr

from triosigno_db import passwords
from triosigno_db.errors import InvalidInputError
from triosigno_db.passwords import Secret

COST = 4


def hashed_by_others(password: bytes, cost: int = COST) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(cost)).decode()


def verify(password: str, password_hash: str | None, cost: int = COST) -> bool:
    stored = None if password_hash is None else Secret(password_hash)
    return passwords.verify_password(Secret(password), stored, cost=cost)


@pytest.mark.parametrize("password", ["x", " ", "x" * 72, "é" * 36, "𝄞" * 18])
def test_a_password_is_verified_by_its_hash(password: str) -> None:
    hashed = passwords.hash_password(Secret(password), cost=COST).get_secret_value()
    assert hashed.startswith("$2b$04$")
    assert bcrypt.checkpw(password.encode(), hashed.encode())
    assert verify(password, hashed)
    assert not verify(password + "y", hashed)


def test_equal_passwords_have_different_hashes() -> None:
    first, second = (passwords.hash_password(Secret("x"), cost=COST) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("password", ["", "x" * 73, "é" * 37, "a\0b", "\ud800", None, b"bytes", 7])
def test_a_password_that_bcrypt_can_not_hash_is_refused(password: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        passwords.check_password("new", Secret.of(password))
    assert caught.value.field == "new"


@pytest.mark.parametrize("password", ["", "x" * 73, "a\0b", "\ud800"])
def test_a_password_that_could_not_be_hashed_is_wrong(password: str) -> None:
    assert not verify(password, hashed_by_others(b"x" * 72))
    assert not verify("*", None)


@pytest.mark.parametrize("wrapped", ["secret", SecretStr("secret"), Secret("secret")])
def test_a_text_becomes_a_secret(wrapped: str | SecretStr) -> None:
    secret = Secret.of(wrapped)
    assert secret == Secret("secret")
    assert "secret" not in f"{secret!r} {secret}"
    assert passwords.check_text("password", secret) is secret


@pytest.mark.parametrize("wrong", [None, 7, b"secret", ["secret"]])
def test_what_is_no_text_is_refused(wrong: object) -> None:
    assert Secret.of(wrong) is None
    with pytest.raises(InvalidInputError) as caught:
        passwords.check_text("current", Secret.of(wrong))
    assert caught.value.field == "current"


def test_the_driver_sends_a_secret_as_text() -> None:
    adapted = psycopg2.extensions.adapt(Secret("it's"))
    assert adapted.getquoted() == b"'it''s'"


def test_functions_that_hash_are_marked_with_their_passwords() -> None:
    @passwords.hashes_password("password")
    def change(login: str, password: str) -> None: ...

    assert passwords.password_arguments(change) == ("password",)
    assert passwords.password_arguments(print) is None


@pytest.mark.parametrize("version", ["2a", "2b", "2y"])
def test_hashes_of_other_software_are_read(version: str) -> None:
    hashed = hashed_by_others(b"secret").replace("$2b$", f"${version}$")
    assert passwords.cost_of(Secret(hashed)) == COST
    assert verify("secret", hashed)


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
    assert passwords.cost_of(None if text is None else Secret(text)) is None
    assert not verify("secret", text)


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
    assert not verify("wrong", hashed or None, cost=6)
    assert sum(spent) == 2**6


def test_the_highest_cost_is_that_of_new_hashes_or_above() -> None:
    highest = passwords.HighestCost(6)
    highest.add(None)
    highest.add(4)
    assert highest.value == 6
    highest.add(8)
    highest.add(7)
    assert highest.value == 8


def test_the_threads_end_and_others_start_when_they_are_needed() -> None:
    assert verify("secret", hashed_by_others(b"secret"))
    before = hashing_threads()
    assert 1 <= len(before) <= passwords.HASHING_THREADS
    passwords.end_hashing_threads()
    for thread in before:
        thread.join(20)
        assert not thread.is_alive()
    assert verify("secret", hashed_by_others(b"secret"))
    passwords.end_hashing_threads()


def hashing_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("triosigno_db-hashing")]
