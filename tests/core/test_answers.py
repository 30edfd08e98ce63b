"""Who is told what: once each, never machines, never strangers' business (P6, P7)."""

from dataclasses import replace

import pytest

from gateway.core.answers import KIND, Draft, drafts, may_answer, notice
from gateway.core.decide import decide
from gateway.core.facts import Act, ActKind, Clue, ClueKind, Facts, Sender
from gateway.core.model import MessageFacts, PartRole
from gateway.core.words import Channel, Outcome, Reason
from tests.support.facts import ADDRESS, OTHER, REFERENCE, document, facts

NUMBER = "26-7K3M-9Q2X-V4TD"
OURS = ("documenten@intake.example",)
MESSAGE = MessageFacts(
    from_address=ADDRESS, reply_to="elsewhere@example.net", message_id="<1@x>", references=("<0@x>",)
)


def letters(given: Facts, message: MessageFacts | None = MESSAGE) -> tuple[Draft, ...]:
    return drafts(NUMBER, given, decide(given), message, OURS)


def test_p6_the_answer_goes_to_from_in_the_thread_and_not_to_reply_to() -> None:
    (letter,) = letters(facts())
    assert (letter.to, letter.in_reply_to, letter.references) == (ADDRESS, "<1@x>", ("<0@x>",))
    assert not letter.neutral


def test_p6_the_key_of_a_letter_is_the_same_for_ever_and_new_for_a_new_decision() -> None:
    assert letters(facts()) == letters(facts())
    assert letters(facts())[0].key == f"{NUMBER}.0.0"
    assert letters(facts(round=1))[0].key == f"{NUMBER}.1.0"


def test_the_key_of_a_letter_does_not_depend_on_who_else_can_be_reached() -> None:
    both = facts(answer_to=(OURS[0], ADDRESS))
    assert [letter.key for letter in letters(both)] == [f"{NUMBER}.0.1"]


@pytest.mark.parametrize(
    "acts", [(), (Act(ActKind.RELEASE, "m"),), (Act(ActKind.REFUSE, "m", reason=Reason.NOT_REQUESTED),)]
)
@pytest.mark.parametrize("kind", ["auto-submitted", "bounce", "list", "no-reply"])
def test_p6_automatic_mail_never_gets_a_letter(kind: str, acts: tuple[Act, ...]) -> None:
    """Not when a person refuses it either: the letter would still go to a machine."""
    assert letters(facts(automatic=kind, acts=acts)) == ()
    assert notice(NUMBER, replace(MESSAGE, automatic=kind), OURS) == ()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@example.org",
        "MAILER-DAEMON@example.org",
        "no-reply@example.org",
        "niet-antwoorden@example.org",
        "documenten@intake.example",
        "Documenten+7k3m9q2xv@Intake.example",
    ],
)
def test_p6_no_letter_to_nobody_or_to_ourselves(address: str) -> None:
    assert not may_answer(address, OURS)
    assert letters(facts(answer_to=(address,))) == ()
    assert notice(NUMBER, replace(MESSAGE, from_address=address), OURS) == ()


def test_a_sender_without_an_address_gets_no_letter() -> None:
    assert letters(facts(answer_to=()), None) == ()


SECRET = (Clue(ClueKind.SECRET_ADDRESS, REFERENCE),)
SECRET_OF_ANOTHER = (Clue(ClueKind.SECRET_ADDRESS, OTHER), Clue(ClueKind.PERSON, REFERENCE))


