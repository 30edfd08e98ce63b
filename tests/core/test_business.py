"""Business of another kind is recognised by what the sender says, and only told to a person (R17, R41)."""

from dataclasses import replace

import pytest

from gateway.core import answers
from gateway.core.business import GROUNDS, NAMED, SAID, Business, recognised
from gateway.core.decide import decide
from gateway.core.facts import Act, ActKind, Facts, Sender
from gateway.core.model import Item, PartRole
from gateway.core.words import DocumentOutcome, Outcome, Procedure, Reason
from tests.support.facts import CAP, document, facts, named, request, untied

TEXT = document("tekst", role=PartRole.BODY)
OBJECTS = "Hierbij maak ik bezwaar tegen uw besluit van 3 maart."

SAYS = [
    (Business.OBJECTION, OBJECTS),
    (Business.OBJECTION, "Hierbij dien ik een bezwaarschrift in."),
    (Business.OBJECTION, "Ik wil bezwaar maken\ntegen de afwijzing."),
    (Business.OBJECTION, "Namens cliënt teken ik pro forma bezwaar aan tegen de beschikking d.d. 1 april."),
    (Business.OBJECTION, "Wij gaan in bezwaar."),
    (Business.OBJECTION, "Ik ben het niet eens met de beslissing op mijn aanvraag."),
    (Business.OBJECTION, "Wij stellen hoger beroep in."),
    (Business.OBJECTION, "I would like to lodge an objection."),
    (Business.OBJECTION, "I appeal against the refusal of my application."),
    (Business.OBJECTION, "I do not agree with your decision"),
    (Business.OBJECTION, "Je forme un recours contre la décision du 3 mars."),
    (Business.OBJECTION, "Nous ne sommes pas d’accord avec ce refus."),
    (Business.OBJECTION, "Hiermit lege ich Widerspruch gegen den Bescheid ein."),
    (Business.OBJECTION, "Mit Ihrer Entscheidung bin ich nicht einverstanden."),
    (Business.OBJECTION, "Karara itiraz ediyorum."),
    (Business.OBJECTION, "أعترض على قراركم برفض الطلب."),
    (Business.OBJECTION, "Я хочу оскаржити ваше рішення."),
    (Business.OBJECTION, "ነቲ ውሳነኹም ይግባይ ክብል እደሊ።"),
    (Business.OBJECTION, "ይግባይ እብል ኣለኹ።"),
    (Business.OBJECTION, "ናይ ይግባይ ጥርዓን ኣቕርብ ኣለኹ።"),
    (Business.OBJECTION, "ነቲ ውሳኔ እቃወሞ እየ።"),
    (Business.OBJECTION, "ኣብቲ ውሳነ ተቓውሞ ኣሎኒ።"),
    (Business.REVIEW, "Ik verzoek u om herziening van het besluit."),
    (Business.REVIEW, "Please reconsider your decision."),
    (Business.REVIEW, "Ich bitte um Überprüfung der Entscheidung."),
    (Business.COMPLAINT, "Ik dien een klacht in over uw medewerker."),
    (Business.COMPLAINT, "Dit is een klacht over de lange wachttijd."),
    (Business.COMPLAINT, "I want to make a formal complaint."),
    (Business.COMPLAINT, "Ich beschwere mich über die Behandlung."),
    (Business.COMPLAINT, "أقدم شكوى ضد الموظف"),
    (Business.INFORMATION, "Met een beroep op de Woo vraag ik u om alle stukken."),
    (Business.INFORMATION, "Dit is een Woo-verzoek."),
    (Business.INFORMATION, "Graag inzage in mijn dossier."),
    (Business.INFORMATION, "I request a copy of my full file."),
    (Business.DEFAULT, "Hierbij stel ik u in gebreke wegens het niet tijdig beslissen."),
    (Business.DEFAULT, "This letter is a notice of default."),
]

