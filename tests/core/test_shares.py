"""Of one mail for two clients, what is for whom: only what can be for nobody else (P5)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gateway import mapping
from gateway.core.answers import drafts
from gateway.core.decide import decide
from gateway.core.facts import Act, ActKind, Clue, ClueKind, DocumentFacts, Facts, Match, RequestFacts, Sender, choices
from gateway.core.model import Decision, Finding, Item
from gateway.core.shares import shares
from gateway.core.words import DocumentOutcome, ItemStatus, Outcome, Reason, RequestStatus
from tests.support.facts import ADDRESS, OTHER, REFERENCE, document, facts, named, request

HERE = Path(__file__).parent
LAWYER = Sender("b@kantoor.example", (REFERENCE, OTHER), "pass")
BOTH = (Clue(ClueKind.SECRET_ADDRESS, REFERENCE), Clue(ClueKind.SECRET_ADDRESS, OTHER))

SARA = request(
    Item("1", "paspoort", "Kopie van het paspoort", "Sara Idrissi"),
    Item("2", "geboorteakte", "Kopie van de geboorteakte"),
    people=("Sara Idrissi", "mr. B. Kantoor"),
)
OMAR = request(
    Item("1", "paspoort", "Kopie van het paspoort", "Omar Haddad"),
    Item("2", "loonstrook", "De laatste loonstrook"),
    Item("3", "bewijs van inschrijving", "Bewijs van inschrijving"),
    reference=OTHER,
    people=("Omar Haddad", "mr. B. Kantoor"),
)


def of_two(*documents: DocumentFacts, one: RequestFacts = SARA, other: RequestFacts = OMAR, **changes: object) -> Facts:
    """A lawyer's mail to the secret addresses of two clients."""
    usual = facts(
        *documents,
        sender=LAWYER,
        clues=BOTH,
        match=Match(None, several=(REFERENCE, OTHER)),
        request=None,
        requests=(one, other),
        answer_to=(LAWYER.address,),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # any field


def whose(name: str, text: str = "", **changes: object) -> str | None:
    """The reference of the request whose share a document of this name is."""
    found = shares(of_two(*named(name), **changes), text).get(1)  # type: ignore[arg-type]  # as above
    return found.reference if found else None


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("geboorteakte.pdf", REFERENCE),
        ("loonstrook maart.pdf", OTHER),
        ("Bewijs van inschrijving.pdf", OTHER),
        ("paspoort Sara.pdf", REFERENCE),
        ("paspoort-omar-haddad.pdf", OTHER),
        (f"{REFERENCE} stuk 1.pdf", REFERENCE),
        (f"{OTHER.lower()} scan.pdf", OTHER),
        (f"paspoort {OTHER}.pdf", OTHER),
    ],
)
def test_a_document_goes_to_the_only_request_that_it_can_be_for(name: str, request_: str) -> None:
    assert whose(name) == request_


@pytest.mark.parametrize(
    "name",
    [
        "paspoort.pdf",
        "scan0001.pdf",
        "stuk 3.pdf",
        "1.pdf",
        "bonus.pdf",
        "geboorteakte Omar.pdf",
        "geboorteakte Haddad.pdf",
        "loonstrook en geboorteakte.pdf",
        f"{REFERENCE} en {OTHER}.pdf",
        f"{REFERENCE} loonstrook.pdf",
        f"{REFERENCE} paspoort Omar Haddad.pdf",
        f"{REFERENCE}4 stuk 1.pdf",
        "HV-2026-000999 stuk 1.pdf",
    ],
)
def test_p5_what_could_be_for_several_or_for_none_is_for_nobody(name: str) -> None:
    """An item number alone, a kind both ask for, a stranger's kind, another client's name: a person looks."""
    assert whose(name) is None
    decision = decide(of_two(*named(name)))
    (one,) = decision.documents
    assert (decision.outcome, decision.reasons) == (Outcome.HELD, (Reason.SEVERAL_REQUESTS,))
    assert (one.outcome, one.request, one.number) == (DocumentOutcome.HELD, None, None)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        (f"scan0001.pdf is voor {OTHER}", OTHER),
        (f"{REFERENCE}: scan0001.pdf, {OTHER}: iets anders", REFERENCE),
        (f"scan0001.pdf voor {REFERENCE} of {OTHER}", None),
        (f"Alles hieronder is voor {REFERENCE}.\nscan0001.pdf", None),
    ],
)
def test_the_reference_beside_the_file_name_says_whose_it_is(text: str, request_: str | None) -> None:
    assert whose("scan0001.pdf", text) == request_


def test_p5_what_is_written_about_a_name_that_two_documents_have_is_said_of_neither() -> None:
    assert shares(of_two(*named("scan.pdf", "scan.pdf")), f"scan.pdf is voor {OTHER}") == {}


@pytest.mark.parametrize("status", [ItemStatus.RECEIVED, ItemStatus.APPROVED, ItemStatus.ORIGINAL_EXPECTED])
def test_p5_a_kind_counts_only_for_a_request_that_still_waits_for_it(status: ItemStatus) -> None:
    birth = replace(SARA.items[1], status=status)
    assert whose("geboorteakte.pdf", one=replace(SARA, items=(SARA.items[0], birth))) is None


