"""The enums of the database; a member's value is its label in PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, Self, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

EnumT = TypeVar("EnumT", bound="LabelEnum")

_accepts_unknown_labels = ContextVar("accepts_unknown_labels", default=False)


class LabelEnum(StrEnum):
    """The base of the enums.

    The database may have more labels than the library knows, for example after `ALTER TYPE ... ADD
    VALUE`. Such a label is read as a further instance of the enum, which is not one of its members.
    Inputs refuse it.
    """

    @classmethod
    def read(cls, label: str) -> Self:
        """Convert a label that is stored.

        Args:
            label: The label.

        Returns:
            The member; for an unknown label an instance with this name and value, always the same
            one.
        """
        member = cls._value2member_map_.get(label) or _unknown.get((cls, label))
        if member is None:
            member = str.__new__(cls, label)
            member._name_ = member._value_ = label
            member = _unknown.setdefault((cls, label), member)
        return member  # type: ignore[return-value]

    @property
    def is_known(self) -> bool:
        """Whether it is a member of the enum."""
        return self.value in type(self)._value2member_map_

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Pickle an instance as its label, so that an unknown one can be unpickled."""
        return _read, (type(self), self.value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = handler(source)
        if not _accepts_unknown_labels.get():
            return known
        unknown = core_schema.no_info_after_validator_function(cls.read, core_schema.str_schema())
        return core_schema.union_schema([known, unknown], mode="left_to_right")


_unknown: dict[tuple[type[LabelEnum], str], LabelEnum] = {}


def _read(kind: type[EnumT], label: str) -> EnumT:
    return kind.read(label)


@contextmanager
def unknown_labels_accepted() -> Iterator[None]:
    """Let the pydantic schemas that are built in the block accept unknown labels of the enums.

    Yields:
        Nothing.
    """
    token = _accepts_unknown_labels.set(True)
    try:
        yield
    finally:
        _accepts_unknown_labels.reset(token)


class UserRole(LabelEnum):
    """The role of an account."""

    ADMIN = "ADMIN"
    TEACHER = "TEACHER"
    STUDENT = "STUDENT"


class DifficultyLevel(LabelEnum):
    """The difficulty of a sign."""

    BEGINNER = "BEGINNER"
    INTERMEDIATE = "INTERMEDIATE"
    ADVANCED = "ADVANCED"