SAYS_NOT = [
    "Hierbij stuur ik u mijn paspoort.",
    "Ik heb geen bezwaar tegen e-mail.",
    "Ik heb op 3 maart bezwaar gemaakt.",
    "Hierbij de gronden van mijn bezwaar.",
    "De beslissing op bezwaar heb ik gekregen.",
    "Bent u het niet eens met dit besluit? Dan kunt u bezwaar maken.\n-- \nIND",
    "Mijn beroep is leraar.",
    "Ik heb lichamelijke klachten, zie de brief van de arts.",
    "Ik heb geen klachten over de behandeling.",
    "I have no objection to e-mail.",
    "You can appeal against the decision.",
    "Please review the attached documents.",
    "The doctor wrote down her medical complaints.",
    "Ich erhebe keinen Widerspruch.",
    "Je n'ai aucune objection.",
    "Karara itirazım yok.",
    "لا أعترض على القرار",
    "Мені не потрібно більше часу.",
    "ነቲ ውሳነ ይግባይ ክትብል ትኽእል ኢኻ።",
    "ይግባይ ክብል ኣይደልን እየ።",
    "ነቲ ውሳነ ኣይቃወምን እየ።",
    "ኣብቲ ውሳነ ተቓውሞ የብለይን።",
    "ውሳነ ረኺበ ኣለኹ፡ የቐንየለይ።",
    "ተወሳኺ ግዜ ሃቡኒ።",
    f"> {OBJECTS}\nHierbij mijn paspoort.",
    f"Hierbij mijn paspoort.\n\nOp 3 maart 2026 schreef A. Voorbeeld:\n{OBJECTS}",
]


def said(text: str, **changes: object) -> Facts:
    return facts(TEXT, text=text, **changes)


@pytest.mark.parametrize(("business", "text"), SAYS, ids=[text[:30] for _, text in SAYS])
def test_what_the_sender_says_is_recognised_with_the_sentence_that_says_it(business: Business, text: str) -> None:
    found = recognised(said(f"Geachte heer, mevrouw,\n\n{text}\n\nMet vriendelijke groet"))
    assert found is not None
    assert found.business is business
    assert " ".join(found.words.split()) in " ".join(text.split())


@pytest.mark.parametrize("text", SAYS_NOT, ids=[text[:30] for text in SAYS_NOT])
def test_what_only_looks_like_it_is_not_guessed_at(text: str) -> None:
    assert recognised(said(text)) is None


@pytest.mark.parametrize(
    ("business", "title"),
    [
        (Business.OBJECTION, "Bezwaarschrift V-nummer 123"),
        (Business.OBJECTION, "Notice of objection"),
        (Business.OBJECTION, "ናይ ይግባይ ጥርዓን"),
        (Business.COMPLAINT, "Klacht"),
        (Business.INFORMATION, "Woo-verzoek"),
        (Business.DEFAULT, "INGEBREKESTELLING"),
    ],
)
def test_a_subject_or_the_name_of_a_file_says_it_with_a_noun(business: Business, title: str) -> None:
    by_subject = recognised(said("Zie bijlage.", subject=title))
    by_name = recognised(facts(document(f"{title.replace(' ', '_')}(1).pdf")))
    assert by_subject
    assert by_name
    assert by_subject.business is by_name.business is business


@pytest.mark.parametrize("subject", ["Re: Bezwaarschrift", "Antw: klacht", "Beslissing op bezwaar", "Documenten"])
def test_a_reply_and_a_letter_about_it_are_no_other_business(subject: str) -> None:
    assert recognised(said("Zie bijlage.", subject=subject)) is None


def test_what_the_request_asks_for_is_no_other_business() -> None:
    asked = Item("1", "gronden", "De gronden van het bezwaar, in een bezwaarschrift")
    assert recognised(facts(document("bezwaarschrift.pdf"), request=request(asked))) is None
    objection = request(procedure=Procedure.OBJECTION)
    assert recognised(facts(document("bezwaarschrift.pdf"), request=objection)) is None
    assert recognised(facts(document("bezwaarschrift.pdf"), request=objection, text=OBJECTS)) is not None


def test_every_kind_of_business_has_words_and_a_ground() -> None:
    assert set(SAID) == set(NAMED) == set(GROUNDS) == set(Business)