def test_p5_what_one_has_and_the_other_waits_for_can_be_for_both() -> None:
    has_it = replace(SARA, items=(replace(SARA.items[0], status=ItemStatus.RECEIVED, person=""),), people=())
    waits = replace(OMAR, items=(replace(OMAR.items[0], person=""),), people=())
    assert whose("paspoort.pdf", one=has_it, other=waits) is None


def test_p5_an_item_without_a_person_may_be_meant_by_any_name() -> None:
    nameless = replace(OMAR, items=(replace(OMAR.items[0], person=""),), people=())
    assert whose("paspoort Sara.pdf", other=nameless) is None


def test_each_request_is_served_from_one_mail() -> None:
    decision = decide(of_two(*named("geboorteakte.pdf", "loonstrook.pdf", "paspoort Omar Haddad.pdf", "scan.pdf")))
    assert [(d.outcome, d.request, d.number) for d in decision.documents] == [
        (DocumentOutcome.ACCEPTED, REFERENCE, "2"),
        (DocumentOutcome.ACCEPTED, OTHER, "2"),
        (DocumentOutcome.ACCEPTED, OTHER, "1"),
        (DocumentOutcome.HELD, None, None),
    ]
    assert (decision.outcome, decision.reasons) == (Outcome.HELD, (Reason.SEVERAL_REQUESTS,))
    assert [d.seq for d in decision.share(OTHER).documents] == [2, 3, 4]
    assert not any(d.request == REFERENCE for d in decision.share(OTHER).documents)


def test_a_reference_says_whose_it_is_and_its_number_which_item() -> None:
    (one, other) = decide(of_two(*named(f"{OTHER} stuk 3.pdf", f"{REFERENCE} scan.pdf"))).documents
    assert (one.request, one.number, one.reason) == (OTHER, "3", None)
    assert (other.request, other.number, other.reason) == (REFERENCE, None, Reason.CHOICE_NEEDED)


def test_what_is_late_for_one_is_not_late_for_the_other() -> None:
    decision = decide(of_two(*named("geboorteakte.pdf", "loonstrook.pdf"), one=replace(SARA, on_time=False)))
    assert [(d.outcome, d.reason) for d in decision.documents] == [
        (DocumentOutcome.HELD, Reason.LATE),
        (DocumentOutcome.ACCEPTED, None),
    ]
    assert decision.outcome is Outcome.HELD


def test_p5_a_closed_request_among_them_is_looked_at_by_a_person() -> None:
    closed = replace(OMAR, status=RequestStatus.CLOSED)
    decision = decide(of_two(*named("geboorteakte.pdf"), other=closed))
    assert (decision.rule, decision.outcome) == ("request_is_closed", Outcome.HELD)


def test_a_document_that_is_refused_is_told_to_its_own_request() -> None:
    broken = document("loonstrook.pdf", findings=(Finding("encrypted"),))
    (one,) = decide(of_two(broken)).documents
    assert (one.outcome, one.reason, one.request) == (DocumentOutcome.REFUSED, Reason.ENCRYPTED, OTHER)


# ---- what a person says --------------------------------------------------------------------------


def assign(reference: str, document_: str = "", item: str = "") -> Act:
    return Act(ActKind.ASSIGN, "j.jansen", request=reference, document=document_, item=item)


@pytest.mark.parametrize(
    ("acts", "chosen"),
    [
        ((assign(REFERENCE, "a", "1"), assign(OTHER, "b", "2")), {"a": (REFERENCE, "1"), "b": (OTHER, "2")}),
        ((assign(REFERENCE, "a", "1"), assign(OTHER, "a", "2")), {"a": (OTHER, "2")}),
        ((assign(REFERENCE, "a", "1"), assign(OTHER, "b"), assign(OTHER)), {"b": (OTHER, "")}),
        ((assign(OTHER), assign(REFERENCE, "a", "1")), {"a": (REFERENCE, "1")}),
        ((Act(ActKind.RELEASE, "j.jansen"),), {}),
    ],
)
def test_the_last_word_about_a_document_counts_and_the_whole_takes_back_what_was_for_others(
    acts: tuple[Act, ...], chosen: dict[str, tuple[str, str]]
) -> None:
    assert choices(acts) == chosen


def test_a_person_says_for_each_document_which_request() -> None:
    passport, scan, other = named("paspoort.pdf", "scan.pdf", "paspoort.pdf")
    chosen = of_two(replace(passport, request=REFERENCE, item="1"), replace(scan, request=OTHER, item="3"), other)
    assert [(d.request, d.number) for d in decide(chosen).documents] == [(REFERENCE, "1"), (OTHER, "3"), (None, None)]


def test_p5_nothing_else_is_taken_for_a_request_that_only_a_choice_tied() -> None:
    chosen = replace(document("scan.pdf"), request=OTHER, item="2")
    given_facts = of_two(
        chosen,
        *named("ander.pdf", "loonstrook.pdf")[1:],
        match=Match(None, Reason.NO_REQUEST, chosen=(OTHER, REFERENCE)),
    )
    assert [d.request for d in decide(given_facts).documents] == [OTHER, None]


