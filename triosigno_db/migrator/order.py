"""The order in which Prisma Migrate applies the folders of a history.

Prisma 7 sorts them with JavaScript's `localeCompare`: letters first without regard to case, and
punctuation before digits. https://unicode.org/reports/tr35/tr35-collation.html
"""

import unicodedata

# The order of ICU's root collation; digits and letters follow.
_PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_RANKS = {character: rank for rank, character in enumerate(f" {_PUNCTUATION}0123456789")}
_FIRST_LETTER = len(_RANKS)

SortKey = tuple[tuple[int, ...], tuple[int, ...], tuple[bool, ...]]


def prisma_order(name: str) -> SortKey:
    """Return the key by which Prisma sorts a folder.

    Args:
        name: The folder's name.

    Returns:
        A key for `sorted`: the letters, then their accents, then their case.
    """
    decomposed = unicodedata.normalize("NFD", name)
    bases = [each for each in decomposed if not unicodedata.combining(each)]
    return (
        tuple(_rank(each) for each in bases),
        tuple(map(ord, filter(unicodedata.combining, decomposed))),
        tuple(each.isupper() for each in bases),
    )


def _rank(character: str) -> int:
    rank = _RANKS.get(character)
    return _FIRST_LETTER + ord(character.lower()[0]) if rank is None else rank
