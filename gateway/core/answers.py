"""Who is told what: a decision to the letters that go out.

Rule 1: every sender is told, once for each decision, at the address the message came from (From, never
Reply-To); one key is one letter, for ever (P6).
Rule 2: never to machines, to nobody, or to ourselves: that is how loops start (RFC 3834).
Rule 3: whoever is not a proven party gets a neutral letter (P7).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.core.business import recognised
from gateway.core.facts import ActKind, Facts
from gateway.core.model import Decision, MessageFacts
from gateway.core.tokens import sub_address
from gateway.core.words import Channel, DocumentOutcome, Outcome, Reason

_MAIL: Final = frozenset({Channel.SMTP, Channel.IMAP})
# A dot-atom of RFC 5322 section 3.2.3: a comma or a quote would make another mailbox of it in a header.
ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[0-9A-Za-z.\[\]:-]{1,255}", re.ASCII)
_MACHINES: Final = re.compile(
    r"mailer-daemon|postmaster|majordomo|listserv|bounces?([-+=].*)?|owner-.*|.*-(bounces|request)(\+.*)?"
    r"|(.*[-_.+])?(no|do[-_.]?not)[-_.]?reply([-_.+\d].*)?|niet[-_.]?(be)?antwoorden"
)


@dataclass(frozen=True)
class Draft:
    """A letter as decided, not yet written: about which event, to whom, in which words.

    `key` names the event. `neutral`: no case data. `measured`: bytes, for `te_groot`. `receiver`: the body to which
    it was forwarded. `business`: what the message is or seems to be, when it is no answer to a request.
    `taken_up`: it is treated as good from this moment on, though it came by another way (Awb 2:24).
    """

    key: str
    kind: str
    to: str
    language: str
    neutral: bool
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    first_receipt: str = ""
    measured: int = 0
    receiver: str = ""
    business: str = ""
    taken_up: bool = False


ABOUT_THE_BYTES: Final = frozenset(
    {
        Reason.NOT_DESIGNATED,
        Reason.TOO_LARGE,
        Reason.INFECTED,
        Reason.ACTIVE_CONTENT,
        Reason.ENCRYPTED,
        Reason.UNREADABLE,
        Reason.FILE_TYPE,
        Reason.TOO_COMPLEX,
        Reason.NO_DOCUMENTS,
    }
)
"""What may be told to anybody: it follows from what they sent. All else would tell what we have on file."""

_SAID: Final = frozenset({Reason.EXTENSION_ASKED, Reason.STATEMENT})

KIND: Final[dict[Outcome, str]] = {
    Outcome.ACCEPTED: "receipt",
    Outcome.PARTLY: "receipt",
    Outcome.HELD: "receipt",
    Outcome.REGISTERED: "receipt",
    Outcome.REFUSED: "refusal",
    Outcome.REDIRECTED: "redirection",
}


_NOT_FOR_US: Final = {ActKind.FORWARD: "forwarded", ActKind.RETURN: "returned"}
"""What a person did, whose letter says that a message was not meant for us (Awb 2:3)."""


def drafts(
    number: str,
    facts: Facts,
    decision: Decision,
    message: MessageFacts | None,
    own_addresses: Sequence[str],
) -> tuple[Draft, ...]:
    """The letters about one decision; none for machines, whatever a person decided about their mail."""
    if facts.automatic:
        return ()
    # Anybody can write a From; the addresses of the other channels are the request's own, and of no other request.
    neutral = not facts.sender_verified if facts.channel in _MAIL else bool(facts.requests)
    act = facts.acts[-1] if facts.acts else None
    return tuple(
        Draft(
            key=f"{number}.{facts.round}.{place}",
            kind=_kind(facts, decision),
            to=address,
            language=facts.language,
            neutral=neutral,
            in_reply_to=message.message_id if message else "",
            references=message.references if message else (),
            first_receipt=facts.repeat_of,
            measured=facts.measured_bytes,
            receiver=act.receiver if act else "",
            business=_business(facts),
            taken_up=taken_up(facts),
        )
        for place, address in enumerate(facts.answer_to)
        if may_answer(address, own_addresses)
    )


def taken_up(facts: Facts) -> bool:
    """Whether a person has just taken up what came by another way than its own (Awb 2:16 lid 1, 2:24)."""
    act = facts.acts[-1] if facts.acts and facts.earlier is None else None
    if act is None or facts.just_freed:
        return False
    assigned = act.kind is ActKind.ASSIGN and not act.document
    return act.kind is ActKind.TAKE_IN or (assigned and not facts.designated)


def _business(facts: Facts) -> str:
    """What a person said that it is; before that what it seems to be."""
    act = facts.acts[-1] if facts.acts else None
    if act is not None and act.business:
        return act.business
    found = None if facts.released else recognised(facts)
    return found.business if found else ""


def _kind(facts: Facts, decision: Decision) -> str:
    """What the letter is about, by the name of its sentences."""
    if facts.earlier is not None and decision.outcome is not Outcome.HELD:
        return "infected"
    act = facts.acts[-1] if facts.acts else None
    return _NOT_FOR_US.get(act.kind, KIND[decision.outcome]) if act else KIND[decision.outcome]


def notice(number: str, message: MessageFacts | None, own_addresses: Sequence[str]) -> tuple[Draft, ...]:
    """The letter that says: it is here, looking at it takes longer. Neutral: nothing is matched yet."""
    if message is None or message.automatic or not may_answer(message.from_address, own_addresses):
        return ()
    return (
        Draft(
            key=f"{number}.wait",
            kind="waiting",
            to=message.from_address,
            language="nl",
            neutral=True,
            in_reply_to=message.message_id,
            references=message.references,
        ),
    )


def is_kept_text(outcome: str | None, number: str | None, reason: str | None) -> bool:
    """Whether a document, in the contract's words, is the text of a mail: nobody need say anything more about it."""
    return outcome == DocumentOutcome.ACCEPTED and number is None and reason in _SAID


def may_answer(address: str, own_addresses: Sequence[str]) -> bool:
    """Whether a letter may go to this address (RFC 3834 section 2).

    Never to nobody, to a machine, to ourselves with or without sub-address, or to an address that cannot
    stand in a header. Who is not answered must be told in another way.
    """
    local = address.rpartition("@")[0].casefold()
    if not ADDRESS.fullmatch(address) or _MACHINES.fullmatch(local):
        return False
    ours = {own.casefold() for own in own_addresses}
    return sub_address(address)[0].casefold() not in ours
