"""The studio's forms: a field for each attribute of an input, which alone decides what is valid."""

import re
from collections.abc import Mapping
from typing import Any, get_args

import peewee
from flask_admin.form import SecureForm
from flask_admin.model.widgets import AjaxSelect2Widget
from wtforms import BooleanField, Field, SelectField, StringField, TextAreaField
from wtforms.widgets import TextArea

from triosigno_db.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from triosigno_db.models import BaseModel
from triosigno_db.models import fields as columns
from triosigno_db.records.input import Changes, Input
from triosigno_db.repositories.rows import column

_WHOLE_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,40})\s*", re.ASCII)
_LONG = "description"


class _TextField(StringField):
    """A text of one line; of several, if the stored text has them."""

    def __call__(self, **options: Any) -> Any:
        """Draw the field: a browser removes the line breaks from a field of one line."""
        if "\n" in str(self.data or ""):
            return TextArea()(self, **options)
        return super().__call__(**options)


class _NumberField(StringField):
    """A whole number; another text is kept, for the input to refuse."""

    def process_formdata(self, valuelist: Any) -> None:
        """Convert what was typed."""
        if valuelist:
            found = _WHOLE_NUMBER.fullmatch(valuelist[0])
            self.data = int(found[1]) if found else valuelist[0]

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)


class _ChoiceField(SelectField):
    """A label of an enum; one that the library does not know is shown as it is stored."""

    choices: list[str]

    def process_data(self, value: Any) -> None:
        """Take the stored label."""
        super().process_data(value)
        if value is not None and value not in self.choices:
            self.choices = [*self.choices, str(value)]


class _ReferenceField(Field):
    """The id of another row, chosen by its label."""

    widget = AjaxSelect2Widget()

    def __init__(self, label: str, *, loader: Any, **options: Any) -> None:
        super().__init__(label, **options)
        self.loader = loader

    def process_formdata(self, valuelist: Any) -> None:
        """Take the id that was chosen."""
        if valuelist:
            self.data = valuelist[0]


def form_class(
    kind: type[Input], model: type[BaseModel], references: Mapping[str, Any], *, is_new: bool
) -> type[SecureForm]:
    """Build the form of an input.

    Args:
        kind: The input; its attributes are columns of the model.
        model: The model.
        references: The loaders of the rows that the model refers to, by attribute.
        is_new: Whether the form begins with the defaults of the model.

    Returns:
        The class of the form.
    """
    fields = {
        name: _field(column(model, name), name, references, is_new=is_new)
        for name in kind.model_fields
    }
    return type(f"{kind.__name__}Form", (SecureForm,), fields)


def _field(stored: Any, name: str, references: Mapping[str, Any], *, is_new: bool) -> Any:
    label = stored.column_name
    default = stored.default if is_new else None
    if isinstance(stored, peewee.ForeignKeyField):
        return _ReferenceField(label, loader=references[name])
    if isinstance(stored, columns.EnumField):
        choices = [member.value for member in stored.enum]
        return _ChoiceField(label, choices=choices, validate_choice=False, default=default)
    if isinstance(stored, columns.BooleanField):
        return BooleanField(label, default=default)
    if isinstance(stored, columns.IntegerField):
        return _NumberField(label, default=default)
    return (TextAreaField if name == _LONG else _TextField)(label, default=default)


def given_values(form: Any, kind: type[Input]) -> dict[str, Any]:
    """Read what was typed into a form.

    Args:
        form: The form.
        kind: The input that it was built for.

    Returns:
        The values of the input; a field that was left empty is `None` if the input allows it.
    """
    return {
        name: _given(form[name].data, is_optional=type(None) in get_args(field.annotation))
        for name, field in kind.model_fields.items()
    }


def changed_values(form: Any, kind: type[Changes], row: Any) -> dict[str, Any]:
    """Read what was changed in a form.

    A value that other software has stored, and that the input would refuse, can stay as it is.

    Args:
        form: The form.
        kind: The input that it was built for.
        row: The row that is changed.

    Returns:
        The values that differ from those of the row.
    """
    return {
        name: value
        for name, value in given_values(form, kind).items()
        if value != _given(getattr(row, name), is_optional=value is None)
    }


def _given(value: Any, *, is_optional: bool) -> Any:
    if isinstance(value, str):
        value = value.replace("\r\n", "\n")  # browsers send CR LF
    if value is None or value == "":
        return None if is_optional else ""
    return value


def show_error(form: Any, model: type[BaseModel], error: Exception) -> bool:
    """Show an error at the fields that it is about.

    Args:
        form: The form.
        model: The model of the row.
        error: The error of the input or of the function.

    Returns:
        `False` if it is not about fields of the form.
    """
    reasons: list[tuple[str, str]] = []
    if isinstance(error, InvalidInputError):
        reasons = [(each.field.partition(".")[0], each.why) for each in error.errors]
    elif isinstance(error, AlreadyExistsError):
        reasons = [(name, str(error)) for name in error.field.split(", ")]
    elif isinstance(error, NotFoundError):
        reasons = [
            (field.object_id_name, str(error))
            for field in model._meta.refs
            if field.rel_model.__name__ == error.entity
        ]
    shown = [(name, why) for name, why in reasons if name in form]
    for name, why in shown:
        form[name].errors = [*form[name].errors, why]
    return bool(shown) and len(shown) == len(reasons)
