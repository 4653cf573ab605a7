"""Measure importing the library beside importing its dependencies: `make bench WHAT=imports`."""

import argparse
import os
import statistics
import sys
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.processes import run_process

IMPORTED = {
    "its dependencies": "peewee, playhouse.pool, psycopg2, psycopg2.extras, bcrypt, pydantic, "
    "pydantic_settings, typing_extensions, email_validator",
    "triosigno_db": "triosigno_db",
    "triosigno_db.aio": "triosigno_db.aio",
}
TIMED = """
import time
started = time.perf_counter()
import {}
print((time.perf_counter() - started) * 1000)
"""


def milliseconds(names: str, bytecode: str) -> float:
    command = [sys.executable, "-c", TIMED.format(names)]
    # As pip leaves an installed package: with its bytecode beside it.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
    done = run_process(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="processes for each")
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in IMPORTED}
    with TemporaryDirectory() as bytecode:
        for names in IMPORTED.values():
            milliseconds(names, bytecode)
        for _ in range(rounds):  # in turns: what slows the machine down slows all of them down
            for name, names in IMPORTED.items():
                times[name].append(milliseconds(names, bytecode))
    medians = {name: statistics.median(each) for name, each in times.items()}
    (base, *_) = medians.values()
    table = Table("import", "median", "ratio", title=f"{rounds} processes each")
    for name, median in medians.items():
        table.add_row(name, f"{median:.0f} ms", f"{median / base:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
