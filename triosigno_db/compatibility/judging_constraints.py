"""Judge the indexes and constraints of a table: keys, references, checks."""

from collections.abc import Iterator, Mapping

from triosigno_db.compatibility.changes import SchemaChange, breaking, harmless
from triosigno_db.compatibility.from_catalog import names_in
from triosigno_db.compatibility.needs import Need, Needs
from triosigno_db.compatibility.structure import Index, Reference, Structure, Table
from triosigno_db.schema.catalog import NOT_VALID

_PREVENTING = ("RESTRICT", "NO ACTION")


def judge_constraints(
    name: str, expected: Structure, found: Structure, needs: Needs
) -> Iterator[SchemaChange]:
    """Judge the indexes and constraints of a table that both schemas have.

    Args:
        name: The table.
        expected: The structure that the library expects.
        found: The structure that was found.
        needs: What the functions need.

    Yields:
        The changes; what follows from a missing column is none of its own.
    """
    table, there = expected.tables[name], found.tables[name]
    yield from _judge_missing_indexes(name, table, there, needs)
    yield from _judge_new_indexes(name, table, there, needs)
    yield from _judge_references(name, expected, found, needs)
    if found.has_all:
        yield from _judge_checks(name, table, there, needs)


def judge_new_references(table: Table, expected: Structure, needs: Needs) -> Iterator[str]:
    """Say which deletions the rows of a new table prevent.

    Args:
        table: The new table.
        expected: The structure that the library expects.
        needs: What the functions need.

    Yields:
        A sentence for each foreign key that prevents deletions.
    """
    for reference in table.references.values():
        deleting = _deleting(reference.table, expected, needs)
        if deleting and reference.on_delete in _PREVENTING:
            calls = ", ".join(f"{need.function}()" for need in deleting)
            yield f"Its rows prevent {calls}; onDelete: Cascade would delete them as well."


# -- indexes ----------------------------------------------------------------------------------


def _judge_missing_indexes(
    name: str, table: Table, there: Table, needs: Needs
) -> Iterator[SchemaChange]:
    for index, wanted in table.indexes.items():
        subject, columns = f'index "{index}" of "{name}"', frozenset(wanted.columns)
        if not wanted.is_plain or not columns <= there.columns.keys():
            continue
        alike = _alike(wanted, there.indexes)
        if wanted.is_unique and alike is None:
            yield breaking(
                subject,
                f"is missing: ({', '.join(wanted.columns)}) is not unique",
                needs.writing(name, columns),
                "Duplicates are not refused, and ON CONFLICT fails: keep it unique.",
            )
        elif alike is None:
            yield harmless(subject, "is missing", "Without it some calls take longer.")
        elif index not in there.indexes:
            yield harmless(subject, f'is called "{alike}"')


def _judge_new_indexes(
    name: str, table: Table, there: Table, needs: Needs
) -> Iterator[SchemaChange]:
    for index, actual in there.indexes.items():
        if index in table.indexes or _alike(actual, table.indexes):
            continue
        subject, columns = f'index "{index}" of "{name}"', f"({', '.join(actual.columns)})"
        if not actual.is_unique or _is_implied(actual, table.indexes):
            yield harmless(subject, f"is new: {columns}")
            continue
        yield breaking(
            subject,
            f"is new: {columns} must be unique",
            _repeating(name, actual, there, needs),
            "The library writes equal values: they are refused from now on.",
        )


def _alike(wanted: Index, indexes: Mapping[str, Index]) -> str | None:
    """Return the name of an index that does the same; the order of unique ones is no difference."""
    for name, index in indexes.items():
        same = index.columns == wanted.columns
        if wanted.is_unique:
            same = index.is_unique and {*index.columns} == {*wanted.columns}
        if same and wanted.is_plain and index.is_plain:
            return name
    return None


def _is_implied(actual: Index, indexes: Mapping[str, Index]) -> bool:
    """Whether a part of its columns is unique anyway."""
    return any(
        index.is_unique and index.is_plain and {*index.columns} <= {*actual.columns}
        for index in indexes.values()
    )


def _repeating(name: str, index: Index, there: Table, needs: Needs) -> tuple[Need, ...]:
    """Find the functions that can write the values of another row into the columns of an index."""
    null_by_default = {
        column
        for column, facts in there.columns.items()
        if facts.nullable and not facts.has_default
    }

    def may_repeat(need: Need) -> bool:
        if name in need.inserts:
            # Nulls differ from each other.
            return not null_by_default.intersection({*index.columns} - need.inserts[name])
        return not need.writes.get(name, frozenset()).isdisjoint(index.columns)

    return needs.of(may_repeat)


