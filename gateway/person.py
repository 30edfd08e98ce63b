"""The copy that a person may ask for (Awb 2:25; AVG art. 15): all of receipt, sending, notices, access; with proofs.

    afschrift.pdf, afschrift.json      to read, and for machines: the same
    bewijs/<index>/                    each event as it was committed, with its proof: `herstelpost verify` checks it
    ontvangstbewijzen/<number>/        the receipts

Rule 1: every event about the person is in it; one that names other people's addresses is told and not opened.
Rule 2: an address proves nobody: a member of staff makes the copy, looks at it, and gives it to whom it is about.
"""

import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import rfc8785
from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from gateway import inquiry, mapping, paper, receipts
from gateway.core.tokens import sub_address
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger, read_event
from gateway.ports import Clock
from gateway.records import EntryRow, LetterRow, PartyRow, RequestRow, SubmissionRow
from gateway.schema import dump, from_core, instant

PDF: Final = "afschrift.pdf"
DATA: Final = "afschrift.json"
README: Final = "LEESMIJ.txt"
PROOFS: Final = "bewijs"
RECEIPTS: Final = "ontvangstbewijzen"
SUBJECT: Final = "afschrift"
_AT_ONCE: Final = 500
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_OF_OTHERS: Final = "noemt ook anderen / names others too"
_ERASED: Final = "gewist na de bewaartermijn / erased under retention"
_README_TEXT: Final = """Afschrift van wat is vastgelegd over ontvangst, verzending, berichten en inzage.
A copy of all that was recorded about receipt, sending, notices and access (Awb 2:25).

afschrift.pdf   om te lezen / to read
afschrift.json  hetzelfde, voor een computer / the same, for a computer
bewijs/         elke gebeurtenis, zoals zij in het logboek is vastgelegd, met haar bewijs
                each event as it was recorded in the log, with its proof
                herstelpost verify bewijs/000017 --key KEY, or the steps in a receipt's own README
ontvangstbewijzen/  de ontvangstbewijzen / the receipts

Vergelijk log.vkey met de sleutel die de organisatie zelf bekendmaakt.
Compare log.vkey with the key that the organisation itself publishes.
"""


class _Line(NamedTuple):
    """An event of the copy; `event` None: it is not opened, for the reason in `closed`."""

    place: int
    name: str
    at: str
    subject: str
    event: dict[str, Any] | None
    closed: str | None


@dataclass(frozen=True)
class Copied:
    """What is in a copy."""

    requests: int
    submissions: int
    events: int
    opened: int


