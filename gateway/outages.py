"""The register of times in which a channel could not be reached (Awb 2:21), each change in the ledger.

Rule 1: planned ones are announced beforehand, measured ones register themselves (`gateway.watch`).
Rule 2: what an outage gives back to a request is a proposal; a person applies it or says why not (P10).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import mapping
from gateway.core import leniency, terms
from gateway.core.errors import Refused
from gateway.core.model import Request
from gateway.core.terms import Calendar
from gateway.core.words import Channel, EventName, RequestStatus
from gateway.database import Database
from gateway.inquiry import request_row
from gateway.interruptions import Interruptions, Proposal
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.records import ChannelRow, OutageAnswerRow, OutageRow, RequestRow
from gateway.requests import Requests, open_row, refuse_empty
from gateway.schema import instant

_WAITING: Final = (RequestStatus.OPEN, RequestStatus.LAPSED)


@dataclass(frozen=True)
class Outage:
    """`ended_at` None: it still lasts."""

    id: int
    channel: str
    started_at: datetime
    ended_at: datetime | None
    planned: bool
    note: str

    def lasts(self, now: datetime) -> bool:
        """Whether the channel is out at this moment."""
        return self.started_at <= now and (self.ended_at is None or now < self.ended_at)

    def begins(self, now: datetime, within: timedelta) -> bool:
        """Whether it begins after this moment, within so much time."""
        return now < self.started_at <= now + within


@dataclass(frozen=True)
class Answer:
    """What a person answered about outages and a request; `until` None: the last day stayed."""

    reference: str
    outages: tuple[int, ...]
    was: date
    until: date | None
    officer: str
    reason: str
    answered_at: datetime


@dataclass(frozen=True)
class Rules:
    """What the configuration says: in how many days up to the last one an outage counts, and when it is announced."""

    calendar: Calendar
    days: int
    announce: timedelta


class Outages:
    """Every method is one transaction."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock, requests: Requests, rules: Rules) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._requests = requests
        self._rules = rules

    def add(self, channel: str, started_at: datetime, ended_at: datetime | None, *, planned: bool, note: str) -> Outage:
        """Register an outage. Raises Refused when it would end before it began."""
        _refuse_backwards(started_at, ended_at)
        row = OutageRow(channel=channel, started_at=started_at, ended_at=ended_at, planned=planned, note=note)
        with self._database.write() as session:
            session.add(row)
            session.flush()
            self._note(session, row)
            return _outage(row)

    def end(self, number: int, ended_at: datetime) -> Outage:
        """The channel can be reached again. Raises Refused."""
        with self._database.write() as session:
            row = session.get(OutageRow, number)
            if row is None:
                raise Refused.because("id", f"geen storing met nummer {number}")
            _refuse_backwards(row.started_at, ended_at)
            row.ended_at = ended_at
            self._note(session, row)
            return _outage(row)

    def list(self) -> tuple[Outage, ...]:
        """All of them, in order of their beginning."""
        with self._database.read() as session:
            return tuple(map(_outage, session.scalars(select(OutageRow).order_by(col(OutageRow.started_at)))))

    def announced(self, at: datetime | None = None) -> tuple[Outage, ...]:
        """The ones that last, now or at another moment, and the planned ones that begin soon."""
        now = at or self._clock.now()
        return tuple(o for o in self.list() if o.lasts(now) or (o.planned and o.begins(now, self._rules.announce)))

    def seen(self, channel: Channel, at: datetime, *, works: bool, gap: timedelta) -> Outage | None:
        """A look at a channel: what it says about outages. Returns the outage that it began or ended.

        A channel that was not seen working for longer than `gap` was out since then, also when nobody looked.
        """
        with self._database.write() as session:
            row = session.get(ChannelRow, channel, with_for_update=True)
            if row is None:
                if works:
                    session.add(ChannelRow(name=channel, seen_at=at))
                return None
            outage = session.get(OutageRow, row.outage_id) if row.outage_id else None
            changed = outage if outage is not None and works else None
            if outage is None and at - row.seen_at > gap:
                outage = changed = self._measured(session, row)
            if works:
                row.seen_at, row.outage_id = at, None
            if changed is None or (works and changed.ended_at is not None):
                return None
            changed.ended_at = at if works else None
            self._note(session, changed)
            return _outage(changed)

    def _measured(self, session: Session, row: ChannelRow) -> OutageRow:
        outage = OutageRow(channel=row.name, started_at=row.seen_at, planned=False, note="gemeten")
        session.add(outage)
        session.flush()
        row.outage_id = outage.id
        return outage

    # ---- what they give back ---------------------------------------------------------------------

    def proposals(self) -> tuple[Proposal, ...]:
        """What outages give back to requests, and no person answered yet; the nearest last day first."""
        with self._database.read() as session:
            rows = session.scalars(
                select(RequestRow).where(col(RequestRow.status).in_(_WAITING)).order_by(col(RequestRow.last_day))
            )
            outages = self._interruptions(session)
            return tuple(proposal for row in rows if (proposal := outages.of(row)) is not None)

    def proposal(self, reference: str) -> Proposal | None:
        """What outages give back to one request. Raises NotFound."""
        with self._database.read() as session:
            row = request_row(session, reference)
            return self._interruptions(session).of(row) if row.status in _WAITING else None

    def answers(self) -> tuple[Answer, ...]:
        """What persons answered, the newest first."""
        query = (
            select(col(RequestRow.reference), OutageAnswerRow)
            .join(OutageAnswerRow, col(OutageAnswerRow.request_id) == col(RequestRow.id))
            .order_by(col(OutageAnswerRow.id).desc())
        )
        with self._database.read() as session:
            return tuple(
                Answer(reference, tuple(row.outages), row.was, row.until, row.officer, row.reason, row.answered_at)
                for reference, row in session.execute(query)
            )

    def apply(self, reference: str, officer: str) -> Request:
        """The proposed last day is the last day from now on. Raises Refused, NotFound."""
        with self._database.write() as session:
            row, proposal = self._to_answer(session, reference)
            if proposal.later is None:
                raise Refused.because("kenmerk", "de storing duurt nog; daarna is er een voorstel")
            reason = leniency.in_words(proposal.later, "nl")
            self._answer(session, row, proposal, proposal.later.day, officer, reason)
            why = {"reden": reason, "medewerker": officer, "storingen": list(proposal.outages)}
            self._requests.lengthen(session, row, proposal.later.day, why)
            return mapping.request_of(session, row)

    def dismiss(self, reference: str, reason: str, officer: str) -> Request:
        """The last day stays, for a reason: it was no outage, for example. Raises Refused, NotFound."""
        with self._database.write() as session:
            row, proposal = self._to_answer(session, reference)
            refuse_empty("reason", reason)
            self._answer(session, row, proposal, None, officer, reason)
            return mapping.request_of(session, row)

    def _to_answer(self, session: Session, reference: str) -> tuple[RequestRow, Proposal]:
        row = open_row(session, reference)
        proposal = self._interruptions(session).of(row)
        if proposal is None:
            raise Refused.because("kenmerk", f"geen storing raakt de laatste dag van verzoek {reference}")
        return row, proposal

    def _answer(  # one row
        self, session: Session, row: RequestRow, proposal: Proposal, until: date | None, officer: str, reason: str
    ) -> None:
        now = self._clock.now()
        answer = OutageAnswerRow(
            request_id=row.id,
            outages=list(proposal.outages),
            was=row.last_day,
            until=until,
            officer=officer,
            reason=reason,
            answered_at=now,
        )
        session.add(answer)
        event = {
            "verzoek": row.reference,
            "storingen": answer.outages,
            "laatsteDag": row.last_day.isoformat(),
            "tot": until.isoformat() if until else None,
            "toelichting": reason,
            "medewerker": officer,
        }
        self._ledger.append(session, EventName.OUTAGE_ANSWERED, now, row.reference, event)

    def _interruptions(self, session: Session) -> Interruptions:
        return Interruptions(session, self._clock.now(), self._rules.calendar, self._rules.days)

    def _note(self, session: Session, row: OutageRow) -> None:
        event = {
            "kanaal": row.channel,
            "van": instant(row.started_at),
            "tot": instant(row.ended_at) if row.ended_at else None,
            "gepland": row.planned,
            "toelichting": row.note,
        }
        self._ledger.append(session, EventName.OUTAGE, self._clock.now(), f"storing-{row.id}", event)


