"""Laws of deciding, matching and filing: for all facts, not only for those somebody thought of."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway import mapping
from gateway.core.answers import drafts
from gateway.core.authentication import verdict
from gateway.core.decide import decide
from gateway.core.facts import SECRETS, ActKind, Clue, ClueKind, Facts, RequestFacts, Sender
from gateway.core.filing import filed
from gateway.core.items import assign
from gateway.core.match import MAX_SUGGESTIONS, match
from gateway.core.model import MISSING, Decision, Finding, Item, PartRole, Request, Term, Verdict
from gateway.core.quoting import own_words
from gateway.core.words import DocumentOutcome, ItemStatus, Outcome, Procedure, Reason, RequestStatus, Unit
from tests.support.facts import (
    ACTS,
    CLUES,
    OTHER,
    REFERENCE,
    SENDERS,
    TEXTS,
    all_facts,
    document,
    facts,
    named,
    request,
    requests,
)

PERSONS_REASONS = {Reason.LATE, Reason.REQUEST_CLOSED, Reason.EXTENSION_ASKED}
BLOCKING = st.builds(
    Finding, st.sampled_from(("infected", "encrypted", "active_content", "type_refused", "unreadable"))
)


def accepted(decision: Decision) -> set[int]:
    return {d.seq for d in decision.documents if d.outcome is DocumentOutcome.ACCEPTED}


# ---- deciding ------------------------------------------------------------------------------------


@given(all_facts())
def test_every_submission_gets_a_decision_and_every_document_exactly_one(given_facts: Facts) -> None:
    decision = decide(given_facts)
    documents = [d.seq for d in given_facts.documents if d.role is PartRole.DOCUMENT]
    assert [d.seq for d in decision.documents] == documents
    assert decision.rule
    assert decision.ground
    assert decision.reasons or decision.outcome is Outcome.ACCEPTED


@given(all_facts())
def test_p8_the_same_facts_give_the_same_decision_also_when_read_back(given_facts: Facts) -> None:
    again = mapping.FACTS.validate_json(mapping.FACTS.dump_json(given_facts))
    assert again == given_facts
    assert decide(again) == decide(given_facts)


@given(all_facts())
def test_p4_what_is_not_clean_is_never_accepted(given_facts: Facts) -> None:
    """Not by a release either, nor because it is a repeat."""
    clean = {d.seq for d in given_facts.documents if given_facts.as_opened(d).verdict is Verdict.CLEAN}
    assert accepted(decide(given_facts)) <= clean


@given(all_facts(), BLOCKING, st.data())
def test_bad_news_never_helps(given_facts: Facts, finding: Finding, data: st.DataObject) -> None:
    assume(given_facts.documents)
    worse = data.draw(st.sampled_from(given_facts.documents))
    assume(finding.code != "encrypted" or given_facts.as_opened(worse) is worse)  # of what was opened it is no news
    documents = tuple(
        replace(d, findings=(*d.findings, finding)) if d.seq == worse.seq else d for d in given_facts.documents
    )
    assert worse.seq not in accepted(decide(replace(given_facts, documents=documents)))


@given(all_facts())
def test_p10_lateness_and_closing_never_count_against_anybody_without_a_person(given_facts: Facts) -> None:
    assume(not any(act.kind is ActKind.REFUSE for act in given_facts.acts))
    decision = decide(given_facts)
    if PERSONS_REASONS & set(decision.reasons):
        # A person who lifted the hold on a mere request for time has decided: it is registered.
        assert decision.outcome in ({Outcome.HELD, Outcome.REGISTERED} if given_facts.released else {Outcome.HELD})
    for one in decision.documents:
        text = any(d.seq == one.seq and d.is_text for d in given_facts.documents)
        lifted = text and given_facts.released
        assert one.reason not in PERSONS_REASONS or one.outcome is DocumentOutcome.HELD or lifted


@given(all_facts(), requests(), st.sampled_from(("late", "closed")))
def test_p10_out_of_time_or_after_closing_nothing_is_taken_without_a_person(
    given_facts: Facts, asked: RequestFacts, why: str
) -> None:
    asked = replace(asked, on_time=False) if why == "late" else replace(asked, status=RequestStatus.CLOSED)
    decision = decide(replace(given_facts, request=asked, acts=()))
    assert not accepted(decision)


@given(all_facts())
def test_the_whole_is_consistent_with_its_documents(given_facts: Facts) -> None:
    """A text of the mail that is kept beside the documents, for no item, makes the whole no better and no worse."""
    decision = decide(given_facts)
    texts = {d.seq for d in given_facts.documents if d.is_text}
    kept = {d.seq for d in decision.documents if d.seq in texts & accepted(decision) and d.number is None}
    outcomes = {d.outcome for d in decision.documents if d.seq not in kept}
    if kept and not outcomes:
        assert decision.outcome is Outcome.REGISTERED
        return
    allowed: dict[Outcome, bool] = {
        Outcome.ACCEPTED: outcomes == {DocumentOutcome.ACCEPTED},
        Outcome.PARTLY: DocumentOutcome.ACCEPTED in outcomes
        and outcomes & {DocumentOutcome.REFUSED, DocumentOutcome.NOT_REQUESTED} != set()
        and DocumentOutcome.HELD not in outcomes,
        Outcome.REFUSED: outcomes <= {DocumentOutcome.REFUSED, DocumentOutcome.NOT_REQUESTED},
        Outcome.HELD: bool(decision.reasons),
        Outcome.REDIRECTED: outcomes <= {DocumentOutcome.NOT_REQUESTED},
        Outcome.REGISTERED: outcomes <= {DocumentOutcome.NOT_REQUESTED, DocumentOutcome.REFUSED},
    }
    assert allowed[decision.outcome]
    assert DocumentOutcome.HELD not in outcomes or decision.outcome is Outcome.HELD, "held, where a person can see it"


@given(all_facts())
def test_only_an_item_of_the_request_is_ever_named(given_facts: Facts) -> None:
    numbers = {i.number for i in given_facts.request.items} if given_facts.request else set()
    assert {d.number for d in decide(given_facts).documents} <= numbers | {None}


@given(all_facts(), ACTS)
def test_p6_a_machine_is_never_answered(given_facts: Facts, act: object) -> None:
    machine = replace(given_facts, automatic="auto-submitted")
    assert drafts("26-7K3M-9Q2X-V4TD", machine, decide(machine), None, ()) == ()


# ---- matching ------------------------------------------------------------------------------------


@given(st.lists(CLUES, max_size=5), SENDERS)
def test_p5_only_a_secret_a_person_or_an_authenticated_party_files(clues: Sequence[Clue], sender: Sender) -> None:
    found = match(clues, sender)
    if not found.open_to_all:
        assert found.reason is not None
        assert len(found.suggestions) <= MAX_SUGGESTIONS
    for reference in found.tied:
        kinds = {clue.kind for clue in clues if clue.request == reference}
        party = reference in sender.party_of and sender.authentication == "pass"
        assert kinds & {ClueKind.PERSON, ClueKind.CHOICE, *SECRETS} or (ClueKind.REFERENCE in kinds and party)


@given(st.lists(CLUES, max_size=4), SENDERS, st.sampled_from(sorted(SECRETS)), st.sampled_from(sorted(SECRETS)))
def test_p5_two_secrets_are_never_for_one_request(
    clues: Sequence[Clue], sender: Sender, one: ClueKind, other: ClueKind
) -> None:
    """They are for all of them, or held because the sender contradicts one."""
    unseen = [clue for clue in clues if clue.kind not in {ClueKind.PERSON, ClueKind.CHOICE}]
    found = match([Clue(one, REFERENCE), *unseen, Clue(other, OTHER)], sender)
    assert found.request is None
    assert {REFERENCE, OTHER} <= set(found.several) or found.reason is Reason.SEVERAL_REQUESTS
    assert not sender.party_of or set(found.several) <= set(sender.party_of)


@given(st.lists(CLUES, max_size=5), SENDERS)
def test_p5_weak_clues_change_nothing(clues: Sequence[Clue], sender: Sender) -> None:
    weak = {ClueKind.THREAD, ClueKind.SENDER, ClueKind.RESEMBLANCE}
    strong = [clue for clue in clues if clue.kind not in weak]
    assert match(clues, sender).request == match(strong, sender).request


# ---- items and filing ----------------------------------------------------------------------------


@given(all_facts(), TEXTS)
def test_every_document_is_assigned_and_only_to_an_item_that_exists(given_facts: Facts, text: str) -> None:
    items = given_facts.request.items if given_facts.request else ()
    assigned = assign(given_facts.documents, items, text)
    assert assigned.keys() == {d.seq for d in given_facts.documents}
    assert {a.number for a in assigned.values()} <= {None, *(i.number for i in items)}


@given(st.text("acdehijkmnoqrsxyz 03456789._-", max_size=30))
def test_a_name_without_words_or_numbers_of_ours_is_taken_for_no_item_when_two_are_open(name: str) -> None:
    assert assign(named(name), request().items)[1].number is None


def a_request(items: Sequence[Item], status: RequestStatus) -> Request:
    day = facts().received_at.date()
    asked = Request(
        "HV-1",
        "Z-1",
        "nareis",
        Procedure.APPLICATION,
        "nl",
        day,
        Term(4, Unit.WEEKS),
        ("email",),
        (),
        tuple(items),
        day,
        "",
    )
    return replace(asked, status=status)


@given(all_facts())
def test_filing_is_idempotent_and_never_takes_an_answered_item_back(given_facts: Facts) -> None:
    assume(given_facts.request)
    assert given_facts.request is not None
    before = a_request(given_facts.request.items, given_facts.request.status)
    decision = decide(given_facts)
    once = filed(before, decision)
    assert filed(once, decision) == once
    for old, new in zip(before.items, once.items, strict=True):
        answered = old.status not in {*MISSING, ItemStatus.STATEMENT}
        assert (
            new.status is old.status if answered else new.status is not ItemStatus.OPEN or old.status is ItemStatus.OPEN
        )
    assert once.status is RequestStatus.COMPLETE or once.status is before.status
    assert (
        once.status is not RequestStatus.COMPLETE or before.status is RequestStatus.COMPLETE or not once.missing_items()
    )


# ---- reading strangers' words ----------------------------------------------------------------------


@given(TEXTS)
def test_own_words_are_lines_of_the_text(text: str) -> None:
    assert set(own_words(text).splitlines()) <= set(text.splitlines())


@given(st.lists(st.text(max_size=80), max_size=3), st.text(max_size=10))
def test_p5_nobodys_header_is_trusted_unless_configured(headers: Sequence[str], name: str) -> None:
    assert verdict(headers, ()) == "none"
    assert verdict([f"{name}; dmarc=pass"], ("mx.intake.example",)) == (
        "pass" if name.strip().casefold() == "mx.intake.example" else "none"
    )


@given(st.text(max_size=40).map(lambda text: text.replace("\\", "").replace('"', "")))
def test_p5_what_a_trusted_hop_quotes_of_the_sender_is_not_its_verdict(words: str) -> None:
    header = f'mx.intake.example; spf=pass smtp.mailfrom="{words}; dmarc=pass"@example.org; dmarc=fail'
    assert verdict([header], ("mx.intake.example",)) == "fail"


def test_the_ordinary_submission_of_these_tests_is_accepted() -> None:
    assert decide(facts(document())).outcome is Outcome.ACCEPTED
