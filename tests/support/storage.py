"""What keeps things, for tests of its promises: tables and bytes on a clock of the test, and whole houses to walk in.

`opened` is only what keeps; `built` is a whole house as `gateway.app` wires it, with nothing running in it. Both
work on SQLite and on PostgreSQL. (A house that runs, with a portal: `tests.support.house`.)
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from config.calendar import load_calendar
from config.decision_terms import load_decision_terms
from config.settings import Settings, parse
from gateway import app, notes, walk
from gateway.alerts import Alerts
from gateway.arrivals import JournalRows
from gateway.blobs import FileBlobs
from gateway.closing import Closing
from gateway.closing import Rules as ClosingRules
from gateway.completion import Completion
from gateway.consenting import Consents
from gateway.core.alerts import Recipient
from gateway.core.answers import Draft, drafts
from gateway.core.decide import decide
from gateway.core.decision_term import Reading as TermReading
from gateway.core.errors import Refused
from gateway.core.facts import Act, ActKind, Facts
from gateway.core.match import match
from gateway.core.model import (
    Accepted,
    Arrival,
    Decision,
    Envelope,
    Inspection,
    Part,
    PartRole,
    Reading,
    StoredFile,
    Verdict,
)
from gateway.core.states import Step
from gateway.core.templates import Library
from gateway.core.words import Channel, Reason
from gateway.correspondence import Correspondence, Rules
from gateway.database import Database
from gateway.dates import Dates
from gateway.dates import Rules as DateRules
from gateway.inquiry import Policy
from gateway.journal import Place
from gateway.last_chance import Looked
from gateway.ledger import Ledger
from gateway.letterpaper import Letterhead
from gateway.people import People
from gateway.ports import Claim, Incoming
from gateway.posting import Posting
from gateway.postroom import Postroom
from gateway.queries import Queries
from gateway.reminders import Reminders
from gateway.requests import Requests
from gateway.schema import VerzoekIn, VerzoekNieuw
from gateway.store import DatabaseStore
from mail import alerts, notices
from mail.message import House
from tests.support import dossier
from tests.support.house import request_json

ADDRESS = "documenten@intake.example"
APPLICANT = "a.voorbeeld@example.org"
REFERENCE = "HV-2026-000123"
ORIGIN = "herstelpost.example/intake"
HOUSE = House(ADDRESS, "Herstelpost", "Herstelpost", "https://portaal.example", "088 000 00 00", (ADDRESS,))
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


# ---- storage --------------------------------------------------------------------------------------


def settings(directory: Path, clamd_socket: Path | None = None, **sections: Mapping[str, object]) -> Settings:
    """The embedded default in `directory`; `sections` are tables of the configuration, e.g. `work={...}`."""
    clamd = {"clamd": f"unix:{clamd_socket}"} if clamd_socket else {}
    tables = {"scanners": clamd, **sections}
    return parse({"data_dir": str(directory), **tables}, "test")


@contextmanager
def built(directory: Path, clamd_socket: Path | None = None, **sections: Mapping[str, object]) -> Iterator[app.House]:
    """A whole house, its tables made; closed on leaving. Nothing runs in it: see `walk_on` and `send_letters`."""
    house = app.build(settings(directory, clamd_socket, **sections))
    try:
        if not house.database.embedded:
            house.database.migrate()
        yield house
    finally:
        house.close()


def walk_on(house: app.House, most: int = 200) -> None:
    """Do all the work whose time has come."""
    for _ in range(most):
        if walk.advance(house.ports) is None:
            return
    raise AssertionError(f"after {most} steps there is still work")


def send_letters(house: app.House) -> None:
    """Write and hand over every letter that is due, as the clock of the running gateway does."""
    walk.write_letters(house.ports)
    while house.outbox.send(lambda _event, _fields: None):
        pass


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, **units: float) -> None:
        """Move on, e.g. `hours=2`."""
        self.at += timedelta(**units)


@dataclass(frozen=True)
class Storage:
    """What keeps things, on a clock of the test's own."""

    directory: Path
    database: Database
    clock: FakeClock
    ledger: Ledger
    blobs: FileBlobs
    store: DatabaseStore
    requests: Requests
    closing: Closing
    alerts: Alerts
    reminders: Reminders
    correspondence: Correspondence
    posting: Posting
    consents: Consents
    people: People
    queries: Queries


