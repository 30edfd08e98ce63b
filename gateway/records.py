"""All tables, and nothing else.

Rule 1: rows never leave the modules that the import contract names; everybody else gets core values.
Rule 2: what must be unique is unique in the database, not only in the code.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

Json = dict[str, Any]


class RequestRow(SQLModel, table=True):
    __tablename__ = "request"

    id: int = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    case_number: str = Field(index=True)
    application_kind: str
    procedure: str
    language: str
    sent_day: date
    term_count: int
    term_unit: str
    channels: list[str] = Field(sa_type=JSON)
    last_day: date = Field(index=True)
    token: str = Field(unique=True)
    mail_address: str
    code_salt: bytes = Field(sa_type=LargeBinary)
    code_hash: bytes = Field(sa_type=LargeBinary)
    status: str = Field(index=True)
    needs_person: bool = False
    withheld: str = ""
    decision_received_day: date | None = None
    decision_count: int | None = None
    decision_unit: str | None = None
    template: str = ""
    follows: str = Field(default="", index=True)
    erased_at: datetime | None = None


class PartyRow(SQLModel, table=True):
    __tablename__ = "party"

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    role: str
    name: str
    email: str = Field(index=True)
    organisation: str
    consents: bool
    declined: bool = False


class ConsentRow(SQLModel, table=True):
    """What somebody said about e-mail for one kind of message; the newest row counts (Awb 2:8).

    `at` is None for what the request itself said.
    """

    __tablename__ = "consent"

    id: int = Field(default=None, primary_key=True)
    party_id: int = Field(foreign_key="party.id", index=True)
    kind: str
    given: bool
    source: str
    at: datetime | None = None


class MessageRow(SQLModel, table=True):
    """A message of ours to the people of a request: in the portal since `placed_at`, its PDF in the blobs.

    `content` is what the PDF says, without secrets. `stopped_at`: what was not sent by then is not sent any more.
    """

    __tablename__ = "message"

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    kind: str
    content: Json = Field(sa_type=JSON)
    made_at: datetime
    placed_at: datetime | None = Field(default=None, index=True)
    placed_index: int | None = None
    sha256: str | None = None
    stopped_at: datetime | None = None


class SendingRow(SQLModel, table=True):
    """One way in which one person is told of one message, and what became of it.

    `code` is the access code for the paper letter: erased when that was posted, or will not be. `dated`: the day
    that stands on the paper letter, once it was printed.
    """

    __tablename__ = "sending"

    id: int = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    party_id: int = Field(foreign_key="party.id", index=True)
    way: str
    why: str
    attempt: int = 1
    state: str = Field(index=True)
    made_at: datetime
    sent_at: datetime | None = None
    dated: date | None = None
    code: str | None = None
    alarmed: bool = False


class ReminderRow(SQLModel, table=True):
    """A reminder of a request's last day; `day` is the one on which it was due: never two for the same."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("request_id", "day"),)

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    day: date
    last_day: date
    made_at: datetime


class AlertRow(SQLModel, table=True):
    """Staff was told something about a request, once: `key` says what. `told`: in which capacities.

    `day`: the day on which a warning was due. `last_day`: the one that it warned of.
    """

    __tablename__ = "alert"

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    kind: str
    told: list[str] = Field(sa_type=JSON)
    day: date | None = None
    last_day: date | None = None
    made_at: datetime


class ItemRow(SQLModel, table=True):
    __tablename__ = "item"
    __table_args__ = (UniqueConstraint("request_id", "number"),)

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    position: int
    number: str
    kind: str
    description: str
    person: str
    original_required: bool
    statement_allowed: bool
    status: str


class ExtensionRow(SQLModel, table=True):
    """Somebody asked for more time (uitstel), and what a person answered."""

    __tablename__ = "extension"

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    way: str
    asked_at: datetime
    asked_by: str
    asked: str
    submission_id: int | None = Field(default=None, foreign_key="submission.id", index=True)
    state: str = Field(index=True)
    was: date | None = None
    until: date | None = None
    answered_at: datetime | None = None
    officer: str = ""
    answer: str = ""


class ContactRow(SQLModel, table=True):
    """Somebody was spoken to about a request, and what was agreed."""

    __tablename__ = "contact"

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    spoken_at: datetime
    person: str
    agreed: str
    officer: str
    noted_at: datetime


