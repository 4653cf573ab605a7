"""Translate validation errors of pydantic to errors of the library."""

from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from triosigno_db.errors import FieldError, InvalidInputError


def invalid_input(failure: ValidationError, model: type[BaseModel]) -> InvalidInputError:
    """Translate a validation error of pydantic to an error of the library.

    Args:
        failure: The error of pydantic.
        model: The model that was validated; the error names its attributes, not their aliases.

    Returns:
        An error that names all invalid fields, without their values.
    """
    names = {field.alias: name for name, field in model.model_fields.items()}
    errors = [
        FieldError(_dotted(error["loc"], names), error["msg"].removeprefix("Value error, "))
        for error in failure.errors(include_input=False, include_url=False, include_context=False)
    ]
    return InvalidInputError(*errors[0], *errors[1:])


def _dotted(location: Sequence[int | str], names: dict[str | None, str]) -> str:
    first, *rest = location or ("input",)
    return ".".join(str(part) for part in (names.get(str(first), first), *rest))
