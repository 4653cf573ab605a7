"""The tree of exceptions: exported, pickled, told in texts that say what to do."""

import pickle
from uuid import uuid4

import pytest

import triosigno_db as db
from triosigno_db.errors import FieldError
from triosigno_db.testing.factories import make_category, make_user

CODES = {
    db.AlreadyExistsError: "P2002",
    db.ConflictError: "P2034",
    db.DataLossError: None,
    db.DatabaseUnavailableError: "P1001",
    db.InUseError: "P2003",
    db.InvalidInputError: "P2007",
    db.MigrationError: None,
    db.AccountInactiveError: None,
    db.InvalidCredentialsError: None,
    db.MigrationBlockedError: None,
    db.MigrationFailedError: "P3018",
    db.MigrationLockedError: "P1002",
    db.NotConnectedError: None,
    db.NotFoundError: "P2025",
    db.OutcomeUnknownError: "P1017",
    db.PermissionDeniedError: "P1010",
    db.PoolTimeoutError: "P2024",
    db.ProtectedDatabaseError: None,
    db.QueryTimeoutError: "P1008",
    db.ReadOnlyError: None,
    db.SchemaMismatchError: "P2021",
    db.UnreadableRowError: "P2023",
}

EXAMPLES = (
    db.UnreadableRowError("User", "createdAt", "user-1", "is infinite", True),
    db.TrioSignoDBError("anything"),
    db.AlreadyExistsError("User", "email"),
    db.AlreadyExistsError("User", "email", "camille@example.org"),
    db.ConflictError("lost"),
    db.ConflictError("lost").with_prisma_code("P2028"),
    db.DatabaseUnavailableError("gone").with_prisma_code("P1017"),
    db.InUseError("needed"),
    db.InUseError("needed", {"Sign": 2}),
    db.AccountInactiveError("an id"),
    db.InvalidCredentialsError(),
    db.InvalidInputError("email", "is wrong"),
    db.InvalidInputError("email", "is wrong", FieldError("username", "is empty")),
    db.MigrationError("wrong").with_prisma_code("P3009"),
    db.MigrationBlockedError(("Thing.size holds HIGH (1 row): SELECT 1;",), "Nothing was written."),
    db.MigrationFailedError("20260101000000_x", 2, 7, "division by zero", True),
    db.MigrationLockedError("held"),
    db.DataLossError("lost"),
    db.NotConnectedError(),
    db.NotFoundError("Sign"),
    db.NotFoundError("Sign", "a key").with_prisma_code("P2003"),
    db.OutcomeUnknownError("lost"),
    db.PermissionDeniedError("denied"),
    db.ReadOnlyError("a replica"),
    db.ProtectedDatabaseError("not made for tests"),
    db.PoolTimeoutError(10, 2.5),
    db.QueryTimeoutError("slow"),
    db.SchemaMismatchError("differs"),
    db.SchemaMismatchError("differs", ["one", "two"]),
)


def test_every_exported_error_is_in_one_tree() -> None:
    exported = {getattr(db, name) for name in db.__all__ if name.endswith("Error")}
    assert exported == {db.TrioSignoDBError, *CODES}
    assert {error.__bases__ for error in CODES} == {
        (db.TrioSignoDBError,),
        (db.MigrationError,),
        (db.SchemaMismatchError,),
    }
    assert db.TrioSignoDBError.__bases__ == (Exception,)


@pytest.mark.parametrize(("error", "code"), CODES.items())
def test_each_error_has_its_prisma_code(error: type[db.TrioSignoDBError], code: str) -> None:
    assert error.prisma_code == code


@pytest.mark.parametrize("error", EXAMPLES, ids=repr)
def test_an_error_survives_pickling(error: db.TrioSignoDBError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (copy.args, copy.__dict__, str(copy)) == (error.args, error.__dict__, str(error))
    assert copy.prisma_code == error.prisma_code


def test_a_finer_code_is_of_one_error_only() -> None:
    db.ConflictError("lost").with_prisma_code("P2028")
    assert db.ConflictError("lost").prisma_code == "P2034"


def test_the_texts_say_what_is_wrong() -> None:
    texts = [str(error) for error in EXAMPLES]
    assert "There is no Sign a key." in texts
    assert "email: is wrong; username: is empty" in texts
    assert "differs\n  - one\n  - two" in texts
    assert "A User with this email already exists: 'camille@example.org'." in texts
    assert any("connect(" in text for text in texts)
    assert any("10 pooled connections" in text and "2.5 s" in text for text in texts)


def test_a_call_without_a_database_says_what_to_do() -> None:
    for call in (
        lambda: db.get_user_with_preferences(uuid4()),
        make_category,
        make_user,
        db.create_schema,
        db.drop_schema,
        lambda: db.connection().__enter__(),
        lambda: db.transaction().__enter__(),
    ):
        with pytest.raises(db.NotConnectedError, match=r"connect\(") as caught:
            call()
        assert caught.value.prisma_code is None
