"""Add lines to a `schema.prisma`, without changing any other character of it."""

import re
from collections.abc import Iterable, Sequence

from triosigno_db.schema.prisma_nodes import Model, PrismaSchema, Span

_REST_OF_LINE = re.compile(
    r"(?:[^\S\r\n]|//[^\r\n]*|/\*.*?\*/)*+(?P<newline>\r\n|\r|\n)", re.DOTALL
)
_INDENTATION = re.compile(r"[^\S\r\n]*")


def add_block_attributes(
    schema: PrismaSchema, additions: Iterable[tuple[Model, Sequence[str]]]
) -> str:
    """Add attributes to models, each on a line of its own.

    They follow the model's last attribute, or its last field if it has none, and take over the
    indentation and the line ending of that line.

    Args:
        schema: The parsed file.
        additions: Models of this file, which have a field, and the attributes to add, such as
            `@@index([name])`.

    Returns:
        The text with the new lines.
    """
    last = [(each, (each.attributes or each.fields)[-1].span, lines) for each, lines in additions]
    return _add_after(last, schema)


def _add_after(additions: Iterable[tuple[Model, Span, Sequence[str]]], schema: PrismaSchema) -> str:
    text = schema.text
    backwards = sorted(additions, key=lambda each: each[0].span, reverse=True)
    for _, last, lines in backwards:  # what was changed comes after what is to be changed
        rest = _REST_OF_LINE.match(text, last.end)
        place, newline = (rest.end(), rest["newline"]) if rest else (last.end, "\n")
        indentation = _indentation(text, last.start)
        added = "".join(f"{indentation}{attribute}{newline}" for attribute in lines)
        text = text[:place] + added + text[place:]
    return text


def add_fields(schema: PrismaSchema, additions: Iterable[tuple[Model, Sequence[str]]]) -> str:
    """Add fields to models, each on a line of its own after the last field.

    Args:
        schema: The parsed file.
        additions: Models of this file, which have a field, and the lines to add.

    Returns:
        The text with the new lines.
    """
    return _add_after([(each, each.fields[-1].span, lines) for each, lines in additions], schema)


def add_blocks(schema: PrismaSchema, blocks: Sequence[str]) -> str:
    """Add blocks at the end of a file, with its line ends.

    Args:
        schema: The parsed file.
        blocks: The blocks, each with LF between its lines.

    Returns:
        The text with the new blocks.
    """
    text = schema.text
    newline = "\r\n" if "\r\n" in text else "\n"
    end = "" if text.endswith(("\n", "\r")) else newline
    added = "".join(f"\n{block}\n" for block in blocks)
    return text + end + added.replace("\n", newline)


def _indentation(text: str, offset: int) -> str:
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    match = _INDENTATION.match(text, start)
    return match[0] if match else ""
