"""The reader: received bytes become parts, each a file, in a child process that may break without harm.

Rule 1: never raises for what the bytes contain; the worst of them is a `Reading` with trouble, and the bytes stay.
Rule 2: the child's manifest is checked before it is believed; it never names a path.
Rule 3: no part is ever whole in this process's memory.
"""

import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gateway.core import authentication
from gateway.core.model import Envelope, MessageFacts, Part, PartRole, Reading, Returned, Trouble
from mail import read_child, smime
from mail.authenticate import Authenticator
from scanners import child

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_WORD: Final = 2**20
_MAX_LIST: Final = 1000

_TROUBLE: Final = {
    "time": Trouble("too_complex", "reading took too long"),
    "memory": Trouble("too_complex", "reading took too much memory"),
    "size": Trouble("too_complex", "a part is too large"),
}


@dataclass(frozen=True)
class Limits:
    """What one submission may unfold into, and what its child may use for it."""

    content: read_child.Limits = field(default_factory=read_child.Limits)
    process: child.Limits = field(
        default_factory=lambda: child.Limits(memory_bytes=384 * 2**20, cpu_seconds=20, wall_seconds=60)
    )


class Reader:
    """Reads one stored file at a time; calls from many threads do not disturb each other."""

    def __init__(
        self,
        limits: Limits | None = None,
        authenticator: Authenticator | None = None,
        keys: smime.Keys | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._authenticator = authenticator
        self._keys = keys or smime.Keys()

    def read_message(self, raw: Path, out: Path, *, envelope: Envelope | None = None) -> Reading:
        """The facts and parts of a message; the content of part n is the file `path_of(out, part)`.

        `envelope`: with which it came to us by SMTP; our own checks of the sender, if any, need it.
        `out` is an empty folder of the caller's. Raises TryLater when no child could do the work (no memory,
        no processes, disk full); then `out` may hold anything and the caller starts again with an empty one.
        """
        bounce = envelope is not None and not envelope.mail_from
        job = {"raw": str(raw.resolve()), "name": None, "declared": "", "null_sender": bounce}
        reading = self._read(job, out)
        if self._authenticator is None or reading.message is None:
            return reading
        # What a sender wrote under our name is no result of ours.
        ours = self._authenticator.authserv.casefold()
        results = tuple(r for r in reading.message.authentication if authentication.service(r) != ours)
        if envelope is not None:
            results = (self._authenticator.check(raw, envelope), *results)
        return replace(reading, message=replace(reading.message, authentication=results))

    def read_file(self, raw: Path, name: str, declared_type: str, out: Path) -> Reading:
        """The parts of one uploaded file: itself as part 0, then what is inside when it is a container.

        The same promises as `read_message`; there are no message facts.
        """
        job = {"raw": str(raw.resolve()), "name": name, "declared": declared_type, "null_sender": False}
        return self._read(job, out)

    def _read(self, job: dict[str, Any], out: Path) -> Reading:
        job |= {"out": str(out.resolve()), "limits": asdict(self._limits.content), "keys": asdict(self._keys)}
        outcome = child.run("mail.read_child", job, self._limits.process, writable=(out,))
        manifest = outcome.answers[0] if outcome.answers else None
        if outcome.ended != "done" or manifest is None:
            return Reading(None, (), _TROUBLE.get(outcome.ended, _broken(manifest)))
        try:
            return _believed(manifest, out, self._limits.content.parts)
        except (KeyError, TypeError, ValueError) as error:
            return Reading(None, (), Trouble("unreadable", f"the reading child's manifest is not one: {error}"))


def path_of(out: Path, part: Part) -> Path:
    """Where the content of a part stands after reading into `out`."""
    return out / str(part.seq)


def _broken(answer: Any) -> Trouble:  # noqa: ANN401 -- whatever a child said
    place = answer.get("crashed", "") if isinstance(answer, dict) else ""
    return Trouble("unreadable", f"the reading child broke: {place}"[:200])


# ---- the manifest, checked -----------------------------------------------------------------------


def _believed(manifest: Any, out: Path, most: int) -> Reading:  # noqa: ANN401 -- that is what is checked here
    """The manifest as values. Raises KeyError, TypeError or ValueError when it is not exactly what it must be."""
    if set(manifest) != {"message", "parts", "trouble"} or len(manifest["parts"]) > most:
        raise ValueError("not these keys, or too many parts")
    parts = tuple(_part(seq, row, out) for seq, row in enumerate(manifest["parts"]))
    message = None if manifest["message"] is None else _message(manifest["message"])
    trouble = None if manifest["trouble"] is None else Trouble(**_words(manifest["trouble"]))
    return Reading(message, parts, trouble)


def _message(row: dict[str, Any]) -> MessageFacts:
    reported = row.pop("returned")
    if len(reported) > _MAX_LIST:
        raise ValueError("too many recipients in a report")
    return MessageFacts(**_words(row), returned=tuple(Returned(**_words(r)) for r in reported))


def _part(seq: int, row: dict[str, Any], out: Path) -> Part:
    parent, size = row.pop("parent"), row.pop("bytes")
    if row.pop("seq") != seq or row.pop("item") is not None:
        raise ValueError("parts out of order")
    if parent is not None and (type(parent) is not int or not 0 <= parent < seq):
        raise ValueError("a part inside one that comes later")
    words = _words(row)
    part = Part(seq=seq, parent=parent, bytes=size, **(words | {"role": PartRole(words["role"])}))
    path = path_of(out, part)
    if path.is_symlink() or not path.is_file() or path.stat().st_size != size:
        raise ValueError("a part without its file")
    if not _SHA256.fullmatch(part.sha256):
        raise ValueError("a part without its hash")
    return part


def _words(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose values are bounded texts or lists of them."""
    checked: dict[str, Any] = {}
    for key, value in row.items():
        listed = value if isinstance(value, list) else [value]
        if len(listed) > _MAX_LIST or not all(isinstance(v, str) and len(v) <= _LONGEST_WORD for v in listed):
            raise TypeError(f"{key} is no text")
        checked[key] = tuple(value) if isinstance(value, list) else value
    return checked
