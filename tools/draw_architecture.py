"""Write the picture and the table of the architecture from the contract that the linter checks.

    python tools/draw_architecture.py            # write them
    python tools/draw_architecture.py --check    # exit with 1 if they are not up to date

The layers and the further contracts are read from `[tool.importlinter]` in pyproject.toml, the
sentence for each package or module from its docstring. Written are docs/images/architecture.svg
and what stands between the markers in docs/explanation/architecture.md.
"""

import argparse
import ast
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PICTURE = Path("docs/images/architecture.svg")
PAGE = Path("docs/explanation/architecture.md")
BEGIN, END = "<!-- layers -->\n", "<!-- end of layers -->\n"


class ArchitectureError(Exception):
    """The contract, the package and the page do not fit together."""


@dataclass(frozen=True)
class Box:
    """A package, or a module of the root.

    Attributes:
        name: Its name within the root package.
        summary: The first sentence of its docstring.
        is_package: Whether it is a folder.
        independent: Its parts that must not import each other.
    """

    name: str
    summary: str
    is_package: bool
    independent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """A row of the contract.

    Attributes:
        boxes: What it holds.
        is_open: Whether its members may import each other.
    """

    boxes: tuple[Box, ...]
    is_open: bool


@dataclass(frozen=True)
class Architecture:
    """What the contracts say.

    Attributes:
        layers: The layers, top first.
        rules: The names of the contracts.
    """

    layers: tuple[Layer, ...]
    rules: tuple[str, ...]


def read_architecture(root: Path = ROOT) -> Architecture:
    """Read the contracts and the docstrings.

    Args:
        root: The repository.

    Returns:
        The layers, top first, and the rules.

    Raises:
        ArchitectureError: There is not exactly one contract of layers, or a package is in no layer.
    """
    linter = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    package = root / linter["root_package"]
    contracts = linter["contracts"]
    layered = [contract for contract in contracts if contract["type"] == "layers"]
    if len(layered) != 1:
        raise ArchitectureError(f"pyproject.toml has {len(layered)} contracts of layers, not one")
    independent = [
        [_name(module) for module in contract["modules"]]
        for contract in contracts
        if contract["type"] == "independence"
    ]
    layers = tuple(_read_layer(text, package, independent) for text in layered[0]["layers"])
    placed = {box.name for layer in layers for box in layer.boxes}
    if missing := sorted(_list_members(package) - placed):
        raise ArchitectureError(f"in no layer of the contract: {', '.join(missing)}")
    return Architecture(layers, tuple(contract["name"] for contract in contracts))


def _read_layer(text: str, package: Path, independent: Sequence[Sequence[str]]) -> Layer:
    names = [_name(part) for part in re.split(r"[|:]", text)]
    return Layer(tuple(_read_box(name, package, independent) for name in names), ":" in text)


def _name(module: str) -> str:
    return module.strip(" ()").partition(".")[2]


def _read_box(name: str, package: Path, independent: Sequence[Sequence[str]]) -> Box:
    folder = package / name
    source = folder / "__init__.py" if folder.is_dir() else package / f"{name}.py"
    if not source.is_file():
        raise ArchitectureError(f"the contract names {name}, which does not exist")
    docstring = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    parts = tuple(
        module.removeprefix(f"{name}.")
        for modules in independent
        for module in modules
        if module.startswith(f"{name}.")
    )
    summary = " ".join(docstring.partition("\n\n")[0].split())
    return Box(name, summary, folder.is_dir(), parts)


def _list_members(package: Path) -> set[str]:
    packages = {path.parent.name for path in package.glob("*/__init__.py")}
    return packages | {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}


