"""Business of another kind than an answer to what we asked: an objection, a complaint, and the like.

Rule 1: it is recognised by tables of phrases like those for more time (`phrasebook`), and never acted upon: a person
reads the sentence and says where it goes (Awb 2:3, 2:16, 6:15).
Rule 2: a subject or the name of a file may say it with a noun alone; a text has to say what its sender does.
Rule 3: what the request itself asks for, or the procedure it is part of, is no other business.
Rule 4: the tables for Turkish, Arabic, Ukrainian and Tigrinya were made from grammars and examples, not by people
who speak them at home; who does so may change a line and add a sentence to the tests.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.core.facts import Facts
from gateway.core.model import PartRole
from gateway.core.phrases import Phrases, find
from gateway.core.words import Procedure


class Business(StrEnum):
    """What a message is, when it is no answer to a request. An appeal sent to us is treated as an objection is."""

    OBJECTION = "bezwaar"
    REVIEW = "herziening"
    COMPLAINT = "klacht"
    INFORMATION = "informatieverzoek"
    DEFAULT = "ingebrekestelling"


@dataclass(frozen=True)
class Recognised:
    """What it seems to be, and the words that say so."""

    business: Business
    words: str


def recognised(facts: Facts) -> Recognised | None:
    """The other business that the text, the subject or the name of a document says; None when none does."""
    for business, words in _seen(facts):
        return Recognised(business, words)
    return None


def _seen(facts: Facts) -> Iterator[tuple[Business, str]]:
    for business, book in SAID.items():
        if sighting := find(facts.text, book):
            yield business, sighting.sentence
    titles = [title for title in (_subject(facts.subject), *_names(facts)) if title]
    for business, book in NAMED.items():
        if not _is_asked(business, facts):
            yield from ((business, title) for title in titles if find(title, book))


def _subject(subject: str) -> str:
    """A reply repeats somebody else's subject, mostly ours."""
    return "" if _REPLY.match(subject) else subject


def _names(facts: Facts) -> Iterator[str]:
    for document in facts.documents:
        if document.role is PartRole.DOCUMENT:
            yield _BETWEEN_WORDS.sub(" ", _SUFFIX.sub("", document.name)).strip()


def _is_asked(business: Business, facts: Facts) -> bool:
    """Whether the noun is what the request is about: the objection of an objection procedure, or a named item."""
    own = business is Business.OBJECTION and any(r.procedure is Procedure.OBJECTION for r in facts.asked)
    items = (f"{item.kind}. {item.description}" for request in facts.asked for item in request.items)
    return own or any(find(item, NAMED[business]) for item in items)


_REPLY: Final = re.compile(r"\s*(?:re|aw|antw|antwoord|rv|rép|ynt|отв|رد)\s*:", re.IGNORECASE)
_SUFFIX: Final = re.compile(r"\.\w{1,5}$")
_BETWEEN_WORDS: Final = re.compile(r"[\W_\d]+")

# ---- what the law says of it ---------------------------------------------------------------------

GROUNDS: Final[Mapping[Business, str]] = {
    Business.OBJECTION: "art. 6:14 en art. 6:15 Awb",
    Business.REVIEW: "art. 2:3 en art. 4:6 Awb",
    Business.COMPLAINT: "art. 9:1 en art. 9:6 Awb",
    Business.INFORMATION: "art. 4.1 Woo; art. 15 AVG",
    Business.DEFAULT: "art. 4:17 lid 3 Awb",
}
TAKEN_IN: Final = "art. 2:16 lid 1 en art. 2:24 Awb"
"""What came by another way than its own and is handled all the same."""
FORWARDED: Final[Mapping[Business, str]] = {Business.OBJECTION: "art. 6:15 lid 1 Awb"}
"""Where the duty to forward is not the general one of art. 2:3 lid 1 Awb."""

# ---- what senders say ----------------------------------------------------------------------------

