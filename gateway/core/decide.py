"""Facts in, one decision out: the conditions of art. 2:15 Awb and their successors, in order.

Rule 1: the first rule that speaks wins. To change the policy, move a line in `RULES`.
Rule 2: a rule looks at facts only, so the same facts give the same decision for ever (P8).
Rule 3: nothing here goes against somebody without a person: what is late, closed or unclear is held (P10).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.core.business import FORWARDED, GROUNDS, TAKEN_IN, recognised
from gateway.core.conditions import PROFILES
from gateway.core.facts import MESSAGE, Act, ActKind, DocumentFacts, Facts, RequestFacts
from gateway.core.items import Assignment, assign
from gateway.core.model import MISSING, Decision, DocumentDecision, PartRole, Verdict
from gateway.core.phrasebook import EXTENSION, STATEMENT
from gateway.core.phrases import find
from gateway.core.quoting import own_words
from gateway.core.shares import shares
from gateway.core.words import DocumentOutcome, Outcome, Reason, RequestStatus

Rule = Callable[[Facts], Decision | None]


def decide(facts: Facts) -> Decision:
    """What becomes of the submission: the word of the first rule that speaks.

    Returns a decision on the whole and on every document. Never raises for any facts.
    """
    for rule in RULES:
        if decision := rule(facts):
            return decision
    raise AssertionError("the last rule always speaks")


# ---- the rules, in the order of RULES ------------------------------------------------------------


def infected_afterwards(facts: Facts) -> Decision | None:
    """Malware was found in what was decided on before: that document counts no more, all else stands as it was.

    Found in no document of it, a person looks before anything counts, as when it had been found at once.
    """
    before = facts.earlier
    if before is None:
        return None
    decided = {document.seq: document for document in before.documents}
    known = {seq for seq, document in decided.items() if document.reason is Reason.INFECTED}
    found = {d.seq for d in facts.documents if _is_document(d) and _is_infected(d, facts)} - known
    if not found:
        held = _whole(facts, Outcome.HELD, "infected_afterwards", Reason.INFECTED)
        return replace(held, detail=facts.malware)
    refused = {
        seq: DocumentDecision(seq, DocumentOutcome.REFUSED, Reason.INFECTED, request=_request_of(seq, decided))
        for seq in found
    }
    counted = before.outcome in {Outcome.ACCEPTED, Outcome.PARTLY}
    stands = _all_else_stands(facts, before, "infected_afterwards", tuple(refused.values()))
    return replace(stands, outcome=stands.outcome if counted else before.outcome, detail=facts.malware)


def _all_else_stands(facts: Facts, before: Decision, rule: str, changed: Sequence[DocumentDecision]) -> Decision:
    """What was decided before, but for these documents: their reasons come first."""
    decided = {document.seq: document for document in (*before.documents, *changed)}
    documents = tuple(decided[seq] for seq in sorted(decided))
    of_documents = {document.reason for document in before.documents}
    whole = [reason for reason in before.reasons if reason not in of_documents]
    first = [document.reason for document in changed if document.reason]
    reasons = dict.fromkeys((*first, *whole, *(d.reason for d in documents if d.reason)))
    return Decision(
        _of_all(documents, facts),
        rule,
        _ground(facts, first[0]),
        tuple(reasons),
        documents,
        originals=with_original(documents, facts.originals),
    )


def _request_of(seq: int, decided: Mapping[int, DocumentDecision]) -> str | None:
    return decided[seq].request if seq in decided else None


def _is_infected(document: DocumentFacts, facts: Facts) -> bool:
    read = facts.as_opened(document)
    return read.verdict is Verdict.INFECTED and read.sha256 not in facts.freed


def opened_after_closing(facts: Facts) -> Decision | None:
    """A password was given after the request was closed: what it opened is for a person, all else stands as it was.

    What was opened came in before; the closing forbids nobody to read it, and decides nothing about it.
    """
    before = facts.stood
    if before is None or facts.released or before.outcome is Outcome.REGISTERED:
        return None
    decided = {document.seq: document for document in before.documents}
    waits = (DocumentOutcome.HELD, Reason.REQUEST_CLOSED)
    opened = tuple(
        DocumentDecision(d.seq, *(_refusal(d, facts) or waits), request=_request_of(d.seq, decided))
        for d in facts.documents
        if _is_document(d) and (d.seq not in decided or _is_opened(d, decided[d.seq], facts))
    )
    if not opened:
        return None
    stands = _all_else_stands(facts, before, "opened_after_closing", opened)
    return replace(stands, outcome=Outcome.HELD) if before.outcome is Outcome.HELD else stands


def _is_opened(document: DocumentFacts, decided: DocumentDecision, facts: Facts) -> bool:
    return decided.reason is Reason.ENCRYPTED and facts.as_opened(document) is not document


def refused_by_a_person(facts: Facts) -> Decision | None:
    """A person looked at a held submission and refused it, with a reason of the list; their last word counts."""
    act = facts.last_word
    if act is None or act.kind is not ActKind.REFUSE or act.reason is None:
        return None
    decision = _whole(facts, Outcome.REFUSED, "refused_by_a_person", act.reason)
    return replace(decision, detail=_by(act))


def redirected_by_a_person(facts: Facts) -> Decision | None:
    """A person saw that it was sent in the wrong way, or is not for us at all; their last word counts.

    Pointed to the right way (Awb 2:16 lid 1), forwarded to the body it is for, or returned (Awb 2:3).
    """
    act = facts.last_word
    if act is None or act.kind not in _ELSEWHERE:
        return None
    reason, ground = _ELSEWHERE[act.kind]
    if act.kind is ActKind.FORWARD and (found := recognised(facts)):
        ground = FORWARDED.get(found.business, ground)
    decision = _whole(facts, Outcome.REDIRECTED, "redirected_by_a_person", reason)
    return replace(
        decision, ground=ground or decision.ground, detail=_by(act, f"aan {act.receiver}" if act.receiver else "")
    )


_ELSEWHERE: Final = {
    ActKind.REDIRECT: (Reason.NOT_DESIGNATED, ""),
    ActKind.FORWARD: (Reason.NOT_REQUESTED, "art. 2:3 lid 1 Awb"),
    ActKind.RETURN: (Reason.NOT_REQUESTED, "art. 2:3 lid 2 Awb"),
}
"""The reason, and the ground where it is another than the reason's own."""


