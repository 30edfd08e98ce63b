"""A witness: another house's memory of logs, which cosigns only what continues what it saw (c2sp.org/tlog-witness).

Rule 1: what it saw is on disk before it signs, and one request is looked at at a time: it never signs two histories.
Rule 2: it believes nothing but the log's signature and the proof; it does not know what the entries are.
Rule 3: a log that contradicts itself under its own signature is kept: that is proof against it.
"""

import base64
import binascii
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from gateway import notes
from gateway.core import merkle

MAX_BODY_BYTES: Final = 1 << 17
MAX_CONTRADICTIONS: Final = 1000
MAX_ADDRESSES: Final = 10_000
SIZE_TYPE: Final = "text/x.tlog.size"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS seen (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contradiction (note TEXT PRIMARY KEY, at INTEGER NOT NULL, old_size INTEGER NOT NULL);
"""


class Answer(NamedTuple):
    """What the witness says: an HTTP status, a body, and the body's type."""

    status: int
    body: str = ""
    kind: str = "text/plain; charset=utf-8"


class Limit:
    """How often one address may ask: `per_minute` at once, and then as many a minute. For one thread."""

    def __init__(self, per_minute: int, seconds: Callable[[], float]) -> None:
        """`seconds`: a clock that never goes back."""
        self._per_minute = per_minute
        self._seconds = seconds
        self._full_at: dict[str, float] = {}
        """When each address may ask `per_minute` times at once again."""

    def takes(self, address: str) -> bool:
        """Whether it may ask now; that is counted."""
        now = self._seconds()
        full_at = max(self._full_at.get(address, now), now) + 60 / self._per_minute
        if full_at - now > 60:  # noqa: PLR2004 -- the seconds of a minute
            return False
        if len(self._full_at) >= MAX_ADDRESSES:
            self._full_at = {known: at for known, at in self._full_at.items() if at > now}
        if address in self._full_at or len(self._full_at) < MAX_ADDRESSES:
            self._full_at[address] = full_at
        return True


class _Asked(NamedTuple):
    old_size: int
    proof: tuple[bytes, ...]
    note: str


class Witness:
    """A cosigner and its memory. Safe to call from many threads, and beside other processes on the same state."""

    def __init__(self, signer: notes.Cosigner, logs: Iterable[str], state: Path, seconds: Callable[[], float]) -> None:
        """`logs`: the keys of the logs it knows; `seconds`: its clock, POSIX time. NoteError for a damaged key."""
        self._signer = signer
        self._state = state
        self._seconds = seconds
        self._lock = threading.Lock()
        self._logs: dict[str, list[str]] = {}
        for vkey in logs:
            self._logs.setdefault(notes.parse_vkey(vkey).name, []).append(vkey)
        with closing(self._connect()) as connection:
            connection.executescript(_TABLES)

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to `POST /add-checkpoint`; when it is 200, what was cosigned is durable."""
        try:
            asked = _parse(body)
            text, _ = notes.split_note(asked.note)
            checkpoint = notes.parse_checkpoint(text)
        except (ValueError, UnicodeDecodeError) as error:
            return Answer(400, f"{error}\n")
        vkeys = self._logs.get(checkpoint.origin)
        if vkeys is None:
            return Answer(404, "unknown log\n")
        try:
            notes.open_note(asked.note, vkeys)
        except notes.NoteError as error:
            return Answer(403, f"{error}\n")
        if asked.old_size > checkpoint.size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        with self._writing() as connection:
            refusal = self._refusal(connection, asked, checkpoint)
            if refusal is not None:
                return refusal
            connection.execute(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
                (checkpoint.origin, checkpoint.size, checkpoint.root, asked.note),
            )
        return Answer(200, self._signer.cosign(text, int(self._seconds())))

    def _refusal(self, connection: sqlite3.Connection, asked: _Asked, checkpoint: notes.Checkpoint) -> Answer | None:
        """Why this does not continue what was seen; None if it does."""
        row = connection.execute("SELECT size, root FROM seen WHERE origin = ?", (checkpoint.origin,)).fetchone()
        size, root = row or (0, merkle.EMPTY_ROOT)
        if asked.old_size != size:
            return Answer(409, f"{size}\n", SIZE_TYPE)
        if merkle.verify_consistency(size, checkpoint.size, asked.proof, root, checkpoint.root):
            return None
        self._keep(connection, asked)
        if size == checkpoint.size and checkpoint.root != root:
            return Answer(409, f"{size}\n", SIZE_TYPE)
        return Answer(422, "the proof does not lead from what was seen to this checkpoint\n")

    def _keep(self, connection: sqlite3.Connection, asked: _Asked) -> None:
        """Signed by the log, and not a continuation: maybe only a wrong proof, maybe a second history."""
        (count,) = connection.execute("SELECT count(*) FROM contradiction").fetchone()
        if count < MAX_CONTRADICTIONS:
            values = (asked.note, int(self._seconds()), asked.old_size)
            connection.execute("INSERT OR IGNORE INTO contradiction VALUES (?, ?, ?)", values)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._state, timeout=10, isolation_level=None)
        connection.execute("PRAGMA synchronous=EXTRA")  # also the directory entry of the journal is on disk
        return connection


def _parse(body: bytes) -> _Asked:
    """The parts of a request; ValueError if it is not one."""
    head, blank, note = body.decode().partition("\n\n")
    old, *lines = head.split("\n")
    if not blank or not old.startswith("old ") or len(lines) > notes.MAX_PATH:
        raise ValueError("not a request: `old SIZE`, at most 63 hashes, an empty line, a checkpoint")
    try:
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error
    if any(len(value) != merkle.HASH_BYTES for value in proof):
        raise ValueError("a hash has 32 bytes")
    return _Asked(notes.read_number(old[4:]), proof, note)


def create_app(witness: Witness, limit: Limit) -> FastAPI:
    """The witness over HTTP: one route. Too many requests of one address get 429, before anything is looked at."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: HttpRequest) -> Response:
        if not limit.takes(request.client.host if request.client else ""):
            return PlainTextResponse("too many requests\n", 429, {"Retry-After": "1"})
        body = b""
        async for block in request.stream():
            body += block
            if len(body) > MAX_BODY_BYTES:
                return PlainTextResponse("too long\n", 413, {"Connection": "close"})
        answer = await run_in_threadpool(witness.add_checkpoint, body)
        # Not PlainTextResponse: it adds a charset to the type that the protocol names.
        return Response(answer.body, answer.status, {"Content-Type": answer.kind})

    return app
