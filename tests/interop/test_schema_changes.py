"""What Prisma's engine does with each kind of change, as the page of schema changes says."""

from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import Engine
from tests.interop.node import NEEDS_NODE
from tests.interop.schemas_of_specs import to_prisma
from tests.migrator.changing_models import Spec
from tests.migrator.kinds_of_change import KINDS, Kind
from tests.migrator.outcomes import (
    APPLIED,
    ASKS,
    FAILS,
    LOSES,
    REFUSED,
    UNSEEN,
    count_values,
    insert_rows,
    stated_outcomes,
)
from tests.sampling import mostly_slow

pytestmark = NEEDS_NODE

PRISMA = 2


def outcome_of(prisma: Engine, schema: Path, kind: Kind) -> str:
    """Change a database as `db push` does: by the checks and statements of `migrate dev`."""

    def change(spec: Spec, *, force: bool = False) -> dict[str, Any]:
        schema.write_text(to_prisma(spec))
        return prisma("change", schema=schema, force=force)

    assert "error" not in change(kind.before)
    insert_rows(kind)
    before = count_values()
    told = change(kind.after)
    if told.get("unexecutable"):
        return REFUSED
    if told.get("warnings"):
        forced = change(kind.after, force=True)
        return f"{ASKS}, then {FAILS}" if "error" in forced else ASKS
    if "error" in told:
        return FAILS
    if not told["steps"]:
        return UNSEEN
    return APPLIED if count_values() >= before else LOSES


@pytest.mark.parametrize("kind", mostly_slow(KINDS, 4), ids=lambda kind: kind.name)
def test_what_the_page_says_of_prisma(
    connected: str, prisma: Engine, tmp_path: Path, kind: Kind
) -> None:
    found = outcome_of(prisma, tmp_path / "schema.prisma", kind)
    assert found == stated_outcomes(PRISMA)[kind.name]
