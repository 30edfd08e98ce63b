"""The data of one message on its way from the socket to the spool: strict, and flat in memory.

Rule 1: only <CRLF>.<CRLF> ends the data (RFC 5321 section 4.1.1.4). Anything that somebody else could take
for a line end gets the message refused; it never makes a second message (SMTP smuggling, CVE-2023-51764).
Rule 2: a message that will be refused is still read to its end, so that the dialogue stays in step and the
sender hears why; nothing of it is written any more.
Rule 3: somebody on a slow line gets the time it takes; somebody who sends next to nothing does not.
"""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from mail.smtp_turns import Turns

BLOCK_BYTES: Final = 1 << 18
FIRST_BYTES: Final = 1 << 14
_END: Final = b"\r\n.\r\n"


class Fault(Enum):
    """Why a message cannot be taken; the value is the name of the reply in `mail.codes`."""

    TOO_LARGE = "too_large"
    BARE_NEWLINE = "bare_newline"
    NUL = "nul"
    LINE_TOO_LONG = "body_line_too_long"
    NOT_WRITTEN = "try_later"


class Body:
    """A stream of blocks: finds the end, undoes dot-stuffing, judges what passes, and writes it out.

    `size` is what the message measures so far after unstuffing; `octets` what came in all. `fault` is the
    first thing found wrong. `error` is what `write` raised. The caller puts bytes into `room()` and tells
    `took()` how many. One block is all the memory there is: of `FIRST_BYTES`, and for a message that fills it of
    `block_bytes()`, at most `BLOCK_BYTES`.
    """

    def __init__(
        self,
        write: Callable[[memoryview | bytes], None],
        *,
        max_bytes: int,
        max_line_bytes: int,
        block_bytes: Callable[[], int] = lambda: BLOCK_BYTES,
    ) -> None:
        self.size = 0
        self.octets = 0
        self.fault: Fault | None = None
        self.error: Exception | None = None
        self._write = write
        self._max_bytes = max_bytes
        self._max_line_bytes = max_line_bytes
        self._block_bytes = block_bytes
        self._line = 0
        self._buffer = bytearray(FIRST_BYTES)
        self._view = memoryview(self._buffer)
        # As if a line had just ended, so that a first line of one dot ends an empty message.
        self._buffer[:2] = b"\r\n"
        self._have = self._skip = 2

    def room(self) -> memoryview:
        """Where the next bytes go."""
        return self._view[self._have :]

    def took(self, count: int) -> bytes | None:
        """None while the message goes on; at its end, the bytes that came after it."""
        self.octets += count
        have = self._have + count
        # Most blocks are base64 and hold no dot at all: looking for one byte is ten times as fast.
        stuffed = -1
        if (dot := self._buffer.find(b".", 0, have)) >= 0:
            stuffed = self._buffer.find(b"\r\n.", max(0, dot - 2), have)
        end = self._buffer.find(_END, stuffed, have) if stuffed >= 0 else -1
        if end >= 0:
            self._pass(end + 2, stuffed=stuffed < end)
            return bytes(self._view[end + len(_END) : have])
        held = self._held(have)
        self._pass(have - held, stuffed=stuffed >= 0)
        kept = self._buffer[have - held : have]
        if have == len(self._buffer) == FIRST_BYTES:
            self._buffer = bytearray(min(BLOCK_BYTES, self._block_bytes()))
            self._view = memoryview(self._buffer)
        self._buffer[:held] = kept
        self._have = held
        return None

    def _held(self, have: int) -> int:
        """How many of the last bytes may be the start of the end, or of a stuffed dot: they have to wait."""
        return next((n for n in (4, 3, 2, 1) if self._buffer.endswith(_END[:n], 0, have)), 0)

    def _pass(self, stop: int, *, stuffed: bool) -> None:
        """Judge the bytes before `stop`, write them out. `_held` sees to it that no <CRLF> is cut in two."""
        if stop == 0 or self.fault is not None:
            return
        block: memoryview | bytes = self._view[:stop]
        fault = self._judge(str(block, "latin-1"))
        if stuffed:
            block = bytes(block).replace(b"\r\n.", b"\r\n")
        block = block[self._skip :]
        self._skip = 0
        self.size += len(block)
        self.fault = fault or (Fault.TOO_LARGE if self.size > self._max_bytes else self._write_out(block))

    def _judge(self, text: str) -> Fault | None:
        # The decoder of text files notes in one pass which line ends it saw; counting them takes three.
        seen = io.IncrementalNewlineDecoder(None, translate=False)
        seen.decode(text, final=True)
        if seen.newlines not in {None, "\r\n"}:
            return Fault.BARE_NEWLINE
        if "\0" in text:
            return Fault.NUL
        return Fault.LINE_TOO_LONG if self._longest_line(text) > self._max_line_bytes else None

    def _longest_line(self, text: str) -> int:
        """The longest line that ends in this text or runs on after it; a line may span many blocks."""
        first, last = text.find("\n"), text.rfind("\n")
        if first < 0:
            self._line += len(text)
            return self._line
        longest = self._line + first
        self._line = len(text) - last - 1
        if len(text) > self._max_line_bytes:
            longest = max(longest, *map(len, text[first:last].split("\n")))
        return max(longest, self._line)

    def _write_out(self, block: memoryview | bytes) -> Fault | None:
        try:
            self._write(block)
        except Exception as error:  # noqa: BLE001 - an edge: whatever goes wrong here, the sender hears 451
            self.error = error
            return Fault.NOT_WRITTEN
        return None