# ---- what becomes of it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        said(OBJECTS),
        replace(untied(), text=OBJECTS),
        said(OBJECTS, designated=False, clues=(), request=None),
        said(OBJECTS, designated=False, clues=(), request=None, sender=Sender()),
        said(OBJECTS, measured_bytes=CAP + 1),
        said(OBJECTS, request=request(on_time=False)),
    ],
    ids=["text only", "no request", "wrong address", "wrong address of a stranger", "over the cap", "late"],
)
def test_an_objection_is_never_sent_back_but_held_for_a_person(given: Facts) -> None:
    """Awb 2:16 lid 1 onder b: pointing to the right way does not suffice."""
    decision = decide(given)
    assert (decision.outcome, decision.rule) == (Outcome.HELD, "other_business")
    assert decision.reasons == (Reason.NOT_REQUESTED,)
    assert decision.ground == GROUNDS[Business.OBJECTION]
    assert decision.detail == f"bezwaar: “{OBJECTS}”"
    assert {d.outcome for d in decision.documents} <= {DocumentOutcome.HELD}


def test_documents_beside_an_objection_are_taken_and_the_whole_waits() -> None:
    decision = decide(facts(*named("paspoort.pdf"), text=OBJECTS))
    assert (decision.outcome, decision.rule) == (Outcome.HELD, "other_business")
    assert decision.documents[0].outcome is DocumentOutcome.ACCEPTED


def test_whoever_also_asks_for_time_is_seen_asking() -> None:
    decision = decide(said(f"{OBJECTS} Graag uitstel voor de stukken."))
    assert decision.reasons == (Reason.NOT_REQUESTED, Reason.EXTENSION_ASKED)


def test_treated_as_good_it_is_registered_and_documents_still_count() -> None:
    """Awb 2:16 lid 1 onder a, 2:24."""
    act = Act(ActKind.TAKE_IN, "j.jansen", receiver="team bezwaar", business="bezwaar", note="spoed")
    alone = decide(said(OBJECTS, designated=False, clues=(), request=None, acts=(act,)))
    assert (alone.outcome, alone.rule) == (Outcome.REGISTERED, "taken_in_by_a_person")
    assert alone.ground == "art. 2:16 lid 1 en art. 2:24 Awb"
    assert alone.detail == "bezwaar, doorgegeven aan team bezwaar door j.jansen: spoed"
    beside = decide(facts(*named("paspoort.pdf"), text=OBJECTS, acts=(act,)))
    assert (beside.outcome, beside.documents[0].outcome) == (Outcome.ACCEPTED, DocumentOutcome.ACCEPTED)


def test_the_moment_from_which_a_term_runs_is_told_once() -> None:
    """Awb 2:24: what is let out of quarantine afterwards is decided again, and starts no term again."""
    act = Act(ActKind.TAKE_IN, "j.jansen", receiver="team bezwaar", business="bezwaar")
    taken_in = said(OBJECTS, designated=False, clues=(), request=None, acts=(act,))
    assert answers.taken_up(taken_in)
    assert not answers.taken_up(replace(taken_in, freed=("a" * 64,), just_freed=True))


def test_what_came_late_beside_it_still_waits_for_a_person() -> None:
    """P10: taking in an objection says nothing about documents that came too late."""
    act = Act(ActKind.TAKE_IN, "j.jansen", receiver="team bezwaar", business="bezwaar")
    late = facts(*named("paspoort.pdf"), text=OBJECTS, request=request(on_time=False), acts=(act,))
    assert (decide(late).outcome, decide(late).reasons) == (Outcome.HELD, (Reason.LATE,))


def test_a_release_says_that_it_is_an_ordinary_answer() -> None:
    decision = decide(facts(*named("paspoort.pdf"), text=OBJECTS, acts=(Act(ActKind.RELEASE, "j.jansen"),)))
    assert (decision.outcome, decision.rule) == (Outcome.ACCEPTED, "each_document")


def test_a_forwarded_objection_goes_on_its_own_ground() -> None:
    act = Act(ActKind.FORWARD, "j.jansen", receiver="de rechtbank")
    assert decide(said(OBJECTS, acts=(act,))).ground == "art. 6:15 lid 1 Awb"
    assert decide(said("Mijn afval.", acts=(act,))).ground == "art. 2:3 lid 1 Awb"
