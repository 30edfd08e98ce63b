"""The nouns: request, item, party, submission, part, envelope, facts, decision.

Rule 1: frozen values without behaviour beyond reading themselves; rows live in `gateway.records`.
Rule 2: instants are aware UTC datetimes and end in `_at`; last days are dates and end in `_day`.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from gateway.core.words import (
    Channel,
    DocumentOutcome,
    ItemStatus,
    Outcome,
    Procedure,
    Reason,
    RequestStatus,
    Role,
    Unit,
)

# ---- what we asked -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """A term as written in a letter, e.g. four weeks."""

    count: int
    unit: Unit


@dataclass(frozen=True)
class Party:
    """Somebody who takes part in the request. `consents`: expressly reachable by e-mail (Awb 2:8)."""

    role: Role
    name: str
    email: str = ""
    organisation: str = ""
    consents: bool = False


@dataclass(frozen=True)
class Item:
    """One named document that was asked for."""

    number: str
    kind: str
    description: str
    person: str = ""
    original_required: bool = False
    statement_allowed: bool = False
    status: ItemStatus = ItemStatus.OPEN


@dataclass(frozen=True)
class Request:
    """A request for missing documents (herstel verzuim, art. 4:5 Awb).

    `template`: name, version and digest of what it was made with. `follows`: the reference of the request whose
    missing items are asked again here.
    """

    reference: str
    case_number: str
    application_kind: str
    procedure: Procedure
    language: str
    sent_day: date
    term: Term
    channels: tuple[str, ...]
    parties: tuple[Party, ...]
    items: tuple[Item, ...]
    last_day: date
    mail_address: str
    status: RequestStatus = RequestStatus.OPEN
    decision_received_day: date | None = None
    decision_term: Term | None = None
    template: str = ""
    follows: str = ""

    def missing_items(self) -> tuple[Item, ...]:
        """The items that are not answered yet; a scan of a required original does not answer it."""
        return tuple(i for i in self.items if i.status in MISSING)


MISSING = frozenset({ItemStatus.OPEN, ItemStatus.REJECTED, ItemStatus.ORIGINAL_EXPECTED})


# ---- what came in --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Registration:
    """What a member of staff wrote down of paper that came by post or over the counter.

    `postmark_day`: None when there is none to read. `counts_day`: the earliest last day for which it is in time.
    `originals`: the numbers of the items whose original came in or was seen.
    """

    officer: str
    counts_day: date
    postmark_day: date | None = None
    originals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Envelope:
    """The SMTP session data of one message (RFC 5321); for IMAP what the supplier kept; of paper what we noted."""

    mail_from: str = ""
    recipients: tuple[str, ...] = ()
    peer: str = ""
    helo: str = ""
    tls: str = ""
    registered: Registration | None = None


@dataclass(frozen=True)
class StoredFile:
    """A received file, byte for byte: the whole message, or one uploaded file.

    `segment` and `start` are there only on the way to `accept`, which makes it durable (`Spool.journalled`).
    """

    sha256: str
    bytes: int
    name: str = ""
    media_type: str = ""
    item: str | None = None
    segment: str | None = None
    start: int | None = None


@dataclass(frozen=True)
class Arrival:
    """What a channel hands to `accept`.

    `received_at` is the arrival of the last byte at our system or the designated one (Awb 2:20).
    `source` names this one arrival for ever: accepting the same source twice gives the first receipt.
    `request` is the reference when the channel itself knows it (a portal session, an API path).
    """

    channel: Channel
    received_at: datetime
    files: tuple[StoredFile, ...]
    source: str
    envelope: Envelope = field(default_factory=Envelope)
    request: str | None = None


@dataclass(frozen=True)
class Accepted:
    """Our promise to the sender: this exists, under this number, whatever happens next (P1)."""

    number: str
    log_index: int


@dataclass(frozen=True)
class RefusedAttempt:
    """Somebody tried to hand something in and was turned away; kept as proof of the attempt."""

    channel: Channel
    attempted_at: datetime
    reason: str
    address: str
    envelope: Envelope = field(default_factory=Envelope)
    bytes: int | None = None


# ---- what the reader and the scanners found ------------------------------------------------------


class Answer(StrEnum):
    """Where a question for more time stands."""

    WAITS = "wacht"
    GRANTED = "gegeven"
    REFUSED = "geweigerd"


class PartRole(StrEnum):
    """What a part of a submission is to us; `copy`: made of its parent, a locked document, with the password for it."""

    DOCUMENT = "document"
    COPY = "copy"
    CONTAINER = "container"
    MESSAGE = "message"
    BODY = "body"
    IGNORED = "ignored"

    @property
    def is_inspected(self) -> bool:
        """Whether its kind and structure are looked at: a document, or the copy that is read in its place."""
        return self in {PartRole.DOCUMENT, PartRole.COPY}


TEXT_OF_MESSAGE: Final = "the text of the message"
"""The note of a document that is the text of a mail: what its sender asks or explains there."""


@dataclass(frozen=True)
class Part:
    """One part of a submission as the reader found it.

    `name` is safe to show and to write; `original_name` is what the sender wrote. `note` says why a
    part is ignored, or what is odd about it. `item` is the item number the sender named in the portal.
    """

    seq: int
    parent: int | None
    role: PartRole
    name: str
    original_name: str
    declared_type: str
    bytes: int
    sha256: str
    note: str = ""
    item: str | None = None


@dataclass(frozen=True)
class Returned:
    """What a delivery report says of one recipient (RFC 3464 section 2.3): action and status, lower case."""

    recipient: str
    action: str
    status: str


@dataclass(frozen=True)
class MessageFacts:
    """What the headers and the text of a message say. Evidence, never proof.

    `signatures`: what was found of each S/MIME signature, in words (`mail.smime`).
    `returned`: what a delivery report (RFC 3464) says of a message that we sent.
    """

    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
    subject: str = ""
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: str = ""
    recipients_named: tuple[str, ...] = ()
    automatic: str = ""
    authentication: tuple[str, ...] = ()
    text: str = ""
    defects: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    returned: tuple[Returned, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """Why a submission could not be read: `too_complex` or `unreadable`, and a word for the operator."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Reading:
    """What the reader made of the received bytes."""

    message: MessageFacts | None
    parts: tuple[Part, ...]
    trouble: Trouble | None = None


