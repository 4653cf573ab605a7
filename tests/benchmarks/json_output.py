"""Measure reading and sending as JSON: `make bench WHAT=json_output`.

A user with preferences, a module's tree of 100 signs and a page of 50 signs, each read and written
as JSON, as a service does for a request; beside raw psycopg2 with orjson, and Prisma's client with
JSON.stringify where Node is there.
"""

import argparse
import json
import random
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psycopg2
from rich.console import Console
from rich.table import Table

import triosigno_db as db
from tests.benchmarks import data
from tests.benchmarks.data import a_module, a_user
from tests.benchmarks.json_peer import Orjson
from tests.interop.conftest import generate_client, install
from tests.interop.node import ask_node
from tests.programs import find_program
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import ThrowawayPostgres

WARM_UP = 50
PAGE = 50
PROGRAM = Path(__file__).with_name("read_json.mjs")

DIFFERENT = """
UPDATE "{table}" SET "createdAt" = "createdAt" + random() * interval '300 days',
    "updatedAt" = "updatedAt" + random() * interval '300 days'
"""
"""Gives each row of a table timestamps of its own, as rows have that were written one by one."""


class Reading(NamedTuple):
    """What is read and sent.

    Attributes:
        name: Its name.
        read: Reads it with the library.
        peer: Reads it with psycopg2 and returns its JSON by orjson.
        draw: Draws its argument.
    """

    name: str
    read: Callable[[Any], Any]
    peer: Callable[[Any], bytes]
    draw: Callable[[random.Random], Any]


class Figures(NamedTuple):
    """Medians in milliseconds: of processor time, and the whole time of a call.

    Attributes:
        read: Processor time of reading.
        written: Processor time of writing JSON.
        ours: The whole time of both.
        peer: The whole time of psycopg2 and orjson.
    """

    read: float
    written: float
    ours: float
    peer: float


def readings(peer: Orjson) -> list[Reading]:
    """List what is measured."""
    return [
        Reading("user", db.get_user_with_preferences, peer.get_user, a_user),
        Reading("tree", db.get_module_tree, peer.get_tree, a_module),
        Reading(
            "page",
            lambda _: db.list_signs(limit=PAGE),
            lambda _: peer.list_signs(PAGE),
            lambda _: None,
        ),
    ]


def measure(reading: Reading, rounds: int, seed: int) -> Figures:
    """Call the library and its peer in turn."""
    choice = random.Random(seed)
    read, written, ours, peer = [], [], [], []
    for number in range(WARM_UP + rounds):
        argument = reading.draw(choice)
        started, began = time.perf_counter(), time.process_time()
        record = reading.read(argument)
        has_read = time.process_time()
        record.model_dump_json()
        has_written, ended = time.process_time(), time.perf_counter()
        reading.peer(argument)
        if number >= WARM_UP:
            read.append(has_read - began)
            written.append(has_written - has_read)
            ours.append(ended - started)
            peer.append(time.perf_counter() - ended)
    return Figures(*(statistics.median(each) * 1000 for each in (read, written, ours, peer)))


@contextmanager
def prisma() -> Iterator[Path | None]:
    """A folder with Prisma's client in it, where Node is there."""
    if find_program("node") is None or find_program("npm") is None:
        yield None
        return
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        install(folder)
        generate_client(folder)
        shutil.copy(PROGRAM, folder)
        yield folder


def measure_prisma(folder: Path, url: str, rounds: int, seed: int) -> dict[str, float]:
    """Return the medians of Prisma's client with JSON.stringify, in milliseconds, by name."""
    choice = random.Random(seed)
    request = {
        "url": url,
        "user": [a_user(choice) for _ in range(rounds)],
        "tree": [a_module(choice) for _ in range(rounds)],
        "page": [PAGE] * rounds,
    }
    figures: dict[str, float] = json.loads(ask_node(folder, PROGRAM.name, request, timeout=600))
    return figures


def table_of(title: str, url: str, folder: Path | None, rounds: int, seed: int) -> Table:
    """Measure everything once."""
    table = Table("read and as JSON", title=title)
    for column in ("read, CPU", "JSON, CPU", "JSON / read", "both", "orjson", "Prisma"):
        table.add_column(column, justify="right")
    theirs = measure_prisma(folder, url, rounds, seed) if folder else {}
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        for reading in readings(Orjson(connection)):
            found = measure(reading, rounds, seed)
            table.add_row(
                reading.name,
                f"{found.read:.3f}",
                f"{found.written:.3f}",
                f"{found.written / found.read:.2f}",
                f"{found.ours:.3f}",
                f"{found.peer:.3f}",
                f"{theirs[reading.name]:.3f}" if theirs else "",
            )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    console = Console(width=120)
    with ThrowawayPostgres() as server, prisma() as folder:
        with console.status("Loading rows ..."):
            data.load(server.url)
        arguments = (server.url, folder, options.rounds, options.seed)
        console.print(table_of("written together, ms", *arguments))
        for each in ("Module", "Lesson", "LessonSign", "Sign"):
            run_sql(DIFFERENT.format(table=each))
        run_sql("VACUUM ANALYZE")
        console.print(table_of("each timestamp another, ms", *arguments))
        db.disconnect()


if __name__ == "__main__":
    main()
