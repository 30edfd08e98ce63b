"""What a decision does to the request: items answered, and complete when none is missing.

"Complete" says that every item has an answer; whether the answers suffice is a person's judgement.
"""

from collections.abc import Iterable
from dataclasses import replace

from gateway.core.model import Decision, DocumentDecision, Item, Request
from gateway.core.words import DocumentOutcome, ItemStatus, Reason, RequestStatus


def filed(request: Request, decision: Decision) -> Request:
    """The request after the accepted documents of a decision were put to its items.

    Filing the same decision twice changes nothing; an item that a person judged is left alone.
    """
    taken = [d for d in decision.documents if d.outcome is DocumentOutcome.ACCEPTED and d.number]
    items = tuple(_answered(item, taken) for item in request.items)
    after = replace(request, items=items)
    if request.status in {RequestStatus.OPEN, RequestStatus.LAPSED} and not after.missing_items():
        return replace(after, status=RequestStatus.COMPLETE)
    return after


def _answered(item: Item, taken: Iterable[DocumentDecision]) -> Item:
    reasons = [d.reason for d in taken if d.number == item.number]
    if not reasons or item.status not in {ItemStatus.OPEN, ItemStatus.REJECTED, ItemStatus.STATEMENT}:
        return item
    if all(reason is Reason.STATEMENT for reason in reasons):
        return replace(item, status=ItemStatus.STATEMENT)
    return replace(item, status=ItemStatus.ORIGINAL_EXPECTED if item.original_required else ItemStatus.RECEIVED)
