"""Tables, for people in a terminal and for programs in a pipe."""

from rich.console import Console
from rich.table import Table

_WIDEST = 10_000


def print_table(table: Table) -> None:
    """Print a table; in a pipe each row is one line, and nothing is cut to a terminal's width.

    Args:
        table: The table.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDEST
    console.print(table)