class Verdict(StrEnum):
    """What the malware scanner said of one document. Only CLEAN is clean (P4)."""

    CLEAN = "clean"
    INFECTED = "infected"
    ENCRYPTED = "encrypted"
    LIMITS = "limits"
    ERROR = "error"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class Finding:
    """One observation about a document."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Inspection:
    """What the scanners found out about one document."""

    sha256: str
    media_type: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()


# ---- what was decided ----------------------------------------------------------------------------


@dataclass(frozen=True)
class DocumentDecision:
    """The decision on one part; `number` is the item it was taken for.

    `request`: of a submission for several requests the one whose share it is; None while nobody can tell.
    """

    seq: int
    outcome: DocumentOutcome
    reason: Reason | None = None
    number: str | None = None
    request: str | None = None


@dataclass(frozen=True)
class Decision:
    """What one rule said: outcome, reasons, the rule's name and its legal ground.

    `originals`: the items whose original came with it, on paper.
    """

    outcome: Outcome
    rule: str
    ground: str
    reasons: tuple[Reason, ...] = ()
    documents: tuple[DocumentDecision, ...] = ()
    detail: str = ""
    originals: tuple[str, ...] = ()

    def share(self, reference: str) -> "Decision":
        """What of it concerns one request: nothing that was taken for another one."""
        return replace(self, documents=tuple(d for d in self.documents if d.request in {None, reference}))
