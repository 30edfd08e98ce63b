"""What is known of a submission when it is matched and decided: read from the rows, never written.

Rule 1: a clue says how a request was found; whether that suffices is decided in `gateway.core.match` (P5).
Rule 2: facts are complete: a decision looks at nothing that is not among them (P8).
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from gateway import mapping
from gateway.core import authentication, terms, tokens
from gateway.core.conditions import Profile, in_force
from gateway.core.errors import NotFound
from gateway.core.facts import Act, ActKind, Clue, ClueKind, DocumentFacts, Facts, RequestFacts, Sender, choices
from gateway.core.match import match
from gateway.core.model import TEXT_OF_MESSAGE, Decision, PartRole, Request, StoredFile, Verdict
from gateway.core.words import Channel, Outcome, RequestStatus
from gateway.records import ActRow, FileRow, PartRow, PartyRow, RequestRow, ShareRow, SubmissionRow

_ON_PAPER = frozenset({Channel.POST, Channel.COUNTER})
MAX_WORDS = 60
MAX_TYPOS = 2
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{3,59}")
_LETTER_ID = re.compile(r"<(\d\d-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})\.")


@dataclass(frozen=True)
class Policy:
    """What the store must know of the configuration. `conditions`: None for those of the day of receipt."""

    addresses: tuple[str, ...]
    trusted_authserv: tuple[str, ...]
    cap_bytes: int
    counts_message: bool
    lease_seconds: float
    later_per_second: float
    later_when_broken: timedelta
    conditions: Profile | None = None


def submission_row(session: Session, number: str) -> SubmissionRow:
    """The row of a receipt number, in whatever way it was typed. Raises NotFound."""
    wanted = tokens.read_receipt_number(number).value
    row = session.scalars(select(SubmissionRow).where(col(SubmissionRow.number) == wanted)).first()
    if row is None:
        raise NotFound.because("ontvangstnummer", f"geen inzending met nummer {number}")
    return row


def request_row(session: Session, reference: str) -> RequestRow:
    """The row of a request's reference. Raises NotFound."""
    row = session.scalars(select(RequestRow).where(col(RequestRow.reference) == reference)).first()
    if row is None:
        raise NotFound.because("kenmerk", f"geen verzoek met kenmerk {reference}")
    return row


def clues_of(session: Session, row: SubmissionRow, policy: Policy) -> tuple[tuple[Clue, ...], Sender]:
    """Every pointer to a request, strongest kinds first, and what is known of the sender."""
    sender = _sender(session, row, policy)
    clues = [
        *_clues_of_persons(session, row),
        *_clues_of_session(row),
        *_clues_of_secrets(session, row),
        *_clues_of_words(session, row),
        *_clues_of_thread(session, row),
        *_clues_of_sender(session, sender),
    ]
    return tuple(dict.fromkeys(clues)), sender


def facts_of(session: Session, row: SubmissionRow, policy: Policy) -> Facts:
    """Everything the decision may look at, as it stands now."""
    message = mapping.message_of(row)
    requests = [mapping.request_of(session, request) for request in mapping.requests_of(session, row)]
    asked = tuple(_request_facts(row, request) for request in requests)
    only = asked[0] if len(asked) == 1 else None
    acts = _acts(session, row)
    parts = mapping.part_rows(session, row)
    clues = tuple(mapping.CLUE.validate_python(clue) for clue in row.clues)
    sender = _sender(session, row, policy)
    registered = mapping.ENVELOPE.validate_python(row.envelope).registered
    last = next((act.kind for act in reversed(_all_acts(session, row))), None)
    closed = any(request.status is RequestStatus.CLOSED for request in asked)
    stands = mapping.decision_of(row, parts)
    return Facts(
        channel=Channel(row.channel),
        received_at=row.received_at,
        designated=_is_designated(row, policy),
        sender=sender,
        match=match(clues, sender),
        request=only,
        requests=() if only else asked,
        documents=_document_facts(row, parts, acts),
        cap_bytes=policy.cap_bytes,
        measured_bytes=_measured(session, row, parts, policy),
        automatic=message.automatic if message else "",
        repeat_of=_repeat_of(session, row),
        trouble=mapping.TROUBLE.validate_python(row.trouble) if row.trouble else None,
        malware=row.malware,
        text=message.text if message else "",
        subject=message.subject if message else "",
        links=message.links if message else (),
        defects=message.defects if message else (),
        clues=clues,
        acts=acts,
        answer_to=_answer_to(row, requests),
        language=requests[0].language if requests else "nl",
        round=row.decisions,
        originals=registered.originals if registered else (),
        conditions=policy.conditions or in_force(terms.local_day(row.received_at)),
        earlier=stands if row.rescanned else None,
        freed=_freed(session, row),
        just_freed=last is ActKind.FREE,
        stood=stands if last is ActKind.OPEN and closed and not row.rescanned else None,
    )


