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
    """Tells the people of the request and the caseworkers, stops the reminders, and says when we decide."""

    postroom: Postroom
    alerts: Alerts
    rules: dates.Rules

    def __call__(self, session: Session, request: RequestRow, at: datetime) -> dict[str, Any]:
        """What the entry of the log says more: the end of the suspension of the decision term (Awb 4:15)."""
        session.flush()
        self.postroom.answered(session, request, at)
        self.postroom.stop_reminding(session, request, at)
        self.alerts.tell(session, request, AlertKind.COMPLETE, [Recipient.DESK])
        return dates.suspension(dates.Case(session, request, self.rules, at).decision())
