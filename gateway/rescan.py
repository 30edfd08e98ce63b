"""Stored files are shown to the malware scanner again when it knows more than when they came in.

Rule 1: only "infected" changes anything; a scanner that is away, or fails on a file, changes nothing and is asked
again.
Rule 2: what is found is noted with everyone who opened it, and the submission goes back into the walk: decided, told
with a receipt that names the old one, and filed like any other. Terms are for a person (P10).
Rule 3: a round is bounded; what was looked at longest ago comes first.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlmodel import col

from gateway import mapping
from gateway.core.errors import TryLater
from gateway.core.facts import MESSAGE
from gateway.core.model import Finding, PartRole, Verdict
from gateway.core.states import RESTING
from gateway.core.words import EventName
from gateway.database import Database
from gateway.inquiry import submission_row
from gateway.ledger import Ledger
from gateway.ports import Blobs, Clock
from gateway.quarantine import is_at_rest, opened_by
from gateway.records import PartRow, SubmissionRow
from gateway.schema import instant
from gateway.store import move
from gateway.walk import MAIL
from scanners import clam

_log = logging.getLogger(__name__)

SUBJECT = "herscan"


@dataclass(frozen=True)
class Found:
    """A submission in which malware was found afterwards; `opened`: how often somebody took it out before."""

    number: str
    documents: int
    opened: int


@dataclass(frozen=True)
class Round:
    """What one round looked at, and what turned up."""

    signatures: str = ""
    submissions: int = 0
    found: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Rules:
    """At most `batch` submissions in a round; after `days` also with signatures of the same name."""

    batch: int
    days: float


class _ScannerAway(Exception):
    """Nobody can be asked now."""


class Rescan:
    """Looks again at what rests; any number of rounds, at any time, in one process at a time."""

    def __init__(
        self, database: Database, ledger: Ledger, clock: Clock, blobs: Blobs, scanner: clam.Clam, rules: Rules
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._blobs = blobs
        self._scanner = scanner
        self._rules = rules

    def run(self) -> Round:
        """Look at a bounded number of submissions that were last seen with other signatures, or too long ago.

        Raises TryLater when the database is away; what was looked at by then is noted.
        """
        signatures = self._scanner.signature_version() if self._scanner.canary().ok else ""
        if not signatures:
            return Round()
        seen, found = 0, []
        try:
            for number in self._due(signatures):
                infected = self._look(number)
                if infected is not None and (turned_up := self._note(number, infected, signatures)):
                    found.append(turned_up)
                seen += 1
        except _ScannerAway:
            _log.warning("the malware scanner went away; what was not looked at again waits")
        if seen:
            event = {"handtekeningen": signatures, "inzendingen": seen, "besmet": [each.number for each in found]}
            with self._database.write() as session:
                self._ledger.append(
                    session, EventName.STORED_SCANNED, self._clock.now(), SUBJECT, event | {"onderwerp": SUBJECT}
                )
        return Round(signatures, seen, tuple(found))

    def _due(self, signatures: str) -> list[str]:
        long_ago = self._clock.now() - timedelta(days=self._rules.days)
        due = (
            select(col(SubmissionRow.number))
            .where(
                col(SubmissionRow.step).in_(list(RESTING)),
                col(SubmissionRow.erasing_at).is_(None),
                or_(col(SubmissionRow.signatures) != signatures, col(SubmissionRow.scanned_at) <= long_ago),
                col(SubmissionRow.scanned_at).is_not(None),
            )
            .order_by(col(SubmissionRow.scanned_at), col(SubmissionRow.id))
            .limit(self._rules.batch)
        )
        with self._database.read() as session:
            return list(session.scalars(due))

    def _look(self, number: str) -> dict[str, str] | None:
        """What was found, by SHA-256; None when one of the files could not be looked at, so that nothing is known."""
        with self._database.read() as session:
            row = submission_row(session, number)
            hashes = {part.sha256 for part in mapping.part_rows(session, row) if part.sha256}
            if row.channel in MAIL:
                hashes |= {file.sha256 for file in mapping.files_of(session, row)}
        infected: dict[str, str] = {}
        for sha256 in sorted(hashes - {""}):
            try:
                answer = self._scanner.scan(self._blobs.path(sha256))
            except TryLater as error:
                _log.warning("%s cannot be looked at again: %s", number, error)
                self._put_off(number)
                return None
            if answer.verdict is Verdict.NOT_YET:
                raise _ScannerAway
            if answer.verdict is Verdict.ERROR:
                self._put_off(number)
                return None
            if answer.verdict is Verdict.INFECTED and answer.finding:
                infected[sha256] = answer.finding.detail
        return infected

    def _put_off(self, number: str) -> None:
        """It comes last, and its signatures stay those that it was really looked at with."""
        with self._database.write() as session:
            session.execute(
                update(SubmissionRow).where(col(SubmissionRow.number) == number).values(scanned_at=self._clock.now())
            )

    def _note(self, number: str, infected: Mapping[str, str], signatures: str) -> Found | None:
        """Say that it was looked at; what is infected and was not known to be goes back into the walk."""
        now = self._clock.now()
        with self._database.write() as session:
            row = submission_row(session, number)
            session.refresh(row, with_for_update=True)
            if not is_at_rest(row):
                return None  # somebody acted meanwhile: it is scanned again anyhow
            before = {"op": instant(row.scanned_at) if row.scanned_at else None, "met": row.signatures}
            row.scanned_at, row.signatures = now, signatures
            parts = [p for p in mapping.part_rows(session, row) if PartRole(p.role).is_inspected]
            new = [p for p in parts if p.sha256 in infected and p.verdict != Verdict.INFECTED]
            if not infected or not (new or not row.malware):
                return None
            for part in new:
                _mark(part, infected[part.sha256])
            row.rescanned = row.malware = next(iter(infected.values()))
            documents = sorted({part.sha256 for part in new}) or [MESSAGE]
            opened = opened_by(session, row, {*documents, *(p.sha256 for p in parts if not new)})
            event = {
                "ontvangstnummer": row.number,
                "gevonden": row.malware,
                "documenten": documents,
                "handtekeningen": signatures,
                "eerderGecontroleerd": before,
                "geopendDoor": [{"wie": each.who, "hoe": each.how, "op": instant(each.at)} for each in opened],
            }
            self._ledger.append(session, EventName.INFECTION_FOUND, now, row.number, event)
            move(row, "rescan", now)
            return Found(row.number, len(new), len(opened))


def _mark(part: PartRow, found: str) -> None:
    part.verdict = Verdict.INFECTED
    part.findings = [*part.findings, asdict(Finding("infected", found))]
