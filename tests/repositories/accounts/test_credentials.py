"""Logging in and changing passwords: who is let in, and what is told to who is not."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import bcrypt
import pytest

import triosigno_db as db
from tests.interrupting import InterruptionError, interrupted_at
from tests.plain_sql import run_plain
from tests.repositories.accounts.users import insert_user
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

PASSWORD = "un mot de passe é 🤟🏽"


def hash_of(password: str, prefix: str = "$2b$", cost: int = 4) -> str:
    made = bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()
    return prefix + made.removeprefix("$2b$")


def store_hash(url: str, user_id: str, password_hash: str) -> None:
    run_plain(url, 'UPDATE "User" SET "password" = %s WHERE "id" = %s', (password_hash, user_id))


def stored_hash(url: str, user_id: str) -> str:
    ((found,),) = run_plain(url, 'SELECT "password" FROM "User" WHERE "id" = %s', (user_id,))
    return str(found)


@contextmanager
def counting_rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count bcrypt's rounds: the work itself, which time would show only on an idle machine."""
    rounds = [0]
    hash_password, check_password = bcrypt.hashpw, bcrypt.checkpw

    def count(salt: bytes) -> None:
        rounds[0] += 2 ** int(salt[4:6])

    def counted_hash(password: bytes, salt: bytes) -> bytes:
        count(salt)
        return hash_password(password, salt)

    def counted_check(password: bytes, hashed: bytes) -> bool:
        count(hashed)
        return check_password(password, hashed)

    with monkeypatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", counted_hash)
        patch.setattr(bcrypt, "checkpw", counted_check)
        yield rounds


