"""Load a pack into the database, or preview the changes."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from triosigno_db.database.execution import translated
from triosigno_db.models import Achievement, Lesson, LessonSign, Module, Sign, SignCategory
from triosigno_db.packs.comparison import KINDS, LESSON, MODELS, MODULE, PackRow, compare_pack
from triosigno_db.packs.pack import ContentPack, check_pack
from triosigno_db.repositories.caching import changing_content
from triosigno_db.repositories.concurrency import (
    lock_tables,
    refuse_snapshot,
    run_in_snapshot,
    run_with_locks,
)
from triosigno_db.repositories.content.lesson_signs import set_lesson_signs
from triosigno_db.repositories.content.ordering import LESSONS, MODULES, lock_order

OnRow = Callable[[str], None]

ROWS_AT_ONCE = 500
"""The maximum number of new rows in one INSERT statement."""

_TABLES = (SignCategory, Sign, Module, Lesson, LessonSign, Achievement)
"""What an import compares and writes, parents first, as the other functions lock them."""


class PackChange(NamedTuple):
    """A row that a pack creates or changes.

    Attributes:
        kind: `"category"`, `"sign"`, `"module"`, `"lesson"` or `"achievement"`.
        name: Its name or title.
        fields: The changed fields; empty for a new row.
    """

    kind: str
    name: str
    fields: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether the row is created."""
        return not self.fields


class PackReport(NamedTuple):
    """The rows that a pack creates, changes and leaves unchanged.

    Attributes:
        changes: The created and changed rows, in the order of writing.
        unchanged: The number of unchanged rows of each kind.
        module_ids: The ids of the pack's modules, in its order.
    """

    changes: tuple[PackChange, ...]
    unchanged: dict[str, int]
    module_ids: tuple[str, ...]


def _ignore(name: str) -> None:
    del name


def load_pack(pack: ContentPack, on_row: OnRow = _ignore) -> PackReport:
    """Load a pack in one transaction.

    Rows are matched by their names and titles. Rows that already match the pack, and rows that are
    not in the pack, are not changed. Everything else that writes content waits until the
    transaction ends, and so do other imports; readers and learners don't.

    Args:
        pack: The pack to load.
        on_row: Called with the name of each row of the pack, after it is written or found to be
            unchanged.

    Returns:
        The created, changed and unchanged rows.

    Raises:
        InvalidInputError: The pack is invalid, or refers to a category or sign that does not exist;
            nothing was written.
        ConflictError: The database has several modules, or lessons of a module, with one title; or
            a transaction is open that is not read committed, and may not see what is stored.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    checked = check_pack(pack)
    with changing_content():
        return run_with_locks(lambda: _load(checked, on_row))


def preview_pack(pack: ContentPack) -> PackReport:
    """Report what `load_pack` would create and change, without writing.

    Args:
        pack: The pack.

    Returns:
        The report that `load_pack` would return.

    Raises:
        InvalidInputError: The pack is invalid, or refers to a category or sign that does not exist.
        ConflictError: The database has several modules, or lessons of a module, with one title; or
            a read committed transaction is open, in which there is no snapshot of the content.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    checked = check_pack(pack)
    return run_in_snapshot(lambda: _report(_compare(checked)))


def _load(pack: ContentPack, on_row: OnRow) -> PackReport:
    refuse_snapshot()
    lock_tables("SHARE ROW EXCLUSIVE", *_TABLES)
    rows = _compare(pack)
    _lock_orders(rows)
    with translated():
        for kind in KINDS:
            _write([row for row in rows if row.kind == kind], MODELS[kind], on_row)
    return _report(rows)


def _lock_orders(rows: list[PackRow]) -> None:
    """Leave a trace, as all do that write an order: for transactions with an older snapshot."""
    modules = [row for row in rows if row.kind == MODULE]
    if any(row.is_new for row in modules):
        lock_order(MODULES)
    if any(row.kind == LESSON and (row.is_new or row.is_changed) for row in rows):
        for row in modules:
            if not row.is_new:
                lock_order(LESSONS, parent_id=row.id)


def _compare(pack: ContentPack) -> list[PackRow]:
    with translated():
        return compare_pack(pack).rows


def _write(rows: list[PackRow], model: Any, on_row: OnRow) -> None:
    new = [row for row in rows if row.is_new]
    for start in range(0, len(new), ROWS_AT_ONCE):
        chunk = new[start : start + ROWS_AT_ONCE]
        model.insert_many([{"id": row.id, **row.values} for row in chunk]).execute()
        places = [place for row in chunk for place in _places(row)]
        for first in range(0, len(places), ROWS_AT_ONCE):
            LessonSign.insert_many(places[first : first + ROWS_AT_ONCE]).execute()
        for row in chunk:
            on_row(row.name)
    for row in rows:
        if row.is_new:
            continue
        if row.values:
            model.update(dict(row.values)).where(model.id == row.id).execute()
        if row.sign_ids is not None:
            set_lesson_signs(row.id, row.sign_ids)
        on_row(row.name)


def _places(row: PackRow) -> Iterator[dict[str, Any]]:
    for order, sign_id in enumerate(row.sign_ids or (), start=1):
        yield {"lesson": row.id, "sign": sign_id, "order": order}


def _report(rows: list[PackRow]) -> PackReport:
    unchanged: dict[str, int] = defaultdict(int)
    for row in rows:
        unchanged[row.kind] += not (row.is_new or row.is_changed)
    return PackReport(
        tuple(
            PackChange(row.kind, row.name, row.changed_fields)
            for row in rows
            if row.is_new or row.is_changed
        ),
        {kind: unchanged[kind] for kind in KINDS if unchanged[kind]},
        tuple(row.id for row in rows if row.kind == MODULE),
    )
