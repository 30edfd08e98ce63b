"""What follows when every item of a request has an answer, in the transaction that finds it out.

"Complete" says that there are answers; whether they suffice is a person's judgement (R09).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway import dates
from gateway.alerts import Alerts
from gateway.core.alerts import AlertKind, Recipient
from gateway.postroom import Postroom
from gateway.records import RequestRow


@dataclass(frozen=True)
class Completion:
    """For `gateway.store`."""

    postroom: Postroom
    alerts: Alerts
    rules: dates.Rules

    def event(self, session: Session, request: RequestRow, at: datetime) -> dict[str, Any]:
        """How long our own term stood still, and until when we decide now (Awb 4:15)."""
        session.flush()
        return dates.suspension(dates.Case(session, request, self.rules, at).decision())

    def follow(self, session: Session, request: RequestRow, at: datetime) -> None:
        """The people of the request and the caseworkers are told, and reminders stop."""
        self.postroom.answered(session, request, at)
        self.postroom.stop_reminding(session, request, at)
        self.alerts.tell(session, request, AlertKind.COMPLETE, [Recipient.DESK])
