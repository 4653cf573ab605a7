"""Logins: find accounts by e-mail address and username, in any case and form.

A text is looked up as it was given first, and then by its keys, which `models/logins.py` defines
with their indexes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import peewee

from triosigno_db.arguments import WHITE_SPACE, check_login
from triosigno_db.database.connection import Row
from triosigno_db.database.execution import fetch_all, fetch_one
from triosigno_db.database.statements import Parameter, Statement, columns, statement
from triosigno_db.models import User
from triosigno_db.models.logins import EMAIL_KEY, USERNAME_KEY, email_key, username_key
from triosigno_db.records import Selection, UserRecord, check_shape, default_shape
from triosigno_db.records.accounts import UserT
from triosigno_db.records.emails import ascii_email, canonical_email

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_user_by_email(selection: Selection, is_plain: bool, is_ordered: bool) -> Any:
    """Select an account by e-mail address, in any case and form; the same text, then the oldest."""
    query = User.select(*columns(User, selection)).where(has_email(is_plain))
    return _first(query, User.email) if is_ordered else query.limit(2)


@statement(reads_only=True)
def select_user_by_username(selection: Selection, is_plain: bool, is_ordered: bool) -> Any:
    """Select an account by username, in any normal form; the same text, then the oldest."""
    query = User.select(*columns(User, selection)).where(has_username(is_plain))
    return _first(query, User.username) if is_ordered else query.limit(2)


def _first(query: Any, field: Any) -> Any:
    is_same = field == Parameter("login")
    return query.order_by(is_same.desc(), User.created_at, User.id).limit(1)


# -- functions --------------------------------------------------------------------------------


def find_user_by_email(
    email: str, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT | None:
    """Find the account with an e-mail address, in any case and form.

    Args:
        email: The address, 1 to 1,000 characters, or any other text that other software has stored
            as one. If several accounts have addresses that differ only in case or form, which
            other software may have created, the one with the same text is returned, else the
            oldest.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account, or `None` if there is none.

    Raises:
        InvalidInputError: `email` is empty or longer than 1,000 characters.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    email = check_login("email", email)
    is_plain = has_no_other_form(email)
    checked = check_shape(shape, UserRecord)
    keys = {"login": email, **keys_of_email(email, is_plain)}
    row = _fetch_first(select_user_by_email, checked.selection, is_plain, keys)
    return None if row is None else checked.from_row(row, email)


