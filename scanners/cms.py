"""Cryptographic messages (CMS, RFC 5652) as bytes: which kind they are, by their first octets."""

from typing import Final

_OID: Final = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_LOOKED_AT: Final = 64
_KINDS: Final = {2: "signed", 3: "enveloped"}
_AUTHENTICATED: Final = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"


def kind(head: bytes) -> str:
    """`signed`, `enveloped` (whatever cannot be read without a key), `other`, or nothing for no CMS at all."""
    head = head[:_LOOKED_AT]
    if not head.startswith(b"\x30"):
        return ""
    if _AUTHENTICATED in head:
        return "enveloped"
    _, found, rest = head.partition(_OID)
    return _KINDS.get(rest[0], "other") if found and rest else ""
