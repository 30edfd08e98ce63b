"""Every day that counts for a request, and why it is that day: one source for command line, pages and API.

Rule 1: computed when asked, from what is stored; the arithmetic is `gateway.core`.
Rule 2: nothing here changes a last day: what the law makes later is shown, and a person applies it (P10).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from gateway import mapping
from gateway.core import decision_term, leniency, terms
from gateway.core.decision_term import DecisionEnd, Extension, Invitation, Reading, SpecialTerm, UnusedTermEnd
from gateway.core.model import Request, Term
from gateway.core.terms import Start, TermEnd
from gateway.core.words import DocumentOutcome, EventName, ItemStatus, Outcome, Procedure, Reason, RequestStatus
from gateway.database import Database
from gateway.inquiry import is_for, request_row
from gateway.interruptions import Interruptions, Proposal
from gateway.ports import Clock
from gateway.records import EntryRow, ExtensionRow, PartRow, RequestRow, SubmissionRow
from gateway.schema import (
    BeslistermijnUitleg,
    BuitenBehandeling,
    Doorverwijzing,
    Stilstand,
    StoringVoorstel,
    Termijnen,
    Uitleg,
    Uitstel,
    dump,
    instant,
)
from gateway.schema import Dag as DayView

SPOKEN: Final = frozenset({"telefoon", "balie"})
"""Ways to ask for more time that are not in writing; only what was asked in writing stops the decision term anew."""


@dataclass(frozen=True)
class Rules:
    """What the configuration says about terms."""

    calendar: terms.Calendar
    reading: Reading
    special: tuple[SpecialTerm, ...]
    warn_days: tuple[int, ...]
    own_terms_move: bool
    outage_days: int = 1


class Dates:
    """Every method is one read transaction."""

    def __init__(self, database: Database, clock: Clock, rules: Rules) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules

    def why(self, reference: str) -> Termijnen:
        """All days of a request with their derivation. Raises NotFound."""
        with self._database.read() as session:
            case = Case(session, request_row(session, reference), self._rules, self._clock.now())
            return case.view()


class Case:
    """One request among the letters of its case, at one moment."""

    def __init__(self, session: Session, row: RequestRow, rules: Rules, now: datetime) -> None:
        self._session = session
        self._row = row
        self._rules = rules
        self._now = now
        self._request = mapping.request_of(session, row)
        self._today = terms.local_day(now)

    def view(self) -> Termijnen:
        """The whole answer."""
        return Termijnen(
            kenmerk=self._request.reference,
            laatsteDag=self._request.last_day,
            hersteltermijn=_day_view(self._own_term(), Start.SENT),
            uitstel=tuple(_extensions(self._session, self._row)),
            beslistermijn=self.decision(),
            buitenBehandeling=self.not_handled(),
            doorverwijzingen=tuple(self._redirections()),
            storing=self._outage_view(),
        )

    def _own_term(self) -> TermEnd:
        request, rules = self._request, self._rules
        return terms.last_day(request.sent_day, request.term, rules.calendar, moves=rules.own_terms_move)

    def _outage_view(self) -> StoringVoorstel | None:
        if self._request.status not in {RequestStatus.OPEN, RequestStatus.LAPSED}:
            return None
        outages = Interruptions(self._session, self._now, self._rules.calendar, self._rules.outage_days)
        proposal = outages.of(self._row)
        return proposal_view(proposal) if proposal else None

    # ---- our decision ----------------------------------------------------------------------------

    def decision(self) -> BeslistermijnUitleg | None:
        """Until when we may decide; None when no term is known."""
        received, term = self._request.decision_received_day, self._request.decision_term
        if received is None or term is None:
            return None
        letters = self._letters()
        found = self._decided(received, term, letters, self._rules.reading)
        other = self._decided(received, term, letters, _other_way(self._rules.reading))
        return BeslistermijnUitleg(
            **_day(found.end),
            uitleg=Uitleg(**{code: self._decision_in_words(found, code) for code in ("nl", "en")}),
            andereLezing=other.end.day,
            voorlopig=any(_may_still_come(letter, self._today) for letter in letters),
            dagenStilgestaan=found.suspended_days,
            stilstand=tuple(
                Stilstand(oorzaak=p.cause, van=p.first_day, tot=p.until_day, dagen=p.days) for p in found.periods
            ),
            kennisgevingNodig=bool(found.periods) and decision_term.needs_notice(self._request.procedure),
            wettelijkeGrond=found.special.ground if found.special else "",
            afwijking=_difference(self._special(), term),
        )

    def _decided(self, received: date, term: Term, letters: Sequence[Invitation], reading: Reading) -> DecisionEnd:
        special = self._special()
        known = special if special is not None and special.term == term else None
        return decision_term.decision_end(received, term, letters, self._rules.calendar, reading, known)

    def _special(self) -> SpecialTerm | None:
        kind, procedure = self._request.application_kind, self._request.procedure
        return decision_term.special_term(self._rules.special, procedure, kind)

    def _decision_in_words(self, found: DecisionEnd, language: str) -> tuple[str, ...]:
        return decision_term.derivation(found, self._request.procedure, language)

    def _letters(self) -> list[Invitation]:
        """Every letter of the case that asked for completion in this procedure, the oldest first."""
        rows = self._session.scalars(
            select(RequestRow)
            .where(
                col(RequestRow.case_number) == self._row.case_number, col(RequestRow.procedure) == self._row.procedure
            )
            .order_by(col(RequestRow.sent_day), col(RequestRow.id))
        )
        asked: set[tuple[str, str]] = set()
        letters = []
        for row in rows:
            request = mapping.request_of(self._session, row)
            items = {(item.kind.casefold(), item.person.casefold()) for item in request.items}
            letters.append(_invitation(self._session, row, request, new_items=not items <= asked))
            asked |= items
        return letters

    # ---- not handling the application ------------------------------------------------------------

    def not_handled(self) -> BuitenBehandeling | None:
        """Until when it may be left unhandled; None for objections (Awb 6:6 is theirs) and for what is closed."""
        if self._request.procedure is Procedure.OBJECTION or self._request.status is RequestStatus.CLOSED:
            return None
        completed = self._first_completed()
        in_time = completed is not None and completed <= self._request.last_day
        since = completed if completed is not None and in_time else self._request.last_day
        end = decision_term.last_day_not_handled(since, self._rules.calendar)
        return BuitenBehandeling(
            **_day(end),
            uitleg=_explained(end, Start.COMPLETED if in_time else Start.LAPSED),
            sinds=since,
            voorlopig=completed is None and self._today <= self._request.last_day,
            waarschuwingen=decision_term.warning_days(end.day, self._rules.warn_days),
        )

    def _first_completed(self) -> date | None:
        """The first day on which every item had come in, whatever was turned down since: from it the weeks count.

        Unless more time was given after that: then there is a new term, which can lapse or be answered itself.
        """
        completed = _completed_day(self._session, self._row, self._request, turned_down=True)
        again = completed is not None and any(e.gegevenOp >= completed for e in _extensions(self._session, self._row))
        return _completed_day(self._session, self._row, self._request) if again else completed

    # ---- what pointing to the right way costs ----------------------------------------------------

    def _redirections(self) -> Iterable[Doorverwijzing]:
        """Of what came in time by a way that is not designated, from a party or for this request."""
        people = [p.email for p in self._request.parties if p.email]
        rows = self._session.scalars(
            select(SubmissionRow)
            .where(
                col(SubmissionRow.outcome) == Outcome.REDIRECTED,
                or_(is_for(self._row), col(SubmissionRow.sender).in_(people)),
            )
            .order_by(col(SubmissionRow.id))
        )
        for row in rows:
            in_time = terms.is_on_time(row.received_at, self._request.last_day)
            if (
                Reason.NOT_DESIGNATED in row.reasons
                and in_time
                and terms.local_day(row.received_at) >= self._row.sent_day
            ):
                yield self._redirection(row)

    def _redirection(self, row: SubmissionRow) -> Doorverwijzing:
        reacted_at = _reacted_at(self._session, row)
        later = leniency.after_redirection(
            self._request.last_day, row.received_at, reacted_at or max(self._now, row.received_at), self._rules.calendar
        )
        return Doorverwijzing(
            ontvangstnummer=row.number,
            ontvangenOp=instant(row.received_at),
            gereageerdOp=instant(reacted_at) if reacted_at else None,
            laatsteDag=later.day,
            uitleg=Uitleg(nl=(leniency.in_words(later, "nl"),), en=(leniency.in_words(later, "en"),)),
        )


# ---- what is stored of a letter ------------------------------------------------------------------


def _invitation(session: Session, row: RequestRow, request: Request, *, new_items: bool) -> Invitation:
    given = _extensions(session, row)
    return Invitation(
        letter_day=request.sent_day,
        last_day=given[0].van if given else request.last_day,
        extensions=tuple(Extension(e.gegevenOp, e.tot, e.schriftelijkGevraagd) for e in given),
        completed_day=_completed_day(session, row, request),
        new_items=new_items,
    )


def _extensions(session: Session, row: RequestRow) -> list[Uitstel]:
    """Every time more time was given, in order; the ledger has them all, also the ones nobody had asked for."""
    entries = session.scalars(
        select(EntryRow)
        .where(col(EntryRow.subject) == row.reference, col(EntryRow.name) == EventName.REQUEST_EXTENDED)
        .order_by(col(EntryRow.index))
    )
    asked = session.scalars(select(ExtensionRow).where(col(ExtensionRow.request_id) == row.id)).all()
    written = {extension.until for extension in asked if extension.way not in SPOKEN and extension.until is not None}
    return [_extension(entry.at, json.loads(entry.event), written) for entry in entries if entry.event is not None]


def _extension(given_at: datetime, event: dict[str, Any], written: set[date]) -> Uitstel:
    until = date.fromisoformat(event["tot"])
    return Uitstel(
        gegevenOp=terms.local_day(given_at),
        van=date.fromisoformat(event["van"]),
        tot=until,
        medewerker=str(event.get("medewerker") or ""),
        schriftelijkGevraagd=until in written,
    )


def _completed_day(session: Session, row: RequestRow, request: Request, *, turned_down: bool = False) -> date | None:
    """The day on which the last requested item came in; None while one is missing.

    `turned_down`: an item that a person turned down came in all the same.

    An item that was sent again after it was turned down counts from the first time: a day too early never promises
    somebody a later decision than the law gives.
    """
    if any(not (turned_down and item.status is ItemStatus.REJECTED) for item in request.missing_items()):
        return None
    arrivals = session.execute(
        select(col(PartRow.number), func.min(col(SubmissionRow.received_at)))
        .join(SubmissionRow, col(SubmissionRow.id) == col(PartRow.submission_id))
        .where(
            is_for(row),
            or_(col(PartRow.request).is_(None), col(PartRow.request) == row.reference),
            col(PartRow.outcome) == DocumentOutcome.ACCEPTED,
            col(PartRow.number).in_([item.number for item in request.items]),
        )
        .group_by(col(PartRow.number))
    )
    return max((terms.local_day(received_at) for _number, received_at in arrivals), default=None)


def _reacted_at(session: Session, row: SubmissionRow) -> datetime | None:
    """When a letter about the submission first left our house."""
    return session.scalar(
        select(func.min(col(EntryRow.at))).where(
            col(EntryRow.subject) == row.number, col(EntryRow.name) == EventName.LETTER_HANDED_OVER
        )
    )


def suspension(decided: BeslistermijnUitleg | None) -> dict[str, Any]:
    """What an event and a letter say when all items are answered: how long our term stood still, and until when."""
    if decided is None:
        return {}
    return {
        "opschorting": {
            "dagen": decided.dagenStilgestaan,
            "beslisUiterlijk": decided.laatsteDag.isoformat(),
            "afleiding": dump(decided.uitleg),
        }
    }


def proposal_view(proposal: Proposal) -> StoringVoorstel:
    """The contract's form of what outages give back."""
    return StoringVoorstel(
        storingen=proposal.outages,
        laatsteDag=proposal.later.day if proposal.later else None,
        uitleg=Uitleg(**{code: (leniency.outage_in_words(proposal.later, code),) for code in ("nl", "en")}),
    )


# ---- views ---------------------------------------------------------------------------------------


def _day(end: TermEnd) -> dict[str, Any]:
    return {"laatsteDag": end.day, "geteld": end.raw_day, "onbekendeJaren": end.uncovered_years}


def _explained(end: TermEnd, start: Start) -> Uitleg:
    return Uitleg(nl=terms.derivation(end, "nl", start), en=terms.derivation(end, "en", start))


def _day_view(end: TermEnd, start: Start) -> DayView:
    return DayView(**_day(end), uitleg=_explained(end, start))


def _other_way(reading: Reading) -> Reading:
    ends = set(UnusedTermEnd) - {reading.unused_term_end}
    return Reading(ends.pop(), reading.same_items_suspend)


def _may_still_come(letter: Invitation, today: date) -> bool:
    end = max([letter.last_day, *(extension.until for extension in letter.extensions)])
    return letter.completed_day is None and today <= end


def _difference(special: SpecialTerm | None, term: Term) -> str:
    if special is None or special.term == term:
        return ""
    wanted, given = terms.term_in_words(special.term, "nl"), terms.term_in_words(term, "nl")
    return f"{special.name}: volgens {special.ground} {wanted}, in het verzoek staat {given}"