@contextmanager
def opened(
    directory: Path,
    url: str = "",
    clock: FakeClock | None = None,
    lease_seconds: float = 600,
    looked: Looked | None = None,
) -> Iterator[Storage]:
    """Tables and blobs in `directory` (or in the database `url`); a second one on the same is a second process."""
    directory.mkdir(exist_ok=True)
    database = Database(url or f"sqlite:///{directory / 'herstelpost.db'}")
    clock = clock or FakeClock()
    ledger = Ledger(database, _signer(directory))
    blobs = FileBlobs(directory / "blobs", places=JournalRows(database))
    policy = Policy(
        (ADDRESS,),
        (),
        30 << 20,
        counts_message=False,
        lease_seconds=lease_seconds,
        later_per_second=10,
        later_when_broken=timedelta(seconds=20),
    )
    postroom = Postroom(ledger, load_calendar(), (ADDRESS,), ADDRESS, timedelta(hours=1))
    terms = DateRules(load_calendar(), TermReading(), load_decision_terms(), (7, 2, 0), own_terms_move=True)
    requests = Requests(database, ledger, clock, load_calendar(), ADDRESS, postroom=postroom)
    staff = {recipient: f"{recipient}@dienst.example" for recipient in Recipient}
    compose = partial(alerts.compose, house=HOUSE)
    told = Alerts(database, ledger, blobs, clock, staff, "intake.example", compose)
    completion = Completion(postroom, told, terms)
    closing = ClosingRules("o.besluit", looked=looked or Looked())
    try:
        database.migrate()
        yield Storage(
            directory,
            database,
            clock,
            ledger,
            blobs,
            DatabaseStore(database, ledger, blobs, clock, policy, postroom, completion=completion),
            requests,
            Closing(database, ledger, clock, postroom=postroom, alerts=told, terms=terms, rules=closing),
            told,
            Reminders(database, ledger, clock, postroom, (7, 2)),
            correspondence := Correspondence(
                database,
                ledger,
                blobs,
                clock,
                requests=requests,
                postroom=postroom,
                dates=Dates(database, clock, terms),
                head=Letterhead(
                    "Herstelpost", "https://portaal.example", "088 000 00 00", "Postbus 1, 1000 AA X", 30, 50
                ),
                rules=Rules(date(2027, 1, 1)),
                templates=Library(),
                compose=partial(notices.compose, house=HOUSE),
            ),
            Posting(database, ledger, clock, postroom, timedelta(hours=24), correspondence.typeset),
            Consents(database, ledger, clock, postroom),
            People(database, ledger, clock),
            Queries(database),
        )
    finally:
        database.close()


def _signer(directory: Path) -> notes.Signer:
    """The ledger's signer; processes on one directory share its key."""
    path = directory / "ledger.pem"
    if not path.exists():
        path.write_bytes(notes.key_to_pem(notes.generate_key()))
    return notes.Signer(ORIGIN, notes.key_from_pem(path.read_bytes()))


# ---- requests ------------------------------------------------------------------------------------


def request(**changes: Any) -> VerzoekIn:
    """A request for a passport (1) and a marriage certificate (2), sent on 2 November 2026 for four weeks."""
    values = request_json(
        REFERENCE,
        verzondenOp="2026-11-02",
        termijn={"aantal": 4, "eenheid": "weken"},
        stukken=[
            {"nummer": "1", "soort": "paspoort", "omschrijving": "Kopie van het paspoort", "persoon": "C. Voorbeeld"},
            {"nummer": "2", "soort": "huwelijksakte", "omschrijving": "Huwelijksakte"},
        ],
    )
    return VerzoekIn.model_validate(values | changes)


def open_request(requests: Requests, **changes: Any) -> VerzoekNieuw:
    """The request, opened: with its mail address and access code."""
    return requests.open([request(**changes)])[0]


# ---- what citizens send --------------------------------------------------------------------------