SAID: Final[Mapping[Business, tuple[Phrases, ...]]] = {
    Business.OBJECTION: (
        Phrases(
            "nl",
            says="""
            maak|maken|teken|tekenen|dien|dienen ... bezwaar|bezwaarschrift
            bezwaar|bezwaarschrift [te] maken|indienen|aantekenen|dienen|tekenen
            bezwaar|bezwaarschrift wil|willen|wens|wensen maken|indienen|aantekenen
            wil|willen|ga|gaan ... in bezwaar|beroep
            in bezwaar|beroep ga|gaan|komen|kom
            bezwaar tegen ... {decision}
            niet eens met ... {decision}
            niet akkoord met ... {decision}
            hierbij|bijgaand|bijgevoegd ... bezwaarschrift|beroepschrift
            pro forma bezwaar*|beroep*
            stel|stellen ... [hoger] beroep in
            beroep instellen|in te stellen
            beroepschrift in|indienen
            """,
            unless="""
            geen [enkel|verder] bezwaar|bezwaren|beroep
            heb|hebben|had|hadden ... bezwaar|bezwaarschrift|beroep ... gemaakt|ingediend|aangetekend|ingesteld|gegaan
            u kunt|kan|mag ... bezwaar|beroep
            kunt|kan|mag u ... bezwaar|beroep
            bent u ... eens|akkoord
            op|bij|van|over het|mijn|ons|uw|dit bezwaar*|beroep*
            besluit|beslissing|uitspraak op bezwaar|beroep
            beroep doe|doen|gedaan|op
            """,
            words="decision: besluit*|beslissing*|beschikking*|afwijzing*|weigering*|intrekking*|boete*",
        ),
        Phrases(
            "en",
            says="""
            file|filing|lodge|lodging|submit|submitting|make|making|raise|raising ... objection|appeal
            object|objecting|appeal|appealing to|against ... {decision}
            appeal the|your|this|my ... {decision}
            objection|appeal against|to ... {decision}
            notice of objection|appeal
            disagree with ... {decision}
            not agree with ... {decision}
            contest|contesting|challenge|challenging the|your|this|my ... {decision}
            """,
            unless="""
            no|any|without objection|objections
            have|had|has already|previously ... objection|appeal
            filed|lodged|submitted|made ... objection|appeal
            you can|may|could ... objection|object|appeal
            do|does not|don't|doesn't object|contest|challenge
            decision|ruling|hearing on|in [the|my|our|this|your] objection|appeal
            """,
            words="decision: decision*|refusal*|rejection*|denial|order|fine",
        ),
        Phrases(
            "fr",
            says="""
            fais|faisons|forme|formons|former ... recours|opposition
            introduis|introduisons|introduire|dépose|déposons|déposer ... recours|opposition
            recours|opposition|objection contre ... {decision}
            conteste|contestons|contester ... {decision}
            pas d'accord avec ... {decision}
            lettre de recours|contestation
            """,
            unless="""
            aucun|aucune recours|opposition|objection
            pas de|d' recours|opposition|objection
            ne conteste|contestons pas
            vous pouvez ... recours|opposition
            ai|avons ... déposé|formé|introduit ... recours|opposition
            """,
            words="decision: décision*|refus|rejet",
        ),
        Phrases(
            "de",
            says="""
            lege|legen|erhebe|erheben|einlegen|reiche|reichen ... widerspruch|einspruch|berufung
            widerspruch|einspruch einlegen|einzulegen|erheben
            widerspruch|einspruch|berufung gegen ... {decision}
            nicht einverstanden mit ... {decision}
            mit ... {decision} ... nicht einverstanden
            """,
            unless="""
            kein|keinen|keinerlei widerspruch|einspruch|einwand
            habe|haben ... widerspruch|einspruch ... eingelegt|erhoben|eingereicht
            sie können ... widerspruch|einspruch
            """,
            words="decision: entscheidung*|bescheid*|beschluss*|ablehnung*",
        ),
        Phrases(
            "tr",
            says="""
            itiraz ediyorum|ediyoruz|ederim|ederiz|etmek
            itiraz dilekçe*
            karar*|ret ... itiraz*
            """,
            unless="""
            itirazım|itirazımız yok|yoktur
            itiraz etmiyorum|etmiyoruz|edebilirsiniz
            """,
        ),
        Phrases(
            "ar",
            says="""
            أعترض|نعترض|أطعن|نطعن على|في|ضد ... {decision}
            *اعتراض*|*طعن*|*تظلم* على|ضد|في|من ... {decision}
            أقدم|نقدم|تقديم|أرفع ... اعتراض*|طعن*|تظلم*
            """,
            unless="""
            لا أعترض|نعترض
            ليس|لا لدي|لدينا|يوجد ... اعتراض*
            """,
            words="decision: *قرار*|*رفض*",
        ),
        Phrases(
            "uk",
            says="""
            оскаржую|оскаржуємо|оскаржити ... {decision}
            заперечую|заперечуємо проти ... {decision}
            заперечення|апеляція|апеляцію|скарга|скаргу на|проти ... {decision}
            подаю|подаємо|подати ... апеляцію|заперечення
            не згоден|згодна|згодні з ... {decision}
            """,
            unless="""
            не оскаржую|оскаржуємо|заперечую|заперечуємо
            немає|нема заперечень
            ви можете ... оскаржити
            """,
            words="decision: рішення*|рішенням|відмову|відмови|відмовою",
        ),
        # To appeal is "to say an appeal" in Tigrinya; who says it shows in the verb.
        Phrases(
            "ti",
            says="""
            ይግባይ እብል|ንብል|ክብል|ክንብል
            ናይ ይግባይ ጥርዓን|ሕቶ|ምልክታ ... አቕርብ|ኣቕርብ|የቕርብ|ነቕርብ|ከቕርብ|ክነቕርብ
            {decision} ... እቃወ*|እቓወ*|ንቃወ*|ንቓወ*
            {objection} ... {decision}
            {decision} ... {objection}
            """,
            unless="""
            ይግባይ ክብል|ክንብል ... ኣይደልን|ኣይደልይን|ኣይንደልን|ኣይንደልይን
            ይግባይ|{objection} የብለይን|የብልናን|የለን
            {decision} ... {objection} የብለይን|የብልናን|የለን
            {objection} ... ክትገብር|ክትገብሩ|ክትገብራ
            """,
            words="decision: *ውሳነ*|*ውሳኔ*\nobjection: ተቓውሞ|ተቃውሞ",
        ),
    ),
    Business.DEFAULT: (
        Phrases(
            "nl",
            says="""
            ingebrekestelling*
            stel|stellen ... in gebreke
            in gebreke stel|stellen|te stellen
            aanspraak ... dwangsom
            """,
            unless="""
            geen ingebrekestelling|dwangsom
            niet in gebreke
            """,
        ),
        Phrases(
            "en",
            says="""
            notice of default
            declare|hold|put you in default
            """,
            unless="no notice of default",
        ),
        Phrases("fr", says="mise en demeure\nmets|mettons ... en demeure", unless="aucune mise en demeure"),
        Phrases("de", says="setze|setzen sie ... in verzug", unless="nicht in verzug"),
    ),
    Business.REVIEW: (
        Phrases(
            "nl",
            says="""
            herziening|heroverweging|herbeoordeling van ... {decision}
            verzoek|verzoeken|vraag|vragen ... herziening|heroverweging|herbeoordeling
            {decision} ... herzien|heroverwegen|herbeoordelen|herroepen
            herzie|heroverweeg ... {decision}
            """,
            unless="geen herziening|heroverweging|herbeoordeling",
            words="decision: besluit*|beslissing*|beschikking*|afwijzing*|weigering*",
        ),
        Phrases(
            "en",
            says="""
            reconsider|reconsideration|review|revise|revision|revoke ... decision|refusal|rejection
            decision|refusal|rejection ... reconsidered|reviewed|revised
            """,
            unless="""
            not reconsider|review|revise
            you ... your|the review
            """,
        ),
        Phrases(
            "fr", says="réexamen|réexaminer|reconsidérer|revoir|révision ... décision|refus", unless="aucun réexamen"
        ),
        Phrases(
            "de",
            says="überprüfung|überprüfen|überdenken ... entscheidung|bescheid|bescheids|ablehnung",
            unless="keine überprüfung",
        ),
    ),
    Business.COMPLAINT: (
        Phrases(
            "nl",
            says="""
            dien|dienen ... klacht|klachten
            klacht|klachten [in] [te] indienen|dienen
            klacht|klachten over ... {us}
            officiële|formele|schriftelijke klacht
            klaag|klagen|beklaag|beklagen ... over ... {us}
            klaagschrift|klachtbrief|klachtenformulier
            """,
            unless="""
            geen [enkele] klacht|klachten
            medische|lichamelijke|psychische|fysieke klachten
            u kunt|kan ... klacht
            """,
            words="us: behandeling|afhandeling|medewerker*|ambtena*|dienst*|bejegening|wachttijd*|ind|u|uw|jullie",
        ),
        Phrases(
            "en",
            says="""
            file|filing|lodge|lodging|make|making|submit|submitting|register ... complaint
            formal|official|written complaint
            complaint about|against ... {us}
            complain|complaining about ... {us}
            """,
            unless="""
            no complaint|complaints
            medical|physical|health complaint|complaints
            you can|may ... complaint|complain
            """,
            words="us: treatment|staff|officer*|employee*|service|delay*|you|your|ind|handling",
        ),
        Phrases(
            "fr",
            says="""
            dépose|déposons|déposer|formule|formuler|introduire ... plainte|réclamation
            me|nous plains|plaignons|plaindre ... de|du|des
            """,
            unless="""
            aucune|pas de plainte|réclamation
            ne me|nous plains|plaignons pas
            """,
        ),
        Phrases(
            "de",
            says="""
            beschwere|beschweren mich|uns ... über
            mich|uns ... beschweren
            beschwerde einreichen|einlegen|über|gegen
            """,
            unless="""
            keine beschwerde|beschwerden
            gesundheitliche|körperliche beschwerden
            """,
        ),
        Phrases("tr", says="şikayet ediyorum|ediyoruz|etmek\nşikayetçiyim\nşikayet dilekçe*", unless="şikayetim yok"),
        Phrases(
            "ar",
            says="""
            أقدم|نقدم|تقديم|أرفع ... شكوى
            أشتكي|نشتكي|أشكو|نشكو من|على ... *موظف*|*معاملة*
            """,
            unless="",
        ),
        Phrases(
            "uk",
            says="""
            скаржуся|скаржусь|скаржимося|скаржимось ... на
            скарга|скаргу на ... працівник*|службу|дії|бездіяльність
            """,
            unless="не скаржуся|скаржусь",
        ),
    ),
    Business.INFORMATION: (
        Phrases(
            "nl",
            says="""
            woo|wob verzoek
            wooverzoek|wobverzoek
            beroep op de woo|wob
            wet open overheid
            wet openbaarheid van bestuur
            openbaarmaking van
            inzage in mijn|ons|het|zijn|haar ... {file}
            inzageverzoek
            avg verzoek
            kopie|afschrift van mijn|ons [hele|volledige|gehele] {file}
            """,
            unless="""
            u ... inzage
            geen inzage|openbaarmaking
            """,
            words="file: dossier|persoonsgegevens|ind-dossier",
        ),
        Phrases(
            "en",
            says="""
            freedom of information
            open government act
            subject|data access request
            access to my|our [full|entire|complete|personal] file|data|dossier
            copy of my|our [full|entire|complete] file|dossier
            """,
            unless="you ... access to my|our",
        ),
        Phrases("fr", says="accès à|au mon|notre|dossier [dossier|données]\ncopie de mon|notre dossier", unless=""),
        Phrases("de", says="akteneinsicht\neinsicht in meine|unsere akte*", unless="keine akteneinsicht"),
    ),
}

