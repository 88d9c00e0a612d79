"""A password as PostgreSQL keeps it, made on our side, so that its clear text reaches no server and no server's log.

RFC 5803, and src/common/scram-common.c: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, in base64.
"""

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 4096  # PostgreSQL's own scram_iterations
SALT_BYTES = 16


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """The verifier. ValueError unless the password is printable ASCII, which SASLprep leaves as it is."""
    if not password or not (password.isascii() and password.isprintable()):
        raise ValueError("only printable ASCII is understood in a password")
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