def test_a_login_is_an_address_in_any_case_or_a_username(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(email="Camille@Example.org", username="Camille", password=PASSWORD)
    for login in ("camille@example.org", " CAMILLE@EXAMPLE.ORG", " Camille "):
        assert db.authenticate(login, PASSWORD) == db.get_user(user.id)
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate("camille", PASSWORD)


@pytest.mark.parametrize(
    "wrong", ["", "un mot de passe", PASSWORD + " ", "x" * 73, PASSWORD + "\0", "\ud800", "é" * 40]
)
def test_a_wrong_password_is_told_like_an_unknown_login(
    triosigno_db: IsolatedDatabase, wrong: str
) -> None:
    user = make_user(password=PASSWORD)
    told = []
    for login in (user.username, "nobody"):
        with pytest.raises(db.InvalidCredentialsError) as caught:
            db.authenticate(login, wrong)
        told.append((str(caught.value), caught.value.args, caught.value.__cause__))
    assert told[0] == told[1]


@pytest.mark.parametrize("stored", [4, 5, 6, 7, None])
def test_a_refusal_takes_as_many_rounds_whoever_it_is(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch, stored: int | None
) -> None:
    user, cheap = make_user(password=PASSWORD), make_user(password=PASSWORD)
    store_hash(
        triosigno_db.url, user.id, "no hash" if stored is None else hash_of(PASSWORD, cost=stored)
    )
    db.connect(triosigno_db.url, password_cost=6)
    spent = []
    calls: list[Callable[[], object]] = [
        lambda: db.authenticate(user.username, "wrong"),
        lambda: db.authenticate("nobody", "wrong"),
        lambda: db.authenticate("nobody@example.org", "wrong"),
        lambda: db.authenticate(cheap.username, "wrong"),
        lambda: db.authenticate(cheap.username, ""),
        lambda: db.change_password(cheap.id, "wrong", "new"),
    ]
    for call in calls:
        with counting_rounds(monkeypatch) as rounds:
            with pytest.raises(db.InvalidCredentialsError):
                call()
            spent.append(rounds[0])
    assert spent == [2 ** max(6, stored or 6)] * len(calls)


def test_a_right_password_of_a_higher_cost_raises_the_rounds_of_an_unknown_login(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user()
    store_hash(triosigno_db.url, user.id, hash_of(PASSWORD, cost=8))
    assert db.authenticate(user.username, PASSWORD).id == user.id
    with counting_rounds(monkeypatch) as rounds, pytest.raises(db.InvalidCredentialsError):
        db.authenticate("nobody", PASSWORD)
    assert rounds[0] == 2**8
    # It is learned by each connected database anew.
    db.connect(triosigno_db.url, password_cost=4)
    with counting_rounds(monkeypatch) as rounds, pytest.raises(db.InvalidCredentialsError):
        db.authenticate("nobody", PASSWORD)
    assert rounds[0] == 2**4


def test_who_knows_the_password_learns_that_the_account_is_inactive(
    triosigno_db: IsolatedDatabase,
) -> None:
    user = make_user(password=PASSWORD)
    db.deactivate_user(user.id)
    with pytest.raises(db.AccountInactiveError) as caught:
        db.authenticate(user.username, PASSWORD)
    assert caught.value.user_id == user.id
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate(user.username, "wrong")
    db.reactivate_user(user.id)
    assert db.authenticate(user.username, PASSWORD).id == user.id


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_hashes_of_other_software_are_read(triosigno_db: IsolatedDatabase, prefix: str) -> None:
    user = make_user()
    store_hash(triosigno_db.url, user.id, hash_of(PASSWORD, prefix))
    assert db.authenticate(user.username, PASSWORD).id == user.id


@pytest.mark.parametrize(
    "stored",
    ["", "plain", "$2b$04$short", "$argon2id$v=19$m=1", "$2x$04$" + "a" * 53, "$2b$99$" + "." * 53],
)
def test_what_is_no_hash_lets_nobody_in(triosigno_db: IsolatedDatabase, stored: str) -> None:
    user = make_user()
    store_hash(triosigno_db.url, user.id, stored)
    for password in (PASSWORD, stored or "x"):
        with pytest.raises(db.InvalidCredentialsError):
            db.authenticate(user.username, password)


def test_an_account_without_a_password_lets_nobody_in(triosigno_db: IsolatedDatabase) -> None:
    """The Node side may allow that, for accounts of another identity provider."""
    user = make_user()
    run_plain(triosigno_db.url, 'ALTER TABLE "User" ALTER "password" DROP NOT NULL')
    run_plain(triosigno_db.url, 'UPDATE "User" SET "password" = NULL')
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate(user.username, PASSWORD)
    with pytest.raises(db.InvalidCredentialsError):
        db.change_password(user.id, PASSWORD, "another")
    db.set_password(user.id, PASSWORD)
    assert db.authenticate(user.username, PASSWORD).id == user.id


def test_a_cheaper_hash_is_renewed_by_the_next_login(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(password=PASSWORD)
    db.connect(triosigno_db.url, password_cost=5)
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate(user.username, "wrong")
    assert stored_hash(triosigno_db.url, user.id).startswith("$2b$04$")
    db.authenticate(user.username, PASSWORD)
    renewed = stored_hash(triosigno_db.url, user.id)
    assert renewed.startswith("$2b$05$")
    db.authenticate(user.username, PASSWORD)
    assert stored_hash(triosigno_db.url, user.id) == renewed


def test_a_dearer_hash_is_kept(triosigno_db: IsolatedDatabase) -> None:
    user = make_user()
    store_hash(triosigno_db.url, user.id, dear := hash_of(PASSWORD, cost=6))
    db.authenticate(user.username, PASSWORD)
    assert stored_hash(triosigno_db.url, user.id) == dear


def test_a_login_of_two_accounts_locks_neither_out(triosigno_db: IsolatedDatabase) -> None:
    login = "victim@example.org"
    old_name = insert_user(triosigno_db.url, "other@example.org", login, password="theirs")
    address = make_user(email=login, password=PASSWORD)
    assert db.authenticate(login, PASSWORD).id == address.id
    assert db.authenticate(login, "theirs").id == old_name
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate(login, "another")


def test_with_one_password_the_address_comes_before_the_username(
    triosigno_db: IsolatedDatabase,
) -> None:
    insert_user(triosigno_db.url, "other@example.org", "ANA@example.org", password="p", age=9)
    newer = insert_user(triosigno_db.url, "Ana@example.org", "b", password="p", age=1)
    older = insert_user(triosigno_db.url, "ana@example.org", "c", password="p", age=2)
    logins = ("ANA@example.org", "ana@example.org", "Ana@example.org", " ana@example.org")
    found = [db.authenticate(login, "p").id for login in logins]
    assert found == [older, older, newer, older]


def test_five_accounts_of_a_login_are_tried(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("ANA", "ANa", "AnA", "Ana", "aNA", "aNa")
    for age, name in enumerate(names):
        insert_user(triosigno_db.url, f"{name}@example.org", name, password=name, age=age)
    assert {db.authenticate("ana@example.org", name).username for name in names[1:]} == {*names[1:]}
    with counting_rounds(monkeypatch) as rounds, pytest.raises(db.InvalidCredentialsError):
        db.authenticate("ana@example.org", "wrong")
    assert rounds[0] == 5 * 2**4


def test_an_inactive_account_does_not_hide_an_active_one(triosigno_db: IsolatedDatabase) -> None:
    inactive = make_user(email="ana@example.org", password="p")
    db.deactivate_user(inactive.id)
    active = insert_user(triosigno_db.url, "ANA@example.org", "a", password="p")
    assert db.authenticate("ana@example.org", "p").id == active
    db.deactivate_user(active)
    with pytest.raises(db.AccountInactiveError) as caught:
        db.authenticate("ana@example.org", "p")
    assert caught.value.user_id == inactive.id


def test_addresses_that_differ_in_case_only_are_told_apart(triosigno_db: IsolatedDatabase) -> None:
    lower, upper = make_user(email="ana@example.org"), make_user()
    run_plain(
        triosigno_db.url,
        'UPDATE "User" SET "email" = %s WHERE "id" = %s',
        ("ANA@example.org", upper.id),
    )
    found = [
        db.find_user_by_email(each)
        for each in ("ANA@example.org", "ana@example.org", "Ana@example.org")
    ]
    assert [user and user.id for user in found] == [upper.id, lower.id, lower.id]


def test_a_password_is_changed_by_who_knows_it(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(password=PASSWORD)
    with pytest.raises(db.InvalidCredentialsError):
        db.change_password(user.id, "wrong", "new")
    db.change_password(user.id, PASSWORD, "new")
    assert db.authenticate(user.username, "new").id == user.id
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate(user.username, PASSWORD)
    assert db.get_user(user.id).updated_at > user.updated_at


def test_a_password_is_set_whatever_it_was(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(password=PASSWORD)
    db.set_password(user.id, "new")
    assert db.authenticate(user.username, "new").id == user.id


@pytest.mark.parametrize("new", ["", "x" * 73, "é" * 37, "a\0b", "\ud800", 1, None])
def test_a_password_that_can_not_be_hashed_is_refused(
    triosigno_db: IsolatedDatabase, new: Any
) -> None:
    user = make_user(password=PASSWORD)
    with pytest.raises(db.InvalidInputError, match=r"^new: must"):
        db.change_password(user.id, PASSWORD, new)
    with pytest.raises(db.InvalidInputError, match=r"^password: must"):
        db.set_password(user.id, new)
    assert db.authenticate(user.username, PASSWORD).id == user.id


def test_72_bytes_are_a_whole_password(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(password="é" * 36)
    assert db.authenticate(user.username, "é" * 36).id == user.id
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate(user.username, "é" * 36 + "x")


def test_an_unknown_account_has_no_password(triosigno_db: IsolatedDatabase) -> None:
    for change in (
        lambda: db.change_password(uuid4(), PASSWORD, "new"),
        lambda: db.set_password(uuid4(), "new"),
    ):
        with pytest.raises(db.NotFoundError) as caught:
            change()
        assert caught.value.entity == "User"


def test_of_two_changes_at_once_one_wins(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(password=PASSWORD)
    barrier = threading.Barrier(2)
    outcomes: dict[str, type[BaseException] | None] = {}

    def change(new: str) -> None:
        barrier.wait()
        try:
            db.change_password(user.id, PASSWORD, new)
        except db.TrioSignoDBError as error:
            outcomes[new] = type(error)
        else:
            outcomes[new] = None

    threads = [threading.Thread(target=change, args=(new,)) for new in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [new for new, error in outcomes.items() if error is None]
    assert {*outcomes.values()} <= {None, db.ConflictError, db.InvalidCredentialsError}
    assert db.authenticate(user.username, winner).id == user.id


def test_no_error_shows_a_password_or_a_hash(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(password=PASSWORD)
    with pytest.raises(db.InvalidCredentialsError) as caught:
        db.authenticate(user.username, "a wrong secret")
    shown = repr(caught.value) + str(caught.value)
    assert "secret" not in shown
    assert "$2b$" not in shown


HASHING: dict[str, Callable[[str], object]] = {
    "authenticate": lambda user_id: db.authenticate("lea", PASSWORD),
    "change_password": lambda user_id: db.change_password(user_id, PASSWORD, "new"),
    "set_password": lambda user_id: db.set_password(user_id, "new"),
    "create_user": lambda user_id: db.create_user(
        db.NewUser(email="x@example.org", username="x", password="new")
    ),
}


@pytest.mark.parametrize("name", HASHING)
def test_no_connection_is_held_while_a_password_is_hashed(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    user = make_user(username="lea", password=PASSWORD)
    in_use: list[int] = []

    def counted(compute: Callable[..., Any]) -> Callable[..., Any]:
        def count(*given: bytes) -> Any:
            in_use.append(db.pool_status().in_use)
            return compute(*given)

        return count

    for function in ("hashpw", "checkpw"):
        monkeypatch.setattr(bcrypt, function, counted(getattr(bcrypt, function)))
    with db.connection():
        db.get_user(user.id)
        HASHING[name](user.id)
        db.get_user(user.id)
    assert len(in_use) == (2 if name == "change_password" else 1)
    assert set(in_use) == {0}
    with pytest.raises(ZeroDivisionError), db.transaction():
        db.set_password(user.id, "newer")
        assert in_use[-1] == 1
        raise ZeroDivisionError
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate("lea", "newer")


def test_a_call_that_is_interrupted_while_it_hashes_is_over(
    triosigno_db: IsolatedDatabase,
) -> None:
    with pytest.raises(InterruptionError), interrupted_at(Future.result):
        db.authenticate("lea", PASSWORD)
    assert db.pool_status().in_use == 0
