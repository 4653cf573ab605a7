"""No password and no hash is ever shown: not in a repr, a log record or the text of an error."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import bcrypt
import peewee
import pytest
from pydantic import BaseModel, ValidationError
from testing.common.database import get_unused_port

import triosigno_db as db
from tests.plain_sql import run_before_insert, run_plain
from triosigno_db.models import User
from triosigno_db.testing import DatabaseServer, IsolatedDatabase, ThrowawayPostgres

PASSWORD = "hunter2-in-the-clear"
WRONG_PASSWORD = "not_the_servers_password"
HASH = bcrypt.hashpw(PASSWORD.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()
HASH_MARK = "$2b$"


class Watch:
    """Looks for secrets in whatever is shown."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = [PASSWORD, WRONG_PASSWORD, HASH_MARK, *secrets]

    def check(self, *values: object) -> None:
        """Look at what values show when they are printed, logged, written as JSON or raised."""
        for text in (text for value in values for text in shown_by(value)):
            assert [secret for secret in self.secrets if secret in text] == [], text

    def check_failure(self, call: Callable[[], Any]) -> Exception:
        """Look at the error that a call must raise."""
        expected = (db.TrioSignoDBError, peewee.PeeweeException, ValidationError)
        with pytest.raises(expected) as caught:
            call()
        self.check(caught.value)
        return caught.value


def shown_by(value: object) -> Iterator[str]:
    yield from (str(value), repr(value))
    if isinstance(value, BaseModel):
        yield from (value.model_dump_json(), repr(value.model_dump()))
    if isinstance(value, BaseException):
        # The traceback goes through all causes, except those that `from None` cuts off.
        yield from ("".join(traceback.format_exception(value)), repr(value.__dict__))


@pytest.fixture
def watch(triosigno_server: DatabaseServer, caplog: pytest.LogCaptureFixture) -> Iterator[Watch]:
    """Looks for secrets during a test, and in the end in all that was logged at any level."""
    password = urlsplit(triosigno_server.url).password
    assert password
    watch = Watch(password)
    with ExitStack() as levels:
        for name in (None, *logging.root.manager.loggerDict):
            levels.enter_context(caplog.at_level(logging.DEBUG, logger=name))
        yield watch
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    watch.check(*(caplog.handler.format(record) for record in records))
    watch.check(*(record.args for record in records))


def new_user(**values: Any) -> db.NewUser:
    given = {"email": "camille@example.org", "username": "camille", "password": PASSWORD}
    return db.NewUser(**{**given, **values})


def add_row(**values: Any) -> User:
    """Insert a row through the model, as a service may."""
    given = {"email": "sacha@example.org", "username": "sacha", "password": HASH}
    return User.create(**{**given, **values})


# -- what works --------------------------------------------------------------------------------


def test_records_and_inputs_show_no_password(triosigno_db: IsolatedDatabase, watch: Watch) -> None:
    new = new_user()
    made = db.create_user(new)
    watch.check(new, made, db.get_user_with_preferences(made.id))
    [(stored,)] = run_plain(triosigno_db.url, 'SELECT password FROM "User"')
    assert stored.startswith(HASH_MARK)


@pytest.mark.usefixtures("triosigno_db")
def test_rows_of_the_model_show_no_hash(watch: Watch) -> None:
    watch.check(add_row(), list(User.select()))


def test_settings_show_no_password(triosigno_server: DatabaseServer, watch: Watch) -> None:
    watch.check(
        db.Settings.load(triosigno_server.url),
        db.Settings.load(triosigno_server.url, password=WRONG_PASSWORD),
    )


