"""DKIM signatures for tests, by a signer of our own that can also sign badly."""

import base64
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support import zone


@dataclass(frozen=True)
class Signer:
    """Who signs for a domain, in the relaxed form."""

    domain: str = "example.org"
    selector: str = "test"
    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))

    def published(self, tags: str = "v=DKIM1; k=rsa") -> dict[str, dict[str, list[str]]]:
        """The zone that holds the key."""
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        record = f"{tags}; p={base64.b64encode(public).decode()}"
        return {f"{self.selector}._domainkey.{self.domain}": {"TXT": [zone.quoted(record)]}}

    def sign(self, message: bytes, more: str = "", names: str = "from:subject:to") -> bytes:
        """The message with a signature on top; `more`: further tags, such as `x=1; `."""
        head, _, body = message.partition(b"\r\n\r\n")
        hashed = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        start = (
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={self.domain}; s={self.selector}; {more}"
            f"h={names}; bh={hashed}; b="
        ).encode()
        left = re.split(rb"\r\n(?![ \t])", head)
        signed = b""
        for name in names.encode().split(b":"):
            found = [f for f in left if f.lower().startswith(name + b":")]
            if found:
                left.remove(found[-1])
                signed += _relaxed_field(found[-1]) + b"\r\n"
        signature = self.key.sign(signed + _relaxed_field(start), PKCS1v15(), SHA256())
        return start + base64.b64encode(signature) + b"\r\n" + message


def _relaxed_field(text: bytes) -> bytes:
    name, _, value = text.partition(b":")
    return name.strip().lower() + b":" + b" ".join(value.split())


def _relaxed_body(body: bytes) -> bytes:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