# ---- what the facts are made of ------------------------------------------------------------------


def _sender(session: Session, row: SubmissionRow, policy: Policy) -> Sender:
    message = mapping.message_of(row)
    address = message.from_address if message else ""
    if not address:
        return Sender()
    references = session.scalars(
        select(col(RequestRow.reference))
        .join(PartyRow, col(PartyRow.request_id) == col(RequestRow.id))
        .where(func.lower(col(PartyRow.email)) == address.lower())
        .distinct()
        .order_by(col(RequestRow.reference))
    )
    headers = message.authentication if message else ()
    return Sender(address, tuple(references), authentication.verdict(headers, policy.trusted_authserv))


def _is_designated(row: SubmissionRow, policy: Policy) -> bool:
    if Channel(row.channel) not in {Channel.SMTP, Channel.IMAP}:
        return True
    bases = {tokens.sub_address(address)[0].casefold() for address in _recipients(row)}
    return not bases or bool(bases & {own.casefold() for own in policy.addresses})


def _measured(session: Session, row: SubmissionRow, parts: Sequence[PartRow], policy: Policy) -> int:
    """Bytes that the cap counts: decoded documents as sent, before anything is unpacked."""
    if policy.counts_message:
        return sum(file.bytes for file in mapping.files_of(session, row))
    packed = _inside_containers(parts)
    counted = {PartRole.DOCUMENT, PartRole.CONTAINER}
    sent = [p for p in parts if p.role in counted and p.seq not in packed and p.note != TEXT_OF_MESSAGE]
    return sum(part.bytes for part in sent)


def _recipients(row: SubmissionRow) -> tuple[str, ...]:
    """To whom it was addressed. The envelope is the truth; without one, what the headers name."""
    envelope = mapping.ENVELOPE.validate_python(row.envelope)
    message = mapping.message_of(row)
    named = message.recipients_named if message and row.channel == Channel.IMAP else ()
    return envelope.recipients or named


_ABOUT_QUARANTINE: Final = frozenset({ActKind.PROPOSE, ActKind.FREE})


def _acts(session: Session, row: SubmissionRow) -> tuple[Act, ...]:
    """What persons said of the submission; what they said of its quarantine is in `_freed`."""
    return tuple(act for act in _all_acts(session, row) if act.kind not in _ABOUT_QUARANTINE)


def _freed(session: Session, row: SubmissionRow) -> tuple[str, ...]:
    return tuple(act.document for act in _all_acts(session, row) if act.kind is ActKind.FREE)


def _all_acts(session: Session, row: SubmissionRow) -> list[Act]:
    rows = session.scalars(select(ActRow).where(col(ActRow.submission_id) == row.id).order_by(col(ActRow.id)))
    return [mapping.ACT.validate_python(act.act) for act in rows]


def _request_facts(row: SubmissionRow, request: Request) -> RequestFacts:
    on_time = mapping.in_time(row, request.last_day)
    people = tuple(party.name for party in request.parties)
    return RequestFacts(
        request.reference, request.status, request.last_day, on_time, request.items, people, request.procedure
    )


def _document_facts(row: SubmissionRow, parts: Sequence[PartRow], acts: Sequence[Act]) -> tuple[DocumentFacts, ...]:
    chosen = choices(acts)
    packed = _inside_containers(parts)
    return tuple(
        DocumentFacts(
            seq=part.seq,
            role=PartRole(part.role),
            name=part.name,
            bytes=part.bytes,
            sha256=part.sha256,
            top_level=part.seq not in packed,
            media_type=part.media_type,
            verdict=Verdict(part.verdict) if part.verdict else _unseen(part),
            findings=mapping.FINDINGS.validate_python(part.findings),
            note=part.note,
            item=item or None,
            request=request,
            copy_of=part.parent if part.role == PartRole.COPY else None,
        )
        for part in parts
        for request, item in [chosen.get(part.sha256, (part.request or row.session_request or "", part.item))]
    )


