"""Facts in, one decision out: the conditions of art. 2:15 Awb and their successors, in order.

Rule 1: the first rule that speaks wins. To change the policy, move a line in `RULES`.
Rule 2: a rule looks at facts only, so the same facts give the same decision for ever (P8).
Rule 3: nothing here goes against somebody without a person: what is late, closed or unclear is held (P10).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from gateway.core.facts import Act, ActKind, DocumentFacts, Facts
from gateway.core.items import Assignment, assign, fold
from gateway.core.model import Decision, DocumentDecision, PartRole, Verdict
from gateway.core.words import DocumentOutcome, Outcome, Reason, RequestStatus

Rule = Callable[[Facts], Decision | None]

DESIGNATED: Final = "art. 2:13 lid 2 en art. 2:16 Awb"
FURTHER_REQUIREMENTS: Final = "art. 2:13 lid 3 en art. 2:15 lid 1 Awb"
RELIABLE: Final = "art. 2:15 lid 2 Awb"
BURDEN: Final = "art. 2:15 lid 1 Awb"
REQUESTED: Final = "art. 4:5 lid 1 en art. 2:16 Awb"
CONFIRMED: Final = "art. 2:17 lid 1 Awb"
TERM: Final = "art. 4:5 lid 1 en art. 2:21 lid 3 Awb"
SCANNED: Final = "art. 2:15 lid 2 Awb; BIO2 8.07.04"
NO_REPLY: Final = "RFC 3834, par. 2; art. 2:17 lid 1 onder b Awb"

_EXTENSION = re.compile(
    r"\b(?:uitstel|meer tijd|langere termijn|termijn te verlengen|verlenging van de termijn"
    r"|more time|extension of (?:the )?(?:term|time|deadline)|extend the (?:term|deadline))\b"
)
_STATEMENT = re.compile(
    r"\b(?:kan ik niet (?:krijgen|leveren|aanleveren|overleggen)|niet in het bezit"
    r"|heb(?:ben)? (?:nooit|geen) (?:een )?(?:paspoort|akte|document(?:en)?)"
    r"|cannot (?:get|obtain|provide)|do not have (?:a|the|any))\b"
)

_QUOTE_HEADING = re.compile(
    r"\s*(?:(?:op|on|le|am|el)\b.{4,200}(?:schreef|wrote|écrit|schrieb|escribió).{0,80}:\s*$"
    r"|-{2,}\s*(?:original message|oorspronkelijk bericht|forwarded message|doorgestuurd bericht))",
    re.IGNORECASE,
)


def decide(facts: Facts) -> Decision:
    """What becomes of the submission: the word of the first rule that speaks.

    Returns a decision on the whole and on every document. Never raises for any facts.
    """
    for rule in RULES:
        if decision := rule(facts):
            return decision
    raise AssertionError("the last rule always speaks")


# ---- the rules, in the order of RULES ------------------------------------------------------------


def refused_by_a_person(facts: Facts) -> Decision | None:
    """A person looked at a held submission and refused it, with a reason of the list."""
    act = _last(facts.acts, ActKind.REFUSE)
    if act is None or act.reason is None:
        return None
    decision = _whole(facts, Outcome.REFUSED, "refused_by_a_person", GROUND[act.reason], act.reason)
    return replace(decision, detail=f"by {act.officer}")


def automatic_message(facts: Facts) -> Decision | None:
    """Machines are registered and never answered: they would answer back."""
    if not facts.automatic:
        return None
    return Decision(
        Outcome.REGISTERED,
        "automatic_message",
        NO_REPLY,
        (Reason.AUTOMATIC,),
        _each(facts, DocumentOutcome.HELD, Reason.AUTOMATIC),
        facts.automatic,
    )


def repeat(facts: Facts) -> Decision | None:
    """The very same bytes from the same sender count once; the letter names the first receipt."""
    if not facts.repeat_of:
        return None
    return Decision(
        Outcome.REGISTERED,
        "repeat",
        CONFIRMED,
        (Reason.REPEAT,),
        _each(facts, DocumentOutcome.ACCEPTED, Reason.REPEAT),
        facts.repeat_of,
    )


def not_designated(facts: Facts) -> Decision | None:
    """It came by an address that is not designated: the sender is shown the right one."""
    if facts.designated or _assigned(facts):
        return None
    return _whole(facts, Outcome.REDIRECTED, "not_designated", DESIGNATED, Reason.NOT_DESIGNATED)


def over_the_cap(facts: Facts) -> Decision | None:
    """More than the published size; the letter says what was measured and the way round."""
    if facts.measured_bytes <= facts.cap_bytes:
        return None
    decision = _whole(facts, Outcome.REFUSED, "over_the_cap", FURTHER_REQUIREMENTS, Reason.TOO_LARGE)
    return replace(decision, detail=f"{facts.measured_bytes} > {facts.cap_bytes} bytes")


def could_not_be_read(facts: Facts) -> Decision | None:
    """Broken or too deep to open by machine: a person looks, the moment of receipt stands."""
    if facts.trouble is None and not facts.defects:
        return None
    if facts.released and facts.trouble is None:
        return None
    complex_ = facts.trouble is not None and facts.trouble.code == "too_complex"
    reason = Reason.TOO_COMPLEX if complex_ else Reason.UNREADABLE
    decision = _whole(facts, Outcome.HELD, "could_not_be_read", BURDEN, reason)
    detail = facts.trouble.detail if facts.trouble else ", ".join(facts.defects)
    return replace(decision, detail=detail)


def no_single_request(facts: Facts) -> Decision | None:
    """It cannot be told which request this is for; similarity only suggests (P5)."""
    if facts.request is not None:
        return None
    reason = facts.match.reason or Reason.NO_REQUEST
    decision = _whole(facts, Outcome.HELD, "no_single_request", GROUND[reason], reason)
    return replace(decision, detail=facts.match.detail)


def request_is_closed(facts: Facts) -> Decision | None:
    """The request was closed: kept, told, and shown to the caseworker."""
    closed = facts.request is not None and facts.request.status is RequestStatus.CLOSED
    if not closed or facts.released:
        return None
    return _whole(facts, Outcome.HELD, "request_is_closed", TERM, Reason.REQUEST_CLOSED)


def too_late(facts: Facts) -> Decision | None:
    """After the last day: kept and marked; whether it still counts is a person's decision (P10)."""
    if facts.request is None or facts.request.on_time or facts.released:
        return None
    return _whole(facts, Outcome.HELD, "too_late", TERM, Reason.LATE)


