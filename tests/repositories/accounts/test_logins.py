"""Accounts are found by what is stored, in any case and form; no two have the same login."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from tests.repositories.accounts.users import insert_user
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

NFC, NFD = "l\u00e9a", "le\u0301a"


def id_of(user: db.UserRecord | None) -> str | None:
    return user and user.id


def outcomes_of(calls: list[Callable[[], Any]]) -> list[type[BaseException] | None]:
    """Run calls at once, each in a thread, and give the class of the error of each."""
    barrier = threading.Barrier(len(calls))
    outcomes: list[type[BaseException] | None] = []

    def run(call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            call()
        except db.TrioSignoDBError as error:
            outcomes.append(type(error))
        else:
            outcomes.append(None)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize(
    "stored",
    ["Alice@exemple.fr", "admin@localhost", "Zoe\u0301@exemple.fr", "a@xn--exmple-cua.fr", "a@@b",
     " a@exemple.fr ", "Léa <lea@exemple.fr>", "a" * 1000, "\u2003", "\u1e9e@exemple.fr", "\u0378"],
)  # fmt: skip
def test_a_stored_address_is_found_by_its_text(triosigno_db: IsolatedDatabase, stored: str) -> None:
    user_id = insert_user(triosigno_db.url, stored, "a", password="p")
    assert id_of(db.find_user_by_email(stored)) == user_id
    assert db.authenticate(stored, "p").id == user_id


@pytest.mark.parametrize(
    ("stored", "other"),
    [
        ("Alice@Exemple.fr", "aLICE@exemple.FR"),
        ("Admin@Localhost", " admin@localhost "),
        ("a@XN--EXMPLE-CUA.fr", "a@ex\u00e4mple.fr"),
        ("a@Ex\u00c4mple.fr", "A@xn--exmple-cua.fr"),
        ("Alice@exemple.fr", "Alice <alice@exemple.fr>"),
        ("\u0416\u00d8\u0394@exemple.fr", "\u0436\u00f8\u03b4@exemple.fr"),
    ],
)
def test_a_stored_address_is_found_in_another_case_and_form(
    triosigno_db: IsolatedDatabase, stored: str, other: str
) -> None:
    user_id = insert_user(triosigno_db.url, stored, "a", password="p")
    assert id_of(db.find_user_by_email(other)) == user_id
    assert db.authenticate(other, "p").id == user_id


def test_of_several_the_same_text_comes_first_and_then_the_oldest(
    triosigno_db: IsolatedDatabase,
) -> None:
    upper = insert_user(triosigno_db.url, "ANA@exemple.fr", "a", age=1)
    oldest = insert_user(triosigno_db.url, "Ana@exemple.fr", "b", age=2)
    lower = insert_user(triosigno_db.url, "ana@exemple.fr", "c")
    found = [
        id_of(db.find_user_by_email(f"{name}@exemple.fr")) for name in ("ANA", "ana", "aNa", "Ana")
    ]
    assert found == [upper, lower, oldest, oldest]


@pytest.mark.parametrize("call", [db.find_user_by_email, db.find_user_by_username])
@pytest.mark.parametrize("text", ["", "a\0b", "\ud800", "x" * 1001, None, 7, b"a"])
def test_what_can_not_be_stored_is_refused(
    triosigno_db: IsolatedDatabase, call: Callable[..., Any], text: Any
) -> None:
    with pytest.raises(db.InvalidInputError):
        call(text)
    with pytest.raises(db.InvalidInputError, match=r"^email_or_username: must"):
        db.authenticate(text, "p")


@pytest.mark.parametrize(
    ("stored", "searched"),
    [
        (" lea ", " lea "),
        ("lea", " lea\n"),
        (NFC, NFD),
        (NFD, NFC),
        (NFD, f"\u3000{NFC}\u2028"),
        ("lea@exemple.fr", "lea@exemple.fr"),
        ("a\u202eb", "a\u202eb"),
        ("x" * 1000, "x" * 1000),
        ("\u212a", "K"),
    ],
)
def test_a_stored_username_is_found(
    triosigno_db: IsolatedDatabase, stored: str, searched: str
) -> None:
    user_id = insert_user(triosigno_db.url, "a@exemple.fr", stored, password="p")
    insert_user(triosigno_db.url, "b@exemple.fr", "Lea")
    assert id_of(db.find_user_by_username(searched)) == user_id
    assert db.authenticate(searched, "p").id == user_id


def test_the_same_username_is_preferred_to_its_other_forms(triosigno_db: IsolatedDatabase) -> None:
    nfc = insert_user(triosigno_db.url, "a@exemple.fr", NFC, age=1)
    nfd = insert_user(triosigno_db.url, "b@exemple.fr", NFD)
    spaced = insert_user(triosigno_db.url, "c@exemple.fr", f" {NFC} ")
    found = [id_of(db.find_user_by_username(text)) for text in (NFC, NFD, f" {NFC} ", f"{NFC} ")]
    assert found == [nfc, nfd, spaced, nfc]


@pytest.mark.parametrize(
    ("field", "stored", "twin"),
    [
        ("email", "Alice@exemple.fr", "alice@exemple.fr"),
        ("email", "a@xn--exmple-cua.fr", "A@ex\u00c4mple.fr"),
        ("email", "Zoe\u0301@exemple.fr", "ZO\u00c9@exemple.fr"),
        ("email", "\u039d\u0399\u039a\u039f\u03a3@exemple.fr", "νικος@exemple.fr"),
        ("email", "a@exemple\u3002fr", "a@exemple.fr"),
        ("username", NFD, NFC),
        ("username", NFC, f" {NFD} "),
        ("username", "\u212a", "K"),
    ],
)
def test_a_twin_of_a_stored_login_is_refused(
    triosigno_db: IsolatedDatabase, field: str, stored: str, twin: str
) -> None:
    row = {"email": "row@exemple.fr", "username": "row", field: stored}
    stored_id = insert_user(triosigno_db.url, **row)
    user = make_user(username="another")
    before = run_plain(triosigno_db.url, 'SELECT * FROM "User" ORDER BY "id"')
    for write in (
        lambda: make_user(**{field: twin}),
        lambda: db.update_user(user.id, db.UserChanges(**{field: twin, "last_name": "x"})),
    ):
        with pytest.raises(db.AlreadyExistsError) as caught:
            write()
        assert (caught.value.entity, caught.value.field) == ("User", field)
        assert caught.value.prisma_code == "P2002"
    assert run_plain(triosigno_db.url, 'SELECT * FROM "User" ORDER BY "id"') == before
    changed = db.update_user(stored_id, db.UserChanges(**{field: twin}))
    assert getattr(changed, field) == getattr(db.UserChanges(**{field: twin}), field)


def test_of_two_taken_logins_the_address_is_named(triosigno_db: IsolatedDatabase) -> None:
    insert_user(triosigno_db.url, "a@exemple.fr", NFD)
    insert_user(triosigno_db.url, "B@exemple.fr", "b")
    user = make_user()
    both = {"email": "b@exemple.fr", "username": NFC}
    for write in (
        lambda: make_user(**both),
        lambda: db.update_user(user.id, db.UserChanges(**both)),
    ):
        with pytest.raises(db.AlreadyExistsError) as caught:
            write()
        assert (caught.value.field, caught.value.value) == ("email", "b@exemple.fr")


def test_other_addresses_and_names_are_free(triosigno_db: IsolatedDatabase) -> None:
    make_user(email="strasse@exemple.fr", username="lea")
    make_user(email="stra\u00dfe@exemple.fr", username="Lea")
    make_user(email="strass\u00e9@exemple.fr", username=NFC)


def test_an_unknown_account_is_told_before_a_taken_login(triosigno_db: IsolatedDatabase) -> None:
    insert_user(triosigno_db.url, "Alice@exemple.fr", "a")
    with pytest.raises(db.NotFoundError):
        db.update_user("nobody", db.UserChanges(email="alice@exemple.fr"))


CASES = ("alice", "Alice", "ALICE", "aLiCe", "alicE")


def test_of_fifty_callers_with_variants_of_an_address_one_succeeds(
    triosigno_db: IsolatedDatabase,
) -> None:
    news = [
        db.NewUser(email=f"{CASES[number % 5]}@exemple.fr", username=f"u{number}", password="p")
        for number in range(50)
    ]
    outcomes = outcomes_of([lambda new=new: db.create_user(new) for new in news])
    assert sorted(map(str, outcomes)) == sorted(map(str, [db.AlreadyExistsError] * 49 + [None]))
    assert count_rows(triosigno_db.url)["User"] == count_rows(triosigno_db.url)["UserPreference"]
    assert count_rows(triosigno_db.url)["User"] == 1


def test_of_many_that_change_to_variants_of_a_username_one_succeeds(
    triosigno_db: IsolatedDatabase,
) -> None:
    users = [make_user() for _ in range(20)]
    forms = [db.UserChanges(username=(NFC, NFD)[number % 2]) for number in range(20)]
    outcomes = outcomes_of(
        [
            lambda user=user, form=form: db.update_user(user.id, form)
            for user, form in zip(users, forms, strict=True)
        ]
    )
    assert outcomes.count(None) == 1
    assert outcomes.count(db.AlreadyExistsError) == 19