def _unseen(part: PartRow) -> Verdict:
    """A member that could not be taken out of its container has no bytes to scan: its note decides."""
    return Verdict.ENCRYPTED if part.note == "encrypted" else Verdict.NOT_YET


def _inside_containers(parts: Sequence[PartRow]) -> frozenset[int]:
    """The `seq` of every part that was unpacked from a container, or taken out of a document that carries it."""
    inside: set[int] = set()
    containers = {p.seq for p in parts if p.role in {PartRole.CONTAINER, PartRole.DOCUMENT}}
    for part in parts:  # a parent comes before its parts
        if part.parent is not None and (part.parent in containers or part.parent in inside):
            inside.add(part.seq)
    return frozenset(inside)


def _answer_to(row: SubmissionRow, requests: Sequence[Request]) -> tuple[str, ...]:
    if Channel(row.channel) in {Channel.SMTP, Channel.IMAP}:
        return (row.sender,) if row.sender else ()
    # Of several, those of the request through which it came in.
    asked = [request for request in requests if len(requests) == 1 or request.reference == row.session_request]
    return tuple(dict.fromkeys(p.email for request in asked for p in request.parties if p.consents and p.email))


def is_for(request: RequestRow | type[RequestRow]) -> ColumnElement[bool]:
    """The condition on a submission that it is for a request, alone or with others."""
    shared = select(col(ShareRow.submission_id)).where(col(ShareRow.request_id) == request.id)
    return or_(col(SubmissionRow.request_id) == request.id, col(SubmissionRow.id).in_(shared))


def other_decisions(session: Session, row: SubmissionRow, request: RequestRow) -> list[Decision]:
    """What was decided for a request on its other submissions, as it stands."""
    are_others = and_(is_for(request), col(SubmissionRow.id) != row.id, col(SubmissionRow.outcome).is_not(None))
    parts: defaultdict[int, list[PartRow]] = defaultdict(list)  # of all at once: a request may have hundreds
    of_others = col(PartRow.submission_id).in_(select(col(SubmissionRow.id)).where(are_others))
    for part in session.scalars(select(PartRow).where(of_others).order_by(col(PartRow.seq))):
        parts[part.submission_id].append(part)
    others = session.scalars(select(SubmissionRow).where(are_others))
    decisions = [mapping.decision_of(other, parts[other.id]) for other in others]
    return [decision.share(request.reference) for decision in decisions if decision is not None]


def _repeat_of(session: Session, row: SubmissionRow) -> str:
    """The number of an earlier submission with the very same files to the same recipients, or nothing.

    A client that never heard our 250 sends again; so does a person who clicks twice. Who uploads again what
    was turned away before does so on purpose, after an extension for example: that is no repeat.
    """
    if Channel(row.channel) in _ON_PAPER:
        return ""  # a person handed it in and a person took it: nobody sent it twice by mistake
    turned_away = {Outcome.REFUSED, Outcome.REDIRECTED}
    mine = _fingerprint(mapping.files_of(session, row))
    earlier = session.scalars(
        select(SubmissionRow)
        .join(FileRow)
        .where(col(FileRow.sha256) == mine[0][0], col(SubmissionRow.id) < row.id)
        .order_by(col(SubmissionRow.id))
    )
    for other in earlier:
        if other.channel == Channel.PORTAL and other.outcome in turned_away:
            continue
        same_way = other.envelope["recipients"] == row.envelope["recipients"]
        same_session = other.session_request == row.session_request
        if same_way and same_session and _fingerprint(mapping.files_of(session, other)) == mine:
            return other.number
    return ""


def _fingerprint(files: Sequence[StoredFile]) -> list[tuple[str, str]]:
    return sorted((file.sha256, file.item or "") for file in files)


# ---- clues ---------------------------------------------------------------------------------------


