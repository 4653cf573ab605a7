"""Options and the connection that the database commands share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypedDict

import typer

import triosigno_db as db
from triosigno_db.migrator import Project, read_project

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
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--models",
        help="A module with models of a service's, repeatable. Default: those that "
        "[tool.triosigno_db] in pyproject.toml names.",
    ),
]
LockTimeout = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for the migration lock or a table lock.")
]


class Histories(TypedDict):
    """The histories that a command works on.

    Attributes:
        history: The folder that replaces the library's history; `None` for the package's.
        project: The service whose history belongs to it.
    """

    history: Path | None
    project: Project | None


def find_histories(migrations: Path | None, models: Sequence[str] | None) -> Histories:
    """Find the histories of a command by its options, or by the `pyproject.toml` of a service.

    Args:
        migrations: The folder of a service's migrations if `models` are given; else the folder that
            is used in place of all others.
        models: The modules of a service's models.

    Returns:
        The histories.

    Raises:
        InvalidInputError: The `pyproject.toml` is invalid.
    """
    if models and migrations:
        given = Project(tuple(models), migrations, Path.cwd())
        return Histories(history=None, project=given)
    if models:
        raise typer.BadParameter("--models needs --migrations, the folder of their migrations")
    project = None if migrations else read_project(Path.cwd())
    return Histories(history=migrations, project=project)


def load_models(models: Sequence[str] | None) -> Project | None:
    """Import the models of a service, so that a command knows its tables.

    Args:
        models: The modules. By default those that `pyproject.toml` names.

    Returns:
        The service, if there is one.

    Raises:
        InvalidInputError: The `pyproject.toml` is invalid, or a module does not exist.
    """
    here = Path.cwd()
    project = Project(tuple(models), here, here) if models else read_project(here)
    if project is not None:
        project.load_models()
    return project


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
