"""The base classes of inputs, which are validated when they are created, and when they are used."""

from typing import Any, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from triosigno_db.errors import InvalidInputError
from triosigno_db.records.base import WireModel
from triosigno_db.records.validation import invalid_input

InputT = TypeVar("InputT", bound="Input")


class Input(WireModel):
    """The base class of inputs; one `InvalidInputError` reports all invalid fields."""

    model_config = ConfigDict(extra="forbid")

    def __init__(self, **values: Any) -> None:
        failure = None
        try:
            super().__init__(**values)
        except ValidationError as exc:
            failure = invalid_input(exc, type(self))
        del values  # a password may be among them, and tools that report errors show variables
        if failure is not None:
            # Outside the handler: the error of pydantic, which contains the values, must not be its
            # context.
            raise failure

    # Frameworks that validate through pydantic still get the error of pydantic.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class _Unchanged:
    """The value of a field of a `Changes` that was not set; there is one instance."""

    def __repr__(self) -> str:
        return "<unchanged>"

    def __reduce__(self) -> str:
        # Copies and pickles are the same instance, so that copies of changes are equal.
        return "_UNCHANGED"


_UNCHANGED = _Unchanged()


def _is_unchanged(value: object) -> bool:
    return value is _UNCHANGED


UNCHANGED: Any = Field(default_factory=lambda: _UNCHANGED, exclude_if=_is_unchanged)
"""The default of every field of a `Changes`."""


class Changes(Input):
    """The base class of changes to a row; fields that are not set keep their values.

    A dump has the fields that are set.
    """

    def changed(self) -> dict[str, Any]:
        """Return the fields to change.

        Returns:
            The values of the fields that were set, by name.
        """
        return dict(sorted(_given(self).items()))


def check_input(field: str, value: object, *kinds: type[InputT]) -> InputT:
    """Check an input object, and validate its values again.

    Pydantic also creates objects without validation: `model_construct`, `model_copy(update=...)`.

    Args:
        field: The argument's name.
        value: The object.
        *kinds: The classes that are accepted. A subclass of one may not add fields.

    Returns:
        A validated object of the first of these classes that it is an instance of.

    Raises:
        InvalidInputError: It is not an instance of a class, or one of its values is invalid.
    """
    for kind in kinds:
        if isinstance(value, kind):
            return kind(**_given(value))
    raise InvalidInputError(field, f"must be a {' or a '.join(kind.__name__ for kind in kinds)}")


def _given(value: Input) -> dict[str, Any]:
    return {name: each for name, each in vars(value).items() if each is not _UNCHANGED}
