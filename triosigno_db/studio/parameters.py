"""The parameters of the studio's addresses: each is known and in bounds, or the answer is 400."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urlsplit

from flask import abort, current_app, request

from triosigno_db.arguments import is_unicode, shortened

MAX_PAGE = 1_000_000
"""The highest number of a page, from 0."""

MAX_TEXT = 1_000
"""The maximum number of characters of a parameter; addresses have some more."""

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_MAX_LOOKUP = 100

Check = Callable[[str], bool]


def _is_text(value: str) -> bool:
    return len(value) <= MAX_TEXT


def _number(maximum: int) -> Check:
    return lambda value: bool(_WHOLE_NUMBER.fullmatch(value)) and int(value) <= maximum


def _is_address(value: str) -> bool:
    try:
        urlsplit(value)
    except ValueError:
        return False
    return True


_RETURN: dict[str, Check] = {"url": _is_address}
_ROW: dict[str, Check] = {"id": _is_text, "url": _is_address}
_CHECKS: dict[str, dict[str, Check]] = {
    "create_view": _RETURN,
    "edit_view": _ROW,
    "details_view": _ROW,
    "delete_view": _RETURN,
    "action_view": _RETURN,
    "ajax_lookup": {
        "name": _is_text,
        "query": _is_text,
        "offset": _number(MAX_PAGE),
        "limit": _number(_MAX_LOOKUP),
        "_": _is_text,  # jQuery's, which keeps a browser from caching the answer
    },
}
_NEEDED = {"edit_view": ("id",), "details_view": ("id",), "ajax_lookup": ("name", "query")}
_LISTS = ("index_view", "export")
_FORM: dict[str, Check] = {
    "id": _is_text,
    "rowid": _is_text,
    "action": _is_text,
    "url": _is_address,
}
_FILTER = re.compile(r"flt[0-9]{1,4}_(\w{1,200})", re.ASCII)


def check_parameters() -> None:
    """Refuse a request with a parameter that is unknown, missing or out of bounds."""
    table, _, view = (request.endpoint or "").rpartition(".")
    if not table or view == "static":
        return
    checks = _CHECKS.get(view, {})
    filters: dict[str, Check] = {}
    if view in _LISTS:
        checks, filters = _checks_of_list(table)
    for name, value in request.args.items(multi=True):
        found = _FILTER.fullmatch(name)
        _check(name, value, checks.get(name) or filters.get(found[1] if found else ""))
    for name in _NEEDED.get(view, ()):
        if name not in request.args:
            _refuse(f"The parameter {name} is missing.")
    for name, check in _FORM.items():
        for value in request.form.getlist(name):
            _check(name, value, check)


def _checks_of_list(table: str) -> tuple[dict[str, Check], dict[str, Check]]:
    """List the parameters of the list of a table, and its filters by their name."""
    (admin,) = current_app.extensions["admin"]
    (view,) = [each for each in admin._views if each.endpoint == table]
    parameters = {
        "page": _number(MAX_PAGE),
        "page_size": _number(MAX_PAGE),
        "sort": _number(len(view._list_columns) - 1),
        "desc": _number(1),
        "search": _is_text,
    }
    return parameters, {name: each.validate for name, (_, each) in view._filter_args.items()}


def _check(name: str, value: str, check: Check | None) -> None:
    if check is None:
        _refuse("The address has a parameter that does not exist.")
    elif "\0" in value or not is_unicode(value) or not check(value):
        _refuse(f"The value of {shortened(name)} is out of bounds.")


def _refuse(why: str) -> NoReturn:
    abort(HTTPStatus.BAD_REQUEST, why)
