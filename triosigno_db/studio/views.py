"""The studio's view of a table: columns, filters and references, without secrets."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import peewee
from flask import flash, g, url_for
from flask_admin.contrib.peewee import ModelView
from flask_admin.contrib.peewee.ajax import QueryAjaxModelLoader
from flask_admin.form import SecureForm
from markupsafe import Markup
from wtforms import SelectField

from triosigno_db.arguments import check_id
from triosigno_db.errors import InvalidInputError
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.models.fields import EnumField, TimestampField
from triosigno_db.repositories.concurrency import run_with_locks
from triosigno_db.studio.filters import Filters

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
        # A password must be hashed: create accounts with `triosigno-db users create`.
        self.can_create = may_write and not model._meta.secret
        self.can_edit = self.can_delete = may_write
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
        self.form_columns = [each.name for each in fields if _is_editable(each)]
        self.form_overrides = {e.name: SelectField for e in fields if isinstance(e, EnumField)}
        self.form_args = {
            each.name: {"choices": [(member.value, member.value) for member in each.enum]}
            for each in fields
            if isinstance(each, EnumField)
        }
        self.form_ajax_refs = {each.name: _References(each) for each in references}
        self.readable = fields
        table = model._meta.table_name
        super().__init__(model, name=table, endpoint=table)

    def search_placeholder(self) -> str:
        """Name the columns that a search covers."""
        return "Search " + ", ".join(each.column_name for each in self.column_searchable_list)

    def get_query(self) -> Any:
        """Select the readable columns; secret columns are not read."""
        return self.model.select(*self.readable)

    def get_list(self, *args: Any, **options: Any) -> tuple[int | None, list[Any]]:
        """Read one page, and the labels of the rows that it refers to."""
        count, rows = super().get_list(*args, **options)
        found = list(rows)
        g.labels = _read_labels(self.model, found)
        return count, found

    def get_one(self, id: str) -> Any:  # noqa: A002 (Flask-Admin's name)
        """Read one row, or `None` if it does not exist."""
        try:
            key = check_id("id", id)
        except InvalidInputError:
            return None
        row = self.get_query().where(self.model.id == key).first()
        g.labels = _read_labels(self.model, [row] if row else [])
        return row

    def delete_model(self, row: Any) -> bool:
        """Delete a row that no other row refers to, because a delete may cascade.

        Args:
            row: The row.

        Returns:
            Whether it was deleted.
        """
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
            field for model in MODELS for field in model._meta.refs if field.rel_model is self.model
        ]


class _References(QueryAjaxModelLoader):
    """Finds the row to refer to by its label."""

    def __init__(self, field: peewee.ForeignKeyField) -> None:
        model = field.rel_model
        super().__init__(field.name, model, fields=[_label_field(model).name])

    def format(self, model: Any) -> tuple[str, str] | None:
        return (model.id, str(getattr(model, self.fields[0]))) if model else None


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


def _is_editable(field: Any) -> bool:
    # The library sets ids and timestamps.
    return not (field.primary_key or isinstance(field, TimestampField))


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
