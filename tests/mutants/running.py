"""A copy of the project, in which tests run with one mutation of the package, or none."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

from coverage import CoverageData

from tests.mutants.choosing import Coverage
from tests.mutants.operators import Mutation
from tests.mutants.pytest_plugin import CHOSEN, FAILED_FILE, RECORDED, plain_id
from tests.processes import Process, run_process

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "tests.mutants.pytest_plugin")
TRYING = ("-x", "-p", "no:cacheprovider")
RECORDING = (
    *("-m", "not slow and not soak", "--dist", "loadgroup"),
    *("--cov=triosigno_db", "--cov-context=test", "--cov-report="),
)
LISTING = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")

# Python and a server start beside the tests.
START_SECONDS = 60
RECORDING_SECONDS = 7200


class Outcome(NamedTuple):
    """What became of one mutation.

    Attributes:
        is_killed: Whether a test failed, or the tests did not end in time.
        detail: What killed it, or what the tests ended with.
    """

    is_killed: bool
    detail: str


class ProjectCopy:
    """A copy of the files that Git knows, or would add.

    Args:
        root: The project.
        folder: Where to put the copy.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        listed = run_process(LISTING, cwd=root, capture_output=True, text=True, check=True)
        for name in listed.stdout.split("\0"):
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)

    def run_mutated(self, mutation: Mutation, tests: list[str], seconds: float) -> Outcome:
        """Run tests with one mutation, up to the first that fails.

        Args:
            mutation: The mutation.
            tests: The ids of the tests, in their order.
            seconds: How long all of them take; three times as long is too long.

        Returns:
            What became of it.
        """
        path = self.folder / mutation.file
        original, times = path.read_bytes(), path.stat()
        path.write_bytes(mutation.apply(original.decode()).encode())
        # Compiled code is taken for that of a file which has the same size and time in seconds.
        stamp = zlib.crc32(repr(mutation).encode()) // 2
        os.utime(path, (stamp, stamp))
        try:
            return self._run_confirmed(tests, 3 * seconds + START_SECONDS)
        finally:
            path.write_bytes(original)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _run_confirmed(self, tests: list[str], seconds: float) -> Outcome:
        """Run tests; one that fails only after others kills nothing."""
        failed = self.folder / FAILED_FILE
        outcome = Outcome(False, "no test runs it")
        while tests:
            failed.unlink(missing_ok=True)
            outcome = self._run(tests, seconds)
            if not (outcome.is_killed and failed.exists()):
                return outcome
            test = failed.read_text(encoding="utf-8")
            if self._run([test], seconds).is_killed:
                return outcome
            tests = tests[tests.index(test) + 1 :]
            outcome = Outcome(False, f"{test} failed only after others")
        return outcome

    def _run(self, tests: list[str], seconds: float) -> Outcome:
        chosen, output = self.folder / "chosen.json", self.folder / "output.txt"
        chosen.write_text(json.dumps(tests), encoding="utf-8")
        # In another order pytest 9.1 loses the fixtures of a conftest between two folders.
        files = sorted({test.partition("::")[0] for test in tests})
        with output.open("wb") as opened:
            process = Process(
                [*PYTEST, *TRYING, *files],
                cwd=self.folder,
                env=self._environment(CHOSEN, chosen),
                stdout=opened,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return Outcome(True, f"not ended after {seconds:.0f} s")
        text = output.read_text(encoding="utf-8", errors="replace")
        # The summary names the test; where there is none, an error says what broke at import.
        failure = re.search(r"^(?:FAILED|ERROR) .*", text, re.MULTILINE) or re.search(
            r"^E   .*", text, re.MULTILINE
        )
        # 5: no test was collected.
        return Outcome(code not in (0, 5), failure[0] if failure else text.strip().split("\n")[-1])

    def record(self, tests: list[str], jobs: int) -> Coverage:
        """Run tests, and find out which lines each of those that pass runs.

        Args:
            tests: The arguments of pytest.
            jobs: How many processes run them.

        Returns:
            The lines and the seconds of each test.

        Raises:
            RuntimeError: pytest could not run them, or a process ended before its time.
        """
        seconds, data = self.folder / "seconds.json", self.folder / "coverage"
        code = run_process(
            [*PYTEST, *RECORDING, "-n", str(jobs), *tests],
            cwd=self.folder,
            env={**self._environment(RECORDED, seconds), "COVERAGE_FILE": str(data)},
            check=False,
            timeout=RECORDING_SECONDS,
        ).returncode
        if code not in (0, 1):
            raise RuntimeError(f"pytest ended with {code}")
        known = CoverageData(str(data))
        known.read()
        passed = json.loads(seconds.read_text(encoding="utf-8"))
        traced = passed.keys() & map(_test_of, known.measured_contexts())
        # Every test runs the fixture that disconnects; less is known only if a process was lost.
        if len(traced) < 0.9 * len(passed):
            raise RuntimeError(f"coverage knows only {len(traced)} of {len(passed)} tests")
        lines = {
            str(Path(file).relative_to(self.folder)): {
                line: frozenset(map(_test_of, contexts)) & passed.keys()
                for line, contexts in known.contexts_by_lineno(file).items()
            }
            for file in known.measured_files()
        }
        return Coverage(passed, lines)

    def _environment(self, variable: str, path: Path) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder), variable: str(path)}


def _test_of(context: str) -> str:
    """The test of a context of coverage, which names the phase after the id."""
    return plain_id(context.rpartition("|")[0])
