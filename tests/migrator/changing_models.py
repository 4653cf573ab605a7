"""Models that are made at run time, and random changes of them."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

import peewee

from triosigno_db.enums import LabelEnum
from triosigno_db.models import BaseModel
from triosigno_db.models.fields import (
    BooleanField,
    EnumField,
    ForeignKey,
    IdField,
    IntegerField,
    TextField,
    TimestampField,
)

LONG = "E" * 63
ENUM_NAMES = ("Level", "order", LONG)
LABELS = ("LOW", "MIDDLE", "HIGH", "it's", "ça va")
PLAIN_TYPES = ("text", "integer", "bigint", "boolean", "timestamp")
NAMES = ("size", "order", "width", "select", "title", "done", "level", "camelCase")
TABLES = ("Thing", "Object", "user", "Place", "Note")
_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "text": ("", "1", "it's"),
    "integer": (0, 7),
    "bigint": (1,),
    "boolean": (True, False),
}
_PLAIN: dict[str, Callable[..., Any]] = {
    "text": TextField,
    "integer": IntegerField,
    "bigint": peewee.BigIntegerField,
    "boolean": BooleanField,
    "timestamp": TimestampField,
}
_CHECKS = {
    "text": "\"{}\" <> 'forbidden'",
    "integer": '"{}" >= 0',
    "bigint": '"{}" < 1000',
    "boolean": '"{}" OR NOT "{}"',
    "timestamp": "\"{}\" > '2000-01-01'",
}


@dataclass
class ColumnSpec:
    """A column: its type is a plain one, the name of an enum, or a table that it refers to."""

    type: str
    is_reference: bool = False
    nullable: bool = True
    default: Any = None
    index: str = ""
    has_check: bool = False


@dataclass
class Spec:
    """Tables and enum types, as the models shall declare them."""

    tables: dict[str, dict[str, ColumnSpec]] = field(default_factory=dict)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def models(self) -> list[type[BaseModel]]:
        """Make the models; a table is made after those that it refers to."""
        enums = {
            name: LabelEnum(name, {f"member_{n}": label for n, label in enumerate(labels)})  # type: ignore[misc,arg-type]
            for name, labels in self.enums.items()
        }
        made: dict[str, type[BaseModel]] = {}
        for name, columns in self.tables.items():
            attributes: dict[str, Any] = {"id": IdField()}
            indexes: list[tuple[tuple[str, ...], bool]] = []
            checks: list[tuple[str, str]] = []
            for key, column in columns.items():
                attributes[key] = self._field(name, column, enums, made)
                if column.index:
                    indexes.append(((key,), column.index == "unique"))
                if column.has_check and not column.is_reference:
                    checks.append((f"{name}_{key}_check", self._check(key, column)))
            attributes["Meta"] = type(
                "Meta", (), {"indexes": tuple(indexes), "checks": tuple(checks)}
            )
            made[name] = type(name, (BaseModel,), attributes)
        return list(made.values())

    def _field(
        self, table: str, column: ColumnSpec, enums: dict[str, Any], made: dict[str, Any]
    ) -> Any:
        options: dict[str, Any] = {"null": column.nullable}
        if column.is_reference:
            backref = f"of_{table}_{len(made)}"
            action = "CASCADE"
            return ForeignKey(made[column.type], on_delete=action, backref=backref + "+", **options)
        if column.default is not None:
            options["default"] = column.default
        if column.type in self.enums:
            return EnumField(enums[column.type], **options)
        return _PLAIN[column.type](**options)

    def _check(self, key: str, column: ColumnSpec) -> str:
        name = _camel(key)
        if column.type in self.enums:
            last = self.enums[column.type][-1].replace("'", "''")
            quoted = column.type.replace('"', '""')
            return f'"{name}" <> \'{last}\'::"{quoted}" OR "{name}" = \'{last}\'::"{quoted}"'
        return _CHECKS[column.type].replace("{}", name)

    def columns_of(self, enum: str) -> list[ColumnSpec]:
        """List the columns of an enum type."""
        return [
            column
            for columns in self.tables.values()
            for column in columns.values()
            if column.type == enum and not column.is_reference
        ]

    def without_unused_enums(self) -> None:
        """Forget enum types without a column: the models can't declare them."""
        self.enums = {name: labels for name, labels in self.enums.items() if self.columns_of(name)}


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(other.title() for other in others)


