"""What all commands that work on a database share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import triosigno_db as db

Url = Annotated[
    str | None, typer.Option(help="The database; without it the environment's DATABASE_URL.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
History = Annotated[
    Path | None,
    typer.Option("--migrations", help="The folder of the history; the package's own without it."),
]
LockTimeout = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for a lock, the deployment's or a table's.")
]


@contextmanager
def connected(url: str | None) -> Iterator[None]:
    """Connect for the length of a command.

    Args:
        url: The database; without it the environment's `DATABASE_URL`.
    """
    db.connect(url)
    try:
        yield
    finally:
        db.disconnect()
