"""An upload form read as it comes in: each file straight to a spool, never whole in memory.

Rule 1: what is over a limit is measured and thrown away, so that the answer can name the size; nothing half is kept.
Rule 2: a form that breaks off is no form, however much of it came in.
Rule 3: trouble of ours while writing is told after the last byte: a browser that still sends does not listen.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.core.errors import GatewayError
from gateway.core.model import StoredFile
from gateway.ports import Incoming

QUIET_SECONDS: Final = 120.0
MAX_PARTS: Final = 1000
_MAX_FIELD_BYTES: Final = 8192
_MAX_NAME: Final = 500
_GIVE_UP_FACTOR: Final = 20


class BadForm(Exception):
    """The body is not a complete multipart form."""


class TooSlow(Exception):
    """Nothing came for too long."""


@dataclass
class UploadedFile:
    """One file of the form: the field it stood in, the name and type the browser gave, and its bytes."""

    field: str
    name: str
    media_type: str
    spool: Incoming | None = None
    size: int = 0

    def keep(self) -> StoredFile:
        """The file, kept or journalled, as `accept` takes it. Raises TryLater."""
        assert self.spool is not None, "an empty file has nothing to keep"
        item = None if self.field == STILL_TO_CHOOSE else self.field
        stored = self.spool.journalled() or self.spool.keep()
        return replace(stored, name=self.name, media_type=self.media_type, item=item)


STILL_TO_CHOOSE: Final = "stuk"
"""The field name of files whose item is still to be chosen (contract, HTTP)."""


@dataclass
class Upload:
    """What a form held. `measured` counts every byte of every file, also of those that were thrown away."""

    most_bytes: int
    most_files: int
    fields: dict[str, str] = field(default_factory=dict)
    files: list[UploadedFile] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    measured: int = 0
    trouble: GatewayError | None = None

    @property
    def too_large(self) -> bool:
        return self.measured > self.most_bytes

    @property
    def too_many(self) -> bool:
        return len(self.files) > self.most_files

    def drop(self) -> None:
        """Forget what was not kept; safe to call at any time."""
        for file in self.files:
            if file.spool is not None:
                file.spool.drop()


async def receive(request: HttpRequest, new_spool: Callable[[], Incoming], most_bytes: int, most_files: int) -> Upload:
    """The form of a request, read to its end; the caller must `drop` it when done.

    Raises BadForm, TooSlow, or starlette's ClientDisconnect; then everything is dropped already. Never raises
    for trouble of ours: that is in `trouble`.
    """
    upload = Upload(most_bytes, most_files)
    try:
        form = _Form(upload, new_spool, _boundary(request))
        await _read(request, form)
        form.finish()
    except BaseException:
        await run_in_threadpool(upload.drop)
        raise
    return upload


async def _read(request: HttpRequest, form: "_Form") -> None:
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                chunk = await _next(chunks.__anext__)
        except TimeoutError as error:
            raise TooSlow from error
        if chunk is None:
            return
        await run_in_threadpool(form.feed, chunk)


async def _next(following: Callable[[], Awaitable[bytes]]) -> bytes | None:
    try:
        return await following()
    except StopAsyncIteration:
        return None


def _boundary(request: HttpRequest) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadForm("not a multipart form")
    return options[b"boundary"]


class _Form:
    """The parser's callbacks: parts become fields and files of an `Upload`."""

    def __init__(self, upload: Upload, new_spool: Callable[[], Incoming], boundary: bytes) -> None:
        self._upload = upload
        self._new_spool = new_spool
        self._headers: dict[str, bytes] = {}
        self._name, self._value = b"", b""
        self._file: UploadedFile | None = None
        self._field = ""
        self._text = b""
        self._parts = 0
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._part_data,
                "on_part_end": self._part_ends,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises BadForm."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadForm(str(error)) from error
        if self._upload.measured > _GIVE_UP_FACTOR * self._upload.most_bytes:
            raise BadForm("far over the limit")

    def finish(self) -> None:
        """Raises BadForm when the form's last boundary never came."""
        if not self._ended:
            raise BadForm("the form broke off")

    # ---- called by the parser, in the order of the bytes ----

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise BadForm("too many parts")
        self._headers, self._file, self._text = {}, None, b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise BadForm("a part without a name")
        self._field = _readable(options[b"name"])
        if b"filename" in options:
            media_type = _readable(self._headers.get("content-type", b"")).partition(";")[0].strip()
            self._file = UploadedFile(self._field, _readable(options[b"filename"]), media_type[:100])

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._text += data[start:end]
            if len(self._text) > _MAX_FIELD_BYTES:
                raise BadForm("a field is too long")
        elif end > start:
            self._file_data(self._file, memoryview(data)[start:end])

    def _file_data(self, file: UploadedFile, block: memoryview) -> None:
        upload = self._upload
        if file.size == 0:
            upload.files.append(file)
        file.size += len(block)
        upload.measured += len(block)
        if upload.too_large or upload.too_many or upload.trouble:
            upload.drop()
            return
        try:
            file.spool = file.spool or self._new_spool()
            file.spool.write(block)
        except GatewayError as error:
            upload.trouble = error

    def _part_ends(self) -> None:
        if self._file is None:
            self._upload.fields[self._field] = self._text.decode("utf-8", "replace")
        elif self._file.size == 0 and self._file.name:
            # A field that was left alone has no file name; an empty file that somebody chose has one.
            self._upload.empty.append(self._file.name)

    def _end(self) -> None:
        self._ended = True


def _readable(value: bytes) -> str:
    # No NUL: PostgreSQL takes none in a text.
    return value.decode("utf-8", "replace").replace("\x00", "")[:_MAX_NAME]
