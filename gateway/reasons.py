"""Every reason of the contract in words a reader understands, in Dutch and English; letters and pages share it.

Rule 1: every reason says what is the matter, what the reader can do, and on what ground.
Rule 2: the words fit one file as well as a whole message, and hold no name, number or address of a case.
Rule 3: Dutch at level B1: short sentences, everyday words, nobody is blamed.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from gateway.core import conditions
from gateway.core.kinds import DEFAULT, OTHER, Taken
from gateway.core.words import Reason

LANGUAGES: Final = ("nl", "en")


@dataclass(frozen=True)
class ReasonText:
    """One reason in one language; `way_forward` is what the reader can do, `ground` the legal ground."""

    title: str
    explanation: str
    way_forward: str
    ground: str


def reason_text(
    reason: Reason, language: str, taken: Taken = DEFAULT, refused: Collection[str] = (), *, done: bool = False
) -> ReasonText:
    """The words of a reason; English for any language but `nl`.

    `taken`: the kinds of file that the office takes. `refused`: the media types of the files that it is said of.
    `done`: of a submission that waits for nobody any more.
    """
    dutch = language == "nl"
    words = _DUTCH if dutch else _ENGLISH
    title, explanation, way_forward = (words | (_DUTCH_DONE if dutch else _ENGLISH_DONE) if done else words)[reason]
    if reason is Reason.FILE_TYPE:
        why, way_forward = _of_kinds(taken, refused, "nl" if dutch else "en")
        explanation = explanation.format(why=why, kinds=taken.listed("nl" if dutch else "en"))
    ground = conditions.SINCE_2026.grounds[reason]
    return ReasonText(title, explanation, way_forward, ground if dutch else _ground_in_english(ground))


def _of_kinds(taken: Taken, refused: Collection[str], language: str) -> tuple[str, str]:
    """Why and the way round: of one kind its own words; of several each way stands behind its kind."""
    found = tuple(dict.fromkeys(taken.words(media_type, language) for media_type in refused))
    if len(found) == 1:
        return found[0].why, found[0].way_round
    general = taken.words(OTHER, language)
    ways = " ".join(f"{words.why} {words.way_round}" for words in found)
    return general.why, ways or general.way_round


def _ground_in_english(ground: str) -> str:
    """The same articles, with the words between them translated."""
    for pattern, english in _GROUND_WORDS:
        ground = pattern.sub(english, ground)
    return ground


_GROUND_WORDS: Final = tuple(
    (re.compile(pattern), english)
    for pattern, english in (
        (r"art\. ([\d:]+) lid (\d+)", r"art. \1(\2)"),
        (r"\bonder\b", "under"),
        (r"\ben\b", "and"),
        (r"\bpar\.", "section"),
        (r"\bAwb\b", "Awb (General Administrative Law Act)"),
    )
)

_Words = tuple[str, str, str]
_OF_THE_KIND: Final = ""
"""What to do instead depends on the kind of file: see `gateway.core.kinds`."""

_DUTCH: Final[dict[Reason, _Words]] = {
    Reason.NOT_DESIGNATED: (
        "Verkeerd adres",
        "U stuurde uw bericht naar een adres dat niet bedoeld is voor documenten.",
        "Stuur uw documenten opnieuw, naar het mailadres in onze brief. Of gebruik het portaal.",
    ),
    Reason.TOO_LARGE: (
        "Te groot",
        "Uw bestanden zijn samen te groot. Er is een grens, omdat wij elk bestand op virussen moeten controleren.",
        "Verdeel de bestanden over meer berichten. Of stuur ze in delen via het portaal. Lukt dat niet? Bel ons.",
    ),
    Reason.NO_REQUEST: (
        "Niet duidelijk bij welke brief dit hoort",
        "Wij weten niet bij welke brief van ons uw bericht hoort.",
        (
            "Een medewerker zoekt het uit. Dat gaat sneller als u uw documenten stuurt naar het mailadres in onze "
            "brief, of via het portaal."
        ),
    ),
    Reason.SEVERAL_REQUESTS: (
        "Meer dan één brief",
        (
            "Uw bericht kan bij meer dan één brief van ons horen. Wij willen uw documenten niet in het verkeerde "
            "dossier leggen."
        ),
        "Een medewerker zoekt het uit. Stuur de volgende keer een apart bericht voor elke brief.",
    ),
    Reason.SENDER_UNKNOWN: (
        "Mailadres niet bekend",
        "Uw mailadres is bij ons niet bekend voor deze zaak.",
        (
            "Een medewerker bekijkt uw bericht. U kunt de documenten ook sturen vanaf het mailadres dat wij van u "
            "kennen. Of gebruik het portaal met uw toegangscode."
        ),
    ),
    Reason.SENDER_UNPROVEN: (
        "Afzender niet zeker",
        "Wij konden niet vaststellen dat dit bericht echt van uw mailadres komt.",
        "Een medewerker bekijkt uw bericht. Via het portaal, met uw toegangscode, kunt u veilig documenten sturen.",
    ),
    Reason.NOT_REQUESTED: (
        "Niet gevraagd",
        "In onze brief vragen wij niet om dit document. Het telt daarom niet mee. Wij bewaren het wel.",
        "Denkt u dat het document er toch bij hoort? Stuur ons dan een bericht waarin u dat uitlegt. Of bel ons.",
    ),
    Reason.INFECTED: (
        "Virus gevonden",
        "In dit bestand zit een virus of een ander schadelijk programma. Wij openen het niet.",
        "Controleer uw computer met een virusscanner. Maak een nieuwe scan of foto van het document en stuur die.",
    ),
    Reason.ACTIVE_CONTENT: (
        "Programma in het bestand",
        "In dit bestand zit een programma, bijvoorbeeld een macro of een script. Dat is niet veilig.",
        "Bewaar het document als gewone PDF. Of maak een scan of foto. Stuur dat bestand opnieuw.",
    ),
    Reason.ENCRYPTED: (
        "Wachtwoord nodig",
        "Wij kunnen dit bestand niet openen zonder wachtwoord.",
        (
            "Haal het wachtwoord van het bestand af en stuur het opnieuw. Is het een PDF? Dan kunt u het wachtwoord "
            "ook invullen in het portaal, bij dit bestand. Mail ons geen wachtwoord."
        ),
    ),
    Reason.UNREADABLE: (
        "Niet te openen",
        "Wij konden dit niet openen. Misschien is het leeg of beschadigd.",
        "Kijk of u het zelf kunt openen. Maak zo nodig een nieuwe scan of foto en stuur die.",
    ),
    Reason.FILE_TYPE: (
        "Verkeerd soort bestand",
        "{why} Wel goed zijn: {kinds}.",
        _OF_THE_KIND,
    ),
    Reason.NOT_SCANNED: (
        "Controle nog niet klaar",
        "Wij konden dit bestand nog niet op virussen controleren. Het moment van ontvangst verandert daardoor niet.",
        "U hoeft niets te doen. Wij proberen het vanzelf opnieuw.",
    ),
    Reason.TOO_COMPLEX: (
        "Te ingewikkeld",
        "Wij konden dit niet automatisch openen. Er zitten te veel bestanden in, of bestanden in andere bestanden.",
        "Een medewerker bekijkt het. U helpt ons als u de documenten los stuurt, zonder zip-bestand.",
    ),
    Reason.REQUEST_CLOSED: (
        "Al afgesloten",
        "Wij hebben dit verzoek om documenten al afgesloten. Wij bewaren wat u stuurde.",
        "Een medewerker kijkt of uw documenten nog meetellen. Heeft u een vraag? Bel ons.",
    ),
    Reason.LATE: (
        "Na de laatste dag",
        "Uw bericht kwam binnen na de laatste dag. Wij bewaren wat u stuurde.",
        "Een medewerker beslist of het nog meetelt. Was het niet uw schuld dat het later kwam? Schrijf ons waarom.",
    ),
    Reason.AUTOMATIC: (
        "Automatisch bericht",
        "Dit bericht is door een computer gemaakt. Het is bijvoorbeeld een melding dat iemand afwezig is.",
        "U hoeft niets te doen. Wilde u documenten sturen? Stuur dan zelf een nieuw bericht met de documenten erbij.",
    ),
    Reason.REPEAT: (
        "Al eerder ontvangen",
        "Wij hebben precies dezelfde bestanden al eerder van u ontvangen. De eerste keer telt.",
        "U hoeft niets te doen. Wilde u iets anders sturen? Stuur dan een nieuw bericht.",
    ),
    Reason.EXTENSION_ASKED: (
        "Vraag om meer tijd",
        "U vraagt om meer tijd. Een medewerker beslist daarover.",
        (
            "U krijgt daar bericht over. Tot die tijd verandert de laatste dag niet. Stuur intussen de "
            "documenten die u al heeft."
        ),
    ),
    Reason.STATEMENT: (
        "Uitleg waarom u iets niet heeft",
        "U legt uit waarom u een document niet kunt krijgen. Een medewerker leest uw uitleg.",
        "U hoeft nu niets te doen. Heeft u bewijs bij uw uitleg? Stuur dat dan ook.",
    ),
    Reason.NO_DOCUMENTS: (
        "Geen documenten gevonden",
        "Wij vonden geen bestand bij uw bericht. Bestanden achter een link kunnen wij niet ophalen.",
        (
            "Stuur uw bericht opnieuw en voeg de bestanden toe als bijlage. Of gebruik het portaal. Wilde u "
            "alleen iets schrijven? Dan hoeft u niets te doen: een medewerker leest uw bericht."
        ),
    ),
    Reason.CHOICE_NEEDED: (
        "Welk document is dit?",
        "Wij nemen dit bestand aan. Maar wij weten nog niet welk document uit onze brief het is.",
        (
            "Kies in het portaal welk document het is. Of mail ons de naam van het bestand en het nummer van het "
            "document uit onze brief. Doet u niets? Dan kiest een medewerker."
        ),
    ),
}

# It stands in receipts that come after the answer: "until then the last day does not change" would be untrue there.
_DUTCH_DONE: Final[dict[Reason, _Words]] = {
    Reason.EXTENSION_ASKED: (
        "Vraag om meer tijd",
        "U vroeg om meer tijd. Wat wij daarop antwoorden, leest u in een apart bericht.",
        "De laatste dag die u hier leest, geldt nu. Stuur vóór die tijd de documenten die wij nog niet hebben.",
    ),
}

_ENGLISH: Final[dict[Reason, _Words]] = {
    Reason.NOT_DESIGNATED: (
        "Wrong address",
        "You sent your message to an address that is not meant for documents.",
        "Send your documents again, to the mail address in our letter. Or use the portal.",
    ),
    Reason.TOO_LARGE: (
        "Too large",
        "Together, your files are too large. There is a limit because we must check every file for viruses.",
        "Divide the files over more messages. Or send them in parts through the portal. Does that not work? Call us.",
    ),
    Reason.NO_REQUEST: (
        "Not clear which letter this belongs to",
        "We do not know which letter of ours your message belongs to.",
        (
            "A member of staff will find out. It goes faster if you send your documents to the mail address in our "
            "letter, or through the portal."
        ),
    ),
    Reason.SEVERAL_REQUESTS: (
        "More than one letter",
        (
            "Your message can belong to more than one letter of ours. We do not want to put your documents in the "
            "wrong case file."
        ),
        "A member of staff will find out. Next time, send a separate message for each letter.",
    ),
    Reason.SENDER_UNKNOWN: (
        "Mail address not known",
        "We do not know your mail address for this case.",
        (
            "A member of staff will look at your message. You can also send the documents from the mail address we "
            "know. Or use the portal with your access code."
        ),
    ),
    Reason.SENDER_UNPROVEN: (
        "Sender not certain",
        "We could not establish that this message really comes from your mail address.",
        (
            "A member of staff will look at your message. Through the portal, with your access code, you can send "
            "documents safely."
        ),
    ),
    Reason.NOT_REQUESTED: (
        "Not asked for",
        "Our letter does not ask for this document. So it does not count. We do keep it.",
        "Do you think the document belongs here after all? Send us a message that explains why. Or call us.",
    ),
    Reason.INFECTED: (
        "Virus found",
        "There is a virus or another harmful program in this file. We will not open it.",
        "Check your computer with a virus scanner. Make a new scan or photo of the document and send that.",
    ),
    Reason.ACTIVE_CONTENT: (
        "Program inside the file",
        "There is a program in this file, for example a macro or a script. That is not safe.",
        "Save the document as a plain PDF. Or make a scan or photo. Send that file again.",
    ),
    Reason.ENCRYPTED: (
        "Password needed",
        "We cannot open this file without a password.",
        (
            "Remove the password from the file and send it again. Is it a PDF? Then you can also fill in the password "
            "in the portal, at this file. Do not mail us a password."
        ),
    ),
    Reason.UNREADABLE: (
        "Cannot be opened",
        "We could not open this. It may be empty or damaged.",
        "See if you can open it yourself. If needed, make a new scan or photo and send that.",
    ),
    Reason.FILE_TYPE: (
        "Wrong kind of file",
        "{why} These are fine: {kinds}.",
        _OF_THE_KIND,
    ),
    Reason.NOT_SCANNED: (
        "Check not finished yet",
        "We could not check this file for viruses yet. This does not change the moment of receipt.",
        "You do not have to do anything. We try again by ourselves.",
    ),
    Reason.TOO_COMPLEX: (
        "Too complicated",
        "We could not open this automatically. It holds too many files, or files inside other files.",
        "A member of staff will look at it. You help us by sending the documents one by one, without a zip file.",
    ),
    Reason.REQUEST_CLOSED: (
        "Already closed",
        "We have already closed this request for documents. We keep what you sent.",
        "A member of staff will see if your documents still count. Do you have a question? Call us.",
    ),
    Reason.LATE: (
        "After the last day",
        "Your message came in after the last day. We keep what you sent.",
        "A member of staff decides if it still counts. Was it not your fault that it came later? Write to us why.",
    ),
    Reason.AUTOMATIC: (
        "Automatic message",
        "This message was made by a computer. For example, it says that somebody is away.",
        "You do not have to do anything. Did you want to send documents? Then send a new message with the documents.",
    ),
    Reason.REPEAT: (
        "Received before",
        "We received exactly the same files from you before. The first time counts.",
        "You do not have to do anything. Did you want to send something else? Then send a new message.",
    ),
    Reason.EXTENSION_ASKED: (
        "Request for more time",
        "You ask for more time. A member of staff decides about that.",
        (
            "You will get a message about it. Until then the last day does not change. Meanwhile, send the documents "
            "you already have."
        ),
    ),
    Reason.STATEMENT: (
        "Explanation why you do not have something",
        "You explain why you cannot get a document. A member of staff will read your explanation.",
        "You do not have to do anything now. Do you have proof for your explanation? Then send that too.",
    ),
    Reason.NO_DOCUMENTS: (
        "No documents found",
        "We found no file with your message. We cannot fetch files behind a link.",
        (
            "Send your message again and add the files as attachments. Or use the portal. Did you only want to write "
            "something? Then you do not have to do anything: a member of staff will read your message."
        ),
    ),
    Reason.CHOICE_NEEDED: (
        "Which document is this?",
        "We take this file. But we do not know yet which document in our letter it is.",
        (
            "Choose in the portal which document it is. Or mail us the name of the file and the number of the "
            "document in our letter. Do nothing? Then a member of staff will choose."
        ),
    ),
}

_ENGLISH_DONE: Final[dict[Reason, _Words]] = {
    Reason.EXTENSION_ASKED: (
        "Request for more time",
        "You asked for more time. You read what we answer in a separate message.",
        "The last day that you read here counts now. Before it is over, send the documents that we do not have yet.",
    ),
}