def write_table(architecture: Architecture) -> str:
    """Write the layers and the rules in Markdown.

    Args:
        architecture: What to write.

    Returns:
        A table of the layers, top first, and a list of the rules.
    """
    lines = ["| layer | package or module | what it is |", "|---|---|---|"]
    count = len(architecture.layers)
    for number, layer in enumerate(architecture.layers):
        for position, box in enumerate(layer.boxes):
            label = "" if position else str(count - number)
            name = f"{box.name}/" if box.is_package else box.name
            lines.append(f"| {label} | `{name}` | {box.summary.replace('|', chr(92) + '|')} |")
    rules = [f"- {rule}." for rule in architecture.rules]
    return "\n".join([*lines, "", "The contracts:", "", *rules]) + "\n"


_WIDTH, _MARGIN, _LABEL = 1040, 20, 56
_ACROSS = 3
_PAD, _GAP, _SPACE = 12, 12, 14
_NAME, _LINE, _CHIP = 18, 15, 24
_LETTER = 6.4
"""The mean width of a letter of a summary, in pixels."""

_STYLE = """
    .layer { fill: #f3f4fb; }
    .open { fill: none; stroke: #8a93b8; stroke-dasharray: 4 4; }
    .box { fill: #ffffff; stroke: #4051b5; }
    .chip { fill: #e8eaf6; stroke: #8a93b8; }
    .number { fill: #8a93b8; font-size: 20px; font-weight: 600; text-anchor: middle; }
    .name { fill: #2c3a9e; font-size: 14px; font-weight: 600; }
    .part { fill: #2c3a9e; font-size: 11px; text-anchor: middle; }
    .arrow { stroke: #4051b5; stroke-width: 2; fill: none; }
    .note { fill: #6b7280; }
    text { fill: #1f2430; font-family: Roboto, Helvetica, Arial, sans-serif; font-size: 12px; }
"""


def draw_picture(architecture: Architecture) -> str:
    """Draw the layers as rows and their packages as boxes.

    Args:
        architecture: What to draw.

    Returns:
        An SVG document.
    """
    top = _MARGIN
    rows: list[str] = []
    count = len(architecture.layers)
    for number, layer in enumerate(architecture.layers):
        height = _layer_height(layer)
        rows.extend(_draw_layer(layer, count - number, top, height))
        top += height + _SPACE
    bottom = top - _SPACE
    middle = _MARGIN + _LABEL // 2
    notes = (
        "A package imports only from the layers below its own.",
        "Those of one layer do not import each other, except inside a dashed frame.",
        "The shaded parts of a package do not import each other either.",
    )
    height = bottom + 12 + 17 * len(notes) + _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>The layers of triosigno_db</title>",
            f"<desc>{escape('; '.join(architecture.rules))}</desc>",
            f"<style>{_STYLE}</style>",
            *rows,
            f'<path class="arrow" d="M {middle} {_MARGIN + 46} V {bottom - 46} '
            f'm -6 -9 l 6 9 l 6 -9"/>',
            *(
                f'<text class="note" x="{_MARGIN + _LABEL}" y="{bottom + 24 + 17 * number}">'
                f"{escape(note)}</text>"
                for number, note in enumerate(notes)
            ),
            "</svg>\n",
        ]
    )


def _box_width(layer: Layer) -> int:
    across = min(len(layer.boxes), _ACROSS)
    inside = _WIDTH - 2 * _MARGIN - _LABEL - 2 * _PAD
    return (inside - (across - 1) * _GAP) // across


def _wrap(box: Box, width: int) -> list[str]:
    return textwrap.wrap(box.summary.replace("`", ""), int((width - 2 * _PAD) / _LETTER))


def _box_height(layer: Layer) -> int:
    width = _box_width(layer)
    lines = max(len(_wrap(box, width)) for box in layer.boxes)
    chips = _CHIP + 6 if any(box.independent for box in layer.boxes) else 0
    return 2 * _PAD + _NAME + lines * _LINE + chips


