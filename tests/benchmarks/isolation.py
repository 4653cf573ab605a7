"""Measure a database for each test beside a server for each test: `make bench WHAT=isolation`."""

import argparse
import os
import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from testing.postgresql import Postgresql

import triosigno_db as db
from triosigno_db import migrator
from triosigno_db.testing import DatabaseServer, ThrowawayPostgres

SERVERS = 5


def timed(call: Callable[[], object], rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return times


def a_database_of_its_own(server: DatabaseServer, template: str) -> None:
    """What the fixture `triosigno_db` does before and after a test."""
    name = server.new_name()
    db.connect(server.create_database(name, template=template), password_cost=4)
    db.count_users()
    db.disconnect()
    server.drop_database(name)


def a_server_of_its_own() -> None:
    """The same by testing.postgresql alone, which root can't run."""
    make: Callable[[], Postgresql] = ThrowawayPostgres if os.geteuid() == 0 else Postgresql
    with make() as server:
        url: str = server.url if isinstance(server, ThrowawayPostgres) else server.url()
        db.connect(url, password_cost=4)
        migrator.deploy()
        db.count_users()
        db.disconnect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    table = Table("a test's database, made and dropped", "median ms", "p95 ms")
    for in_memory, where in ((True, "copied, in memory"), (False, "copied, on disk")):
        with (
            ThrowawayPostgres(in_memory=in_memory) as throwaway,
            DatabaseServer(throwaway.url_for("postgres")) as server,
        ):
            template = server.new_name()
            db.connect(server.create_database(template))
            migrator.deploy()
            db.disconnect()
            times = timed(lambda: a_database_of_its_own(server, template), rounds)  # noqa: B023
        late = statistics.quantiles(times, n=20)[-1]
        table.add_row(where, f"{statistics.median(times):,.1f}", f"{late:,.1f}")
    servers = timed(a_server_of_its_own, SERVERS)
    table.add_row("a server for each test", f"{statistics.median(servers):,.0f}", "")
    Console().print(table)


if __name__ == "__main__":
    main()
