"""Input and Changes: the values of a call, validated when the object is made."""

from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from triosigno_db.records.base import WireModel
from triosigno_db.records.validation import invalid_input


class Input(WireModel):
    """The values of a call: validated when made, every wrong field in one `InvalidInputError`."""

    model_config = ConfigDict(extra="forbid")

    def __init__(self, **values: Any) -> None:
        failure = None
        try:
            super().__init__(**values)
        except ValidationError as exc:
            failure = invalid_input(exc, type(self))
        if failure is not None:
            # Outside of the handler: pydantic's error, which holds the values, is not its context.
            raise failure

    # Frameworks that validate by pydantic's own way keep getting pydantic's own error.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class _Unchanged:
    """What a field of a `Changes` holds that was not set."""

    def __repr__(self) -> str:
        return "<unchanged>"


_UNCHANGED = _Unchanged()

UNCHANGED: Any = Field(default_factory=lambda: _UNCHANGED)
"""The default of every field of a `Changes`."""


class Changes(Input):
    """What to change about a row: only the fields that are set; `None` clears what may be empty."""

    def changed(self) -> dict[str, Any]:
        """List what is to change.

        Returns:
            The fields that were set, with their values.
        """
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}