class End(Enum):
    """How the data came to an end; where we end it, the value is the name of the reply in `mail.codes`."""

    COMPLETE = "complete"
    HUNG_UP = "hung_up"
    TOO_SLOW = "too_slow"
    ENDLESS = "endless"


@dataclass(frozen=True)
class Pace:
    """What a sender has to keep up: no silence of `idle_seconds`, and in each such span this rate."""

    idle_seconds: float
    bytes_per_second: float


class Receiver(asyncio.BufferedProtocol):
    """Takes over the transport between 354 and the end of the data, then gives it back by itself.

    The socket is read straight into the body's block: no copy, no queue. After its turn the others get theirs: a
    fast sender would keep the event loop to himself. `ended` resolves to how it ended; after
    `End.COMPLETE`, `completed_at` is the arrival of the last octet and what came after it is with the owner.
    After anything else the message is not complete and must not be taken.
    """

    def __init__(
        self,
        owner: asyncio.Protocol,
        transport: asyncio.Transport,
        body: Body,
        pace: Pace,
        max_octets: int,
        turns: Turns,
    ) -> None:
        self._owner = owner
        self._transport = transport
        self._body = body
        self._pace = pace
        self._max_octets = max_octets
        self._turns = turns
        self._turn = turns.first()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[End] = self._loop.create_future()
        self.completed_at = datetime.min.replace(tzinfo=UTC)
        self._last_at = self._span_at = self._loop.time()
        self._span_octets = 0
        self._timer = self._loop.call_later(pace.idle_seconds, self._check_pace)

    def start(self, early: bytes, *, over: bool) -> bytes:
        """Begin with what the owner had read already; `over` says that nothing follows it.

        Returns what of it came after the end of the data.
        """
        self._transport.set_protocol(self)
        rest, after = memoryview(early), b""
        while rest and not self.ended.done():
            room = self._body.room()
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            rest = rest[count:]
            after = self._take(count)
        if over and not self.ended.done():
            self._finish(End.HUNG_UP)
        return after + bytes(rest)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        return self._body.room()[: max(1, self._turn)]

    def buffer_updated(self, nbytes: int) -> None:
        if after := self._take(nbytes):
            self._owner.data_received(after)
        self._turn -= nbytes
        if self._turn <= 0 and not self.ended.done():
            self._transport.pause_reading()
            self._turns.ask(self._begin_turn)

    def _begin_turn(self, octets: int) -> None:
        self._turn = octets
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _take(self, count: int) -> bytes:
        """Give the body so many bytes; what came after the end of the data."""
        self._last_at = self._loop.time()
        rest = self._body.took(count)
        if rest is not None:
            self.completed_at = datetime.now(UTC)
            self._finish(End.COMPLETE)
        elif self._body.octets > self._max_octets:
            self._finish(End.ENDLESS)
        return rest or b""

    def eof_received(self) -> bool | None:
        self._finish(End.HUNG_UP)
        return self._owner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(End.HUNG_UP)
        self._owner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._owner.pause_writing()

    def resume_writing(self) -> None:
        self._owner.resume_writing()

    def stop(self) -> None:
        """Give the transport back, whatever happened; may be called again."""
        self._timer.cancel()
        self._transport.set_protocol(self._owner)

    def _finish(self, end: End) -> None:
        self.stop()
        if not self.ended.done():
            self.ended.set_result(end)

    def _check_pace(self) -> None:
        now, idle = self._loop.time(), self._pace.idle_seconds
        span = now - self._span_at
        came = self._body.octets - self._span_octets
        if now - self._last_at >= idle or (span >= idle and came < span * self._pace.bytes_per_second):
            self._finish(End.TOO_SLOW)
            return
        if span >= idle:
            self._span_at, self._span_octets = now, self._body.octets
        # The sooner of: silent for too long, and the end of this span.
        self._timer = self._loop.call_at(min(self._last_at, self._span_at) + idle, self._check_pace)
