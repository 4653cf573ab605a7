"""The example of a service: its own tests pass, and its types hold under mypy."""

import os
import sys
from pathlib import Path

import pytest

from tests.processes import run_process

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "recognition"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("pytest", "-q", "-p", "no:cacheprovider", "-W", "error"),
        ("mypy", "--cache-dir", os.devnull, "recognition", "tests"),
    ],
    ids=["tests", "types"],
)
def test_the_service_is_sound(arguments: tuple[str, ...]) -> None:
    ended = run_process(
        [sys.executable, "-m", *arguments],
        cwd=EXAMPLE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
