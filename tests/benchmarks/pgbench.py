"""pgbench, PostgreSQL's own load generator, running the library's statements.

Each of its clients prepares the statement once, as a connection of the library does, and then sends
the same `EXECUTE`; it reads the rows and throws them away.
"""

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.calls import Called, Rows, numbers
from tests.benchmarks.figures import Load
from tests.processes import DEADLINE_SECONDS, run_process
from tests.programs import find_program
from triosigno_db.database.connector import connection_parameters
from triosigno_db.database.lifecycle import current_database
from triosigno_db.settings import Settings
from triosigno_db.testing import available_versions

_RATE = re.compile(r"^tps = ([\d.]+) \(without initial connection time\)$", re.MULTILINE)


def find_pgbench() -> Path | None:
    """Find the program: on `PATH`, or beside a server of the machine or a bundled one.

    Returns:
        Its path, `None` where there is none.
    """
    folders = [str(each.bin_dir) for each in reversed(available_versions())]
    found = find_program("pgbench") or find_program("pgbench", path=os.pathsep.join(folders))
    return Path(found) if found else None


def script_of(called: Called, rows: Rows) -> str:
    """Write what each client runs again and again.

    Args:
        called: Whose statement to run.
        rows: What to draw its arguments from.

    Returns:
        The script; the variable `prepared` has to be 0 at first.
    """
    compiled = called.compiled()
    drawn = [
        f"\\set {name} random(1, {most})"
        for name, most in numbers(rows).items()
        if any(f":{name})" in value for value in called.values.values())
    ]
    key = compiled.key or ""
    prepare, execute = " ".join(compiled.prepare_as(key).split()), compiled.execute_as(key)
    lines = [
        "\\if :prepared = 0",
        f"{prepare};",
        "\\set prepared 1",
        "\\endif",
        *drawn,
        f"{execute % called.values};",
    ]
    return "\n".join(lines) + "\n"


def drive(
    pgbench: Path, called: Called, rows: Rows, *, clients: int, seconds: int, seed: int
) -> Load:
    """Run the statement of a function, on the server that the library is connected to.

    Args:
        pgbench: The program.
        called: Whose statement to run.
        rows: What to draw its arguments from.
        clients: How many connections run it at once.
        seconds: How long, in whole seconds.
        seed: What its random numbers follow from.

    Returns:
        What the clients have seen.
    """
    settings = current_database().settings
    # Its clock runs while it connects, which takes many clients a second and more; the rate that it
    # tells leaves that out.
    duration = seconds + clients // 16
    with TemporaryDirectory(prefix="pgbench-") as folder:
        Path(folder, "script.sql").write_text(script_of(called, rows))
        command = [
            *(str(pgbench), "--no-vacuum", "--protocol=simple", "--file=script.sql"),
            *("--define=prepared=0", f"--random-seed={seed}", f"--time={duration}"),
            *(f"--client={clients}", f"--jobs={min(clients, os.cpu_count() or 1)}"),
            *("--log", "--log-prefix=calls"),
        ]
        done = run_process(
            command,
            cwd=folder,
            env=os.environ | _connection(settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=duration + DEADLINE_SECONDS,
        )
        rate = _RATE.search(done.stdout)
        if done.returncode != 0 or rate is None:
            raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
        times = _read_times(Path(folder), clients)
    return Load(times, sum(map(len, times)) / float(rate[1]))


def _connection(settings: Settings) -> dict[str, str]:
    # What the library's own connections are opened with, by libpq's names in the environment.
    given = connection_parameters(settings)
    names: dict[str, Any] = {
        "PGHOST": given.get("host"),
        "PGPORT": given.get("port"),
        "PGUSER": given.get("user"),
        "PGPASSWORD": given.get("password"),
        "PGSSLMODE": given.get("sslmode"),
        "PGOPTIONS": given.get("options"),
        "PGDATABASE": settings.database,
    }
    return {name: str(value) for name, value in names.items() if value is not None}


def _read_times(folder: Path, clients: int) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in range(clients)]
    for log in folder.glob("calls.*"):
        for line in log.read_text().splitlines():
            client, _, microseconds, *_ = line.split()
            times[int(client)].append(int(microseconds) / 1_000_000)
    return times