NAMED: Final[Mapping[Business, tuple[Phrases, ...]]] = {
    Business.OBJECTION: (
        Phrases(
            "nl",
            says="""
            bezwaar|bezwaarschrift|beroepschrift|beroepsschrift|bezwaarbrief
            """,
            unless="""
            geen bezwaar
            op|bij|van|inzake|in|voor [het|mijn|ons|uw|dit] bezwaar*|beroep*
            stukken|documenten|bijlage|bijlagen|aanvulling|gronden|ontvangstbevestiging|besluit [het] bezwaar*|beroep*
            """,
        ),
        Phrases(
            "en",
            says="""
            notice|letter of objection|appeal
            objection|appeal against|to|letter
            """,
            unless="no objection",
        ),
        Phrases("fr", says="recours|opposition contre\nlettre de recours", unless=""),
        Phrases("de", says="widerspruch|einspruch [gegen]\nwiderspruchsschreiben", unless="kein|keinen widerspruch"),
        Phrases("tr", says="itiraz dilekçe*", unless=""),
        Phrases("ti", says="ናይ ይግባይ ጥርዓን|ሕቶ|ምልክታ", unless=""),
    ),
    Business.DEFAULT: (
        Phrases("nl", says="ingebrekestelling*", unless="op|bij|van|geen [de|mijn|uw] ingebrekestelling*"),
        Phrases("en", says="notice of default", unless=""),
        Phrases("fr", says="mise en demeure", unless=""),
    ),
    Business.REVIEW: (
        Phrases("nl", says="herzieningsverzoek\nverzoek [om|tot] herziening|heroverweging", unless=""),
        Phrases("en", says="request for review|reconsideration", unless=""),
    ),
    Business.COMPLAINT: (
        Phrases("nl", says="klacht|klaagschrift|klachtbrief|klachtenformulier", unless="geen|medische|bij|van klacht"),
        Phrases("en", says="complaint [letter|form]", unless="medical|no complaint"),
        Phrases("tr", says="şikayet dilekçe*", unless=""),
    ),
    Business.INFORMATION: (
        Phrases("nl", says="woo|wob verzoek\nwooverzoek|wobverzoek|inzageverzoek\navg verzoek", unless=""),
        Phrases("en", says="foi request\nfreedom of information\nsubject|data access request", unless=""),
    ),
}
