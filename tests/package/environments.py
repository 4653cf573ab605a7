"""Virtual environments of their own, and an index to install from."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.processes import Process, run_process
from tests.programs import find_program
from tools.lowest_versions import read_project

PROJECT = read_project()
INSTALLATION_SECONDS = 900
OLDEST = (3, 11)
NEWEST = (3, 14)

_VERSION = "import sys; print(sys.version_info[:2] >= (3, 11), '%d.%d' % sys.version_info[:2])"


def interpreters() -> dict[str, str]:
    """Find a Python of each supported version on this machine, pyenv's among them."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [f"python3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
    candidates = [sys.executable, *filter(None, map(find_program, names))]
    if os.access(pyenv, os.R_OK | os.X_OK):
        candidates += [str(path) for path in sorted(pyenv.glob("3.*/bin/python"))]
    found: dict[str, str] = {}
    for candidate in candidates:
        told = run_process([candidate, "-c", _VERSION], capture_output=True, text=True, check=False)
        is_supported, _, version = told.stdout.strip().partition(" ")
        if told.returncode == 0 and is_supported == "True":
            found.setdefault(version, candidate)
    return found


class Environment:
    """A virtual environment that nothing of this one leaks into.

    Args:
        folder: Where it is made.
        python: The interpreter that makes it.
        index: Where the library is installed from, beside what pip uses anyway.
    """

    def __init__(self, folder: Path, python: str, index: str) -> None:
        self._folder = folder
        self._index = index
        self._variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "TRIOSIGNO_DB_", "DATABASE_URL", "VIRTUAL_ENV"))
        }
        self._variables["PATH"] = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        run_process([python, "-m", "venv", str(folder)], check=True, env=self._variables)

    def install(self, *requirements: str, constraints: Path | None = None) -> None:
        """Install, and make sure that the library came from the local index."""
        report = self._folder / "report.json"
        command = ["pip", "install", "--quiet", "--no-cache-dir", "--report", str(report)]
        command += ["--extra-index-url", self._index]
        if constraints is not None:
            command += ["--constraint", str(constraints)]
        self.run("-m", *command, *requirements)
        installed = json.loads(report.read_text())["install"]
        (ours,) = [each for each in installed if each["metadata"]["name"] == PROJECT["name"]]
        assert ours["download_info"]["url"].startswith(self._index.removesuffix("simple/"))

    def run(
        self, *arguments: str, cwd: Path | None = None, exit_code: int = 0, **variables: str
    ) -> str:
        """Run its Python, and give what it printed."""
        done = run_process(
            [str(self._folder / "bin" / "python"), *arguments],
            cwd=cwd or self._folder,
            env=self._variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=INSTALLATION_SECONDS,
        )
        assert done.returncode == exit_code, done.stdout
        return done.stdout

    def program(self, name: str) -> str:
        """Tell the path of a program that a package has installed."""
        return str(self._folder / "bin" / name)

    def start(self, *arguments: str, cwd: Path, **variables: str) -> Process[str]:
        """Start its Python, with both outputs in one pipe."""
        return Process(
            [str(self._folder / "bin" / "python"), *arguments],
            cwd=cwd,
            env=self._variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the parent's name)
        """Say nothing of each request."""


@contextmanager
def simple_index(folder: Path, distributions: list[Path]) -> Iterator[str]:
    """Serve distributions as an index does, by the simple repository API.

    https://packaging.python.org/en/latest/specifications/simple-repository-api/
    """
    project = folder / "simple" / PROJECT["name"]
    project.mkdir(parents=True)
    links = ""
    for path in distributions:
        shutil.copy(path, folder / path.name)
        links += f'<a href="/{path.name}">{path.name}</a>\n'
    (project / "index.html").write_text(f"<!DOCTYPE html><html><body>\n{links}</body></html>\n")
    handler = partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple/"
        finally:
            server.shutdown()
            serving.join()
