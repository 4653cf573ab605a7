"""The table from SQLSTATE to error, row by row, with errors that a real server raised."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.database import sqlstates
from triosigno_db.models import CONSTRAINT_TARGETS
from triosigno_db.testing import DatabaseServer

Raise = Callable[..., psycopg2.Error]

TABLE: dict[str, tuple[type[db.TrioSignoDBError], str | None]] = {
    "08000": (db.DatabaseUnavailableError, "P1017"),
    "08006": (db.DatabaseUnavailableError, "P1017"),
    "0A000": (db.InvalidInputError, "P2007"),
    "22001": (db.InvalidInputError, "P2000"),
    "22003": (db.InvalidInputError, "P2020"),
    "22012": (db.InvalidInputError, "P2007"),
    "22P02": (db.InvalidInputError, "P2007"),
    "23001": (db.InUseError, "P2003"),
    "23502": (db.InvalidInputError, "P2011"),
    "23503": (db.ConflictError, "P2003"),
    "23505": (db.ConflictError, "P2002"),
    "23514": (db.InvalidInputError, "P2004"),
    "25006": (db.ReadOnlyError, None),
    "25P02": (db.ConflictError, "P2028"),
    "25P03": (db.QueryTimeoutError, "P2028"),
    "28000": (db.DatabaseUnavailableError, "P1000"),
    "28P01": (db.DatabaseUnavailableError, "P1000"),
    "2BP01": (db.InUseError, "P2003"),
    "3D000": (db.DatabaseUnavailableError, "P1003"),
    "3F000": (db.SchemaMismatchError, "P2021"),
    "40001": (db.ConflictError, "P2034"),
    "40P01": (db.ConflictError, "P2034"),
    "42501": (db.PermissionDeniedError, "P1010"),
    "42703": (db.SchemaMismatchError, "P2022"),
    "42704": (db.SchemaMismatchError, "P2021"),
    "42710": (db.SchemaMismatchError, "P2021"),
    "42883": (db.SchemaMismatchError, "P2021"),
    "42804": (db.InvalidInputError, "P2007"),
    "42P01": (db.SchemaMismatchError, "P2021"),
    "42P07": (db.SchemaMismatchError, "P2021"),
    "53100": (db.DatabaseUnavailableError, "P2037"),
    "53300": (db.DatabaseUnavailableError, "P2037"),
    "55P03": (db.QueryTimeoutError, "P1008"),
    "57014": (db.QueryTimeoutError, "P1008"),
    "57P01": (db.DatabaseUnavailableError, "P1017"),
    "57P03": (db.DatabaseUnavailableError, "P1017"),
    "58030": (db.DatabaseUnavailableError, "P1017"),
}
"""Every row, each class by codes of it."""

UNKNOWN = ("42601", "XX000", "P0001", "55000", "57000", "23P01")
"""Codes that have no row of their own, nor has their class."""

LOST = ("08000", "08003", "08006", "25P03", "57P01", "57P02", "57P03")
NOT_LOST = ("23505", "25P02", "40001", "57014", "53300", "XX000")


@pytest.fixture(scope="module")
def plain_connection(
    triosigno_server: DatabaseServer,
) -> Iterator[psycopg2.extensions.connection]:
    with closing(psycopg2.connect(triosigno_server.url)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def raised(plain_connection: psycopg2.extensions.connection) -> Raise:
    """Have the server raise an error with a code, and what else RAISE takes."""

    def fail(code: str, message: str = "refused", **options: str) -> psycopg2.Error:
        given = "".join(f", {name} = %({name})s" for name in options)
        with plain_connection.cursor() as cursor, pytest.raises(psycopg2.Error) as caught:
            cursor.execute(
                f"DO $do$ BEGIN RAISE EXCEPTION USING ERRCODE = %(code)s, MESSAGE = %(message)s"
                f"{given}; END $do$",
                {"code": code, "message": message, **options},
            )
        assert caught.value.pgcode == code
        return caught.value

    return fail


def translate(cause: psycopg2.Error, **parameters: Any) -> db.TrioSignoDBError:
    return sqlstates.translate(cause, CONSTRAINT_TARGETS, parameters)


# -- translate ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "expected"), TABLE.items())
def test_a_code_is_translated(
    raised: Raise, code: str, expected: tuple[type[db.TrioSignoDBError], str | None]
) -> None:
    error = translate(raised(code))
    assert (type(error), error.prisma_code) == expected
    assert "refused" in str(error)


def test_no_row_of_the_table_is_left_out() -> None:
    tried = {code[:length] for code in TABLE for length in (2, 3, 5)}
    assert set(sqlstates._BY_SQLSTATE) <= tried


@pytest.mark.parametrize("code", UNKNOWN)
def test_any_other_code_is_shown(raised: Raise, code: str) -> None:
    error = translate(raised(code))
    assert type(error) is db.TrioSignoDBError
    assert str(error) == f"refused (SQLSTATE {code})"


def test_a_unique_index_of_the_schema_names_the_field_and_the_value(raised: Raise) -> None:
    error = translate(raised("23505", CONSTRAINT="User_email_key"), email="zoe@example.org")
    assert isinstance(error, db.AlreadyExistsError)
    assert (error.entity, error.field, error.value) == ("User", "email", "zoe@example.org")
    assert error.prisma_code == "P2002"


def test_a_foreign_key_of_the_schema_names_what_was_not_found(raised: Raise) -> None:
    error = translate(raised("23503", CONSTRAINT="Lesson_moduleId_fkey"), module_id="an id")
    assert isinstance(error, db.NotFoundError)
    assert (error.entity, error.key, error.prisma_code) == ("Module", "an id", "P2003")


def test_a_column_is_named_as_in_python(raised: Raise) -> None:
    error = translate(raised("23502", COLUMN="firstName"))
    assert isinstance(error, db.InvalidInputError)
    assert error.field == "first_name"


def test_a_check_of_the_schema_names_its_attribute(raised: Raise) -> None:
    error = translate(raised("23514", CONSTRAINT="Progress_masteryLevel_check"))
    assert isinstance(error, db.InvalidInputError)
    assert error.field == "mastery_level"


def test_what_still_needs_an_object_is_listed(raised: Raise) -> None:
    error = translate(raised("2BP01", DETAIL="view names depends on table"))
    assert str(error).endswith(":\nview names depends on table")


def test_an_error_of_the_driver_without_a_code() -> None:
    for cause, kind, code in (
        (psycopg2.OperationalError("gone"), db.DatabaseUnavailableError, "P1017"),
        (psycopg2.InterfaceError("closed"), db.DatabaseUnavailableError, "P1017"),
        (psycopg2.ProgrammingError("can't adapt type 'object'"), db.InvalidInputError, "P2007"),
        (psycopg2.NotSupportedError("no"), db.TrioSignoDBError, None),
    ):
        error = translate(cause)
        assert (type(error), error.prisma_code) == (kind, code)
        assert str(cause) in str(error)


# -- what is shown -----------------------------------------------------------------------------


def test_details_are_cut_off(raised: Raise) -> None:
    cause = raised("23505", DETAIL="Key (email)=(zoe@example.org) already exists.", HINT="look")
    translate(cause)
    assert cause.args == ("refused",)
    assert "zoe@example.org" not in f"{cause} {cause!r}"


def test_a_hash_in_a_message_is_masked(raised: Raise) -> None:
    password_hash = "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde"
    error = translate(raised("22P02", f"invalid value: {password_hash}"))
    assert "$2b$" not in str(error)
    assert "invalid value: ***" in str(error)


def test_a_long_message_is_cut(raised: Raise) -> None:
    assert sqlstates.primary_message(raised("P0001", "x" * 1000)) == "x" * 1000
    assert sqlstates.primary_message(raised("P0001", "x" * 1001)) == "x" * 1000 + "…"


@pytest.mark.parametrize("wrong", ["a\0b", "\ud800"])
def test_a_text_that_the_driver_refuses_names_its_parameter(wrong: str) -> None:
    error = sqlstates.refused_by_driver(ValueError(wrong), {"right": "é", "wrong": wrong})
    assert error.field == "wrong"
    assert wrong not in str(error)


def test_any_other_refusal_of_the_driver_shows_its_class_alone() -> None:
    error = sqlstates.refused_by_driver(OverflowError("a value"), {"number": 7})  # type: ignore[arg-type]
    assert (error.field, error.why) == ("input", "OverflowError")


# -- what a failure tells ----------------------------------------------------------------------


@pytest.mark.parametrize("code", LOST)
def test_a_connection_is_lost_by_its_code(raised: Raise, code: str) -> None:
    assert sqlstates.is_connection_lost(raised(code))


@pytest.mark.parametrize("code", NOT_LOST)
def test_a_connection_outlives_other_codes(raised: Raise, code: str) -> None:
    assert not sqlstates.is_connection_lost(raised(code))


@pytest.mark.parametrize(
    ("cause", "is_lost"),
    [
        (psycopg2.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg2.InterfaceError("connection already closed"), True),
        (psycopg2.ProgrammingError("can't adapt"), False),
        (psycopg2.DataError("no"), False),
    ],
)
def test_without_a_code_the_class_decides(cause: psycopg2.Error, is_lost: bool) -> None:
    assert sqlstates.is_connection_lost(cause) is is_lost
    assert sqlstates.is_outcome_known(cause) is not is_lost


@pytest.mark.parametrize(
    ("code", "is_known"),
    [
        ("23505", True),
        ("40001", True),
        ("57014", True),
        ("25P03", True),  # the server undid the transaction before it ended the session
        ("57P01", True),  # an orderly shutdown undoes what is open
        ("57P02", False),  # another process crashed: this one was ended at any point
        ("08006", False),
        ("08P01", False),  # a pooler's word
    ],
)
def test_whether_an_error_proves_that_nothing_was_applied(
    raised: Raise, code: str, is_known: bool
) -> None:
    assert sqlstates.is_outcome_known(raised(code)) is is_known


def test_a_plan_is_stale_once_its_table_has_changed(
    plain_connection: psycopg2.extensions.connection, raised: Raise
) -> None:
    with plain_connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing (a int)")
        cursor.execute("PREPARE reading AS SELECT * FROM changing")
        cursor.execute("ALTER TABLE changing ALTER a TYPE text")
        with pytest.raises(psycopg2.errors.FeatureNotSupported) as changed:
            cursor.execute("EXECUTE reading")
        cursor.execute("DEALLOCATE reading")
        with pytest.raises(psycopg2.errors.InvalidSqlStatementName) as deallocated:
            cursor.execute("EXECUTE reading")
    assert sqlstates.is_plan_stale(changed.value)
    assert sqlstates.is_plan_stale(deallocated.value)
    assert isinstance(translate(changed.value), db.SchemaMismatchError)
    # The same code from elsewhere says that the server can't do it.
    assert not sqlstates.is_plan_stale(raised("0A000"))
    assert not sqlstates.is_plan_stale(raised("42P01"))


@pytest.mark.parametrize(
    ("code", "expected"), [("40001", True), ("40P01", True), ("40002", False), ("55P03", False)]
)
def test_a_serialization_failure_may_succeed_next_time(
    raised: Raise, code: str, expected: bool
) -> None:
    assert sqlstates.is_serialization_failure(raised(code)) is expected


def test_other_exceptions_are_no_serialization_failure() -> None:
    assert not sqlstates.is_serialization_failure(None)
    assert not sqlstates.is_serialization_failure(ValueError("40001"))
    assert not sqlstates.is_serialization_failure(psycopg2.OperationalError("gone"))
