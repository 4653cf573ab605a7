"""The base classes of inputs, which are validated when they are created."""

from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from triosigno_db.records.base import WireModel
from triosigno_db.records.validation import invalid_input


class Input(WireModel):
    """The base class of inputs; one `InvalidInputError` reports all invalid fields."""

    model_config = ConfigDict(extra="forbid")

    def __init__(self, **values: Any) -> None:
        failure = None
        try:
            super().__init__(**values)
        except ValidationError as exc:
            failure = invalid_input(exc, type(self))
        if failure is not None:
            # Outside the handler: the error of pydantic, which contains the values, must not be its
            # context.
            raise failure

    # Frameworks that validate through pydantic still get the error of pydantic.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class _Unchanged:
    """The value of a field of a `Changes` that was not set."""

    def __repr__(self) -> str:
        return "<unchanged>"


_UNCHANGED = _Unchanged()

UNCHANGED: Any = Field(default_factory=lambda: _UNCHANGED)
"""The default of every field of a `Changes`."""


class Changes(Input):
    """The base class of changes to a row; fields that are not set keep their values."""

    def changed(self) -> dict[str, Any]:
        """Return the fields to change.

        Returns:
            The values of the fields that were set, by name.
        """
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}
