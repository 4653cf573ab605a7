"""`triosigno-db demo`: simulate a learner who practises LSF for a week."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

import triosigno_db as db
from triosigno_db.cli.connection import connected
from triosigno_db.cli.encoding import encodable, shows
from triosigno_db.cli.interruption import say_if_interrupted
from triosigno_db.cli.tables import visible
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import Module
from triosigno_db.packs import load_pack, starter_pack
from triosigno_db.schema.protection import refuse_in_tests

if TYPE_CHECKING:
    from triosigno_db.testing import ThrowawayPostgres

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
ATTEMPTS_PER_DAY = 40
SEED = 2026
BAR_WIDTH = 20
NAME_WIDTH = 24

Mastery = dict[str, int]

_OF_DEMO = re.compile(r"camille-[0-9a-f]{8}").fullmatch


class Account(db.Record):
    """What tells the accounts of the demo from others."""

    username: str


def demo(
    url: Annotated[
        str | None,
        typer.Option(
            help="Use this database instead of a throwaway PostgreSQL server. Leave a "
            "password to the environment variable PGPASSWORD: a command line is visible to others."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the server running and print its URL.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the random answers.")] = SEED,
) -> None:
    """Start a PostgreSQL server, load the starter content and simulate a week of practice.

    Example: triosigno-db demo --keep
    """
    console = Console(highlight=False)
    with _database(console, url, keep=keep):
        refuse_in_tests(run_sql, current_database().settings)
        db.create_schema()
        _refuse_other_accounts()
        module = db.get_module_tree(_load_content(console)[0])
        learner = _create_learner()
        mastery = _practise(console, learner, module, seed)
        console.print(_draw_tree(module, mastery))
        console.print(_draw_learner(db.get_user_with_preferences(learner.id)))


@contextmanager
def _database(console: Console, url: str | None, *, keep: bool) -> Iterator[None]:
    if url is not None:
        with connected(url):
            say_if_interrupted("What the demo has stored is kept.")
            yield
        return
    say_if_interrupted("The throwaway server was stopped; nothing is kept.")
    spinner = "dots" if shows("⠋") else "line"
    with console.status("Starting a throwaway PostgreSQL ...", spinner=spinner):
        server = _start_server()
    from triosigno_db.testing.environment import environment_ignored  # noqa: PLC0415 (an extra)

    with server, environment_ignored():
        console.print(f"PostgreSQL {server.version} runs on port {server.port}.")
        with connected(server.url):
            yield
        if keep:
            server.detach()
            say_if_interrupted(f"The server is running; to stop it: {server.stop_command}")
            console.print(f"Still running: [bold]{server.url}[/]", soft_wrap=True)
            console.print(f"To stop it:    [bold]{server.stop_command}[/]", soft_wrap=True)


def _start_server() -> "ThrowawayPostgres":
    try:
        # Imported here, so that with a URL the command runs without the `testing` extra.
        from triosigno_db.testing import ThrowawayPostgres  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as exc:
        raise db.TrioSignoDBError(
            "A throwaway server needs an extra: run pip install 'triosigno-db[demo]' or pass --url."
        ) from exc
    return ThrowawayPostgres()


def _refuse_other_accounts() -> None:
    """Refuse a database that is in use: the demo adds content and an account to it."""
    others = [
        user for user in db.iterate(db.list_users, shape=Account) if not _OF_DEMO(user.username)
    ]
    if others:
        raise db.ConflictError(
            f"The database holds accounts ({len(others):,}) that the demo has not created, such as "
            f"{others[0].username}: nothing was added. Use an empty database."
        )


def _load_content(console: Console) -> list[str]:
    """Load the starter content unless it exists, and return the ids of its modules."""
    pack = starter_pack()
    titles = [module.title for module in pack.modules]
    with db.connection():
        there = {module.title: module.id for module in Module.select()}
    if all(title in there for title in titles):
        console.print("The starter content already exists.")
        return [there[title] for title in titles]
    with _progress(console) as progress:
        loading = progress.add_task("Loading content", total=pack.count_rows())
        report = load_pack(pack, on_row=lambda _: progress.advance(loading))
    console.print(
        f"{len(pack.signs)} signs in {len(pack.categories)} categories, "
        f"{len(pack.modules)} modules, "
        f"{sum(len(module.lessons) for module in pack.modules)} lessons."
    )
    return list(report.module_ids)


def _create_learner() -> db.UserWithPreferences:
    name = f"camille-{uuid4().hex[:8]}"
    return db.create_user(
        db.NewUser(
            email=f"{name}@exemple.fr",
            username=name,
            password=uuid4().hex,
            first_name="Camille",
            last_name="Moreau",
        )
    )


def _practise(
    console: Console, learner: db.UserWithPreferences, module: db.ModuleTree, seed: int
) -> Mastery:
    """Simulate a week of attempts, with more correct answers each day."""
    title = visible(module.title)
    console.print(f"{learner.first_name} practises « {title} » (seed {seed}).", markup=False)
    generator = random.Random(seed)  # noqa: S311 (no secret)
    signs = [placed.sign_id for lesson in module.lessons for placed in lesson.lesson_signs]
    mastery: Mastery = {}
    with _progress(console) as progress:
        week = progress.add_task("", total=len(DAYS) * ATTEMPTS_PER_DAY)
        for day, name in enumerate(DAYS, start=1):
            progress.update(week, description=name.capitalize())
            for _ in range(ATTEMPTS_PER_DAY):
                # The first signs of a module are practised most.
                sign_id = signs[int(len(signs) * generator.random() ** 1.5)]
                is_correct = generator.random() < 0.5 + 0.4 * day / len(DAYS)
                after = db.record_attempt(learner.id, sign_id, is_correct=is_correct)
                mastery[sign_id] = after.mastery_level
                progress.advance(week)
    return mastery


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
    )


def _draw_tree(module: db.ModuleTree, mastery: Mastery) -> Tree:
    tree = Tree(Text(visible(module.title), style="bold"))
    for lesson in module.lessons:
        branch = tree.add(Text(visible(lesson.title), style="cyan"))
        for placed in lesson.lesson_signs:
            name = Text(f"{encodable(visible(placed.sign.name)):<{NAME_WIDTH}}")
            branch.add(name + _draw_bar(mastery.get(placed.sign_id)))
    return tree


def _draw_bar(mastery: int | None) -> Text:
    full, empty, none = "█░·" if shows("█░·") else "#-."
    if mastery is None:
        return Text(none * BAR_WIDTH + "  not practised", style="dim")
    filled = round(BAR_WIDTH * mastery / 100)
    # Thresholds for the colours only.
    style = "green" if mastery >= 80 else "yellow" if mastery >= 40 else "red"  # noqa: PLR2004
    return (
        Text(full * filled, style=style)
        + Text(empty * (BAR_WIDTH - filled), style="dim")
        + Text(f" {mastery:>3} %", style=style)
    )


def _draw_learner(learner: db.UserWithPreferences) -> Table:
    table = Table(title="The learner's row", show_header=False, title_justify="left")
    row = learner.model_dump(mode="json")
    preferences = row.pop("userPreferences")
    for name, value in row.items():
        table.add_row(Text(name, style="cyan"), Text(str(value)))
    table.add_section()
    for name, value in preferences.items():
        table.add_row(Text(f"userPreferences.{name}", style="cyan"), Text(str(value)))
    return table
