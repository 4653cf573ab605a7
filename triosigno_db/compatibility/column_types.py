"""Whether a column of another type still takes and gives what the library sends and reads."""

import re
from collections.abc import Mapping
from typing import Literal

Fit = Literal["same", "wider", "narrower", "other"]

_TEXTS = ("text", "character varying")
_SHORT_TEXT = re.compile(r"character( varying)?\(\d+\)")
_TIMESTAMP = re.compile(r"timestamp(?:\((?P<precision>\d)\))? without time zone")
_MOST_PRECISE = 6
_OTHER_FITS: Mapping[tuple[str, str], Fit] = {
    ("integer", "bigint"): "wider",
    ("integer", "smallint"): "narrower",
}


def fit_of(
    expected: str,
    found: str,
    expected_enums: Mapping[str, tuple[str, ...]],
    found_enums: Mapping[str, tuple[str, ...]],
) -> Fit:
    """Compare the types of a column.

    Args:
        expected: The type of the models, as PostgreSQL prints it.
        found: The type that was found.
        expected_enums: The labels of the enum types of the models.
        found_enums: The labels of the enum types that were found.

    Returns:
        `"same"` or `"wider"` if all values fit and read the same; `"narrower"` if not all values
        that the library writes fit; `"other"` if statements fail or return something else.
    """
    if expected == found:
        return "same"
    if expected in expected_enums:
        labels = found_enums.get(found)
        keeps_all = found in _TEXTS if labels is None else {*expected_enums[expected]} <= {*labels}
        return "wider" if keeps_all else "other"
    if expected == "text":
        return "same" if found in _TEXTS else "narrower" if _SHORT_TEXT.match(found) else "other"
    wanted, there = _precision(expected), _precision(found)
    if wanted is not None and there is not None:
        return "narrower" if there < wanted else "wider"
    return _OTHER_FITS.get((expected, found), "other")


def _precision(kind: str) -> int | None:
    """Return the number of decimals of the seconds of a timestamp, `None` for another type."""
    match = _TIMESTAMP.fullmatch(kind)
    return int(match["precision"] or _MOST_PRECISE) if match else None