@pytest.mark.usefixtures("triosigno_db")
def test_statements_are_logged_without_values(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    db.create_user(new_user())
    add_row()
    User.update(password=HASH).where(User.password == HASH).execute()
    watch.check(caplog.text)
    assert caplog.text.count('"User"') >= 2
    assert "insert_user" in caplog.text


# -- the server refuses ------------------------------------------------------------------------

ALTERED = {
    "missing table": 'DROP TABLE "UserPreference", "UserAchievement", "LearningSession",'
    ' "Progress", "User"',
    "missing column": 'ALTER TABLE "User" DROP password',
    "not null": 'ALTER TABLE "User" ALTER "firstName" SET NOT NULL',
    "check": 'ALTER TABLE "User" ADD CHECK (length(password) < 3)',
    "too long": 'ALTER TABLE "User" ALTER password TYPE varchar(9)',
    "wrong type": 'ALTER TABLE "User" ALTER password TYPE integer USING 1',
}

BEFORE_INSERT = {
    "raised": "RAISE EXCEPTION 'no'",
    "raised with details": "RAISE EXCEPTION 'no' USING DETAIL = NEW, HINT = NEW.password",
    "raised with the row": "RAISE EXCEPTION 'the row %', NEW",
    "raised with the hash": "RAISE EXCEPTION 'the hash %', NEW.password",
    "invalid cast": "PERFORM NEW.password::int",
    "noticed": "RAISE WARNING '%', NEW; RAISE check_violation",
}

# By the library's function, and by its model.
INSERTS = (lambda: db.create_user(new_user()), add_row)


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_a_row_that_the_table_refuses(
    triosigno_db: IsolatedDatabase, watch: Watch, change: str
) -> None:
    run_plain(triosigno_db.url, change)
    for insert in INSERTS:
        watch.check_failure(insert)


@pytest.mark.parametrize("body", BEFORE_INSERT.values(), ids=BEFORE_INSERT)
def test_a_row_that_a_trigger_refuses(
    triosigno_db: IsolatedDatabase, watch: Watch, body: str
) -> None:
    run_before_insert(triosigno_db.url, "User", body)
    for insert in INSERTS:
        watch.check_failure(insert)


@pytest.mark.usefixtures("triosigno_db")
def test_a_row_without_a_value_that_must_be_there(watch: Watch) -> None:
    watch.check_failure(lambda: add_row(username=None))


def test_values_that_are_taken(triosigno_db: IsolatedDatabase, watch: Watch) -> None:
    run_plain(triosigno_db.url, 'CREATE UNIQUE INDEX ON "User"((left(password, 7)))')
    add_row()
    for values in ({"email": "sacha@example.org"}, {"username": "sacha"}, {}):
        watch.check_failure(lambda values=values: db.create_user(new_user(**values)))
        watch.check_failure(
            lambda values=values: add_row(**{"email": "x", "username": "y"} | values)
        )


def test_failures_inside_a_transaction(triosigno_db: IsolatedDatabase, watch: Watch) -> None:
    run_before_insert(triosigno_db.url, "UserPreference", "RAISE check_violation")

    def go_on() -> None:
        with db.transaction():
            watch.check_failure(lambda: db.create_user(new_user()))
            db.create_user(new_user())

    assert isinstance(watch.check_failure(go_on), db.ConflictError)


def test_statements_that_take_too_long(triosigno_url: str, watch: Watch) -> None:
    run_before_insert(triosigno_url, "User", "PERFORM pg_sleep(30)")
    db.connect(triosigno_url, password_cost=4, statement_timeout=0.1)
    for insert in INSERTS:
        watch.check_failure(insert)


def test_a_server_that_is_gone(watch: Watch) -> None:
    with ThrowawayPostgres() as server:
        password = urlsplit(server.url).password
        assert password
        watch.secrets.append(password)
        db.connect(server.url, password_cost=4, connect_timeout=2)
        db.create_schema()
        add_row()
        server.stop()
        for insert in INSERTS:
            watch.check_failure(insert)
        watch.check_failure(lambda: db.connect(server.url))


# -- wrong URLs --------------------------------------------------------------------------------


def test_a_login_that_is_refused(triosigno_server: DatabaseServer, watch: Watch) -> None:
    address = urlsplit(triosigno_server.url).netloc.rpartition("@")[2] + "/postgres"
    error = watch.check_failure(
        lambda: db.connect(f"postgresql://postgres:{WRONG_PASSWORD}@{address}")
    )
    assert isinstance(error, db.DatabaseUnavailableError)
    watch.check_failure(lambda: db.connect(triosigno_server.url, password=WRONG_PASSWORD))


def test_a_replica_that_refuses_the_login(triosigno_server: DatabaseServer, watch: Watch) -> None:
    address = urlsplit(triosigno_server.url).netloc.rpartition("@")[2] + "/postgres"
    refused = f"postgresql://postgres:{WRONG_PASSWORD}@{address}"
    watch.check(db.Settings.load(triosigno_server.url, replica_url=refused))
    # It is skipped, and the log says why.
    db.connect(triosigno_server.url, replica_url=refused)
    watch.check_failure(lambda: db.connect(triosigno_server.url, replica_url=f"{refused}?pool=1"))
    watch.check_failure(
        lambda: db.connect(triosigno_server.url, replica_url=f"{refused}0/x".replace("/", ""))
    )


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:{password}@{address}/d",
        "u:{password}@{address}/d",
        "postgresql://u:{password}@{address}",
        "postgresql://u:{password}@{address}0000/d",
        "postgresql://u:{password}@127.0.0.1:port/d",
        "postgresql://u:{password}@[::1/d",
        "postgresql://u:{password}@{address}/d?pool=1",
        "postgresql://u:{password}@{address}/d?connection_limit=many",
        "postgresql://u:{password}@{address}/d?sslmode=maybe",
        "postgresql://u:{password}@{address}/d?sslmode=verify-full&sslcert=/nowhere",
        "postgresql://u:{password}@{address}/d",
    ],
)
def test_a_url_that_leads_nowhere(watch: Watch, url: str) -> None:
    address = f"127.0.0.1:{get_unused_port()}"
    watch.check_failure(lambda: db.connect(url.format(password=WRONG_PASSWORD, address=address)))


