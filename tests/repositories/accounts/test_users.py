"""Accounts: made whole or not at all, and read with their preferences."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import bcrypt
import pytest

import triosigno_db as db
from tests.content import make_user
from tests.plain_sql import count_rows, run_before_insert, run_plain
from triosigno_db.models import UserPreference

pytestmark = pytest.mark.usefixtures("database")


def stored_hash(url: str, user_id: str) -> bytes:
    [(text,)] = run_plain(url, 'SELECT password FROM "User" WHERE id = %s', [user_id])
    return text.encode()


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
    user = make_user()
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


def test_a_new_user_was_made_now_in_utc(database: str) -> None:
    # Another zone of the session must not shift what is stored.
    [(name,)] = run_plain(database, "SELECT current_database()")
    run_plain(database, f"ALTER DATABASE \"{name}\" SET timezone = 'Pacific/Auckland'")
    db.connect(database, password_cost=4)
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


@pytest.mark.parametrize("as_given", [str, UUID, lambda text: text.upper()])
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


def test_an_unknown_user_is_named() -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        db.get_user_with_preferences(unknown)
    assert (caught.value.entity, caught.value.key) == ("User", str(unknown))
    assert caught.value.prisma_code == "P2025"


def test_the_email_is_stored_in_lower_case(database: str) -> None:
    user = make_user(email="Camille.MOREAU@Example.ORG")
    assert user.email == "camille.moreau@example.org"
    assert run_plain(database, 'SELECT email FROM "User"') == [("camille.moreau@example.org",)]


@pytest.mark.parametrize("email", ["taken@example.org", "TAKEN@Example.org"])
def test_a_taken_email_names_the_field(database: str, email: str) -> None:
    make_user(email="taken@example.org")
    before = count_rows(database)
    with pytest.raises(db.AlreadyExistsError) as caught:
        make_user(email=email)
    assert (caught.value.entity, caught.value.field) == ("User", "email")
    assert caught.value.value == "taken@example.org"
    assert caught.value.prisma_code == "P2002"
    assert count_rows(database) == before


def test_a_taken_username_names_the_field(database: str) -> None:
    make_user(username="camille")
    before = count_rows(database)
    with pytest.raises(db.AlreadyExistsError) as caught:
        make_user(username="camille")
    assert (caught.value.entity, caught.value.field) == ("User", "username")
    assert count_rows(database) == before


def test_usernames_keep_their_case() -> None:
    assert make_user(username="Camille").username == "Camille"
    assert make_user(username="camille").username == "camille"


def test_a_user_whose_preferences_fail_is_not_made(database: str) -> None:
    run_before_insert(database, "UserPreference", "RAISE check_violation")
    with pytest.raises(db.InvalidInputError):
        make_user()
    assert count_rows(database)["User"] == 0


def test_a_user_is_not_made_without_the_table_of_preferences(database: str) -> None:
    run_plain(database, 'DROP TABLE "UserPreference"')
    with pytest.raises(db.SchemaMismatchError):
        make_user()
    assert run_plain(database, 'SELECT count(*) FROM "User"') == [(0,)]


@pytest.mark.parametrize("password", ["correct horse", "é" * 36, "x" * 72, " spaces stay "])
def test_bcrypt_reads_the_stored_hash(database: str, password: str) -> None:
    hashed = stored_hash(database, make_user(password=password).id)
    assert bcrypt.checkpw(password.encode(), hashed)
    assert not bcrypt.checkpw(password.encode()[:-1], hashed)


def test_equal_passwords_have_different_hashes(database: str) -> None:
    hashes = {stored_hash(database, make_user(password="the same").id) for _ in range(2)}
    assert len(hashes) == 2


@pytest.mark.parametrize("cost", [4, 5])
def test_the_cost_of_hashing_comes_from_the_settings(url: str, cost: int) -> None:
    db.connect(url, password_cost=cost)
    assert stored_hash(url, make_user().id).startswith(f"$2b$0{cost}$".encode())


def test_a_user_made_in_a_transaction_goes_with_it(database: str) -> None:
    def make_and_fail() -> None:
        with db.transaction():
            user = make_user()
            assert db.get_user_with_preferences(user.id) == user
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_and_fail()
    assert set(count_rows(database).values()) == {0}