@pytest.mark.parametrize(
    ("sender", "clues", "neutral"),
    [
        (Sender(ADDRESS, (REFERENCE,), "pass"), (), False),
        (Sender(ADDRESS, (REFERENCE,), "none"), SECRET, False),
        (Sender(ADDRESS, (REFERENCE,), "none"), (), True),
        (Sender(ADDRESS, (REFERENCE,), "none"), SECRET_OF_ANOTHER, True),
        (Sender(ADDRESS, (REFERENCE,), "fail"), SECRET, True),
        (Sender("neighbour@example.net", (), "pass"), SECRET, True),
        (Sender(ADDRESS, (OTHER,), "pass"), SECRET, True),
    ],
)
def test_p7_only_a_proven_party_reads_case_data(sender: Sender, clues: tuple[Clue, ...], *, neutral: bool) -> None:
    """R22: an address nobody vouches for, or that fails authentication, gets a receipt without case data."""
    for channel in (Channel.SMTP, Channel.IMAP):
        (letter,) = letters(facts(channel=channel, sender=sender, clues=clues))
        assert letter.neutral is neutral


def test_p7_what_is_tied_to_no_request_is_answered_neutrally() -> None:
    assert letters(facts(request=None, clues=()))[0].neutral


@pytest.mark.parametrize("channel", [Channel.PORTAL, Channel.COUNTER, Channel.POST])
def test_p7_outside_mail_only_the_addresses_of_the_request_are_told(channel: Channel) -> None:
    """`answer_to` then holds the parties who expressly consented (art. 2:8), and nobody else is known."""
    both = facts(channel=channel, sender=Sender(), answer_to=("a@example.org", "b@kantoor.example"))
    found = letters(both, None)
    assert [(letter.to, letter.neutral) for letter in found] == [("a@example.org", False), ("b@kantoor.example", False)]
    assert len({letter.key for letter in found}) == 2


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (facts(), "receipt"),
        (facts(document("x", role=PartRole.BODY)), "receipt"),
        (facts(repeat_of="26-1111-2222-3333"), "receipt"),
        (facts(measured_bytes=31_457_281), "refusal"),
        (facts(designated=False, clues=()), "redirection"),
    ],
)
def test_the_kind_of_letter(given: Facts, kind: str) -> None:
    (letter,) = letters(given)
    assert letter.kind == kind
    assert letter.measured == given.measured_bytes
    assert letter.first_receipt == given.repeat_of


def test_there_is_a_letter_for_every_outcome() -> None:
    assert KIND.keys() == set(Outcome)


def test_the_notice_of_waiting_is_neutral_and_the_same_each_time() -> None:
    (letter,) = notice(NUMBER, MESSAGE, OURS)
    assert (letter.key, letter.kind, letter.neutral, letter.to) == (f"{NUMBER}.wait", "waiting", True, ADDRESS)
    assert notice(NUMBER, MESSAGE, OURS) == (letter,)
    assert notice(NUMBER, None, OURS) == ()


@pytest.mark.parametrize(
    "machine",
    [
        "MAILER-DAEMON@example.org",
        "postmaster@example.org",
        "no-reply@example.org",
        "noreply@example.org",
        "do-not-reply@example.org",
        "donotreply@example.org",
        "news.no_reply@example.org",
        "noreply+case7@example.org",
        "niet-beantwoorden@example.org",
        "bounces+7=a.nl@example.org",
        "list-bounces@example.org",
        "owner-list@example.org",
        "documenten@intake.example",
        "Documenten+7K3M9Q2XV@Intake.Example",
    ],
)
def test_machines_and_ourselves_are_never_answered(machine: str) -> None:
    assert not may_answer(machine, ["documenten@intake.example"])


@pytest.mark.parametrize("person", ["amira@example.org", "o'neill+post@example.org", "reply@example.org", "norep@b.nl"])
def test_people_are_answered_unless_their_message_was_automatic(person: str) -> None:
    assert may_answer(person, ["documenten@intake.example"])
    assert letters(facts(answer_to=(person,), automatic="auto-replied")) == ()


@pytest.mark.parametrize(
    "bad", ["a@b.nl\r\nBcc: c@d.nl", "no address", "é@b.nl", "a b@c.nl", "<a@b.nl>", "a,c@b.nl", '"x"@b.nl']
)
def test_an_address_that_cannot_stand_in_a_header_is_not_answered(bad: str) -> None:
    assert not may_answer(bad, ())
