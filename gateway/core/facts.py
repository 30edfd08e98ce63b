"""Everything a decision may look at. Stored with the decision, so that it can be replayed (P8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from gateway.core.conditions import Profile
from gateway.core.model import TEXT_OF_MESSAGE, Decision, Finding, Item, PartRole, Trouble, Verdict
from gateway.core.words import Channel, Procedure, Reason, RequestStatus


class ClueKind(StrEnum):
    """How a request was found, strongest first; only the first six may file by themselves (P5).

    `person`: somebody tied the whole submission to it; `choice`: a single document.
    """

    PERSON = "person"
    CHOICE = "choice"
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
    """Which request, or why none: at most three suggestions, best first.

    `several`: there is no single one, and each document is for one of these. `chosen`: requests for which somebody
    chose single documents; nothing else is taken for them.
    """

    request: str | None
    reason: Reason | None = None
    detail: str = ""
    suggestions: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()

    @property
    def open_to_all(self) -> tuple[str, ...]:
        """The requests that a document may be taken for without anybody having chosen it."""
        return self.several if self.request is None else (self.request,)

    @property
    def tied(self) -> tuple[str, ...]:
        """Every request that the submission is for, each once."""
        return tuple(dict.fromkeys((*self.open_to_all, *self.chosen)))


@dataclass(frozen=True)
class DocumentFacts:
    """One part and what the scanners said of it; `item` is the number somebody named for it.

    `request`: of which request that item is, or for which it was taken before; empty when nobody said so yet.
    `copy_of`: of a copy without password, the `seq` of the locked document that it was made of.
    """

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
    request: str = ""
    copy_of: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether it is the text of the mail itself: no machine takes that for an item."""
        return self.role is PartRole.DOCUMENT and self.note == TEXT_OF_MESSAGE


@dataclass(frozen=True)
class RequestFacts:
    """A request that a submission was tied to, as it stood when the decision was taken. `people`: its parties."""

    reference: str
    status: RequestStatus
    last_day: date
    on_time: bool
    items: tuple[Item, ...]
    people: tuple[str, ...] = ()
    procedure: Procedure = Procedure.APPLICATION


class ActKind(StrEnum):
    """What a person may do with a submission at rest.

    `propose` and `free`: let something out of quarantine; `open`: give the password of a locked document.
    """

    ASSIGN = "assign"
    RELEASE = "release"
    REFUSE = "refuse"
    REDIRECT = "redirect"
    FORWARD = "forward"
    RETURN = "return"
    TAKE_IN = "take_in"
    PROPOSE = "propose"
    FREE = "free"
    OPEN = "open"


MESSAGE: Final = "bericht"
"""Stands for the SHA-256 of a document where the malware is in the message, and in no document of it."""


@dataclass(frozen=True)
class Act:
    """What a person did with a held submission; part of the facts of the next decision (P10).

    `note`: why, in the person's own words. `receiver`: to which other body it was forwarded, or to which of our own
    people. `business`: what it is, when it is no answer to a request. `proposer`: of what two people freed from
    quarantine, the first. `copy`: the SHA-256 of the copy without password that was made when a document was opened.
    """

    kind: ActKind
    officer: str
    request: str = ""
    document: str = ""
    item: str = ""
    reason: Reason | None = None
    note: str = ""
    receiver: str = ""
    business: str = ""
    proposer: str = ""
    copy: str = ""


@dataclass(frozen=True)
class Facts:
    """The facts of one submission at the moment of one decision.

    `request`: the only request it is for; `requests`: all of them, when it is for several.
    `answer_to`: the addresses a letter may go to; for mail the From address, for the portal the parties
    who agreed to e-mail. `round`: how many decisions were taken on this submission before. `originals`: the numbers
    of the items whose original came in on paper. `conditions`: the text of the law the decision stands on.
    `earlier`: what was decided before malware was found in files that were stored already, and only then. `freed`:
    what two people let out of quarantine, by SHA-256 or as `MESSAGE`; `just_freed`: that was the last that anybody did.
    `stood`: what was decided before somebody gave a password after a request was closed, and only then.
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
    subject: str = ""
    links: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    clues: tuple[Clue, ...] = ()
    acts: tuple[Act, ...] = ()
    answer_to: tuple[str, ...] = ()
    language: str = "nl"
    round: int = 0
    originals: tuple[str, ...] = ()
    requests: tuple[RequestFacts, ...] = ()
    conditions: Profile = Profile.SINCE_2026
    earlier: Decision | None = None
    freed: tuple[str, ...] = ()
    just_freed: bool = False
    stood: Decision | None = None

    @property
    def asked(self) -> tuple[RequestFacts, ...]:
        """The requests it is for: none, one or several."""
        return self.requests or (() if self.request is None else (self.request,))

    @property
    def released(self) -> bool:
        """Whether a person has looked at the hold and lifted it."""
        return any(act.kind is ActKind.RELEASE for act in self.acts)

    @property
    def last_word(self) -> Act | None:
        """The last thing that a person said of the whole submission, or of where a document belongs.

        Who opens a locked document answers a refusal for its password, and takes back nothing else.
        """
        opened = False
        for act in reversed(self.acts):
            if act.kind is not ActKind.OPEN:
                return None if opened and act.reason is Reason.ENCRYPTED else act
            opened = True
        return None

    def as_opened(self, document: DocumentFacts) -> DocumentFacts:
        """The document with what was found in its copy without password, if it has one: the copy is what is read.

        What speaks against the locked file itself stays, but for its password.
        """
        copy = next((d for d in self.documents if d.role is PartRole.COPY and d.copy_of == document.seq), None)
        if copy is None or document.verdict is not Verdict.ENCRYPTED:
            return document
        own = tuple(finding for finding in document.findings if finding.code != "encrypted")
        return replace(document, sha256=copy.sha256, verdict=copy.verdict, findings=(*own, *copy.findings))

    @property
    def routed(self) -> bool:
        """Whether a person has said where business of another kind goes, or that it is none."""
        return self.released or any(act.kind is ActKind.TAKE_IN for act in self.acts)

    @property
    def sender_verified(self) -> bool:
        """Whether a letter to this sender may hold case data (P7).

        The address must be a party's, and either pass authentication or come with the request's secret;
        a failed authentication always loses. Of several requests it must be so for each.
        """
        return bool(self.asked) and all(self._verified_for(request.reference) for request in self.asked)

    def _verified_for(self, reference: str) -> bool:
        if reference not in self.sender.party_of:
            return False
        if self.sender.authentication == "none":
            return self.has_secret_of(reference)
        return self.sender.authentication == "pass"

    def has_secret_of(self, reference: str) -> bool:
        """Whether the submission came with the secret of this request."""
        return any(clue.kind in SECRETS and clue.request == reference for clue in self.clues)


SECRETS = frozenset({ClueKind.SECRET_ADDRESS, ClueKind.SECRET_SUBJECT, ClueKind.SESSION})


def choices(acts: Sequence[Act]) -> dict[str, tuple[str, str]]:
    """Of each document (by SHA-256) that somebody chose for, the request and the item, which may be empty.

    Their last word counts; tying the whole submission to a request takes back what was chosen for others.
    """
    chosen: dict[str, tuple[str, str]] = {}
    for act in acts:
        if act.kind is ActKind.ASSIGN and act.document:
            chosen[act.document] = (act.request, act.item)
        elif act.kind is ActKind.ASSIGN and act.request:
            chosen = {document: word for document, word in chosen.items() if word[0] == act.request}
    return chosen
