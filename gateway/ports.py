"""What the walk needs from the world, and what each part promises when it fails.

Nothing in this file does anything. Read it to know what you may rely on. Every promise here has a test
that runs against the real adapter.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from gateway.core.answers import Draft
from gateway.core.errors import Corrupt
from gateway.core.facts import Clue, Facts, Sender
from gateway.core.model import (
    Accepted,
    Arrival,
    Decision,
    Envelope,
    Inspection,
    MessageFacts,
    Part,
    Reading,
    RefusedAttempt,
    StoredFile,
)
from gateway.core.states import Step


class Spool(Protocol):
    """Bytes on their way in, hashed while they are written.

    Nothing is promised before `keep`. `drop` forgets the bytes and may be called at any time, also after
    `keep` or a failed `write`; it never raises and never touches what was kept. One thread at a time.
    """

    size: int

    def write(self, block: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises TryLater when they cannot be written (disk full)."""

    def keep(self) -> StoredFile:
        """Return only when the bytes, their name and the directory entry are on stable storage.

        Raises TryLater otherwise; then the bytes may or may not be there, and keeping the same bytes
        again is always safe and always enough.
        """

    def drop(self) -> None:
        """Forget what was written and not kept."""


class Incoming(Spool, Protocol):
    """A spool for what a sender hands in: what is not large needs no `keep`."""

    def journalled(self) -> StoredFile | None:
        """The file as it lies in the journal, for `accept` to make durable; None when it has to be kept.

        Does not wait for the disk. Raises TryLater when it cannot be written. The place there is ours until `drop`,
        which therefore comes after `accept`.
        """