def nothing_attached(facts: Facts) -> Decision | None:
    """No document: a statement or a request for more time goes to a person, so does all other text."""
    if any(_is_document(d) for d in facts.documents):
        return None
    if facts.released:
        return Decision(Outcome.REGISTERED, "nothing_attached", CONFIRMED, (_text_reason(facts),))
    return _whole(facts, Outcome.HELD, "nothing_attached", REQUESTED, _text_reason(facts))


def each_document(facts: Facts) -> Decision:
    """The usual case: every document gets its own decision, the whole follows from them."""
    request = facts.request
    assert request is not None, "no_single_request speaks before"
    usable = [d for d in facts.documents if _is_document(d) and _refusal(d, facts) is None]
    assigned = assign(usable, request.items, facts.text)
    decided = tuple(_one(d, facts, assigned.get(d.seq)) for d in facts.documents if _is_document(d))
    return _sum_up(facts, decided)


RULES: Final[tuple[Rule, ...]] = (
    refused_by_a_person,
    automatic_message,
    repeat,
    not_designated,
    over_the_cap,
    could_not_be_read,
    no_single_request,
    request_is_closed,
    too_late,
    nothing_attached,
    each_document,
)

GROUND: Final[dict[Reason, str]] = {
    Reason.NOT_DESIGNATED: DESIGNATED,
    Reason.TOO_LARGE: FURTHER_REQUIREMENTS,
    Reason.NO_REQUEST: REQUESTED,
    Reason.SEVERAL_REQUESTS: REQUESTED,
    Reason.SENDER_UNKNOWN: RELIABLE,
    Reason.SENDER_UNPROVEN: RELIABLE,
    Reason.NOT_REQUESTED: REQUESTED,
    Reason.INFECTED: BURDEN,
    Reason.ACTIVE_CONTENT: BURDEN,
    Reason.ENCRYPTED: BURDEN,
    Reason.UNREADABLE: BURDEN,
    Reason.FILE_TYPE: FURTHER_REQUIREMENTS,
    Reason.NOT_SCANNED: SCANNED,
    Reason.TOO_COMPLEX: BURDEN,
    Reason.REQUEST_CLOSED: TERM,
    Reason.LATE: TERM,
    Reason.AUTOMATIC: NO_REPLY,
    Reason.REPEAT: CONFIRMED,
    Reason.EXTENSION_ASKED: TERM,
    Reason.STATEMENT: REQUESTED,
    Reason.NO_DOCUMENTS: REQUESTED,
    Reason.CHOICE_NEEDED: REQUESTED,
}
"""The legal ground of each reason."""


# ---- one document --------------------------------------------------------------------------------

_BY_VERDICT: Final[dict[Verdict, tuple[DocumentOutcome, Reason]]] = {
    Verdict.INFECTED: (DocumentOutcome.REFUSED, Reason.INFECTED),
    Verdict.ENCRYPTED: (DocumentOutcome.REFUSED, Reason.ENCRYPTED),
    Verdict.LIMITS: (DocumentOutcome.HELD, Reason.TOO_COMPLEX),
    Verdict.ERROR: (DocumentOutcome.HELD, Reason.NOT_SCANNED),
    Verdict.NOT_YET: (DocumentOutcome.HELD, Reason.NOT_SCANNED),
}

