"""A service's own test suite: pytest in a process and folder of its own."""

import subprocess
import sys
from collections.abc import Callable

RunTests = Callable[..., "subprocess.CompletedProcess[str]"]

COMMAND = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
