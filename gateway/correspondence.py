"""Our own letters: released, made, placed in the portal, and who was told of them (on paper: `gateway.posting`).

Rule 1: a request is released only when its letter has all that case law asks (`gateway.core.release`).
Rule 2: the PDF is in the blobs before the message is in the portal, and the notices go out with it, not before.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import letterpaper
from gateway.core import notices, release, terms
from gateway.core.errors import Fault, NotFound, Refused
from gateway.core.notices import MessageKind, NoticeFacts, Sending, Way, Why
from gateway.core.templates import Check, Library, LookUp
from gateway.core.words import EventName, Procedure, RequestStatus
from gateway.database import Database
from gateway.dates import Dates, suspension
from gateway.inquiry import request_row
from gateway.ledger import Ledger
from gateway.letterpaper import Letterhead, Sheet
from gateway.ports import Blobs, Clock, keep_bytes
from gateway.postroom import DRAFTED, Postroom, letter_written
from gateway.records import LetterRow, MessageRow, PartyRow, RequestRow, SendingRow
from gateway.requests import Requests
from gateway.schema import Opmerking, VerzoekIn, VerzoekNieuw, to_core

BATCH: Final = 20
CONSEQUENCE: Final = {
    Procedure.APPLICATION: "de aanvraag niet behandelen (art. 4:5 Awb)",
    Procedure.OBJECTION: "het bezwaar niet-ontvankelijk verklaren (art. 6:6 Awb)",
}
_NO_TIME: Final = timedelta()


@dataclass(frozen=True)
class Message:
    """A message in the portal; `id` names it within the house, `pages` of it are the PDF."""

    id: int
    key: str
    kind: MessageKind
    title: str
    placed_at: datetime
    last_day: date | None


@dataclass(frozen=True)
class Told:
    """One way in which one person was told of a message, and what became of it."""

    message: str
    role: str
    name: str
    way: Way
    why: Why
    attempt: int
    state: Sending
    at: datetime


@dataclass(frozen=True)
class Rules:
    """What the configuration says. `full_from`: notices say more from that day on (Awb 2:10 lid 2).

    `at_import`: what is opened is released too.
    """

    full_from: date
    at_import: bool = False


class Correspondence:
    """Every public method is one transaction, but `write`, which is one for each message."""

    def __init__(  # noqa: PLR0913  # it stands on all of these
        self,
        database: Database,
        ledger: Ledger,
        blobs: Blobs,
        clock: Clock,
        *,
        requests: Requests,
        postroom: Postroom,
        dates: Dates,
        head: Letterhead,
        rules: Rules,
        templates: Library,
        compose: Callable[[NoticeFacts], bytes],
    ) -> None:
        """`compose`: a notice as a mail message. `templates`: what is not, or not lightly, asked."""
        self._database = database
        self._ledger = ledger
        self._blobs = blobs
        self._clock = clock
        self._requests = requests
        self._postroom = postroom
        self._dates = dates
        self._head = head
        self._rules = rules
        self._templates = templates
        self._compose = compose

    # ---- releasing -------------------------------------------------------------------------------

    def register(self, values: Sequence[VerzoekIn], officer: str) -> tuple[VerzoekNieuw, ...]:
        """Open requests, and release them where the configuration says so. Raises Refused.

        What the body can look up itself is not asked (Vw 2000, art. 24a): a fault, or a remark with the new request.
        """
        blocked = tuple(
            Fault(f"{place}.{at}" if len(values) > 1 else at, rule.about(described))
            for place, value in enumerate(values)
            for at, described, rule in self._look_ups(value)
            if rule.check is Check.BLOCK
        )
        if blocked:
            raise Refused(blocked)
        made = self.open(values, officer) if self._rules.at_import else self._requests.open(values)
        return tuple(new.model_copy(update={"opmerkingen": self._remarks(new)}) for new in made)

    def _look_ups(self, value: VerzoekIn) -> Iterator[tuple[str, str, LookUp]]:
        """What speaks against asking a document: its field, its description and the rule."""
        for place, asked in enumerate(value.stukken):
            if rule := self._templates.look_up(asked.soort, asked.omschrijving):
                field = "soort" if self._templates.look_up(asked.soort, "") else "omschrijving"
                yield f"stukken.{place}.{field}", asked.omschrijving, rule

    def _remarks(self, value: VerzoekIn) -> tuple[Opmerking, ...]:
        found = self._look_ups(value)
        return tuple(Opmerking(plaats=place, tekst=rule.about(described)) for place, described, rule in found)

    def open(self, values: Sequence[VerzoekIn], officer: str) -> tuple[VerzoekNieuw, ...]:
        """Open requests and release them: a letter for each, dated today or later. All or nothing.

        Raises Refused with every fault of every letter.
        """
        today = self._today()
        values = [v.model_copy(update={"verzondenOp": max(v.verzondenOp, today)}) for v in values]
        faults = [
            Fault(f"{place}.{fault.place}" if len(values) > 1 else fault.place, fault.problem)
            for place, value in enumerate(values)
            for fault in self.faults(value)
        ]
        if faults:
            raise Refused(tuple(faults))
        with self._database.write() as session:
            made = self._requests.open_in(session, values)
            for new in made:
                self._release(session, request_row(session, new.kenmerk), new.toegangscode, officer)
            return made

    def release(self, reference: str, officer: str) -> str:
        """Release a request that was opened without a letter; returns its new access code, the old one ends.

        The letter is dated today; the term counts from it when that gives more time. Raises Refused, NotFound.
        """
        with self._database.write() as session:
            row = request_row(session, reference)
            session.refresh(row, with_for_update=True)
            if row.status not in {RequestStatus.OPEN, RequestStatus.LAPSED}:
                raise Refused.because("kenmerk", f"verzoek {reference} staat niet open")
            if self._messages(session, row, MessageKind.REQUEST):
                raise Refused.because("kenmerk", f"verzoek {reference} is al vrijgegeven")
            value = VerzoekIn.model_validate(_as_asked(self._view(session, row)))
            today = self._today()
            faults = self.faults(value.model_copy(update={"verzondenOp": max(row.sent_day, today)}))
            if faults:
                raise Refused(faults)
            self._postroom.restart(session, row, max(today, row.sent_day), self._clock.now())
            code = self._requests.new_code(row)
            self._release(session, row, code, officer)
            return code

    def faults(self, value: VerzoekIn) -> tuple[Fault, ...]:
        """What keeps the letter of a request in the house, all at once; `place` is the contract's field."""
        core = to_core(value, value.verzondenOp, "")
        end = self._requests.last_day(value)
        decided = None
        if core.decision_term and core.decision_received_day:
            decided = terms.last_day(
                core.decision_received_day, core.decision_term, self._postroom.calendar, statutory=True
            ).day
        places = {"email": self._postroom.return_base, "portaal": self._head.portal_url}
        letter = release.RequestLetter(
            letter_day=core.sent_day,
            items=core.items,
            term=core.term,
            last_day=end.day,
            why_that_day=terms.derivation(end, "nl"),
            consequence=CONSEQUENCE[core.procedure],
            ways=(*(release.Way(c, places[c]) for c in core.channels), release.Way("post", self._head.postal_address)),
            help_phone=self._head.help_phone,
            decision_last_day=decided,
        )
        return release.faults(letter)

    def _release(self, session: Session, row: RequestRow, code: str, officer: str) -> None:
        now = self._clock.now()
        event = {"verzoek": row.reference, "medewerker": officer, "laatsteDag": row.last_day.isoformat()}
        session.flush()
        self._ledger.append(session, EventName.REQUEST_RELEASED, now, row.reference, event)
        content = {"verzoek": self._view(session, row)}
        self._postroom.prepare(session, row, MessageKind.REQUEST, content, now, code)

    def say(self, reference: str, title: str, paragraphs: Sequence[str], officer: str) -> None:
        """Place a message of a member of staff (`mededeling`) for the people of a request. Raises Refused, NotFound."""
        lines = [line.strip() for line in paragraphs if line.strip()]
        if not title.strip() or not lines:
            raise Refused.because("bericht", "een bericht heeft een titel en een tekst")
        with self._database.write() as session:
            self.say_in(session, request_row(session, reference), title.strip(), lines, officer)

    def say_in(self, session: Session, row: RequestRow, title: str, paragraphs: Sequence[str], officer: str) -> None:
        """`say`, in the caller's transaction."""
        content = {
            "verzoek": self._view(session, row),
            "titel": title,
            "alineas": list(paragraphs),
            "medewerker": officer,
        }
        self._postroom.prepare(session, row, MessageKind.OTHER, content, self._clock.now())

    # ---- making ----------------------------------------------------------------------------------

    def write(self) -> int:
        """Make and place every message that waits, and write the notices that are due; returns how many.

        One that cannot be made stops no other; the first error is raised when all were tried.
        """
        with self._database.read() as session:
            waiting = session.scalars(
                select(col(MessageRow.id))
                .where(col(MessageRow.placed_at).is_(None), col(MessageRow.stopped_at).is_(None))
                .limit(BATCH)
            ).all()
        errors = [*_tried(self._place, waiting)]
        with self._database.read() as session:
            due = session.scalars(
                select(col(LetterRow.id))
                .where(
                    col(LetterRow.state) == DRAFTED,
                    col(LetterRow.sending_id).is_not(None),
                    col(LetterRow.retry_at) <= self._clock.now(),
                )
                .limit(BATCH)
            ).all()
        errors += _tried(self._write_notice, due)
        if errors:
            raise errors[0]
        return len(waiting) + len(due)

    def _place(self, number: int) -> None:
        with self._database.read() as session:
            message = session.get_one(MessageRow, number)
            request = session.get_one(RequestRow, message.request_id)
        told = self._told(message, request)
        kept = keep_bytes(self._blobs, self.typeset(message, request, self._today())).sha256
        with self._database.write() as session:
            row = session.get_one(MessageRow, number, with_for_update=True)
            if row.placed_at is None and row.stopped_at is None:  # else another process was first
                self._postroom.placed(session, row, kept, self._clock.now(), told)

    def _told(self, message: MessageRow, request: RequestRow) -> dict[str, Any]:
        """Until when we may decide, now that all items are answered: the one source of dates says so."""
        if message.kind != MessageKind.ANSWERED:
            return {}
        return suspension(self._dates.why(request.reference).beslistermijn)

    def _write_notice(self, number: int) -> None:
        with self._database.read() as session:
            letter = session.get_one(LetterRow, number)
            key, mail = letter.key, self._compose(self._notice(session, letter))
        kept = keep_bytes(self._blobs, mail)
        with self._database.write() as session:
            letter_written(session, key, kept)

    def _notice(self, session: Session, letter: LetterRow) -> NoticeFacts:
        sending = session.get_one(SendingRow, letter.sending_id)
        message = session.get_one(MessageRow, sending.message_id)
        request = session.get_one(RequestRow, message.request_id)
        domain = self._postroom.return_base.rpartition("@")[2]
        name = hashlib.sha256(letter.key.encode()).hexdigest()[:32]
        kind = MessageKind(message.kind)
        return NoticeFacts(
            to=letter.draft["to"],
            language=request.language,
            message_id=f"<bericht.{name}@{domain}>",
            sent_at=letter.made_at,
            kind=kind,
            reference=request.reference,
            last_day=request.last_day if kind in notices.WITH_TERM else None,
            full=notices.tells_all(kind, self._today(), self._rules.full_from),
            again=sending.attempt > 1,
        )

    def typeset(
        self,
        message: MessageRow,
        request: RequestRow,
        day: date,
        party: PartyRow | None = None,
        code: str | None = None,
    ) -> bytes:
        """The letter as it is on that day: to everybody, or on paper to one person."""
        asked, content = message.content["verzoek"], message.content
        if message.kind == MessageKind.REMINDER:
            addressee = (party.name, party.organisation) if party else ("", "")
            return letterpaper.reminder_pdf(asked, Sheet(day, request.last_day, {}, *addressee), self._head)
        sent = max(day, request.sent_day)
        end = self._postroom.end_of(request, sent)
        # More time that was given stands, whatever the day of sending makes of it.
        last = max(end.day, request.last_day)
        why = {language: _why(end, last, language) for language in ("nl", "en")}
        to, organisation = (party.name, party.organisation) if party else ("", "")
        sheet = Sheet(sent, last, why, to, organisation, code)
        if message.kind == MessageKind.REQUEST:
            return letterpaper.request_pdf(asked, sheet, self._head)
        if message.kind == MessageKind.ANSWERED:
            return letterpaper.answered_pdf(asked, self._told(message, request), sheet, self._head)
        return letterpaper.other_pdf(asked, content["titel"], content["alineas"], sheet, self._head)

    # ---- in the portal ---------------------------------------------------------------------------

    def messages(self, reference: str) -> tuple[Message, ...]:
        """What the people of a request find in the portal, newest first. Raises NotFound."""
        with self._database.read() as session:
            row = request_row(session, reference)
            return tuple(
                _message(message, row)
                for message in reversed(self._messages(session, row))
                if message.placed_at is not None
            )

    def pdf(self, reference: str, message: int, reader: str) -> bytes:
        """The PDF of a message in the portal; that it was read is noted (Awb 2:25). Raises NotFound."""
        with self._database.write() as session:
            row = session.get(MessageRow, message)
            request = request_row(session, reference)
            if row is None or row.request_id != request.id or row.sha256 is None:
                raise NotFound.because("bericht", f"geen bericht {message} bij verzoek {reference}")
            event = {"verzoek": reference, "medewerker": reader, "wat": f"bericht {row.key} gelezen"}
            self._ledger.append(session, EventName.CONTENT_ACCESS, self._clock.now(), reference, event)
            sha256 = row.sha256
        with self._blobs.open(sha256) as file:
            return file.read()

    def told(self, reference: str) -> tuple[Told, ...]:
        """How each person of a request was told of each message, in order. Raises NotFound."""
        with self._database.read() as session:
            row = request_row(session, reference)
            found = session.execute(
                select(SendingRow, MessageRow, PartyRow)
                .join(MessageRow, col(MessageRow.id) == col(SendingRow.message_id))
                .join(PartyRow, col(PartyRow.id) == col(SendingRow.party_id))
                .where(col(MessageRow.request_id) == row.id)
                .order_by(col(SendingRow.id))
            )
            return tuple(
                Told(
                    message.key,
                    party.role,
                    party.name,
                    Way(sending.way),
                    Why(sending.why),
                    sending.attempt,
                    Sending(sending.state),
                    sending.sent_at or sending.made_at,
                )
                for sending, message, party in found
            )

    # ---- beneath ---------------------------------------------------------------------------------

    def _messages(self, session: Session, row: RequestRow, kind: MessageKind | None = None) -> Sequence[MessageRow]:
        query = select(MessageRow).where(col(MessageRow.request_id) == row.id).order_by(col(MessageRow.id))
        return session.scalars(query.where(col(MessageRow.kind) == kind) if kind else query).all()

    def _view(self, session: Session, row: RequestRow) -> dict[str, Any]:
        return self._postroom.view(session, row)

    def _today(self) -> date:
        return terms.local_day(self._clock.now())


