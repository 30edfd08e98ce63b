"""How people are told that there is a message for them, and what becomes of a telling that failed: pure.

Rule 1: electronically only with express consent for this kind of message (Awb 2:8), else on paper.
Rule 2: a message in the portal is told of within 48 hours, weekends included (Awb 2:10; `gateway.core.leniency`).
Rule 3: what comes back is sent again or goes another way; the last sending is the one that counts (Awb 2:11).
Rule 4: without a proven telling nothing lapses by itself (Awb 2:22).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from gateway.core.model import Returned


class MessageKind(StrEnum):
    """The types of message for which somebody may consent to e-mail, each apart (Awb 2:8)."""

    REQUEST = "verzoek"
    ANSWERED = "beantwoord"
    OTHER = "mededeling"
    RECEIPT = "ontvangstbewijs"
    REMINDER = "herinnering"


WITH_TERM: Final = frozenset({MessageKind.REQUEST, MessageKind.REMINDER})
"""Kinds that tell of a term: who declined notices gets these on paper as well (CRvB 9-9-2021)."""


class Way(StrEnum):
    """How one person is reached this time."""

    MAIL = "email"
    POST = "post"


class Why(StrEnum):
    """Why in this way."""

    CONSENT = "toestemming"
    NO_CONSENT = "geen_toestemming"
    UNUSABLE = "adres_onbruikbaar"
    DECLINED = "afgemeld"
    CODE = "toegangscode"
    RETURNED = "onbestelbaar"
    WITHDRAWN = "toestemming_ingetrokken"


class Sending(StrEnum):
    """Where one sending to one person stands."""

    WAITING = "wacht"
    SENT = "verzonden"
    FAILED = "mislukt"
    DROPPED = "vervallen"


def ways(
    kind: MessageKind, *, consents: bool, usable: bool, declined: bool, secret: bool
) -> tuple[tuple[Way, Why], ...]:
    """How to reach one person, and why so.

    `usable`: a letter may go to the address at all. `declined`: wants no notices (Awb 2:10 lid 1). `secret`: the
    message brings an access code, which never goes by plain mail (Awb 2:9): it comes on paper beside the notice.
    """
    if not consents:
        return ((Way.POST, Why.NO_CONSENT),)
    if not usable:
        return ((Way.POST, Why.UNUSABLE),)
    if declined:
        return ((Way.POST, Why.DECLINED),) if kind in WITH_TERM or secret else ()
    by_mail = (Way.MAIL, Why.CONSENT)
    return (by_mail, (Way.POST, Why.CODE)) if secret else (by_mail,)


# ---- the notice ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class NoticeFacts:
    """What a notice by mail says. `full`: with the content of Awb 2:10 lid 2; `again`: an earlier one came back."""

    to: str
    language: str
    message_id: str
    sent_at: datetime
    kind: MessageKind
    reference: str
    last_day: date | None
    full: bool
    again: bool = False


def tells_all(kind: MessageKind, day: date, since: date) -> bool:
    """Whether a notice of that day holds what Awb 2:10 lid 2 asks, in force `since` (1 January 2027).

    A reminder that does not say of what is none: it always does.
    """
    return kind is MessageKind.REMINDER or day >= since


# ---- what comes back -----------------------------------------------------------------------------


class Failure(StrEnum):
    """Whether trying the same address again can help."""

    SOFT = "tijdelijk"
    HARD = "blijvend"


# RFC 3463: a full mailbox (X.2.2), a mail system (X.3) or a road (X.4) in trouble gets better; an address does not.
_MAY_PASS: Final = re.compile(r"4\.\d+\.\d+|5\.(?:2\.2|3\.\d+|4\.\d+)")


def failure(returned: Iterable[Returned]) -> Failure | None:
    """What a delivery report says (RFC 3464 section 2.3); None when it reports no failure: delayed, delivered.

    Several recipients of one letter, which we never send, count as their worst.
    """
    failed = [r for r in returned if r.action == "failed"]
    if not failed:
        return None
    return Failure.SOFT if all(_MAY_PASS.fullmatch(r.status) for r in failed) else Failure.HARD


def follows(what: Failure, attempt: int) -> Way:
    """What follows a failed mail: once more by mail when that may help, else on paper. `attempt` counts from 1."""
    return Way.MAIL if what is Failure.SOFT and attempt == 1 else Way.POST


def proven(sendings: Iterable[Sending]) -> bool:
    """Whether one person was told, as far as our sendings to this person show it; nothing still waits."""
    standing = [sending for sending in sendings if sending is not Sending.DROPPED]
    return Sending.SENT in standing and Sending.WAITING not in standing
