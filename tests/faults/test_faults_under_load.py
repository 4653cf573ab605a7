"""Each fault under sixteen writers: nothing acknowledged is lost, nothing is counted twice."""

from collections.abc import Iterator

import pytest

from tests.faults.environment import Environment, run_round, running_environment
from tests.faults.faults import FAULTS
from tests.sampling import mostly_slow

SEED = 2026

RECOVERY_SECONDS = 20
"""Generous: the machine may be busy. What it takes is measured by `make soak`."""

# One environment serves all tests of this file.
pytestmark = pytest.mark.xdist_group("faults under load")


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with running_environment(threads=12, processes=4, seed=SEED) as environment:
        yield environment


@pytest.mark.parametrize("name", mostly_slow(FAULTS, 6))
def test_a_fault_loses_and_doubles_nothing(environment: Environment, name: str) -> None:
    result = run_round(environment, FAULTS[name])
    assert result.verdict.acknowledged > 0
    assert (result.verdict.lost, result.verdict.doubled) == (0, 0)
    assert result.recovery < RECOVERY_SECONDS