def _tried(work: Callable[[int], None], numbers: Iterable[int]) -> Iterator[Exception]:
    for number in numbers:
        try:
            work(number)
        except Exception as error:  # noqa: BLE001  # raised when all were tried
            yield error


def _why(end: terms.TermEnd, last: date, language: str) -> list[str]:
    told = terms.derivation(end, language)
    if last == end.day:
        return list(told)
    day = terms.day_in_words(last, language)
    more = f"U kreeg meer tijd: tot en met {day}." if language == "nl" else f"You got more time: until {day}."
    return [*told[:-1], more]


def _as_asked(view: Mapping[str, Any]) -> dict[str, Any]:
    """A request as it was sent to us: without what we answer."""
    fields = VerzoekIn.model_fields
    items = [{k: v for k, v in item.items() if k != "status"} for item in view["stukken"]]
    return {key: value for key, value in view.items() if key in fields} | {"stukken": items}


_TITLES: Final = {
    MessageKind.REQUEST: "Wij hebben nog documenten nodig",
    MessageKind.ANSWERED: "Op elk gevraagd document is een antwoord binnen",
    MessageKind.REMINDER: "Herinnering: wij missen nog documenten",
}


def _message(row: MessageRow, request: RequestRow) -> Message:
    kind = MessageKind(row.kind)
    assert row.placed_at is not None
    return Message(
        id=row.id,
        key=row.key,
        kind=kind,
        title=_TITLES.get(kind) or row.content["titel"],
        placed_at=row.placed_at,
        last_day=request.last_day if kind in notices.WITH_TERM else None,
    )
