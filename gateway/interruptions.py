"""Which outages touch the end of which term (Awb 2:21 lid 3): read from the rows, decided by `gateway.core.leniency`.

Rule 1: only the channels that a request was told to use count, and never the scanner: without it we still receive.
Rule 2: an outage that a person answered for a request does not come back for that request.
Rule 3: while an outage lasts nothing can be proposed; that is no reason to call anybody late.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.core import leniency, terms
from gateway.core.leniency import Interruption, Later
from gateway.core.words import Channel
from gateway.records import OutageAnswerRow, OutageRow, RequestRow

WAY: Final = {Channel.SMTP: "email", Channel.IMAP: "email", Channel.PORTAL: "portaal"}
"""The contract's word for the way that a channel is part of; post and counter are no electronic ways."""


@dataclass(frozen=True)
class Proposal:
    """What outages give back to one request. `later` None: one of them still lasts."""

    reference: str
    outages: tuple[int, ...]
    later: Later | None


class Interruptions:
    """All outages, as they stand at one moment."""

    def __init__(self, session: Session, now: datetime, calendar: terms.Calendar, days: int) -> None:
        self._session = session
        self._now = now
        self._calendar = calendar
        self._days = days
        self._outages = session.scalars(select(OutageRow).order_by(col(OutageRow.started_at))).all()

    def of(self, row: RequestRow) -> Proposal | None:
        """What they give back to a request and no person answered yet; None when nothing."""
        answered = self._answered(row)
        asked = [o for o in self._outages if WAY.get(Channel(o.channel)) in row.channels and o.id not in answered]
        touching = [outage for outage in asked if self._touches(outage, row.last_day)]
        if not touching:
            return None
        lasting = any(outage.ended_at is None for outage in touching)
        later = None if lasting else self._later(row.last_day, touching)
        return Proposal(row.reference, tuple(outage.id for outage in touching), later)

    def _touches(self, outage: OutageRow, last_day: date) -> bool:
        return self._later(last_day, [outage]) is not None

    def _later(self, last_day: date, outages: Iterable[OutageRow]) -> Later | None:
        given = [Interruption(o.started_at, o.ended_at or self._until_now(o)) for o in outages]
        return leniency.after_outages(last_day, given, self._calendar, days=self._days)

    def _until_now(self, outage: OutageRow) -> datetime:
        return max(self._now, outage.started_at + timedelta(seconds=1))

    def _answered(self, row: RequestRow) -> set[int]:
        answers = self._session.scalars(select(OutageAnswerRow).where(col(OutageAnswerRow.request_id) == row.id))
        return {number for answer in answers for number in answer.outages}
