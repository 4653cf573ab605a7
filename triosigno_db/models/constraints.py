"""The entity and attribute of each constraint of the schema, for error messages."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import peewee


class ConstraintTarget(NamedTuple):
    """The entity and the attribute that a constraint of the schema is about.

    For a unique index, a check or a NOT NULL: the entity that owns it, and its attribute. For a
    foreign key: the entity that it refers to, and the attribute that holds the reference.
    """

    entity: str
    field: str


def constraint_targets(models: Iterable[Any]) -> dict[str, ConstraintTarget]:
    """Find the target of each constraint of some models.

    Args:
        models: The models.

    Returns:
        The target of each unique index, foreign key and check, by its name in the database; and of
        each NOT NULL, which has no name, by `Table.column`.
    """
    targets = {}
    for model in models:
        for column, field in model._meta.columns.items():
            target = ConstraintTarget(model.__name__, _attribute(field))
            targets[f"{model._meta.table_name}.{column}"] = target
        for index in model._meta.indexes_by_name().values():
            if index.is_unique:
                fields = [each for each in index.parts if isinstance(each, peewee.Field)]
                names = ", ".join(map(_attribute, fields)) or index.name
                targets[index.name] = ConstraintTarget(model.__name__, names)
        for name, _ in model._meta.checks:
            about = name.removeprefix(f"{model.__name__}_").removesuffix("_check")
            column = model._meta.columns.get(about)
            targets[name] = ConstraintTarget(model.__name__, column.name if column else about)
        for name, field in model._meta.foreign_keys_by_name().items():
            targets[name] = ConstraintTarget(field.rel_model.__name__, _attribute(field))
    return targets


def _attribute(field: Any) -> str:
    return str(getattr(field, "object_id_name", field.name))
