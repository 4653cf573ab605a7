"""Judge the indexes and constraints of a table: keys, references, checks."""

from collections.abc import Iterator, Mapping

from triosigno_db.compatibility.changes import SchemaChange, breaking, harmless
from triosigno_db.compatibility.from_catalog import names_in
from triosigno_db.compatibility.needs import Need, Needs
from triosigno_db.compatibility.structure import Index, Reference, Structure, Table
from triosigno_db.compatibility.table_comparison import TableComparison
from triosigno_db.schema.catalog import NOT_VALID

_PREVENTING = ("RESTRICT", "NO ACTION")


def judge_constraints(table: TableComparison) -> Iterator[SchemaChange]:
    """Judge the indexes and constraints of a table that both schemas have.

    Args:
        table: The table.

    Yields:
        The changes; what follows from a missing column is none of its own.
    """
    yield from _judge_missing_indexes(table)
    yield from _judge_new_indexes(table)
    yield from _judge_references(table)
    if table.found.has_all:
        yield from _judge_checks(table)


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


def _judge_missing_indexes(table: TableComparison) -> Iterator[SchemaChange]:
    indexes = table.there.indexes
    for index, wanted in table.wanted.indexes.items():
        columns = frozenset(wanted.columns)
        if not wanted.is_plain or not columns <= table.there.columns.keys():
            continue
        subject, alike = table.index(index, wanted.columns), _alike(wanted, indexes)
        if wanted.is_unique and alike is None:
            yield breaking(
                subject,
                f"is missing: ({', '.join(wanted.columns)}) is not unique",
                table.needs.writing(table.name, columns),
                "Duplicates are not refused, and ON CONFLICT fails: keep it unique.",
            )
        elif alike is None:
            yield harmless(subject, "is missing", "Without it some calls take longer.")
        elif index not in indexes:
            yield harmless(subject, f'is called "{alike}"')


def _judge_new_indexes(table: TableComparison) -> Iterator[SchemaChange]:
    indexes = table.wanted.indexes
    for index, actual in table.there.indexes.items():
        if index in indexes or _alike(actual, indexes):
            continue
        subject, columns = table.index(index, actual.columns), f"({', '.join(actual.columns)})"
        if not actual.is_unique or _is_implied(actual, indexes):
            yield harmless(subject, f"is new: {columns}")
            continue
        yield breaking(
            subject,
            f"is new: {columns} must be unique",
            _repeating(table, actual),
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


def _repeating(table: TableComparison, index: Index) -> tuple[Need, ...]:
    """Find the functions that can write the values of another row into the columns of an index."""
    null_by_default = {
        column
        for column, facts in table.there.columns.items()
        if facts.nullable and not facts.has_default
    }
    name = table.name

    def may_repeat(need: Need) -> bool:
        if name in need.inserts:
            # Nulls differ from each other.
            return not null_by_default.intersection({*index.columns} - need.inserts[name])
        return not need.writes.get(name, frozenset()).isdisjoint(index.columns)

    return table.needs.of(may_repeat)


# -- references -------------------------------------------------------------------------------


def _judge_references(table: TableComparison) -> Iterator[SchemaChange]:
    wanted = {_key(each): each for each in table.wanted.references.values()}
    there = {_key(each): each for each in table.there.references.values()}
    # What follows from a missing table or column is no change of its own.
    impossible = [each for each in wanted.values() if not _is_possible(table, each)]
    for key, reference in wanted.items():
        if key in there:
            yield from _judge_action(table, reference, there[key])
        elif reference not in impossible:
            yield _missing_reference(table, reference)
    follows = {each.columns for each in impossible}
    for key, reference in there.items():
        if key not in wanted and reference.columns not in follows:
            yield _new_reference(table, reference)


def _is_possible(table: TableComparison, reference: Reference) -> bool:
    other = table.found.tables.get(reference.table)
    return (
        other is not None
        and {*reference.columns} <= table.there.columns.keys()
        and {*reference.targets} <= other.columns.keys()
    )


def _judge_action(
    table: TableComparison, wanted: Reference, actual: Reference
) -> Iterator[SchemaChange]:
    if wanted.on_delete != actual.on_delete:
        yield breaking(
            table.reference(wanted),
            f"has ON DELETE {actual.on_delete} instead of {wanted.on_delete}",
            _deleting(wanted.table, table.expected, table.needs),
            "Deletions fail, or delete what they must keep: keep the action.",
        )


def _missing_reference(table: TableComparison, reference: Reference) -> SchemaChange:
    deleting = _deleting(reference.table, table.expected, table.needs)
    writing = table.needs.writing(table.name, reference.columns)
    return breaking(
        table.reference(reference),
        "is missing",
        {need.function: need for need in (*deleting, *writing)}.values(),
        "Rows may refer to nothing, and deletions leave them: keep the foreign key.",
    )


def _new_reference(table: TableComparison, reference: Reference) -> SchemaChange:
    touched = [*table.needs.writing(table.name, reference.columns)]
    if reference.on_delete in _PREVENTING:
        touched += _deleting(reference.table, table.expected, table.needs)
    return breaking(
        table.reference(reference),
        f"is new, with ON DELETE {reference.on_delete}",
        {need.function: need for need in touched}.values(),
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


# -- checks -----------------------------------------------------------------------------------


def _judge_checks(table: TableComparison) -> Iterator[SchemaChange]:
    for check in table.wanted.checks:
        if check not in table.there.checks:
            yield harmless(
                table.check(check),
                "is missing",
                "Other services can write values that it would refuse.",
            )
    for check, condition in table.there.checks.items():
        if check not in table.wanted.checks:
            columns = frozenset(names_in(condition)) & table.there.columns.keys()
            if condition.endswith(NOT_VALID):
                # Rows may violate it: they can't be updated at all.
                columns = frozenset(table.there.columns)
            yield breaking(
                table.check(check),
                f"is new: {condition}",
                table.needs.writing(table.name, columns),
                "Writes are refused whose values it does not allow.",
            )
