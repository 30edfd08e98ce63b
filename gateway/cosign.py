"""Asks a witness to cosign a checkpoint (c2sp.org/tlog-witness), and believes only what it signed.

Rule 1: a witness that cannot be asked is TryLater; nothing of ours waits for one.
Rule 2: a witness that remembers other entries than ours is Contradicted: somebody rewrote history, or restored it.
"""

import base64
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from gateway import notes
from gateway.core.errors import TryLater

TIMEOUT_SECONDS: Final = 5.0
MAX_ANSWER_BYTES: Final = 1 << 14
SIZE_TYPE: Final = "text/x.tlog.size"
_OK, _CONFLICT, _UNPROCESSABLE = 200, 409, 422
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")

Prove = Callable[[int, int], tuple[bytes, ...]]
"""Gives the consistency proof from an old size to a size."""


class Witness(NamedTuple):
    """A witness: the URL before /add-checkpoint, and the key that it cosigns with."""

    url: str
    vkey: str

    @property
    def name(self) -> str:
        """Its name, as in its signatures."""
        return self.vkey.partition("+")[0]


class Cosignature(NamedTuple):
    """A witness's signature line, and when it says that it signed, in seconds (POSIX)."""

    line: str
    seconds: int


class Contradicted(Exception):
    """The witness saw another history of this log than the one that we have now."""


class _Answer(NamedTuple):
    status: int
    kind: str
    body: bytes


def ask(witness: Witness, note: str, prove: Prove, old_size: int = 0) -> Cosignature:
    """The witness's signature on a checkpoint of ours, verified.

    `old_size`: what it saw last, as far as we know; it is asked when that is wrong. Raises TryLater when it cannot
    be had now, Contradicted when the witness saw something else.
    """
    size = notes.parse_checkpoint(notes.split_note(note)[0]).size
    answer = _post(witness, note, old_size, prove(old_size, size))
    if answer.status == _CONFLICT and (seen := _seen(answer)) != old_size:
        if seen > size:
            raise Contradicted(f"{witness.name} has cosigned {seen} entries of this log, which has {size}: it was cut")
        old_size = seen
        answer = _post(witness, note, old_size, prove(old_size, size))
    if answer.status in {_CONFLICT, _UNPROCESSABLE}:
        raise Contradicted(f"{witness.name} saw other entries among the first {old_size}: the log was rewritten")
    if answer.status != _OK:
        raise TryLater(f"witness {witness.name} answers {answer.status}")
    return _cosignature(witness, note, answer.body)


def _post(witness: Witness, note: str, old_size: int, proof: tuple[bytes, ...]) -> _Answer:
    import httpx2  # noqa: PLC0415  # loaded when it is needed: each command would wait for it

    lines = [f"old {old_size}", *(base64.b64encode(value).decode() for value in proof), ""]
    content = "\n".join(lines) + "\n" + note
    try:
        with httpx2.stream(
            "POST", f"{witness.url}/add-checkpoint", content=content.encode(), timeout=TIMEOUT_SECONDS
        ) as answer:
            body = b""
            for block in answer.iter_bytes():
                body += block
                if len(body) > MAX_ANSWER_BYTES:
                    raise TryLater(f"witness {witness.name} answers too much")
            return _Answer(answer.status_code, answer.headers.get("content-type", ""), body)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise TryLater(f"witness {witness.name} cannot be asked: {type(error).__name__} {error}") from error


def _seen(answer: _Answer) -> int:
    """The size in a 409: what the witness cosigned last."""
    if not answer.kind.startswith(SIZE_TYPE) or not _SIZE.fullmatch(answer.body):
        raise TryLater("a witness says 409 without a size")
    return int(answer.body)


def _cosignature(witness: Witness, note: str, body: bytes) -> Cosignature:
    """Its line among the answer's; lines of unknown keys are passed over, and nothing else is taken over."""
    key = notes.parse_vkey(witness.vkey)
    text, _ = notes.split_note(note)
    try:
        for line in body.decode().splitlines(keepends=True):
            if notes.signer_of(line.removesuffix("\n")) == (key.name, key.key_id):
                opened = notes.open_note(f"{text}\n{line}", [witness.vkey])
                return Cosignature(line, opened.cosigned_at[key])
    except (notes.NoteError, UnicodeDecodeError) as error:
        raise TryLater(f"witness {witness.name} does not answer with its signature: {error}") from error
    raise TryLater(f"witness {witness.name} does not answer with its signature")
