"""What happens around the end of a term: when somebody is warned, what keeps a request open, who may decide what.

Rule 1: a warning is due from its day on; of several that have come only the nearest to the end is given, none twice.
Rule 2: nothing lapses while something that came in time may be for it, while it is not known whether we could be
        reached, while a person has to answer, or while a proven notice is missing (Awb 2:21, 2:22, 4:5); nor when
        malware was found in it afterwards, until a person gave time to send it again.
Rule 3: the software proposes; an officer decides, with a reason (P10; Awb 4:5 lid 1 "kan").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from gateway.core.words import Procedure, RequestStatus


@dataclass(frozen=True)
class DueDay:
    """A warning that is due: so many days before the end, since `day`."""

    days_before: int
    day: date


def due(last_day: date, days_before: Iterable[int], today: date, after: date) -> DueDay | None:
    """The warning to give today of a last day, or None.

    `after`: the day of the last warning that was given, or before which none makes sense: what was due then is past.
    """
    days = (DueDay(before, last_day - timedelta(days=before)) for before in days_before)
    return max((d for d in days if after < d.day <= today), key=lambda d: d.day, default=None)


# ---- the last chance -----------------------------------------------------------------------------


class Obstacle(StrEnum):
    """What keeps a request from lapsing. The ones in `BY_PERSON` wait for a person, the others pass by themselves."""

    UNFINISHED = "nog_niet_bekeken"
    MAILBOX = "postbus_niet_gelezen"
    CHANNEL = "kanaal_niet_gezien"
    HELD = "aangehouden"
    EXTENSION = "uitstelvraag"
    OUTAGE = "storing"
    UNPROVEN = "niet_bewezen"
    INFECTED = "besmet_achteraf"


BY_PERSON: Final = frozenset({Obstacle.HELD, Obstacle.EXTENSION, Obstacle.OUTAGE, Obstacle.UNPROVEN, Obstacle.INFECTED})


@dataclass(frozen=True)
class Waits:
    """One obstacle; `what`: receipt numbers, channels, mailboxes, outages or a sentence, by its kind."""

    obstacle: Obstacle
    what: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """The obstacle in Dutch, for staff and the ledger."""
        return _WORDS[self.obstacle].format(what=", ".join(self.what))


_WORDS: Final = {
    Obstacle.UNFINISHED: "nog niet bekeken: {what}",
    Obstacle.MAILBOX: "na de laatste dag nog niet leeggelezen: {what}",
    Obstacle.CHANNEL: "na de laatste dag nog niet gezien of dit werkte: {what}",
    Obstacle.HELD: "op tijd ontvangen en nog aangehouden: {what}",
    Obstacle.EXTENSION: "een vraag om meer tijd is nog niet beantwoord ({what})",
    Obstacle.OUTAGE: "over een storing is nog niet beslist (storing {what}; art. 2:21 Awb)",
    Obstacle.UNPROVEN: "{what}",
    Obstacle.INFECTED: "in wat op tijd kwam is later een virus gevonden, en niemand gaf daar meer tijd voor: {what}",
}


def reason(found: Iterable[Waits]) -> str:
    """All obstacles in one line; empty when there is none."""
    return "; ".join(waits.in_words for waits in found)


# ---- what an officer may decide ------------------------------------------------------------------


class Verdict(StrEnum):
    """What an officer decided when the term was over."""

    NOT_HANDLED = "buiten_behandeling"
    HANDLED = "in_behandeling"


GROUND: Final = {Procedure.APPLICATION: "art. 4:5 lid 1 Awb", Procedure.OBJECTION: "art. 6:6 Awb"}
_DECIDED_ON: Final = frozenset({RequestStatus.LAPSED, RequestStatus.COMPLETE})


def refusal(verdict: Verdict, status: RequestStatus, decide_by: date | None, today: date, *, outage: bool) -> str:
    """Why this cannot be decided now, in Dutch; empty when it can.

    `decide_by`: the last day to make it known (Awb 4:5 lid 4), None when there is none. `outage`: a person still has to
    answer what one gives back.
    """
    if status not in _DECIDED_ON:
        return f"het verzoek is {status}: er is geen voorstel om over te beslissen"
    if verdict is Verdict.HANDLED:
        return ""
    if outage:
        return "beslis eerst over de storing die de laatste dag raakt (art. 2:21 Awb)"
    if decide_by is not None and today > decide_by:
        return f"de laatste dag hiervoor was {decide_by.isoformat()} (art. 4:5 lid 4 Awb): beslis op de inhoud"
    return ""
