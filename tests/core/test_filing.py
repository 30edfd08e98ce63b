"""What a decision does to the request: R16, R35, and originals."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.core.decide import decide
from gateway.core.filing import filed
from gateway.core.model import Decision, DocumentDecision, Item, Request, Term
from gateway.core.words import DocumentOutcome, ItemStatus, Outcome, Procedure, Reason, RequestStatus, Unit
from tests.support.facts import BIRTH, PASSPORT, facts

REQUEST = Request(
    "HV-1",
    "Z-1",
    "nareis",
    Procedure.APPLICATION,
    "nl",
    date(2026, 3, 2),
    Term(4, Unit.WEEKS),
    ("email",),
    (),
    (PASSPORT, BIRTH),
    date(2026, 3, 30),
    "documenten+x@intake.example",
)


def decision(*documents: DocumentDecision) -> Decision:
    return Decision(Outcome.ACCEPTED, "each_document", "art.", (), documents)


def taken(number: str | None, reason: Reason | None = None) -> DocumentDecision:
    return DocumentDecision(1, DocumentOutcome.ACCEPTED, reason, number)


def one(status: ItemStatus = ItemStatus.OPEN, *, original: bool = False) -> Request:
    return replace(REQUEST, items=(replace(PASSPORT, status=status, original_required=original),))


def test_the_request_is_complete_with_its_last_item_and_not_before() -> None:
    half = filed(REQUEST, decision(taken("1")))
    assert [i.status for i in half.items] == [ItemStatus.RECEIVED, ItemStatus.OPEN]
    assert half.status is RequestStatus.OPEN
    assert filed(half, decision(taken("2"))).status is RequestStatus.COMPLETE


@pytest.mark.parametrize(
    ("before", "reason", "after"),
    [
        (ItemStatus.OPEN, None, ItemStatus.RECEIVED),
        (ItemStatus.OPEN, Reason.STATEMENT, ItemStatus.STATEMENT),
        (ItemStatus.REJECTED, None, ItemStatus.RECEIVED),
        (ItemStatus.REJECTED, Reason.STATEMENT, ItemStatus.STATEMENT),
        (ItemStatus.STATEMENT, None, ItemStatus.RECEIVED),
        (ItemStatus.RECEIVED, Reason.STATEMENT, ItemStatus.RECEIVED),
        (ItemStatus.RECEIVED, None, ItemStatus.RECEIVED),
        (ItemStatus.APPROVED, None, ItemStatus.APPROVED),
        (ItemStatus.APPROVED, Reason.STATEMENT, ItemStatus.APPROVED),
        (ItemStatus.ORIGINAL_EXPECTED, None, ItemStatus.ORIGINAL_EXPECTED),
    ],
)
def test_what_becomes_of_an_item(before: ItemStatus, reason: Reason | None, after: ItemStatus) -> None:
    assert filed(one(before), decision(taken("1", reason))).items[0].status is after


def test_a_document_beside_a_statement_counts_as_the_document() -> None:
    both = decision(taken("1", Reason.STATEMENT), taken("1"))
    assert filed(one(), both).items[0].status is ItemStatus.RECEIVED


def test_a_scan_of_a_required_original_does_not_complete_the_request() -> None:
    after = filed(one(original=True), decision(taken("1")))
    assert after.items[0].status is ItemStatus.ORIGINAL_EXPECTED
    assert after.status is RequestStatus.OPEN


@pytest.mark.parametrize(
    "document",
    [
        taken(None, Reason.CHOICE_NEEDED),
        DocumentDecision(1, DocumentOutcome.HELD, Reason.STATEMENT, "1"),
        DocumentDecision(1, DocumentOutcome.REFUSED, Reason.INFECTED),
        DocumentDecision(1, DocumentOutcome.NOT_REQUESTED, Reason.NOT_REQUESTED),
        taken("99"),
    ],
)
def test_what_is_not_taken_for_an_item_answers_none(document: DocumentDecision) -> None:
    assert filed(REQUEST, decision(document)) == REQUEST


def test_a_repeat_answers_nothing() -> None:
    assert filed(REQUEST, decide(facts(repeat_of="26-1111-2222-3333"))) == REQUEST


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RequestStatus.OPEN, RequestStatus.COMPLETE),
        (RequestStatus.LAPSED, RequestStatus.COMPLETE),
        (RequestStatus.CLOSED, RequestStatus.CLOSED),
        (RequestStatus.COMPLETE, RequestStatus.COMPLETE),
    ],
)
def test_p10_what_a_person_closed_is_not_opened_by_a_document(before: RequestStatus, after: RequestStatus) -> None:
    assert filed(replace(one(), status=before), decision(taken("1"))).status is after


def test_an_item_is_found_by_its_number_alone() -> None:
    items = (Item("1", "paspoort", "A"), Item("1a", "paspoort", "B"))
    after = filed(replace(REQUEST, items=items), decision(taken("1a")))
    assert [i.status for i in after.items] == [ItemStatus.OPEN, ItemStatus.RECEIVED]


def test_a_document_moved_to_another_item_leaves_the_first_open_again():
    first = filed(REQUEST, decision(taken("1")))
    moved = filed(first, decision(taken("2")), others=())
    assert [item.status for item in moved.items[:2]] == [ItemStatus.OPEN, ItemStatus.RECEIVED]
    kept = filed(first, decision(taken("2")), others=(decision(taken("1")),))
    assert [item.status for item in kept.items[:2]] == [ItemStatus.RECEIVED, ItemStatus.RECEIVED]


@pytest.mark.parametrize("judged", [ItemStatus.APPROVED, ItemStatus.REJECTED])
def test_p10_what_a_person_judged_is_never_taken_back_by_filing(judged):
    items = tuple(replace(item, status=judged) for item in REQUEST.items)
    assert filed(replace(REQUEST, items=items), decision(), others=()).items == items
