"""What people say of e-mail and notices: noted, it counts at once; it may turn mail into post (Awb 2:8, 2:10)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway import consents
from gateway.consents import Consent
from gateway.core import notices
from gateway.core.errors import NotFound, Refused
from gateway.core.notices import MessageKind, Why
from gateway.core.words import EventName
from gateway.database import Database
from gateway.inquiry import request_row
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.postroom import Postroom
from gateway.records import PartyRow, RequestRow


class Consents:
    """Every public method is one transaction."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock, postroom: Postroom) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._postroom = postroom

    def of(self, reference: str) -> tuple[Consent, ...]:
        """What each person of a request said last, for each kind of message. Raises NotFound."""
        with self._database.read() as session:
            row = request_row(session, reference)
            return tuple(
                consents.standing(session, party, kind)
                for party in consents.parties_of(session, row.id)
                for kind in MessageKind
            )

    def note(  # each is a word of the evidence
        self,
        reference: str,
        party: int,
        kinds: Iterable[MessageKind],
        source: str,
        officer: str,
        *,
        given: bool,
    ) -> None:
        """Note that a person agreed to e-mail for these kinds, or took that back; it counts at once (Awb 2:8).

        `source`: where it was said. Raises Refused, NotFound.
        """
        kinds = tuple(kinds) or tuple(MessageKind)
        with self._database.write() as session:
            row, person = _party(session, reference, party)
            if given and not person.email:
                raise Refused.because("email", f"van {person.name} is geen e-mailadres bekend")
            if not source.strip():
                raise Refused.because("bron", "zeg waaruit de toestemming of intrekking blijkt")
            now = self._clock.now()
            consents.say(session, person, kinds, source.strip(), now, given=given)
            if not given:
                self._postroom.redirect_to_paper(session, person, Why.WITHDRAWN, now, kinds)
            what = {"soorten": sorted(kinds), "toestemming": given}
            self._note(session, row, person, now, {"bron": source.strip(), "medewerker": officer, **what})

    def decline(self, reference: str, party: int, source: str, officer: str, *, declined: bool) -> None:
        """Note that a person wants no notices any more, or wants them again (Awb 2:10 lid 1). Raises NotFound.

        Who declines gets letters with a term on paper as well. The caller asked first whether it was meant so.
        """
        with self._database.write() as session:
            row, person = _party(session, reference, party)
            now = self._clock.now()
            person.declined = declined
            if declined:
                self._postroom.redirect_to_paper(session, person, Why.DECLINED, now, notices.WITH_TERM)
            what = {"bron": source, "medewerker": officer, "kennisgevingen": not declined}
            self._note(session, row, person, now, what)

    def _note(
        self,
        session: Session,
        row: RequestRow,
        person: PartyRow,
        at: datetime,
        what: Mapping[str, Any],
    ) -> None:
        event = {"verzoek": row.reference, "betrokkene": person.id, "rol": person.role, **what}
        session.flush()
        self._ledger.append(session, EventName.CONSENT_CHANGED, at, row.reference, event)


def _party(session: Session, reference: str, party: int) -> tuple[RequestRow, PartyRow]:
    row = request_row(session, reference)
    person = session.get(PartyRow, party)
    if person is None or person.request_id != row.id:
        raise NotFound.because("betrokkene", f"geen betrokkene {party} bij verzoek {reference}")
    return row, person
