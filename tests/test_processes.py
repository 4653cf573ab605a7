"""A test waits for no process without an end, and what it starts heeds Ctrl-C."""

import os
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from tests import processes
from tests.docs.pages import ROOT
from tests.processes import Process, run_process

ENDLESS = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def _short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "DEADLINE_SECONDS", 0.2)


@pytest.mark.usefixtures("_short_deadline")
@pytest.mark.parametrize("wait", [Process.wait, Process.communicate])
def test_a_process_that_does_not_end_is_killed_at_the_deadline(wait: object) -> None:
    assert callable(wait)
    process = Process(ENDLESS, stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired), process:
        wait(process)
    assert process.wait(10) < 0


@pytest.mark.usefixtures("_short_deadline")
def test_a_block_does_not_wait_for_it_either() -> None:
    with pytest.raises(subprocess.TimeoutExpired), Process(ENDLESS) as process:
        pass
    assert process.wait(10) < 0


def test_a_time_of_ones_own_ends_the_wait_and_not_the_process() -> None:
    with Process(ENDLESS) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=0.1)
        assert process.poll() is None
        process.kill()


def test_a_program_that_does_not_end_is_killed() -> None:
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_process(ENDLESS, check=True, timeout=0.2)
    assert time.monotonic() - began < 60


def test_ctrl_c_is_heeded_where_the_tests_run_in_the_background(tmp_path: Path) -> None:
    """A shell starts what runs in the background with SIGINT ignored."""
    source = f"""
        import signal
        from tests.processes import Process

        def test_it_ends():
            with Process({ENDLESS!r}) as process:
                process.send_signal(signal.SIGINT)
                try:
                    assert process.wait(20) != 0
                finally:
                    process.kill()
    """
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        "os.execv(sys.executable, [sys.executable, '-m', 'pytest', *sys.argv[1:]])"
    )
    ended = run_tests(tmp_path, source, "-c", ignoring, "-p", "tests.conftest")
    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr


def test_a_test_that_waits_for_something_else_ends_as_well(tmp_path: Path) -> None:
    source = """
        import threading

        def test_it_waits():
            threading.Event().wait()
    """
    configuration = ["-c", str(ROOT / "pyproject.toml"), "-o", "faulthandler_timeout=1"]
    ended = run_tests(tmp_path, source, "-m", "pytest", *configuration)
    assert ended.returncode == 1
    assert "in test_it_waits" in ended.stderr


def run_tests(folder: Path, source: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "test_inner.py"
    file.write_text(dedent(source))
    return run_process(
        [sys.executable, *arguments, "-p", "no:cacheprovider", str(file)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
