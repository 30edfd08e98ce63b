"""The notice by mail that something is in the portal (Awb 2:10): facts in, one RFC 5322 message out; pure.

Rule 1: no names of persons, no case number, access code or secret address: it goes by plain mail (Awb 2:9).
Rule 2: once Awb 2:10 lid 2 is in force it says who sent what, and that and until when an answer is expected.
Rule 3: the same facts give the same bytes, so that a notice sent again is recognised as the same.
"""

from typing import Final

from gateway import reasons
from gateway.core.notices import MessageKind, NoticeFacts
from gateway.core.terms import day_in_words
from mail.blocks import Block, Heading, Line, Points
from mail.message import Addressing, House, message

_LANGUAGE_AT: Final = {"nl": 0, "en": 1}


def compose(facts: NoticeFacts, house: House) -> bytes:
    """The notice, ASCII with CRLF, ready for DATA; in both languages for a reader of another one.

    Raises ValueError for an address that does not fit in a header.
    """
    languages = (facts.language,) if facts.language in reasons.LANGUAGES else reasons.LANGUAGES
    parts = [(language, _content(facts, house, language)) for language in languages]
    nature = f"nature_{facts.kind}" if facts.full else "nature"
    subject = " / ".join(_say(nature, language).capitalize() for language in languages)
    to = Addressing(facts.to, facts.message_id, facts.sent_at, submitted="auto-generated")
    return message(to, house, subject, parts)


def _content(facts: NoticeFacts, house: House, language: str) -> list[Block]:
    blocks: list[Block] = [
        Heading(_say("title", language), 1),
        Line(_say("lead", language, organisation=house.organisation)),
    ]
    if facts.again:
        blocks.append(Line(_say("again", language)))
    if facts.full:
        blocks += _full(facts, house, language)
    return [
        *blocks,
        Line(_say("read", language), house.portal_url),
        Line(_say("code", language)),
        Line(_say("help", language, phone=house.help_phone)),
        Line(_say("stop", language)),
        Line(f"{house.organisation}. {_say('automatic', language)}"),
    ]


def _full(facts: NoticeFacts, house: House, language: str) -> list[Block]:
    """Sender, nature, and that and until when a reaction is expected, with what follows from it."""
    points = [
        Line(_say("from", language, organisation=house.organisation)),
        Line(_say("about", language, nature=_say(f"nature_{facts.kind}", language))),
        Line(_say("reference", language, reference=facts.reference)),
    ]
    if facts.last_day is None:
        points.append(Line(_say("no_answer", language)))
    else:
        points.append(Line(_say("answer", language, day=day_in_words(facts.last_day, language))))
        points.append(Line(_say("effect", language)))
    return [Points(tuple(points))]


def _say(key: str, language: str, **values: str) -> str:
    return SENTENCES[key][_LANGUAGE_AT[language]].format(**values)


SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "nature": ("er staat een bericht voor u klaar", "there is a message for you"),
    f"nature_{MessageKind.REQUEST}": ("verzoek om documenten te sturen", "request to send documents"),
    f"nature_{MessageKind.ANSWERED}": (
        "op elk gevraagd document is een antwoord binnen",
        "there is an answer to each document we asked for",
    ),
    f"nature_{MessageKind.OTHER}": ("mededeling over uw verzoek", "message about your request"),
    f"nature_{MessageKind.REMINDER}": (
        "herinnering: wij missen nog documenten",
        "reminder: we still need documents",
    ),
    "title": ("Er staat een bericht voor u klaar", "There is a message for you"),
    "lead": (
        "{organisation} heeft een bericht voor u in het portaal gezet.",
        "{organisation} has placed a message for you in the portal.",
    ),
    "again": (
        "Een eerdere e-mail hierover kwam bij ons terug. Daarom krijgt u hem opnieuw.",
        "An earlier e-mail about this came back to us. That is why you get it again.",
    ),
    "from": ("Van: {organisation}", "From: {organisation}"),
    "about": ("Soort bericht: {nature}", "Kind of message: {nature}"),
    "reference": ("Kenmerk: {reference}", "Reference: {reference}"),
    "answer": (
        "Wij verwachten een reactie van u, uiterlijk op {day}.",
        "We expect a reaction from you, no later than {day}.",
    ),
    "effect": (
        "Reageert u niet op tijd, dan kan dat gevolgen hebben. In het bericht staat welke.",
        "If you do not react in time, that can have consequences. The message says which.",
    ),
    "no_answer": ("U hoeft niet te reageren.", "You do not have to react."),
    "read": ("Lees het bericht in het portaal:", "Read the message in the portal:"),
    "code": (
        (
            "Log in met uw kenmerk en uw toegangscode. Die code staat op de brief die u per post krijgt. "
            "Wij mailen hem nooit."
        ),
        (
            "Sign in with your reference and your access code. That code is in the letter that you get by post. "
            "We never send it by e-mail."
        ),
    ),
    "help": (
        "Hulp nodig, of lukt inloggen niet? Bel {phone}.",
        "Do you need help, or can you not sign in? Call {phone}.",
    ),
    "stop": (
        "Wilt u deze e-mails niet meer? Zet ze uit in het portaal. Brieven krijgt u dan per post.",
        "Do you not want these e-mails any more? Switch them off in the portal. You then get letters by post.",
    ),
    "automatic": (
        "Dit is een automatisch bericht. U kunt er niet op antwoorden.",
        "This is an automatic message. You cannot reply to it.",
    ),
}
