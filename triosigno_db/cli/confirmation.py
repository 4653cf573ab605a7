"""Confirm a data loss: on a terminal by typing the name of the database, else by an option."""

import sys
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from triosigno_db.cli.tables import visible, visible_lines
from triosigno_db.errors import DataLossError
from triosigno_db.schema.data_loss import HOW_TO_CONTINUE
from triosigno_db.settings import Settings

ResultT = TypeVar("ResultT")

AcceptDataLoss = Annotated[
    bool, typer.Option("--accept-data-loss", help="Continue if data is lost, without asking.")
]

_console = Console(stderr=True, highlight=False, soft_wrap=True)


def confirm_data_loss(
    settings: Settings, act: Callable[[bool], ResultT], *, accept: bool
) -> ResultT:
    """Run a command that may lose data, and ask before it does.

    Args:
        settings: The settings of the connection, to name the database and the server.
        act: Runs the command; its argument is whether a data loss is accepted.
        accept: Whether it is accepted without asking.

    Returns:
        The result of the command.

    Raises:
        DataLossError: Data would be lost, and nobody can be asked.
        typer.BadParameter: Another name was typed.
    """
    try:
        return act(accept)
    except DataLossError as exc:
        where = f"{settings.database} on {settings.host}:{settings.port}"
        losses = str(exc).removesuffix(f" {HOW_TO_CONTINUE}")
        if not sys.stdin.isatty():
            raise DataLossError(
                f"{losses} This is the database {where}. Use --accept-data-loss to continue."
            ) from exc
    _console.print(visible_lines(losses.partition(" Nothing was")[0]), markup=False)
    question = f"This is the database {visible(where)}. Type its name to continue"
    if typer.prompt(question) != settings.database:
        raise typer.BadParameter("that is not the database's name; nothing was changed")
    return act(True)