# -- references -------------------------------------------------------------------------------


def _judge_references(
    name: str, expected: Structure, found: Structure, needs: Needs
) -> Iterator[SchemaChange]:
    wanted = {_key(each): each for each in expected.tables[name].references.values()}
    there = {_key(each): each for each in found.tables[name].references.values()}
    # What follows from a missing table or column is no change of its own.
    impossible = [each for each in wanted.values() if not _is_possible(name, each, found)]
    for key, reference in wanted.items():
        if key in there:
            yield from _judge_action(name, reference, there[key], expected, needs)
        elif reference not in impossible:
            yield _missing_reference(name, reference, expected, needs)
    follows = {each.columns for each in impossible}
    for key, reference in there.items():
        if key not in wanted and reference.columns not in follows:
            yield _new_reference(name, reference, expected, needs)


def _is_possible(name: str, reference: Reference, found: Structure) -> bool:
    owner, other = found.tables[name], found.tables.get(reference.table)
    return (
        other is not None
        and {*reference.columns} <= owner.columns.keys()
        and {*reference.targets} <= other.columns.keys()
    )


def _judge_action(
    name: str, wanted: Reference, actual: Reference, expected: Structure, needs: Needs
) -> Iterator[SchemaChange]:
    if wanted.on_delete != actual.on_delete:
        yield breaking(
            _subject(name, wanted),
            f"has ON DELETE {actual.on_delete} instead of {wanted.on_delete}",
            _deleting(wanted.table, expected, needs),
            "Deletions fail, or delete what they must keep: keep the action.",
        )


def _missing_reference(
    name: str, reference: Reference, expected: Structure, needs: Needs
) -> SchemaChange:
    deleting = _deleting(reference.table, expected, needs)
    columns = frozenset(reference.columns)
    writing = needs.writing(name, columns)
    return breaking(
        _subject(name, reference),
        "is missing",
        {need.function: need for need in (*deleting, *writing)}.values(),
        "Rows may refer to nothing, and deletions leave them: keep the foreign key.",
    )


def _new_reference(
    name: str, reference: Reference, expected: Structure, needs: Needs
) -> SchemaChange:
    columns = frozenset(reference.columns)
    touched = {need.function: need for need in needs.writing(name, columns)}
    if reference.on_delete in _PREVENTING:
        touched |= {need.function: need for need in _deleting(reference.table, expected, needs)}
    return breaking(
        _subject(name, reference),
        f"is new, with ON DELETE {reference.on_delete}",
        touched.values(),
        "Writes are refused whose values it does not allow, and deletions that it prevents.",
    )


def _deleting(name: str, expected: Structure, needs: Needs) -> tuple[Need, ...]:
    """Find the functions that delete rows of a table, directly or through foreign keys."""
    above, seen = {name}, set[str]()
    while above - seen:
        current = (above - seen).pop()
        seen.add(current)
        owners = expected.tables[current].references.values() if current in expected.tables else ()
        above |= {each.table for each in owners if each.on_delete == "CASCADE"}
    return needs.deleting(above)


def _key(reference: Reference) -> tuple[frozenset[tuple[str, str]], str]:
    pairs = zip(reference.columns, reference.targets, strict=False)
    return frozenset(pairs), reference.table


def _subject(name: str, reference: Reference) -> str:
    return f'foreign key "{name}"({", ".join(reference.columns)}) to "{reference.table}"'


# -- checks -----------------------------------------------------------------------------------


def _judge_checks(name: str, table: Table, there: Table, needs: Needs) -> Iterator[SchemaChange]:
    for check in table.checks:
        if check not in there.checks:
            yield harmless(
                f'constraint "{check}" of "{name}"',
                "is missing",
                "Other services can write values that it would refuse.",
            )
    for check, condition in there.checks.items():
        if check not in table.checks:
            columns = frozenset(names_in(condition)) & there.columns.keys()
            if condition.endswith(NOT_VALID):
                # Rows may violate it: they can't be updated at all.
                columns = frozenset(there.columns)
            yield breaking(
                f'constraint "{check}" of "{name}"',
                f"is new: {condition}",
                needs.writing(name, columns),
                "Writes are refused whose values it does not allow.",
            )
