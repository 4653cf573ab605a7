"""The statements that change enum types."""

from collections.abc import Iterator

from triosigno_db.database.quoting import identifier, literal
from triosigno_db.migrator.autogenerate.change import Change
from triosigno_db.models.names import with_suffix


def create_enums(change: Change) -> Iterator[str]:
    """Write the statements that create, replace and extend enum types.

    PostgreSQL can neither remove nor move a label. A type whose labels change in another way is
    renamed; the columns get a new type of the same name; `drop_enums` drops the renamed one.

    Args:
        change: The change.

    Yields:
        The statements, each with a comment.
    """
    for name, labels in change.new.enums.items():
        if name not in change.old.enums:
            yield f"-- CreateEnum\n{_create(name, labels)}"
        elif name in change.rebuilt:
            aside = identifier(_name_aside(change, name))
            renaming = f"ALTER TYPE {identifier(name)} RENAME TO {aside};"
            yield f"-- AlterEnum\n{renaming}\n{_create(name, labels)}"
        elif name in change.changed_enums:
            yield "\n".join(("-- AlterEnum", *_extend(name, change.old.enums[name], labels)))


def drop_enums(change: Change) -> Iterator[str]:
    """Write the statements that drop enum types which no column has any more.

    Args:
        change: The change.

    Yields:
        The statements, each with a comment.
    """
    for name in change.old.enums:
        if name in change.rebuilt:
            yield f"-- DropEnum\nDROP TYPE {identifier(_name_aside(change, name))};"
        elif name not in change.new.enums:
            yield f"-- DropEnum\nDROP TYPE {identifier(name)};"


def _name_aside(change: Change, name: str) -> str:
    taken = {
        *change.old.enums,
        *change.new.enums,
        *change.old.tables,
        *change.new.tables,
    }
    suffix, number = "_old", 1
    while (other := with_suffix(name, suffix)) in taken:
        number += 1
        suffix = f"_old{number}"
    return other


def _create(name: str, labels: tuple[str, ...]) -> str:
    return f"CREATE TYPE {identifier(name)} AS ENUM ({', '.join(map(literal, labels))});"


def _extend(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    for position, label in enumerate(new):
        if label not in old:
            before = f" BEFORE {literal(old[0])}" if old else ""
            where = f" AFTER {literal(new[position - 1])}" if position else before
            yield f"ALTER TYPE {identifier(name)} ADD VALUE {literal(label)}{where};"
