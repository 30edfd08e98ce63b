"""Everything a decision may look at. Stored with the decision, so that it can be replayed (P8)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.core.model import Finding, Item, PartRole, Trouble, Verdict
from gateway.core.words import Channel, Reason, RequestStatus


class ClueKind(StrEnum):
    """How a request was found, strongest first; only the first five may file by themselves (P5)."""

    PERSON = "person"
    SECRET_ADDRESS = "secret_address"  # noqa: S105  # a kind of clue, no secret
    SECRET_SUBJECT = "secret_subject"  # noqa: S105  # a kind of clue, no secret
    SESSION = "session"
    REFERENCE = "reference"
    THREAD = "thread"
    SENDER = "sender"
    RESEMBLANCE = "resemblance"


@dataclass(frozen=True)
class Clue:
    """One pointer to one request; `seen` is the word that pointed, for a person to read."""

    kind: ClueKind
    request: str
    seen: str = ""


@dataclass(frozen=True)
class Sender:
    """Who says they sent it, and what is known of that.

    `party_of`: references of the requests this address takes part in. `authentication` is `pass`, `fail`
    or `none`, from a mail hop that the configuration trusts.
    """

    address: str = ""
    party_of: tuple[str, ...] = ()
    authentication: str = "none"


@dataclass(frozen=True)
class Match:
    """Which request, or why none: at most three suggestions, best first."""

    request: str | None
    reason: Reason | None = None
    detail: str = ""
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class DocumentFacts:
    """One part and what the scanners said of it; `item` is the number somebody named for it."""

    seq: int
    role: PartRole
    name: str
    bytes: int
    sha256: str
    top_level: bool = True
    media_type: str = ""
    verdict: Verdict = Verdict.NOT_YET
    findings: tuple[Finding, ...] = ()
    note: str = ""
    item: str | None = None


@dataclass(frozen=True)
class RequestFacts:
    """The request a submission was tied to, as it stood when the decision was taken."""

    reference: str
    status: RequestStatus
    last_day: date
    on_time: bool
    items: tuple[Item, ...]


class ActKind(StrEnum):
    """What a person may do with a held submission."""

    ASSIGN = "assign"
    RELEASE = "release"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Act:
    """What a person did with a held submission; part of the facts of the next decision (P10)."""

    kind: ActKind
    officer: str
    request: str = ""
    document: str = ""
    item: str = ""
    reason: Reason | None = None


@dataclass(frozen=True)
class Facts:
    """The facts of one submission at the moment of one decision.

    `answer_to`: the addresses a letter may go to; for mail the From address, for the portal the parties
    who agreed to e-mail. `round`: how many decisions were taken on this submission before. `originals`: the numbers
    of the items whose original came in on paper.
    """

    channel: Channel
    received_at: datetime
    designated: bool
    sender: Sender
    match: Match
    request: RequestFacts | None
    documents: tuple[DocumentFacts, ...]
    cap_bytes: int
    measured_bytes: int
    automatic: str = ""
    repeat_of: str = ""
    trouble: Trouble | None = None
    malware: str = ""
    text: str = ""
    links: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    clues: tuple[Clue, ...] = ()
    acts: tuple[Act, ...] = ()
    answer_to: tuple[str, ...] = ()
    language: str = "nl"
    round: int = 0
    originals: tuple[str, ...] = ()

    @property
    def released(self) -> bool:
        """Whether a person has looked at the hold and lifted it."""
        return any(act.kind is ActKind.RELEASE for act in self.acts)

    @property
    def sender_verified(self) -> bool:
        """Whether a letter to this sender may hold case data (P7).

        The address must be a party's, and either pass authentication or come with the request's secret;
        a failed authentication always loses.
        """
        if self.request is None or self.request.reference not in self.sender.party_of:
            return False
        if self.sender.authentication == "none":
            return self.has_secret_of(self.request.reference)
        return self.sender.authentication == "pass"

    def has_secret_of(self, reference: str) -> bool:
        """Whether the submission came with the secret of this request."""
        return any(clue.kind in SECRETS and clue.request == reference for clue in self.clues)


SECRETS = frozenset({ClueKind.SECRET_ADDRESS, ClueKind.SECRET_SUBJECT, ClueKind.SESSION})
