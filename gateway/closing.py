"""When the last day is over: the request lapses as a proposal, somebody decides in time, and until then is reminded.

Rule 1: lapsed is a mark and a proposal for a named officer; nothing is closed for default but by a person (P10).
Rule 2: what stands in the way is told once each time it changes, and the request waits (`gateway.last_chance`).
Rule 3: the four weeks of Awb 4:5 lid 4 are guarded for what lapsed, and for what is complete and not yet judged.
Rule 4: nobody is warned while a person has to answer what an outage gives back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from gateway import dates, mapping
from gateway.alerts import Alerts
from gateway.core import alerts, closing, decision_term, terms
from gateway.core.alerts import AlertKind, Recipient
from gateway.core.closing import BY_PERSON, Verdict, Waits
from gateway.core.errors import Refused
from gateway.core.model import MISSING
from gateway.core.words import EventName, ItemStatus, Procedure, RequestStatus
from gateway.database import Database
from gateway.interruptions import Interruptions
from gateway.last_chance import LastChance, Looked
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.postroom import Postroom
from gateway.records import AlertRow, RequestRow
from gateway.requests import open_row, refuse_empty

LONG_OVER: Final = timedelta(days=90)
"""What ran out so long ago has had its last warning, holidays and all."""
_UNJUDGED: Final = frozenset(ItemStatus) - {ItemStatus.APPROVED}


@dataclass(frozen=True)
class Rules:
    """What the configuration says. `officer`: to whom a proposal goes, nobody by name when empty.

    `lead_days`: from so many days before the end the team lead is warned as well.
    """

    officer: str = ""
    lead_days: int = 2
    looked: Looked = field(default_factory=Looked)


@dataclass(frozen=True)
class Open:
    """A request whose last day is over. `waits`: why it has not lapsed; `decide_by`: see Awb 4:5 lid 4."""

    reference: str
    last_day: date
    missing: int
    decide_by: date | None
    waits: tuple[Waits, ...]


class Closing:
    """Every method is one transaction, but `warn`, which is one for each request."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        *,
        postroom: Postroom,
        alerts: Alerts,
        terms: dates.Rules,
        rules: Rules,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._postroom = postroom
        self._alerts = alerts
        self._terms = terms
        self._rules = rules

    # ---- lapsing ---------------------------------------------------------------------------------

    def lapse(self) -> tuple[str, ...]:
        """Mark what has run out, and propose to the officer to decide; returns the references.

        What still waits for something stays open, with the reason where staff sees it.
        """
        with self._database.write() as session:
            rows = session.scalars(
                select(RequestRow)
                .where(col(RequestRow.status) == RequestStatus.OPEN, col(RequestRow.last_day) < self._today())
                .order_by(col(RequestRow.id))
                .with_for_update()
            ).all()
            if not rows:
                return ()
            chance = self._last_chance(session)
            over = [row for row in rows if not self._withheld(session, row, chance.of(row))]
            for row in over:
                self._lapse(session, row)
            return tuple(row.reference for row in over)

    def _lapse(self, session: Session, row: RequestRow) -> None:
        row.status, row.needs_person = RequestStatus.LAPSED, True
        by = self._decide_by(session, row)
        event = {
            "laatsteDag": row.last_day.isoformat(),
            "ontbreekt": [i.number for i in mapping.request_of(session, row).missing_items()],
            "voorstelAan": self._rules.officer or None,
            "uiterlijk": by.isoformat() if by else None,
        }
        self._note(session, EventName.REQUEST_LAPSED, row.reference, event)
        self._postroom.stop_reminding(session, row, self._clock.now())
        self._alerts.tell(session, row, AlertKind.PROPOSAL, [Recipient.OFFICER], last_day=by)

    def _withheld(self, session: Session, row: RequestRow, waits: Iterable[Waits]) -> bool:
        """Whether something stands in the way; a person sees what, once for each change."""
        waits = tuple(waits)
        reason = closing.reason(waits)
        if reason and reason != row.withheld:
            self._note(
                session,
                EventName.LAPSE_WITHHELD,
                row.reference,
                {"laatsteDag": row.last_day.isoformat(), "reden": reason, "wachtOp": [w.obstacle for w in waits]},
            )
            if any(w.obstacle in BY_PERSON for w in waits) and not row.needs_person:
                row.needs_person = True
                self._alerts.tell(session, row, AlertKind.WAITS, [Recipient.DESK])
        row.withheld = reason
        return bool(reason)

    # ---- the four weeks --------------------------------------------------------------------------

    def warn(self) -> tuple[str, ...]:
        """Warn of the end of the four weeks, where that is due; returns the references."""
        days = self._terms.warn_days
        if not days:
            return ()
        with self._database.read() as session:
            numbers = session.scalars(self._guarded(self._today()))
            due = [row.id for row in numbers if self._due(session, row)]
        return tuple(reference for number in due if (reference := self._warn(number)))

    def _guarded(self, today: date) -> Any:  # noqa: ANN401  # SQLAlchemy's own type of a query
        """What may have a warning due: by its last day; of what is complete, since when it is."""
        weeks = timedelta(weeks=decision_term.NOT_HANDLED.count) - timedelta(days=max(self._terms.warn_days))
        completed = (
            select(func.max(col(AlertRow.made_at)))
            .where(col(AlertRow.request_id) == col(RequestRow.id), col(AlertRow.kind) == AlertKind.COMPLETE)
            .scalar_subquery()
        )
        now = self._clock.now()
        return (
            select(RequestRow)
            .where(
                or_(
                    and_(
                        col(RequestRow.status) == RequestStatus.LAPSED,
                        col(RequestRow.last_day).between(today - LONG_OVER, today - weeks),
                    ),
                    and_(
                        col(RequestRow.status) == RequestStatus.COMPLETE,
                        completed.between(now - LONG_OVER, now - weeks),
                    ),
                )
            )
            .order_by(col(RequestRow.id))
        )

    def _due(self, session: Session, row: RequestRow) -> tuple[closing.DueDay, date] | None:
        """The warning to give now, and of which day."""
        by = self._decide_by(session, row)
        if by is None or not self._undecided(session, row):
            return None
        warned = session.scalar(
            select(func.max(col(AlertRow.day))).where(
                col(AlertRow.request_id) == row.id,
                col(AlertRow.kind) == AlertKind.TERM,
                col(AlertRow.last_day) == by,
            )
        )
        due = closing.due(by, self._terms.warn_days, self._today(), warned or date.min)
        return (due, by) if due else None

    def _undecided(self, session: Session, row: RequestRow) -> bool:
        if row.status == RequestStatus.LAPSED:
            return self._outages(session).of(row) is None
        judged = all(item.status not in _UNJUDGED for item in mapping.request_of(session, row).items)
        return row.status == RequestStatus.COMPLETE and not judged

    def _warn(self, number: int) -> str:
        """The reference, or nothing when another process did it first or there is no need any more."""
        with self._database.write() as session:
            row = session.get_one(RequestRow, number, with_for_update=True)
            found = self._due(session, row)
            if found is None:
                return ""
            due, by = found
            to = alerts.told(due.days_before, self._rules.lead_days)
            days = {"day": due.day, "last_day": by, "days_before": due.days_before}
            self._alerts.tell(session, row, AlertKind.TERM, to, **days)  # type: ignore[arg-type]  # by their names
            return row.reference

    # ---- deciding --------------------------------------------------------------------------------

    def decide(self, reference: str, verdict: Verdict, reason: str, officer: str) -> None:
        """An officer decides, with a reason, and the request is closed. Raises Refused, NotFound.

        To make a decision not to handle known is the body's (Awb 3:41); this keeps who decided what, when and why.
        """
        refuse_empty("medewerker", officer)
        refuse_empty("reden", reason)
        with self._database.write() as session:
            row = open_row(session, reference)
            by = self._decide_by(session, row)
            outage = self._outages(session).of(row) is not None
            problem = closing.refusal(verdict, RequestStatus(row.status), by, self._today(), outage=outage)
            if problem:
                raise Refused.because("besluit", problem)
            event = {
                "was": row.status,
                "besluit": verdict,
                "grond": closing.GROUND[Procedure(row.procedure)] if verdict is Verdict.NOT_HANDLED else "",
                "laatsteDag": row.last_day.isoformat(),
                "uiterlijk": by.isoformat() if by else None,
                "reden": reason,
                "medewerker": officer,
            }
            row.status, row.needs_person, row.withheld = RequestStatus.CLOSED, False, ""
            self._note(session, EventName.REQUEST_CLOSED, reference, event)

    # ---- looking ---------------------------------------------------------------------------------

    def over(self) -> tuple[Open, ...]:
        """Every request whose last day is over and on which nobody decided, the nearest day to decide first."""
        with self._database.read() as session:
            rows = session.scalars(
                select(RequestRow).where(
                    col(RequestRow.status).in_((RequestStatus.OPEN, RequestStatus.LAPSED)),
                    col(RequestRow.last_day) < self._today(),
                )
            ).all()
            chance = self._last_chance(session)
            found = [self._open(session, row, chance) for row in rows]
        return tuple(sorted(found, key=lambda one: (one.decide_by or date.max, one.reference)))

    def over_count(self) -> int:
        """How many there are."""
        query = select(func.count()).where(
            col(RequestRow.status).in_((RequestStatus.OPEN, RequestStatus.LAPSED)),
            col(RequestRow.last_day) < self._today(),
        )
        with self._database.read() as session:
            return session.scalar(query) or 0

    def _open(self, session: Session, row: RequestRow, chance: LastChance) -> Open:
        items = mapping.request_of(session, row).items
        waits = chance.of(row) if row.status == RequestStatus.OPEN else ()
        missing = sum(item.status in MISSING for item in items)
        return Open(row.reference, row.last_day, missing, self._decide_by(session, row), waits)

    # ---- beneath ---------------------------------------------------------------------------------

    def _decide_by(self, session: Session, row: RequestRow) -> date | None:
        found = dates.Case(session, row, self._terms, self._clock.now()).not_handled()
        return found.laatsteDag if found else None

    def _last_chance(self, session: Session) -> LastChance:
        return LastChance(session, self._outages(session), self._postroom, self._rules.looked)

    def _outages(self, session: Session) -> Interruptions:
        return Interruptions(session, self._clock.now(), self._terms.calendar, self._terms.outage_days)

    def _note(self, session: Session, name: EventName, reference: str, event: dict[str, Any]) -> None:
        session.flush()
        self._ledger.append(session, name, self._clock.now(), reference, event | {"verzoek": reference})

    def _today(self) -> date:
        return terms.local_day(self._clock.now())
