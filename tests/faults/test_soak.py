"""For long: faults at random under sixteen writers, and a mixed load that must stay flat."""

import os
import random
import secrets
import statistics
import threading
import time
from collections.abc import Callable
from operator import attrgetter

import pytest

import triosigno_db as db
from tests.faults import report
from tests.faults.environment import Round, run_round, running_environment
from tests.faults.faults import FAULTS
from tests.faults.journal import Verdict
from tests.faults.mixed_workload import MixedWorkload, Sample, growth
from triosigno_db.testing import ThrowawayPostgres

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("soak")]

ROUNDS = int(os.environ.get("ROUNDS", "57"))
MINUTES = float(os.environ.get("MINUTES", "30"))
SEED = int(os.environ.get("FAULTS_SEED", "0")) or secrets.randbelow(10**6)

RECOVERY_SECONDS = 2
"""From the server's return to the last writer's success."""

SAMPLES = 180
WARM_UP = 1 / 6
"""The part of the samples in which caches fill and connections open."""


def test_faults_at_random_lose_and_double_nothing() -> None:
    print(f"\nFAULTS_SEED={SEED}")
    chosen = random.Random(SEED)
    # Each at least every so often, in an order that nobody has thought of.
    names: list[str] = []
    while len(names) < ROUNDS:
        names += chosen.sample(list(FAULTS), len(FAULTS))
    rounds: dict[str, list[Round]] = {name: [] for name in FAULTS}
    with running_environment(threads=12, processes=4, seed=SEED) as environment:
        for number, name in enumerate(names[:ROUNDS], start=1):
            result = run_round(environment, FAULTS[name])
            print(f"{number:3} {name}: {result.recovery:.2f} s, {result.verdict}", flush=True)
            rounds[name].append(result)
    report.keep_faults(rounds, SEED)
    all_rounds = [each for results in rounds.values() for each in results]
    total = sum((each.verdict for each in all_rounds), Verdict())
    assert (total.lost, total.doubled) == (0, 0)
    assert total.acknowledged > ROUNDS
    assert max(each.recovery for each in all_rounds) < RECOVERY_SECONDS


def test_a_mixed_load_stays_flat() -> None:
    stretch = MINUTES * 60 / SAMPLES
    samples: list[Sample] = []
    with ThrowawayPostgres() as server:
        db.connect(server.url, connection_limit=8, password_cost=4)
        db.create_schema()
        workload = MixedWorkload(server.url, threads=8, seed=SEED)
        started = time.monotonic()
        with workload.running():
            for number in range(1, SAMPLES + 1):
                # What is measured is a stretch of time.
                threading.Event().wait(started + number * stretch - time.monotonic())
                samples.append(workload.sample(number * stretch / 60))
                print(samples[-1], flush=True)
        db.disconnect()
    report.keep_load(samples)
    flat = samples[round(SAMPLES * WARM_UP) :]
    assert relative_growth(flat, attrgetter("memory")) < 0.05
    # A machine that gets busier raises the one, one that gets quieter the other: a bare statement
    # gains more by that than one with work to do. Calls that get slower raise both.
    for latency in (attrgetter("p50"), attrgetter("p95")):
        by_itself = relative_growth(flat, latency)
        beside_bare = relative_growth(flat, lambda sample: latency(sample) / sample.bare)  # noqa: B023
        assert min(by_itself, beside_bare) < 0.25
    assert max(sample.connections for sample in samples) <= 8
    assert max(sample.threads for sample in flat) == min(sample.threads for sample in flat)
    assert growth(flat, lambda sample: sample.files) == 0


def relative_growth(samples: list[Sample], value: Callable[[Sample], float]) -> float:
    """By how much a value grew, as a part of what it mostly is."""
    return growth(samples, value) / statistics.median(value(sample) for sample in samples)
