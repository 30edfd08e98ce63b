"""Marks of addresses: hide who an arrival came from or was for, and can be opened for one address at a time.

    address --RSA signature, of which there is one only--> SHA-256, shortened --> mark

Rule 1: without the private key nobody can try whether a mark is that of an address he thinks of (P7, P9).
Rule 2: with the signature for one address anybody can see which marks are its own, and that all others are not: a
        signature in this form (RFC 8017, section 8.2) is unique, so nobody can give a second one for another mark.
        This is the construction of RFC 9381 ("RSA-FDH-VRF") with the padding that every library has.
"""

import base64
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS: Final = 2048
MARK_BYTES: Final = 16


class BadMark(ValueError):
    """The key is no key of marks, or the signature is not that of this address."""


class Marker:
    """Makes marks with the register's own key. Raises BadMark for a PEM that holds another kind of key."""

    def __init__(self, pem: bytes) -> None:
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadMark(f"not a private key in PEM: {error}") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise BadMark(f"the key of the register is not an RSA key but {type(key).__name__}")
        self._key = key
        der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.public = base64.b64encode(der).decode()

    def open(self, context: str, address: str) -> str:
        """What shows anybody which marks of a context are those of this address: base64."""
        return base64.b64encode(
            self._key.sign(_message(context, address), padding.PKCS1v15(), hashes.SHA256())
        ).decode()

    def mark(self, context: str, address: str) -> str:
        """The mark of an address in a context."""
        return _mark(base64.b64decode(self.open(context, address)))


def opened(public: str, context: str, address: str, signature: str) -> str:
    """The mark of the address, by the signature that opens it. Raises BadMark when that is not its own."""
    try:
        key = serialization.load_der_public_key(base64.b64decode(public, validate=True))
        raw = base64.b64decode(signature, validate=True)
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < KEY_BITS:
            raise BadMark("the key of the register is not an RSA key of 2048 bits")
        key.verify(raw, _message(context, address), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise BadMark(f"the marks of {address} cannot be opened: {type(error).__name__}") from error
    return _mark(raw)


def generate() -> bytes:
    """A new key for marks (PEM). The caller sees to it that nobody else reads it."""
    return rsa.generate_private_key(65537, KEY_BITS).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _message(context: str, address: str) -> bytes:
    return f"herstelpost/register/v1\n{context}\n{address}".encode()


def _mark(signature: bytes) -> str:
    return hashlib.sha256(signature).hexdigest()[: 2 * MARK_BYTES]
