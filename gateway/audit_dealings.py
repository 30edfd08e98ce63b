"""The check of what stands around a request, against the log.

Consents, our messages and how each person was told of them, reminders, what staff was told, questions for more time,
telephone calls, bundles that left the house, and which of them arrived.
Work in progress is not looked at: a message before it is in the portal, a sending before it was tried.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway import mapping
from gateway.audit_said import FATES, Said, changed, fate, in_turn, letter_changed, letter_gone, not_as_said, rows_of
from gateway.consents import REQUEST
from gateway.core.errors import Problem
from gateway.core.model import Answer
from gateway.core.notices import MessageKind, Sending
from gateway.core.words import EventName
from gateway.erasing import GONE
from gateway.records import (
    AlertRow,
    BundleRow,
    ConsentRow,
    ContactRow,
    EntryRow,
    ExtensionRow,
    HandedOverRow,
    LetterRow,
    MessageRow,
    PartyRow,
    ReminderRow,
    RequestRow,
    SendingRow,
    SubmissionRow,
)
from gateway.schema import instant

_TOLD: Final = {
    EventName.NOTICE_SENT: Sending.SENT,
    EventName.LETTER_POSTED: Sending.SENT,
    EventName.NOTICE_FAILED: Sending.FAILED,
}


class Around:
    """What belongs to some requests, and the entries about each of them."""

    def __init__(self, session: Session, rows: Sequence[RequestRow]) -> None:
        self._session = session
        ids = [row.id for row in rows]
        self._parties = rows_of(session, PartyRow, col(PartyRow.request_id), ids, col(PartyRow.id))
        people = [party.id for of in self._parties.values() for party in of]
        self._consents = rows_of(session, ConsentRow, col(ConsentRow.party_id), people, col(ConsentRow.id))
        self._messages = rows_of(session, MessageRow, col(MessageRow.request_id), ids, col(MessageRow.id))
        messages = [message.id for of in self._messages.values() for message in of]
        self._sendings = rows_of(session, SendingRow, col(SendingRow.message_id), messages, col(SendingRow.id))
        sendings = [sending.id for of in self._sendings.values() for sending in of]
        self._notices = rows_of(session, LetterRow, col(LetterRow.sending_id), sendings, col(LetterRow.id))
        self._reminders = rows_of(session, ReminderRow, col(ReminderRow.request_id), ids, col(ReminderRow.id))
        self._alerts = rows_of(session, AlertRow, col(AlertRow.request_id), ids, col(AlertRow.id))
        alerts = [alert.id for of in self._alerts.values() for alert in of]
        self._mails = rows_of(session, LetterRow, col(LetterRow.alert_id), alerts, col(LetterRow.id))
        self._questions = rows_of(session, ExtensionRow, col(ExtensionRow.request_id), ids, col(ExtensionRow.id))
        self._contacts = rows_of(session, ContactRow, col(ContactRow.request_id), ids, col(ContactRow.id))
        self._bundles = rows_of(session, BundleRow, col(BundleRow.request_id), ids, col(BundleRow.id))
        self._handed = rows_of(session, HandedOverRow, col(HandedOverRow.request_id), ids, col(HandedOverRow.at))

    def problems(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """Everything around one of them; none of the entries about it was erased."""
        yield from self._consented(row, said)
        yield from self._placed(row, said)
        fates = {s.get("brief"): s for s in said if s.name in FATES}
        yield from self._told(row, said, fates)
        yield from self._reminded(row, said)
        yield from self._warned(row, said, fates)
        yield from (letter_gone(key, entry.place) for key, entry in fates.items())
        yield from self._asked(row, said)
        yield from self._spoken(row, said)
        yield from self._taken_out(row, said)
        yield from self._handed_over(row, said)

    # ---- consent ---------------------------------------------------------------------------------

    def _consented(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """What each person said of e-mail, for each kind of message, in its order (Awb 2:8)."""
        opened = said[0].get("betrokkenen") or []
        for party, asked in zip(self._parties[row.id], opened, strict=False):
            what = f"what party {party.id} of request {row.reference} said of e-mail"
            wat = f"wat betrokkene {party.id} van verzoek {row.reference} over e-mail zei"
            mine = [s for s in _named(said, EventName.CONSENT_CHANGED) if s.get("betrokkene") == party.id]
            spoken = [s for s in mine if s.get("soorten")]
            rows = self._consents[party.id]
            for kind in sorted({*MessageKind, *(each.kind for each in rows)}):
                told: list[tuple[int, tuple[Any, ...]]] = []
                if spoken and kind not in spoken[0].get("soorten") and kind in set(MessageKind):
                    # What the request says counts for the kinds that nobody spoke of.
                    told.append((said[0].place, (asked["stemtInMetEmail"], REQUEST, None)))
                words = (
                    (s.place, s.get("toestemming"), s.get("bron"), s.at) for s in spoken if kind in s.get("soorten")
                )
                told += ((place, tuple(rest)) for place, *rest in words)
                is_now = [(r.given, r.source, r.at and instant(r.at)) for r in rows if r.kind == kind]
                yield from in_turn(what, wat, is_now, told)
            declined = [s for s in mine if s.get("kennisgevingen") is not None]
            if party.declined != (bool(declined) and not declined[-1].get("kennisgevingen")):
                yield not_as_said(what, wat, (declined or said)[-1].place)

    # ---- our messages ----------------------------------------------------------------------------

    def _placed(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """What is in the portal, since when, and what it says (Awb 2:19)."""
        told = {s.get("bericht"): s for s in _named(said, EventName.MESSAGE_PLACED)}
        rows = {message.key: message for message in self._messages[row.id]}
        for key in sorted(told.keys() - rows.keys()):
            yield Problem(
                f"message {key} is gone, and entry {told[key].place} tells of it",
                f"bericht {key} is weg, en regel {told[key].place} vertelt ervan",
            )
        for key, message in rows.items():
            entry = told.get(key)
            if entry is None:
                if message.placed_at is not None:
                    yield changed(f"message {key}", f"bericht {key}", "no entry placed it", "geen regel plaatste het")
                continue
            is_now = (message.kind, message.placed_at and instant(message.placed_at), message.placed_index)
            says = (entry.get("soort"), entry.at, entry.place)
            if is_now != says or (message.sha256, mapping.digest(message.content)) != (
                entry.get("sha256"),
                entry.get("inhoud"),
            ):
                yield not_as_said(f"message {key}", f"bericht {key}", entry.place)

    def _told(self, row: RequestRow, said: Sequence[Said], fates: dict[str, Said]) -> Iterator[Problem]:
        """Who was told of it, how, and what became of that; and the notices themselves, whose fates are taken out."""
        told: dict[tuple[Any, ...], list[Said]] = defaultdict(list)
        for s in said:
            if s.name in _TOLD:
                told[s.get("bericht"), s.get("betrokkene"), s.get("weg"), s.get("poging")].append(s)
        for message in self._messages[row.id]:
            for sending in self._sendings[message.id]:
                entries = told.pop((message.key, sending.party_id, sending.way, sending.attempt), [])
                yield from _became(message, sending, entries)
                for letter in self._notices[sending.id]:
                    if letter.receipt_index != message.placed_index:
                        yield letter_changed(letter.key, f"it is not of message {message.key}", message.placed_index)
                    yield from fate(letter, fates.pop(letter.key, None))
        for (key, party, *_), entries in told.items():
            yield Problem(
                f"how party {party} was told of message {key} is gone: entry {entries[0].place} tells of it",
                f"hoe betrokkene {party} van bericht {key} hoorde is weg: regel {entries[0].place} noemt het",
            )

    def _reminded(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """Which reminders were made, when, and of which last day."""
        what, wat = f"a reminder of request {row.reference}", f"een herinnering van verzoek {row.reference}"
        told = [(s.place, (_before(s), s.get("laatsteDag"), s.at)) for s in _named(said, EventName.REMINDED)]
        is_now = [(_day(r.day), _day(r.last_day), instant(r.made_at)) for r in self._reminders[row.id]]
        yield from in_turn(what, wat, is_now, told)

    def _warned(self, row: RequestRow, said: Sequence[Said], fates: dict[str, Said]) -> Iterator[Problem]:
        """What staff was told by itself, and what became of the mail about it."""
        what, wat = f"what staff was told of request {row.reference}", f"een signaal over verzoek {row.reference}"
        entries = _named(said, EventName.STAFF_TOLD)
        told = [(s.place, (s.get("soort"), s.get("aan"), s.get("laatsteDag"), _before(s), s.at)) for s in entries]
        alerts = self._alerts[row.id]
        is_now = [(a.kind, a.told, _day(a.last_day), _day(a.day), instant(a.made_at)) for a in alerts]
        yield from in_turn(what, wat, is_now, told)
        for alert, entry in zip(alerts, entries, strict=False):
            for letter in self._mails[alert.id]:
                if letter.receipt_index != entry.place:
                    yield letter_changed(letter.key, f"it is not what entry {entry.place} told", entry.place)
                yield from fate(letter, fates.pop(letter.key, None))

    # ---- dealings --------------------------------------------------------------------------------

    def _asked(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """Who asked for more time, in what words, and what a person answered."""
        what = f"a question for more time of request {row.reference}"
        wat = f"een vraag om uitstel van verzoek {row.reference}"
        questions = self._questions[row.id]
        told = [
            (s.place, (s.get("weg"), s.get("gevraagdOp"), s.get("toelichting")))
            for s in _named(said, EventName.EXTENSION_ASKED)
        ]
        # What a mail asked is in the mail; where that was erased, the question says so.
        words = [(q.way, instant(q.asked_at), "" if q.asked == GONE else q.asked) for q in questions]
        yield from in_turn(what, wat, words, told)
        answers = sorted((q for q in questions if q.answered_at), key=lambda q: (q.answered_at, q.id))
        is_now = [
            (q.state, q.way, q.answer, q.officer, instant(q.answered_at), _day(q.was), _day(q.until)) for q in answers
        ]
        yield from in_turn(what, wat, is_now, [answer for s in said if (answer := _answer(s))])
        if any((q.state == Answer.WAITS) != (q.answered_at is None) for q in questions):
            yield changed(what, wat, "it waits and was answered", "zij wacht en is beantwoord")

    def _spoken(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """Who was spoken to, and what was agreed."""
        told = [
            (s.place, (s.get("gesprokenOp"), s.get("persoon"), s.get("afspraak"), s.get("medewerker"), s.at))
            for s in _named(said, EventName.CONTACT)
        ]
        is_now = [
            (instant(c.spoken_at), c.person, c.agreed, c.officer, instant(c.noted_at)) for c in self._contacts[row.id]
        ]
        what = f"a telephone call about request {row.reference}"
        wat = f"een telefoongesprek over verzoek {row.reference}"
        yield from in_turn(what, wat, is_now, told)

    # ---- the hand-over ---------------------------------------------------------------------------

    def _taken_out(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """Which bundles left the house, with what in them, and which of them somebody has."""
        what, wat = f"a bundle of request {row.reference}", f"een bundel van verzoek {row.reference}"
        told = [
            (s.place, (s.get("bundel"), s.at, s.get("medewerker"), s.get("besluiten")))
            for s in _named(said, EventName.CONTENT_ACCESS)
            if s.get("bundel")
        ]
        bundles = self._bundles[row.id]
        yield from in_turn(what, wat, [(b.sha256, instant(b.made_at), b.made_by, b.decisions) for b in bundles], told)
        confirmed = [
            (s.place, (s.get("bundel"), s.at, s.get("medewerker"))) for s in _named(said, EventName.HANDOVER_CONFIRMED)
        ]
        is_now = [(b.sha256, instant(b.confirmed_at), b.confirmed_by) for b in bundles if b.confirmed_at is not None]
        yield from in_turn(what, wat, sorted(is_now, key=lambda each: each[1]), confirmed)

    def _handed_over(self, row: RequestRow, said: Sequence[Said]) -> Iterator[Problem]:
        """What may be erased, because the case system has it as it was decided last."""
        confirmed = {n: s for s in _named(said, EventName.HANDOVER_CONFIRMED) for n in s.get("inzendingen") or ()}
        ids = [handed.submission_id for handed in self._handed[row.id]]
        named = select(col(SubmissionRow.id), col(SubmissionRow.number)).where(col(SubmissionRow.id).in_(ids))
        numbers = dict(iter(self._session.execute(named)))
        is_now = {numbers.get(handed.submission_id, "?"): handed for handed in self._handed[row.id]}
        stands = {n: s for n, s in confirmed.items() if n in self._as_then(confirmed)}
        for number in sorted(is_now.keys() | stands.keys()):
            what = f"the hand-over of submission {number} for request {row.reference}"
            wat = f"de overdracht van inzending {number} voor verzoek {row.reference}"
            handed = [(instant(is_now[number].at),)] if number in is_now else []
            told = [(stands[number].place, (stands[number].at,))] if number in stands else []
            yield from in_turn(what, wat, handed, told)

    def _as_then(self, confirmed: dict[str, Said]) -> set[str]:
        """Of what was confirmed, what was not decided again since, and is not erased."""
        last = dict(
            iter(
                self._session.execute(
                    select(col(EntryRow.subject), func.max(col(EntryRow.index)))
                    .where(col(EntryRow.subject).in_(list(confirmed)), col(EntryRow.name) == EventName.DECIDED)
                    .group_by(col(EntryRow.subject))
                )
            )
        )
        there = select(col(SubmissionRow.number)).where(
            col(SubmissionRow.number).in_(list(confirmed)), col(SubmissionRow.erased_at).is_(None)
        )
        return {n for n in self._session.scalars(there) if last.get(n, -1) < confirmed[n].place}


def _named(said: Sequence[Said], name: EventName) -> list[Said]:
    return [s for s in said if s.name == name]


def _day(day: Any) -> str | None:  # noqa: ANN401  # a date or nothing
    return None if day is None else day.isoformat()


def _before(said: Said) -> str | None:
    """The day that is as many days before the last one as an event says; None where it says none."""
    last, days = said.get("laatsteDag"), said.get("dagenTevoren")
    return (date.fromisoformat(last) - timedelta(days=days)).isoformat() if last and days is not None else None


def _became(message: MessageRow, sending: SendingRow, entries: Sequence[Said]) -> Iterator[Problem]:
    """One sending stands where its entries leave it."""
    what = f"how party {sending.party_id} was told of message {message.key}"
    wat = f"hoe betrokkene {sending.party_id} van bericht {message.key} hoorde"
    sent_at = next((s.at for s in reversed(entries) if _TOLD[EventName(s.name)] is Sending.SENT), None)
    if not entries:
        if sending.state not in {Sending.WAITING, Sending.DROPPED} or sending.sent_at is not None:
            yield changed(what, wat, f"it is {sending.state}, and no entry says so", "geen regel zegt wat er staat")
    elif (sending.state, sending.why, sending.sent_at and instant(sending.sent_at)) != (
        _TOLD[EventName(entries[-1].name)],
        entries[-1].get("waarom"),
        sent_at,
    ):
        yield not_as_said(what, wat, entries[-1].place)


def _answer(s: Said) -> tuple[int, tuple[Any, ...]] | None:
    """What a row has to say for an answer to a question for more time."""
    answered = (s.get("reden"), s.get("medewerker"), s.get("beantwoordOp"))
    if s.name == EventName.EXTENSION_REFUSED:
        return s.place, (Answer.REFUSED, s.get("weg"), *answered, None, None)
    if s.name == EventName.REQUEST_EXTENDED and s.get("gevraagd"):
        return s.place, (Answer.GRANTED, s.get("gevraagd"), *answered, s.get("van"), s.get("tot"))
    return None
