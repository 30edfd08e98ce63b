"""Which request: what files by itself, what only suggests, and what contradicts (P5)."""

import pytest

from gateway.core.facts import Clue, ClueKind, Sender
from gateway.core.match import MAX_SUGGESTIONS, match
from gateway.core.words import Reason
from tests.support.facts import ADDRESS, OTHER, REFERENCE

NOBODY = Sender()
PARTY = Sender(ADDRESS, (REFERENCE,), "pass")
THIRD = "HV-2026-000789"
SECRETS = [ClueKind.SECRET_ADDRESS, ClueKind.SECRET_SUBJECT, ClueKind.SESSION]


def clue(kind: ClueKind, request: str = REFERENCE) -> Clue:
    return Clue(kind, request)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize(
    "sender", [NOBODY, PARTY, Sender("neighbour@example.net"), Sender(ADDRESS, (REFERENCE,), "fail")]
)
def test_p5_an_exact_secret_files_whoever_sends_it(kind: ClueKind, sender: Sender) -> None:
    assert match([clue(kind)], sender).request == REFERENCE


@pytest.mark.parametrize("one", SECRETS)
@pytest.mark.parametrize("other", SECRETS)
def test_p5_secrets_of_two_requests_are_held_when_the_sender_belongs_to_one_of_them(
    one: ClueKind, other: ClueKind
) -> None:
    found = match([clue(one), clue(other, OTHER)], PARTY)
    assert (found.request, found.several, found.reason) == (None, (), Reason.SEVERAL_REQUESTS)
    assert set(found.suggestions) == {REFERENCE, OTHER}


@pytest.mark.parametrize("one", SECRETS)
@pytest.mark.parametrize("other", SECRETS)
@pytest.mark.parametrize("sender", [NOBODY, Sender(ADDRESS, (REFERENCE, OTHER, THIRD), "none")])
def test_secrets_of_two_requests_are_for_both_when_the_sender_contradicts_neither(
    one: ClueKind, other: ClueKind, sender: Sender
) -> None:
    found = match([clue(one), clue(other, OTHER)], sender)
    assert (found.request, found.several, found.tied) == (None, (REFERENCE, OTHER), (REFERENCE, OTHER))


def test_a_choice_for_one_document_ties_its_request_beside_the_proven_one() -> None:
    found = match([clue(ClueKind.CHOICE, OTHER), clue(ClueKind.SECRET_ADDRESS)], PARTY)
    assert (found.open_to_all, found.tied) == ((REFERENCE,), (REFERENCE, OTHER))


def test_a_choice_for_the_proven_request_ties_nothing_else() -> None:
    assert match([clue(ClueKind.CHOICE), clue(ClueKind.SECRET_ADDRESS)], PARTY).tied == (REFERENCE,)


def test_p5_choices_for_two_requests_open_neither_to_the_other_documents() -> None:
    found = match([clue(ClueKind.CHOICE), clue(ClueKind.CHOICE, OTHER)], NOBODY)
    assert (found.open_to_all, found.tied, found.reason) == ((), (REFERENCE, OTHER), Reason.NO_REQUEST)


def test_the_only_choice_ties_the_whole_when_nothing_else_does() -> None:
    assert match([clue(ClueKind.CHOICE), clue(ClueKind.SENDER, OTHER)], NOBODY).request == REFERENCE


def test_the_same_secret_twice_is_one() -> None:
    assert match([clue(ClueKind.SECRET_ADDRESS), clue(ClueKind.SECRET_SUBJECT)], PARTY).request == REFERENCE


def test_p5_the_sender_of_another_request_contradicts_the_secret() -> None:
    found = match([clue(ClueKind.SECRET_ADDRESS)], Sender(ADDRESS, (OTHER,), "pass"))
    assert (found.request, found.reason) == (None, Reason.SEVERAL_REQUESTS)
    assert "de afzender van een ander" in found.detail


def test_a_lawyer_with_many_requests_files_by_the_secret_of_one() -> None:
    lawyer = Sender("b@kantoor.example", (OTHER, REFERENCE, THIRD), "none")
    assert match([clue(ClueKind.SECRET_ADDRESS), clue(ClueKind.SENDER, OTHER)], lawyer).request == REFERENCE


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        (PARTY, None),
        (Sender(ADDRESS, (REFERENCE,), "none"), Reason.SENDER_UNPROVEN),
        (Sender(ADDRESS, (REFERENCE,), "fail"), Reason.SENDER_UNPROVEN),
        (Sender("stranger@example.net", (), "pass"), Reason.SENDER_UNKNOWN),
        (Sender(ADDRESS, (OTHER,), "pass"), Reason.SENDER_UNKNOWN),
        (NOBODY, Reason.SENDER_UNKNOWN),
    ],
)
def test_p5_a_reference_files_only_from_an_authenticated_party(sender: Sender, reason: Reason | None) -> None:
    found = match([clue(ClueKind.REFERENCE)], sender)
    assert (found.request, found.reason) == (None if reason else REFERENCE, reason)


def test_two_references_are_held() -> None:
    lawyer = Sender("b@kantoor.example", (OTHER, REFERENCE), "pass")
    found = match([clue(ClueKind.REFERENCE), clue(ClueKind.REFERENCE, OTHER)], lawyer)
    assert found.reason is Reason.SEVERAL_REQUESTS


@pytest.mark.parametrize("kind", [ClueKind.THREAD, ClueKind.SENDER, ClueKind.RESEMBLANCE])
def test_p5_thread_sender_and_resemblance_only_suggest(kind: ClueKind) -> None:
    """A mistyped secret is a resemblance: recognised as a typo, never taken for another token."""
    found = match([clue(kind)], PARTY)
    assert (found.request, found.reason) == (None, Reason.NO_REQUEST)
    assert found.suggestions == (REFERENCE,)


def test_at_most_three_suggestions_the_strongest_first_each_once() -> None:
    weak = [
        clue(ClueKind.RESEMBLANCE, "HV-4"),
        clue(ClueKind.RESEMBLANCE, "HV-3"),
        clue(ClueKind.SENDER, "HV-2"),
        clue(ClueKind.THREAD, "HV-1"),
        clue(ClueKind.SENDER, "HV-1"),
    ]
    assert match(weak, PARTY).suggestions == ("HV-1", "HV-2", "HV-4")
    assert MAX_SUGGESTIONS == 3


def test_nothing_suggests_nothing() -> None:
    assert match([], NOBODY).suggestions == ()


def test_p10_the_last_word_of_a_person_decides_also_when_it_is_the_first_one_again() -> None:
    said = [clue(ClueKind.PERSON, name) for name in (REFERENCE, OTHER, REFERENCE)]
    assert match([*said, clue(ClueKind.SECRET_ADDRESS, THIRD)], PARTY).request == REFERENCE
    assert match(said[:2], PARTY).request == OTHER
