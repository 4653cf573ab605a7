"""Data loss: count the rows of tables before they are dropped, and refuse to drop them."""

from collections.abc import Callable, Iterable
from typing import Any

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import DataLossError

HOW_TO_CONTINUE = "Accept the data loss to continue."

Run = Callable[[str], list[tuple[Any, ...]]]


def refuse_rows(run: Run, tables: Iterable[str]) -> None:
    """Lock tables of the current schema until the transaction ends, and refuse those with rows.

    Args:
        run: Runs SQL text and returns its rows, in a transaction.
        tables: The names of the tables to drop.

    Raises:
        DataLossError: A table holds rows; the error counts them.
    """
    names = list(tables)
    if names:
        # No row may be added between the count and the drop.
        run(f"LOCK TABLE {', '.join(map(identifier, names))} IN ACCESS EXCLUSIVE MODE")
    counted = ((name, _count(run, name)) for name in names)
    if held := [describe_loss(rows, "row", name) for name, rows in counted if rows]:
        raise data_loss(held, "Nothing was dropped.")


def describe_loss(count: int, what: str, name: str) -> str:
    """Describe what would be lost of a table or a column.

    Args:
        count: The number of rows or values.
        what: `"row"` or `"value"`.
        name: The name of the table or column.

    Returns:
        The description, such as `3 rows of User`.
    """
    return f"{count:,} {what}{'' if count == 1 else 's'} of {name}"


def data_loss(losses: Iterable[str], outcome: str) -> DataLossError:
    """Build the error of an operation that would lose data.

    Args:
        losses: The descriptions of the losses.
        outcome: A sentence that says that nothing was done.

    Returns:
        The exception to raise.
    """
    return DataLossError(f"Data would be lost: {', '.join(losses)}. {outcome} {HOW_TO_CONTINUE}")


def _count(run: Run, table: str) -> int:
    ((count,),) = run(f"SELECT pg_catalog.count(*) FROM {identifier(table)}")  # noqa: S608 (quoted name)
    return int(count)
