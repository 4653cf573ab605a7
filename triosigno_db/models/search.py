"""Search: the SQL function that folds text, and the texts that queries and indexes fold with it.

The function uses built-in functions of PostgreSQL only, and gives the same words in any locale. The
indexes need the extension `pg_trgm`, which PostgreSQL includes:
https://www.postgresql.org/docs/current/pgtrgm.html
"""

from triosigno_db.models.keys import KEYS_SCHEMA

FOLD_NAME = "fold_text"
FOLD_SIGNATURE = f"{KEYS_SCHEMA}.{FOLD_NAME}(text)"
"""The SQL function that folds text, in the schema that the library has for itself."""

FOLD_FUNCTION = rf"""
CREATE FUNCTION {FOLD_SIGNATURE} RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 150 AS $function$
BEGIN
RETURN pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
    pg_catalog.replace(pg_catalog.replace(pg_catalog.translate(
    pg_catalog.lower(pg_catalog.lower(pg_catalog.regexp_replace(
    -- Letters and accents one by one, ligatures and wide forms as plain letters.
    pg_catalog.normalize($1, 'NFKD'),
    '['
    -- Remove accents and other combining marks, variation selectors,
    '\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F'
    '\u180B-\u180D\u180F\uFE00-\uFE0F\U000E0100-\U000E01EF'
    -- and format characters (category Cf), such as the soft hyphen.
    '\u00AD\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u180E'
    '\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB'
    '\U000110BD\U000110CD\U00013430-\U0001343F\U0001BCA0-\U0001BCA3'
    '\U0001D173-\U0001D17A\U000E0001\U000E0020-\U000E007F'
    ']+', '', 'g')
    -- Lower case, first that of ASCII: in Turkish, the lower case of I is another letter.
    COLLATE pg_catalog."C") COLLATE pg_catalog."default"),
    -- One form of sigma, and two letters for OE and AE, which LOCALE C does not lower.
    E'\u03C2\u0152\u00C6', E'\u03C3\u0153\u00E6'), E'\u0153', 'oe'), E'\u00E6', 'ae'),
    '['
    -- A space for control characters and white space,
    '\u0001-\u001F\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000'
    -- punctuation (that of ASCII and of Latin 1, the block of general punctuation),
    '!-/:-@[-`{{-~\u00A1\u00AB\u00B7\u00BB\u00BF\u2010-\u2027\u2030-\u205E'
    -- other hyphens and dashes (category Pd), and the minus sign.
    '\u058A\u05BE\u1400\u1806\u2212\u2E17\u2E1A\u2E3A\u2E3B\u2E40\u2E5D'
    '\u301C\u3030\u30A0\u30FB\U00010D6E\U00010EAD'
    ']+', ' ', 'g'),
    -- Single spaces, of which most texts have no others, are not replaced: that takes the longest.
    '  +', ' ', 'g'));
END
$function$
"""
"""The statement that creates the function: words in lower case, separated by single spaces.

The text is decomposed (Unicode's form NFKD), so that letters come without accents and ligatures in
parts. Folding one text takes as long as some 150 comparisons of numbers, and the planner must know
it: the server would inline a function in SQL, count its twelve calls as twelve comparisons, and
read a table of a few hundred signs whole, though the index is four times as fast there.
"""

_SIGN_NAME = '"name"'
_SIGN = """"name" || ' ' || "description\""""
_USER = (
    """"email" || ' ' || "username" || ' ' || coalesce("firstName", '')"""
    """ || ' ' || coalesce("lastName", '')"""
)


def fold(text: str) -> str:
    """Build the SQL expression that folds a text.

    Args:
        text: An SQL expression of type text.

    Returns:
        An immutable expression: words in lower case, without accents and format characters, and
        with a single space for all white space and punctuation between them.
    """
    return f"{KEYS_SCHEMA}.{FOLD_NAME}({text})"


SIGN_NAME = f"(' ' || {fold(_SIGN_NAME)})"
"""The folded name of a sign, after a space."""

SIGN_TEXT = f"(' ' || {fold(_SIGN)})"
"""The folded text of a sign to search, after a space: its name and its description."""

USER_TEXT = f"(' ' || {fold(_USER)})"
"""The folded text of an account to search, after a space: its e-mail address and its names."""

SEARCH_INDEXES = {
    "Sign_search_idx": ("Sign", SIGN_TEXT),
    "User_search_idx": ("User", USER_TEXT),
}
"""The indexes of a server with `pg_trgm`: the table and the indexed expression of each."""
