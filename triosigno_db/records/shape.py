"""Shapes: check that a record class can hold what a function reads, and create its records."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin

from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from pydantic.fields import FieldInfo

from triosigno_db.enums import LabelEnum
from triosigno_db.errors import InvalidInputError, UnreadableRowError
from triosigno_db.records.record import Record, Selection, record_in
from triosigno_db.records.validation import invalid_input

RecordT = TypeVar("RecordT", bound=Record)

_MAX_SHAPES = 1024
"""The maximum number of shapes whose check is remembered; a service has some dozens."""

_SAMPLES: Mapping[type, tuple[object, ...]] = {
    str: ("lea", "", "x" * 10_001, "é\n"),
    int: (7, 0, -1, 2**31 - 1),
    float: (0.5, 0.0, 100.0),
    bool: (True, False),
    dict: ({},),
    datetime: (
        datetime(2026, 1, 31, 8, 0, 0, 123_000, UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ),
}
"""Values that a column of each type may hold."""


class Shape(NamedTuple, Generic[RecordT]):
    """A record class that can hold every row of a function.

    Attributes:
        record: The class.
        default: The default record class of the function, which names the tables.
        selection: The columns to read.
    """

    record: type[RecordT]
    default: type[Record]
    selection: Selection

    def from_row(self, row: Sequence[Any], key: object = None) -> RecordT:
        """Create a record from a row.

        Args:
            row: A value for each column of the selection, in order.
            key: What the row was found by, to name it in an error if its id is not selected.

        Returns:
            The record.

        Raises:
            UnreadableRowError: The row holds a value that the library can't read.
        """
        return self.from_values(dict(zip(self.selection.columns, row, strict=True)), key)

    def from_values(self, values: Mapping[str, Any], key: object = None) -> RecordT:
        """Create a record from values by column.

        Args:
            values: The values by column; the values of nested records are mappings too.
            key: As for `from_row`.

        Returns:
            The record.

        Raises:
            UnreadableRowError: A value can't be read.
        """
        try:
            return self.record.model_validate(values)
        except ValidationError as exc:
            failure = self._unreadable(exc, values, key)
        # Outside the handler: the error of pydantic, which contains the values, must not be its
        # context.
        raise failure

    def _unreadable(self, failure: ValidationError, values: Any, key: object) -> UnreadableRowError:
        error = failure.errors(include_url=False, include_context=False, include_input=False)[0]
        why = error["msg"].removeprefix("Value error, ")
        default, table, column = self.default, self.default.table(), ""
        for part in error["loc"]:
            if isinstance(part, int):
                values = next(islice(iter(values), part, None))
                continue
            if not isinstance(values, Mapping) or part not in values:
                continue  # the name of a member of a union
            key, column = values.get("id", key), part
            nested = _nested_records(default).get(part)
            if nested is not None:
                default, table = nested, nested.table()
            values = values[part]
            if isinstance(values, Mapping):
                key = values.get("id", key)
        return UnreadableRowError(table, column, key, why)


def check_shape(shape: type[RecordT], default: type[Record]) -> Shape[RecordT]:
    """Check a shape, before anything is sent.

    A field must accept every value that its column can hold: after a write it would be too late to
    raise an error. Sample values of the types of the columns are validated.

    Args:
        shape: The record class.
        default: The default record class of the function, whose fields have the types of the
            columns.

    Returns:
        The checked shape.

    Raises:
        InvalidInputError: The shape is not a subclass of `Record`, has no fields, or a field does
            not accept a value that its column can hold.
    """
    if not _is_record(shape):
        raise InvalidInputError("shape", "must be a subclass of Record")
    checked: Shape[RecordT] = _check(shape, default)
    return checked


def _is_record(shape: object) -> bool:
    return isinstance(shape, type) and issubclass(shape, Record)


@lru_cache(maxsize=_MAX_SHAPES)
def _check(shape: type[Record], default: type[Record]) -> Shape[Any]:
    selection = shape.selection()
    if not selection.columns and not selection.nested:
        raise InvalidInputError("shape", f"{shape.__name__} has no field")
    if shape is not default:
        _check_types(shape, default, selection)
    return Shape(shape, default, selection)


def _check_types(shape: type[Record], default: type[Record], selection: Selection) -> None:
    _check_enums(shape, default)
    for values in _sample_rows(selection, default):
        why = _refusal(shape, values)
        if why is not None:
            raise InvalidInputError("shape", f"{shape.__name__}.{why}")


def _check_enums(shape: type[Record], default: type[Record]) -> None:
    # An enum reads any label, so that samples would not show that it is the wrong one.
    known = {_column(name, field): _enums_in(field) for name, field in default.model_fields.items()}
    for name, field in shape.model_fields.items():
        for wrong in _enums_in(field) - known.get(_column(name, field), set()):
            why = f"{shape.__name__}.{name} must not be a {wrong.__name__}"
            raise InvalidInputError("shape", why)
    nested = _nested_records(default)
    for name, inside in _nested_records(shape).items():
        if name in nested:
            _check_enums(inside, nested[name])


def _refusal(shape: type[Record], values: Mapping[str, Any]) -> str | None:
    try:
        shape.model_validate(values)
    except ValidationError as exc:
        kinds = [error["type"] for error in exc.errors(include_url=False, include_context=False)]
        for kind, error in zip(kinds, invalid_input(exc, shape).errors, strict=True):
            # The statement refuses a column that the entity does not have.
            if kind != "missing":
                return f"{to_snake(error.field)} must accept every value of its column: {error.why}"
    return None


def _sample_rows(selection: Selection, default: type[Record]) -> Iterator[dict[str, Any]]:
    """Yield rows so that each column has each of its samples in one of them."""
    fields = {_column(name, field): field for name, field in default.model_fields.items()}
    nested_records = _nested_records(default)
    samples: dict[str, list[Any]] = {
        # A field of another type in place of a record does not accept one.
        name: (
            _nested_samples(fields[name], [{}])
            if name in nested_records
            else list(_samples_of(fields[name]))
        )
        for name in selection.columns
        if name in fields
    }
    samples = {name: values for name, values in samples.items() if values}
    for name, inside in selection.nested:
        if name in nested_records:
            rows = list(_sample_rows(inside, nested_records[name]))
            samples[name] = _nested_samples(fields[name], rows)
    base = {name: values[0] for name, values in samples.items()}
    yield base
    for name, values in samples.items():
        for value in values[1:]:
            yield {**base, name: value}


def _samples_of(field: FieldInfo) -> Iterator[object]:
    for kind in _types_in(field.annotation):
        if issubclass(kind, LabelEnum):
            yield from (*(member.value for member in kind), "NEW")
        else:
            # Nothing is known of the values of other types.
            yield from (None,) if kind is type(None) else _SAMPLES.get(kind, ())


def _nested_samples(field: FieldInfo, rows: list[dict[str, Any]]) -> list[Any]:
    if any(get_origin(each) is tuple for each in (field.annotation, *get_args(field.annotation))):
        return [[row] for row in rows] + [[]]
    is_optional = type(None) in get_args(field.annotation)
    return [*rows, *([None] if is_optional else [])]


def _column(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _enums_in(field: FieldInfo) -> set[type[LabelEnum]]:
    return {kind for kind in _types_in(field.annotation) if issubclass(kind, LabelEnum)}


def _types_in(annotation: Any) -> Iterator[type]:
    if get_origin(annotation) is Annotated:
        yield from _types_in(get_args(annotation)[0])
    elif isinstance(annotation, type):
        yield annotation
    elif get_origin(annotation) is dict:
        yield dict
    else:
        for argument in get_args(annotation):
            yield from _types_in(argument)


def _nested_records(record: type[Record]) -> dict[str, type[Record]]:
    found = {
        _column(name, field): record_in(field.annotation)
        for name, field in record.model_fields.items()
    }
    return {name: nested for name, nested in found.items() if nested is not None}
