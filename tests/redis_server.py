"""A Redis server of the tests' own."""

import socket
import subprocess
from contextlib import closing
from pathlib import Path

from tests.processes import Process
from tests.programs import find_program

NO_REDIS = find_program("redis-server") is None


class RedisServer:
    """Runs until it is stopped, and writes nothing to disk."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as found:
            self.port = found.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process = Process(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                break

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.communicate()
