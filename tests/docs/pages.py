"""The documentation's pages, and the Python in them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

SERVICES_PAGE = ROOT / "docs" / "how-to" / "a-services-own-tables.md"

_BLOCK = re.compile(r"^```python\n(.*?)^```$|^<!-- first\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w/]+\.py)\n")


class Block(NamedTuple):
    """A piece of Python on a page.

    Attributes:
        source: Its text.
        line: The line on the page that it begins on, from 1.
        file: What the reader is told to call it; `None` for a piece that is run as it stands.
        is_hidden: Whether readers don't see it: it prepares the pieces after it.
    """

    source: str
    line: int
    file: str | None
    is_hidden: bool


def blocks_of(page: Path) -> list[Block]:
    """List the Python of a page; what a comment `<!-- first ... -->` holds prepares the rest."""
    text = page.read_text(encoding="utf-8")
    blocks = []
    for found in _BLOCK.finditer(text):
        source = found[1] or found[2]
        name = _FILE.match(source)
        line = text.count("\n", 0, found.start()) + 2
        blocks.append(Block(source, line, name[1] if name else None, is_hidden=bool(found[2])))
    return blocks


def write_files(page: Path, folder: Path) -> list[str]:
    """Write a page's files where they can be run, and list their names."""
    files = [block for block in blocks_of(page) if block.file]
    for block in files:
        (folder / str(block.file)).write_text(block.source, encoding="utf-8")
    return [str(block.file) for block in files]
