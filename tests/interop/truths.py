"""What must be true after each step, by the catalogs and the rows alone."""

from tests.interop.both_sides import BothSides, Rows, catalog_of, rows_of
from tests.interop.evolutions import EVOLUTIONS, NOTES_OF_ITS_OWN, Evolution
from tests.interop.next_versions import FIRST_NEXT
from triosigno_db.doctor import Compatibility, check_compatibility
from triosigno_db.migrator import MigrationState, status
from triosigno_db.migrator.deploy import IN_DATABASE
from triosigno_db.schema.catalog import compare


def assert_true(sides: BothSides) -> None:
    """Compare the database with the mirror, and what each command says with the database."""
    assert compare(catalog_of(sides.mirror), catalog_of(sides.url)) == ()
    _assert_status(sides)
    _assert_diagnosis(sides)
    _assert_check(sides)
    _assert_rows(sides)


def _assert_status(sides: BothSides) -> None:
    found = status(sides.url)
    ours = [each.name for each in sides.history]
    there = [name for name in ours if name in sides.made]
    assert [name for name in found.named(*IN_DATABASE) if name in ours] == there
    assert set(found.named(MigrationState.PROVIDED)) == sides.provided
    assert found.pending == tuple(name for name in ours if name not in there)
    assert found.exit_code == (len(there) < len(ours))
    folder = status(sides.url, history=sides.node.migrations)
    assert set(folder.pending) == {
        name
        for name, script in sides.node.scripts().items()
        if sides.key(name, script) not in sides.made
    }


def _assert_diagnosis(sides: BothSides) -> None:
    folder, recorded = set(sides.node.names()), set(sides.recorded())
    answer = sides.prisma("diagnose", url=sides.url, migrations=sides.node.migrations)
    history = answer["history"] or {}
    assert (answer["edited"], answer["failed"]) == ([], [])
    unapplied = {*history.get("unappliedMigrationNames", ())}
    own = sides.own_names()
    assert unapplied == folder - recorded
    assert {own[name] for name in unapplied}.isdisjoint(sides.made)
    assert {*history.get("unpersistedMigrationNames", ())} == recorded - folder
    assert {own[name] for name in recorded} == {*sides.made} - sides.provided


def assert_developers_go_on(sides: BothSides) -> None:
    """`prisma migrate dev` asks for a reset only where the folder lacks what is deployed."""
    action = sides.prisma("dev", url=sides.url, migrations=sides.node.migrations)
    assert "tag" in action, str(action)
    is_behind = not {*sides.recorded()} <= {*sides.node.names()}
    assert action["tag"] == ("reset" if is_behind else "createMigration"), action


def _assert_check(sides: BothSides) -> None:
    active = [*sides.node.active_after(sides.made)]
    found = check_compatibility(sides.url)
    assert _breaking(found) == _expected(active)
    harmless = NOTES_OF_ITS_OWN.union(*(each.harmless for each in active))
    if FIRST_NEXT in sides.made:
        harmless |= {'table "Streak"'}
    subjects = {
        change.subject for change in found.harmless if "in another order" not in change.change
    }
    assert harmless - subjects == set()
    if not sides.pending(in_folder=False):
        assert subjects - harmless == set()
    written = check_compatibility(schema=sides.node.schema)
    assert _breaking(written) == _expected(sides.node.active_evolutions())
    assert written.skipped == ()


def _breaking(found: Compatibility) -> list[tuple[str, str]]:
    return sorted((change.subject, change.effect) for change in found.breaking)


def _expected(evolutions: list[Evolution]) -> list[tuple[str, str]]:
    return sorted(item for each in evolutions for item in each.breaks.items())


def _assert_rows(sides: BothSides) -> None:
    before, sides.rows = sides.rows, rows_of(sides.url)
    changed = frozenset[str]().union(*(each.values for each in EVOLUTIONS))
    assert _without(before, changed, sides.rows) == _without(sides.rows, changed, before)
    # Each of them is empty.
    assert {*before} - {*sides.rows} <= {"Badge", "Invoice", "Streak"}


def _without(rows: Rows, changed: frozenset[str], other: Rows) -> Rows:
    """The rows without what only one of both has as a column, and what the Node side changes."""
    return {
        name: {
            key: {
                column: value
                for column, value in row.items()
                if f"{name}.{column}" not in changed and column in other[name].get(key, row)
            }
            for key, row in found.items()
        }
        for name, found in rows.items()
        if name in other
    }
