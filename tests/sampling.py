"""Parameters of which `make test` tries a few, and `make slow` the rest."""

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(values: Iterable[Any], fast: int) -> list[Any]:
    """Mark all parameters but the first ones as slow.

    Args:
        values: The parameters.
        fast: How many are not slow.
    """
    return [
        value if number < fast else pytest.param(value, marks=pytest.mark.slow)
        for number, value in enumerate(values)
    ]
