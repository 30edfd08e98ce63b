"""The way of a submission, first byte to bundle. Read this file top to bottom; it is the product.

    accept -> (250, 201, seen) -> read -> scan -> match -> decide -> answer -> file

`accept` runs while the sender waits. Everything after it runs from `advance`, from what is stored; it may
be interrupted anywhere, and may run twice. Effects first, each safe to repeat; the state last, in the same
transaction as what the step found out.
"""

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.core.answers import drafts, notice
from gateway.core.decide import decide as decision_on
from gateway.core.errors import TryLater, WrongState
from gateway.core.match import match as matched
from gateway.core.model import Accepted, Arrival, Part, PartRole, Reading, StoredFile, Trouble, Verdict
from gateway.core.states import RESTING, Step
from gateway.core.words import Channel
from gateway.ports import Claim, Incoming, Ports, Waiting, keep_bytes, keep_parts

_log = logging.getLogger(__name__)

MAIL: Final = frozenset({Channel.SMTP, Channel.IMAP})
LARGE_BYTES: Final = 1 << 20
"""More than this takes the scanner so long that it begins before the message is read; less may be a trap for it."""

UNSEEN: Final = frozenset({Verdict.NOT_YET, Verdict.ERROR})


def accept(spools: Sequence[Incoming], arrival: Callable[[tuple[StoredFile, ...]], Arrival], ports: Ports) -> Accepted:
    """Take responsibility for what was spooled (P1).

    Returns only when a power cut would not lose the submission. If it raises, the caller must tell the
    sender to try again, and must not say yes.
    """
    # 1. Large files are durable; the others lie in the journal, which `accept` makes durable for all that wait.
    files = tuple(spool.journalled() or spool.keep() for spool in spools)
    # 2. Row and ledger entry are durable. This is the commit point: from here on the submission exists,
    # whatever happens next; before it nobody was promised anything.
    return ports.store.accept(arrival(files))


def advance(ports: Ports, number: str | None = None) -> str | None:
    """Do the next step of the oldest unfinished submission (or of the one named), once.

    Returns its number, or None when there was nothing to do. Safe to call again after a crash at any
    point inside it: recovery is this very function (P11).
    """
    claim = ports.store.claim(number)
    if claim is None:
        return None
    try:
        _step(claim, ports)
    except WrongState:
        # Another process took it over, or the answer to our own commit was lost: it is where it should be.
        _log.info("claim lost", extra={"submission": claim.number, "step": claim.step})
    return claim.number


def _step(claim: Claim, ports: Ports) -> None:
    try:
        STEPS[claim.step](claim, ports)
    except WrongState:
        raise
    except TryLater as error:
        ports.store.postpone(claim, str(error), count=False)
    except Exception as error:  # noqa: BLE001  # an edge: see below
        # Our bug. It must not stop the others, and after some attempts a person sees it (P3).
        _log.exception("step failed", extra={"submission": claim.number, "step": claim.step})
        _count(claim, repr(error), ports)


def read(claim: Claim, ports: Ports) -> None:
    """Bytes to parts, in a child process with limits; every part becomes a blob of its own (P2)."""
    arrival = ports.store.load(claim.number).arrival
    ports.inspector.look_ahead(_on_disk([_whole(file) for file in arrival.files if file.bytes > LARGE_BYTES], ports))
    with tempfile.TemporaryDirectory(dir=ports.scratch) as scratch:
        reading = _given_up(claim, ports) or _read(arrival, ports, Path(scratch))
        # Of an upload the file itself is a part too, and was kept when it came in.
        came_in = {file.sha256 for file in arrival.files}
        keep_parts(ports.blobs, (p for p in reading.parts if p.sha256 not in came_in), Path(scratch))
    if not reading.trouble:
        ports.inspector.look_ahead(_on_disk(_shown(arrival, reading.parts), ports))
    ports.store.save_reading(claim, reading)


def scan(claim: Claim, ports: Ports) -> None:
    """Type, malware and active content of every document; not scanned is never clean (P4).

    The scanner also sees the message as it came in and every other part: it may find there what no
    document of ours shows.
    """
    read = ports.store.load(claim.number)
    files = _on_disk(_shown(read.arrival, read.parts), ports)
    signatures = ports.inspector.signatures()  # asked before: newer ones that come meanwhile look again
    inspections = ports.inspector.inspect(files)
    seen = [(part, inspection) for (_, part), inspection in zip(files, inspections, strict=True)]
    blind = [i.verdict for part, i in seen if part.role.is_inspected and i.verdict in UNSEEN]
    if blind and _waited(claim, ports) < ports.patience_seconds:
        if _waited(claim, ports) > ports.receipt_seconds:
            ports.store.save_notice(claim, notice(claim.number, read.message, ports.own_addresses))
        raise TryLater(f"{len(blind)} documents not scanned: {blind[0]}")
    found = {part.seq: i for part, i in seen if part.role.is_inspected}
    malware = [f.detail for _, i in seen for f in i.findings if f.code == "infected"]
    ports.store.save_inspections(claim, found, next(iter(malware), ""), signatures)


