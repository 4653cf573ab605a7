"""Commands in processes of their own."""

from collections.abc import Iterator

import pytest

from tests.cli.running import DEADLINE, PROGRAM, Running, Start


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Running] = []

    def start(url: str, *arguments: str, program: str = PROGRAM) -> Running:
        started.append(Running(url, [*arguments], program))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate(timeout=DEADLINE)
