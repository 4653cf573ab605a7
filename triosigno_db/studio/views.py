"""The studio's view of a table: columns, filters and references, without secrets."""

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import peewee
from flask import abort, after_this_request, flash, g, url_for
from flask_admin.contrib.peewee import ModelView
from flask_admin.contrib.peewee.ajax import QueryAjaxModelLoader
from flask_admin.form import SecureForm
from flask_admin.helpers import is_form_submitted
from markupsafe import Markup

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import translated
from triosigno_db.errors import NotFoundError, TrioSignoDBError
from triosigno_db.models import BaseModel, all_models
from triosigno_db.models.fields import TimestampField
from triosigno_db.repositories.caching import changing_content
from triosigno_db.repositories.concurrency import run_with_locks
from triosigno_db.studio.filters import Filters
from triosigno_db.studio.forms import changed_values, form_class, given_values, show_error
from triosigno_db.studio.writing import writer_of

_LABELS = ("username", "name", "title")
_MAX_TEXT_LENGTH = 80
_PAGE_SIZE = 50
_SHORT_ID = 8


class TableView(ModelView):
    """One table.

    Args:
        model: Its model.
        may_write: Whether rows may be created, changed and deleted.
    """

    can_view_details = True
    can_set_page_size = True
    column_display_pk = True
    column_display_actions = True
    named_filter_urls = True
    page_size = _PAGE_SIZE
    details_template = "studio/details.html"
    filter_converter = Filters()
    form_base_class = SecureForm
    action_disallowed_list = ("delete",)

    def __init__(self, model: type[BaseModel], *, may_write: bool) -> None:
        fields = readable_fields(model)
        references = [each for each in fields if isinstance(each, peewee.ForeignKeyField)]
        self.writer = writer_of(model)
        self.can_create = may_write and self.writer.new is not None
        self.can_edit = may_write and self.writer.changes is not None
        self.can_delete = may_write
        self.column_list = self.column_details_list = [each.name for each in fields]
        self.column_labels = {each.name: each.column_name for each in fields}
        self.column_searchable_list = [
            each for each in fields if isinstance(each, peewee.TextField)
        ]
        self.column_filters = fields
        self.column_sortable_list = [each.name for each in fields]
        self.column_default_sort = _newest_first(model)
        self.column_formatters = {
            **{each.name: _format for each in fields},
            **{each.name: _format_reference for each in references},
            "id": _format_id,
        }
        self.column_formatters_detail = self.column_formatters | {"id": _format}
        self.form_ajax_refs = {each.object_id_name: _References(each) for each in references}
        self.readable = fields
        table = model._meta.table_name
        super().__init__(model, name=table, endpoint=table)

    def get_create_form(self) -> Any:
        """Build the form of a new row from its input."""
        return self._build_form(self.writer.new, is_new=True)

    def get_edit_form(self) -> Any:
        """Build the form of changes to a row from their input."""
        return self._build_form(self.writer.changes, is_new=False)

    def _build_form(self, kind: Any, *, is_new: bool) -> Any:
        if kind is None:
            return self.form_base_class
        return form_class(kind, self.model, self.form_ajax_refs, is_new=is_new)

    def scaffold_form(self) -> Any:
        """Build no form from the model: an input decides what may be written."""
        return self.form_base_class

    def validate_form(self, form: Any) -> bool:
        """Check the token of a form; what was typed is checked by the input.

        Args:
            form: The form.

        Returns:
            Whether it was sent, with the token.
        """
        is_valid = bool(super().validate_form(form))
        if is_form_submitted() and not is_valid:
            abort(HTTPStatus.BAD_REQUEST, "The form has expired or is incomplete: load it again.")
        return is_valid

    def create_model(self, form: Any) -> Any:
        """Create a row by the function of the library.

        Args:
            form: The form.

        Returns:
            An object with the `id` of the row, or `False` if the values were refused.
        """
        kind, create = self.writer.new, self.writer.create
        if kind is None or create is None:
            return False
        try:
            return create(kind(**given_values(form, kind)))
        except TrioSignoDBError as exc:
            return self._refuse(form, exc)

    def update_model(self, form: Any, row: Any) -> bool:
        """Change a row by the function of the library.

        Args:
            form: The form.
            row: The row.

        Returns:
            Whether it was changed; `False` if the values were refused.
        """
        kind, update = self.writer.changes, self.writer.update
        if kind is None or update is None:
            return False
        try:
            update(row.id, kind(**changed_values(form, kind, row)))
        except TrioSignoDBError as exc:
            return self._refuse(form, exc)
        return True

    def _refuse(self, form: Any, error: TrioSignoDBError) -> bool:
        if not show_error(form, self.model, error):
            flash(f"{type(error).__name__}: {error}", "error")
        after_this_request(_answer_refused)
        return False

    def search_placeholder(self) -> str:
        """Name the columns that a search covers."""
        return "Search " + ", ".join(each.column_name for each in self.column_searchable_list)

    def get_query(self) -> Any:
        """Select the readable columns; secret columns are not read."""
        return self.model.select(*self.readable)

    def get_list(self, *args: Any, **options: Any) -> tuple[int | None, list[Any]]:
        """Read one page, and the labels of the rows that it refers to."""
        with translated():
            count, rows = super().get_list(*args, **options)
            found = list(rows)
            g.labels = _read_labels(self.model, found)
        return count, found

    def get_one(self, id: str) -> Any:  # noqa: A002 (Flask-Admin's name)
        """Read one row; answer "not found" if it does not exist."""
        key = check_id("id", id)
        with translated():
            row = self.get_query().where(self.model.id == key).first()
            g.labels = _read_labels(self.model, [row] if row else [])
        if row is None:
            raise NotFoundError(self.model.__name__, key)
        return row

    def delete_model(self, row: Any) -> bool:
        """Delete a row that no other row refers to, because a delete may cascade.

        Args:
            row: The row.

        Returns:
            Whether it was deleted.
        """
        with changing_content(), translated():
            used = run_with_locks(lambda: self._delete_unused(row))
        if used:
            flash(f"Other rows refer to this row: {', '.join(used)}. Delete them first.", "error")
        return not used

    def _delete_unused(self, row: Any) -> list[str]:
        """Delete a row, or list what refers to it; once it is locked, nothing more can."""
        self.model.select(self.model.id).where(self.model.id == row.id).for_update().execute()
        counts = {
            field.model._meta.table_name: field.model.select().where(field == row.id).count()
            for field in self._references_here()
        }
        used = [f"{count} of {name}" for name, count in counts.items() if count]
        if not used:
            row.delete_instance()
        return used

    def related_lists(self, row: Any) -> list[tuple[str, str]]:
        """List the pages with the rows that refer to a row.

        Args:
            row: The row.

        Returns:
            The name of each reference, such as `Progress.userId`, and the address of its page.
        """
        return [
            (
                f"{field.model._meta.table_name}.{field.column_name}",
                url_for(
                    f"{field.model._meta.table_name}.index_view",
                    **{f"flt0_{field.column_name.lower()}_equals": row.id},
                ),
            )
            for field in self._references_here()
        ]

    def _references_here(self) -> list[Any]:
        return [
            field
            for model in all_models()
            for field in model._meta.refs
            if field.rel_model is self.model
        ]