_BY_FINDING: Final[dict[str, tuple[DocumentOutcome, Reason]]] = {
    "infected": (DocumentOutcome.REFUSED, Reason.INFECTED),
    "encrypted": (DocumentOutcome.REFUSED, Reason.ENCRYPTED),
    "active_content": (DocumentOutcome.REFUSED, Reason.ACTIVE_CONTENT),
    "type_refused": (DocumentOutcome.REFUSED, Reason.FILE_TYPE),
    "unreadable": (DocumentOutcome.REFUSED, Reason.UNREADABLE),
    "limits": (DocumentOutcome.HELD, Reason.TOO_COMPLEX),
    "suspicious": (DocumentOutcome.HELD, Reason.ACTIVE_CONTENT),
}
"""In order of weight: the first that a document has decides. Codes not here are notes."""


def _one(document: DocumentFacts, facts: Facts, assigned: Assignment | None) -> DocumentDecision:
    if refusal := _refusal(document, facts):
        return DocumentDecision(document.seq, *refusal)
    assert assigned is not None, "every usable document is assigned"
    if assigned.number is not None:
        reason = Reason.STATEMENT if assigned.statement else None
        return DocumentDecision(document.seq, DocumentOutcome.ACCEPTED, reason, assigned.number)
    if not assigned.requested:
        return DocumentDecision(document.seq, DocumentOutcome.NOT_REQUESTED, Reason.NOT_REQUESTED)
    return DocumentDecision(document.seq, DocumentOutcome.ACCEPTED, Reason.CHOICE_NEEDED)


def _refusal(document: DocumentFacts, facts: Facts) -> tuple[DocumentOutcome, Reason] | None:
    """What speaks against the document itself, heaviest first; a release lifts holds, never refusals."""
    codes = {finding.code for finding in document.findings}
    against = [word for code, word in _BY_FINDING.items() if code in codes]
    if document.verdict is not Verdict.CLEAN:
        against.append(_BY_VERDICT[document.verdict])
    refused = [word for word in against if word[0] is DocumentOutcome.REFUSED]
    held = [word for word in against if word[0] is DocumentOutcome.HELD]
    if refused:
        return refused[0]
    unscanned = (DocumentOutcome.HELD, Reason.NOT_SCANNED)
    if held and (not facts.released or unscanned in held):
        return held[0]
    return None


# ---- the whole -----------------------------------------------------------------------------------


def _sum_up(facts: Facts, decided: tuple[DocumentDecision, ...]) -> Decision:
    outcomes = {d.outcome for d in decided}
    reasons = tuple(dict.fromkeys(d.reason for d in decided if d.reason is not None))
    asks_time = not facts.released and _asks_for_time(facts)
    if asks_time:
        reasons = (Reason.EXTENSION_ASKED, *reasons)
    outcome = Outcome.HELD if asks_time else _outcome(outcomes)
    ground = GROUND[reasons[0]] if reasons else CONFIRMED
    return Decision(outcome, "each_document", ground, reasons, decided)


def _outcome(outcomes: set[DocumentOutcome]) -> Outcome:
    if DocumentOutcome.HELD in outcomes:
        return Outcome.HELD
    if outcomes == {DocumentOutcome.ACCEPTED}:
        return Outcome.ACCEPTED
    if DocumentOutcome.ACCEPTED in outcomes:
        return Outcome.PARTLY
    return Outcome.REDIRECTED if outcomes == {DocumentOutcome.NOT_REQUESTED} else Outcome.REFUSED


def _whole(facts: Facts, outcome: Outcome, rule: str, ground: str, reason: Reason) -> Decision:
    """One word for the submission and all its documents."""
    each = {
        Outcome.HELD: DocumentOutcome.HELD,
        Outcome.REFUSED: DocumentOutcome.REFUSED,
        Outcome.REDIRECTED: DocumentOutcome.NOT_REQUESTED,
    }[outcome]
    return Decision(outcome, rule, ground, (reason,), _each(facts, each, reason))


def _each(facts: Facts, outcome: DocumentOutcome, reason: Reason) -> tuple[DocumentDecision, ...]:
    return tuple(DocumentDecision(d.seq, outcome, reason) for d in facts.documents if _is_document(d))


def _is_document(document: DocumentFacts) -> bool:
    return document.role is PartRole.DOCUMENT


def _assigned(facts: Facts) -> bool:
    return _last(facts.acts, ActKind.ASSIGN) is not None


def _last(acts: Sequence[Act], kind: ActKind) -> Act | None:
    return next((act for act in reversed(acts) if act.kind is kind), None)


def _asks_for_time(facts: Facts) -> bool:
    return bool(_EXTENSION.search(fold(own_words(facts.text))))


def _text_reason(facts: Facts) -> Reason:
    if _asks_for_time(facts):
        return Reason.EXTENSION_ASKED
    if _STATEMENT.search(fold(own_words(facts.text))):
        return Reason.STATEMENT
    return Reason.NO_DOCUMENTS


def own_words(text: str) -> str:
    """What the sender wrote now: without quoted lines and what follows a quotation's heading.

    Our own letters speak of more time; quoted in a reply they must not count as a request for it.
    """
    kept = []
    for line in text.splitlines():
        if _QUOTE_HEADING.match(line):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line)
    return "\n".join(kept)
