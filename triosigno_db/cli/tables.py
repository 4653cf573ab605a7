"""Tables and names for terminals and pipes."""

from rich.console import Console
from rich.table import Table

from triosigno_db.arguments import is_invisible
from triosigno_db.cli.encoding import encodable

_PIPE_WIDTH = 10_000


def visible(text: object) -> str:
    """Write a stored text so that it can be shown, can't control the terminal or break the line.

    Args:
        text: The text; another object is converted to text.

    Returns:
        The text, with an escape sequence for each control, format or line character, and for each
        that the encoding of the output lacks.
    """
    shown = (
        character.encode("unicode_escape").decode() if is_invisible(character) else character
        for character in str(text)
    )
    return encodable("".join(shown))


def visible_lines(text: object) -> str:
    """Write a text of several lines so that it can't control the terminal.

    Args:
        text: The text; another object is converted to text.

    Returns:
        The text with its line ends, and an escape sequence for each other invisible character.
    """
    return "\n".join(map(visible, str(text).split("\n")))


def print_table(table: Table) -> None:
    """Print a table; if the output is not a terminal, each row is one line and nothing is cut.

    Args:
        table: The table.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(table)
