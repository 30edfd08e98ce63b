"""The mail to staff about a request that needs them: facts in, one RFC 5322 message out; pure, in Dutch.

Rule 1: it names the request and the day, no person, no case number and no document: it goes by plain mail (Awb 2:9).
Rule 2: nothing in it judges: that all items have an answer is no word on whether the answers suffice (R09).
"""

from typing import Final

from gateway.core.alerts import AlertFacts, AlertKind
from gateway.core.terms import day_in_words
from mail.blocks import Block, Heading, Line
from mail.message import Addressing, House, message


def compose(facts: AlertFacts, house: House) -> bytes:
    """The message, ASCII with CRLF, ready for DATA. Raises ValueError for an address that does not fit in a header."""
    day = day_in_words(facts.last_day, "nl") if facts.last_day else ""
    by = f"Een besluit volgens art. 4:5 Awb moet uiterlijk {day} bekend zijn gemaakt." if day else ""
    title, text = _SAID[facts.kind]
    blocks: list[Block] = [
        Heading(title, 1),
        Line(text.format(reference=facts.reference, day=day, by=by, left=_left(facts.days_before)).strip()),
        Line("Bekijk het verzoek:", f"{house.portal_url}{_PAGE[facts.kind].format(reference=facts.reference)}"),
        Line("Dit is een automatisch bericht. U kunt er niet op antwoorden."),
    ]
    to = Addressing(facts.to, facts.message_id, facts.sent_at, submitted="auto-generated")
    return message(to, house, f"{title}: {facts.reference}", [("nl", blocks)])


def _left(days: int | None) -> str:
    if not days:
        return "Dat is vandaag."
    return "Nog 1 dag." if days == 1 else f"Nog {days} dagen."


_PAGE: Final = {
    AlertKind.COMPLETE: "/medewerker/verzoeken/{reference}",
    AlertKind.WAITS: "/medewerker/verlopen",
    AlertKind.PROPOSAL: "/medewerker/verlopen/{reference}",
    AlertKind.TERM: "/medewerker/verlopen/{reference}",
}
_SAID: Final = {
    AlertKind.COMPLETE: (
        "Op elk stuk is een antwoord",
        "In verzoek {reference} is op elk gevraagd stuk iets ontvangen. Of dat genoeg is, beoordeelt u.",
    ),
    AlertKind.WAITS: (
        "Laatste dag voorbij, er wacht nog iets",
        "De laatste dag van verzoek {reference} is voorbij. Het verloopt nog niet: iemand moet eerst iets bekijken.",
    ),
    AlertKind.PROPOSAL: (
        "Laatste dag voorbij, u beslist",
        (
            "De laatste dag van verzoek {reference} is voorbij en er ontbreken nog stukken. De feiten staan klaar."
            " Er gebeurt niets vanzelf: u beslist, met een reden. {by}"
        ),
    ),
    AlertKind.TERM: (
        "De termijn voor uw besluit loopt af",
        (
            "De aanvraag in verzoek {reference} kan buiten behandeling blijven als dat besluit uiterlijk {day} is"
            " bekendgemaakt (art. 4:5 lid 4 Awb). {left} Daarna beslist u op de inhoud."
        ),
    ),
}
