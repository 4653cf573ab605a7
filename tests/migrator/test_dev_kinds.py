"""What `dev` does with each kind of change, as docs/explanation/schema-changes.md says."""

from pathlib import Path

import pytest

from tests.migrator.evolving import Evolving
from tests.migrator.kinds_of_change import KINDS, Kind
from tests.migrator.outcomes import (
    APPLIED,
    ASKS,
    REFUSED,
    count_values,
    insert_rows,
    stated_outcomes,
)
from triosigno_db.errors import DataLossError, MigrationBlockedError

OURS = 1


def outcome_of(evolving: Evolving, kind: Kind) -> str:
    evolving.to(kind.before)
    insert_rows(kind)
    before = count_values()
    try:
        evolving.to(kind.after, renames=kind.renames)
    except MigrationBlockedError:
        return REFUSED
    except DataLossError:
        return ASKS
    assert count_values() >= before
    return APPLIED


def test_the_page_has_each_kind() -> None:
    assert list(stated_outcomes(OURS))[1:] == [kind.name for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_the_page_says(connected: str, tmp_path: Path, kind: Kind) -> None:
    assert outcome_of(Evolving(tmp_path), kind) == stated_outcomes(OURS)[kind.name]