class Blobs(Protocol):
    """Bytes on disk, named by their SHA-256; never overwritten, never changed (P2)."""

    def spool(self) -> Spool:
        """A new spool."""

    def incoming(self) -> Incoming:
        """A new spool for what comes in: what is not large lies in the journal until it has a file of its own."""

    def sync(self, files: Iterable[StoredFile]) -> None:
        """Return when those of the files that lie in the journal are on stable storage.

        Raises TryLater otherwise; then none of them may be promised, now or later. Many share one fsync.
        """

    def put(self, source: Path) -> StoredFile:
        """Keep the bytes of a file; the same promise as `Spool.keep`."""

    def take_all(self, sources: Sequence[Path]) -> list[StoredFile]:
        """Keep files of ours that nobody writes to any more, in their order; each has the promise of `Spool.keep`.

        They may be gone from where they were, also when it raises.
        """

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, from the start. Raises Corrupt when a blob that was promised is not there."""

    def path(self, sha256: str) -> Path:
        """Where a local program may read the bytes; read-only by agreement.

        What lies in the journal is put there first, durably. Raises TryLater when that cannot be had.
        """

    def erase(self, hashes: Collection[str]) -> list[str]:
        """Remove these bytes; when this returns their removal is durable. The caller knows that nobody needs them.

        Returns those that were left because somebody has just kept the same bytes again: ask again later.
        Raises TryLater when another process erases, or the disk does not let us. What a crash cut off is taken
        back by the next call.
        """

    def sweep(self) -> int:
        """Forget every spool that a crash left behind; only while nobody spools. Returns how many."""

    def tidy(self) -> int:
        """Give back the room in the journal of what has a file of its own, at any time. Returns how many segments."""


def keep_bytes(blobs: Blobs, content: bytes) -> StoredFile:
    """Keep bytes that are at hand; the same promise as `Spool.keep`. Raises TryLater."""
    spool = blobs.spool()
    try:
        spool.write(content)
        return spool.keep()
    finally:
        spool.drop()


def keep_parts(blobs: Blobs, parts: Iterable[Part], folder: Path) -> None:
    """Keep what a reader wrote into `folder`, a file for each part, named by its number; the same bytes once.

    Raises TryLater; Corrupt when a file is not what the reader said of it.
    """
    files = {part.sha256: folder / str(part.seq) for part in parts if part.sha256}
    if [kept.sha256 for kept in blobs.take_all(list(files.values()))] != list(files):
        raise Corrupt("a part changed between reading and keeping")


class Intake(Protocol):
    """What a channel may do: spool bytes, hand them in, and register whom it turned away."""

    def spool(self) -> Incoming:
        """A new spool for incoming bytes."""

    def accept(self, arrival: Arrival) -> Accepted:
        """Take responsibility. Returns only when a power cut would lose nothing (P1).

        Raises TryLater when that could not be had: the caller must not say yes. Blocking; call it from
        a thread. Calls from many threads at once share one commit.
        """

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
        """`accept` of each: what it returned or raised, in their order.

        They share one commit; one that cannot be taken spoils it for none of the others.
        """

    def register(self, attempt: RefusedAttempt) -> None:
        """Keep the proof of a refused attempt. Raises TryLater when it could not be kept."""


class Reader(Protocol):
    """Turns received bytes into parts. Never raises for what the bytes contain, however hostile.

    Raises TryLater when it could not look at all. The bytes of the parts lie in `out`, each in a file
    named by its `seq`.
    """

    def read_message(self, raw: Path, out: Path, *, envelope: Envelope | None = None) -> Reading:
        """The parts of an Internet message; `envelope`: with which it came to us by SMTP."""

    def read_file(self, raw: Path, name: str, declared_type: str, out: Path) -> Reading:
        """The parts of one uploaded file: itself, or what a container holds."""


class Inspector(Protocol):
    """Looks at documents: type, malware, active content. Never raises for what they contain.

    Raises TryLater when it could not look at all. A verdict NOT_YET or ERROR is never clean (P4).
    """

    def inspect(self, files: Sequence[tuple[Path, Part]]) -> tuple[Inspection, ...]:
        """One inspection for each file, in their order."""

    def look_ahead(self, files: Sequence[tuple[Path, Part]]) -> None:
        """A hint that these will be inspected soon. Never raises, promises nothing."""

    def signatures(self) -> str:
        """Which signatures the malware scanner has now; empty when nobody says. Never raises."""


@dataclass(frozen=True)
class Claim:
    """The right to do the next step of one submission. A claim that lapsed and was taken over cannot write."""

    number: str
    step: Step
    owner: str
    accepted_at: datetime
    attempts: int


@dataclass(frozen=True)
class Read:
    """A submission as far as it was read: for the steps after `read`."""

    arrival: Arrival
    message: MessageFacts | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Waiting:
    """A letter of the outbox that was decided and not written; `number` is its submission's.

    `requests`: the contract's JSON of each request it may name, as it is after this submission.
    """

    number: str
    draft: Draft
    receipt_index: int
    made_at: datetime
    requests: tuple[dict[str, Any], ...]


class Store(Intake, Protocol):
    """The database: rows, ledger and outbox. Every method is one transaction.

    After a method raises, a reader sees all of its effects or none. It may raise *after* having stored
    them (a lost answer); calling it again with the same arguments is always safe: what appends is keyed,
    what moves a submission is fenced by its claim. Raises TryLater when the database is away, and
    WrongState when the claim is not ours any more.
    """

    def claim(self, number: str | None = None) -> Claim | None:
        """The oldest unfinished submission whose time has come (or the one named), or None."""

    def postpone(self, claim: Claim, error: str, *, count: bool) -> None:
        """Give the claim back; the step is tried again after a growing pause. `count`: it was an attempt."""

    def load(self, number: str) -> Read:
        """What is known of a submission so far."""

    def save_reading(self, claim: Claim, reading: Reading) -> None:
        """Store what was read, and move on."""

    def save_inspections(
        self, claim: Claim, inspections: Mapping[int, Inspection], malware: str, signatures: str = ""
    ) -> None:
        """Store what was found, by the part's `seq`, and move on; `malware`: a name found anywhere at all.

        `signatures`: those that the malware scanner looked with.
        """

    def find_clues(self, number: str) -> tuple[tuple[Clue, ...], Sender]:
        """Every pointer to a request, and what is known of the sender."""

    def save_match(self, claim: Claim, clues: Sequence[Clue], references: Sequence[str]) -> None:
        """Tie the submission to these requests, and to no others, and move on."""

    def facts(self, number: str) -> Facts:
        """Everything the decision may look at, as it stands now."""

    def save_decision(self, claim: Claim, facts: Facts, decision: Decision, drafts: Sequence[Draft]) -> None:
        """Store facts, decision, receipt event and letters to write, and move on: all or nothing."""

    def save_notice(self, claim: Claim, drafts: Sequence[Draft]) -> None:
        """Put letters into the outbox without moving on; the same key again does nothing."""

    def shelve(self, claim: Claim, error: str) -> None:
        """A step kept failing: hold the submission, with the error, for a person to see."""

    def waiting(self, number: str | None = None) -> tuple[Waiting, ...]:
        """The letters (of one submission) that are to be written."""

    def save_letter(self, key: str, letter: StoredFile) -> None:
        """The letter is written and may go; the first one stored under a key stays."""

    def save_answer(self, claim: Claim) -> None:
        """All letters are written: move on."""

    def save_filing(self, claim: Claim) -> None:
        """Mark what the request got, and let the submission rest: filed, or held for a person."""


class Clerk(Protocol):
    """Writes letters. Pure but for the ledger's proof: the same draft gives a letter that says the same."""

    def ready(self, letter: Waiting) -> bool:
        """Whether everybody vouches for its receipt who is asked to, or it waited for them long enough."""

    def write(self, letter: Waiting) -> bytes:
        """The message, with the receipt attached. Raises TryLater when the proof cannot be had now."""


class Sealer(Protocol):
    """Puts the organisation's seal on a PDF. Never raises."""

    def problem(self, now: datetime) -> str:
        """Why it cannot be put at this moment; empty when it can."""

    def put_on(self, pdf: bytes, now: datetime) -> bytes:
        """The PDF with the seal; without it when it cannot be put now."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """This instant, in UTC."""


@dataclass(frozen=True)
class Ports:
    """Everything the walk stands on."""

    blobs: Blobs
    store: Store
    reader: Reader
    inspector: Inspector
    clerk: Clerk
    clock: Clock
    scratch: Path
    patience_seconds: float
    receipt_seconds: float
    max_attempts: int
    own_addresses: tuple[str, ...]
