"""What staff is told by itself: a line on their pages and a mail to the address in the configuration."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """Why staff is told (`soort` of a signal)."""

    COMPLETE = "compleet"
    WAITS = "wacht"
    PROPOSAL = "voorstel"
    TERM = "termijn"


class Recipient(StrEnum):
    """Whom: the caseworkers' own mailbox, the officer who decides, the team lead."""

    DESK = "behandelaars"
    OFFICER = "besluitnemer"
    LEAD = "teamleider"


@dataclass(frozen=True)
class AlertFacts:
    """What a mail to staff says. `last_day`: until when something must be done, None when there is no such day."""

    to: str
    kind: AlertKind
    reference: str
    last_day: date | None
    days_before: int | None
    message_id: str
    sent_at: datetime


def told(days_before: int, lead_days: int) -> tuple[Recipient, ...]:
    """Who is warned so many days before the end of the four weeks: the officer; near the end the team lead as well."""
    return (Recipient.OFFICER, Recipient.LEAD) if days_before <= lead_days else (Recipient.OFFICER,)