def _layer_height(layer: Layer) -> int:
    rows = -(-len(layer.boxes) // _ACROSS)
    return 2 * _PAD + rows * _box_height(layer) + (rows - 1) * _GAP


def _draw_layer(layer: Layer, number: int, top: int, height: int) -> Iterator[str]:
    left = _MARGIN + _LABEL
    across = _WIDTH - left - _MARGIN
    band = f'x="{left}" y="{top}" width="{across}" height="{height}" rx="6"'
    yield f'<rect class="layer" {band}/>'
    if layer.is_open:
        inner = f'x="{left + 4}" y="{top + 4}" width="{across - 8}" height="{height - 8}" rx="5"'
        yield f'<rect class="open" {inner}/>'
    yield (
        f'<text class="number" x="{_MARGIN + _LABEL // 2 - 16}" y="{top + height // 2 + 7}">'
        f"{number}</text>"
    )
    width, box_height = _box_width(layer), _box_height(layer)
    for position, box in enumerate(layer.boxes):
        row, column = divmod(position, _ACROSS)
        x = left + _PAD + column * (width + _GAP)
        y = top + _PAD + row * (box_height + _GAP)
        yield from _draw_box(box, x, y, width, box_height)


def _draw_box(box: Box, x: int, y: int, width: int, height: int) -> Iterator[str]:
    yield f'<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>'
    left, base = x + _PAD, y + _PAD + 12
    yield f'<text class="name" x="{left}" y="{base}">{escape(box.name)}</text>'
    for number, line in enumerate(_wrap(box, width), start=1):
        yield f'<text x="{left}" y="{base + 3 + number * _LINE}">{escape(line)}</text>'
    if box.independent:
        yield from _draw_parts(box, left, y + height - _PAD - _CHIP, width - 2 * _PAD)


def _draw_parts(box: Box, left: int, top: int, width: int) -> Iterator[str]:
    step = (width + 6) // len(box.independent)
    for number, part in enumerate(box.independent):
        x = left + number * step
        size = f'width="{step - 6}" height="{_CHIP}" rx="4"'
        yield f'<rect class="chip" x="{x}" y="{top}" {size}/>'
        yield f'<text class="part" x="{x + (step - 6) // 2}" y="{top + 16}">{escape(part)}</text>'


def replace_table(page: str, table: str) -> str:
    """Put the table between the markers of a page.

    Args:
        page: The page.
        table: What belongs there.

    Returns:
        The page with the table.

    Raises:
        ArchitectureError: The page lacks the markers.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, foot = rest.partition(END)
    if not begin or not end:
        raise ArchitectureError(f"{PAGE} lacks the lines {BEGIN.strip()} and {END.strip()}")
    return f"{head}{BEGIN}\n{table}\n{END}{foot}"


def make_files(root: Path = ROOT) -> dict[Path, str]:
    """Make the texts of the files that this program writes.

    Args:
        root: The repository.

    Returns:
        The text for each path, relative to the repository.

    Raises:
        ArchitectureError: The contract, the package and the page do not fit together.
    """
    architecture = read_architecture(root)
    page = (root / PAGE).read_text("utf-8")
    return {
        PICTURE: draw_picture(architecture),
        PAGE: replace_table(page, write_table(architecture)),
    }


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the files, or check them.

    Args:
        arguments: The command line; the process's own if missing.
        root: The repository.

    Returns:
        The exit code: 1 if `--check` finds an outdated file, else 0.
    """
    parser = argparse.ArgumentParser(description="Draw the layers of the architecture.")
    parser.add_argument("--check", action="store_true", help="only say what is not up to date")
    options: Any = parser.parse_args(arguments)
    outdated = [
        (path, text)
        for path, text in make_files(root).items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    for path, text in outdated:
        if options.check:
            print(f"{path} is not up to date: run python tools/draw_architecture.py")
        else:
            (root / path).write_text(text, encoding="utf-8")
            print(f"{path} written")
    return int(options.check and bool(outdated))


if __name__ == "__main__":
    sys.exit(main())
