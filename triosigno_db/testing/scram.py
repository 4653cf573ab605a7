"""The stored form of a password for SCRAM-SHA-256, as PostgreSQL keeps it in `pg_authid`.

https://www.postgresql.org/docs/current/catalog-pg-authid.html
https://www.rfc-editor.org/rfc/rfc5802#section-3
"""

import hashlib
import hmac
import secrets
from base64 import b64encode

_SALT_BYTES = 16


def scram_verifier(password: str, iterations: int) -> str:
    """Compute the verifier that a server stores instead of a password.

    Args:
        password: The password, in ASCII.
        iterations: How often the password is hashed, at least 1. PostgreSQL's own 4,096 make it
            expensive to guess a password, for client and server at each connection; a random
            password of 128 bits needs only one.

    Returns:
        The verifier, which PostgreSQL accepts wherever it accepts a new password.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    stored_key = hashlib.sha256(_sign(salted, b"Client Key")).digest()
    server_key = _sign(salted, b"Server Key")
    encoded = (b64encode(each).decode() for each in (salt, stored_key, server_key))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *encoded)


def _sign(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
