"""Who may be written to electronically, for which kind of message: what they said, from where, and when (Awb 2:8).

Rule 1: consent for one kind of message is none for another.
Rule 2: what was said is never changed: the newest word counts, at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.core.notices import MessageKind
from gateway.records import ConsentRow, PartyRow

REQUEST = "verzoek"
"""The source of what the request itself says."""


@dataclass(frozen=True)
class Consent:
    """What one person of a request said last about one kind of message; `at` is None for what the request itself says.

    `declined`: this person wants no notices (Awb 2:10 lid 1), of whatever kind.
    """

    party: int
    name: str
    email: str
    kind: MessageKind
    given: bool
    source: str
    at: datetime | None
    declined: bool


def consents_to(session: Session, party: PartyRow, kind: MessageKind) -> bool:
    """Whether this person expressly agreed to e-mail for this kind of message."""
    return bool(party.email) and standing(session, party, kind).given


def standing(session: Session, party: PartyRow, kind: MessageKind) -> Consent:
    """What counts now for this person and kind."""
    row = _newest(session, party, kind)
    given, source, at = (row.given, row.source, row.at) if row else (party.consents, REQUEST, None)
    return Consent(party.id, party.name, party.email, kind, given, source, at, party.declined)


def _newest(session: Session, party: PartyRow, kind: MessageKind) -> ConsentRow | None:
    return session.scalars(
        select(ConsentRow)
        .where(col(ConsentRow.party_id) == party.id, col(ConsentRow.kind) == kind)
        .order_by(col(ConsentRow.id).desc())
        .limit(1)
    ).first()


def say(
    session: Session, party: PartyRow, kinds: Iterable[MessageKind], source: str, at: datetime, *, given: bool
) -> None:
    """Note what somebody said; from now on it counts."""
    said = frozenset(kinds)
    # What the request said of the other kinds must not change with the field below; it is noted once.
    untouched = [k for k in MessageKind if k not in said and _newest(session, party, k) is None]
    session.add_all(
        ConsentRow(party_id=party.id, kind=kind, given=party.consents, source=REQUEST) for kind in untouched
    )
    session.add_all(ConsentRow(party_id=party.id, kind=kind, given=given, source=source, at=at) for kind in said)
    session.flush()
    # The contract's own field is what receipts go by (`gateway.inquiry`).
    party.consents = standing(session, party, MessageKind.RECEIPT).given


def parties_of(session: Session, request_id: int) -> tuple[PartyRow, ...]:
    """The people of a request, in their order."""
    return tuple(
        session.scalars(select(PartyRow).where(col(PartyRow.request_id) == request_id).order_by(col(PartyRow.id)))
    )