def _clues_of_persons(session: Session, row: SubmissionRow) -> list[Clue]:
    """The last word of a person: equal clues are kept once, so going back to an earlier choice would not be seen."""
    acts = _acts(session, row)
    tied = [act for act in acts if act.kind is ActKind.ASSIGN and act.request and not act.document]
    chosen = [Clue(ClueKind.CHOICE, request) for request, _item in choices(acts).values() if request]
    return [*(Clue(ClueKind.PERSON, act.request, act.officer) for act in tied[-1:]), *chosen]


def _clues_of_session(row: SubmissionRow) -> list[Clue]:
    return [Clue(ClueKind.SESSION, row.session_request)] if row.session_request else []


def _clues_of_secrets(session: Session, row: SubmissionRow) -> list[Clue]:
    """Requests whose secret stands in an address or in the subject; near misses only resemble.

    The header's addresses too: a mail to two of them comes in twice when somebody on its way splits it, each with
    one recipient in its envelope; taken for the only one, it would go into both files whole.
    """
    message = mapping.message_of(row)
    addresses = dict.fromkeys((*_recipients(row), *(message.recipients_named if message else ())))
    in_address = [tokens.read_token(t) for a in addresses if (t := tokens.sub_address(a)[1])]
    in_subject = list(tokens.find_tokens(message.subject)) if message else []
    clues = []
    for kind, found in ((ClueKind.SECRET_ADDRESS, in_address), (ClueKind.SECRET_SUBJECT, in_subject)):
        for token in found:
            reference = session.scalar(select(col(RequestRow.reference)).where(col(RequestRow.token) == token.value))
            if reference is not None:
                clues.append(Clue(kind, reference))
            else:
                clues += _near(session, token.value)
    return clues


def _near(session: Session, token: str) -> list[Clue]:
    """Open requests whose secret differs from a mistyped one in a character or two."""
    open_ones = session.execute(
        select(col(RequestRow.token), col(RequestRow.reference)).where(col(RequestRow.status) != RequestStatus.CLOSED)
    )
    return [
        Clue(ClueKind.RESEMBLANCE, reference, "mistyped secret")
        for secret, reference in open_ones
        if len(secret) == len(token) and sum(a != b for a, b in zip(secret, token, strict=True)) <= MAX_TYPOS
    ]


def _clues_of_words(session: Session, row: SubmissionRow) -> list[Clue]:
    """Requests whose reference or case number somebody wrote; open ones before closed ones."""
    message = mapping.message_of(row)
    if message is None:
        return []
    seen = _WORD.findall(f"{message.subject}\n{message.text[:4000]}")[:MAX_WORDS]
    words = {form for word in seen for form in (word, word.upper(), word.rstrip("."), word.rstrip(".").upper())}
    rows = session.execute(
        select(col(RequestRow.reference), col(RequestRow.case_number), col(RequestRow.status)).where(
            or_(col(RequestRow.reference).in_(words), col(RequestRow.case_number).in_(words))
        )
    ).all()
    usable = [r for r in rows if r[2] != RequestStatus.CLOSED or r[0] in words] or rows
    return [Clue(ClueKind.REFERENCE, r[0], r[0] if r[0] in words else r[1]) for r in usable]


def _clues_of_sender(session: Session, sender: Sender) -> list[Clue]:
    if not sender.party_of:
        return []
    open_ones = session.scalars(
        select(col(RequestRow.reference)).where(
            col(RequestRow.reference).in_(sender.party_of),
            col(RequestRow.status) != RequestStatus.CLOSED,
        )
    )
    return [Clue(ClueKind.SENDER, reference, sender.address) for reference in open_ones]


def _clues_of_thread(session: Session, row: SubmissionRow) -> list[Clue]:
    """Requests of the submissions whose letters this message answers; a hint, never proof."""
    message = mapping.message_of(row)
    named = " ".join((*message.in_reply_to, *message.references)[:MAX_WORDS]) if message else ""
    numbers = {found[1] for found in _LETTER_ID.finditer(named)}
    references = session.scalars(
        select(col(RequestRow.reference))
        .join(SubmissionRow, is_for(RequestRow))
        .where(col(SubmissionRow.number).in_(numbers))
        .distinct()
    )
    return [Clue(ClueKind.THREAD, reference) for reference in references]
