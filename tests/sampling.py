"""Parameters of which `make test` tries a few, and `make slow` the rest."""

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(values: Iterable[Any], fast: int, *, unpack: bool = False) -> list[Any]:
    """Mark all parameters but a few, evenly spread ones as slow.

    Args:
        values: The parameters.
        fast: How many are not slow.
        unpack: Whether each value is a tuple of several parameters.
    """
    listed = list(values)
    kept = {number * len(listed) // fast for number in range(fast)}
    return [
        value
        if number in kept
        else pytest.param(*(value if unpack else (value,)), marks=pytest.mark.slow)
        for number, value in enumerate(listed)
    ]
