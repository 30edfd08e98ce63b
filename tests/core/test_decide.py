"""Every rule speaks, every reason has a way that leads to it; examples from the contract and the law."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.core import decide as rules
from gateway.core.conditions import SINCE_2026
from gateway.core.decide import RULES, decide
from gateway.core.facts import MESSAGE, Act, ActKind, Clue, ClueKind, DocumentFacts, Facts, Sender
from gateway.core.model import TEXT_OF_MESSAGE, DocumentDecision, Finding, PartRole, Trouble, Verdict
from gateway.core.words import Channel, DocumentOutcome, ItemStatus, Outcome, Reason, RequestStatus
from tests.support.facts import ADDRESS, BIRTH, CAP, OTHER, PASSPORT, REFERENCE, document, facts, named, request, untied

TEXT_ONLY = document("tekst", role=PartRole.BODY)
RELEASE = Act(ActKind.RELEASE, "m.medewerker")
ASSIGN = Act(ActKind.ASSIGN, "m.medewerker", request=REFERENCE)
NO_STATEMENT = request(replace(PASSPORT, statement_allowed=False), replace(BIRTH, statement_allowed=False))


def refuse(reason: Reason) -> Act:
    return Act(ActKind.REFUSE, "m.medewerker", reason=reason)


def found(code: str, verdict: Verdict = Verdict.CLEAN) -> Facts:
    return facts(document(findings=(Finding(code),), verdict=verdict))


def seen_as(verdict: Verdict) -> Facts:
    return facts(document(verdict=verdict))


def only_text(text: str) -> Facts:
    return facts(TEXT_ONLY, text=text)


REFERENCE_ONLY = Clue(ClueKind.REFERENCE, REFERENCE)
STRANGER, FORGED, UNVOUCHED = (
    Sender("x@example.net"),
    Sender(ADDRESS, (REFERENCE,), "fail"),
    Sender(ADDRESS, (REFERENCE,)),
)
TWO_SECRETS = (Clue(ClueKind.SECRET_ADDRESS, REFERENCE), Clue(ClueKind.SECRET_SUBJECT, OTHER))

OWN_GROUNDS = {
    "other_business": "art. 6:14 en art. 6:15 Awb",
    "taken_in_by_a_person": "art. 2:16 lid 1 en art. 2:24 Awb",
}
TABLE = [
    # facts, the rule that speaks, the outcome, the reasons, and of the first document: outcome and reason
    (
        "refused by a person",
        facts(acts=(refuse(Reason.UNREADABLE),)),
        "refused_by_a_person",
        Outcome.REFUSED,
        [Reason.UNREADABLE],
        DocumentOutcome.REFUSED,
    ),
    (
        "pointed to the right way by a person",
        facts(acts=(Act(ActKind.REDIRECT, "j.jansen"),)),
        "redirected_by_a_person",
        Outcome.REDIRECTED,
        [Reason.NOT_DESIGNATED],
        DocumentOutcome.NOT_REQUESTED,
    ),
    (
        "an objection",
        only_text("Hierbij maak ik bezwaar tegen uw besluit."),
        "other_business",
        Outcome.HELD,
        [Reason.NOT_REQUESTED],
        None,
    ),
    (
        "treated as good by a person",
        facts(designated=False, clues=(), acts=(Act(ActKind.TAKE_IN, "j.jansen", receiver="post", business="klacht"),)),
        "taken_in_by_a_person",
        Outcome.REGISTERED,
        [Reason.NOT_REQUESTED],
        DocumentOutcome.NOT_REQUESTED,
    ),
    (
        "wrong address",
        facts(designated=False, clues=()),
        "not_designated",
        Outcome.REDIRECTED,
        [Reason.NOT_DESIGNATED],
        DocumentOutcome.NOT_REQUESTED,
    ),
    (
        "over the cap",
        facts(measured_bytes=CAP + 1),
        "over_the_cap",
        Outcome.REFUSED,
        [Reason.TOO_LARGE],
        DocumentOutcome.REFUSED,
    ),
    (
        "too deep",
        facts(trouble=Trouble("too_complex")),
        "could_not_be_read",
        Outcome.HELD,
        [Reason.TOO_COMPLEX],
        DocumentOutcome.HELD,
    ),
    (
        "broken",
        facts(trouble=Trouble("unreadable", "x")),
        "could_not_be_read",
        Outcome.HELD,
        [Reason.UNREADABLE],
        DocumentOutcome.HELD,
    ),
    (
        "ambiguous bytes",
        facts(defects=("bare_cr",)),
        "could_not_be_read",
        Outcome.HELD,
        [Reason.UNREADABLE],
        DocumentOutcome.HELD,
    ),
    (
        "malware found afterwards",
        facts(document(verdict=Verdict.INFECTED), earlier=decide(facts())),
        "infected_afterwards",
        Outcome.REFUSED,
        [Reason.INFECTED],
        DocumentOutcome.REFUSED,
    ),
    (
        "malware found afterwards beside the documents",
        facts(malware="Eicar-Test-Signature", earlier=decide(facts())),
        "infected_afterwards",
        Outcome.HELD,
        [Reason.INFECTED],
        DocumentOutcome.HELD,
    ),
    (
        "opened after the closing",
        facts(
            document(verdict=Verdict.ENCRYPTED),
            document("kopie.pdf", 7, role=PartRole.COPY, copy_of=1),
            request=request(status=RequestStatus.CLOSED),
            stood=decide(facts(document(verdict=Verdict.ENCRYPTED))),
        ),
        "opened_after_closing",
        Outcome.HELD,
        [Reason.REQUEST_CLOSED],
        DocumentOutcome.HELD,
    ),
    (
        "malware beside the documents",
        facts(malware="Eicar-Test-Signature"),
        "malware_elsewhere",
        Outcome.HELD,
        [Reason.INFECTED],
        DocumentOutcome.HELD,
    ),
    ("no clue at all", untied(), "no_single_request", Outcome.HELD, [Reason.NO_REQUEST], DocumentOutcome.HELD),
    (
        "two secrets",
        untied(*TWO_SECRETS),
        "each_document",
        Outcome.HELD,
        [Reason.SEVERAL_REQUESTS],
        DocumentOutcome.HELD,
    ),
    (
        "a stranger",
        untied(REFERENCE_ONLY, sender=STRANGER),
        "no_single_request",
        Outcome.HELD,
        [Reason.SENDER_UNKNOWN],
        DocumentOutcome.HELD,
    ),
    (
        "DMARC fails",
        untied(REFERENCE_ONLY, sender=FORGED),
        "no_single_request",
        Outcome.HELD,
        [Reason.SENDER_UNPROVEN],
        DocumentOutcome.HELD,
    ),
    (
        "no DMARC",
        untied(REFERENCE_ONLY, sender=UNVOUCHED),
        "no_single_request",
        Outcome.HELD,
        [Reason.SENDER_UNPROVEN],
        DocumentOutcome.HELD,
    ),
    (
        "closed",
        facts(request=request(status=RequestStatus.CLOSED)),
        "request_is_closed",
        Outcome.HELD,
        [Reason.REQUEST_CLOSED],
        DocumentOutcome.HELD,
    ),
    ("late", facts(request=request(on_time=False)), "too_late", Outcome.HELD, [Reason.LATE], DocumentOutcome.HELD),
    ("no document", only_text("Bijgaand."), "nothing_attached", Outcome.HELD, [Reason.NO_DOCUMENTS], None),
    (
        "a link",
        facts(TEXT_ONLY, links=("https://we.tl/x",)),
        "nothing_attached",
        Outcome.HELD,
        [Reason.NO_DOCUMENTS],
        None,
    ),
    ("more time", only_text("Ik vraag om uitstel."), "nothing_attached", Outcome.HELD, [Reason.EXTENSION_ASKED], None),
    (
        "a statement in the text",
        only_text("Ik kan de akte uit mijn land niet krijgen."),
        "nothing_attached",
        Outcome.HELD,
        [Reason.STATEMENT],
        None,
    ),
    ("what was asked", facts(), "each_document", Outcome.ACCEPTED, [], DocumentOutcome.ACCEPTED),
    (
        "not asked for",
        facts(*named("bonus.pdf")),
        "each_document",
        Outcome.REDIRECTED,
        [Reason.NOT_REQUESTED],
        DocumentOutcome.NOT_REQUESTED,
    ),
    (
        "for which item?",
        facts(*named("IMG_1234.jpg")),
        "each_document",
        Outcome.ACCEPTED,
        [Reason.CHOICE_NEEDED],
        DocumentOutcome.ACCEPTED,
    ),
    (
        "malware",
        seen_as(Verdict.INFECTED),
        "each_document",
        Outcome.REFUSED,
        [Reason.INFECTED],
        DocumentOutcome.REFUSED,
    ),
    (
        "a password",
        seen_as(Verdict.ENCRYPTED),
        "each_document",
        Outcome.REFUSED,
        [Reason.ENCRYPTED],
        DocumentOutcome.REFUSED,
    ),
    (
        "over the scanner's limit",
        seen_as(Verdict.LIMITS),
        "each_document",
        Outcome.HELD,
        [Reason.TOO_COMPLEX],
        DocumentOutcome.HELD,
    ),
    (
        "the scanner failed",
        seen_as(Verdict.ERROR),
        "each_document",
        Outcome.HELD,
        [Reason.NOT_SCANNED],
        DocumentOutcome.HELD,
    ),
    ("no scanner", seen_as(Verdict.NOT_YET), "each_document", Outcome.HELD, [Reason.NOT_SCANNED], DocumentOutcome.HELD),
    ("found: malware", found("infected"), "each_document", Outcome.REFUSED, [Reason.INFECTED], DocumentOutcome.REFUSED),
    (
        "found: password",
        found("encrypted"),
        "each_document",
        Outcome.REFUSED,
        [Reason.ENCRYPTED],
        DocumentOutcome.REFUSED,
    ),
    (
        "found: macros",
        found("active_content"),
        "each_document",
        Outcome.REFUSED,
        [Reason.ACTIVE_CONTENT],
        DocumentOutcome.REFUSED,
    ),
    (
        "found: wrong kind",
        found("type_refused"),
        "each_document",
        Outcome.REFUSED,
        [Reason.FILE_TYPE],
        DocumentOutcome.REFUSED,
    ),
    (
        "found: damaged",
        found("unreadable"),
        "each_document",
        Outcome.REFUSED,
        [Reason.UNREADABLE],
        DocumentOutcome.REFUSED,
    ),
    (
        "found: too big to open",
        found("limits"),
        "each_document",
        Outcome.HELD,
        [Reason.TOO_COMPLEX],
        DocumentOutcome.HELD,
    ),
    ("found: odd", found("suspicious"), "each_document", Outcome.HELD, [Reason.ACTIVE_CONTENT], DocumentOutcome.HELD),
    ("found: a note", found("repaired"), "each_document", Outcome.ACCEPTED, [], DocumentOutcome.ACCEPTED),
    (
        "a statement",
        facts(*named("1 verklaring.pdf")),
        "each_document",
        Outcome.ACCEPTED,
        [Reason.STATEMENT],
        DocumentOutcome.ACCEPTED,
    ),
    (
        "a statement that is not enough",
        facts(*named("1 verklaring.pdf"), request=NO_STATEMENT),
        "each_document",
        Outcome.HELD,
        [Reason.STATEMENT],
        DocumentOutcome.HELD,
    ),
    (
        "out of office",
        facts(TEXT_ONLY, automatic="auto-submitted"),
        "automatic_message",
        Outcome.REGISTERED,
        [Reason.AUTOMATIC],
        None,
    ),
    (
        "a bounce with our letter",
        facts(automatic="bounce"),
        "automatic_message",
        Outcome.REGISTERED,
        [Reason.AUTOMATIC],
        DocumentOutcome.NOT_REQUESTED,
    ),
    (
        "from a copier",
        facts(automatic="no-reply"),
        "automatic_message",
        Outcome.HELD,
        [Reason.AUTOMATIC],
        DocumentOutcome.HELD,
    ),
    (
        "sent twice",
        facts(repeat_of="26-1111-2222-3333"),
        "repeat",
        Outcome.REGISTERED,
        [Reason.REPEAT],
        DocumentOutcome.NOT_REQUESTED,
    ),
]


@pytest.mark.parametrize(
    ("given", "rule", "outcome", "reasons", "first"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_what_each_case_leads_to(
    given: Facts, rule: str, outcome: Outcome, reasons: list[Reason], first: DocumentOutcome | None
) -> None:
    decision = decide(given)
    assert (decision.rule, decision.outcome, list(decision.reasons)) == (rule, outcome, reasons)
    if first is None:
        assert decision.documents == ()
    else:
        assert (decision.documents[0].outcome, decision.documents[0].reason) == (first, next(iter(reasons), None))
    usual = SINCE_2026.grounds[reasons[0]] if reasons else SINCE_2026.confirmed
    assert decision.ground == OWN_GROUNDS.get(rule, usual)


FREED = (document().sha256,)


def test_what_turns_out_infected_changes_nothing_else_whatever_became_of_the_request_since() -> None:
    """The other documents keep their items; a request that was closed, or whose last day passed, refuses nobody."""
    before = decide(facts(*named("paspoort.pdf", "geboorteakte.pdf"), text="Graag uitstel."))
    found = document(seq=1, verdict=Verdict.INFECTED)
    for status, on_time in ((RequestStatus.OPEN, True), (RequestStatus.CLOSED, True), (RequestStatus.LAPSED, False)):
        now = request(status=status, on_time=on_time)
        after = decide(facts(found, document("geboorteakte.pdf", 2), earlier=before, request=now))
        first, second = after.documents
        assert (first.outcome, first.reason, first.number) == (DocumentOutcome.REFUSED, Reason.INFECTED, None)
        assert second == before.documents[1]
        assert (after.outcome, after.reasons) == (Outcome.HELD, (Reason.INFECTED, Reason.EXTENSION_ASKED))


def test_what_did_not_count_before_does_not_count_because_of_malware() -> None:
    for given in (facts(repeat_of="26-1111-2222-3333"), facts(acts=(refuse(Reason.UNREADABLE),))):
        before = decide(given)
        after = decide(replace(given, documents=(document(verdict=Verdict.INFECTED),), earlier=before))
        assert (after.outcome, after.documents[0].reason) == (before.outcome, Reason.INFECTED)


@pytest.mark.parametrize("release", [(), (RELEASE,), (RELEASE, ASSIGN)])
def test_p4_one_person_never_lets_malware_out(release: tuple[Act, ...]) -> None:
    infected = document(verdict=Verdict.INFECTED, findings=(Finding("infected", "Eicar"),))
    assert decide(facts(infected, acts=release)).documents[0].reason is Reason.INFECTED
    assert decide(facts(malware="Eicar", acts=release)).outcome is Outcome.HELD
    assert decide(facts(infected, acts=release, freed=FREED)).outcome is Outcome.ACCEPTED
    assert decide(facts(malware="Eicar", acts=release, freed=(MESSAGE,))).outcome is Outcome.ACCEPTED


def test_who_lets_one_document_out_lets_out_no_other_and_forgives_nothing_else() -> None:
    other = document("geboorteakte.pdf", 2, verdict=Verdict.INFECTED)
    assert decide(facts(other, freed=(*FREED, MESSAGE))).documents[0].reason is Reason.INFECTED
    macros = document(verdict=Verdict.INFECTED, findings=(Finding("infected"), Finding("active_content")))
    assert decide(facts(macros, freed=FREED)).documents[0].reason is Reason.ACTIVE_CONTENT
    for unseen in (Verdict.NOT_YET, Verdict.ERROR, Verdict.LIMITS, Verdict.ENCRYPTED):
        assert decide(facts(document(verdict=unseen), freed=FREED)).documents[0].outcome is not DocumentOutcome.ACCEPTED


LOCKED = document(verdict=Verdict.ENCRYPTED, findings=(Finding("encrypted", "a password to open"),))
OPEN = Act(ActKind.OPEN, "(indiener, in het portaal)", request=REFERENCE, document=LOCKED.sha256)


def opened(original: DocumentFacts = LOCKED, **copy: Any) -> Facts:
    """A locked document, and the copy of it that was made with its password."""
    return facts(original, document("kopie.pdf", 7, role=PartRole.COPY, copy_of=original.seq, **copy), acts=(OPEN,))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (opened(), None),
        (opened(verdict=Verdict.INFECTED, findings=(Finding("infected"),)), Reason.INFECTED),
        (opened(verdict=Verdict.NOT_YET), Reason.NOT_SCANNED),
        (opened(verdict=Verdict.ERROR), Reason.NOT_SCANNED),
        (opened(verdict=Verdict.LIMITS), Reason.TOO_COMPLEX),
        (opened(findings=(Finding("active_content"),)), Reason.ACTIVE_CONTENT),
        (opened(findings=(Finding("suspicious"),)), Reason.ACTIVE_CONTENT),
        (opened(replace(LOCKED, findings=(*LOCKED.findings, Finding("suspicious")))), Reason.ACTIVE_CONTENT),
        (opened(replace(LOCKED, verdict=Verdict.INFECTED)), Reason.INFECTED),
        (opened(replace(LOCKED, verdict=Verdict.NOT_YET)), Reason.ENCRYPTED),
        (facts(LOCKED, document("kopie.pdf", 7, role=PartRole.COPY, copy_of=3)), Reason.ENCRYPTED),
    ],
)
def test_of_a_locked_document_the_copy_is_judged_and_what_speaks_against_the_file_itself(
    given: Facts, reason: Reason | None
) -> None:
    (decided,) = decide(given).documents
    assert decided.reason is reason
    assert (decided.outcome is DocumentOutcome.ACCEPTED) == (reason is None)


BESIDE = document("geboorteakte.pdf", 2)


def closed_since(given: Facts, before: Facts) -> Facts:
    """With the other document, after the request was closed."""
    documents = (given.documents[0], BESIDE, *given.documents[1:])
    return replace(given, documents=documents, request=request(status=RequestStatus.CLOSED), stood=decide(before))


@pytest.mark.parametrize("before", [facts(LOCKED, BESIDE), facts(LOCKED, BESIDE, acts=(refuse(Reason.ENCRYPTED),))])
def test_what_is_opened_after_the_closing_is_for_a_person_and_all_else_stands(before: Facts) -> None:
    given = closed_since(opened(), before)
    after = decide(given)
    first, second = after.documents
    assert (after.rule, after.outcome) == ("opened_after_closing", Outcome.HELD)
    assert (first.outcome, first.reason) == (DocumentOutcome.HELD, Reason.REQUEST_CLOSED)
    assert second == decide(before).documents[1]
    released = decide(replace(given, acts=(OPEN, RELEASE)))
    assert released.outcome is Outcome.ACCEPTED, "a person says that it counts"


def test_what_speaks_against_what_was_opened_after_the_closing_needs_no_person() -> None:
    infected = opened(verdict=Verdict.INFECTED, findings=(Finding("infected"),))
    after = decide(closed_since(infected, facts(LOCKED, BESIDE)))
    assert (after.outcome, after.reasons) == (Outcome.PARTLY, (Reason.INFECTED,))


def test_a_file_that_was_carried_by_what_was_opened_after_the_closing_is_for_a_person_too() -> None:
    given = closed_since(opened(), facts(LOCKED, BESIDE))
    carried = document("diploma.pdf", 8)
    after = decide(replace(given, documents=(*given.documents, carried)))
    assert after.documents[-1] == DocumentDecision(8, DocumentOutcome.HELD, Reason.REQUEST_CLOSED)


def test_what_only_repeats_stays_registered_whatever_is_opened_of_it() -> None:
    repeat = replace(facts(LOCKED, BESIDE), repeat_of="26-1111-2222-3333")
    after = decide(replace(closed_since(opened(), repeat), repeat_of=repeat.repeat_of))
    assert after.outcome is Outcome.REGISTERED


def test_malware_that_is_found_in_a_copy_afterwards_takes_its_document_out() -> None:
    before = decide(opened())
    infected = opened(verdict=Verdict.INFECTED, findings=(Finding("infected"),))
    (after,) = decide(replace(infected, earlier=before, malware="Worm")).documents
    assert (after.seq, after.outcome, after.reason) == (LOCKED.seq, DocumentOutcome.REFUSED, Reason.INFECTED)
    freed = replace(infected, freed=(infected.documents[1].sha256,))
    assert decide(freed).outcome is Outcome.ACCEPTED


def test_a_password_answers_a_refusal_for_it_and_takes_back_nothing_else_that_a_person_said() -> None:
    for act, stays in (
        (refuse(Reason.ENCRYPTED), False),
        (refuse(Reason.LATE), True),
        (Act(ActKind.FORWARD, "m.medewerker", receiver="de gemeente"), True),
    ):
        before, after = (decide(replace(opened(), acts=acts)) for acts in ((act,), (act, OPEN)))
        assert (after == before) == stays
        assert stays or after.outcome is Outcome.ACCEPTED
    taken_in = Act(ActKind.TAKE_IN, "m.medewerker", receiver="team", business="klacht")
    wrong_address = replace(opened(), designated=False, clues=(), acts=(taken_in, OPEN))
    assert decide(wrong_address).rule == "taken_in_by_a_person"


def test_every_rule_speaks_in_the_table() -> None:
    assert {rule.__name__ for rule in RULES} == {row[2] for row in TABLE}


def test_every_reason_of_the_contract_has_a_row_that_leads_to_it() -> None:
    assert {reason for row in TABLE for reason in row[4]} == set(Reason)


def test_every_verdict_and_finding_that_blocks_is_in_the_table() -> None:
    documents = [d for row in TABLE for d in row[1].documents]
    assert {d.verdict for d in documents} == set(Verdict)
    assert {f.code for d in documents for f in d.findings} >= set(rules._BY_FINDING)


# ---- the contract's and the law's own examples -----------------------------------------------------


def test_the_example_of_the_contract() -> None:
    """R16: what was asked is taken, the other one is sorted, kept and told; nothing is dropped."""
    decision = decide(facts(*named("paspoort.pdf", "bonus.pdf")))
    assert decision.outcome is Outcome.PARTLY
    assert decision.reasons == (Reason.NOT_REQUESTED,)
    assert decision.documents == (
        DocumentDecision(1, DocumentOutcome.ACCEPTED, None, "1"),
        DocumentDecision(2, DocumentOutcome.NOT_REQUESTED, Reason.NOT_REQUESTED, None),
    )


def test_thirty_mebibytes_exactly_are_taken_one_byte_more_is_not() -> None:
    """R04: 31 457 280 accepted, 31 457 281 refused, and what was measured is said."""
    assert decide(facts(measured_bytes=31_457_280)).outcome is Outcome.ACCEPTED
    decision = decide(facts(measured_bytes=31_457_281))
    assert decision.reasons == (Reason.TOO_LARGE,)
    assert decision.detail == "31457281 bytes, de grens is 31457280"


def test_a_good_document_beside_an_infected_one_is_taken() -> None:
    """R15, art. 2:15 lid 1: refused "as far as", so never the whole for a part."""
    decision = decide(facts(document(), document("geboorteakte.pdf", 2, verdict=Verdict.INFECTED)))
    assert decision.outcome is Outcome.PARTLY
    assert [d.outcome for d in decision.documents] == [DocumentOutcome.ACCEPTED, DocumentOutcome.REFUSED]
    assert decision.documents[1].reason is Reason.INFECTED


def test_a_good_document_beside_one_that_waits_is_taken_and_the_submission_waits() -> None:
    decision = decide(facts(document(), document("geboorteakte.pdf", 2, verdict=Verdict.NOT_YET)))
    assert decision.outcome is Outcome.HELD
    assert [d.outcome for d in decision.documents] == [DocumentOutcome.ACCEPTED, DocumentOutcome.HELD]


@pytest.mark.parametrize("acts", [(), (RELEASE,), (ASSIGN, RELEASE)])
@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {Verdict.CLEAN}))
def test_p4_not_scanned_is_never_clean(verdict: Verdict, acts: tuple[Act, ...]) -> None:
    """Nobody can release what nobody looked at: a scanner that reached its limit saw nothing either."""
    decision = decide(facts(document(verdict=verdict), acts=acts))
    assert decision.documents[0].outcome in {DocumentOutcome.HELD, DocumentOutcome.REFUSED}


def test_p4_a_repeat_of_an_infected_document_is_not_taken() -> None:
    decision = decide(facts(document(verdict=Verdict.INFECTED), repeat_of="26-1111-2222-3333"))
    assert decision.outcome is Outcome.REGISTERED
    assert decision.documents == (DocumentDecision(1, DocumentOutcome.REFUSED, Reason.INFECTED),)


# ---- what a person does ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held",
    [
        facts(request=request(on_time=False)),
        facts(request=request(status=RequestStatus.CLOSED)),
        facts(defects=("bare_cr",)),
        facts(text="Mag ik meer tijd?"),
        found("suspicious"),
        found("limits"),
        facts(*named("1 verklaring.pdf"), request=NO_STATEMENT),
        facts(automatic="no-reply"),
        facts(measured_bytes=CAP + 1),
        facts(repeat_of="26-1111-2222-3333"),
    ],
)
def test_p10_a_release_lifts_a_hold(held: Facts) -> None:
    decision = decide(replace(held, acts=(RELEASE,)))
    assert decision.rule == "each_document"
    assert decision.outcome is Outcome.ACCEPTED


def test_a_release_never_lifts_a_refusal() -> None:
    assert decide(replace(found("active_content"), acts=(RELEASE,))).outcome is Outcome.REFUSED


def test_a_released_text_without_documents_is_registered() -> None:
    assert decide(replace(only_text("Uitstel graag"), acts=(RELEASE,))).outcome is Outcome.REGISTERED


def test_what_could_not_be_opened_stays_with_a_person() -> None:
    assert decide(facts(trouble=Trouble("unreadable"), acts=(RELEASE,))).outcome is Outcome.HELD


@pytest.mark.parametrize("later", [RELEASE, ASSIGN])
def test_p10_the_last_word_of_a_person_counts(later: Act) -> None:
    """Who refused by mistake can take it back; else the mistake would stand for ever."""
    assert decide(facts(acts=(refuse(Reason.NOT_REQUESTED), later))).outcome is Outcome.ACCEPTED
    assert decide(facts(acts=(later, refuse(Reason.NOT_REQUESTED)))).outcome is Outcome.REFUSED


def test_a_person_may_take_what_came_to_the_wrong_address() -> None:
    assert decide(facts(designated=False, clues=(), acts=(ASSIGN,))).outcome is Outcome.ACCEPTED


def test_a_person_may_tie_a_repeat_to_something_else() -> None:
    assert decide(facts(repeat_of="26-1111-2222-3333", acts=(ASSIGN,))).outcome is Outcome.ACCEPTED


# ---- addresses -------------------------------------------------------------------------------------


def test_what_can_be_handled_as_if_rightly_sent_is_not_sent_back() -> None:
    """R17, art. 2:16 lid 1 onder a: the secret of a request in the subject of mail to a general mailbox."""
    by_subject = facts(designated=False, clues=(Clue(ClueKind.SECRET_SUBJECT, REFERENCE),))
    assert decide(by_subject).outcome is Outcome.ACCEPTED
    by_reference = facts(designated=False, clues=(Clue(ClueKind.REFERENCE, REFERENCE),))
    assert decide(by_reference).outcome is Outcome.REDIRECTED


def test_an_automatic_message_without_the_secret_is_only_registered() -> None:
    assert decide(facts(automatic="auto-submitted", clues=(REFERENCE_ONLY,))).outcome is Outcome.REGISTERED


# ---- statements ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["1 verklaring.pdf", "Verklaring geen paspoort.pdf", "waarom ik geen paspoort heb.pdf"]
)
def test_a_statement_is_not_taken_for_the_document_that_it_replaces(name: str) -> None:
    """Else the request would be complete with a paper that says the passport does not exist."""
    (taken,) = decide(facts(*named(name))).documents
    assert (taken.outcome, taken.reason, taken.number) == (DocumentOutcome.ACCEPTED, Reason.STATEMENT, "1")
    (held,) = decide(facts(*named(name), request=NO_STATEMENT)).documents
    assert (held.outcome, held.reason) == (DocumentOutcome.HELD, Reason.STATEMENT)


def test_a_statement_for_none_in_particular_asks_which_one_or_waits() -> None:
    (choice,) = decide(facts(*named("verklaring.pdf"))).documents
    assert (choice.outcome, choice.reason) == (DocumentOutcome.ACCEPTED, Reason.CHOICE_NEEDED)
    (held,) = decide(facts(*named("verklaring.pdf"), request=NO_STATEMENT)).documents
    assert (held.outcome, held.reason) == (DocumentOutcome.HELD, Reason.STATEMENT)


def test_a_statement_in_the_text_beside_a_document_reaches_a_person() -> None:
    explained = "Hierbij het paspoort. De geboorteakte kan ik niet meer krijgen."
    decision = decide(facts(text=explained))
    assert decision.outcome is Outcome.HELD
    assert decision.reasons == (Reason.STATEMENT,)
    assert decision.documents == (DocumentDecision(1, DocumentOutcome.ACCEPTED, None, "1"),)


def test_nothing_needs_an_explanation_when_nothing_is_missing() -> None:
    complete = request(PASSPORT, replace(BIRTH, status=ItemStatus.RECEIVED))
    assert decide(facts(text="Ik kan het niet eerder opsturen.", request=complete)).outcome is Outcome.ACCEPTED


# ---- more time -------------------------------------------------------------------------------------

# The languages, and what only looks like it: tests/core/test_phrases.py.


@pytest.mark.parametrize(
    "text", ["Graag uitstel van twee weken.", "Please extend the deadline", "أرجو منحي مهلة إضافية."]
)
def test_p10_a_request_for_more_time_goes_to_a_person_with_its_sentence_and_the_documents_are_taken(text: str) -> None:
    decision = decide(facts(text=f"Hierbij.\n\n{text}\n\nGroeten"))
    assert decision.outcome is Outcome.HELD
    assert decision.reasons == (Reason.EXTENSION_ASKED,)
    assert decision.detail == text
    assert decision.documents[0].outcome is DocumentOutcome.ACCEPTED


@pytest.mark.parametrize("text", ["Ik vraag geen uitstel.", "> Als u meer tijd nodig hebt, vraag dan uitstel."])
def test_what_we_wrote_ourselves_asks_for_nothing(text: str) -> None:
    assert decide(facts(text=text)).outcome is Outcome.ACCEPTED


def test_who_asks_for_time_and_explains_in_another_sentence_is_read_in_both() -> None:
    both = "De akte kan ik niet krijgen. Voor het paspoort vraag ik uitstel."
    decision = decide(only_text(both))
    assert decision.reasons == (Reason.EXTENSION_ASKED, Reason.STATEMENT)
    assert decision.detail == "Voor het paspoort vraag ik uitstel. … De akte kan ik niet krijgen."
    in_one = "Ik vraag uitstel omdat ik de akte nog niet kan krijgen."
    assert decide(only_text(in_one)).reasons == (Reason.EXTENSION_ASKED,)


def test_a_late_request_for_more_time_is_seen_as_one() -> None:
    """An extension after the end is for a person too (art. 4:15 lid 2 onder a)."""
    decision = decide(facts(request=request(on_time=False), text="Graag uitstel"))
    assert decision.outcome is Outcome.HELD
    assert decision.reasons == (Reason.LATE, Reason.EXTENSION_ASKED)


# ---- other channels --------------------------------------------------------------------------------


def test_the_item_that_the_sender_chose_in_the_portal_counts() -> None:
    chosen = facts(
        document("scan0001.pdf", item="2"), channel=Channel.PORTAL, clues=(Clue(ClueKind.SESSION, REFERENCE),)
    )
    assert decide(chosen).documents[0].number == "2"


def test_heavier_news_comes_first() -> None:
    both = facts(document(verdict=Verdict.INFECTED, findings=(Finding("suspicious"), Finding("type_refused"))))
    assert decide(both).documents[0].reason is Reason.INFECTED
    assert decide(facts(document(findings=(Finding("type_refused"), Finding("infected"))))).reasons == (
        Reason.INFECTED,
    )


@pytest.mark.parametrize(
    ("kind", "ground"), [(ActKind.FORWARD, "art. 2:3 lid 1 Awb"), (ActKind.RETURN, "art. 2:3 lid 2 Awb")]
)
def test_what_is_not_for_us_goes_on_the_ground_of_the_duty_to_forward(kind: ActKind, ground: str) -> None:
    decision = decide(facts(acts=(Act(kind, "j.jansen", receiver="de gemeente"),)))
    assert (decision.rule, decision.outcome) == ("redirected_by_a_person", Outcome.REDIRECTED)
    assert (decision.ground, decision.detail) == (ground, "aan de gemeente door j.jansen")


# ---- the text of the mail, kept as a document ------------------------------------------------------

ASKS = "Hierbij mijn paspoort. Graag uitstel voor de geboorteakte."
EXPLAINS = "Ik kan de geboorteakte niet krijgen omdat het archief is verwoest."
WORDS = document("tekst van het bericht.txt", seq=9, note=TEXT_OF_MESSAGE, media_type="text/plain")


def of_text(given: Facts) -> tuple[DocumentOutcome, Reason | None, str | None]:
    (decided,) = [d for d in decide(given).documents if d.seq == WORDS.seq]
    return decided.outcome, decided.reason, decided.number


@pytest.mark.parametrize(
    ("text", "reason"), [(ASKS, Reason.EXTENSION_ASKED), (EXPLAINS, Reason.STATEMENT)], ids=["asks", "explains"]
)
@pytest.mark.parametrize("attached", [(), (document(),)], ids=["alone", "beside a passport"])
def test_p10_what_is_asked_or_explained_in_a_mail_waits_for_a_person_as_a_document(text, reason, attached):
    given = replace(facts(*attached, WORDS, text=text), documents=(*attached, WORDS))
    decision = decide(given)
    assert (decision.outcome, decision.reasons[0]) == (Outcome.HELD, reason)
    assert of_text(given) == (DocumentOutcome.HELD, reason, None)


def test_the_text_of_a_mail_is_no_items_document_unless_a_person_says_so():
    only_one_waits = request(BIRTH)
    text = replace(WORDS, name="geboorteakte 2.txt")
    assert of_text(facts(text, text=EXPLAINS, request=only_one_waits))[2] is None
    chosen = facts(replace(text, item="2"), text=EXPLAINS, request=only_one_waits)
    assert of_text(chosen) == (DocumentOutcome.ACCEPTED, Reason.STATEMENT, "2")
    not_allowed = replace(chosen, request=request(replace(BIRTH, statement_allowed=False)))
    assert of_text(not_allowed) == (DocumentOutcome.HELD, Reason.STATEMENT, "2")
    assert of_text(replace(not_allowed, acts=(RELEASE,))) == (DocumentOutcome.ACCEPTED, Reason.STATEMENT, "2")


def test_a_text_that_was_read_is_kept_and_changes_nothing_for_the_rest():
    refused = document(findings=(Finding("encrypted"),))
    beside = facts(refused, WORDS, text=ASKS, acts=(RELEASE,))
    assert decide(beside).outcome is Outcome.REFUSED
    assert decide(beside).reasons == (Reason.ENCRYPTED,)
    assert of_text(beside) == (DocumentOutcome.ACCEPTED, Reason.EXTENSION_ASKED, None)
    alone = facts(WORDS, text=ASKS, acts=(RELEASE,))
    assert decide(alone).outcome is Outcome.REGISTERED
    assert of_text(alone) == (DocumentOutcome.ACCEPTED, Reason.EXTENSION_ASKED, None)


def test_an_explanation_when_nothing_is_missing_holds_nothing():
    answered = request(PASSPORT)
    given = facts(document(), WORDS, text=EXPLAINS, request=answered)
    assert decide(given).outcome is Outcome.ACCEPTED
    assert of_text(given) == (DocumentOutcome.ACCEPTED, Reason.STATEMENT, None)


def test_p4_a_text_that_nobody_scanned_is_not_kept_as_clean():
    assert of_text(facts(document(), replace(WORDS, verdict=Verdict.NOT_YET), text=ASKS))[1] is Reason.NOT_SCANNED
    assert of_text(facts(document(), replace(WORDS, verdict=Verdict.INFECTED), text=ASKS))[1] is Reason.INFECTED
