"""Header blocks of RFC 5322 and 2045 as fields, parameters, words and addresses.

Rule 1: nothing here raises for what a sender wrote, and every step is linear in a bounded input. The standard
library's header values are quadratic or throw on real mail (CPython issue 136063), so they are not used.
Rule 2: what two programs could read in two ways is named in `Headers.defects`, never silently chosen.
"""

import binascii
import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from mail import transfer

MAX_FIELDS: Final = 200
MAX_FIELD_BYTES: Final = 32 * 1024
MAX_WORDS: Final = 50
MAX_PARAMETERS: Final = 100
MAX_MAILBOXES: Final = 100

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_SEGMENT = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_ADDRESS_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.|[()<>,:;]|[^"\\()<>,:;]+|.', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_CHARSET_NAMES: Final = {"gb2312": "gb18030", "gbk": "gb18030", "utf8mb4": "utf-8", "ks_c_5601-1987": "cp949"}


@dataclass(frozen=True)
class Headers:
    """One header block: fields in order, names in lower case, values unfolded; and what was wrong with it."""

    fields: tuple[tuple[str, bytes], ...] = ()
    defects: frozenset[str] = frozenset()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, as text with its encoded words still in it."""
        return tuple(as_text(value) for key, value in self.fields if key == name)

    def first(self, name: str) -> str:
        """The first value of a field, or nothing."""
        return next(iter(self.all(name)), "")

    def shown(self, name: str) -> str:
        """The first value of a field as a person reads it: words decoded, control characters gone."""
        return printable(words(self.first(name)))


@dataclass(frozen=True)
class Value:
    """A value with parameters (RFC 2045 section 5.1), e.g. of Content-Type; `doubled` names what came twice."""

    main: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    doubled: frozenset[str] = frozenset()


def parse(window: bytes, *, whole: bool, first: bool = False) -> tuple[Headers, int] | None:
    """The header block `window` begins with, and where its body begins; None: it does not end in `window`.

    `whole`: nothing comes after `window`. `first`: the block opens a message, so that a byte order mark or an
    mbox line may stand before it.
    """
    block = _Block()
    at = _before_the_first_field(window) if first else 0
    while True:
        match = _LINE.match(window, at)
        if match is None:
            raise AssertionError("the pattern matches nothing at all, too")
        line, end = match[1], match[2]
        if not whole and (not end or (end == b"\r" and match.end() == len(window))):
            return None
        if not line or not block.take(line):
            # A line that is no header field is the first one of the body; a delimiter ends the whole part.
            if line and not line.startswith(b"--"):
                block.defects.add("no_blank_line")
            return block.headers(), at if line else match.end()
        if end == b"\r":
            block.defects.add("bare_cr")
        at = match.end()


class _Block:
    """The fields of a header block, while its lines come in."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.values: list[bytearray] = []
        self.defects: set[str] = set()
        self.skipping = False

    def take(self, line: bytes) -> bool:
        """Whether the line belongs to the block."""
        if line[:1] in {b" ", b"\t"}:
            return self._fold(line)
        match = None if line.startswith(b"--") else _FIELD.fullmatch(line)
        if match is None:
            return False
        self.skipping = len(self.names) >= MAX_FIELDS
        if self.skipping:
            self.defects.add("too_many_headers")
        else:
            self.names.append(match[1].decode("ascii").lower())
            self.values.append(bytearray())
            self._append(match[2].lstrip())
        return True

    def _fold(self, line: bytes) -> bool:
        if not self.names:
            return not line.strip()
        if not self.skipping:
            self._append(line)
        return True

    def _append(self, piece: bytes) -> None:
        room = MAX_FIELD_BYTES - len(self.values[-1])
        if len(piece) > room:
            self.defects.add("header_too_long")
        self.values[-1] += piece[:room]

    def headers(self) -> Headers:
        fields = tuple((name, bytes(value)) for name, value in zip(self.names, self.values, strict=True))
        return Headers(fields, frozenset(self.defects))


def _before_the_first_field(window: bytes) -> int:
    at = len(codecs.BOM_UTF8) if window.startswith(codecs.BOM_UTF8) else 0
    mbox_line = re.compile(rb">?From [^\r\n]*(?:\r\n|\n)").match(window, at)
    return mbox_line.end() if mbox_line else at


# ---- text ----------------------------------------------------------------------------------------


def as_text(raw: bytes) -> str:
    """Raw header bytes as text: UTF-8, else Western European; never surrogates."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def printable(text: str) -> str:
    """One line without control characters, line separators or lone surrogates."""
    safe = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(_CONTROL.sub(" ", safe).split())


def decode(raw: bytes, charset: str) -> str:
    """Bytes as text in the charset the sender names, or in the likeliest when there is no such charset."""
    for name in (charset, "utf-8"):
        codec = _codec(name)
        if codec:
            try:
                return raw.decode(codec)
            except (UnicodeError, ValueError):
                continue
    return raw.decode(_codec(charset) or "cp1252", "replace")


def _codec(charset: str) -> str:
    """The Python codec for a charset, or nothing; codecs that are no charsets (rot13, idna) do not count."""
    name = charset.strip().strip("\"'").lower()
    name = _CHARSET_NAMES.get(name, name)
    for spelling in (name, name.replace("-", "")):
        try:
            found = codecs.lookup(spelling).name
            bytes(4).decode(found)
        except (LookupError, ValueError):
            continue
        if found.replace("-", "_") not in _NO_CHARSETS:
            return found
    return ""


def words(text: str) -> str:
    """Text with its encoded words decoded (RFC 2047), bytes of neighbours joined before decoding.

    Clients cut letters in two and put encoded words inside quotes; both are read. Beyond `MAX_WORDS` words
    the text stays as it is.
    """
    found = list(_WORD.finditer(text))
    if not found or len(found) > MAX_WORDS:
        return text
    pieces: list[str] = []
    pending, charset, at = b"", "", 0
    for match in found:
        between = text[at : match.start()]
        if pending and (between.strip() or charset != match[1].lower()):
            pieces.append(decode(pending, charset))
            pending = b""
        if between.strip() or not at:
            pieces.append(between)
        charset = match[1].lower()
        pending += _word_bytes(match[2], match[3])
        at = match.end()
    return "".join((*pieces, decode(pending, charset), text[at:]))


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    return transfer.decode_all(transfer.Base64(), raw)


# ---- parameters ----------------------------------------------------------------------------------


def value(raw: str) -> Value:
    """A value and its parameters, RFC 2231 continuations joined and charsets decoded.

    Of a parameter given twice the first counts; `filename*` wins over `filename`, and the loser is kept
    under the key `filename (2)` for the record.
    """
    main, _, _ = raw.partition(";")
    plain: dict[str, str] = {}
    doubled: set[str] = set()
    segments: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(raw)):
        if count >= MAX_PARAMETERS:
            doubled.add("(too many)")
            break
        key, content = match[1].lower(), _unquote(match[2])
        parts = _SEGMENT.fullmatch(key)
        if parts and (parts[2] is not None or parts[3]):
            segments.setdefault(parts[1], []).append((int(parts[2] or 0), bool(parts[3]), content))
        elif key in plain:
            doubled.add(key)
            plain.setdefault(f"{key} (2)", printable(words(content)))
        else:
            plain[key] = words(content)
    for key, pieces in segments.items():
        if key in plain:
            plain[f"{key} (2)"] = plain[key]
        plain[key] = _joined(pieces)
    return Value(_comment_free(main).strip().lower(), plain, frozenset(doubled))


def token(raw: str) -> str:
    """A value that is one word, like Content-Transfer-Encoding, without comments and stray semicolons."""
    return _comment_free(raw).partition(";")[0].strip().lower()


def _comment_free(text: str) -> str:
    return re.sub(r"\([^()]*\)", "", text)


def _unquote(text: str) -> str:
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:].removesuffix('"'), flags=re.DOTALL)
    return text.strip()


def _joined(pieces: Iterable[tuple[int, bool, str]]) -> str:
    """Segments of RFC 2231 section 3 in their order; a gap is bridged, so that no part of a name is lost."""
    charset, raw = "", b""
    for place, (_, encoded, content) in enumerate(sorted(pieces, key=lambda piece: piece[0])):
        text = content
        if encoded and place == 0 and content.count("'") >= 2:  # noqa: PLR2004 -- charset'language'text
            charset, _, text = content.split("'", 2)
        raw += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode(raw, charset or "utf-8")


# ---- addresses -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mailbox:
    """One address as a header names it: the name to show, and the address in lower case."""

    name: str
    address: str


def mailboxes(values: Sequence[str]) -> tuple[Mailbox, ...]:
    """The mailboxes of address fields (RFC 5322 section 3.4), at most `MAX_MAILBOXES`; groups are opened."""
    found: list[Mailbox] = []
    for text in values:
        reader = _Mailboxes()
        for match in _ADDRESS_TOKEN.finditer(text):
            reader.take(match[0])
            if len(reader.found) + len(found) >= MAX_MAILBOXES:
                break
        reader.end()
        found += reader.found
    return tuple(found[:MAX_MAILBOXES])


class _Mailboxes:
    """Reads tokens; a counter for comments instead of recursion, so that no depth hurts."""

    def __init__(self) -> None:
        self.found: list[Mailbox] = []
        self.comments = 0
        self.plain: list[str] = []
        self.angle: list[str] | None = None
        self.in_angle = False

    def take(self, word: str) -> None:
        if word in "()":
            self.comments = max(0, self.comments + (1 if word == "(" else -1))
        elif self.comments:
            return
        elif word == "<":
            self.angle, self.in_angle = [], True
        elif word == ">":
            self.in_angle = False
        elif word in {",", ";"} and not self.in_angle:
            self.end()
        elif word == ":" and not self.in_angle:
            self.plain = []
        elif self.in_angle and self.angle is not None:
            self.angle.append(word)
        else:
            self.plain.append(word)

    def end(self) -> None:
        """One mailbox is complete."""
        name = "" if self.angle is None else "".join(self.plain)
        address = "".join(self.plain if self.angle is None else self.angle).strip()
        if "@" in address:
            shown = printable(words(re.sub(r'\\(.)|"', r"\1", name)))
            self.found.append(Mailbox(shown, printable(address).lower()))
        self.plain, self.angle, self.in_angle = [], None, False
