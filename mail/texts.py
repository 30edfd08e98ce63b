"""The sentences of our letters, in Dutch and English; what a reason says stands in `gateway.reasons`.

Rule 1: a letter confirms arrival only, so no sentence says or hints that everything needed is there (R09).
Rule 2: Dutch at level B1; both languages say the same, with the same values in braces.
"""

from typing import Final

_LANGUAGE_AT: Final = {"nl": 0, "en": 1}


def say(key: str, language: str, **values: str) -> str:
    """The sentence in that language, `nl` or `en`, with the values filled in."""
    return SENTENCES[key][_LANGUAGE_AT[language]].format(**values)


SENTENCES: Final[dict[str, tuple[str, str]]] = {
    # ---- subject (the receipt number follows it), title and first lines, per kind of letter ----
    "subject_receipt": ("Ontvangstbevestiging", "Confirmation of receipt"),
    "subject_refusal": ("Niet aangenomen: bericht", "Not accepted: message"),
    "subject_redirection": ("Over uw bericht", "About your message"),
    "subject_forwarded": ("Doorgestuurd: uw bericht", "Forwarded: your message"),
    "subject_returned": ("Niet voor ons: uw bericht", "Not for us: your message"),
    "subject_waiting": ("Ontvangen, controle volgt: bericht", "Received, checks follow: message"),
    "subject_infected": ("Virus gevonden: bericht", "Virus found: message"),
    "title_infected": ("Een bestand van u telt niet meer mee", "One of your files no longer counts"),
    "lead_infected": (
        (
            "Wij schreven u eerder dat wij uw bericht hebben ontvangen. Daarna hebben wij alle bestanden nog eens "
            "gecontroleerd, met een nieuwere virusscanner. In een bestand van u zit een virus. Dat bestand telt daarom "
            "niet meer mee. Hieronder leest u wat u nu kunt doen. Heeft u meer tijd nodig om het document opnieuw te "
            "sturen? Vraag daar dan om."
        ),
        (
            "We wrote to you before that we received your message. After that we checked all files once more, with a "
            "newer virus scanner. There is a virus in one of your files. So that file no longer counts. Below you can "
            "read what you can do now. Do you need more time to send the document again? Then ask for it."
        ),
    ),
    "title_receipt": ("Ontvangstbevestiging", "Confirmation of receipt"),
    "title_refusal": ("Wij kunnen dit niet aannemen", "We cannot accept this"),
    "title_redirection": ("Zo kunnen wij dit niet gebruiken", "We cannot use this in this way"),
    "title_forwarded": ("Wij hebben uw bericht doorgestuurd", "We have forwarded your message"),
    "title_returned": ("Uw bericht is niet voor ons", "Your message is not for us"),
    "title_waiting": ("Ontvangen, wij controleren nog", "Received, we are still checking"),
    "lead_receipt": ("Wij hebben uw bericht ontvangen.", "We have received your message."),
    "lead_refusal": (
        (
            "Wij hebben uw bericht ontvangen. Maar wij kunnen het niet aannemen. Hieronder leest u waarom, en "
            "wat u nu kunt doen."
        ),
        "We have received your message. But we cannot accept it. Below you can read why, and what you can do now.",
    ),
    "lead_redirection": (
        (
            "Wij hebben uw bericht ontvangen. Hieronder leest u waarom wij het zo niet kunnen gebruiken, en wat u nu "
            "kunt doen."
        ),
        "We have received your message. Below you can read why we cannot use it in this way, and what you can do now.",
    ),
    "lead_forwarded": (
        (
            "Wij hebben uw bericht ontvangen. Het is niet voor ons bedoeld. Wij hebben het doorgestuurd aan "
            "{receiver} (art. 2:3 lid 1 Awb). U hoeft het niet nog een keer te sturen."
        ),
        (
            "We have received your message. It is not meant for us. We have forwarded it to {receiver} (art. 2:3 "
            "lid 1 Awb). You do not have to send it again."
        ),
    ),
    "lead_returned": (
        (
            "Wij hebben uw bericht ontvangen. Het is niet voor ons bedoeld, en wij kunnen niet zien voor wie wel. Wij "
            "doen er daarom niets mee (art. 2:3 lid 2 Awb). Stuur het naar de juiste organisatie."
        ),
        (
            "We have received your message. It is not meant for us, and we cannot see who it is meant for. So we do "
            "nothing with it (art. 2:3 lid 2 Awb). Send it to the right organisation."
        ),
    ),
    "lead_waiting": (
        (
            "Wij hebben uw bericht ontvangen. Wij controleren de bestanden nog. U hoeft nu niets te doen. Als "
            "wij klaar zijn, krijgt u nog een bericht."
        ),
        (
            "We have received your message. We are still checking the files. You do not have to do anything "
            "now. When we are done, you will get another message."
        ),
    ),
    "outcome_deels_aangenomen": (
        "Een deel van uw bestanden telt niet mee. Hieronder leest u waarom.",
        "Some of your files do not count. Below you can read why.",
    ),
    "outcome_aangehouden": (
        "Er is nog geen besluit. Hieronder leest u waarom.",
        "There is no decision yet. Below you can read why.",
    ),
    # ---- business of another kind, and what came by another way ----
    "business_bezwaar": ("een bezwaar of beroep", "an objection or appeal"),
    "business_herziening": ("een verzoek om een besluit te herzien", "a request to review a decision"),
    "business_klacht": ("een klacht", "a complaint"),
    "business_informatieverzoek": ("een verzoek om informatie of inzage", "a request for information or access"),
    "business_ingebrekestelling": (
        "een brief dat wij te laat beslissen (ingebrekestelling)",
        "a letter that we decide too late (notice of default)",
    ),
    "other_business": (
        (
            "Uw bericht lijkt ook iets anders te zijn: {what}. Een medewerker leest het en zorgt dat het op de goede "
            "plek komt. U hoeft het niet nog een keer te sturen. Het moment van ontvangst hieronder blijft gelden."
        ),
        (
            "Your message also seems to be something else: {what}. A member of staff will read it and make sure that "
            "it gets to the right place. You do not have to send it again. The moment of receipt below stays the same."
        ),
    ),
    "taken_in": (
        "Wij behandelen uw bericht als {what}. Op {day} om {time} uur hebben wij het doorgegeven aan {receiver}.",
        "We handle your message as {what}. On {day} at {time} (Dutch time) we passed it on to {receiver}.",
    ),
    "taken_up": (
        (
            "U stuurde dit naar een adres dat er niet voor bedoeld is. Wij behandelen het toch (art. 2:16 lid 1 Awb). "
            "Op {day} om {time} uur hebben wij het doorgegeven aan wie erover gaat."
        ),
        (
            "You sent this to an address that is not meant for it. We handle it all the same (art. 2:16(1) Awb). On "
            "{day} at {time} (Dutch time) we passed it on to those who deal with it."
        ),
    ),
    "term_starts": (
        (
            "Begint er voor ons een wettelijke termijn om te beslissen? Dan begint die op {day} om {time} uur (art. "
            "2:24 Awb). Of u op tijd was, hangt af van het moment van ontvangst hieronder."
        ),
        (
            "Does a legal term for us to decide begin? Then it begins on {day} at {time} (art. 2:24 Awb). Whether you "
            "were in time depends on the moment of receipt below."
        ),
    ),
    "objection_forwarded": (
        (
            "Uw bericht lijkt een bezwaar of beroep. Dan telt de dag waarop wij het ontvingen (art. 6:15 lid 3 Awb). "
            "Die dag hebben wij erbij vermeld."
        ),
        (
            "Your message seems to be an objection or appeal. Then the day on which we received it counts (art. "
            "6:15(3) Awb). We mentioned that day when we forwarded it."
        ),
    ),
    "corrects": (
        (
            "Dit bericht verbetert ons eerdere bericht van {day}, {time} uur. Het moment van ontvangst blijft "
            "hetzelfde. Bewaar beide berichten."
        ),
        (
            "This message corrects our earlier message of {day}, {time}. The moment of receipt stays the same. "
            "Keep both messages."
        ),
    ),
    "keep_number": ("Bewaar dit bericht en uw ontvangstnummer.", "Keep this message and your receipt number."),
    "other_language": ("Read this message in English below.", "Lees dit bericht hierboven in het Nederlands."),
    # ---- when and what ----
    "received": ("Ontvangst", "Receipt"),
    "number": ("Ontvangstnummer", "Receipt number"),
    "received_at": ("Ontvangen op", "Received on"),
    "local_moment": ("{day} om {time} uur (Nederlandse tijd)", "{day} at {time} (Dutch time)"),
    "utc": ("In wereldtijd (UTC)", "In universal time (UTC)"),
    "reference": ("Ons kenmerk", "Our reference"),
    "reference_until": ("{of} (laatste dag: {day})", "{of} (last day: {day})"),
    "on_time": ("Op tijd", "On time"),
    "yes": ("Ja", "Yes"),
    "no": ("Nee", "No"),
    "last_day": ("Laatste dag", "Last day"),
    "file_count": ("Aantal bestanden", "Number of files"),
    "files": ("Uw bestanden", "Your files"),
    "file_number": ("Bestand {number}", "File {number}"),
    "no_files": ("Wij vonden geen bestanden in uw bericht.", "We found no files in your message."),
    "size": ("Grootte", "Size"),
    "item": ("Document", "Document"),
    "item_to_choose": ("Nog te kiezen", "Still to be chosen"),
    "fingerprint": ("Controlegetal (SHA-256)", "Fingerprint (SHA-256)"),
    "opened_copy": (
        "SHA-256 van de kopie zonder wachtwoord, die wij bekeken",
        "SHA-256 of the copy without password, which we looked at",
    ),
    "decision": ("Besluit", "Decision"),
    "decision_aangenomen": ("Wij nemen dit bestand aan.", "We accept this file."),
    "decision_niet_gevraagd": ("Dit bestand telt niet mee.", "This file does not count."),
    "decision_geweigerd": ("Wij nemen dit bestand niet aan.", "We do not accept this file."),
    "decision_meegestuurd": ("Dit hoort bij uw bericht.", "This belongs to your message."),
    "decision_aangehouden": ("Nog geen besluit.", "No decision yet."),
    "see_reason": ("Zie hieronder: {title}", "See below: {title}"),
    # ---- what is still missing ----
    "missing": ("Dit hebben wij nog niet", "What we do not have yet"),
    "missing_until": (
        "Stuur deze documenten uiterlijk op {day}, vóór 24.00 uur:",
        "Send these documents on {day} at the latest, before midnight (24:00, Dutch time):",
    ),
    "missing_after": (
        "De laatste dag was {day}. Stuur deze documenten zo snel mogelijk. Een medewerker beslist of ze nog meetellen:",
        (
            "The last day was {day}. Send these documents as soon as possible. A member of staff decides if "
            "they still count:"
        ),
    ),
    "missing_item": ("{number}. {description}", "{number}. {description}"),
    "statement_allowed": (
        "{number}. {description}. Kunt u dit niet krijgen? Schrijf ons dan waarom.",
        "{number}. {description}. Can you not get this? Then write to us why.",
    ),
    "original_expected": (
        "{number}. {description}. Wij hebben een kopie. Wij moeten ook het origineel zien. In onze brief staat hoe.",
        "{number}. {description}. We have a copy. We also need to see the original. Our letter says how.",
    ),
    "missing_in_hand": (
        "Staat hier een document dat u net heeft gestuurd? Stuur het niet nog een keer. Wij kijken er nog naar.",
        "Is there a document here that you just sent? Do not send it again. We are still looking at it.",
    ),
    "nothing_missing": (
        (
            "Wij hebben nu iets ontvangen voor elk document uit onze brief. U hoeft nu niets te sturen. Een "
            "medewerker bekijkt nog of de documenten goed zijn. Is er nog iets nodig? Dan hoort u dat van ons."
        ),
        (
            "We have now received something for every document in our letter. You do not have to send anything "
            "now. A member of staff still has to look at the documents. If anything else is needed, we will tell you."
        ),
    ),
    # ---- why ----
    "reasons": ("Uitleg", "Explanation"),
    "what_now": ("Wat nu? {way_forward}", "What now? {way_forward}"),
    "give_password": ("Het wachtwoord van een PDF geven:", "Give the password of a PDF:"),
    "ground": ("Grond: {ground}.", "Legal ground: {ground}."),
    "measured": (
        "Uw bestanden zijn samen {measured}. De grens is {cap}.",
        "Together, your files are {measured}. The limit is {cap}.",
    ),
    "designated": (
        "Ons mailadres voor documenten is: {addresses}",
        "Our mail address for documents is: {addresses}",
    ),
    "first_receipt": (
        "Het ontvangstnummer van de eerste keer is {first_receipt}.",
        "The receipt number of the first time is {first_receipt}.",
    ),
    # ---- what to do next ----
    "how": ("Documenten sturen of iets vragen", "Sending documents or asking something"),
    "how_mail": ("Mail uw documenten naar:", "Mail your documents to:"),
    "how_mail_of": ("Documenten voor {reference} mailt u naar:", "Mail documents for {reference} to:"),
    "how_portal": (
        "Gebruik het portaal, met de toegangscode uit onze brief:",
        "Use the portal, with the access code from our letter:",
    ),
    "how_phone": (
        "Bel {phone}. Wij helpen u graag. Noem dan uw ontvangstnummer.",
        "Call {phone}. We are glad to help. Please mention your receipt number.",
    ),
    "how_neutral_mail": (
        "Mail vanaf het mailadres dat wij van u kennen naar het mailadres in onze brief.",
        "Mail from the address we know of you to the mail address in our letter.",
    ),
    # ---- to somebody we do not know ----
    "neutral_why": (
        "Wij weten niet zeker wie ons dat bericht stuurde. Daarom staat hier niets over een zaak.",
        "We are not certain who sent us that message. That is why this letter says nothing about a case.",
    ),
    "neutral_refused": (
        "Daarom kunnen wij het ook niet aannemen. Grond: {ground}.",
        "That is also why we cannot accept it. Legal ground: {ground}.",
    ),
    "neutral_not_yours": (
        "Heeft u ons niets gestuurd? Dan gebruikte iemand anders uw mailadres. U hoeft niets te doen.",
        "Did you not send us anything? Then somebody else used your mail address. You do not have to do anything.",
    ),
    # ---- what this letter is ----
    "meaning": ("Wat betekent dit bericht?", "What does this message mean?"),
    "meaning_is": (
        (
            "Dit bericht zegt alleen dát wij iets van u hebben ontvangen, en wanneer (art. 2:17 lid 1 Awb). "
            "Het zegt niet dat de inhoud goed is. Het zegt ook niet dat u alles heeft gestuurd wat nodig is."
        ),
        (
            "This message only says that we received something from you, and when (art. 2:17(1) Awb, General "
            "Administrative Law Act). It does not say that the contents are right. Nor does it say that you sent "
            "everything that is needed."
        ),
    ),
    "meaning_is_not": (
        "Wij zijn geen gekwalificeerde dienst voor aangetekend elektronisch bezorgen (eIDAS, art. 44).",
        "We are not a qualified electronic registered delivery service (eIDAS, art. 44).",
    ),
    "meaning_proof": (
        (
            "Het bewijs zit in de bijlagen. Bewaar ze samen in één map. Dan kan iedereen zonder ons nagaan dat het "
            "klopt. In README.txt staat hoe."
        ),
        (
            "The proof is in the attachments. Keep them together in one folder. Then anybody can check without us "
            "that it is right. README.txt says how."
        ),
    ),
    "meaning_vouched": (
        "Ook een ander tekende het bewijs, en legde het moment vast: {names}.",
        "Somebody else signed the proof too, and recorded the moment: {names}.",
    ),
    "automatic": (
        "Dit bericht is automatisch gemaakt.",
        "This message was made automatically.",
    ),
}
