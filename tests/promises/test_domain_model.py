"""2,000 random operations, on the database and on a plain-Python model of the domain."""

import pytest

from tests.promises.random_walk import Walk
from tests.promises.walk_beside_others import WalkBesideOthers
from triosigno_db.testing import IsolatedDatabase

OPERATIONS = 2_000


def compare_often(walk: Walk, url: str) -> None:
    for number in range(1, OPERATIONS + 1):
        walk.step()
        if number % 200 == 0:
            walk.compare_all(url)
    assert len({*walk.done}) > 20
    assert walk.model.progress


@pytest.mark.parametrize("seed", range(1))
def test_random_operations_come_to_what_the_model_says(
    triosigno_db: IsolatedDatabase, seed: int
) -> None:
    compare_often(Walk(seed), triosigno_db.url)


@pytest.mark.parametrize("seed", range(1))
def test_concurrent_callers_and_rows_of_others_come_to_what_the_model_says(
    triosigno_db: IsolatedDatabase, seed: int
) -> None:
    compare_often(WalkBesideOthers(seed, triosigno_db.url), triosigno_db.url)
