"""The table of states, and the closed lists against the words of the contract."""

from enum import StrEnum

import pytest

from gateway.core import words
from gateway.core.errors import WrongState
from gateway.core.states import NEXT, RESTING, STATUS, Step, after
from gateway.walk import STEPS


def reachable(start: Step) -> set[Step]:
    seen: set[Step] = {start}
    while new := {to for (step, _), to in NEXT.items() if step in seen} - seen:
        seen |= new
    return seen


def test_p3_every_step_is_reached_and_from_every_step_the_end() -> None:
    assert reachable(Step.ACCEPTED) == set(Step)
    for step in Step:
        assert reachable(step) & RESTING


def test_what_rests_moves_only_when_a_person_acts_or_malware_is_found_in_it() -> None:
    for (step, act), to in NEXT.items():
        assert (act in {"act", "rescan"}) == (step in RESTING)
        assert act != "act" or to is Step.READ, "everything after reading is done again (P4)"
        assert act != "rescan" or to is Step.MATCHED, "nobody may be tied to another request by a scan (P5)"


def test_whatever_does_not_rest_has_work_to_do() -> None:
    assert STEPS.keys() == set(Step) - RESTING


def test_p3_a_step_that_keeps_failing_ends_with_a_person() -> None:
    """Except the reading: that gives up on the bytes, keeps them, and goes on to a decision."""
    shelved = {step for step, act in NEXT if act == "shelve"}
    assert shelved == set(Step) - RESTING - {Step.ACCEPTED}
    assert {after(step, "shelve") for step in shelved} == {Step.HELD}


def test_the_way_of_a_submission() -> None:
    step = Step.ACCEPTED
    for act in ("read", "scan", "match", "decide", "answer", "file"):
        step = after(step, act)
    assert step is Step.FILED


@pytest.mark.parametrize(("step", "act"), [(Step.ACCEPTED, "file"), (Step.FILED, "read"), (Step.HELD, "file")])
def test_a_step_out_of_order_is_our_bug(step: Step, act: str) -> None:
    with pytest.raises(WrongState, match=f"{step} cannot {act}"):
        after(step, act)


def test_every_step_has_the_status_that_the_outside_sees() -> None:
    assert STATUS.keys() == set(Step)
    assert set(STATUS.values()) == set(words.Status)
    assert {step for step, status in STATUS.items() if status is words.Status.HELD} == {Step.HELD}
    assert {step for step, status in STATUS.items() if status is words.Status.DONE} == {Step.FILED}


# ---- the contract's words, written out -------------------------------------------------------------

CONTRACT: dict[type[StrEnum], str] = {
    words.Channel: "smtp | imap | portaal | balie | post",
    words.Status: "ontvangen | in_behandeling | aangehouden | afgehandeld",
    words.Outcome: "aangenomen | deels_aangenomen | geweigerd | aangehouden | doorverwezen | geregistreerd",
    words.DocumentOutcome: "aangenomen | niet_gevraagd | geweigerd | aangehouden",
    words.RequestStatus: "open | compleet | verlopen | gesloten",
    words.ItemStatus: "open | ontvangen | goedgekeurd | afgekeurd | verklaring | origineel_verwacht",
    words.Unit: "uren | dagen | weken | maanden",
    words.Role: "aanvrager | gemachtigde | referent | contactpersoon",
    words.Procedure: "aanvraag | bezwaar",
    words.Reason: "niet_aangewezen_adres | te_groot | geen_verzoek | meer_verzoeken | afzender_onbekend"
    " | afzender_niet_vastgesteld | niet_gevraagd | besmet | actieve_inhoud | versleuteld | onleesbaar | bestandstype"
    " | niet_gescand | te_complex | verzoek_gesloten | te_laat | automatisch_bericht | herhaling | uitstelverzoek"
    " | verklaring | geen_stukken | keuze_nodig",
}


@pytest.mark.parametrize("closed", CONTRACT, ids=lambda closed: closed.__name__)
def test_a_closed_list_says_what_the_contract_says(closed: type[StrEnum]) -> None:
    assert [word.value for word in closed] == CONTRACT[closed].split(" | ")
