"""Accounts: made whole or not at all, and read with their preferences."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category, normalize
from uuid import UUID, uuid4

import bcrypt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.plain_sql import count_rows, run_before_insert, run_plain
from tests.repositories.accounts.users import lived_in
from triosigno_db.arguments import WHITE_SPACE
from triosigno_db.models import UserPreference
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

pytestmark = pytest.mark.usefixtures("triosigno_db")

INVISIBLE = ("Cc", "Cf", "Zl", "Zp")


def stored_hash(url: str, user_id: str) -> bytes:
    [(text,)] = run_plain(url, 'SELECT password FROM "User" WHERE id = %s', [user_id])
    return text.encode()


def usernames(page: db.Page[db.UserRecord]) -> list[str]:
    return [user.username for user in page.items]


def test_a_new_user_comes_back_with_all_that_was_given() -> None:
    user = db.create_user(
        db.NewUser(
            email="camille@example.org",
            username="camille",
            password="correct horse",
            first_name="Camille",
            last_name="Moreau",
            role=db.UserRole.TEACHER,
            profile_picture="https://media.example.org/camille.png",
        )
    )
    assert (user.email, user.username) == ("camille@example.org", "camille")
    assert (user.first_name, user.last_name) == ("Camille", "Moreau")
    assert user.role is db.UserRole.TEACHER
    assert user.profile_picture == "https://media.example.org/camille.png"


def test_what_is_not_given_takes_the_defaults() -> None:
    user = db.create_user(db.NewUser(email="a@example.org", username="a", password="x"))
    assert (user.first_name, user.last_name, user.profile_picture) == (None, None, None)
    assert user.role is db.UserRole.STUDENT
    assert user.is_active is True


def test_a_new_user_has_the_default_preferences() -> None:
    user = make_user()
    preferences = user.preferences
    assert preferences is not None
    assert preferences.user_id == user.id
    assert (preferences.language, preferences.learning_goal) == ("fr", 10)
    assert (preferences.notifications, preferences.dark_mode) == (True, False)


def test_ids_are_random_uuids_in_lower_case() -> None:
    user = make_user()
    assert user.preferences is not None
    for text in (user.id, user.preferences.id):
        assert text == str(UUID(text))
        assert UUID(text).version == 4
    assert user.id != user.preferences.id


def test_a_new_user_was_made_now_in_utc(triosigno_db: IsolatedDatabase) -> None:
    # Another zone of the session must not shift what is stored.
    [(name,)] = run_plain(triosigno_db.url, "SELECT current_database()")
    run_plain(triosigno_db.url, f"ALTER DATABASE \"{name}\" SET timezone = 'Pacific/Auckland'")
    db.connect(triosigno_db.url, password_cost=4)
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    user = make_user()
    assert before <= user.created_at <= datetime.now(UTC) + timedelta(milliseconds=1)
    assert user.preferences is not None
    assert user.created_at == user.updated_at == user.preferences.updated_at
    assert user.created_at.utcoffset() == timedelta(0)


def test_reading_gives_what_creating_gave() -> None:
    user = make_user(first_name="Zoé")
    make_user()
    assert db.get_user_with_preferences(user.id) == user


@pytest.mark.parametrize("as_given", [str, UUID])
def test_a_user_is_found_by_text_and_by_uuid(as_given) -> None:
    user = make_user()
    assert db.get_user_with_preferences(as_given(user.id)).id == user.id


def test_preferences_are_none_where_there_is_no_row() -> None:
    user, other = make_user(), make_user()
    UserPreference.delete().where(UserPreference.user == user.id).execute()
    assert db.get_user_with_preferences(user.id).preferences is None
    assert db.get_user_with_preferences(other.id).preferences == other.preferences


def test_changed_preferences_are_read() -> None:
    user = make_user()
    UserPreference.update(dark_mode=True, learning_goal=25).where(
        UserPreference.user == user.id
    ).execute()
    preferences = db.get_user_with_preferences(user.id).preferences
    assert preferences is not None
    assert (preferences.dark_mode, preferences.learning_goal) == (True, 25)


def test_an_unknown_user_with_preferences_is_named() -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        db.get_user_with_preferences(unknown)
    assert (caught.value.entity, caught.value.key) == ("User", str(unknown))
    assert caught.value.prisma_code == "P2025"


def test_the_email_is_stored_in_lower_case(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(email="Camille.MOREAU@Example.ORG")
    assert user.email == "camille.moreau@example.org"
    assert run_plain(triosigno_db.url, 'SELECT email FROM "User"') == [
        ("camille.moreau@example.org",)
    ]


@pytest.mark.parametrize("email", ["taken@example.org", "TAKEN@Example.org"])
def test_a_taken_email_names_the_field(triosigno_db: IsolatedDatabase, email: str) -> None:
    make_user(email="taken@example.org")
    before = count_rows(triosigno_db.url)
    with pytest.raises(db.AlreadyExistsError) as caught:
        make_user(email=email)
    assert (caught.value.entity, caught.value.field) == ("User", "email")
    assert caught.value.value == "taken@example.org"
    assert caught.value.prisma_code == "P2002"
    assert count_rows(triosigno_db.url) == before


def test_a_taken_username_names_the_field(triosigno_db: IsolatedDatabase) -> None:
    make_user(username="camille")
    before = count_rows(triosigno_db.url)
    with pytest.raises(db.AlreadyExistsError) as caught:
        make_user(username="camille")
    assert (caught.value.entity, caught.value.field) == ("User", "username")
    assert count_rows(triosigno_db.url) == before


def test_usernames_keep_their_case() -> None:
    assert make_user(username="Camille").username == "Camille"
    assert make_user(username="camille").username == "camille"


def test_a_user_whose_preferences_fail_is_not_made(triosigno_db: IsolatedDatabase) -> None:
    run_before_insert(triosigno_db.url, "UserPreference", "RAISE check_violation")
    with pytest.raises(db.InvalidInputError):
        make_user()
    assert count_rows(triosigno_db.url)["User"] == 0


def test_a_row_that_a_trigger_discards_is_not_returned(triosigno_db: IsolatedDatabase) -> None:
    run_before_insert(triosigno_db.url, "UserPreference", "RETURN NULL")
    assert make_user().preferences is None
    run_before_insert(triosigno_db.url, "User", "RETURN NULL")
    with pytest.raises(db.ConflictError, match="was not stored"):
        make_user()


def test_a_user_is_not_made_without_the_table_of_preferences(
    triosigno_db: IsolatedDatabase,
) -> None:
    run_plain(triosigno_db.url, 'DROP TABLE "UserPreference"')
    with pytest.raises(db.SchemaMismatchError):
        make_user()
    assert run_plain(triosigno_db.url, 'SELECT count(*) FROM "User"') == [(0,)]


@pytest.mark.parametrize("password", ["correct horse", "é" * 36, "x" * 72, " spaces stay "])
def test_bcrypt_reads_the_stored_hash(triosigno_db: IsolatedDatabase, password: str) -> None:
    hashed = stored_hash(triosigno_db.url, make_user(password=password).id)
    assert bcrypt.checkpw(password.encode(), hashed)
    assert not bcrypt.checkpw(password.encode()[:-1], hashed)


def test_equal_passwords_have_different_hashes(triosigno_db: IsolatedDatabase) -> None:
    hashes = {stored_hash(triosigno_db.url, make_user(password="the same").id) for _ in range(2)}
    assert len(hashes) == 2


@pytest.mark.parametrize("cost", [4, 5])
def test_the_cost_of_hashing_comes_from_the_settings(triosigno_url: str, cost: int) -> None:
    db.connect(triosigno_url, password_cost=cost)
    assert stored_hash(triosigno_url, make_user().id).startswith(f"$2b$0{cost}$".encode())


def test_a_user_made_in_a_transaction_goes_with_it(triosigno_db: IsolatedDatabase) -> None:
    def make_and_fail() -> None:
        with db.transaction():
            user = make_user()
            assert db.get_user_with_preferences(user.id) == user
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_and_fail()
    assert set(count_rows(triosigno_db.url).values()) == {0}


def test_a_user_is_found_by_address_and_name(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(email="zoe@example.org", username="Zoé")
    found = db.get_user(user.id)
    assert found == db.find_user_by_email("ZOE@Example.org") == db.find_user_by_username("Zoé")
    assert db.find_user_by_username("zoé") is None
    assert db.find_user_by_email("nobody@example.org") is None


def test_the_newest_user_comes_first(triosigno_db: IsolatedDatabase) -> None:
    for name in ("one", "two", "three"):
        make_user(username=name)
    run_plain(
        triosigno_db.url,
        'UPDATE "User" SET "createdAt" = now() - length("username") * interval \'1 d\'',
    )
    run_plain(
        triosigno_db.url,
        'UPDATE "User" SET "createdAt" = \'2020-01-01\' WHERE "username" = \'one\'',
    )
    assert usernames(db.list_users()) == ["two", "three", "one"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"ana", "bob", "zoe"}),
        ({"role": db.UserRole.TEACHER}, {"bob"}),
        ({"role": "STUDENT", "is_active": True}, {"ana"}),
        ({"is_active": False}, {"zoe"}),
        ({"search": "LEVEQUE"}, {"zoe"}),
        ({"search": "zoé lévêque"}, {"zoe"}),
        ({"search": "example.org"}, {"ana", "bob", "zoe"}),
        ({"search": "ana bob"}, set()),
        ({"search": "an"}, {"ana"}),
        ({"search": "na"}, set()),
        ({"role": db.UserRole.ADMIN}, set()),
    ],
)
def test_filters_narrow_the_list_and_the_count(
    triosigno_db: IsolatedDatabase, filters: dict[str, Any], expected: set[str]
) -> None:
    make_user(username="ana", email="ana@example.org")
    make_user(username="bob", email="bob@example.org", role=db.UserRole.TEACHER)
    zoe = make_user(username="zoe", email="zoe@example.org", first_name="Zoé", last_name="Lévêque")
    db.deactivate_user(zoe.id)
    assert {*usernames(db.list_users(**filters))} == expected
    assert db.count_users(**filters) == len(expected)


def test_only_what_is_set_is_changed(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(first_name="Ana", last_name="Moreau", profile_picture="https://example.org/a")
    changed = db.update_user(user.id, db.UserChanges(first_name=None, email="New@Example.org"))
    assert changed == db.get_user(user.id)
    assert changed.model_dump() == db.get_user(user.id).model_dump() | {
        "id": user.id,
        "email": "new@example.org",
        "firstName": None,
        "lastName": "Moreau",
        "profilePicture": "https://example.org/a",
        "createdAt": user.created_at,
    }
    assert changed.updated_at > user.updated_at


def test_no_change_is_no_write(triosigno_db: IsolatedDatabase) -> None:
    user = make_user()
    assert db.update_user(user.id, db.UserChanges()).updated_at == user.updated_at


@pytest.mark.parametrize("field", ["email", "username"])
def test_a_value_that_another_has_is_refused(triosigno_db: IsolatedDatabase, field: str) -> None:
    user, other = make_user(), make_user()
    taken = getattr(other, field)
    with pytest.raises(db.AlreadyExistsError) as caught:
        db.update_user(user.id, db.UserChanges(first_name="x", **{field: taken}))
    assert (caught.value.field, caught.value.value) == (field, taken)
    assert db.get_user(user.id).first_name == user.first_name
    db.update_user(other.id, db.UserChanges(**{field: taken}))


def test_roles_and_activity_are_set(triosigno_db: IsolatedDatabase) -> None:
    user = make_user()
    assert db.set_role(user.id, db.UserRole.TEACHER).role is db.UserRole.TEACHER
    assert not db.deactivate_user(user.id).is_active
    assert not db.deactivate_user(user.id).is_active
    assert db.reactivate_user(user.id).is_active
    with pytest.raises(db.InvalidInputError, match="role: must be one of ADMIN, TEACHER, STUDENT"):
        db.set_role(user.id, "GOD")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call",
    [
        db.get_user,
        db.delete_user,
        db.deactivate_user,
        db.reactivate_user,
        db.export_user,
        db.get_preferences,
        lambda key: db.set_role(key, db.UserRole.ADMIN),
        lambda key: db.update_user(key, db.UserChanges(first_name="x")),
        lambda key: db.update_user(key, db.UserChanges()),
        lambda key: db.update_preferences(key, db.PreferenceChanges(dark_mode=True)),
    ],
)
def test_an_unknown_user_is_named(triosigno_db: IsolatedDatabase, call: Any) -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        call(unknown)
    assert caught.value.entity in ("User", "UserPreference")
    assert caught.value.key == str(unknown)
    with pytest.raises(db.InvalidInputError, match="user_id: must be text of 1 to 255"):
        call("")


def test_a_deleted_user_takes_all_rows_along(triosigno_db: IsolatedDatabase) -> None:
    other, user = make_user(), lived_in()
    db.delete_user(user.id)
    rows = count_rows(triosigno_db.url)
    assert {name: rows[name] for name in ("User", "UserPreference")} == {
        "User": 1,
        "UserPreference": 1,
    }
    assert [rows[name] for name in ("Progress", "LearningSession", "UserAchievement")] == [0] * 3
    assert [rows[name] for name in ("Sign", "Lesson", "Achievement")] == [1] * 3
    assert db.get_user(other.id)


def stored_form(text: str) -> str:
    return normalize("NFC", text.strip(WHITE_SPACE))


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.text(max_size=220), last=st.none() | st.text(max_size=20), name=st.text(max_size=20)
)
@example(first="\U0002f800", last="e\u0301", name="")
def test_any_text_is_refused_or_comes_back_equal(
    triosigno_db: IsolatedDatabase, first: str, last: str | None, name: str
) -> None:
    user = make_user()
    try:
        changes = db.UserChanges(first_name=first, last_name=last, username=f"{user.id}{name}")
    except db.InvalidInputError:
        texts = [text for text in (first, last) if text is not None]
        assert any(
            not stored_form(text) or len(stored_form(text)) > 200 or "\0" in text for text in texts
        ) or any(each == "@" or category(each) in INVISIBLE for each in name)
        return
    stored = db.update_user(user.id, changes)
    assert (stored.first_name, stored.last_name, stored.username) == (
        stored_form(first),
        last if last is None else stored_form(last),
        stored_form(f"{user.id}{name}"),
    )
    assert db.find_user_by_username(stored.username) == stored
