"""Paper: what comes by post or over the counter, registered by a person; from there it goes the way of everything.

Rule 1: when it was posted and when it came in are kept apart; the postmark may count for the sender (Awb 6:9).
Rule 2: an original that was seen and not scanned leaves a note with name and moment: there is always something to keep.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from secrets import token_hex
from typing import Final

from gateway.core import leniency, terms
from gateway.core.errors import Fault, Refused
from gateway.core.model import Accepted, Arrival, Envelope, Registration, StoredFile
from gateway.core.words import Channel
from gateway.ports import Clock, Intake
from gateway.queries import Queries
from gateway.schema import Stuk, Verzoek

CHANNELS: Final = (Channel.COUNTER, Channel.POST)
_SEEN: Final = {
    Channel.COUNTER: "Op {moment} zag {officer} aan de balie het origineel van stuk {number}: {item}.",
    Channel.POST: "Op {moment} ontving {officer} per post het origineel van stuk {number}: {item}.",
}


@dataclass(frozen=True)
class Paper:
    """What a member of staff has in front of them. `originals`: the items whose original is there."""

    reference: str
    channel: Channel
    received_at: datetime
    officer: str
    postmark_day: date | None = None
    originals: tuple[str, ...] = ()


class Counter:
    """Takes paper in. `posted_days`: within how many days after the last day posted documents may still come in."""

    def __init__(
        self, intake: Intake, queries: Queries, clock: Clock, calendar: terms.Calendar, posted_days: int
    ) -> None:
        self._intake = intake
        self._queries = queries
        self._clock = clock
        self._calendar = calendar
        self._posted_days = posted_days

    def take(self, paper: Paper, scans: Sequence[StoredFile]) -> Accepted:
        """Take responsibility for what was handed in (P1).

        Raises NotFound, Refused with every fault, and TryLater; then nothing was taken.
        """
        request = self._queries.request(paper.reference)
        if faults := tuple(self._faults(paper, scans, request)):
            raise Refused(faults)
        scanned = {scan.item for scan in scans}
        items = {item.nummer: item for item in request.stukken}
        notes = [self._note(paper, items[number]) for number in paper.originals if number not in scanned]
        arrival = Arrival(
            channel=paper.channel,
            received_at=paper.received_at,
            files=(*scans, *notes),
            source=f"{paper.channel}:{token_hex(16)}",
            envelope=Envelope(registered=self._registration(paper)),
            request=paper.reference,
        )
        return self._intake.accept(arrival)

    def _faults(self, paper: Paper, scans: Sequence[StoredFile], request: Verzoek) -> Iterator[Fault]:
        if paper.channel not in CHANNELS:
            yield Fault("channel", f"kies uit {', '.join(CHANNELS)}")
        if paper.received_at > self._clock.now():
            yield Fault("received", "dit moment moet nog komen")
        if paper.postmark_day and paper.channel is not Channel.POST:
            yield Fault("postmarked", "een poststempel hoort bij post")
        if paper.postmark_day and paper.postmark_day > terms.local_day(paper.received_at):
            yield Fault("postmarked", "de dag van verzending kan niet na de ontvangst zijn")
        known = {item.nummer for item in request.stukken}
        for number in dict.fromkeys((*paper.originals, *(scan.item for scan in scans if scan.item))):
            if number not in known:
                yield Fault("item", f"verzoek {request.kenmerk} heeft geen stuk {number}")
        if not scans and not paper.originals:
            yield Fault("files", "kies een scan, of geef aan welk origineel u heeft gezien")

    def _registration(self, paper: Paper) -> Registration:
        counts_day = leniency.counts_as_of(
            paper.postmark_day, terms.local_day(paper.received_at), self._calendar, posted_days=self._posted_days
        )
        return Registration(paper.officer, counts_day, paper.postmark_day, paper.originals)

    def _note(self, paper: Paper, item: Stuk) -> StoredFile:
        local = paper.received_at.astimezone(terms.AMSTERDAM)
        text = _SEEN[paper.channel].format(
            moment=f"{terms.day_in_words(local.date(), 'nl')} om {local:%H.%M} uur",
            officer=paper.officer,
            number=item.nummer,
            item=f"{item.omschrijving} ({item.persoon})" if item.persoon else item.omschrijving,
        )
        noted = self._clock.now().astimezone(terms.AMSTERDAM)
        spool = self._intake.spool()
        try:
            spool.write(f"{text}\nVerzoek {paper.reference}. Genoteerd op {noted.isoformat()}.\n".encode())
            name = f"origineel-gezien-stuk-{item.nummer}.txt"
            return replace(spool.keep(), name=name, media_type="text/plain", item=item.nummer)
        finally:
            spool.drop()
