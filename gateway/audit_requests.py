"""The check of requests against the log: what was asked, until when, where it stands, and what was answered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from gateway import mapping
from gateway.audit_dealings import Around
from gateway.audit_said import Said, changed, checked, rows_of, said_of
from gateway.core import tokens
from gateway.core.errors import Problem
from gateway.core.notices import MessageKind
from gateway.core.states import RESTING
from gateway.core.words import DocumentOutcome, EventName, ItemStatus, RequestStatus
from gateway.records import EntryRow, ItemRow, PartRow, PartyRow, RequestRow, ShareRow, SubmissionRow
from gateway.schema import dump, from_core

# What is asked stays as it was opened; what follows from later events is looked at on its own.
_LATER: Final = frozenset({"status", "laatsteDag", "verzondenOp", "betrokkenen", "stukken", "afleiding"})
_LATER_DAYS: Final = frozenset({EventName.REQUEST_EXTENDED, EventName.TERM_RESTARTED})


def problems(session: Session) -> Iterator[Problem]:
    """Every request, and whatever stands around it, that is not what the log says; and every one that is gone."""
    yield from checked(session, RequestRow.reference, "request", "verzoek", _Requests)
    yield from _gone(session)


def _gone(session: Session) -> Iterator[Problem]:
    """Every request that was opened is there."""
    references = select(col(RequestRow.reference)).where(col(RequestRow.reference) == col(EntryRow.subject))
    missing = select(col(EntryRow.index), col(EntryRow.subject)).where(
        col(EntryRow.name) == EventName.REQUEST_OPENED, ~references.exists()
    )
    for index, reference in session.execute(missing.order_by(col(EntryRow.index))):
        yield Problem(
            f"entry {index} opened request {reference}, which is gone",
            f"regel {index} opende verzoek {reference}, en dat verzoek is er niet meer",
        )


class _Requests:
    """Some requests, with what was asked and what the log says of them."""

    def __init__(self, session: Session, rows: Sequence[RequestRow]) -> None:
        self._session = session
        self._said = said_of(session, [row.reference for row in rows])
        ids = [row.id for row in rows]
        self._items = rows_of(session, ItemRow, col(ItemRow.request_id), ids, col(ItemRow.position))
        self._parties = rows_of(session, PartyRow, col(PartyRow.request_id), ids, col(PartyRow.id))
        self._around = Around(session, rows)

    def problems(self, row: RequestRow) -> Iterator[Problem]:
        """What was asked, until when, where it stands, and what was answered."""
        said = self._said[row.reference]
        if not said or said[0].name != EventName.REQUEST_OPENED:
            yield Problem(
                f"request {row.reference} was never opened: no entry says so",
                f"verzoek {row.reference} is nooit geopend: geen regel zegt dat",
            )
        elif all(s.event is not None for s in said):
            yield from self._asked(row, said)
            yield from self._followed(row, said)
            yield from self._items_of(row, said)
            yield from self._around.problems(row, said)

    def _asked(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """What was asked of whom, as it was opened; who takes part may have changed their mind about e-mail since."""
        opened = said[0]
        told = opened.event or {}
        is_now = dump(from_core(mapping.request_of(self._session, row)))
        for key in told.keys() & is_now.keys() - _LATER:
            if told[key] != is_now[key]:
                yield _request_changed(row, f"its {key} is not what entry {opened.place} says", key, opened.place)
        if tokens.read_token(tokens.sub_address(row.mail_address)[1] or "").value != row.token:
            yield _request_changed(row, "its secret is not that of its address", "mailadres", opened.place)
        if _bare(told.get("stukken", ())) != _bare(is_now["stukken"]):
            yield _request_changed(row, f"its items are not those of entry {opened.place}", "stukken", opened.place)
        if self._people(row, said) != is_now["betrokkenen"]:
            yield _request_changed(
                row, f"its people are not those of entry {opened.place}", "betrokkenen", opened.place
            )

    def _people(self, row: RequestRow, said: Sequence[Said]) -> list[dict[str, Any]]:
        """Who takes part, as the events lead to it."""
        people = [dict(each) for each in said[0].get("betrokkenen") or ()]
        places = {party.id: place for place, party in enumerate(self._parties[row.id])}
        for entry in said:
            if entry.name == EventName.CONSENT_CHANGED and MessageKind.RECEIPT in (entry.get("soorten") or ()):
                people[places[entry.get("betrokkene")]]["stemtInMetEmail"] = entry.get("toestemming")
        return people

    def _followed(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """The day of sending, the last day and the status are those that the events lead to."""
        sent_day, last_day, status = "", "", str(RequestStatus.OPEN)
        for entry in said:
            event = entry.event or {}
            if entry.name == EventName.REQUEST_OPENED:
                sent_day, last_day = event.get("verzondenOp", ""), event.get("laatsteDag", "")
            elif entry.name in _LATER_DAYS:
                last_day = event.get("tot", last_day)
            if entry.name == EventName.TERM_RESTARTED:
                sent_day = event.get("verzondenOp", sent_day)
            status = _status(status, entry.name, event)
        if row.sent_day.isoformat() != sent_day:
            yield _request_changed(
                row, f"it was sent on {row.sent_day}, the log says {sent_day}", "verzondenOp", said[-1].place
            )
        if row.last_day.isoformat() != last_day:
            yield _request_changed(
                row, f"its last day is {row.last_day}, the log says {last_day}", "laatsteDag", said[-1].place
            )
        if row.status != status:
            yield _request_changed(row, f"its status is {row.status}, the log says {status}", "status", said[-1].place)

    def _items_of(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """An item stands where a person or a document put it."""
        judged = {
            s.event["nummer"]: s for s in said if s.name == EventName.PERSON_ACTED and s.event and s.event.get("status")
        }
        if [item.position for item in self._items[row.id]] != list(range(len(self._items[row.id]))):
            yield _request_changed(row, "its items are not in their order", "stukken", said[0].place)
        for item in self._items[row.id]:
            person = judged.get(item.number)
            if item.status == ItemStatus.APPROVED and (person is None or (person.event or {})["status"] != item.status):
                yield _request_changed(
                    row, f"item {item.number} is approved, and no entry says so", "stuk", said[-1].place
                )
            elif (
                person and (person.event or {})["status"] == ItemStatus.APPROVED and item.status != ItemStatus.APPROVED
            ):
                yield _request_changed(
                    row, f"item {item.number} is not what entry {person.place} says", "stuk", person.place
                )
            elif item.status == ItemStatus.REJECTED and person is None:
                yield _request_changed(
                    row, f"item {item.number} is rejected, and no entry says so", "stuk", said[-1].place
                )
            elif (
                person is None and (item.status != ItemStatus.OPEN) != self._is_answered(row, item) and self._rests(row)
            ):
                yield _request_changed(row, f"item {item.number} is not what came in for it", "stuk", said[-1].place)

    def _is_answered(self, row: RequestRow, item: ItemRow) -> bool:
        found = (
            select(col(PartRow.id))
            .join(SubmissionRow, col(SubmissionRow.id) == col(PartRow.submission_id))
            .where(
                or_(
                    and_(col(SubmissionRow.request_id) == row.id, col(PartRow.request).is_(None)),
                    col(PartRow.request) == row.reference,
                ),
                col(PartRow.number) == item.number,
                col(PartRow.outcome) == DocumentOutcome.ACCEPTED,
            )
        )
        return self._session.scalar(found.limit(1)) is not None

    def _rests(self, row: RequestRow) -> bool:
        """Whether nothing is on its way to the request."""
        shared = select(col(ShareRow.submission_id)).where(col(ShareRow.request_id) == row.id)
        busy = select(col(SubmissionRow.id)).where(
            or_(col(SubmissionRow.request_id) == row.id, col(SubmissionRow.id).in_(shared)),
            col(SubmissionRow.step).not_in(list(RESTING)),
        )
        return self._session.scalar(busy.limit(1)) is None


def _bare(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in item.items() if key != "status"} for item in items]


def _status(now: str, name: str, event: Mapping[str, Any]) -> str:
    """The status of a request after an event."""
    if name in _LATER_DAYS:
        return RequestStatus.OPEN if now == RequestStatus.LAPSED else now
    if name == EventName.PERSON_ACTED:
        reopened = event.get("status") == ItemStatus.REJECTED and now == RequestStatus.COMPLETE
        return RequestStatus.OPEN if reopened else now
    if name in {EventName.REQUEST_COMPLETE, EventName.REQUEST_REOPENED}:
        return str(event.get("status", now))
    return {EventName.REQUEST_CLOSED: RequestStatus.CLOSED, EventName.REQUEST_LAPSED: RequestStatus.LAPSED}.get(
        EventName(name), now
    )


def _request_changed(row: RequestRow, en: str, nl: str, index: int) -> Problem:
    what, wat = f"request {row.reference}", f"verzoek {row.reference}"
    return changed(what, wat, en, f"{nl} is niet wat het logboek zegt, tot en met regel {index}")
