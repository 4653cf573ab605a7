"""A `schema.prisma` as the Node side keeps it: its own names, order, comments and no index."""

import re
from pathlib import Path

from triosigno_db.schema import to_prisma
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_parser import parse_prisma

INDEX = "@@index("


def without_indexes() -> str:
    """The schema of the models without its `@@index` lines and without columns of spaces."""
    lines = to_prisma().splitlines(keepends=True)
    return narrow("".join(line for line in lines if INDEX not in line))


def narrow(text: str) -> str:
    """Write one space for several, but where a line begins."""
    return re.sub(r"(?<=\S) +", " ", text)


def changed(*replacements: tuple[str, str]) -> str:
    """The same with other lines; each must be there."""
    text = without_indexes()
    for old, new in replacements:
        assert narrow(old) in text, old
        text = text.replace(narrow(old), new)
    return text


def files(*texts: str) -> list[SchemaFile]:
    """Parsed files of these texts, with the names a.prisma, b.prisma and so on."""
    names = "abcdefgh"
    return [
        SchemaFile(Path(f"{name}.prisma"), parse_prisma(text))
        for name, text in zip(names, texts, strict=False)
    ]


RENAMED = [
    ("model User {", '/// Who learns.\nmodel Account {\n  @@map("User")'),
    (" User ", " Account "),
    (
        "  createdAt       DateTime          @default(now())\n  updatedAt       DateTime",
        '  born DateTime @default(now()) @map("createdAt")\n  updatedAt       DateTime',
    ),
]
"""Another name of a model and of a field, for the same table and column."""
