"""Add lines to a `schema.prisma`, without changing any other character of it."""

import re
from collections.abc import Iterable, Sequence

from triosigno_db.schema.prisma_nodes import Model, PrismaSchema

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
    text = schema.text
    backwards = sorted(additions, key=lambda each: each[0].span, reverse=True)
    for model, attributes in backwards:  # what was changed comes after what is to be changed
        last = (model.attributes or model.fields)[-1].span
        rest = _REST_OF_LINE.match(text, last.end)
        place, newline = (rest.end(), rest["newline"]) if rest else (last.end, "\n")
        indentation = _indentation(text, last.start)
        added = "".join(f"{indentation}{attribute}{newline}" for attribute in attributes)
        text = text[:place] + added + text[place:]
    return text


def _indentation(text: str, offset: int) -> str:
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    match = _INDENTATION.match(text, start)
    return match[0] if match else ""