def change_once(spec: Spec, random: Random) -> tuple[str, str]:
    """Make one random change; return what was done, and a rename's option if it was one."""
    change = random.choice(CHANGES)
    return change(spec, random)


def add_table(spec: Spec, random: Random) -> tuple[str, str]:
    """Add a table with some columns."""
    free = [name for name in TABLES if name not in spec.tables and name not in spec.enums]
    if not free:
        return "", ""
    name = random.choice(free)
    spec.tables[name] = {}
    for _ in range(random.randint(1, 4)):
        _add_column_to(spec, name, random)
    return f"add table {name}", ""


def drop_table(spec: Spec, random: Random) -> tuple[str, str]:
    """Drop a table that no other refers to."""
    referred = {c.type for table in spec.tables.values() for c in table.values() if c.is_reference}
    free = [name for name in spec.tables if name not in referred]
    if len(spec.tables) < 2 or not free:
        return "", ""
    name = random.choice(free)
    del spec.tables[name]
    spec.gone.add(name)
    return f"drop table {name}", ""


def rename_table(spec: Spec, random: Random) -> tuple[str, str]:
    """Rename a table, and tell so."""
    taken = {*spec.tables, *spec.enums, *spec.gone}
    free = [name for name in TABLES if name not in taken]
    if not free or not spec.tables:
        return "", ""
    old, new = random.choice(list(spec.tables)), random.choice(free)
    spec.tables = {new if name == old else name: table for name, table in spec.tables.items()}
    for table in spec.tables.values():
        for column in table.values():
            if column.is_reference and column.type == old:
                column.type = new
    return f"rename table {old} to {new}", f"{old}:{new}"


def add_column(spec: Spec, random: Random) -> tuple[str, str]:
    """Add a column."""
    if not spec.tables:
        return "", ""
    table = random.choice(list(spec.tables))
    return f"add column {table}.{_add_column_to(spec, table, random)}", ""


def _add_column_to(spec: Spec, table: str, random: Random) -> str:
    free = [name for name in NAMES if name.lower() not in spec.tables[table]]
    name = random.choice(free or ["last"])
    columns = spec.tables[table]
    earlier = list(spec.tables)[: list(spec.tables).index(table)]
    if earlier and random.random() < 0.2 and "parent" not in columns:
        columns["parent"] = ColumnSpec(
            random.choice(earlier), is_reference=True, nullable=random.random() < 0.7
        )
        return "parent"
    columns[name.lower()] = _random_column(spec, random)
    return name


def _random_column(spec: Spec, random: Random) -> ColumnSpec:
    column = ColumnSpec(_random_type(spec, random), nullable=random.random() < 0.6)
    if random.random() < 0.5:
        column.default = _random_default(spec, column.type, random)
    column.index = random.choice(("", "", "", "plain", "unique"))
    column.has_check = random.random() < 0.3
    return column


def _random_type(spec: Spec, random: Random) -> str:
    if random.random() < 0.6:
        return random.choice(PLAIN_TYPES)
    name = random.choice(ENUM_NAMES)
    if name not in spec.enums:
        spec.enums[name] = tuple(random.sample(LABELS, random.randint(2, 4)))
    return name


def _random_default(spec: Spec, type_: str, random: Random) -> Any:
    choices = spec.enums.get(type_) or _DEFAULTS.get(type_) or (None,)
    return random.choice(choices)


def drop_column(spec: Spec, random: Random) -> tuple[str, str]:
    """Drop a column."""
    if found := _any_column(spec, random):
        table, name = found
        del spec.tables[table][name]
        spec.gone.add(name)
        return f"drop column {table}.{name}", ""
    return "", ""


