"""Prisma's engine in a process that answers many questions, as its start takes a second."""

import json
import subprocess
from pathlib import Path
from typing import Any, Self

from tests.processes import Process


class PrismaProcess:
    """Prisma's engine.

    Args:
        folder: Where the program and its packages are.
    """

    def __init__(self, folder: Path) -> None:
        self._process = Process(
            ["node", "prisma_engine.mjs"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def __call__(self, command: str, **request: Any) -> dict[str, Any]:
        """Ask it to do something; a failure is an answer as well."""
        question = {"command": command, **{name: str(value) for name, value in request.items()}}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"ended": true}')
        return answer

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()
