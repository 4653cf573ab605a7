"""Options and the connection that the database commands share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import triosigno_db as db

Url = Annotated[
    str | None,
    typer.Option(
        help="The database URL, by default from the environment variable DATABASE_URL. Use the "
        "variable for a URL with a password: a command line is visible to other users."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
History = Annotated[
    Path | None,
    typer.Option("--migrations", help="The migrations folder; the default is the package's."),
]
LockTimeout = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for the migration lock or a table lock.")
]


@contextmanager
def connected(url: str | None) -> Iterator[None]:
    """Connect for the duration of a command.

    Args:
        url: The database URL. The default is the environment variable `DATABASE_URL`.
    """
    db.connect(url)
    try:
        yield
    finally:
        db.disconnect()
