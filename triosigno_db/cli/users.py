"""`triosigno-db users`: manage accounts."""

import os
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

import triosigno_db as db
from triosigno_db.cli.connection import AsJson, Models, Url, connected, load_models
from triosigno_db.cli.encoding import print_json
from triosigno_db.cli.interruption import say_if_interrupted, writing
from triosigno_db.cli.tables import print_table, visible
from triosigno_db.repositories.pages import MAX_ROWS

app = typer.Typer(help="Create, list and manage accounts.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)

PRIVATE = 0o600

Login = Annotated[str, typer.Argument(help="The account's id, e-mail address or username.")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input instead of a prompt."
    ),
]


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The e-mail address.")],
    username: Annotated[str, typer.Argument(help="The username.")],
    *,
    first_name: Annotated[str | None, typer.Option(help="The first name.")] = None,
    last_name: Annotated[str | None, typer.Option(help="The last name.")] = None,
    role: Annotated[db.UserRole, typer.Option(help="The role of the account.")] = (
        db.UserRole.STUDENT
    ),
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Create an account; prompts for the password.

    Example: triosigno-db users create lea@example.org lea --role TEACHER
    """
    password = _read_password(from_stdin=password_stdin)
    new_user = db.NewUser(
        email=email,
        username=username,
        password=password,
        first_name=first_name,
        last_name=last_name,
        role=role,
    )
    with connected(url), writing("The account was created."):
        user = db.create_user(new_user)
    if as_json:
        print_json(user.model_dump_json(indent=2))
    else:
        console.print(f"Created {visible(user.username)} with id {user.id}.", markup=False)


@app.command("list")
def list_(
    *,
    role: Annotated[db.UserRole | None, typer.Option(help="Only accounts with this role.")] = None,
    is_active: Annotated[
        bool | None,
        typer.Option("--active/--inactive", help="Only active or only inactive accounts."),
    ] = None,
    search: Annotated[
        str | None, typer.Option(help="Only accounts that contain these words.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number of accounts.")] = 50,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List accounts, newest first.

    Example: triosigno-db users list --role TEACHER --search martin
    """
    with connected(url):
        found = _find_users(role, is_active, search, limit)
        total = db.count_users(role=role, is_active=is_active, search=search)
    if as_json:
        kind = TypeAdapter(tuple[db.UserRecord, ...])
        print_json(kind.dump_json(tuple(found), indent=2, by_alias=True).decode())
        return
    print_table(_draw_users(found))
    console.print(f"{len(found):,} of {total:,}.")


@app.command("set-password")
def set_password(login: Login, password_stdin: PasswordStdin = False, url: Url = None) -> None:
    """Set the password of an account; prompts for the password.

    Example: triosigno-db users set-password lea@example.org
    """
    with connected(url):
        user = _find_user(login)
        password = _read_password(from_stdin=password_stdin)
        with writing("The password was set."):
            db.set_password(user.id, password)
    console.print(f"The password of {visible(user.username)} is set.", markup=False)


@app.command()
def deactivate(login: Login, url: Url = None) -> None:
    """Prevent an account from logging in; no data is deleted.

    Example: triosigno-db users deactivate lea
    """
    with connected(url):
        found = _find_user(login)
        with writing("The account was deactivated."):
            user = db.deactivate_user(found.id)
    console.print(f"{visible(user.username)} is deactivated.", markup=False)


@app.command()
def reactivate(login: Login, url: Url = None) -> None:
    """Allow a deactivated account to log in again.

    Example: triosigno-db users reactivate lea
    """
    with connected(url):
        found = _find_user(login)
        with writing("The account was reactivated."):
            user = db.reactivate_user(found.id)
    console.print(f"{visible(user.username)} is active.", markup=False)


@app.command()
def export(
    login: Login,
    out: Annotated[
        Path | None, typer.Option(help="A new file, readable by its owner only.")
    ] = None,
    url: Url = None,
    models: Models = None,
) -> None:
    """Print all data of an account as JSON, without the password.

    Example: triosigno-db users export lea --out lea.json
    """
    load_models(models)
    with connected(url):
        exported = db.export_user(_find_user(login).id)
    text = exported.model_dump_json(indent=2)
    if out is None:
        print_json(text)
        return
    try:
        # Only a new file: an existing one may be readable by others.
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            say_if_interrupted(f"{out} may be incomplete.")
            file.write(text + "\n")
        say_if_interrupted(f"{out} was written.")
    except OSError as exc:
        raise db.InvalidInputError("out", f"{out}: {exc.strerror}") from exc
    console.print(f"Exported {visible(exported.username)} to {visible(out)}.", markup=False)


def _find_user(login: str) -> db.UserRecord:
    finders = [db.find_user_by_email, db.find_user_by_username]
    if "@" not in login:
        finders.reverse()
    for find in finders:
        if user := find(login):
            return user
    return db.get_user(login)


def _find_users(
    role: db.UserRole | None, is_active: bool | None, search: str | None, limit: int
) -> list[db.UserRecord]:
    users = db.iterate(
        db.list_users,
        role=role,
        is_active=is_active,
        search=search,
        limit=min(limit, MAX_ROWS),
        shape=db.UserRecord,
    )
    return list(islice(users, limit))


def _draw_users(users: Sequence[db.UserRecord]) -> Table:
    names = ("username", "e-mail", "name", "role", "since", "id")
    table = Table(*(Column(name, overflow="fold") for name in names))
    for user in users:
        name = " ".join(filter(None, (user.first_name, user.last_name)))
        table.add_row(
            Text(visible(user.username), style="" if user.is_active else "dim strike"),
            Text(visible(user.email)),
            Text(visible(name)),
            Text(visible(user.role)),
            f"{user.created_at:%Y-%m-%d}",
            Text(visible(user.id)),
        )
    return table


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        # Windows tools end a line with CR and LF, and may begin with a byte order mark.
        try:
            return sys.stdin.readline().removeprefix("\ufeff").rstrip("\r\n")
        except UnicodeDecodeError as exc:
            raise db.InvalidInputError(
                "password", f"is not written in the encoding of the input, {exc.encoding}"
            ) from None
    if not sys.stdin.isatty():
        raise db.InvalidInputError(
            "password", "cannot be prompted for without a terminal: use --password-stdin"
        )
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
