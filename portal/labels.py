"""What staff reads: events, words of the contract and facts of a decision, in Dutch.

Rule 1: of an event only what is listed in `_SHOWN` is shown: hashes, moments, decisions; never names or texts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.core.business import Business
from gateway.core.facts import ClueKind, Facts
from gateway.core.model import TEXT_OF_MESSAGE, Finding, Verdict
from gateway.core.words import Reason
from gateway.queries import Event, Why
from gateway.reasons import reason_text

# ---- words of the contract -----------------------------------------------------------------------

OUTCOME: Final = {
    "aangenomen": "Aangenomen",
    "deels_aangenomen": "Deels aangenomen",
    "geweigerd": "Geweigerd",
    "aangehouden": "Aangehouden",
    "doorverwezen": "Doorverwezen",
    "geregistreerd": "Geregistreerd",
    "niet_gevraagd": "Niet gevraagd",
}
STATUS: Final = {
    "ontvangen": "Ontvangen",
    "in_behandeling": "In behandeling",
    "aangehouden": "Wacht op een medewerker",
    "afgehandeld": "Afgehandeld",
}
REQUEST: Final = {"open": "Open", "compleet": "Compleet", "verlopen": "Wacht op een besluit", "gesloten": "Gesloten"}
ITEM: Final = {
    "open": "Nog niet ontvangen",
    "ontvangen": "Ontvangen",
    "goedgekeurd": "Goedgekeurd",
    "afgekeurd": "Afgekeurd",
    "verklaring": "Verklaring ontvangen",
    "origineel_verwacht": "Origineel verwacht",
}
TONE: Final = {
    **dict.fromkeys(("aangenomen", "goedgekeurd", "ontvangen", "compleet", "afgehandeld"), "good"),
    **dict.fromkeys(("geweigerd", "afgekeurd", "verlopen"), "bad"),
    **dict.fromkeys(("aangehouden", "deels_aangenomen", "origineel_verwacht", "doorverwezen", "niet_gevraagd"), "wait"),
}
CHANNEL: Final = {"smtp": "E-mail", "imap": "E-mail (postbus)", "portaal": "Portaal", "balie": "Balie", "post": "Post"}
ROLE: Final = {
    "aanvrager": "Aanvrager",
    "gemachtigde": "Gemachtigde",
    "referent": "Referent",
    "contactpersoon": "Contactpersoon",
}
RULE: Final = {
    "refused_by_a_person": "Een medewerker weigerde het",
    "redirected_by_a_person": "Een medewerker zag dat het verkeerd gestuurd is",
    "taken_in_by_a_person": "Een medewerker behandelt het als goed verstuurd",
    "other_business": "Het lijkt iets anders dan een antwoord op ons verzoek",
    "infected_afterwards": "Later vond de scanner een virus",
    "opened_after_closing": "Geopend met het wachtwoord na het sluiten van het verzoek",
    "automatic_message": "Een automatisch bericht",
    "repeat": "Dezelfde bestanden waren er al",
    "not_designated": "Niet naar een aangewezen adres gestuurd",
    "over_the_cap": "Groter dan de grens",
    "could_not_be_read": "Het kon niet worden gelezen",
    "no_single_request": "Niet bij één verzoek te leggen",
    "request_is_closed": "Het verzoek is gesloten",
    "too_late": "Na de laatste dag",
    "nothing_attached": "Geen document bijgevoegd",
    "each_document": "Per document besloten",
    "kept_failing": "Een stap bleef mislukken",
}
BUSINESS: Final[Mapping[str, str]] = {
    Business.OBJECTION: "een bezwaar of beroep",
    Business.REVIEW: "een verzoek om herziening",
    Business.COMPLAINT: "een klacht",
    Business.INFORMATION: "een verzoek om informatie of inzage",
    Business.DEFAULT: "een ingebrekestelling",
}
ASKED_BY_LAW: Final = {
    Business.OBJECTION: (
        "Een bezwaar of beroep mag u niet alleen terugverwijzen (art. 2:16 lid 1 onder b Awb). De ontvangst is "
        "schriftelijk bevestigd (art. 6:14 Awb). Is een ander bevoegd? Dan stuurt u het zo snel mogelijk door, met de "
        "datum van ontvangst erbij, en hoort de afzender dat (art. 6:15 Awb). Het eerste moment van ontvangst beslist "
        "of het op tijd is."
    ),
    Business.REVIEW: (
        "Dit is een nieuwe aanvraag of een verzoek aan wie het besluit nam (art. 4:6 Awb). Geef het door, of stuur het "
        "door naar wie bevoegd is (art. 2:3 Awb)."
    ),
    Business.COMPLAINT: (
        "Een klacht over ons wordt schriftelijk bevestigd en behandeld (art. 9:1 en 9:6 Awb). Die bevestiging is het "
        "ontvangstbewijs. Gaat de klacht over een ander? Stuur haar door (art. 2:3 Awb)."
    ),
    Business.INFORMATION: (
        "Voor een Woo-verzoek (art. 4.1 Woo) en een verzoek om inzage (art. 15 AVG) loopt een eigen termijn. Geef het "
        "vandaag door."
    ),
    Business.DEFAULT: (
        "Twee weken na een ingebrekestelling kan een dwangsom gaan lopen (art. 4:17 lid 3 Awb), in zaken onder de Vw "
        "2000 niet (art. 71b Vw 2000). Dat zij langs een andere weg kwam, maakt haar niet ongeldig. Geef haar vandaag "
        "door."
    ),
}
LETTER: Final = {
    "drafted": "wordt geschreven",
    "written": "klaar om te versturen",
    "handed_over": "verstuurd",
    "failed": "niet bezorgd",
}
DONE: Final = {
    "verlengd": "De termijn is verlengd. De betrokkenen krijgen bericht.",
    "gesproken": "Het gesprek is vastgelegd. De betrokkenen krijgen een bevestiging.",
    "uitstel-gegeven": "Er is meer tijd gegeven. De betrokkenen krijgen bericht.",
    "uitstel-geweigerd": "Er is geen uitstel gegeven. De betrokkenen krijgen bericht met uw reden.",
    "gesloten": "Het verzoek is gesloten.",
    "storing": "Uw besluit over de storing is vastgelegd.",
    "besloten": "Uw besluit is vastgelegd en het verzoek is gesloten. U maakt het besluit zelf bekend.",
    "overgedragen": "De overdracht is bevestigd. Na de bewaartermijn wissen wij hier de inhoud.",
    "vastgehouden": "Dit wordt vastgehouden: er wordt niets van gewist.",
    "losgelaten": "Dit wordt niet meer vastgehouden. De bewaartermijn telt weer.",
    "goedgekeurd": "Het stuk is goedgekeurd.",
    "afgekeurd": "Het stuk is afgekeurd. Het staat weer open.",
    "ingenomen": "Wij hebben dit ingenomen. U kunt het ontvangstbewijs printen.",
    "toegewezen": "De inzending is aan het verzoek toegewezen.",
    "gekozen": "Het document is bij het stuk gelegd.",
    "vrijgegeven": "De inzending is vrijgegeven en opnieuw beoordeeld.",
    "geweigerd": "De inzending is geweigerd. De afzender krijgt bericht.",
    "vrijgave-voorgesteld": "Uw voorstel is vastgelegd. Vraag een collega om ernaar te kijken.",
    "uit-quarantaine": "Het bestand is uit quarantaine. De inzending is opnieuw beoordeeld.",
    "telt-mee": "Wat te laat kwam, telt mee.",
    "telt-niet": "Wat te laat kwam, telt niet mee. De afzender krijgt bericht.",
    "doorgewezen": "De afzender krijgt bericht.",
    "doorgegeven": "U behandelt dit als goed verstuurd. De afzender leest vanaf welk moment.",
    "geopend": "Het wachtwoord klopt. Wij beoordelen de kopie zonder wachtwoord.",
}

# ---- our own letters -----------------------------------------------------------------------------

MESSAGE: Final = {
    "verzoek": "Verzoek om documenten",
    "beantwoord": "Op elk document is een antwoord",
    "mededeling": "Mededeling",
    "ontvangstbewijs": "Ontvangstbewijs",
    "herinnering": "Herinnering",
}
ALERT: Final = {
    "compleet": "op elk stuk een antwoord",
    "wacht": "er moet nog iets bekeken worden",
    "voorstel": "laatste dag voorbij",
    "termijn": "de termijn voor een besluit loopt af",
}
VERDICT_WORDS: Final = {"buiten_behandeling": "Buiten behandeling", "in_behandeling": "Op de inhoud beslissen"}
WAY: Final = {"email": "E-mail", "post": "Brief per post"}
WHY_SO: Final = {
    "toestemming": "stemt in met e-mail",
    "geen_toestemming": "geen toestemming voor e-mail",
    "adres_onbruikbaar": "het e-mailadres is niet te gebruiken",
    "afgemeld": "wil geen kennisgevingen",
    "toegangscode": "de toegangscode gaat nooit per e-mail",
    "onbestelbaar": "de e-mail kwam terug",
    "toestemming_ingetrokken": "toestemming ingetrokken",
}
SENDING_TONE: Final = {"wacht": "wait", "verzonden": "good", "mislukt": "bad", "vervallen": ""}


OPENED: Final = {"download": "als bestand"}
"""How somebody took a document out; a bundle says so itself."""

# ---- events --------------------------------------------------------------------------------------

EVENT: Final = {
    "ReceivedFromNonERDS": "E-mail ontvangen",
    "SubmissionAcceptance": "Bestanden ontvangen",
    "SubmissionRejection": "Poging geweigerd",
    "RelayToNonERDS": "Brief verstuurd",
    "RelayToNonERDSFailure": "Brief niet bezorgd",
    "ContentAccessTracking": "Inhoud ingezien",
    "SubmissionDecided": "Besluit genomen",
    "SubmissionReceipt": "Ontvangstbewijs gemaakt",
    "SubmissionShelved": "Naar een medewerker: een stap lukte niet",
    "RequestOpened": "Verzoek geopend",
    "RequestExtended": "Termijn verlengd",
    "RequestClosed": "Verzoek gesloten",
    "RequestComplete": "Voor elk stuk is iets ontvangen",
    "RequestReopened": "Een stuk staat weer open: het document telt er niet meer voor",
    "RequestLapsed": "Laatste dag voorbij: wacht op een besluit",
    "RequestReleased": "Verzoek vrijgegeven: de brief mag weg",
    "LapseWithheld": "Laatste dag voorbij, maar er wacht nog iets: het verloopt niet",
    "ReminderMade": "Herinnering gemaakt",
    "ReminderStopped": "Herinnering niet meer nodig: niet verstuurd",
    "StaffTold": "Medewerkers gewaarschuwd",
    "TermRestarted": "Termijn telt vanaf een latere verzending",
    "ContentConsignment": "Bericht in het portaal gezet",
    "ConsignmentNotification": "Kennisgeving verstuurd",
    "ConsignmentNotificationFailure": "Kennisgeving kwam niet aan",
    "LetterPosted": "Brief gepost",
    "NoticeLate": "Iemand wacht te lang op een bericht",
    "ConsentChanged": "Toestemming voor e-mail gewijzigd",
    "ExtensionAsked": "Om meer tijd gevraagd",
    "ExtensionRefused": "Meer tijd niet gegeven",
    "ContactRegistered": "Gesproken met iemand",
    "PersonActed": "Handeling van een medewerker",
    "GatewayStarted": "Systeem gestart",
    "GatewayStopped": "Systeem gestopt",
    "Outage": "Storing",
    "OutageAnswered": "Over een storing op de laatste dag beslist",
    "AccountChanged": "Account gewijzigd",
    "HandoverConfirmed": "Overdracht bevestigd: het zaaksysteem heeft de bundel",
    "LegalHoldPlaced": "Vastgehouden: niets mag worden gewist",
    "LegalHoldReleased": "Niet langer vastgehouden",
    "ContentErased": "Inhoud gewist na de bewaartermijn",
    "KeyChanged": "Sleutel van het logboek vervangen",
    "ClockJumped": "De klok versprong",
    "RegisterClosed": "Register afgesloten tot hier",
    "LedgerChecked": "Het hele logboek nagerekend",
    "SignedIn": "Ingelogd",
    "SignInFailed": "Inloggen mislukt",
    "ConfigurationChanged": "Instellingen gewijzigd",
    "InfectionFound": "Later een virus gevonden",
    "StoredFilesScanned": "Bewaarde bestanden opnieuw gecontroleerd",
    "PersonCopyMade": "Afschrift gemaakt (art. 2:25 Awb)",
}
ASKED: Final = {"email": "per e-mail", "portaal": "in het portaal", "telefoon": "per telefoon"}
ANSWER: Final = {"wacht": "wacht op antwoord", "gegeven": "gegeven", "geweigerd": "niet gegeven"}
_REASON: Final = {reason.value: reason_text(reason, "nl").title for reason in Reason}
_ACT: Final = {
    "assign": "toegewezen",
    "release": "vrijgegeven",
    "refuse": "geweigerd",
    "redirect": "de goede weg gewezen",
    "forward": "doorgestuurd",
    "return": "niet voor ons",
    "take_in": "in behandeling genomen",
    "propose": "vrijgave uit quarantaine voorgesteld",
    "free": "uit quarantaine vrijgegeven",
    "open": "wachtwoord gegeven: er is een kopie zonder wachtwoord",
}

_WHO: Final = {"indiener": "iemand met de toegangscode", "token": "een programma"}

_SHOWN: Final[tuple[tuple[str, str, Mapping[str, str]], ...]] = (
    ("kanaal", "Kanaal", CHANNEL),
    ("weg", "Weg", {"post": "per post"} | ASKED),
    ("gevraagd", "Gevraagd", ASKED),
    ("verzoek", "Verzoek", {}),
    ("verzoeken", "Verzoeken", {}),
    ("status", "Stand", ITEM | STATUS | REQUEST),
    ("besluit", "Besluit", OUTCOME | VERDICT_WORDS),
    ("redenen", "Redenen", _REASON),
    ("reden", "Reden", _REASON),
    ("regel", "Regel", RULE),
    ("grond", "Grond", {}),
    ("handeling", "Handeling", _ACT),
    ("aard", "Behandeld als", BUSINESS),
    ("doorgeleidOp", "Doorgeleid op", {}),
    ("nummer", "Stuk", {}),
    ("rol", "Wie", _WHO),
    ("medewerker", "Medewerker", {}),
    ("voorgesteldDoor", "Voorgesteld door", {}),
    ("gevonden", "Gevonden", {}),
    ("handtekeningen", "Scanner", {}),
    ("laatsteDag", "Laatste dag", {}),
    ("uiterlijk", "Besluiten uiterlijk", {}),
    ("soort", "Soort", MESSAGE | ALERT),
    ("aan", "Aan", {}),
    ("dagenTevoren", "Dagen tevoren", {}),
    ("van", "Van", {}),
    ("tot", "Tot", {}),
    ("stap", "Stap", {}),
    ("bytes", "Bytes", {}),
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
# Free words of a person: these may hold content, so of these events they are not shown.
_FREE_WORDS: Final = frozenset(
    {"LegalHoldPlaced", "LegalHoldReleased", "RequestExtended", "RequestClosed", "ExtensionRefused"}
)


@dataclass(frozen=True)
class Entry:
    """One event as shown. `happened`: the moment of receipt or of the attempt, as `happened_as` says, if any."""

    index: int
    name: str
    recorded_at: datetime
    happened: datetime | None
    happened_as: str
    subject: str
    facts: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, int | None], ...]
    erased: bool


def timeline(events: Iterable[Event]) -> list[Entry]:
    """Events for people, in their order; of a receipt also which one it corrects, and which one corrects it."""
    events = list(events)
    corrected_by = {earlier: event.index for event in events if (earlier := _corrects(event)) is not None}
    return [_entry(event, corrected_by.get(event.index)) for event in events]


def _corrects(event: Event) -> int | None:
    """The place in the log of the receipt that this one puts right."""
    earlier = (event.content or {}).get("corrigeert")
    return earlier["logIndex"] if earlier else None


def _entry(event: Event, corrected_by: int | None) -> Entry:
    content = event.content or {}
    receipts = (("Verbetert", _corrects(event)), ("Verbeterd door", corrected_by))
    happened = content.get("ontvangenOp") or content.get("pogingOp")
    return Entry(
        index=event.index,
        name=EVENT.get(event.name, event.name),
        recorded_at=event.at,
        happened=datetime.fromisoformat(happened) if happened else None,
        happened_as="Poging" if content.get("pogingOp") else "Ontvangen",
        subject=event.subject,
        facts=(*_shown(event.name, content), *((label, f"regel {at}") for label, at in receipts if at is not None)),
        hashes=tuple(_hashes(content)),
        erased=event.content is None,
    )


def _shown(name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, label, words in _SHOWN:
        value = content.get(key)
        if value in (None, "", []) or (key == "reden" and name in _FREE_WORDS):
            continue
        if key == "verzoeken" and content.get("verzoek"):  # the same once more
            continue
        listed = value if isinstance(value, list) else [value]
        yield label, ", ".join(words.get(str(word)) or _readable(str(word)) for word in listed)


def _readable(word: str) -> str:
    """A day as people write it; anything else as it is."""
    return "-".join(reversed(word.split("-"))) if _DAY.fullmatch(word) else word


def _hashes(content: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    listed = content.get("bestanden") or content.get("stukken") or ()
    for each in listed:
        if isinstance(each, dict) and each.get("sha256"):
            yield each["sha256"], each.get("bytes")
    for key in ("stuk", "kopie", "wat", "bundel"):
        value = content.get(key)
        if isinstance(value, str) and value:
            yield value, None


# ---- why -----------------------------------------------------------------------------------------

VERDICT: Final = {
    Verdict.CLEAN: "schoon",
    Verdict.INFECTED: "virus gevonden",
    Verdict.ENCRYPTED: "versleuteld, dus niet gecontroleerd",
    Verdict.LIMITS: "niet helemaal gecontroleerd: over een grens",
    Verdict.ERROR: "niet gecontroleerd: fout bij de scanner",
    Verdict.NOT_YET: "nog niet gecontroleerd",
}
PART_NOTE: Final = {
    "a link, not followed": "een verwijzing, niet gevolgd",
    "a multipart that could not be split": "kon niet in delen worden gesplitst",
    "a point that nobody sees": "een punt dat niemand ziet, om te weten wie leest",
    "a reference to a file elsewhere": "verwijst naar een bestand ergens anders",
    "calendar": "agenda",
    "an answer to an invitation": "antwoord op een uitnodiging",
    "decrypted with our key": "geopend met onze sleutel",
    "embedded in the text": "klein plaatje in de tekst, zoals een logo",
    "empty": "leeg",
    "encrypted": "versleuteld",
    "encryption version": "hoort bij de versleuteling",
    "holds no file": "bevat geen bestand",
    "made by a computer": "door een computer gemaakt",
    "one piece of a message": "een stuk van een bericht",
    "public key": "openbare sleutel",
    "report": "melding van een mailserver",
    "resource fork": "bijlage van een Mac",
    "shown in the text": "staat in de tekst van het bericht",
    "signature": "elektronische handtekening",
    TEXT_OF_MESSAGE: "de tekst van de e-mail, met wat de afzender vraagt of uitlegt",
    "the same small picture in several messages": "hetzelfde kleine plaatje in meer berichten, zoals een logo",
    "two names": "twee namen: een ander programma kan de andere tonen",
    "unreadable": "niet te openen",
    "visiting card": "visitekaartje",
}
"""What the reader notes of a part, by its words."""

_FINDING: Final = {
    "infected": "virus",
    "encrypted": "wachtwoord nodig",
    "active_content": "doet iets uit zichzelf",
    "unreadable": "niet te openen",
    "type_refused": "soort bestand dat wij niet nemen",
    "limits": "over een grens",
    "suspicious": "eerst bekijken",
    "carries": "er zit een bestand in, dat hier los staat",
    "type_differs": "de naam klopt niet met de inhoud",
    "repaired": "beschadigd, wel te openen",
    "pages": "pagina's",
    "hint": "let op",
}
_CLUE: Final = {
    ClueKind.PERSON: "een medewerker wees het toe",
    ClueKind.CHOICE: "iemand koos er een document voor",
    ClueKind.SECRET_ADDRESS: "het geheime mailadres van het verzoek",
    ClueKind.SECRET_SUBJECT: "het geheim in het onderwerp",
    ClueKind.SESSION: "ingelogd in het portaal, of via de API",
    ClueKind.REFERENCE: "het kenmerk of zaaknummer in de tekst",
    ClueKind.THREAD: "een antwoord op onze brief",
    ClueKind.SENDER: "het adres van de afzender",
    ClueKind.RESEMBLANCE: "het lijkt op",
}
_AUTHENTICATION: Final = {"pass": "echt", "fail": "niet echt", "none": "niet vastgesteld"}


_SIGNATURE: Final = {
    "smime=pass": "De digitale handtekening (S/MIME) past bij de inhoud",
    "smime=fail": "De digitale handtekening (S/MIME) past niet bij de inhoud",
}
_CHAIN: Final = {
    "chain=trusted": "een vertrouwde instantie staat in voor de naam van de ondertekenaar",
    "chain=unknown": "geen vertrouwde instantie staat in voor de naam van de ondertekenaar",
    "chain=not checked": "wie er tekende is niet getoetst",
}


def signature(words: str, *, names: bool) -> str:
    """One S/MIME signature in a sentence, from the words of `mail.smime`; not `names`: only the certificate's hash."""
    result, _, rest = words.partition("; ")
    chain, _, certificate = rest.partition("; ")
    shown = certificate if names else certificate.rpartition("; ")[2]
    said = "; ".join(part for part in (_SIGNATURE.get(result, result), _CHAIN.get(chain, chain)) if part)
    return f"{said} ({shown})." if shown else f"{said}."


