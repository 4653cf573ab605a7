"""The studio as its user runs it: a process, until the block ends."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from tests.processes import Process


class Studio(NamedTuple):
    """A studio that runs.

    Attributes:
        address: Where, without the token.
        token: What lets a browser in.
        said: What it has printed.
        process: The command.
    """

    address: str
    token: str
    said: str
    process: Process[str]


Serve = Callable[..., AbstractContextManager[Studio]]


@contextmanager
def serving(command: list[str], url: str, *options: str) -> Iterator[Studio]:
    """Run `triosigno-db studio` until the block ends."""
    arguments = [*command, "studio", "--port=0", f"--url={url}", *options]
    process = Process(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", said)
    assert found, said
    try:
        yield Studio(found[1], found[2], said, process)
    finally:
        process.kill()
        process.communicate()
