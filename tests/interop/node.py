"""Programs for Node.js: where they run, and how they are asked."""

import json
from pathlib import Path

import pytest

from tests.processes import run_process
from tests.programs import find_program

NEEDS_NODE = [
    pytest.mark.skipif(
        find_program("node") is None or find_program("npm") is None, reason="there is no Node here"
    ),
    # Prisma's packages are large: one process installs them for all.
    pytest.mark.xdist_group("node"),
]
"""The marks of tests that ask Node."""


def ask_node(
    folder: Path, program: str, request: object, *, check: bool = True, timeout: float = 60
) -> str:
    """Give a program a JSON document on standard input.

    Args:
        folder: Where the program and its packages are.
        program: The file.
        request: The document.
        check: Whether an exit code other than 0 is an error.
        timeout: The maximum time, in seconds.

    Returns:
        What it printed on standard output.
    """
    ended = run_process(
        ["node", program],
        cwd=folder,
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=check,
        timeout=timeout,
    )
    printed: str = ended.stdout
    return printed
