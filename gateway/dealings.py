"""What a person of ours and the people of a request agree on: more time (uitstel), and what was said by telephone.

Rule 1: more time is given or refused by a person with a reason (P10); the old last day is never lost.
Rule 2: whoever takes part is told, in the same transaction: what was decided and what was agreed.
Rule 3: a question gets one answer; asking twice while one waits is the same question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway.core import terms
from gateway.core.errors import Fault, NotFound, Refused, WrongState
from gateway.core.model import Answer
from gateway.core.words import EventName, RequestStatus
from gateway.database import Database
from gateway.inquiry import request_row, submission_row
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.records import ContactRow, ExtensionRow, RequestRow, SubmissionRow
from gateway.requests import Requests, open_row
from gateway.schema import instant

Say = Callable[[Session, RequestRow, str, Sequence[str], str], None]
"""Puts a message (title, paragraphs, officer) for all people of a request, in the caller's transaction."""


class Way(StrEnum):
    """How somebody asked for more time."""

    MAIL = "email"
    PORTAL = "portaal"
    PHONE = "telefoon"


@dataclass(frozen=True)
class Question:
    """Somebody asked for more time. `until`: the new last day, when it was given; `was`: the one before."""

    id: int
    reference: str
    way: Way
    asked_at: datetime
    asked_by: str
    asked: str
    state: Answer
    was: date | None
    until: date | None
    answered_at: datetime | None
    officer: str
    answer: str


@dataclass(frozen=True)
class Contact:
    """Somebody was spoken to."""

    spoken_at: datetime
    person: str
    agreed: str
    officer: str


