"""A `schema.prisma` as the Node side keeps it: its own names, order, comments and no index."""

from pathlib import Path

from triosigno_db.schema import to_prisma
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_parser import parse_prisma

INDEX = "@@index("


def without_indexes() -> str:
    """The schema of the models without its `@@index` lines."""
    lines = to_prisma().splitlines(keepends=True)
    return "".join(line for line in lines if INDEX not in line)


def changed(*replacements: tuple[str, str]) -> str:
    """The same with other lines; each must be there."""
    text = without_indexes()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


def files(*texts: str) -> list[SchemaFile]:
    """Parsed files of these texts, with the names a.prisma, b.prisma and so on."""
    names = "abcdefgh"
    return [
        SchemaFile(Path(f"{name}.prisma"), parse_prisma(text))
        for name, text in zip(names, texts, strict=False)
    ]


USER = "model User {\n  id              String            @id @default(uuid())\n"
"""How the model begins in the schema of the models."""

RENAMED = [
    ("model User {", '/// Who learns.\nmodel Account {\n  @@map("User")'),
    (" User ", " Account "),
    (
        "  createdAt       DateTime          @default(now())\n  updatedAt       DateTime",
        '  born DateTime @default(now()) @map("createdAt")\n  updatedAt       DateTime',
    ),
]
"""Another name of a model and of a field, for the same table and column."""