def taken_in_by_a_person(facts: Facts) -> Decision | None:
    """It is treated as if rightly sent, though it is no answer to a request, or came by another way (Awb 2:16 lid 1).

    What is among it for a request is decided as always.
    """
    act = facts.last_word
    if act is None or act.kind is not ActKind.TAKE_IN:
        return None
    detail = _by(act, f"{act.business}, doorgegeven aan {act.receiver}")
    usual = _usual(facts)
    if usual.rule in _NOTHING_FOR_A_REQUEST:
        registered = _registered(facts, "taken_in_by_a_person", Reason.NOT_REQUESTED)
        return replace(registered, ground=TAKEN_IN, detail=detail)
    return replace(usual, rule="taken_in_by_a_person", detail=detail)


_NOTHING_FOR_A_REQUEST: Final = frozenset({"not_designated", "no_single_request", "nothing_attached"})


def _by(act: Act, more: str = "") -> str:
    words = " ".join(word for word in (more, f"door {act.officer}") if word)
    return f"{words}: {act.note}" if act.note else words


def automatic_message(facts: Facts) -> Decision | None:
    """Machines are registered and never answered: they would answer back.

    Copiers and secure-mail services mark what people send as automatic. Documents that come with the
    secret of a request are therefore not put away unseen: a person looks.
    """
    if not facts.automatic or facts.released:
        return None
    if facts.automatic not in _RETURNED and _by_secret(facts) and any(map(_is_attached, facts.documents)):
        decision = _whole(facts, Outcome.HELD, "automatic_message", Reason.AUTOMATIC)
    else:
        decision = _registered(facts, "automatic_message", Reason.AUTOMATIC)
    return replace(decision, detail=facts.automatic)


def repeat(facts: Facts) -> Decision | None:
    """The very same bytes from the same sender count once; the letter names the first receipt."""
    if not facts.repeat_of or facts.released or _assigned(facts):
        return None
    return replace(_registered(facts, "repeat", Reason.REPEAT), detail=facts.repeat_of)