def test_what_is_not_chosen_for_another_stays_with_the_proven_request() -> None:
    moved = replace(document("scan.pdf"), request=OTHER, item="2")
    rest = document("geboorteakte.pdf", 2)
    decision = decide(of_two(moved, rest, match=Match(REFERENCE, chosen=(OTHER,))))
    assert [(d.request, d.number) for d in decision.documents] == [(OTHER, "2"), (REFERENCE, "2")]


def test_an_item_that_was_chosen_of_another_request_is_no_item_of_this_one() -> None:
    elsewhere = replace(document("scan.pdf"), request=OTHER, item="1")
    assert decide(facts(elsewhere)).documents[0].number is None


# ---- who is told ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "neutral"),
    [
        (LAWYER, False),
        (replace(LAWYER, authentication="none"), False),
        (replace(LAWYER, authentication="fail"), True),
        (Sender(ADDRESS, (REFERENCE,), "pass"), True),
        (Sender("neighbour@example.net"), True),
    ],
)
def test_p7_a_letter_names_the_requests_only_to_a_proven_party_of_each(sender: Sender, *, neutral: bool) -> None:
    given_facts = of_two(*named("geboorteakte.pdf"), sender=sender)
    (letter,) = drafts("26-7K3M-9Q2X-V4TD", given_facts, decide(given_facts), None, ())
    assert letter.neutral is neutral


# ---- laws ----------------------------------------------------------------------------------------

STATES = st.sampled_from((ItemStatus.OPEN, *ItemStatus))
KINDS_ASKED = st.sampled_from(("paspoort", "geboorteakte", "loonstrook", "foto"))
PEOPLE = st.sampled_from(("", "Sara Idrissi", "Omar Haddad", "Noor Idrissi"))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[RequestFacts, RequestFacts]:
    """Two requests with items of a few kinds and people."""

    def one(reference: str) -> RequestFacts:
        items = tuple(
            Item(str(n), draw(KINDS_ASKED), "Kopie", draw(PEOPLE), status=draw(STATES))
            for n in range(1, draw(st.integers(1, 3)) + 1)
        )
        return request(*items, reference=reference, on_time=draw(st.booleans()), people=(draw(PEOPLE),))

    return one(REFERENCE), one(OTHER)


PERSONS = {"Sara", "Omar", "Noor", "Idrissi", "Haddad"}
WORDS = ("paspoort", "geboorteakte", "loonstrook", "verklaring", "1", "stuk 2", "scan", REFERENCE, OTHER)
NAMES = st.lists(st.sampled_from((*WORDS, *sorted(PERSONS))), min_size=1, max_size=4).map(" ".join)


@given(pairs(), st.lists(NAMES, min_size=1, max_size=4))
def test_p5_without_a_person_a_document_of_several_is_filed_only_where_it_alone_can_belong(
    both: tuple[RequestFacts, RequestFacts], names: list[str]
) -> None:
    """By name: its reference and no other; or a kind that nobody else asks for of that person."""
    decision = decide(of_two(*named(*names), one=both[0], other=both[1]))
    for one, name in zip(decision.documents, names, strict=True):
        if one.request is None:
            assert one.outcome is DocumentOutcome.HELD
            continue
        other = next(r for r in both if r.reference != one.request)
        assert other.reference not in name
        own = next(r for r in both if r.reference == one.request)
        if own.reference not in name:
            asked = {i.kind for i in own.items}
            foreign = {i.kind for i in other.items if i.kind in name and not (i.person and set(name.split()) & PERSONS)}
            assert asked & set(name.split())
            assert not foreign


@given(pairs(), st.lists(NAMES, min_size=1, max_size=4))
def test_p5_a_decision_on_several_never_answers_one_request_with_the_share_of_another(
    both: tuple[RequestFacts, RequestFacts], names: list[str]
) -> None:
    decision = decide(of_two(*named(*names), one=both[0], other=both[1]))
    for request_ in both:
        taken = [d for d in decision.share(request_.reference).documents if d.outcome is DocumentOutcome.ACCEPTED]
        assert {d.request for d in taken} <= {request_.reference}
        assert {d.number for d in taken} <= {None, *(i.number for i in request_.items)}


# ---- replay --------------------------------------------------------------------------------------

STORED = json.loads((HERE / "facts_before_shares.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: stored["case"])
def test_p8_facts_stored_before_there_were_shares_give_the_decision_they_gave(stored: dict[str, object]) -> None:
    facts_then = mapping.FACTS.validate_python(stored["facts"])
    assert decide(facts_then) == TypeAdapter(Decision).validate_python(stored["decision"])


def test_p8_the_facts_of_several_give_the_same_decision_when_read_back() -> None:
    given_facts = of_two(*named("geboorteakte.pdf", "loonstrook.pdf", "scan.pdf"))
    again = mapping.FACTS.validate_json(mapping.FACTS.dump_json(given_facts))
    assert (again, decide(again)) == (given_facts, decide(given_facts))