def message(
    to: str,
    attachments: Mapping[str, bytes],
    *,
    sender: str = APPLICANT,
    subject: str = "documenten",
    text: str = "Hierbij mijn stukken.\n",
) -> bytes:
    """A message as it comes over the wire; a name that does not end in .pdf is sent as an unknown type."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{hashlib.sha256(repr(sorted(attachments.items())).encode()).hexdigest()[:16]}@example.org>"
    mail.set_content(text)
    for name, content in attachments.items():
        kind = ("application", "pdf") if name.endswith(".pdf") else ("application", "octet-stream")
        mail.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
    if attachments:
        mail.set_boundary("grens")  # the same message is the same bytes
    return mail.as_bytes()


def two_documents(to: str, **changes: Any) -> bytes:
    """A message with a passport, which was asked for, and a diploma, which was not."""
    return message(to, {"paspoort.pdf": dossier.pdf(width=300), "diploma.pdf": dossier.pdf(width=310)}, **changes)


def hand_in_mail(house: app.House, raw: bytes, *to: str, sender: str = APPLICANT, source: str = "") -> Accepted:
    """The message, accepted as the SMTP listener does it; each time a new session unless `source` is given."""
    now = house.ports.clock.now()
    envelope = Envelope(sender, to, "192.0.2.1", "mail.example.org")
    return _hand_in(
        house,
        [raw],
        lambda files: Arrival(Channel.SMTP, now, files, source or f"smtp:{now.timestamp()}:{to}", envelope),
    )


def hand_in_upload(house: app.House, reference: str, documents: Mapping[str, bytes], *, source: str = "") -> Accepted:
    """The documents by item number, accepted as the portal does it."""
    now = house.ports.clock.now()

    def arrival(files: tuple[StoredFile, ...]) -> Arrival:
        named = tuple(
            replace(file, name=f"stuk-{item}.pdf", media_type="application/pdf", item=item)
            for file, item in zip(files, documents, strict=True)
        )
        return Arrival(Channel.PORTAL, now, named, source or f"portal:{now.timestamp()}", request=reference)

    return _hand_in(house, list(documents.values()), arrival)


def _hand_in(house: app.House, contents: list[bytes], arrival: Any) -> Accepted:
    spools: list[Incoming] = []
    try:
        for content in contents:
            spools.append(house.ports.store.spool())
            spools[-1].write(content)
        return walk.accept(spools, arrival, house.ports)
    finally:
        for spool in spools:
            spool.drop()


class NoRows:
    """The `Places` when none of what came in was accepted."""

    def of(self, _sha256: str) -> None:
        return None

    def segments(self) -> frozenset[str]:
        return frozenset()


def content_of(blobs: FileBlobs, file: StoredFile) -> bytes:
    """The bytes of a file that was handed in to an intake without rows."""
    if file.segment is None or file.start is None:
        return blobs.path(file.sha256).read_bytes()
    return blobs._journal.read(Place(file.segment, file.start, file.bytes))


def arrival(number: int = 0, blobs: FileBlobs | None = None, **changes: Any) -> Arrival:
    """A mail as handed to the store; with `blobs` its bytes are kept. The same number is the same source."""
    content = f"Subject: {number}\r\n\r\nnumber {number}\r\n".encode()
    stored = StoredFile(hashlib.sha256(content).hexdigest(), len(content))
    if blobs is not None:
        spool = blobs.spool()
        spool.write(content)
        stored = spool.keep()
    values: dict[str, Any] = {
        "channel": Channel.SMTP,
        "received_at": NOON,
        "files": (stored,),
        "source": f"smtp:test:{number}",
        "envelope": Envelope(APPLICANT, (ADDRESS,), "192.0.2.1", "mail.example.org"),
    }
    return Arrival(**values | changes)


# ---- the walk without readers and scanners -------------------------------------------------------


class Undecided(NamedTuple):
    """A submission for which everything was found out, and what the next step would store."""

    number: str
    claim: Claim
    facts: Facts
    decision: Decision
    letters: tuple[Draft, ...]


def part(number: int, item: str | None = None) -> Part:
    """A small PDF, unlike that of any other number."""
    content = _content(number)
    name = f"{number}.pdf"
    sha256 = hashlib.sha256(content).hexdigest()
    return Part(number, None, PartRole.DOCUMENT, name, name, "application/pdf", len(content), sha256, item=item)


def _content(number: int) -> bytes:
    return dossier.pdf(width=200 + number)


def ready_to_decide(
    kept: Storage,
    number: int = 1,
    item: str = "1",
    seen: Callable[[], None] = lambda: None,
    received_at: datetime = NOON,
) -> Undecided:
    """A clean document for an item, through the portal, walked up to its decision; `seen` is called on the way."""
    with contextlib.suppress(Refused):  # the request is open already
        open_request(kept.requests)
    at_portal = arrival(
        number, kept.blobs, channel=Channel.PORTAL, received_at=received_at, request=REFERENCE, envelope=Envelope()
    )
    receipt = kept.store.accept(at_portal).number
    seen()
    found = part(number, item)
    spool = kept.blobs.spool()
    spool.write(_content(number))
    assert spool.keep().sha256 == found.sha256
    kept.store.save_reading(_claimed(kept, receipt), Reading(None, (found,)))
    seen()
    clean = Inspection(found.sha256, "application/pdf", Verdict.CLEAN)
    kept.store.save_inspections(_claimed(kept, receipt), {found.seq: clean}, "")
    clues, sender = kept.store.find_clues(receipt)
    kept.store.save_match(_claimed(kept, receipt), clues, match(clues, sender).tied)
    seen()
    facts = kept.store.facts(receipt)
    decision = decide(facts)
    letters = drafts(receipt, facts, decision, None, (ADDRESS,))
    return Undecided(receipt, _claimed(kept, receipt), facts, decision, letters)


def decided(kept: Storage, number: int = 1, item: str = "1", received_at: datetime = NOON) -> str:
    """The receipt number of such a document, decided and at rest; its letter is not written."""
    ready = ready_to_decide(kept, number, item, received_at=received_at)
    kept.store.save_decision(ready.claim, ready.facts, ready.decision, ready.letters)
    finish(kept)
    return ready.number


def finish(kept: Storage) -> None:
    """Answer and file what is decided."""
    while claim := kept.store.claim():
        if claim.step is Step.DECIDED:
            kept.store.save_answer(claim)
        elif claim.step is Step.ANSWERED:
            kept.store.save_filing(claim)


def refuse(kept: Storage, number: str, officer: str = "j.jansen") -> None:
    """A person refuses what is held; it is decided again, and rests."""
    kept.store.act(number, Act(ActKind.REFUSE, officer, reason=Reason.NO_REQUEST))
    kept.store.save_inspections(_claimed(kept, number), {}, "")
    kept.store.save_match(_claimed(kept, number), (), ())
    facts = kept.store.facts(number)
    kept.store.save_decision(_claimed(kept, number), facts, decide(facts), ())
    finish(kept)


def _claimed(kept: Storage, number: str) -> Claim:
    claim = kept.store.claim(number)
    assert claim is not None
    return claim
