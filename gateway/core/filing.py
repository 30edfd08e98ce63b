"""What a decision does to the request: items answered, and complete when none is missing.

"Complete" says that every item has an answer; whether the answers suffice is a person's judgement.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from gateway.core.model import Decision, DocumentDecision, Item, Request
from gateway.core.words import DocumentOutcome, ItemStatus, Reason, RequestStatus


def filed(request: Request, decision: Decision, others: Sequence[Decision] | None = None) -> Request:
    """The request after the accepted documents of a decision were put to its items.

    `others` are the decisions that stand on the request's other submissions: an item that neither they nor
    this one answer is open again, because its document was moved to another item. Without `others` nothing
    is taken back. Filing the same decision twice changes nothing; an item that a person judged is left alone.
    """
    taken = _taken(decision)
    originals = frozenset(decision.originals)
    standing = None if others is None else [d.number for other in others for d in _taken(other)]
    after = replace(request, items=tuple(_answered(item, taken, standing, originals) for item in request.items))
    if request.status in {RequestStatus.OPEN, RequestStatus.LAPSED} and not after.missing_items():
        return replace(after, status=RequestStatus.COMPLETE)
    if others is not None and request.status is RequestStatus.COMPLETE and after.missing_items():
        return replace(after, status=RequestStatus.OPEN)
    return after


def _taken(decision: Decision) -> list[DocumentDecision]:
    return [d for d in decision.documents if d.outcome is DocumentOutcome.ACCEPTED and d.number]


def _answered(
    item: Item,
    taken: Iterable[DocumentDecision],
    standing: Collection[str | None] | None,
    originals: Collection[str],
) -> Item:
    reasons = [d.reason for d in taken if d.number == item.number]
    if not reasons:
        moved_away = item.status in _BY_DOCUMENTS and standing is not None and item.number not in standing
        return replace(item, status=ItemStatus.OPEN) if moved_away else item
    if item.status in _WAITING and item.number in originals:
        return replace(item, status=ItemStatus.RECEIVED)
    if item.status not in _UNANSWERED:
        return item
    if all(reason is Reason.STATEMENT for reason in reasons):
        return replace(item, status=ItemStatus.STATEMENT)
    return replace(item, status=ItemStatus.ORIGINAL_EXPECTED if item.original_required else ItemStatus.RECEIVED)


_UNANSWERED = frozenset({ItemStatus.OPEN, ItemStatus.REJECTED, ItemStatus.STATEMENT})
_WAITING = _UNANSWERED | {ItemStatus.ORIGINAL_EXPECTED}
_BY_DOCUMENTS = frozenset({ItemStatus.RECEIVED, ItemStatus.STATEMENT, ItemStatus.ORIGINAL_EXPECTED})
"""The states that filing gives, and may take back; a person's judgement it never touches."""