# ---- in words ------------------------------------------------------------------------------------

_WAYS: Final = {
    Channel.SMTP: ("e-mail", "e-mail"),
    Channel.IMAP: ("e-mail", "e-mail"),
    Channel.PORTAL: ("de site", "the site"),
    Channel.COUNTER: ("de balie", "the counter"),
    Channel.POST: ("de post", "the post"),
}
_GIVEN_BACK: Final = (
    "Is dat uw laatste dag? Dan krijgt u er tijd bij.",
    "Is that your last day? Then you get more time.",
)
_LASTS: Final = ("Storing: {way} werkt niet sinds {start}.", "Outage: {way} has not been working since {start}.")
_FROM: Final = ("Vanaf {start} werkt {way} niet.", "From {start} on, {way} will not work.")
_NOW: Final = (
    "Storing of onderhoud: {way} werkt niet van {start} tot {end}.",
    "Outage or maintenance: {way} does not work from {start} until {end}.",
)
_PLANNED: Final = (
    "Gepland onderhoud: {way} werkt niet van {start} tot {end}.",
    "Planned maintenance: {way} will not work from {start} until {end}.",
)
_WAS: Final = ("Van {start} tot {end} werkte {way} niet.", "From {start} until {end}, {way} did not work.")


def in_words(outage: Outage, now: datetime, language: str) -> str:
    """What was, is or will be out, and when, to the minute; English for any language but `nl`."""
    which = terms.which_language(language)
    given = {"way": _WAYS[Channel(outage.channel)][which], "start": _moment(outage.started_at, language)}
    if outage.ended_at is None:
        told = (_LASTS if outage.lasts(now) else _FROM)[which].format(**given)
        return f"{told} {_GIVEN_BACK[which]}"
    over = outage.ended_at <= now
    same_day = _local(outage.started_at).date() == _local(outage.ended_at).date()
    given["end"] = (_clock if same_day else _moment)(outage.ended_at, language)
    told = (_WAS if over else _NOW if outage.lasts(now) else _PLANNED)[which].format(**given)
    return told if over else f"{told} {_GIVEN_BACK[which]}"


def _local(at: datetime) -> datetime:
    return at.astimezone(terms.AMSTERDAM)


def _clock(at: datetime, language: str) -> str:
    return f"{_local(at):%H.%M} uur" if language == "nl" else f"{_local(at):%H:%M}"


def _moment(at: datetime, language: str) -> str:
    return f"{terms.day_in_words(_local(at).date(), language)} {_clock(at, language)}"


# ---- beneath -------------------------------------------------------------------------------------


def _refuse_backwards(started_at: datetime, ended_at: datetime | None) -> None:
    if ended_at is not None and ended_at <= started_at:
        raise Refused.because("ended_at", "het einde ligt niet na het begin")


def _outage(row: OutageRow) -> Outage:
    return Outage(row.id, row.channel, row.started_at, row.ended_at, row.planned, row.note)