class _References(QueryAjaxModelLoader):
    """Finds the row to refer to by its label."""

    def __init__(self, field: peewee.ForeignKeyField) -> None:
        model = field.rel_model
        super().__init__(field.object_id_name, model, fields=[_label_field(model).name])

    def format(self, model: Any) -> tuple[str, str] | None:
        """Give the id and the label of a row, or of the row with an id."""
        if not model:
            return None
        if isinstance(model, str):
            row = None if "\0" in model else self.model.get_or_none(self.model.id == model)
            return (model, self._label(row) if row else model)
        return (model.id, self._label(model))

    def _label(self, row: Any) -> str:
        return str(getattr(row, self.fields[0]))

    def get_list(self, term: str, offset: int = 0, limit: int = 10) -> list[Any]:
        """Find rows by a part of their label."""
        with translated():
            return list(super().get_list(term, offset, limit))


def readable_fields(model: type[BaseModel]) -> list[Any]:
    """List the fields of a model that may be shown.

    Args:
        model: The model.

    Returns:
        All fields except those that the model's metadata marks as secret.
    """
    return list(model._meta.readable_columns().values())


def _newest_first(model: type[BaseModel]) -> Any:
    names = [field.name for field in readable_fields(model)]
    candidates = ("created_at", "start_time", "achieved_at", "updated_at")
    column = next((name for name in candidates if name in names), "id")
    return [(column, column != "id"), ("id", False)]


def _answer_refused(response: Any) -> Any:
    response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return response


def _label_field(model: Any) -> Any:
    return next((getattr(model, name) for name in _LABELS if hasattr(model, name)), model.id)


def _read_labels(model: type[BaseModel], rows: Iterable[Any]) -> dict[str, str]:
    """Read the labels of the rows that a page refers to, with one statement for each table."""
    wanted: dict[Any, set[str]] = defaultdict(set)
    for field in model._meta.refs:
        wanted[field.rel_model].update(getattr(row, field.object_id_name) for row in rows)
    labels: dict[str, str] = {}
    for target, keys in wanted.items():
        label = _label_field(target)
        query = target.select(target.id, label).where(target.id << list(keys))
        labels.update((key, str(name)) for key, name in query.tuples())
    return labels


def _format(_view: Any, _context: Any, row: Any, name: str) -> Any:
    value = getattr(row, name)
    if value is None:
        return Markup('<span class="text-muted">NULL</span>')
    if isinstance(getattr(type(row), name), TimestampField):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    text = str(value)
    short = text if len(text) <= _MAX_TEXT_LENGTH else text[:_MAX_TEXT_LENGTH] + "…"
    return Markup('<span title="{}">{}</span>').format(text, short)


def _format_id(view: Any, _context: Any, row: Any, _name: str) -> Markup:
    address = url_for(f"{view.endpoint}.details_view", id=row.id)
    return _link(address, row.id[:_SHORT_ID] + "…", title=row.id)


def _format_reference(_view: Any, _context: Any, row: Any, name: str) -> Markup:
    field = getattr(type(row), name)
    key = getattr(row, field.object_id_name)
    address = url_for(f"{field.rel_model._meta.table_name}.details_view", id=key)
    return _link(address, g.labels.get(key, key))


def _link(address: str, text: str, *, title: str = "") -> Markup:
    return Markup('<a href="{}" title="{}">{}</a>').format(address, title, text)
