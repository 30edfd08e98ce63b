"""The conditions under which electronic documents are taken, as two profiles: until 2026 and since.

Rule 1: a profile gives each reason its legal ground; the words of the articles differ, the rules do not: where the old
        text allowed more against a sender, we do not do it.
Rule 2: the day of receipt says which profile goes; it stands in the facts, so a replay uses the same one (P8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from gateway.core.words import Reason


class Profile(StrEnum):
    """The text of afdeling 2.3 Awb that a decision stands on."""

    BEFORE_2026 = "awb-tot-2026"
    SINCE_2026 = "awb-vanaf-2026"


@dataclass(frozen=True)
class Conditions:
    """One profile: the days of receipt it goes for, the ground of each reason, and of what is simply confirmed."""

    profile: Profile
    first_day: date | None
    grounds: Mapping[Reason, str]
    confirmed: str


_DESIGNATED: Final = "art. 2:13 lid 2 en art. 2:16 Awb"
_FURTHER_REQUIREMENTS: Final = "art. 2:13 lid 3 en art. 2:15 lid 1 Awb"
_RELIABLE: Final = "art. 2:15 lid 2 Awb"
_BURDEN: Final = "art. 2:15 lid 1 Awb"
_REQUESTED: Final = "art. 4:5 lid 1 en art. 2:16 Awb"
_CONFIRMED: Final = "art. 2:17 lid 1 Awb"
_TERM: Final = "art. 4:5 lid 1 en art. 2:21 lid 3 Awb"
_SCANNED: Final = "art. 2:15 lid 2 Awb; BIO2 8.07.04"
_NO_REPLY: Final = "RFC 3834, par. 2; art. 2:17 lid 1 onder b Awb"

SINCE_2026: Final = Conditions(
    Profile.SINCE_2026,
    date(2026, 1, 1),
    {
        Reason.NOT_DESIGNATED: _DESIGNATED,
        Reason.TOO_LARGE: _FURTHER_REQUIREMENTS,
        Reason.NO_REQUEST: _REQUESTED,
        Reason.SEVERAL_REQUESTS: _REQUESTED,
        Reason.SENDER_UNKNOWN: _RELIABLE,
        Reason.SENDER_UNPROVEN: _RELIABLE,
        Reason.NOT_REQUESTED: _REQUESTED,
        Reason.INFECTED: _BURDEN,
        Reason.ACTIVE_CONTENT: _BURDEN,
        Reason.ENCRYPTED: _BURDEN,
        Reason.UNREADABLE: _BURDEN,
        Reason.FILE_TYPE: _FURTHER_REQUIREMENTS,
        Reason.NOT_SCANNED: _SCANNED,
        Reason.TOO_COMPLEX: _BURDEN,
        Reason.REQUEST_CLOSED: _TERM,
        Reason.LATE: _TERM,
        Reason.AUTOMATIC: _NO_REPLY,
        Reason.REPEAT: _CONFIRMED,
        Reason.EXTENSION_ASKED: _TERM,
        Reason.STATEMENT: _REQUESTED,
        Reason.NO_DOCUMENTS: _REQUESTED,
        Reason.CHOICE_NEEDED: _REQUESTED,
    },
    _CONFIRMED,
)

_OLD: Final = {
    _DESIGNATED: "art. 2:15 lid 1 Awb (tekst tot 2026)",
    _FURTHER_REQUIREMENTS: "art. 2:15 lid 1 en lid 2 Awb (tekst tot 2026)",
    _RELIABLE: "art. 2:15 lid 3 Awb (tekst tot 2026)",
    _BURDEN: "art. 2:15 lid 2 Awb (tekst tot 2026)",
    _REQUESTED: "art. 4:5 lid 1 en art. 2:15 lid 1 Awb (tekst tot 2026)",
    _CONFIRMED: "art. 4:3a Awb (tekst tot 2026)",
    _TERM: "art. 4:5 lid 1 Awb",
    _SCANNED: "art. 2:15 lid 3 Awb (tekst tot 2026); BIO2 8.07.04",
    _NO_REPLY: "RFC 3834, par. 2",
}
"""What each ground was called before: the opening of the way (lid 1), the two refusals (lid 2 and 3)."""

BEFORE_2026: Final = Conditions(
    Profile.BEFORE_2026,
    None,
    {reason: _OLD[ground] for reason, ground in SINCE_2026.grounds.items()},
    _OLD[_CONFIRMED],
)

PROFILES: Final = {conditions.profile: conditions for conditions in (BEFORE_2026, SINCE_2026)}


def in_force(received_day: date) -> Profile:
    """The profile that goes for what was received on this day (in Amsterdam)."""
    assert SINCE_2026.first_day is not None
    return Profile.SINCE_2026 if received_day >= SINCE_2026.first_day else Profile.BEFORE_2026
