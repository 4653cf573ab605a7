"""Signs: create, read, list, search, update and delete them."""

from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import MAX_NAME, check_bool, check_enum, check_id, check_text
from triosigno_db.database.execution import fetch_one
from triosigno_db.database.statements import Parameter, columns, statement
from triosigno_db.enums import DifficultyLevel
from triosigno_db.models import Sign
from triosigno_db.models.search import SIGN_NAME, SIGN_TEXT
from triosigno_db.records import (
    NewSign,
    Page,
    Selection,
    SignChanges,
    SignRecord,
    check_input,
    check_shape,
    default_shape,
)
from triosigno_db.records.content import SignT
from triosigno_db.repositories.caching import changing_content
from triosigno_db.repositories.names import (
    CANONICAL,
    by_spelling,
    is_spelled,
    spellings_of,
)
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, filtered, paged
from triosigno_db.repositories.rows import (
    create_record,
    delete_record,
    get_record,
    referrers_of,
    update_record,
)
from triosigno_db.repositories.search import (
    folded_parameter,
    holds,
    like,
    search_conditions,
    search_parameters,
    searched_words,
    starts_a_word,
)

EXACT, AT_START, AT_WORD_STARTS, IN_NAME, IN_DESCRIPTION = range(5)
"""The ranks of a search result, best match first."""

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_sign_by_name(selection: Selection) -> Any:
    """Select a sign by name, in the form that was given or another one."""
    query = Sign.select(*columns(Sign, selection)).where(is_spelled(Sign.name))
    return query.order_by(*by_spelling(Sign.name)).limit(1)