def other_business(facts: Facts) -> Decision | None:
    """An objection, a complaint and the like: a person reads it and says where it goes (Awb 2:3, 2:16, 6:15).

    Never sent back by a machine. Documents beside it are decided as always.
    """
    found = None if facts.routed else recognised(facts)
    if found is None:
        return None
    decision, usual = _whole(facts, Outcome.HELD, "other_business", Reason.NOT_REQUESTED), _usual(facts)
    if usual.rule == "each_document":
        decision = replace(usual, outcome=Outcome.HELD, rule=decision.rule)
    beside = usual.reasons if usual.rule == "each_document" else tuple(_in_words(facts).keys() & _ASKED)
    return replace(
        decision,
        ground=GROUNDS[found.business],
        reasons=tuple(dict.fromkeys((Reason.NOT_REQUESTED, *beside))),
        detail=f"{found.business}: “{found.words}”",
    )


_ASKED: Final = frozenset({Reason.EXTENSION_ASKED})


def _usual(facts: Facts) -> Decision:
    """What the rules after `other_business` say."""
    return next(decision for rule in _USUAL if (decision := rule(facts)))


def not_designated(facts: Facts) -> Decision | None:
    """It came by an address that is not designated: the sender is shown the right one.

    Not when it can be handled without further processing as if rightly sent: then pointing to the right
    way does not suffice (art. 2:16 lid 1 onder a). With the secret of a request it can.
    """
    if facts.designated or _assigned(facts) or _by_secret(facts):
        return None
    return _whole(facts, Outcome.REDIRECTED, "not_designated", Reason.NOT_DESIGNATED)


def over_the_cap(facts: Facts) -> Decision | None:
    """More than the published size; the letter says what was measured and the way round.

    The body *may* refuse (art. 2:15 lid 1): a person may take it all the same.
    """
    if facts.measured_bytes <= facts.cap_bytes or facts.routed:
        return None
    decision = _whole(facts, Outcome.REFUSED, "over_the_cap", Reason.TOO_LARGE)
    return replace(decision, detail=f"{facts.measured_bytes} bytes, de grens is {facts.cap_bytes}")


def could_not_be_read(facts: Facts) -> Decision | None:
    """Broken or too deep to open by machine: a person looks, the moment of receipt stands."""
    if facts.trouble is None and not facts.defects:
        return None
    if facts.released and facts.trouble is None:
        return None
    complex_ = facts.trouble is not None and facts.trouble.code == "too_complex"
    reason = Reason.TOO_COMPLEX if complex_ else Reason.UNREADABLE
    decision = _whole(facts, Outcome.HELD, "could_not_be_read", reason)
    detail = facts.trouble.detail if facts.trouble else ", ".join(facts.defects)
    return replace(decision, detail=detail)


def malware_elsewhere(facts: Facts) -> Decision | None:
    """Malware in the message but in none of its documents: two people look before anything counts."""
    infected = any(d.verdict is Verdict.INFECTED for d in facts.documents)
    if not facts.malware or infected or MESSAGE in facts.freed:
        return None
    return replace(_whole(facts, Outcome.HELD, "malware_elsewhere", Reason.INFECTED), detail=facts.malware)


def no_single_request(facts: Facts) -> Decision | None:
    """It cannot be told which request this is for; similarity only suggests (P5)."""
    if facts.asked:
        return None
    reason = facts.match.reason or Reason.NO_REQUEST
    decision = _whole(facts, Outcome.HELD, "no_single_request", reason)
    return replace(decision, detail=facts.match.detail)


def request_is_closed(facts: Facts) -> Decision | None:
    """The request was closed: kept, told, and shown to the caseworker."""
    closed = any(request.status is RequestStatus.CLOSED for request in facts.asked)
    if not closed or facts.released:
        return None
    return _whole(facts, Outcome.HELD, "request_is_closed", Reason.REQUEST_CLOSED)


def too_late(facts: Facts) -> Decision | None:
    """After the last day of each request: kept and marked; whether it still counts is a person's decision (P10)."""
    if not facts.asked or any(request.on_time for request in facts.asked) or facts.released:
        return None
    decision = _whole(facts, Outcome.HELD, "too_late", Reason.LATE)
    # Whether more time is given, also afterwards, is for the same person.
    asked = _in_words(facts).get(Reason.EXTENSION_ASKED)
    if asked is None:
        return decision
    return replace(decision, reasons=(Reason.LATE, Reason.EXTENSION_ASKED), detail=asked)


