"""What a tool that reports errors could show: variables of frames, causes, attributes, pickles."""

import asyncio
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.passwords import Secret, hash_password
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import make_user

CURRENT, NEW, WRONG = "the-current-one", "the-new-one", "a-wrong-one"
HASH_MARK = "$2b$"

Call = Callable[[Any, str], Any]

SLOW_UPDATE = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); END';
CREATE TRIGGER wait BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION wait();
"""
REFUSING_UPDATE = """
ALTER TABLE "User" ADD CONSTRAINT refused CHECK (length(password) < 3) NOT VALID;
"""
ENDED_SESSION = """
CREATE FUNCTION terminate() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
CREATE TRIGGER terminate BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION terminate();
"""

FAILURES: dict[str, tuple[str, Call]] = {
    "an unknown login": ("", lambda module, _: module.authenticate("nobody", WRONG)),
    "a wrong password": ("", lambda module, _: module.authenticate("lea", WRONG)),
    "a deactivated account": (
        'UPDATE "User" SET "isActive" = false',
        lambda module, _: module.authenticate("lea", CURRENT),
    ),
    "no table": (
        'ALTER TABLE "User" RENAME TO "Users"',
        lambda module, _: module.authenticate("lea", CURRENT),
    ),
    "a hash that can't be renewed": (
        REFUSING_UPDATE,
        lambda module, _: module.authenticate("lea", CURRENT),
    ),
    "a wrong current password": (
        "",
        lambda module, user_id: module.change_password(user_id, WRONG, NEW),
    ),
    "no such account": ("", lambda module, _: module.change_password("nobody", CURRENT, NEW)),
    "an impossible password": (
        "",
        lambda module, user_id: module.change_password(user_id, CURRENT, NEW * 9),
    ),
    "an update that takes too long": (
        SLOW_UPDATE,
        lambda module, user_id: module.change_password(user_id, current=CURRENT, new=NEW),
    ),
    "an update that is refused": (
        REFUSING_UPDATE,
        lambda module, user_id: module.change_password(user_id, SecretStr(CURRENT), NEW),
    ),
    "a session that ends": (
        ENDED_SESSION,
        lambda module, user_id: module.change_password(user_id, CURRENT, NEW),
    ),
    "a reset that is refused": (
        REFUSING_UPDATE,
        lambda module, user_id: module.set_password(user_id, NEW),
    ),
    "a reset with an impossible password": (
        "",
        lambda module, user_id: module.set_password(user_id, password=NEW + "\0"),
    ),
    "an address that is taken": ("", lambda module, _: module.create_user(new_user())),
    "a row that is refused": (
        REFUSING_UPDATE,
        lambda module, _: module.create_user(new_user(email="x@example.org", username="x")),
    ),
    "an input that was not validated": (
        "",
        lambda module, _: module.create_user(new_user().model_copy(update={"password": NEW * 9})),
    ),
}


def new_user(**values: Any) -> db.NewUser:
    given = {"email": "lea@example.org", "username": "lea", "password": NEW}
    return db.NewUser(**{**given, **values})


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown_by(error: BaseException) -> Iterator[tuple[str, str]]:
    """Whatever is reachable from an error, less the variables of the test itself."""
    for each in chain_of(error):
        yield type(each).__name__, f"{each!r} {each} {vars(each)}"
        yield "cursor", str(getattr(getattr(each, "cursor", None), "query", ""))
        diagnostics = getattr(each, "diag", None)
        for name in dir(diagnostics) if diagnostics else ():
            yield name, str(getattr(diagnostics, name))
        traceback = each.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if code.co_filename != __file__:
                for name, value in traceback.tb_frame.f_locals.items():
                    yield f"{code.co_qualname}: {name}", repr(value)
            traceback = traceback.tb_next
    yield "pickle", repr(pickle.dumps(error))


def check(error: BaseException) -> None:
    for where, text in shown_by(error):
        for secret in (CURRENT, NEW, WRONG, HASH_MARK):
            assert secret not in text, where


@pytest.fixture
def lea(triosigno_url: str) -> str:
    db.connect(triosigno_url, password_cost=5, statement_timeout=0.3)
    stored = hash_password(Secret(CURRENT), cost=4).get_secret_value()
    user = make_user(username="lea", email="lea@example.org")
    run_plain(triosigno_url, f"UPDATE \"User\" SET password = '{stored}'")
    return user.id


@pytest.mark.parametrize(("change", "call"), FAILURES.values(), ids=FAILURES)
def test_no_error_leads_to_a_password_or_a_hash(
    lea: str, triosigno_url: str, change: str, call: Call
) -> None:
    if change:
        run_plain(triosigno_url, change)
    with pytest.raises(db.TrioSignoDBError) as caught:
        call(db, lea)
    check(caught.value)


@pytest.mark.parametrize(("change", "call"), FAILURES.values(), ids=FAILURES)
def test_no_error_of_a_coroutine_leads_to_a_password_or_a_hash(
    lea: str, triosigno_url: str, change: str, call: Call
) -> None:
    if change:
        run_plain(triosigno_url, change)

    async def run() -> None:
        await call(db.aio, lea)

    with pytest.raises(db.TrioSignoDBError) as caught:
        asyncio.run(run())
    check(caught.value)


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize(
    "values",
    [{"password": NEW * 9}, {"password": [NEW]}, {"email": "x"}],
    ids=["long", "list", "-"],
)
def test_no_error_of_an_input_leads_to_a_password(values: dict[str, Any]) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        new_user(**values)
    check(caught.value)


def test_observers_get_no_statement_with_values(lea: str, triosigno_server: DatabaseServer) -> None:
    errors: list[BaseException] = []
    stop = db.on_statement(lambda event: event.error and errors.append(event.error))
    run_plain(triosigno_server.url, "SELECT 1")
    with pytest.raises(db.TrioSignoDBError):
        db.set_password("x" * 300, NEW)
    with pytest.raises(db.AlreadyExistsError):
        db.create_user(new_user())
    stop()
    for error in errors:
        check(error)
