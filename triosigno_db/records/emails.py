"""E-mail addresses: the canonical form, in which an address is stored, looked up and compared."""

from pydantic import validate_email

_SIGMAS = str.maketrans("\u03c2\u03c3", "\u03a3\u03a3")


def canonical_email(text: str) -> str:
    """Return the canonical form of an e-mail address.

    The local part is in lower case and in normal form C. The domain is what it is in Unicode,
    without punycode, as UTS 46 defines it. The same address in any case and any normal form has the
    same canonical form, which is its own.

    Args:
        text: The address, alone or as in `Name <address>`.

    Returns:
        The canonical form.

    Raises:
        ValueError: The text is not an address.
    """
    # The `EmailStr` of pydantic does the same, but reads the version of its validator from disk
    # while the library is imported.
    address = validate_email(text)[1]
    if address.isascii():
        return address.lower()
    local, _, domain = address.rpartition("@")
    # Lower case of a capital sigma depends on its place in a word, that of the others does not.
    lower = local.translate(_SIGMAS).lower()
    # In lower case a letter may take more characters, so the length is checked again.
    return validate_email(f"{lower}@{domain}")[1]


def ascii_email(canonical: str) -> str:
    """Return an e-mail address with its domain in ASCII (punycode).

    Args:
        canonical: The address in canonical form.

    Returns:
        The address; the same if its domain is in ASCII.
    """
    local, _, domain = canonical.rpartition("@")
    if domain.isascii():
        return canonical
    # Imported with the first such address: it takes as long as half of the library.
    from email_validator import validate_email as split_email  # noqa: PLC0415

    return f"{local}@{split_email(canonical, check_deliverability=False).ascii_domain}"