def find_user_by_username(
    username: str, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT | None:
    """Find the account with a username.

    Args:
        username: The username, 1 to 1,000 characters; case matters, white space around it and the
            normal form do not. If several accounts match, which other software may have created,
            the one with the same text is returned, else the oldest.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account, or `None` if there is none.

    Raises:
        InvalidInputError: `username` is empty or longer than 1,000 characters.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    username = check_login("username", username)
    is_plain = has_no_other_form(username)
    checked = check_shape(shape, UserRecord)
    keys = {"login": username, **keys_of_username(username, is_plain)}
    row = _fetch_first(select_user_by_username, checked.selection, is_plain, keys)
    return None if row is None else checked.from_row(row, username)


def _fetch_first(
    select: Callable[..., Statement], selection: Selection, is_plain: bool, keys: dict[str, str]
) -> Row | None:
    # Sorting would cost every call, although there is hardly ever more than one row.
    rows = fetch_all(select(selection, is_plain, False), **keys)
    if len(rows) > 1:
        return fetch_one(select(selection, is_plain, True), **keys)
    return rows[0] if rows else None


# -- conditions -------------------------------------------------------------------------------


def has_email(is_plain: bool) -> Any:
    """Build the condition that an account has the address that is looked up, in any form.

    Args:
        is_plain: Whether the text has no other form.

    Returns:
        The condition, on the parameters `login` and those of `keys_of_email`.
    """
    if is_plain:
        return _is_one_of(EMAIL_KEY, "email_key")
    keys = _is_one_of(EMAIL_KEY, "email_key", "canonical_key", "ascii_key")
    # Python and the server may know different versions of Unicode: the same text is always found.
    return (User.email == Parameter("login")) | keys


def has_username(is_plain: bool) -> Any:
    """Build the condition that an account has the username that is looked up, in any form.

    Args:
        is_plain: Whether the text has no other form.

    Returns:
        The condition, on the parameters `login` and those of `keys_of_username`.
    """
    if is_plain:
        return _is_one_of(USERNAME_KEY, "login")
    keys = _is_one_of(USERNAME_KEY, "username_key", "trimmed_key")
    return (User.username == Parameter("login")) | keys


def select_taken(names: tuple[str, ...], *conditions: Any) -> Any:
    """Select whether an account has another form of the new address, or only of the new username.

    The same text is left to the unique keys.

    Args:
        names: What is written: `"email"`, `"username"` or both.
        *conditions: Further conditions on the account.

    Returns:
        A query with one column, `by_email`: `True`, `False`, or `None` if no account has either.
    """
    has = {
        "email": (User.email != Parameter("email"))
        & _is_one_of(EMAIL_KEY, "canonical_key", "ascii_key"),
        "username": (User.username != Parameter("username")) & _is_one_of(USERNAME_KEY, "new_key"),
    }
    by_email = has["email"] if "email" in names else peewee.SQL("false")
    either = peewee.NodeList([has[name] for name in has if name in names], glue=" OR ", parens=True)
    return User.select(peewee.fn.bool_or(by_email).alias("by_email")).where(either, *conditions)


# -- keys -------------------------------------------------------------------------------------


def has_no_other_form(text: str) -> bool:
    """Return whether a text to look up has no other form than in another case.

    Args:
        text: The address or username as given, which may be any text.

    Returns:
        `True` for most: ASCII without white space, a name before the address, and punycode.
    """
    return (
        text.isascii()
        and text.isprintable()
        and not (" " in text or "<" in text or "xn--" in text.lower())
    )


def keys_of_email(text: str, is_plain: bool) -> dict[str, str]:
    """Return the keys of an address to look up.

    Args:
        text: The address as given, which may be any text.
        is_plain: Whether it has no other form.

    Returns:
        The parameters of `has_email`: the keys of the text, of the canonical form, and of that
        with its domain in ASCII.
    """
    keys = {"email_key": email_key(text)}
    if not is_plain:
        canonical, in_ascii = _other_forms(text)
        keys |= {"canonical_key": email_key(canonical), "ascii_key": email_key(in_ascii)}
    return keys


def keys_of_username(text: str, is_plain: bool) -> dict[str, str]:
    """Return the keys of a username to look up.

    Args:
        text: The username as given, which may be any text.
        is_plain: Whether it has no other form.

    Returns:
        The parameters of `has_username`: the keys of the text, and of the text without white space
        around it; none if the text is its own key.
    """
    if is_plain:
        return {}
    return {
        "username_key": username_key(text),
        "trimmed_key": username_key(text.strip(WHITE_SPACE)),
    }


def keys_of_new(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys of an address and a username to write.

    Args:
        values: The values to write, as an input holds them.

    Returns:
        The parameters of `select_taken`.
    """
    keys = {}
    if "email" in values:
        keys["canonical_key"] = email_key(values["email"])
        keys["ascii_key"] = email_key(ascii_email(values["email"]))
    if "username" in values:
        keys["new_key"] = username_key(values["username"])
    return keys


def _is_one_of(key: str, *parameters: str) -> Any:
    values = peewee.EnclosedNodeList([Parameter(name) for name in parameters])
    return peewee.NodeList((peewee.SQL(key), peewee.SQL("IN"), values), parens=True)


def _other_forms(text: str) -> tuple[str, str]:
    try:
        canonical = canonical_email(text)
    except ValueError:
        stripped = text.strip(WHITE_SPACE)
        return stripped, stripped
    return canonical, ascii_email(canonical)