def rename_column(spec: Spec, random: Random) -> tuple[str, str]:
    """Rename a column, and tell so."""
    found = _any_column(spec, random)
    if not found:
        return "", ""
    table, old = found
    columns = spec.tables[table]
    taken = {*columns, *spec.gone}
    free = [name.lower() for name in NAMES if name.lower() not in taken]
    if columns[old].is_reference or not free:
        return "", ""
    new = random.choice(free)
    spec.tables[table] = {new if key == old else key: each for key, each in columns.items()}
    return f"rename column {table}.{old} to {new}", f"{table}.{old}:{new}"


def change_column(spec: Spec, random: Random) -> tuple[str, str]:
    """Change the type, the default, the nullability, the index or the check of a column."""
    found = _any_column(spec, random)
    if not found:
        return "", ""
    table, name = found
    column = spec.tables[table][name]
    what = random.choice(("type", "default", "nullable", "index", "has_check"))
    if what == "nullable":
        column.nullable = not column.nullable
    elif column.is_reference:
        return "", ""
    elif what == "type":
        column.type = _random_type(spec, random)
        column.default = None
    elif what == "default":
        column.default = _random_default(spec, column.type, random)
    elif what == "index":
        column.index = random.choice(("", "plain", "unique"))
    else:
        column.has_check = not column.has_check
    return f"change {what} of {table}.{name}", ""


def change_labels(spec: Spec, random: Random) -> tuple[str, str]:
    """Add, remove or move labels, and maybe use one for a default at once."""
    if not spec.enums:
        return "", ""
    name = random.choice(list(spec.enums))
    before = spec.enums[name]
    added = [label for label in LABELS if label not in before]
    kind = random.choice(("add", "remove", "move"))
    labels = list(before)
    if kind == "add" and added:
        labels.insert(random.randint(0, len(labels)), random.choice(added))
    elif kind == "remove" and len(labels) > 1:
        labels.remove(random.choice(labels))
    else:
        random.shuffle(labels)
    spec.enums[name] = tuple(labels)
    for column in spec.columns_of(name):
        if random.random() < 0.3:
            column.default = random.choice(labels)
        if column.default is not None and column.default not in labels:
            column.default = None
    return f"labels of {name}: {before} to {labels}", ""


def _any_column(spec: Spec, random: Random) -> tuple[str, str] | None:
    all_columns = [(table, name) for table, columns in spec.tables.items() for name in columns]
    return random.choice(all_columns) if all_columns else None


CHANGES = (
    add_table,
    drop_table,
    rename_table,
    *[add_column] * 2,
    drop_column,
    rename_column,
    *[change_column] * 4,
    *[change_labels] * 2,
)


def change_spec(spec: Spec, random: Random, times: int) -> tuple[Spec, list[str], list[str]]:
    """Change a copy of a spec; return it, what was done, and the options of the renames."""
    changed = deepcopy(spec)
    changed.gone = set()
    done, options = [], []
    renamed: set[str] = set()
    for _ in range(times):
        before = deepcopy(changed)
        what, option = change_once(changed, random)
        names = set(option.replace(".", ":").split(":"))
        if option and names & renamed:
            changed = before  # a rename of a rename is not asked for
            continue
        renamed |= names if option else set()
        done += [what] if what else []
        options += [option] if option else []
    changed.without_unused_enums()
    return changed, done, [option for option in options if _is_rename(spec, changed, option)]


def _is_rename(before: Spec, after: Spec, option: str) -> bool:
    """Return whether the old name is gone and the new name has come, after all changes."""
    names, _, new = option.partition(":")
    table, _, column = names.partition(".")
    if not column:
        there, wanted = set(before.tables), set(after.tables)
        column = table
    else:
        there, wanted = set(before.tables.get(table, ())), set(after.tables.get(table, ()))
    return column in there - wanted and new in wanted - there
