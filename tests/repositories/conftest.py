"""A server whose clock stands still."""

import pytest

from tests.learning_rows import Clock


@pytest.fixture
def clock(triosigno_url: str) -> Clock:
    """The library, connected to an empty schema; its clock is set by hand."""
    return Clock(triosigno_url)
