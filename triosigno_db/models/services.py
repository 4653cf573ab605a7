"""The models of services: each is known to the library as soon as its class is defined."""

from typing import Any

import peewee

from triosigno_db.enums import LabelEnum
from triosigno_db.errors import InvalidInputError
from triosigno_db.models.accounts import User
from triosigno_db.models.base import BaseModel, PrismaMetadata
from triosigno_db.models.constraints import ConstraintTarget, constraint_targets
from triosigno_db.models.fields import EnumField
from triosigno_db.models.library import MODELS

CONSTRAINT_TARGETS: dict[str, ConstraintTarget] = constraint_targets(MODELS)
"""The target of each unique index, foreign key and check, by its name in the database."""

_services: dict[str, type[BaseModel]] = {}
"""The models of services by table."""


def service_models() -> tuple[type[BaseModel], ...]:
    """List the models of services.

    Returns:
        The models whose classes are defined, in the order of their definition.
    """
    return tuple(_services.values())


def all_models() -> tuple[type[BaseModel], ...]:
    """List the models of the library, then those of services.

    Returns:
        The models.
    """
    return (*MODELS, *_services.values())


def forget(model: type[BaseModel]) -> None:
    """Undo the registration of a model.

    Args:
        model: The model of a service; nothing is done if it is not registered.
    """
    if _services.get(_table(model)) is model:
        del _services[_table(model)]
        for name in constraint_targets([model]):
            CONSTRAINT_TARGETS.pop(name, None)
        _detach(model)


def _detach(model: Any) -> None:
    """Remove what Peewee has noted of a model in those that it refers to."""
    for field, referred in list(model._meta.refs.items()):
        model._meta.remove_ref(field)
        if field.backref in vars(referred):
            delattr(referred, field.backref)


def _enums(model: type[BaseModel]) -> list[type[LabelEnum]]:
    return [field.enum for field in model._meta.sorted_fields if isinstance(field, EnumField)]


def _is_base(model: type) -> bool:
    return BaseModel in model.__bases__


def _is_same(one: type, other: type) -> bool:
    """Return whether one class is a later definition of the other."""
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def _table(model: type[BaseModel]) -> str:
    return str(model._meta.table_name)


class ServiceMetadata(PrismaMetadata):
    """Refuses names that others have, before Peewee binds the model to those it refers to."""

    def __init__(self, model: Any, *args: Any, **options: Any) -> None:
        super().__init__(model, *args, **options)
        if _is_base(model):
            return
        earlier = next((each for each in all_models() if _table(each) == self.table_name), None)
        if earlier is not None:
            if not _is_same(earlier, model):
                self._refuse(f"the table {self.table_name}", earlier, "the model")
            forget(earlier)

    def add_field(self, field_name: str, field: Any, set_attribute: bool = True) -> None:
        """Add a field, unless another model has its enum type or its backref.

        Args:
            field_name: The name of the attribute.
            field: The field.
            set_attribute: Whether to set the attribute on the model.

        Raises:
            InvalidInputError: The name belongs to another model.
        """
        try:
            if isinstance(field, EnumField):
                self._check_enum(field.enum)
            if isinstance(field, peewee.ForeignKeyField):
                self._check_backref(field)
        except InvalidInputError:
            _detach(self.model)
            raise
        super().add_field(field_name, field, set_attribute)

    def _check_enum(self, enum: type[LabelEnum]) -> None:
        for model in all_models():
            for other in _enums(model):
                if other.__name__ == enum.__name__ and not _is_same(other, enum):
                    self._refuse(f"the enum type {enum.__name__}", model, "the enum")

    def _check_backref(self, field: Any) -> None:
        referred = field.rel_model
        name = field.declared_backref or f"{self.name}_set"
        if isinstance(referred, type) and hasattr(referred, name):
            self._refuse(f"the name {name}", referred, "the backref")

    def _refuse(self, what: str, owner: type, renamed: str) -> None:
        whose = f"{owner.__module__}.{owner.__qualname__}"
        why = f"{what} already belongs to {whose}: rename {renamed}"
        raise InvalidInputError(self.model.__name__, why)


class ServiceModel(BaseModel):
    """A table of a service's own; defining a subclass makes it known to the library.

    The options of `Meta` are those of the library's models: `indexes`, `checks`, `secret` and
    `exported`. A class that is defined again, as in a notebook, replaces the earlier one.
    """

    class Meta:
        """Peewee's options for every model of a service."""

        model_metadata_class = ServiceMetadata

    @classmethod
    def validate_model(cls) -> None:
        """Register the model; Peewee calls this when the class is complete."""
        super().validate_model()
        if not _is_base(cls):
            # The library may be connected already.
            cls._meta.schema = cls._meta.schema or User._meta.schema
            _services[_table(cls)] = cls
            CONSTRAINT_TARGETS.update(constraint_targets([cls]))