class SubmissionRow(SQLModel, table=True):
    """A submission: the truth about it, and its place in the queue."""

    __tablename__ = "submission"
    __table_args__ = (Index("submission_turn", "turn_at"), Index("submission_scanned", "scanned_at"))

    id: int = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    source: str = Field(unique=True)
    channel: str
    received_at: datetime = Field(index=True)
    accepted_at: datetime
    envelope: Json = Field(sa_type=JSON)
    session_request: str | None = None
    arrival_index: int
    receipt_index: int | None = None

    step: str
    turn_at: datetime | None
    """Who has the smallest is next; None when it rests."""
    attempts: int = 0
    retry_at: datetime
    owner: str | None = None
    lease_until: datetime | None = None
    last_error: str = ""

    sender: str = Field(default="", index=True)
    message: Json | None = Field(default=None, sa_type=JSON)
    trouble: Json | None = Field(default=None, sa_type=JSON)
    malware: str = ""
    clues: list[Json] = Field(default_factory=list, sa_type=JSON)
    request_id: int | None = Field(default=None, foreign_key="request.id", index=True)
    decisions: int = 0
    facts: str | None = Field(default=None, sa_type=Text)
    outcome: str | None = None
    rule: str = ""
    ground: str = ""
    detail: str = ""
    reasons: list[str] = Field(default_factory=list, sa_type=JSON)

    scanned_at: datetime | None = None
    """When its files were last shown to the malware scanner, which had these signatures."""
    signatures: str = ""
    rescanned: str = ""
    """The malware that was found in it after it was decided, until a person acts."""

    erasing_at: datetime | None = None
    """Set when its bytes begin to go, before any has gone."""
    erased_at: datetime | None = None


class ShareRow(SQLModel, table=True):
    """A request's share of a submission that is for several; what is for one names it in `submission.request_id`.

    `receipt_index`: the receipt as the parties of this request may read it.
    """

    __tablename__ = "submission_share"

    submission_id: int = Field(foreign_key="submission.id", primary_key=True)
    request_id: int = Field(foreign_key="request.id", primary_key=True, index=True)
    receipt_index: int | None = None