@statement(reads_only=True, prepared=False)
def select_signs(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select the signs that match the filters, by name."""
    query = filtered(Sign.select(*columns(Sign, selection)), _conditions(filters))
    return paged(query, Sign.name, is_continued=is_continued)


@statement(reads_only=True, prepared=False)
def search_signs_by_words(
    selection: Selection, filters: tuple[str, ...], is_continued: bool
) -> Any:
    """Select the signs that contain every word: best match first, then shortest name."""
    words = searched_words(filters)
    phrase = folded_parameter(Parameter(CANONICAL))
    rank = peewee.Case(
        None,
        [
            (like(SIGN_NAME, " ", phrase), EXACT),
            (like(SIGN_NAME, " ", phrase, "%"), AT_START),
            (_all(starts_a_word(SIGN_NAME, word) for word in words), AT_WORD_STARTS),
            (_all(holds(SIGN_NAME, word) for word in words), IN_NAME),
        ],
        IN_DESCRIPTION,
    )
    query = filtered(Sign.select(*columns(Sign, selection)), _conditions(filters))
    length = peewee.fn.char_length(Sign.name)
    return paged(query, rank, length, Sign.name, is_continued=is_continued)


def _conditions(filters: tuple[str, ...]) -> list[Any]:
    known = {"category_id": Sign.category, "difficulty": Sign.difficulty}
    return [
        *(known[name] == Parameter(name) for name in filters if name in known),
        *search_conditions(SIGN_TEXT, (Sign.name,), filters),
    ]


def _all(conditions: Any) -> Any:
    joined = [node for each in conditions for node in (peewee.SQL("AND"), each)][1:]
    return peewee.NodeList(joined, parens=True)


# -- functions --------------------------------------------------------------------------------


def create_sign(new: NewSign, *, shape: type[SignT] = default_shape(SignRecord)) -> SignT:
    """Create a sign.

    Args:
        new: The new sign.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The stored sign.

    Raises:
        AlreadyExistsError: Another sign has the same name.
        NotFoundError: The category does not exist.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    with changing_content():
        return create_record(Sign, check_input("new", new, NewSign), check_shape(shape, SignRecord))


def get_sign(sign_id: str | UUID, *, shape: type[SignT] = default_shape(SignRecord)) -> SignT:
    """Read a sign.

    Args:
        sign_id: The id of the sign.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The sign.

    Raises:
        NotFoundError: The sign does not exist.
        InvalidInputError: `sign_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return get_record(Sign, "sign_id", sign_id, check_shape(shape, SignRecord))


def find_sign_by_name(name: str, *, shape: type[SignT] = default_shape(SignRecord)) -> SignT | None:
    """Find the sign with a name.

    Args:
        name: The name; use `search_signs` to ignore accents and case. It is found in either form
            of Unicode, NFC or NFD, that which was given first.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The sign, or `None` if there is none.

    Raises:
        InvalidInputError: `name` is empty or longer than 200 characters.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    check_text("name", name, maximum=MAX_NAME)
    checked = check_shape(shape, SignRecord)
    row = fetch_one(select_sign_by_name(checked.selection), **spellings_of(name))
    return None if row is None else checked.from_row(row, name)


def list_signs(
    *,
    category_id: str | UUID | None = None,
    difficulty: DifficultyLevel | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[SignT] = default_shape(SignRecord),
) -> Page[SignT]:
    """List signs by name.

    Args:
        category_id: Only signs of this category.
        difficulty: Only signs of this difficulty.
        limit: The maximum number of signs per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it may have fewer fields.

    Returns:
        One page of signs.

    Raises:
        InvalidInputError: A filter or `limit` is out of bounds, or the cursor does not belong to
            this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    filters = _check_filters(category_id, difficulty)
    checked = check_shape(shape, SignRecord)
    return fetch_page(select_signs, checked, limit=limit, cursor=cursor, keys=1, **filters)


def search_signs(
    text: str,
    *,
    category_id: str | UUID | None = None,
    difficulty: DifficultyLevel | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[SignT] = default_shape(SignRecord),
) -> Page[SignT]:
    """Search for signs whose name or description contains every word of a text.

    Accents, case, ligatures, punctuation and the kind of white space are ignored: `etre` finds
    `Être`. A word also matches inside a longer word, but a word of one or two letters matches only
    the start of a word; words with a hyphen between them must follow each other, and so must all
    words from the tenth on. A text without letters and digits finds the sign with this name. The
    best matches come first: the name equals the text; it starts with the text; its words start with
    the words of the text; it contains them; the description contains them. Among equal matches,
    shorter names come first.

    Args:
        text: The text to search for: 1 to 200 characters.
        category_id: Only signs of this category.
        difficulty: Only signs of this difficulty.
        limit: The maximum number of signs per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it may have fewer fields.

    Returns:
        One page of signs.

    Raises:
        InvalidInputError: The text is empty or too long, a filter or `limit` is out of bounds, or
            the cursor does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    filters = search_parameters("text", text) | _check_filters(category_id, difficulty)
    return fetch_page(
        search_signs_by_words,
        check_shape(shape, SignRecord),
        limit=limit,
        cursor=cursor,
        keys=3,
        **filters,
    )


def update_sign(
    sign_id: str | UUID, changes: SignChanges, *, shape: type[SignT] = default_shape(SignRecord)
) -> SignT:
    """Update a sign; fields that are not set keep their values.

    Args:
        sign_id: The id of the sign.
        changes: The new values; a field that is set to `None` is cleared.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated sign.

    Raises:
        NotFoundError: The sign or the category does not exist; `entity` says which.
        AlreadyExistsError: Another sign has the same name.
        InvalidInputError: `sign_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    changed = check_input("changes", changes, SignChanges).changed()
    with changing_content():
        return update_record(Sign, "sign_id", sign_id, changed, check_shape(shape, SignRecord))


def delete_sign(sign_id: str | UUID, *, cascade: bool = False) -> None:
    """Delete a sign.

    Args:
        sign_id: The id of the sign.
        cascade: Whether to delete its positions in lessons and the progress of all learners with it
            as well.

    Raises:
        NotFoundError: The sign does not exist.
        InUseError: `cascade` is false, and lessons use the sign or learners have practised it;
            `uses` says how many.
        InvalidInputError: `sign_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    referrers = () if check_bool("cascade", cascade) else referrers_of(Sign)
    with changing_content():
        delete_record(Sign, "sign_id", sign_id, referrers=referrers)


def _check_filters(category_id: object, difficulty: object) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if category_id is not None:
        filters["category_id"] = check_id("category_id", category_id)
    if difficulty is not None:
        filters["difficulty"] = check_enum("difficulty", difficulty, DifficultyLevel).value
    return filters
