"""Content transfer encodings (RFC 2045 section 6), decoded block by block.

Rule 1: a decoder never raises for its input; what is wrong with it is named in `defects`.
Rule 2: the result does not depend on where the blocks are cut.
Rule 3: nothing of a document is lost: padding in the middle, junk and a missing end are read over, and named.
"""

import binascii
import re
from typing import Final, Protocol

import pybase64

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_JUNK: Final = bytes(set(range(256)) - set(_ALPHABET) - set(b"="))
_WHITE: Final = b" \t\r\n\v\f"
_QUANTUM: Final = 4
_LONGEST_LINE: Final = 64 * 1024
_SOFT_BREAK: Final = re.compile(rb"=[ \t]+(\r?\n)")


class Decoder(Protocol):
    """Takes the encoded bytes of one part and gives the decoded ones."""

    defects: set[str]

    def feed(self, block: bytes) -> bytes:
        """What can be decoded so far."""

    def finish(self) -> bytes:
        """The rest."""


class Identity:
    """7bit, 8bit and binary: the bytes as they are."""

    def __init__(self) -> None:
        self.defects: set[str] = set()

    def feed(self, block: bytes) -> bytes:
        return block

    def finish(self) -> bytes:
        return b""


class Base64:
    """Base64; runs that are padded one by one are joined (CPython would stop at the first padding)."""

    def __init__(self) -> None:
        self.defects: set[str] = set()
        self._pending = b""
        self._padded = False

    def feed(self, block: bytes) -> bytes:
        packed = block.translate(None, _WHITE)
        decoded = self._in_one_go(packed)
        return self._with_care(packed) if decoded is None else decoded

    def _in_one_go(self, packed: bytes) -> bytes | None:
        """Nearly all blocks hold nothing but the alphabet, and there is a much faster decoder for that."""
        data = self._pending + packed
        cut = len(data) - len(data) % _QUANTUM
        rest = data[cut:]
        if self._padded or b"=" in data or rest != rest.translate(None, _JUNK):
            return None
        try:
            decoded = pybase64.b64decode(data[:cut], validate=True)
        except binascii.Error:
            return None
        self._pending = rest
        return decoded

    def _with_care(self, packed: bytes) -> bytes:
        kept = packed.translate(None, _JUNK)
        if len(kept) != len(packed):
            self.defects.add("base64_junk")
        first, *rest = kept.split(b"=")
        decoded = [self._run(first)]
        for run in rest:
            decoded += (self._pad(), self._run(run))
        return b"".join(decoded)

    def finish(self) -> bytes:
        return self._pad()

    def _run(self, run: bytes) -> bytes:
        if run and self._padded:
            self.defects.add("base64_joined")
        data = self._pending + run
        cut = len(data) - len(data) % _QUANTUM
        self._pending = data[cut:]
        return binascii.a2b_base64(data[:cut])

    def _pad(self) -> bytes:
        rest, self._pending, self._padded = self._pending, b"", True
        if len(rest) == 1:
            self.defects.add("base64_cut")
            return b""
        return binascii.a2b_base64(rest + b"=" * (-len(rest) % _QUANTUM))


class QuotedPrintable:
    """Quoted-printable, cut at line ends; a line without end is cut where no escape can stand."""

    def __init__(self) -> None:
        self.defects: set[str] = set()
        self._pending = b""

    def feed(self, block: bytes) -> bytes:
        data = self._pending + block
        cut = data.rfind(b"\n") + 1
        if not cut and len(data) > _LONGEST_LINE:
            cut = self._safe_cut(data)
        self._pending = data[cut:]
        return self._decode(data[:cut])

    def finish(self) -> bytes:
        rest, self._pending = self._pending, b""
        return self._decode(rest)

    @staticmethod
    def _safe_cut(data: bytes) -> int:
        end = len(data.rstrip(b" \t\r"))
        escape = data.rfind(b"=", max(0, end - 2), end)
        return end if escape < 0 else escape

    @staticmethod
    def _decode(data: bytes) -> bytes:
        return binascii.a2b_qp(_SOFT_BREAK.sub(rb"=\1", data))


class Uuencode:
    """uuencode, as old clients name it in Content-Transfer-Encoding; lines outside begin and end do not count."""

    def __init__(self) -> None:
        self.defects: set[str] = set()
        self._pending = b""
        self._inside = False

    def feed(self, block: bytes) -> bytes:
        *lines, self._pending = (self._pending + block).split(b"\n")
        self._pending = self._pending[-_LONGEST_LINE:]
        return b"".join(map(self._line, lines))

    def finish(self) -> bytes:
        return self._line(self._pending)

    def _line(self, line: bytes) -> bytes:
        line = line.rstrip(b"\r")
        if not self._inside:
            self._inside = line.startswith(b"begin ")
            return b""
        if line == b"end":
            self._inside = False
            return b""
        try:
            return binascii.a2b_uu(line) if line else b""
        except binascii.Error:
            self.defects.add("uuencode_broken")
            return b""


class Unknown(Identity):
    """An encoding nobody knows: the bytes as they are, and a flag."""

    def __init__(self) -> None:
        super().__init__()
        self.defects.add("unknown_encoding")


_DECODERS: Final[dict[str, type[Identity | Base64 | QuotedPrintable | Uuencode]]] = {
    "": Identity,
    "7bit": Identity,
    "8bit": Identity,
    "binary": Identity,
    "base64": Base64,
    "quoted-printable": QuotedPrintable,
    "uuencode": Uuencode,
    "x-uuencode": Uuencode,
    "x-uue": Uuencode,
    "uue": Uuencode,
}


def decoder(encoding: str) -> Decoder:
    """A fresh decoder for a Content-Transfer-Encoding."""
    return _DECODERS.get(encoding, Unknown)()


def decode_all(decoder_: Decoder, data: bytes) -> bytes:
    """Short data in one go."""
    return decoder_.feed(data) + decoder_.finish()