def match(claim: Claim, ports: Ports) -> None:
    """Which request it belongs to, or which several, by what proof (P5)."""
    clues, sender = ports.store.find_clues(claim.number)
    ports.store.save_match(claim, clues, matched(clues, sender).tied)


def decide(claim: Claim, ports: Ports) -> None:
    """Facts to decision; facts, decision, receipt and letters are stored together (P6, P8)."""
    facts = ports.store.facts(claim.number)
    decision = decision_on(facts)
    message = ports.store.load(claim.number).message
    letters = drafts(claim.number, facts, decision, message, ports.own_addresses)
    ports.store.save_decision(claim, facts, decision, letters)


def answer(claim: Claim, ports: Ports) -> None:
    """Write the letters that were decided; the outbox hands them over.

    What still waits for others to vouch for it, a bounded time, the clock has written later.
    """
    write_letters(ports, claim.number)
    ports.store.save_answer(claim)


def file(claim: Claim, ports: Ports) -> None:
    """Mark what the request got; the submission rests, done or held for a person (P3, P10)."""
    ports.store.save_filing(claim)


STEPS: Final[dict[Step, Callable[[Claim, Ports], None]]] = {
    Step.ACCEPTED: read,
    Step.READ: scan,
    Step.SCANNED: match,
    Step.MATCHED: decide,
    Step.DECIDED: answer,
    Step.ANSWERED: file,
}
assert STEPS.keys() | RESTING == set(Step), "every state has its step, or rests"


# ---- beneath the steps ---------------------------------------------------------------------------


def _read(arrival: Arrival, ports: Ports, scratch: Path) -> Reading:
    if arrival.channel in MAIL:
        raw = ports.blobs.path(arrival.files[0].sha256)
        envelope = arrival.envelope if arrival.channel is Channel.SMTP else None
        return ports.reader.read_message(raw, scratch, envelope=envelope)
    readings: list[Reading] = []
    for file in arrival.files:
        readings.append(_read_upload(file, sum(len(r.parts) for r in readings), ports, scratch))
    troubles = [r.trouble for r in readings if r.trouble]
    return Reading(None, tuple(p for r in readings for p in r.parts), troubles[0] if troubles else None)


def _read_upload(file: StoredFile, first: int, ports: Ports, scratch: Path) -> Reading:
    """The parts of one uploaded file, numbered from `first`, each for the item the sender named."""
    out = scratch / f"upload-{first}"
    out.mkdir()
    reading = ports.reader.read_file(ports.blobs.path(file.sha256), file.name, file.media_type, out)
    for part in reading.parts:
        if part.sha256:
            (out / str(part.seq)).rename(scratch / str(first + part.seq))
    return replace(reading, parts=tuple(_renumbered(part, first, file.item) for part in reading.parts))


def _renumbered(part: Part, first: int, item: str | None) -> Part:
    parent = None if part.parent is None else first + part.parent
    return replace(part, seq=first + part.seq, parent=parent, item=item)


def _shown(arrival: Arrival, parts: Sequence[Part]) -> list[Part]:
    """What the inspector sees: every part; and a message as one thing too, in which its parts are."""
    kept = [part for part in parts if part.sha256]
    if arrival.channel not in MAIL:
        return kept
    message = _whole(arrival.files[0])
    return [message, *(replace(p, parent=message.seq) if p.parent is None else p for p in kept)]


def _whole(file: StoredFile) -> Part:
    """A file as it came in, which is no document yet."""
    return Part(-1, None, PartRole.MESSAGE, "", "", "message/rfc822", file.bytes, file.sha256)


def _on_disk(parts: Sequence[Part], ports: Ports) -> list[tuple[Path, Part]]:
    return [(ports.blobs.path(part.sha256), part) for part in parts]


def _given_up(claim: Claim, ports: Ports) -> Reading | None:
    """After too many attempts the bytes stay as they are, and a person looks."""
    if claim.attempts < ports.max_attempts:
        return None
    return Reading(None, (), Trouble("unreadable", "the reader failed again and again"))


def _count(claim: Claim, error: str, ports: Ports) -> None:
    if claim.attempts < ports.max_attempts or claim.step is Step.ACCEPTED:
        ports.store.postpone(claim, error, count=True)
    else:
        message = ports.store.load(claim.number).message
        ports.store.save_notice(claim, notice(claim.number, message, ports.own_addresses))
        ports.store.shelve(claim, error)


def write_letters(ports: Ports, number: str | None = None) -> None:
    """Write every letter (of one submission) that is decided, ready and not written; each is stored once.

    A letter that cannot be written stops no other; the first error is raised when all were tried.
    """
    errors = []
    for letter in ports.store.waiting(number):
        try:
            if ports.clerk.ready(letter):
                _write_letter(letter, ports)
        except Exception as error:  # noqa: BLE001  # raised below
            errors.append(error)
    if errors:
        raise errors[0]


def _write_letter(letter: Waiting, ports: Ports) -> None:
    ports.store.save_letter(letter.draft.key, keep_bytes(ports.blobs, ports.clerk.write(letter)))


def _waited(claim: Claim, ports: Ports) -> float:
    return (ports.clock.now() - claim.accepted_at).total_seconds()
