"""A locked PDF is opened with the password of whoever sent it: a copy without password is made, kept and judged.

    may it be tried? ── a copy, in a child ── its bytes are kept ── copy, act and entry of the log, in one commit

Rule 1: what came in stays as it came in: it is the evidence. The copy is derived from it, and goes when it goes.
Rule 2: the password is nowhere: in no row, no entry, no file and no log. What is told is who opened what, and when.
Rule 3: the copy is a document like any other: the submission goes back into the walk, is scanned, decided and told.
Rule 4: bytes that are kept are named before: what a crash leaves of them is erased (`gateway.retention`).
"""

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from sqlalchemy import delete
from sqlmodel import Session, col

from gateway import mapping
from gateway.core.errors import TryLater, WrongState
from gateway.core.facts import Act, ActKind
from gateway.core.model import Part, PartRole, Verdict
from gateway.core.words import Reason
from gateway.database import Database
from gateway.inquiry import submission_row
from gateway.people import People
from gateway.ports import Blobs, Clock, Reader, keep_parts
from gateway.quarantine import is_at_rest
from gateway.records import BeingKeptRow, PartRow, SubmissionRow
from gateway.store import DatabaseStore, move
from scanners import child, unlock
from scanners.unlock import Said

OPENED: Final = "opened with its password"
"""What is noted of the copy."""
_SUFFIX: Final = " (zonder wachtwoord).pdf"


@dataclass(frozen=True)
class Rules:
    """How often a wrong password may be given: for one document, and by one person for all; and the child's limits."""

    attempts: int
    attempts_per_person: int
    window_minutes: int
    process: child.Limits


class By(NamedTuple):
    """Who gives the password: a member of staff, or a party of `request`."""

    officer: str
    request: str = ""

    @property
    def name(self) -> str:
        """What their tries are counted by."""
        return f"verzoek:{self.request}" if self.request else f"medewerker:{self.officer}"


class Answer(NamedTuple):
    """What came of it. `said` None: nothing was tried, as before `again_at`, or because it is locked no more."""

    said: Said | None
    again_at: datetime | None = None


class Rows:
    """Every method is one transaction."""

    def __init__(self, database: Database, store: DatabaseStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    def openable(self, number: str) -> dict[str, str]:
        """The name of each document that a password can open now, by its SHA-256. Raises NotFound."""
        with self._database.read() as session:
            row = submission_row(session, number)
            return {part.sha256: part.name for part in _locked(session, row)}

    def announce(self, hashes: Collection[str]) -> None:
        """Say that these bytes are about to be kept."""
        now = self._clock.now()
        with self._database.write() as session:
            for sha256 in sorted(hashes):
                session.merge(BeingKeptRow(sha256=sha256, at=now))

    def save(self, number: str, act: Act, parts: Sequence[Part]) -> None:
        """The copy and what it carries, beside what was locked; the act; and back into the walk: all or nothing.

        `parts`: the copy first, numbered from 0. When somebody was faster, nothing is done. Raises WrongState while
        work is going on.
        """
        with self._database.write() as session:
            row = submission_row(session, number)
            session.refresh(row, with_for_update=True)
            if not is_at_rest(row):
                raise WrongState(f"submission {number} is being worked on")
            locked = [part.seq for part in _locked(session, row) if part.sha256 == act.document]
            if not locked:
                return
            free = 1 + max(part.seq for part in mapping.part_rows(session, row))
            for place, seq in enumerate(locked):
                beside = [_beside(part, seq, free + place * len(parts)) for part in parts]
                session.add_all(PartRow(submission_id=row.id, **asdict(part)) for part in beside)
            session.flush()
            self._store.note_act(session, row, act)
            row.rescanned = ""
            session.execute(delete(BeingKeptRow).where(col(BeingKeptRow.sha256).in_({p.sha256 for p in parts})))
            move(row, "act", self._clock.now())


@dataclass(frozen=True)
class Unlocking:
    """Opens locked documents; safe to use from many threads. `scratch`: where a copy is made; emptied at a start."""

    rows: Rows
    people: People
    blobs: Blobs
    reader: Reader
    scratch: Path
    rules: Rules

    def openable(self, number: str) -> frozenset[str]:
        """The SHA-256 of each document of a submission that a password can open now. Raises NotFound."""
        return frozenset(self.rows.openable(number))

    def open(self, number: str, document: str, password: str, by: By) -> Answer:
        """Try a password on a document (by SHA-256). After OPENED it is decided again, with the copy among its facts.

        The caller has seen to it that this person may. Raises NotFound; TryLater when nothing could be tried, and
        WrongState when work is going on: then no try is counted, and nothing was kept that stays.
        """
        name = self.rows.openable(number).get(document)
        if name is None:
            return Answer(None)
        rules = self.rules
        limits = {f"{number}:{document}": rules.attempts, by.name: rules.attempts_per_person}
        tried = self.people.try_password(limits, rules.window_minutes)
        if tried.again_at is not None:
            return Answer(None, tried.again_at)
        try:
            said = self._open(number, document, name, password, by)
        except (TryLater, WrongState):
            self.people.take_back(tried)
            raise
        if said is Said.OPENED:
            self.people.take_back(tried)
        return Answer(said)

    def _open(self, number: str, document: str, name: str, password: str, by: By) -> Said:
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            copy, out = Path(folder) / "copy", Path(folder) / "parts"
            said = unlock.unlock(self.blobs.path(document), password, copy, self.rules.process)
            if said is not Said.OPENED:
                return said
            out.mkdir()
            parts = self._read(copy, _named(name), out)
            if not parts:
                return Said.FAILED
            self._keep(parts, out)
            act = Act(ActKind.OPEN, by.officer, request=by.request, document=document, copy=parts[0].sha256)
            self.rows.save(number, act, parts)
        return said

    def _read(self, copy: Path, name: str, out: Path) -> tuple[Part, ...]:
        """The copy, and the files that it carries; nothing when it cannot be read.

        Carried files that cannot be taken out are left to a person, who is shown the copy that carries them.
        """
        reading = self.reader.read_file(copy, name, unlock.MEDIA_TYPE, out)
        copies = (replace(part, role=PartRole.COPY, note=OPENED) for part in reading.parts[:1])
        return (*copies, *(() if reading.trouble else reading.parts[1:]))

    def _keep(self, parts: Sequence[Part], out: Path) -> None:
        self.rows.announce({part.sha256 for part in parts})
        keep_parts(self.blobs, parts, out)


def _locked(session: Session, row: SubmissionRow) -> list[PartRow]:
    """The documents that are refused for their password, of the kind that a password opens, and not opened yet."""
    if not is_at_rest(row):
        return []
    parts = mapping.part_rows(session, row)
    opened = {part.parent for part in parts if part.role == PartRole.COPY}
    return [
        part
        for part in parts
        if part.role == PartRole.DOCUMENT
        and part.reason == Reason.ENCRYPTED
        and (part.media_type, part.verdict) == (unlock.MEDIA_TYPE, Verdict.ENCRYPTED)
        and any(found["code"] == "encrypted" for found in part.findings)
        and part.seq not in opened
    ]


def _beside(part: Part, locked: int, free: int) -> Part:
    """A part of the copy among those of the submission: the copy belongs to what was locked."""
    return replace(part, seq=free + part.seq, parent=locked if part.parent is None else free + part.parent)


def _named(name: str) -> str:
    return PurePosixPath(name).stem + _SUFFIX