def nothing_attached(facts: Facts) -> Decision | None:
    """No document but perhaps the text itself: a person reads what it asks or explains, and all other text."""
    if any(map(_is_attached, facts.documents)) or any(_chosen_texts(facts.documents, r) for r in facts.asked):
        return None
    said = _in_words(facts)
    reasons = tuple(said) or (Reason.NO_DOCUMENTS,)
    if facts.released:
        decision = _registered(facts, "nothing_attached", reasons[0])
        texts = (_of_text(d, facts, None, {}) for d in facts.documents if d.is_text)
        taken = {text.seq: text for text in texts if text.outcome is DocumentOutcome.ACCEPTED}
        decision = replace(decision, documents=tuple(taken.get(d.seq, d) for d in decision.documents))
    else:
        decision = _whole(facts, Outcome.HELD, "nothing_attached", reasons[0])
    return replace(decision, reasons=reasons, detail=_sentences(said))


def each_document(facts: Facts) -> Decision:
    """The usual case: every document gets its own decision, the whole follows from them."""
    assert facts.asked, "no_single_request speaks before"
    own = own_words(facts.text)
    share_of = shares(facts, own)
    usable = [d for d in facts.documents if _is_attached(d) and _refusal(d, facts) is None]
    assigned: dict[int, Assignment] = {}
    for request in facts.asked:
        theirs = [_for(request, d) for d in usable if share_of.get(d.seq) == request]
        assigned |= assign(theirs, request.items, own)
        assigned |= _chosen_texts([d for d in facts.documents if share_of.get(d.seq) == request], request)
    documents = [d for d in facts.documents if _is_attached(d) or d.seq in assigned]
    decided = [_one(d, facts, share_of.get(d.seq), assigned.get(d.seq)) for d in documents]
    said = {} if facts.released else _beside_the_documents(facts, decided)
    rest = [d for d in facts.documents if _is_document(d) and d not in documents]
    decided += [_of_text(d, facts, share_of.get(d.seq), said) for d in rest]
    return _sum_up(facts, tuple(sorted(decided, key=lambda document: document.seq)), said)


_USUAL: Final[tuple[Rule, ...]] = (
    not_designated,
    over_the_cap,
    could_not_be_read,
    malware_elsewhere,
    no_single_request,
    request_is_closed,
    too_late,
    nothing_attached,
    each_document,
)

RULES: Final[tuple[Rule, ...]] = (
    infected_afterwards,
    opened_after_closing,
    refused_by_a_person,
    redirected_by_a_person,
    taken_in_by_a_person,
    automatic_message,
    repeat,
    other_business,
    *_USUAL,
)

# ---- one document --------------------------------------------------------------------------------

_RETURNED: Final = frozenset({"bounce", "report"})
"""Our own mail, sent back by a machine."""

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


def _for(request: RequestFacts, document: DocumentFacts) -> DocumentFacts:
    """The document as one of this request: an item of another one that somebody chose is none of its own."""
    return document if document.request in {"", request.reference} else replace(document, item=None)


def _one(
    document: DocumentFacts, facts: Facts, request: RequestFacts | None, assigned: Assignment | None
) -> DocumentDecision:
    decided = _judged(document, facts, request, assigned)
    return replace(decided, request=request.reference) if request and facts.requests else decided


def _judged(
    document: DocumentFacts, facts: Facts, request: RequestFacts | None, assigned: Assignment | None
) -> DocumentDecision:
    if against := _refusal(document, facts) or _hold(request, facts):
        return DocumentDecision(document.seq, *against)
    assert assigned is not None, "every usable document of a request is assigned"
    if assigned.statement and not assigned.allowed and not facts.released:
        # Why a document cannot be had always matters (art. 4:2 lid 2): a person weighs it.
        return DocumentDecision(document.seq, DocumentOutcome.HELD, Reason.STATEMENT, assigned.number)
    if assigned.number is not None:
        reason = Reason.STATEMENT if assigned.statement else None
        return DocumentDecision(document.seq, DocumentOutcome.ACCEPTED, reason, assigned.number)
    if not assigned.requested:
        return DocumentDecision(document.seq, DocumentOutcome.NOT_REQUESTED, Reason.NOT_REQUESTED)
    return DocumentDecision(document.seq, DocumentOutcome.ACCEPTED, Reason.CHOICE_NEEDED)


