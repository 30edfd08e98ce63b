"""What is in quarantine: documents in which malware was found, who opened them before, and how two people let one out.

Rule 1: nothing infected counts, or leaves the house, unless one person proposed it with a reason and another agreed;
both names are in the ledger.
Rule 2: what was let out stays out by its own SHA-256 only; the same submission's other documents stay where they are.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import mapping
from gateway.core.errors import Refused
from gateway.core.facts import MESSAGE, Act, ActKind
from gateway.core.model import PartRole, Verdict
from gateway.core.states import RESTING
from gateway.core.words import EventName
from gateway.database import Database
from gateway.inquiry import submission_row
from gateway.ledger import read_event
from gateway.ports import Clock
from gateway.records import ActRow, BundleRow, EntryRow, PartRow, SubmissionRow
from gateway.store import DatabaseStore, move


@dataclass(frozen=True)
class Opened:
    """Somebody took a document out: by itself, or in a bundle of a request."""

    who: str
    how: str
    at: datetime


@dataclass(frozen=True)
class Proposal:
    """One person says that it may go out, and why; another one has to agree."""

    officer: str
    why: str
    at: datetime


@dataclass(frozen=True)
class Quarantined:
    """A document in which malware was found; `document`: its SHA-256, or `MESSAGE` for the message it came in.

    `found`: the name of the signature, and which signatures. `since`: when it was found; `afterwards`: after it was
    decided on. `opened`: who took it out before that, or since.
    """

    submission: str
    requests: tuple[str, ...]
    document: str
    name: str
    found: str
    since: datetime
    afterwards: bool
    opened: tuple[Opened, ...]
    proposal: Proposal | None


class Quarantine:
    """Every method is one transaction."""

    def __init__(self, database: Database, store: DatabaseStore, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._store = store

    def contents(self) -> tuple[Quarantined, ...]:
        """All that is in it, the longest first."""
        infected = (
            select(SubmissionRow)
            .where(col(SubmissionRow.malware) != "", col(SubmissionRow.erasing_at).is_(None))
            .order_by(col(SubmissionRow.id))
        )
        with self._database.read() as session:
            found = [each for row in session.scalars(infected) for each in _quarantined(session, row)]
        return tuple(sorted(found, key=lambda each: each.since))

    def propose(self, number: str, document: str, officer: str, why: str) -> None:
        """Say that it may go out, and why. Raises NotFound, WrongState, Refused."""
        if not why.strip():
            raise Refused.because("waarom", "schrijf waarom dit uit quarantaine mag")
        with self._database.write() as session:
            row, quarantined = _locked(session, number, document)
            if quarantined.proposal is not None:
                raise Refused.because("stuk", f"{quarantined.proposal.officer} stelde dit al voor")
            proposed = Act(ActKind.PROPOSE, officer, document=document, note=why.strip())
            self._store.note_act(session, row, proposed)

    def release(self, number: str, document: str, officer: str) -> None:
        """Let out what somebody else proposed; it is decided again. Raises NotFound, WrongState, Refused."""
        with self._database.write() as session:
            row, quarantined = _locked(session, number, document)
            proposal = quarantined.proposal
            if proposal is None:
                raise Refused.because("stuk", "stel eerst voor om dit vrij te geven, met een reden")
            if proposal.officer.casefold() == officer.casefold():
                raise Refused.because(
                    "medewerker", "u stelde dit zelf voor; vraag een collega om ernaar te kijken en het vrij te geven"
                )
            act = Act(ActKind.FREE, officer, document=document, note=proposal.why, proposer=proposal.officer)
            self._store.note_act(session, row, act)
            row.rescanned = ""
            move(row, "act", self._clock.now())


def opened_by(session: Session, row: SubmissionRow, documents: Collection[str]) -> tuple[Opened, ...]:
    """Everyone who took one of these documents out, by itself or in a bundle, in order of time."""
    entries = session.scalars(
        select(EntryRow).where(col(EntryRow.subject) == row.number, col(EntryRow.name) == EventName.CONTENT_ACCESS)
    )
    found = [
        Opened(str(event.get("medewerker") or event.get("rol") or "-"), "download", entry.at)
        for entry in entries
        if (event := read_event(entry.event)) and event.get("wat") in documents
    ]
    for request in mapping.requests_of(session, row):
        bundles = session.scalars(select(BundleRow).where(col(BundleRow.request_id) == request.id))
        found += [
            Opened(b.made_by, f"bundel {request.reference}", b.made_at) for b in bundles if row.number in b.decisions
        ]
    return tuple(sorted(found, key=lambda opened: opened.at))


def _locked(session: Session, number: str, document: str) -> tuple[SubmissionRow, Quarantined]:
    row = submission_row(session, number)
    session.refresh(row, with_for_update=True)  # of two colleagues at once, the second sees what the first did
    for each in _quarantined(session, row):
        if each.document == document:
            return row, each
    raise Refused.because("stuk", "dit stuk zit niet in quarantaine")


def _quarantined(session: Session, row: SubmissionRow) -> Iterator[Quarantined]:
    if not row.malware or row.erasing_at is not None:
        return
    acts = session.scalars(select(ActRow).where(col(ActRow.submission_id) == row.id).order_by(col(ActRow.id))).all()
    told = _found_afterwards(session, row)
    requests = tuple(request.reference for request in mapping.requests_of(session, row))
    for document, name, found in _infected(mapping.part_rows(session, row), row.malware):
        if not any(act.act["kind"] == ActKind.FREE and act.act["document"] == document for act in acts):
            since = told.get(document)
            yield Quarantined(
                row.number,
                requests,
                document,
                name,
                found,
                since or row.accepted_at,
                since is not None,
                opened_by(session, row, {document}),
                _proposal(acts, document),
            )


def _infected(parts: Sequence[PartRow], malware: str) -> list[tuple[str, str, str]]:
    """SHA-256, name and what was found of each infected document; of the message, when it is in no document.

    Of a document that was opened with its password, it may be the copy.
    """
    documents = [p for p in parts if PartRole(p.role).is_inspected and p.verdict == Verdict.INFECTED]
    if not documents:
        return [(MESSAGE, "", malware)]
    return list({p.sha256: (p.sha256, p.name, _detail(p) or malware) for p in documents}.values())


def _detail(part: PartRow) -> str:
    return next((str(found["detail"]) for found in part.findings if found["code"] == "infected"), "")


def _found_afterwards(session: Session, row: SubmissionRow) -> dict[str, datetime]:
    """By document, when malware was found in it after it was decided on."""
    entries = session.scalars(
        select(EntryRow)
        .where(col(EntryRow.subject) == row.number, col(EntryRow.name) == EventName.INFECTION_FOUND)
        .order_by(col(EntryRow.index).desc())
    )
    return {
        document: entry.at for entry in entries for document in (read_event(entry.event) or {}).get("documenten", ())
    }


def _proposal(acts: Sequence[ActRow], document: str) -> Proposal | None:
    proposals = [act for act in acts if act.act["kind"] == ActKind.PROPOSE and act.act["document"] == document]
    return (
        Proposal(proposals[-1].act["officer"], proposals[-1].act["note"], proposals[-1].acted_at) if proposals else None
    )


def is_at_rest(row: SubmissionRow) -> bool:
    """Whether nobody is working on it, and its bytes are here."""
    return row.step in RESTING and row.erasing_at is None