class Copies:
    """Makes copies. `own`: the organisation's mail addresses; `package(number)`: a receipt package by file name."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        own: Sequence[str],
        package: Callable[[str], dict[str, bytes]],
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._own = frozenset(address.casefold() for address in own)
        self._package = package

    def write(self, address: str, path: Path, officer: str) -> Copied:
        """Write the copy of everything about an address; that it was made is an event, without the address."""
        wanted = address.strip().casefold()
        with self._database.read() as session:
            requests = _requests(session, wanted)
            rows = _submissions(session, wanted, requests)
            numbers = [row.number for row in rows]
            subjects = [*(request.reference for request in requests), *numbers]
            lines = [self._line(row, wanted) for row in _entries(session, subjects, wanted)]
            said = {
                "verzoeken": [_request(session, request, wanted) for request in requests],
                "inzendingen": [_submission(session, row, wanted) for row in rows],
            }
        now = self._clock.now()
        data: dict[str, Any] = {
            "soort": "afschrift",
            "grond": "art. 2:25 Awb; art. 15 AVG",
            "persoon": wanted,
            "gemaaktOp": instant(now),
            "log": self._ledger.origin,
            **said,
            "gebeurtenissen": [_told(line) for line in lines],
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(PDF, paper.copy_pdf(data, now, "nl"))
            archive.writestr(DATA, rfc8785.dumps(data))
            archive.writestr(README, _README_TEXT)
            for name, content in self._files(lines, rows, wanted):
                archive.writestr(name, content)
        copied = Copied(len(requests), len(rows), len(lines), sum(line.event is not None for line in lines))
        self._note(copied, [request.reference for request in requests], officer)
        return copied

    def _files(
        self, lines: Sequence[_Line], rows: Sequence[SubmissionRow], address: str
    ) -> Iterator[tuple[str, bytes]]:
        """The proof of each event that is opened, and the receipts."""
        now = self._clock.now()
        keys = "".join(f"{vkey}\n" for vkey in self._ledger.vkeys).encode()
        yield receipts.VKEYS, keys
        for line in lines:
            if line.event is not None:
                proved = self._ledger.prove(line.place, now)
                folder = f"{PROOFS}/{line.place:06}"
                yield f"{folder}/{receipts.RECEIPT}", proved.event
                yield f"{folder}/{receipts.PROOF}", proved.proof.encode()
                yield f"{folder}/{receipts.VKEYS}", "".join(f"{vkey}\n" for vkey in proved.vkeys).encode()
        for row in rows:
            if _is_of(row, address):
                for name, content in self._package(row.number).items():
                    yield f"{RECEIPTS}/{row.number}/{name}", content

    def _line(self, row: EntryRow, address: str) -> _Line:
        event = read_event(row.event)
        closed = _ERASED if event is None else _OF_OTHERS if self._names_others(event, address) else None
        return _Line(row.index, row.name, instant(row.at), row.subject, None if closed else event, closed)

    def _names_others(self, event: Mapping[str, Any], address: str) -> bool:
        """Whether it names an address that is neither theirs nor ours, or people beside them."""
        named = {found.casefold().rstrip(".") for found in _ADDRESS.findall(json.dumps(event, ensure_ascii=False))}
        others = {found for found in named if found != address and sub_address(found)[0].casefold() not in self._own}
        return bool(others) or len(event.get("betrokkenen", ())) > 1

    def _note(self, copied: Copied, references: Sequence[str], officer: str) -> None:
        event = {
            "onderwerp": SUBJECT,
            "medewerker": officer,
            "verzoeken": list(references),
            "inzendingen": copied.submissions,
            "gebeurtenissen": copied.events,
        }
        with self._database.write() as session:
            self._ledger.append(session, EventName.COPY_MADE, self._clock.now(), SUBJECT, event)


# ---- what there is about a person ----------------------------------------------------------------


def _requests(session: Session, address: str) -> Sequence[RequestRow]:
    mine = select(col(PartyRow.request_id)).where(func.lower(col(PartyRow.email)) == address)
    return session.scalars(select(RequestRow).where(col(RequestRow.id).in_(mine)).order_by(col(RequestRow.id))).all()


def _submissions(session: Session, address: str, requests: Sequence[RequestRow]) -> list[SubmissionRow]:
    """What they sent, what came in for their requests, and what we wrote to them about."""
    written = select(col(LetterRow.submission_id)).where(func.lower(col(LetterRow.draft)["to"].as_string()) == address)
    about = or_(
        func.lower(col(SubmissionRow.sender)) == address,
        col(SubmissionRow.id).in_(written),
        *(inquiry.is_for(request) for request in requests),
    )
    return list(session.scalars(select(SubmissionRow).where(about).order_by(col(SubmissionRow.id))))


def _entries(session: Session, subjects: Sequence[str], address: str) -> list[EntryRow]:
    """The log's entries about these, and the attempts of this address that were turned away."""
    found: dict[int, EntryRow] = {}
    for start in range(0, len(subjects), _AT_ONCE):
        some = select(EntryRow).where(col(EntryRow.subject).in_(subjects[start : start + _AT_ONCE]))
        found |= {row.index: row for row in session.scalars(some)}
    refused = select(EntryRow).where(col(EntryRow.name) == EventName.SUBMISSION_REJECTED)
    for row in session.scalars(refused.execution_options(yield_per=_AT_ONCE)):
        envelope = (read_event(row.event) or {}).get("envelop") or {}
        if str(envelope.get("mail_from", "")).casefold() == address:
            found[row.index] = row
    return [found[index] for index in sorted(found)]


def _is_of(row: SubmissionRow, address: str) -> bool:
    """Whether they sent it, as far as the channel can tell: who uploads is known by the request only."""
    return row.sender.casefold() in {address, ""} and row.erased_at is None


def _request(session: Session, row: RequestRow, address: str) -> dict[str, Any]:
    """The request, with no other people than themselves."""
    view = dump(from_core(mapping.request_of(session, row)))
    people = [person for person in view["betrokkenen"] if person["email"].casefold() == address]
    return view | {"betrokkenen": people, "mailadres": ""}


def _submission(session: Session, row: SubmissionRow, address: str) -> dict[str, Any]:
    """What they sent, whole; of what others sent, that it came in and when."""
    view = dump(mapping.submission_view(session, row))
    if _is_of(row, address):
        return view
    return {key: view[key] for key in ("ontvangstnummer", "kanaal", "ontvangenOp", "tijdzone", "status")}


def _told(line: _Line) -> dict[str, Any]:
    return {
        "logIndex": line.place,
        "gebeurtenis": line.name,
        "tijd": line.at,
        "onderwerp": line.subject,
        "inhoud": line.event,
        "gesloten": line.closed,
    }
