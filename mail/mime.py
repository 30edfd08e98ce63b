"""A streaming MIME splitter: where each part of a message stands, found in blocks and in bounded memory.

Rule 1: never raises for what the bytes contain, but TooComplex over a limit; no recursion, whatever the depth.
Rule 2: two parsers must not see different parts: what could be read in two ways is a defect of the message.
Rule 3: where the blocks are cut changes nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from mail import headers, transfer

BLOCK: Final = 256 * 1024
_LONGEST_DELIMITER: Final = 4096
_LONGEST_BOUNDARY: Final = 1000
_FIRST_WINDOW: Final = 8192
_SINGLE: Final = ("content-type", "content-transfer-encoding", "content-disposition")

_TYPE: Final = re.compile(r"[!-.0-~]+/[!-.0-~]+")

# What looks like a part where no part may stand: another parser could take it for one.
_HIDDEN_PART: Final = re.compile(rb"(?i)[\r\n]content-(?:type|disposition|transfer-encoding)[ \t]*:")


class TooComplex(Exception):
    """A limit on structure was reached; the message names it."""


@dataclass(frozen=True)
class Limits:
    """How much structure a message may have."""

    depth: int = 20
    parts: int = 500
    header_bytes: int = 256 * 1024


@dataclass(frozen=True)
class Entity:
    """One leaf of the tree: its headers, its place in the file, and the multiparts it stands in, outermost first.

    `unsplit`: a multipart in which no part was found; its bytes are kept whole, so that nothing vanishes.
    """

    head: headers.Headers
    content_type: headers.Value
    disposition: headers.Value
    encoding: str
    start: int
    end: int
    inside: tuple[str, ...] = ()
    unsplit: bool = False

    @property
    def media_type(self) -> str:
        """The declared type; text/plain where none is given (RFC 2045 section 5.2)."""
        main = self.content_type.main
        if _TYPE.fullmatch(main):
            return main
        in_digest = self.inside and self.inside[-1] == "multipart/digest"
        return "message/rfc822" if in_digest and not main else "text/plain"


@dataclass(frozen=True)
class Signed:
    """Where a multipart/signed stands, to the octet: what a signature is about (RFC 1847)."""

    content_type: headers.Value
    head: headers.Headers
    start: int
    end: int


@dataclass
class _Open:
    """A multipart whose end has not come yet."""

    entity: Entity
    boundary: bytes
    parts: int = 0


class Splitter:
    """Splits one message. Read `entities` to the end; then `head`, `defects` and `signed` are complete."""

    def __init__(self, file: BinaryIO, limits: Limits, block: int = BLOCK) -> None:
        self.head = headers.Headers()
        self.defects: set[str] = set()
        self.signed: list[Signed] = []
        self._file = file
        self._limits = limits
        self._block = block
        self._open: list[_Open] = []
        self._count = 0

    def entities(self) -> Iterator[Entity]:
        """The leaves in the order of the message. Raises TooComplex over a limit."""
        current, at = self._begin(0, ())
        self.head = current.head
        leaf = self._enter(current)
        while self._open:
            found = self._delimiter(at)
            if found is None:
                break
            start, level, closing, after = found
            yield from self._leave(leaf, at, self._before_break(start, at))
            leaf = None
            yield from self._close_down_to(level + 1, start)
            if closing:
                self._open[level].entity = replace(self._open[level].entity, end=start)
                yield from self._closed(self._open.pop(), after)
                at = after
            else:
                self._open[level].parts += 1
                current, at = self._begin(after, tuple(o.entity.media_type for o in self._open))
                leaf = self._enter(current)
        end = self._file.seek(0, 2)
        yield from self._leave(leaf, at, end)
        yield from self._close_down_to(0, end)

    # ---- one entity ------------------------------------------------------------------------------

    def _begin(self, at: int, inside: tuple[str, ...]) -> tuple[Entity, int]:
        """The entity whose headers stand at `at`, and where its body begins."""
        self._count += 1
        if self._count > self._limits.parts:
            raise TooComplex(f"more than {self._limits.parts} parts")
        block, length = self._header_block(at)
        self.defects |= block.defects
        for name in _SINGLE:
            if len(set(block.all(name))) > 1:
                self.defects.add(f"two {name} headers")
        content_type = headers.value(block.first("content-type"))
        disposition = headers.value(block.first("content-disposition"))
        self._note_ambiguous(content_type)
        encoding = headers.token(block.first("content-transfer-encoding"))
        body = at + length
        return Entity(block, content_type, disposition, encoding, body, body, inside), body

    def _note_ambiguous(self, content_type: headers.Value) -> None:
        # Two names are harmless: the type follows the content. Two boundaries or charsets are not.
        for key in content_type.doubled - {"name"}:
            self.defects.add(f"two {key} parameters"[:60])
        if content_type.main.startswith("multipart") and not _TYPE.fullmatch(content_type.main):
            self.defects.add("multipart without a usable type")

    def _header_block(self, at: int) -> tuple[headers.Headers, int]:
        size = _FIRST_WINDOW
        while True:
            self._file.seek(at)
            window = self._file.read(size)
            parsed = headers.parse(window, whole=len(window) < size, first=at == 0)
            if parsed is not None:
                return parsed
            if size > self._limits.header_bytes:
                raise TooComplex(f"a header block of more than {self._limits.header_bytes} bytes")
            size *= 4

    def _enter(self, entity: Entity) -> Entity | None:
        """Open a multipart, or give back the leaf."""
        boundary = entity.content_type.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        if not entity.media_type.startswith("multipart/"):
            return entity
        if not boundary or len(boundary) > _LONGEST_BOUNDARY:
            self.defects.add("multipart without a usable boundary")
            return replace(entity, unsplit=True)
        if len(self._open) >= self._limits.depth:
            raise TooComplex(f"more than {self._limits.depth} multiparts in each other")
        self._open.append(_Open(entity, boundary))
        return None

    # ---- ends ------------------------------------------------------------------------------------

    def _leave(self, leaf: Entity | None, at: int, end: int) -> Iterator[Entity]:
        """What stood between `at` and `end`: a leaf, or text around the parts of a multipart."""
        if leaf is not None:
            yield replace(leaf, end=max(end, leaf.start))
        elif self._hides_a_part(at, end):
            self.defects.add("content outside the parts")

    def _close_down_to(self, level: int, end: int) -> Iterator[Entity]:
        """Multiparts that end without their closing delimiter: often a message that was cut off."""
        while len(self._open) > level:
            unclosed = self._open.pop()
            self.defects.add("multipart without its end")
            unclosed.entity = replace(unclosed.entity, end=end)
            yield from self._closed(unclosed, end)

    def _closed(self, closed: _Open, end: int) -> Iterator[Entity]:
        entity = closed.entity
        if entity.media_type == "multipart/signed":
            self.signed.append(Signed(entity.content_type, entity.head, entity.start, end))
        if not closed.parts:
            self.defects.add("multipart without parts")
            yield replace(closed.entity, unsplit=True)

    def _hides_a_part(self, at: int, end: int) -> bool:
        tail = b"\n"
        self._file.seek(at)
        while at < end and (block := self._file.read(min(self._block, end - at))):
            if _HIDDEN_PART.search(tail + block):
                return True
            tail = (tail + block)[-64:]
            at += len(block)
        return False

    # ---- delimiters ------------------------------------------------------------------------------

    def _delimiter(self, at: int) -> tuple[int, int, bool, int] | None:
        """The next delimiter line from `at`, a line's start: (its start, level, whether closing, the next line)."""
        boundaries = [o.boundary for o in self._open]
        alternatives = b"|".join(map(re.escape, reversed(boundaries)))
        pattern = re.compile(rb"--(" + alternatives + rb")(--)?[ \t]*(?=[\r\n])")
        for buffer, base in self._lines(at):
            for match in pattern.finditer(buffer):
                before = buffer[match.start() - 1 : match.start()]
                if before not in {b"\r", b"\n"}:
                    continue
                if before == b"\r":
                    self.defects.add("bare_cr")
                level = len(boundaries) - 1 - boundaries[::-1].index(match[1])
                start = base + match.start()
                return start, level, match[2] is not None, self._after_break(base + match.end())
        return None

    def _lines(self, at: int) -> Iterator[tuple[bytes, int]]:
        """Overlapping windows that each begin with a line break, so that every short line is whole in one."""
        buffer, base = b"\n", at - 1
        while True:
            self._file.seek(base + len(buffer))
            block = self._file.read(self._block)
            buffer += block or b"\n"
            yield buffer, base
            if not block:
                return
            keep = max(buffer.rfind(b"\n"), buffer.rfind(b"\r"), 0)
            if len(buffer) - keep > _LONGEST_DELIMITER:
                keep = len(buffer) - 1  # too long for a delimiter; only its end matters
            buffer, base = buffer[keep:], base + keep

    def _after_break(self, at: int) -> int:
        self._file.seek(at)
        following = self._file.read(2)
        if following == b"\r\n":
            return at + 2
        if following[:1] == b"\r":
            self.defects.add("bare_cr")
        return at + min(1, len(following))

    def _before_break(self, at: int, floor: int) -> int:
        """The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
        start = max(at - 2, floor)
        self._file.seek(start)
        before = self._file.read(at - start)
        return at - (2 if before == b"\r\n" else min(1, len(before)))


def blocks(file: BinaryIO, start: int, end: int, block: int = BLOCK) -> Iterator[bytes]:
    """The octets between two places, in blocks; reading elsewhere in between does no harm."""
    at = start
    while at < end:
        file.seek(at)
        data = file.read(min(block, end - at))
        if not data:
            break
        at += len(data)
        yield data


def decoded(file: BinaryIO, entity: Entity, decoder: transfer.Decoder, block: int = BLOCK) -> Iterator[bytes]:
    """The content of a leaf, decoded in blocks."""
    for data in blocks(file, entity.start, entity.end, block):
        yield decoder.feed(data)
    yield decoder.finish()
