"""May this letter go out: what case law asks of a request for missing documents, all faults at once.

Rule 1: a layman must know what to send, until when, where, what happens otherwise, and who helps (Awb 4:5, 2:1).
Rule 2: no term, no suspension (ABRvS 21-9-2016, ECLI:NL:RVS:2016:2527); no decision term left, nothing to suspend
        (Awb 4:15).
Rule 3: what is missing blocks the letter; nothing is filled in here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.core.errors import Fault
from gateway.core.model import Item, Term
from gateway.core.terms import day_in_words
from gateway.core.words import Unit


@dataclass(frozen=True)
class Way:
    """A way to answer: the channel as the contract calls it, and where to send to."""

    channel: str
    place: str


@dataclass(frozen=True)
class RequestLetter:
    """What a letter is about to say. `decision_last_day`: the last day to decide, None when no term is known."""

    letter_day: date
    items: tuple[Item, ...]
    term: Term | None
    last_day: date | None
    why_that_day: tuple[str, ...]
    consequence: str
    ways: tuple[Way, ...]
    help_phone: str
    decision_last_day: date | None = None


def faults(letter: RequestLetter) -> tuple[Fault, ...]:
    """Everything that keeps the letter in the house; empty when it may go. `place` is the contract's field."""
    return (*_items(letter), *_term(letter), *_answer(letter), *_decision(letter))


def is_concrete(description: str) -> bool:
    """Whether a description names a document: a word beside those that every request could use."""
    words = _WORD.findall(description.casefold())
    return any(word not in _SAY_NOTHING and len(word) > 1 for word in words)


def _items(letter: RequestLetter) -> Iterator[Fault]:
    if not letter.items:
        yield Fault("stukken", "noem minstens één stuk")
    for place, item in enumerate(letter.items):
        if not is_concrete(item.description):
            yield Fault(
                f"stukken.{place}.omschrijving",
                f"{item.description!r} zegt niet welk stuk iemand moet sturen; noem het document, en van wie",
            )


def _term(letter: RequestLetter) -> Iterator[Fault]:
    if letter.term is None or letter.term.count < 1 or letter.term.unit is Unit.HOURS:
        yield Fault("termijn", "geef een termijn in dagen, weken of maanden; zonder termijn is er geen opschorting")
    if letter.last_day is None:
        yield Fault("laatsteDag", "de brief noemt geen laatste dag")
    elif letter.last_day <= letter.letter_day:
        yield Fault("laatsteDag", f"{day_in_words(letter.last_day, 'nl')} is niet na de dag van de brief")
    if not _filled(letter.why_that_day):
        yield Fault("laatsteDag", "de brief zegt niet waarom dit de laatste dag is")


def _answer(letter: RequestLetter) -> Iterator[Fault]:
    if not letter.consequence.strip():
        yield Fault("gevolg", "de brief zegt niet wat er gebeurt als iemand niets stuurt")
    if not any(way.channel in _ELECTRONIC for way in letter.ways):
        # A 2:13 lid 4 regulation could end this duty for a time; none is known.
        yield Fault("kanalen", "noem een elektronische weg (art. 2:13 lid 1 Awb): email of portaal")
    for way in letter.ways:
        if not way.place.strip():
            yield Fault("kanalen", f"de brief zegt niet waar iemand bij {way.channel} naartoe moet")
    if sum(c.isdigit() for c in letter.help_phone) < _SHORTEST_PHONE:
        yield Fault("portal.help_phone", "de brief noemt geen telefoonnummer voor hulp (art. 2:1 Awb)")


def _decision(letter: RequestLetter) -> Iterator[Fault]:
    over = letter.decision_last_day
    if over is not None and letter.letter_day > over:
        yield Fault(
            "beslistermijn",
            f"de beslistermijn was al om op {day_in_words(over, 'nl')}; er valt niets meer op te schorten (art. 4:15)",
        )


def _filled(lines: tuple[str, ...]) -> bool:
    return any(line.strip() for line in lines)


_ELECTRONIC: Final = frozenset({"email", "portaal"})
_SHORTEST_PHONE: Final = 3
_WORD: Final = re.compile(r"[^\W_]+")
# What could stand in any request: alone, these tell nobody what to send.
_SAY_NOTHING: Final = frozenset(
    _WORD.findall("""
    aanvullend aanvullende ander andere alle al alles beide benodigd benodigde bewijs bewijsmiddel bewijsmiddelen
    bewijsstuk bewijsstukken bijlage bijlagen bijv bijvoorbeeld bijbehorende cetera compleet complete de deze dit
    divers diverse document documenten documentatie dossier een eigen en enkele enz enzovoort etc et extra formulier
    formulieren foto gegeven gegevens geldig geldige gevraagd gevraagde het hier in info informatie is juiste kopie
    kopieën kopieen met meer missende moet nadere nieuw nieuwe nodig nodige noodzakelijke of om ontbrekend ontbrekende
    ons op overig overige papier papieren recente relevant relevante scan stuk stukken te toelichting uw van vereist
    vereiste verder verdere volledig volledige voor zaak zie zoals
    additional all and any copy data document documents evidence file files form forms info information missing more
    necessary needed of other papers proof relevant required supporting the your
    """)
)
