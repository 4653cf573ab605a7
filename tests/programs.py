"""Programs that tests start, if they can be run."""

import shutil
import subprocess
from functools import cache

from tests.processes import run_process


@cache
def find_program(*names: str, path: str | None = None, question: str = "--version") -> str | None:
    """Find a program that can be run: one that tells its version.

    A file on `PATH` is not enough. Debian's `psql` and `pgbench` are wrappers, which fail where no
    client is installed; pyenv's `python3.12` fails where no 3.12 is.

    Args:
        names: The names that it may have.
        path: The folders to look into; by default those of `PATH`.
        question: The argument for which it tells its version.

    Returns:
        Its path, or `None` if there is none.
    """
    for name in names:
        found = shutil.which(name, path=path)
        if found and _answers(found, question):
            return found
    return None


def _answers(program: str, question: str) -> bool:
    try:
        return run_process([program, question], capture_output=True, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