def _chosen_texts(documents: Sequence[DocumentFacts], request: RequestFacts) -> dict[int, Assignment]:
    """Texts of the mail that a person took as the statement about an item; nobody else takes one for anything."""
    items = {item.number: item for item in request.items}
    chosen = {d.seq: items[n] for d in documents if d.is_text and (n := _for(request, d).item) and n in items}
    return {s: Assignment(i.number, statement=True, allowed=i.statement_allowed) for s, i in chosen.items()}


def _of_text(
    document: DocumentFacts, facts: Facts, request: RequestFacts | None, said: Collection[Reason]
) -> DocumentDecision:
    """The text of the mail: for a person while what it says waits for one; then kept, for no item."""
    reason = next(iter(said or _in_words(facts)), Reason.STATEMENT)
    usual = (DocumentOutcome.HELD if said else DocumentOutcome.ACCEPTED, reason)
    outcome_, why = _refusal(document, facts) or usual
    return DocumentDecision(
        document.seq, outcome_, why, request=request.reference if request and facts.requests else None
    )


def _hold(request: RequestFacts | None, facts: Facts) -> tuple[DocumentOutcome, Reason] | None:
    """Why a document of several requests waits for a person: it is nobody's, or came too late for its own."""
    if request is None:
        return DocumentOutcome.HELD, Reason.SEVERAL_REQUESTS
    return None if request.on_time or facts.released else (DocumentOutcome.HELD, Reason.LATE)


def _refusal(document: DocumentFacts, facts: Facts) -> tuple[DocumentOutcome, Reason] | None:
    """What speaks against the document itself, heaviest first.

    A release lifts holds, never refusals, and never makes clean what was not scanned (P4). That malware was found
    speaks against it until two people have said otherwise of this very document. Of one that was opened with its
    password the copy is judged.
    """
    document = facts.as_opened(document)
    freed = document.sha256 in facts.freed
    codes = {finding.code for finding in document.findings if not (freed and finding.code == "infected")}
    looked_at = document.verdict is Verdict.CLEAN or (freed and document.verdict is Verdict.INFECTED)
    against = [] if looked_at else [_BY_VERDICT[document.verdict]]
    against += [word for code, word in _BY_FINDING.items() if code in codes]
    refused = [word for word in against if word[0] is DocumentOutcome.REFUSED]
    if refused:
        return refused[0]
    if facts.released and looked_at:
        return None
    return against[0] if against else None


# ---- the whole -----------------------------------------------------------------------------------


def _sum_up(facts: Facts, decided: tuple[DocumentDecision, ...], for_a_person: Mapping[Reason, str]) -> Decision:
    reasons = tuple(d.reason for d in _counted(decided, facts) or decided if d.reason is not None)
    reasons = tuple(dict.fromkeys((*for_a_person, *reasons)))
    whole = Outcome.HELD if for_a_person else _of_all(decided, facts)
    conditions = PROFILES[facts.conditions]
    ground = conditions.grounds[reasons[0]] if reasons else conditions.confirmed
    originals = with_original(decided, facts.originals)
    return Decision(whole, "each_document", ground, reasons, decided, _sentences(for_a_person), originals)


def _counted(decided: Sequence[DocumentDecision], facts: Facts) -> list[DocumentDecision]:
    """Those that the word for the whole follows from: not a text that is merely kept beside documents."""
    texts = {d.seq for d in facts.documents if d.is_text}
    kept = [d for d in decided if d.seq in texts and d.outcome is DocumentOutcome.ACCEPTED and not d.number]
    return [d for d in decided if d not in kept]


def _of_all(decided: Sequence[DocumentDecision], facts: Facts) -> Outcome:
    return outcome({d.outcome for d in _counted(decided, facts)})


def with_original(decided: Sequence[DocumentDecision], originals: Collection[str]) -> tuple[str, ...]:
    """Of the items whose original was handed in, those for which a document was taken.

    Paper is registered for one request; once a document of it was moved to another, numbers alone say too little.
    """
    of_one = [d for d in decided if d.outcome is DocumentOutcome.ACCEPTED and d.request is None]
    return tuple(dict.fromkeys(d.number for d in of_one if d.number and d.number in originals))


