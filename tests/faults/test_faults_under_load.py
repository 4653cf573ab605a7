"""Each fault under sixteen writers: nothing acknowledged is lost, nothing is counted twice."""

from collections.abc import Iterator

import pytest

from tests.faults.environment import Stage, play, staged
from tests.faults.faults import FAULTS

SEED = 2026

RECOVERY_SECONDS = 20
"""Generous: the machine may be busy. What it takes is measured by `make soak`."""

# One stage serves all tests of this file.
pytestmark = pytest.mark.xdist_group("faults under load")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged(threads=12, processes=4, seed=SEED) as stage:
        yield stage


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_loses_and_doubles_nothing(stage: Stage, name: str) -> None:
    played = play(stage, FAULTS[name])
    assert played.verdict.acknowledged > 0
    assert (played.verdict.lost, played.verdict.doubled) == (0, 0)
    assert played.recovery < RECOVERY_SECONDS
