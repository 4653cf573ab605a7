"""The encoding of the output, which may lack characters: ASCII, or a code page of Windows."""

import codecs
import io
import sys

from triosigno_db.errors import TrioSignoDBError

_ESCAPED = "triosigno_db.escaped"
_UNIT = 2
"""The bytes of a code unit of UTF-16."""


def escape_unencodable() -> None:
    """Let the process write an escape sequence for each character that its output lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPED)


def encodable(text: str) -> str:
    """Replace the characters that the output lacks by escape sequences.

    Args:
        text: The text.

    Returns:
        The text that is shown for it.
    """
    return text.encode(_encoding(), _ESCAPED).decode(_encoding())


def shows(text: str) -> bool:
    """Return whether the output has all characters of a text.

    Args:
        text: The text.

    Returns:
        `False` if one of them would be replaced.
    """
    return encodable(text) == text


def print_json(text: str) -> None:
    """Print JSON, in ASCII alone where the output is not UTF-8: it has to be Unicode.

    Args:
        text: The JSON.
    """
    is_unicode = codecs.lookup(_encoding()).name == "utf-8"
    print(text if is_unicode else text.encode("ascii", _ESCAPED).decode("ascii"))


def check_script(text: str) -> None:
    """Refuse to print a script that would be another one with escape sequences.

    Args:
        text: The script.

    Raises:
        TrioSignoDBError: The output lacks a character of it.
    """
    if not shows(text):
        raise TrioSignoDBError(
            f"The output's encoding, {_encoding()}, lacks characters of this script: set the "
            "environment variable PYTHONIOENCODING to utf-8."
        )


def _encoding() -> str:
    # A stream in memory has no encoding, and a program without a console no stream.
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    # The escape sequences of JSON: one for each code unit.
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[place : place + _UNIT] for place in range(0, len(units), _UNIT))
    return "".join(f"\\u{pair.hex()}" for pair in pairs), error.end


codecs.register_error(_ESCAPED, _escape)
