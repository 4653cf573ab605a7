"""`triosigno-db users`, as a user types it."""

import json
import os
import pty
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.processes import Process, run_process
from tests.repositories.accounts.users import insert_user
from triosigno_db.cli.app import app
from triosigno_db.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from triosigno_db.testing.factories import make_user

SECRET = "a learner's secret"


@pytest.fixture(autouse=True)
def database_url(triosigno_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", triosigno_url)
    monkeypatch.setenv("TRIOSIGNO_DB_PASSWORD_COST", "4")
    monkeypatch.setenv("COLUMNS", "140")
    return triosigno_url


@pytest.fixture
def learner(database_url: str) -> db.UserWithPreferences:
    db.connect()
    user = make_user(email="lea@example.org", username="lea", first_name="Quentin")
    db.disconnect()
    return user


def users(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["users", *arguments], input=typed)


def authenticate(login: str, password: str) -> str:
    db.connect()
    try:
        return db.authenticate(login, password).id
    finally:
        db.disconnect()


def test_an_account_is_made_with_a_password_from_standard_input() -> None:
    ended = users(
        "create", "lea@example.org", "lea", "--role=TEACHER", "--first-name=Léa",
        "--password-stdin", "--json", typed=f"{SECRET}\n",
    )  # fmt: skip
    assert ended.exit_code == 0, ended.output
    made = json.loads(ended.stdout)
    assert (made["email"], made["role"], made["firstName"]) == ("lea@example.org", "TEACHER", "Léa")
    assert "assword" not in ended.stdout
    assert authenticate("lea", SECRET) == made["id"]


@pytest.mark.parametrize(
    "typed", [f"{SECRET}\r\n", f"\ufeff{SECRET}\n", f"\ufeff{SECRET}\r\n", SECRET]
)
def test_the_password_of_a_windows_tool_is_taken(typed: str) -> None:
    ended = users("create", "lea@example.org", "lea", "--password-stdin", typed=typed)
    assert ended.exit_code == 0, ended.output
    assert authenticate("lea", SECRET)


def test_what_is_stored_can_not_control_the_terminal(database_url: str) -> None:
    run_plain(
        database_url,
        'INSERT INTO "User" (id, email, username, password, "firstName", "updatedAt")'
        " VALUES ('[red]x[/blue]', E'a\\x1b[2J@b.org', E'old\\nname', 'x', U&'\\202Ereversed',"
        " now())",
    )
    ended = users("list")
    assert ended.exit_code == 0, ended.output
    assert [part for part in ("\x1b", "\u202e") if part in ended.stdout] == []
    for part in ("[red]x[/blue]", "a\\x1b[2J@b.org", "old\\nname", "\\u202ereversed"):
        assert part in ended.stdout


def test_an_account_that_is_there_is_left_alone(learner: db.UserWithPreferences) -> None:
    ended = users("create", "lea@example.org", "other", "--password-stdin", typed="x\n")
    assert isinstance(ended.exception, AlreadyExistsError)


def test_a_password_is_not_asked_for_without_a_terminal() -> None:
    ended = users("create", "lea@example.org", "lea", typed=f"{SECRET}\n{SECRET}\n")
    assert isinstance(ended.exception, InvalidInputError)
    assert "--password-stdin" in str(ended.exception)


def test_a_password_is_asked_for_twice_and_not_shown(
    learner: db.UserWithPreferences, triosigno_command: list[str]
) -> None:
    ours, theirs = pty.openpty()
    process = Process(
        [*triosigno_command, "users", "set-password", "lea"],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen = ""
    for question in ("Password: ", "Repeat for confirmation: "):
        while not seen.endswith(question):
            seen += os.read(ours, 1000).decode()
        os.write(ours, f"{SECRET}\n".encode())
    while "password of lea is set" not in seen:
        seen += os.read(ours, 1000).decode()
    assert process.wait() == 0
    os.close(ours)
    assert SECRET not in seen
    assert authenticate("lea", SECRET) == learner.id


@pytest.mark.parametrize("field", ["id", "email", "username"])
def test_an_account_is_named_by_any_of_its_names(
    learner: db.UserWithPreferences, field: str
) -> None:
    login = getattr(learner, field)
    ended = users("set-password", login, "--password-stdin", typed=SECRET)
    assert (ended.exit_code, ended.stdout) == (0, "The password of lea is set.\n")
    assert authenticate("lea", SECRET) == learner.id


@pytest.mark.parametrize(
    ("email", "username"), [("a@example.org", "old@name"), ("a@localhost", " a "), ("a", "b")]
)
def test_an_account_of_other_software_is_named_by_what_is_stored(
    learner: db.UserWithPreferences, database_url: str, email: str, username: str
) -> None:
    insert_user(database_url, email, username)
    for login in (email, username):
        assert users("deactivate", login).stdout == f"{username} is deactivated.\n"


def test_deactivating_keeps_out_and_reactivating_lets_in(learner: db.UserWithPreferences) -> None:
    users("set-password", "lea", "--password-stdin", typed=SECRET)
    assert users("deactivate", "lea").stdout == "lea is deactivated.\n"
    with pytest.raises(db.AccountInactiveError):
        authenticate("lea", SECRET)
    assert users("reactivate", "lea").stdout == "lea is active.\n"
    assert authenticate("lea", SECRET) == learner.id


def test_accounts_are_listed_and_filtered(learner: db.UserWithPreferences) -> None:
    db.connect()
    for _ in range(250):
        make_user()
    db.disconnect()
    ended = users("list", "--search", "quentin", "--json")
    assert [each["id"] for each in json.loads(ended.stdout)] == [learner.id]
    assert len(json.loads(users("list", "--limit=230", "--json").stdout)) == 230
    shown = users("list", "--limit=3").stdout
    assert shown.endswith("3 of 251.\n")
    assert json.loads(users("list", "--inactive", "--json").stdout) == []
    assert json.loads(users("list", "--role=ADMIN", "--json").stdout) == []


def test_a_list_in_a_pipe_is_not_cut(
    learner: db.UserWithPreferences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    (row,) = [line for line in users("list").stdout.splitlines() if learner.id in line]
    assert "lea@example.org" in row
    assert "…" not in row


def test_an_export_is_json_without_the_password(
    learner: db.UserWithPreferences, tmp_path: Path
) -> None:
    printed = users("export", "lea").stdout
    assert json.loads(printed)["email"] == "lea@example.org"
    assert "password" not in printed
    out = tmp_path / "lea.json"
    assert users("export", "lea", "--out", str(out)).exit_code == 0
    assert out.read_text() == printed
    assert out.stat().st_mode & 0o777 == 0o600
    again = users("export", "lea", "--out", str(out))
    assert isinstance(again.exception, InvalidInputError)


@pytest.mark.parametrize(
    "login", ["nobody", "nobody@example.org", "00000000-0000-4000-8000-000000000000"]
)
@pytest.mark.parametrize("command", ["deactivate", "reactivate", "export"])
def test_who_is_not_there_is_named(command: str, login: str) -> None:
    ended = users(command, login)
    assert isinstance(ended.exception, NotFoundError)


def test_an_error_ends_the_command_with_its_name(triosigno_command: list[str]) -> None:
    ended = run_process(
        [*triosigno_command, "users", "deactivate", "nobody"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "NotFoundError\nThere is no User nobody.\n"
    assert ended.stdout == ""
