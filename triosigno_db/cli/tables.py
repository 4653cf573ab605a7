"""Tables for terminals and pipes."""

from rich.console import Console
from rich.table import Table

_PIPE_WIDTH = 10_000


def print_table(table: Table) -> None:
    """Print a table; if the output is not a terminal, each row is one line and nothing is cut.

    Args:
        table: The table.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(table)