@pytest.mark.parametrize(
    "password",
    [
        "/{}",
        "{}/",
        "?{}",
        "{}?x",
        "#{}",
        "{}#x",
        "[{}",
        "{}]",
        ":{}",
        "%{}",
        "{}\u2100",
        "1/d?{}",
        "1/d?{}=1",
    ],
)
def test_a_password_that_should_be_percent_encoded(watch: Watch, password: str) -> None:
    address = f"127.0.0.1:{get_unused_port()}"
    written = password.format(WRONG_PASSWORD)
    watch.check_failure(lambda: db.connect(f"postgresql://u:{written}@{address}/d"))


@pytest.mark.parametrize(
    "options",
    [{"pasword": WRONG_PASSWORD}, {"password": [WRONG_PASSWORD]}, {"connection_limit": 0}],
    ids=lambda options: next(iter(options)),
)
def test_an_option_that_is_refused(
    triosigno_server: DatabaseServer, watch: Watch, options: dict[str, Any]
) -> None:
    watch.check_failure(lambda: db.connect(triosigno_server.url, **options))


# -- wrong inputs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"email": "no address"},
        {"username": ""},
        {"role": "OWNER"},
        {"passwordd": PASSWORD},
        {"password": [PASSWORD]},
        {"password": {"plain": PASSWORD}},
        {"password": PASSWORD * 4},
        {"password": f"{PASSWORD}\0"},
        {"password": f"{PASSWORD}\ud800"},
        {"password": PASSWORD.encode() + b"\xff"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_an_input_that_is_refused(watch: Watch, values: dict[str, Any]) -> None:
    watch.check_failure(lambda: new_user(**values))
    given = {"email": "camille@example.org", "username": "camille", "password": PASSWORD}
    watch.check_failure(lambda: db.NewUser.model_validate({**given, **values}))


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize("end", ["\0", "\ud800", "x" * 72])
def test_a_password_that_skipped_the_checks(watch: Watch, end: str) -> None:
    copied = new_user().model_copy(update={"password": PASSWORD + end})
    watch.check_failure(lambda: db.create_user(copied))


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize("end", ["\0", "\ud800"])
def test_a_hash_that_the_model_refuses(watch: Watch, end: str) -> None:
    watch.check_failure(lambda: add_row(password=HASH + end))
    watch.check_failure(lambda: User.get(User.password == HASH + end))
