"""Processes that tests start: a test waits for one until a deadline, at which it is killed.

Use them instead of `subprocess.run` and `subprocess.Popen`, whose waits may have no end.
"""

import subprocess
from typing import Any, AnyStr

DEADLINE_SECONDS = 120
"""How long a test waits for a process, if it gives no other time."""


class Process(subprocess.Popen[AnyStr]):
    """A process of a test; a `with` block waits for its end."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Args:
            timeout: The maximum time, in seconds. By default it is killed at the deadline.
        """
        if timeout is not None:
            return super().wait(timeout)
        try:
            return super().wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def communicate(
        self,
        input: AnyStr | None = None,  # noqa: A002 (the parent's name)
        timeout: float | None = None,
    ) -> tuple[Any, Any]:
        """Send it input, and read what it prints until its end.

        Args:
            input: What to send.
            timeout: The maximum time, in seconds. By default it is killed at the deadline.
        """
        if timeout is not None:
            return super().communicate(input, timeout)
        try:
            return super().communicate(input, DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


def run_process(
    command: list[str] | str, *, check: bool, timeout: float = DEADLINE_SECONDS, **options: Any
) -> "subprocess.CompletedProcess[Any]":
    """Run a program to its end.

    Args:
        command: The program with its arguments.
        check: Whether an exit code other than 0 raises `CalledProcessError`.
        timeout: The maximum time, in seconds. After it the process is killed, and
            `TimeoutExpired` raised.
        options: Further arguments of `subprocess.run`.
    """
    return subprocess.run(command, check=check, timeout=timeout, **options)