class FileRow(SQLModel, table=True):
    """One received file of a submission, byte for byte in the blobs; first at `start` in a `segment` of the journal."""

    __tablename__ = "received_file"
    __table_args__ = (
        Index(
            "received_file_segment",
            "segment",
            sqlite_where=text("segment IS NOT NULL"),
            postgresql_where=text("segment IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    position: int
    sha256: str = Field(index=True)
    bytes: int
    name: str
    media_type: str
    item: str | None = None
    segment: str | None = None
    start: int | None = None


class PartRow(SQLModel, table=True):
    """One part the reader found, what the scanners said of it, and what was decided.

    `number` is an item of `request` (its reference); None when the submission is for one request only.
    """

    __tablename__ = "part"
    __table_args__ = (UniqueConstraint("submission_id", "seq"),)

    id: int = Field(default=None, primary_key=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    seq: int
    parent: int | None = None
    role: str
    name: str
    original_name: str
    declared_type: str
    bytes: int
    sha256: str
    note: str
    item: str | None = None
    media_type: str = ""
    verdict: str | None = None
    findings: list[Json] = Field(default_factory=list, sa_type=JSON)
    outcome: str | None = None
    reason: str | None = None
    number: str | None = None
    request: str | None = None


class ActRow(SQLModel, table=True):
    """What a person did with a held submission."""

    __tablename__ = "act"

    id: int = Field(default=None, primary_key=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    acted_at: datetime
    act: Json = Field(sa_type=JSON)


class BundleRow(SQLModel, table=True):
    """A bundle that was taken out: which submissions were in it, each as how often it had been decided."""

    __tablename__ = "bundle"

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    sha256: str = Field(index=True)
    made_at: datetime
    made_by: str
    decisions: dict[str, int] = Field(sa_type=JSON)
    confirmed_at: datetime | None = None
    confirmed_by: str = ""


class HandedOverRow(SQLModel, table=True):
    """A submission that the case system has, for one of its requests."""

    __tablename__ = "handed_over"

    submission_id: int = Field(foreign_key="submission.id", primary_key=True)
    request_id: int = Field(foreign_key="request.id", primary_key=True)
    at: datetime = Field(index=True)


class HoldRow(SQLModel, table=True):
    """A legal hold: of a request, or of one submission; nothing of it is erased."""

    __tablename__ = "legal_hold"

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    placed_at: datetime
    placed_by: str
    reason: str
    released_at: datetime | None = None


class LetterRow(SQLModel, table=True):
    """The outbox: one row is one letter, from the decision to its fate.

    About a submission, and then `requests` are those that it may name; or a notice of a `sending`, and then `sender` is
    the envelope's, to which it comes back; or to staff, an `alert`.
    """

    __tablename__ = "letter"
    __table_args__ = (Index("letter_work", "state", "retry_at"),)

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    submission_id: int | None = Field(default=None, foreign_key="submission.id", index=True)
    sending_id: int | None = Field(default=None, foreign_key="sending.id", index=True)
    alert_id: int | None = Field(default=None, foreign_key="alert.id", index=True)
    sender: str = Field(default="", index=True)
    draft: Json = Field(sa_type=JSON)
    requests: list[Json] = Field(default_factory=list, sa_type=JSON)
    receipt_index: int
    made_at: datetime
    state: str
    sha256: str | None = None
    attempts: int = 0
    retry_at: datetime
    reply: str = ""


class EntryRow(SQLModel, table=True):
    """One entry of the ledger. `event` and `salt` may be erased; the commitment stays (P9)."""

    __tablename__ = "ledger_entry"

    index: int = Field(primary_key=True)
    commitment: bytes = Field(sa_type=LargeBinary)
    name: str = Field(index=True)
    at: datetime = Field(index=True)
    subject: str = Field(default="", index=True)
    event: bytes | None = Field(default=None, sa_type=LargeBinary)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)


class NodeRow(SQLModel, table=True):
    """The hash of one complete subtree of the ledger."""

    __tablename__ = "ledger_node"

    level: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    hash: bytes = Field(sa_type=LargeBinary)


class HeadRow(SQLModel, table=True):
    """The size of the ledger; locking this row is the right to append."""

    __tablename__ = "ledger_head"

    id: int = Field(primary_key=True)
    size: int


class CheckpointRow(SQLModel, table=True):
    """Every checkpoint that was ever signed, and what others vouch for.

    `vouched`: 1 when a witness cosigned, 2 when it has a time stamp, added up. `stamp`: the answer of the
    time-stamping authority as it came (RFC 3161).
    """

    __tablename__ = "ledger_checkpoint"
    __table_args__ = (Index("ledger_checkpoint_vouched", "vouched", "size"),)

    size: int = Field(primary_key=True)
    signed_at: datetime
    note: str = Field(sa_type=Text)
    vouched: int = 0
    stamp: bytes | None = Field(default=None, sa_type=LargeBinary)


class MailboxRow(SQLModel, table=True):
    """How far a mailbox was read, and when it last had nothing more."""

    __tablename__ = "mailbox"

    key: str = Field(primary_key=True)
    uidvalidity: int
    uid: int
    read_at: datetime | None = None


class SlotRow(SQLModel, table=True):
    """A tick of the clock that some process has taken, so that no other does."""

    __tablename__ = "slot"

    name: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    at: datetime


class SessionRow(SQLModel, table=True):
    """Somebody signed in at the portal: a party of one request, or a member of staff."""

    __tablename__ = "session"

    id: str = Field(primary_key=True)
    kind: str
    subject: str
    csrf: str
    expires_at: datetime = Field(index=True)


class AttemptRow(SQLModel, table=True):
    """A failed sign-in, or a tried password of a file, counted against guessing."""

    __tablename__ = "sign_in_attempt"

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    at: datetime = Field(index=True)


class BeingKeptRow(SQLModel, table=True):
    """Bytes of ours that are about to be kept, and that no row names yet: what a crash leaves of them is erased."""

    __tablename__ = "being_kept"

    sha256: str = Field(primary_key=True)
    at: datetime


class AccountRow(SQLModel, table=True):
    """A local staff account of the embedded default."""

    __tablename__ = "account"

    name: str = Field(primary_key=True)
    role: str
    salt: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)
    disabled: bool = False


class TokenRow(SQLModel, table=True):
    """A bearer token of the API; only its hash is kept."""

    __tablename__ = "token"

    name: str = Field(primary_key=True)
    hash: str = Field(unique=True)
    scopes: list[str] = Field(sa_type=JSON)
    made_at: datetime
    revoked_at: datetime | None = None


class OutageAnswerRow(SQLModel, table=True):
    """What a person answered to what outages give back to a request: a later last day, or none, and why."""

    __tablename__ = "outage_answer"

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    outages: list[int] = Field(sa_type=JSON)
    was: date
    until: date | None = None
    officer: str
    reason: str
    answered_at: datetime


class ChannelRow(SQLModel, table=True):
    """When a channel was last seen working, and the outage that lasts since."""

    __tablename__ = "channel"

    name: str = Field(primary_key=True)
    seen_at: datetime
    outage_id: int | None = Field(default=None, foreign_key="outage.id")


class OutageRow(SQLModel, table=True):
    """A time in which a channel could not be reached (Awb 2:21)."""

    __tablename__ = "outage"

    id: int = Field(default=None, primary_key=True)
    channel: str
    started_at: datetime
    ended_at: datetime | None = None
    planned: bool
    note: str
