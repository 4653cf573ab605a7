"""Which status each error of the library is answered with, whatever the framework."""

import json

import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.integrations.problems import problem_of

STATUSES: dict[db.TrioSignoDBError, int] = {
    db.NotFoundError("User", "an id"): 404,
    db.AlreadyExistsError("User", "email", "lea@example.org"): 409,
    db.InUseError("needed", {"Sign": 2}): 409,
    db.ConflictError("It has ended already."): 409,
    db.InvalidInputError("email", "is wrong"): 422,
    db.InvalidCredentialsError(): 401,
    db.AccountInactiveError("an id"): 403,
    db.DatabaseUnavailableError("db-3.internal refuses"): 503,
    db.PoolTimeoutError(10, 2.0): 503,
    db.QueryTimeoutError("canceling statement"): 503,
    db.ReadOnlyError("db-4.internal is a replica"): 503,
    db.OutcomeUnknownError("db-3.internal was lost"): 500,
    db.NotConnectedError(): 500,
    db.PermissionDeniedError('permission denied for relation "User"'): 500,
    db.SchemaMismatchError('relation "User" does not exist'): 500,
    db.UnreadableRowError("User", "createdAt", "an id", "is infinite", True): 500,
    db.DataLossError("lost"): 500,
    db.ProtectedDatabaseError("not made for tests"): 500,
    db.MigrationError("wrong"): 500,
    db.MigrationBlockedError(("Thing.size holds HIGH (1 row)",), "Nothing was written."): 500,
    db.MigrationFailedError("20260101000000_x", 2, 7, "division by zero", True): 500,
    db.MigrationLockedError("held by process 7"): 500,
    db.TrioSignoDBError("anything"): 500,
}
SECRETS = ("db-3", "db-4", "lea@", "an id", "relation", "canceling", "by process", "division")


def test_every_class_of_error_has_a_status() -> None:
    exported = {getattr(db, name) for name in db.__all__}
    errors = {e for e in exported if isinstance(e, type) and issubclass(e, Exception)}
    assert {type(error) for error in STATUSES} == errors


@pytest.mark.parametrize("error", STATUSES, ids=lambda error: type(error).__name__)
def test_each_error_is_a_problem_without_internals(error: db.TrioSignoDBError) -> None:
    problem = problem_of(error)
    assert problem.status == STATUSES[error]
    body = json.loads(problem.to_json())
    assert (body["type"], body["status"]) == ("about:blank", problem.status)
    assert body["title"]
    assert body["detail"]
    assert [secret for secret in SECRETS if secret in problem.to_json().decode()] == []
    assert ("Retry-After" in problem.headers) is (problem.status == 503)
    assert ("WWW-Authenticate" in problem.headers) is (problem.status == 401)


@pytest.mark.parametrize("error", [db.ConflictError, db.InvalidInputError])
def test_what_the_server_has_said_is_not_repeated(error: type[db.TrioSignoDBError]) -> None:
    said = "Process 7 waits for ShareLock on relation 16384"
    raised = error("email", said) if error is db.InvalidInputError else error(said)
    raised.__cause__ = psycopg2.Error(said)
    assert "Process 7" not in problem_of(raised).to_json().decode()