class Dealings:
    """Every method is one transaction: done, told and in the ledger, or not done at all."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock, requests: Requests, say: Say) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._requests = requests
        self._say = say

    # ---- more time -------------------------------------------------------------------------------

    def ask(self, reference: str, way: Way, asked: str, by: str, officer: str = "") -> int:
        """Note that somebody asks for more time; returns the question, the one that waits already if there is one.

        `officer`: who noted it, for a question by telephone. Raises Refused, NotFound.
        """
        _refuse_empty(("reason", asked))
        with self._database.write() as session:
            row = open_row(session, reference)
            waits = session.scalars(_of(row).where(col(ExtensionRow.state) == Answer.WAITS)).first()
            return (waits or self._ask(session, row, way, asked, by, officer=officer)).id

    def _ask(
        self,
        session: Session,
        row: RequestRow,
        way: Way,
        asked: str,
        by: str,
        *,
        officer: str = "",
        submission: SubmissionRow | None = None,
    ) -> ExtensionRow:
        question = ExtensionRow(
            request_id=row.id,
            way=way,
            asked_at=submission.received_at if submission else self._clock.now(),
            asked_by=by,
            asked=asked,
            submission_id=submission.id if submission else None,
            state=Answer.WAITS,
        )
        session.add(question)
        event = {"weg": way, "toelichting": asked, "medewerker": officer or None}
        event |= {"gevraagdOp": instant(question.asked_at)}
        event |= {"ontvangstnummer": submission.number} if submission else {}
        self._note(session, EventName.EXTENSION_ASKED, row.reference, event, self._clock.now())
        return question

    def grant(self, question: int, until: date, reason: str, officer: str) -> None:
        """Give more time to who asked for it. Raises Refused, NotFound, WrongState when it was answered before."""
        with self._database.write() as session:
            row, asked = self._question(session, question)
            self._grant(session, row, asked, until, reason, officer)

    def refuse(self, question: int, reason: str, officer: str) -> None:
        """Give no more time; the last day stays. Raises Refused, NotFound, WrongState when it was answered before."""
        with self._database.write() as session:
            row, asked = self._question(session, question)
            self._refuse(session, row, asked, reason, officer)

    def answer_mail(self, number: str, reference: str, until: date | None, reason: str, officer: str) -> None:
        """Answer the question for more time in a submission: give it until a day, or with None refuse it.

        Raises Refused, NotFound, WrongState when it was answered before.
        """
        with self._database.write() as session:
            submission = submission_row(session, number)
            row = open_row(session, reference)
            before = select(col(ExtensionRow.id)).where(
                col(ExtensionRow.submission_id) == submission.id, col(ExtensionRow.request_id) == row.id
            )
            if session.scalar(before) is not None:
                raise WrongState(f"the question in {number} was answered")
            asked = self._ask(session, row, Way.MAIL, "", submission.sender, submission=submission)
            if until is None:
                self._refuse(session, row, asked, reason, officer)
            else:
                self._grant(session, row, asked, until, reason, officer)

    def extend(self, reference: str, until: date, reason: str, officer: str) -> None:
        """Give more time that nobody asked for. Raises Refused, NotFound."""
        with self._database.write() as session:
            row = open_row(session, reference)
            was = row.last_day
            self._requests.extend_in(session, row, until, {"reden": reason, "medewerker": officer})
            self._say(session, row, *_more_time(was, until, reason), officer)

    def _grant(
        self, session: Session, row: RequestRow, asked: ExtensionRow, until: date, reason: str, officer: str
    ) -> None:
        was, now = row.last_day, self._clock.now()
        why = {"gevraagd": asked.way, "beantwoordOp": instant(now), "reden": reason, "medewerker": officer}
        self._requests.extend_in(session, row, until, why)
        _close(asked, Answer.GRANTED, reason, officer, now)
        asked.was, asked.until = was, until
        self._say(session, row, *_more_time(was, until, reason, asked.asked_at), officer)

    def _refuse(self, session: Session, row: RequestRow, asked: ExtensionRow, reason: str, officer: str) -> None:
        _refuse_empty(("reason", reason))
        now = self._clock.now()
        _close(asked, Answer.REFUSED, reason, officer, now)
        event = {"weg": asked.way, "laatsteDag": row.last_day.isoformat(), "reden": reason, "medewerker": officer}
        self._note(session, EventName.EXTENSION_REFUSED, row.reference, event | {"beantwoordOp": instant(now)}, now)
        self._say(session, row, *_no_more_time(row.last_day, reason, asked.asked_at), officer)

    def _question(self, session: Session, question: int) -> tuple[RequestRow, ExtensionRow]:
        asked = session.get(ExtensionRow, question, with_for_update=True)
        if asked is None:
            raise NotFound.because("id", f"er is geen vraag om uitstel {question}")
        if asked.state != Answer.WAITS:
            raise WrongState(f"question {question} was answered")
        return open_row(session, session.get_one(RequestRow, asked.request_id).reference), asked

    def waiting(self) -> tuple[Question, ...]:
        """The questions that wait for a person, the oldest first."""
        query = _waiting(select(ExtensionRow)).order_by(col(ExtensionRow.asked_at))
        with self._database.read() as session:
            return tuple(_view(session, row) for row in session.scalars(query))

    def waiting_count(self, mailed: Sequence[str] = ()) -> int:
        """How many questions wait for a person; `mailed`: submissions that are held for one."""
        query = _waiting(select(func.count()).select_from(ExtensionRow))
        with self._database.read() as session:
            asked = session.scalar(query) or 0
        return asked + len(mailed) - len(self.answered(mailed))

    def questions(self, reference: str) -> tuple[Question, ...]:
        """Every question for more time of a request, in order. Raises NotFound."""
        with self._database.read() as session:
            rows = session.scalars(_of(request_row(session, reference)))
            return tuple(_view(session, row) for row in rows)

    def answered(self, numbers: Sequence[str]) -> frozenset[str]:
        """Of these submissions, those whose question for more time was answered."""
        query = (
            select(col(SubmissionRow.number))
            .join(ExtensionRow, col(ExtensionRow.submission_id) == col(SubmissionRow.id))
            .where(col(SubmissionRow.number).in_(numbers), col(ExtensionRow.state) != Answer.WAITS)
        )
        with self._database.read() as session:
            return frozenset(session.scalars(query))

    # ---- by telephone ----------------------------------------------------------------------------

    def contact(self, reference: str, spoken_at: datetime, person: str, agreed: str, officer: str) -> None:
        """Keep what was agreed with whom, and confirm it. Raises Refused, NotFound."""
        _refuse_empty(("person", person), ("agreed", agreed))
        now = self._clock.now()
        if spoken_at > now:
            raise Refused.because("at", "dit moment moet nog komen")
        with self._database.write() as session:
            row = request_row(session, reference)
            session.add(
                ContactRow(
                    request_id=row.id,
                    spoken_at=spoken_at,
                    person=person,
                    agreed=agreed,
                    officer=officer,
                    noted_at=now,
                )
            )
            event = {
                "gesprokenOp": instant(spoken_at),
                "persoon": person,
                "afspraak": agreed,
                "medewerker": officer,
            }
            self._note(session, EventName.CONTACT, reference, event, now)
            self._say(session, row, *_spoken(spoken_at, person, agreed), officer)

    def contacts(self, reference: str) -> tuple[Contact, ...]:
        """Everybody who was spoken to about a request, in order. Raises NotFound."""
        with self._database.read() as session:
            request = request_row(session, reference)
            rows = session.scalars(
                select(ContactRow)
                .where(col(ContactRow.request_id) == request.id)
                .order_by(col(ContactRow.spoken_at), col(ContactRow.id))
            )
            return tuple(Contact(row.spoken_at, row.person, row.agreed, row.officer) for row in rows)

    def _note(self, session: Session, name: EventName, reference: str, event: dict[str, Any], at: datetime) -> None:
        session.flush()
        self._ledger.append(session, name, at, reference, event | {"verzoek": reference})


# ---- what people are told ------------------------------------------------------------------------


def _more_time(was: date, until: date, reason: str, asked_at: datetime | None = None) -> tuple[str, list[str]]:
    day, old = terms.day_in_words(until, "nl"), terms.day_in_words(was, "nl")
    return "U krijgt meer tijd", [
        *([f"Op {_day(asked_at)} vroeg u om meer tijd voor uw documenten. Dat kan."] if asked_at else []),
        f"De nieuwe laatste dag is {day}, tot 24.00 uur Nederlandse tijd. Eerst was dat {old}.",
        f"Waarom u meer tijd krijgt: {reason}",
        "Wij beslissen daardoor zelf ook later.",
    ]


def _no_more_time(last_day: date, reason: str, asked_at: datetime) -> tuple[str, list[str]]:
    return "U krijgt niet meer tijd", [
        f"Op {_day(asked_at)} vroeg u om meer tijd voor uw documenten. Dat kan niet.",
        f"De reden: {reason}",
        f"De laatste dag blijft {terms.day_in_words(last_day, 'nl')}, tot 24.00 uur Nederlandse tijd.",
        "Heeft u nog niet alles? Stuur dan wat u heeft, en schrijf waarom u de rest niet heeft.",
    ]


def _spoken(at: datetime, person: str, agreed: str) -> tuple[str, list[str]]:
    local = at.astimezone(terms.AMSTERDAM)
    return "Wat wij hebben besproken", [
        f"Op {_day(at)} om {local:%H.%M} uur spraken wij met {person} over uw documenten.",
        f"Dit spraken wij af: {agreed}",
        "Klopt dit niet? Laat het ons dan weten.",
    ]


def _day(at: datetime) -> str:
    return terms.day_in_words(terms.local_day(at), "nl")


# ---- rows ----------------------------------------------------------------------------------------


def _close(asked: ExtensionRow, state: Answer, reason: str, officer: str, at: datetime) -> None:
    asked.state, asked.answer, asked.officer, asked.answered_at = state, reason, officer, at


def _of(row: RequestRow) -> Any:  # noqa: ANN401  # SQLAlchemy's own type of a query
    return select(ExtensionRow).where(col(ExtensionRow.request_id) == row.id).order_by(col(ExtensionRow.id))


def _waiting(query: Any) -> Any:  # noqa: ANN401  # SQLAlchemy's own type of a query
    """Of a closed request nothing waits any more."""
    return query.join(RequestRow, col(RequestRow.id) == col(ExtensionRow.request_id)).where(
        col(ExtensionRow.state) == Answer.WAITS, col(RequestRow.status) != RequestStatus.CLOSED
    )


def _view(session: Session, row: ExtensionRow) -> Question:
    return Question(
        id=row.id,
        reference=session.get_one(RequestRow, row.request_id).reference,
        way=Way(row.way),
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        asked=row.asked,
        state=Answer(row.state),
        was=row.was,
        until=row.until,
        answered_at=row.answered_at,
        officer=row.officer,
        answer=row.answer,
    )


def _refuse_empty(*typed: tuple[str, str]) -> None:
    faults = tuple(Fault(place, "mag niet leeg zijn") for place, text in typed if not text.strip())
    if faults:
        raise Refused(faults)