def _beside_the_documents(facts: Facts, decided: Sequence[DocumentDecision]) -> dict[Reason, str]:
    """What the text beside the documents asks or explains: only a person can answer that (P10)."""
    answered = {(d.request, d.number) for d in decided if d.outcome is DocumentOutcome.ACCEPTED}
    missing = any(
        item.status in MISSING and not answered & {(None, item.number), (request.reference, item.number)}
        for request in facts.asked
        for item in request.items
    )
    said = _in_words(facts)
    return said if missing else {reason: said[reason] for reason in said if reason is Reason.EXTENSION_ASKED}


def _sentences(said: Mapping[Reason, str]) -> str:
    return " … ".join(said.values())


def outcome(outcomes: Collection[DocumentOutcome]) -> Outcome:
    """The word for a whole whose documents were decided so; without documents there was nothing to decide."""
    if not outcomes:
        return Outcome.REGISTERED
    if DocumentOutcome.HELD in outcomes:
        return Outcome.HELD
    if set(outcomes) == {DocumentOutcome.ACCEPTED}:
        return Outcome.ACCEPTED
    if DocumentOutcome.ACCEPTED in outcomes:
        return Outcome.PARTLY
    return Outcome.REDIRECTED if set(outcomes) == {DocumentOutcome.NOT_REQUESTED} else Outcome.REFUSED


def _registered(facts: Facts, rule: str, reason: Reason) -> Decision:
    """Kept and told, and nothing of it counts: neither twice, nor because a machine said so."""
    found = [(d.seq, _refusal(d, facts)) for d in facts.documents if _is_document(d)]
    kept = (DocumentOutcome.NOT_REQUESTED, reason)
    refused = DocumentOutcome.REFUSED
    documents = tuple(DocumentDecision(seq, *(word if word and word[0] is refused else kept)) for seq, word in found)
    return Decision(Outcome.REGISTERED, rule, _ground(facts, reason), (reason,), documents)


def _whole(facts: Facts, outcome: Outcome, rule: str, reason: Reason) -> Decision:
    """One word for the submission and all its documents."""
    each = {
        Outcome.HELD: DocumentOutcome.HELD,
        Outcome.REFUSED: DocumentOutcome.REFUSED,
        Outcome.REDIRECTED: DocumentOutcome.NOT_REQUESTED,
    }[outcome]
    return Decision(outcome, rule, _ground(facts, reason), (reason,), _each(facts, each, reason))


def _ground(facts: Facts, reason: Reason) -> str:
    return PROFILES[facts.conditions].grounds[reason]


def _each(facts: Facts, outcome: DocumentOutcome, reason: Reason) -> tuple[DocumentDecision, ...]:
    return tuple(DocumentDecision(d.seq, outcome, reason) for d in facts.documents if _is_document(d))


def _is_document(document: DocumentFacts) -> bool:
    return document.role is PartRole.DOCUMENT


def _is_attached(document: DocumentFacts) -> bool:
    """Whether somebody sent it as a document: the text of the mail is one only to be read and kept."""
    return _is_document(document) and not document.is_text


def _assigned(facts: Facts) -> bool:
    return _last(facts.acts, ActKind.ASSIGN) is not None


def _by_secret(facts: Facts) -> bool:
    """Whether it came with the secret of a request it was tied to."""
    return any(facts.has_secret_of(request.reference) for request in facts.asked)


def _last(acts: Sequence[Act], kind: ActKind) -> Act | None:
    return next((act for act in reversed(acts) if act.kind is kind), None)


def _in_words(facts: Facts) -> dict[Reason, str]:
    """What the sender's own words ask or explain, and for a person the sentence that says so.

    A sentence that asks for time because something cannot be had yet asks; it explains nothing else.
    """
    asked, explained = find(facts.text, EXTENSION), find(facts.text, STATEMENT)
    said = {Reason.EXTENSION_ASKED: asked, Reason.STATEMENT: None if explained == asked else explained}
    return {reason: sighting.sentence for reason, sighting in said.items() if sighting}
