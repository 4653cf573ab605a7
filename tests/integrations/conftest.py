"""Telemetry of a test's own."""

from collections.abc import Iterator

import pytest

from tests.integrations.telemetry import Telemetry
from triosigno_db.testing import IsolatedDatabase


@pytest.fixture
def telemetry(triosigno_db: IsolatedDatabase) -> Iterator[Telemetry]:
    """What is told of the statements since the test began."""
    telemetry = Telemetry()
    telemetry.instrument()
    yield telemetry
    # A test may have ended it and begun anew: this ends what is in effect.
    telemetry.instrument()()
    telemetry.close()
