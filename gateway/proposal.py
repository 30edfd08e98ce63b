"""The facts for a decision when the last day is over (Awb 4:5): the draft that an officer gets, as page and as PDF.

Rule 1: one content for both: sections in Dutch, each fact with the line of the ledger that proves it, if there is one.
Rule 2: nothing in it judges or decides; what was not sent by us is said to be without our proof.
Rule 3: that somebody took the PDF out is noted, like every other view of a case.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from gateway import paper
from gateway.consenting import Consents
from gateway.core import terms
from gateway.core.errors import Refused
from gateway.core.model import MISSING
from gateway.core.words import Channel, EventName, RequestStatus
from gateway.dates import Dates
from gateway.dealings import Dealings
from gateway.ports import Clock
from gateway.queries import Event, Queries
from gateway.schema import Inzending, Stuk, Termijnen, Verzoek

_TO_DECIDE: Final = frozenset({RequestStatus.OPEN, RequestStatus.LAPSED, RequestStatus.COMPLETE})
_SENT: Final = {
    EventName.REQUEST_RELEASED: "verzoek vrijgegeven",
    EventName.MESSAGE_PLACED: "in het portaal gezet",
    EventName.NOTICE_SENT: "kennisgeving verstuurd",
    EventName.NOTICE_FAILED: "kennisgeving kwam niet aan",
    EventName.LETTER_POSTED: "brief gepost",
    EventName.REMINDED: "herinnering gemaakt",
    EventName.REMINDER_STOPPED: "herinnering niet meer nodig",
}
_CHECKED: Final = {
    EventName.LAPSE_WITHHELD: "Nog niet verlopen: {reden}",
    EventName.REQUEST_LAPSED: "Verlopen: niets dat op tijd kwam wachtte nog, en wat wij verzonden kwam aan.",
    EventName.OUTAGE_ANSWERED: "Over een storing beslist door {medewerker}: {toelichting}",
}
_WAYS: Final = {Channel.SMTP: "e-mail", Channel.IMAP: "e-mail", Channel.PORTAL: "portaal"}


@dataclass(frozen=True)
class Section:
    """Sentences, and a table when it has rows; the column `wide` takes the room that is left."""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    wide: int = 0


@dataclass(frozen=True)
class Proposal:
    """What an officer gets. `decide_by`: until when a decision under Awb 4:5 is made known; None: no such day."""

    request: Verzoek
    decide_by: date | None
    sections: tuple[Section, ...]


class Proposals:
    """`note`: writes down who took out what, of which request."""

    def __init__(
        self,
        clock: Clock,
        queries: Queries,
        dates: Dates,
        consents: Consents,
        dealings: Dealings,
        note: Callable[[str, str, str], None],
    ) -> None:
        self._clock = clock
        self._queries = queries
        self._dates = dates
        self._consents = consents
        self._dealings = dealings
        self._note = note

    def of(self, reference: str) -> Proposal:
        """The facts as they stand now. Raises NotFound, and Refused for what is closed."""
        request, days = self._queries.request(reference), self._dates.why(reference)
        if request.status not in _TO_DECIDE:
            raise Refused.because("kenmerk", f"over verzoek {reference} is beslist")
        events = self._queries.timeline(reference)
        sections = (
            _asked(request),
            self._sent(reference, events),
            _last_day(days),
            _arrived(self._queries.submissions(request=reference)),
            self._dealt(reference),
            _checked(events),
            *_decide(days),
        )
        return Proposal(request, days.buitenBehandeling.laatsteDag if days.buitenBehandeling else None, sections)

    def pdf(self, reference: str, officer: str) -> bytes:
        """The same on paper (PDF/UA-1, PDF/A-2a), dated now. Raises like `of`."""
        proposal, now = self.of(reference), self._clock.now()
        request = proposal.request
        data = {
            "reference": request.kenmerk,
            "case-number": request.zaaknummer,
            "kind": f"{request.aanvraagsoort} ({request.procedure})",
            "people": ", ".join(f"{person.naam} ({person.rol})" for person in request.betrokkenen),
            "decide-by": paper.day_fields(proposal.decide_by) if proposal.decide_by else None,
            "made": _moment(now),
            "sections": [
                {"title": s.title, "lines": s.lines, "head": s.head, "rows": s.rows, "wide": s.wide}
                for s in proposal.sections
            ],
        }
        self._note(reference, "feiten voor een besluit, als PDF", officer)
        return paper.typeset("proposal", {"proposal": data}, now, "nl")

    def _sent(self, reference: str, events: Sequence[Event]) -> Section:
        names = {consent.party: consent.name for consent in self._consents.of(reference)}
        rows = tuple(_sent_row(event, names) for event in events if event.name in _SENT)
        ours = any(event.name == EventName.REQUEST_RELEASED for event in events)
        lines = () if ours else ("Het verzoek is niet via Herstelpost verzonden: het bewijs daarvan is hier niet.",)
        return Section("Hoe het verzoek is verzonden", lines, ("Moment", "Wat", "Aan", "Bewijs"), rows, wide=1)

    def _dealt(self, reference: str) -> Section:
        asked = [
            f"{_moment(q.asked_at)}: {q.asked_by or 'iemand'} vroeg om meer tijd ({q.way}). Antwoord: {q.state}"
            + (f" door {q.officer}: {q.answer}" if q.officer else "")
            for q in self._dealings.questions(reference)
        ]
        spoken = [
            f"{_moment(c.spoken_at)}: {c.officer} sprak met {c.person}. Afgesproken: {c.agreed}"
            for c in self._dealings.contacts(reference)
        ]
        none = "Er is niet om meer tijd gevraagd, en er is geen gesprek vastgelegd."
        return Section("Uitstel en gesprekken", (*asked, *spoken) or (none,))


# ---- the sections --------------------------------------------------------------------------------


def _asked(request: Verzoek) -> Section:
    missing = [item.nummer for item in request.stukken if item.status in MISSING]
    said = f"Er ontbreekt: {', '.join(missing)}." if missing else "Op elk stuk is een antwoord."
    lines = (f"Het verzoek is van {_day(request.verzondenOp)}. {said}",)
    head = ("Stuk", "Gevraagd", "Stand")
    return Section("Wat wij vroegen", lines, head, tuple(map(_asked_row, request.stukken)), wide=1)


def _asked_row(item: Stuk) -> tuple[str, ...]:
    about = f" ({item.persoon})" if item.persoon else ""
    return item.nummer, f"{item.omschrijving}{about}", _word(item.status)


def _sent_row(event: Event, names: dict[int, str]) -> tuple[str, ...]:
    content = event.content or {}
    what = _SENT[EventName(event.name)]
    for key, text in (("bericht", " ({})"), ("fout", ": {}"), ("verzondenOp", ", dag {}")):
        what += text.format(content[key]) if content.get(key) else ""
    return _moment(event.at), what, names.get(content.get("betrokkene", 0), "–"), f"regel {event.index}"


def _last_day(days: Termijnen) -> Section:
    more = [
        f"Op {_day(given.gegevenOp)} gaf {given.medewerker or 'een medewerker'} uitstel tot en met {_day(given.tot)}."
        for given in days.uitstel
    ]
    outage = [days.storing.uitleg.nl[0]] if days.storing else []
    end = f"De laatste dag was {_day(days.laatsteDag)}."
    return Section("De laatste dag", (*days.hersteltermijn.uitleg.nl, *more, *outage, end))


def _arrived(submissions: Sequence[Inzending]) -> Section:
    rows = tuple(_arrived_row(submission) for submission in submissions)
    head = ("Ontvangstnummer", "Ontvangen", "Hoe", "Besluit en stukken")
    return Section("Wat er binnenkwam", () if rows else ("Er is niets ontvangen.",), head, rows, wide=3)


def _arrived_row(submission: Inzending) -> tuple[str, ...]:
    answered = sorted({document.nummer for document in submission.stukken if document.nummer})
    late = ", te laat" if submission.opTijd is False else ""
    what = _word(submission.besluit or submission.status) + (f", stuk {', '.join(answered)}" if answered else "")
    way = _WAYS.get(submission.kanaal, str(submission.kanaal))
    return submission.ontvangstnummer, _moment(datetime.fromisoformat(submission.ontvangenOp)) + late, way, what


def _checked(events: Sequence[Event]) -> Section:
    lines = tuple(_checked_lines(events))
    return Section("De laatste controle", lines or ("De laatste controle is nog niet gedaan.",))


def _checked_lines(events: Sequence[Event]) -> Iterator[str]:
    for event in events:
        if event.name in _CHECKED and event.content is not None:
            said = _CHECKED[EventName(event.name)].format_map(event.content)
            yield f"{_moment(event.at)}: {said} (regel {event.index})"


def _decide(days: Termijnen) -> Iterator[Section]:
    found = days.buitenBehandeling
    if found is None:
        own = "Voor een bezwaar geldt art. 6:6 Awb; daarvoor loopt geen termijn van vier weken."
        yield Section("Wanneer u beslist", (own,))
        return
    kept = "Daarna beslist u op de inhoud, met wat er is."
    yield Section("Wanneer u beslist", (*found.uitleg.nl, kept))


# ---- in words ------------------------------------------------------------------------------------


def _word(word: str) -> str:
    return word.replace("_", " ")


def _day(day: date) -> str:
    return terms.day_in_words(day, "nl")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(terms.AMSTERDAM):%d-%m-%Y %H.%M} uur"
