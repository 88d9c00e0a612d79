"""Ed25519 keys as files that openssl reads too, in PEM: a private key as PKCS #8, a public key as SubjectPublicKeyInfo.

Signatures are over ASCII texts, and written in base64 (RFC 8032, RFC 8410).
"""

import base64
import binascii
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

FILE_MODE = 0o600


class KeyUnusable(Exception):
    """A key file cannot be used. The message says what is wrong, and what would be right."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`id` is the SHA-256 of the key in DER, in hexadecimal: `openssl pkey -pubin -outform DER | sha256sum`."""

    id: str
    pem: str
    _key: Ed25519PublicKey = field(repr=False, compare=False)

    def verifies(self, text: str, signature: str) -> bool:
        """Whether the signature is this key's, over exactly that text."""
        try:
            # Only the one spelling counts: base64 has spare bits in its last character.
            raw = base64.b64decode(signature.encode("ascii"), validate=True)
            if base64.b64encode(raw).decode("ascii") != signature:
                return False
            self._key.verify(raw, text.encode("ascii"))
        except (InvalidSignature, UnicodeEncodeError, binascii.Error, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key. Its repr tells nothing."""

    public: PublicKey
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, text: str) -> str:
        return base64.b64encode(self._key.sign(text.encode("ascii"))).decode("ascii")


def new_key_file(path: Path) -> PublicKey:
    """Writes a new private key, for its owner's eyes only. Raises OSError, FileExistsError where the file is there."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(descriptor)
    return _public(key.public_key())


def read_signing_key(path: Path) -> SigningKey:
    """Raises KeyUnusable."""
    mend = "make one with `understudy audit key new FILE`"
    try:
        mode = path.stat().st_mode
        pem = path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}; {mend}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyUnusable(f"{path} can be read by others than its owner; chmod 600 {path}")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusable(f"{path} holds no private key without a pass phrase; {mend}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} holds a key of another kind than Ed25519; {mend}")
    return SigningKey(_public(key.public_key()), key)


def read_public_key(path: Path) -> PublicKey:
    """Raises KeyUnusable."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnusable(f"{path} holds no public key; `understudy audit key show FILE` prints it") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable(f"{path} holds a key of another kind than Ed25519")
    return _public(key)


def _public(key: Ed25519PublicKey) -> PublicKey:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    return PublicKey(hashlib.sha256(der).hexdigest(), pem, key)