def finding(found: Finding) -> str:
    """What was found in a document, in words; the detail is the checker's own."""
    words = _FINDING.get(found.code, found.code)
    if found.code == "pages":
        return "1 pagina" if found.detail == "1" else f"{found.detail} {words}"
    return f"{words} ({found.detail})" if found.detail else words


def facts(why: Why) -> list[tuple[str, str]]:
    """The facts a decision was taken on, as lines for people; empty while there are none."""
    return list(_lines(why.facts)) if why.facts else []


def _lines(found: Facts) -> Iterator[tuple[str, str]]:
    for clue in found.clues:
        yield "Wijst naar", f"{clue.request}: {_CLUE[clue.kind]}"
    if not found.clues:
        yield "Wijst naar", "geen enkel verzoek"
    if found.sender.address:
        parties = ", ".join(found.sender.party_of) or "geen enkel verzoek"
        yield (
            "Afzender",
            f"{_AUTHENTICATION.get(found.sender.authentication, 'niet vastgesteld')}; partij bij {parties}",
        )
    yield "Aangewezen adres", "ja" if found.designated else "nee"
    yield "Gemeten", f"{found.measured_bytes} bytes, hoogstens {found.cap_bytes} mag"
    for request in found.asked:
        in_time = "ja" if request.on_time else f"nee, de laatste dag was {request.last_day}"
        yield "Op tijd", in_time if found.request else f"{request.reference}: {in_time}"
    for label, value in (
        ("Automatisch bericht", found.automatic),
        ("Eerder ontvangen als", found.repeat_of),
        ("Lezen lukte niet", found.trouble.code if found.trouble else ""),
        ("Afwijkingen", ", ".join(found.defects)),
        ("Links in de tekst", str(len(found.links)) if found.links else ""),
    ):
        if value:
            yield label, value
    for act in found.acts:
        yield "Medewerker", f"{act.officer}: {_ACT[act.kind]}{f' ({act.note})' if act.note else ''}"
