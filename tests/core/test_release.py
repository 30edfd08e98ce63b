"""A request goes out only when its letter has all that case law asks; all faults are told at once (R28, R30)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.model import Item, Term
from gateway.core.release import RequestLetter, Way, faults, is_concrete
from gateway.core.words import Unit

DAY = date(2026, 3, 2)
WHOLE = RequestLetter(
    letter_day=DAY,
    items=(
        Item("1", "paspoort", "Kopie van het paspoort", "C. Voorbeeld"),
        Item("2", "huwelijksakte", "Huwelijksakte, met vertaling"),
    ),
    term=Term(4, Unit.WEEKS),
    last_day=date(2026, 3, 30),
    why_that_day=("De dag van verzending telt niet mee.",),
    consequence="de aanvraag niet behandelen (art. 4:5 Awb)",
    ways=(
        Way("email", "documenten@intake.example"),
        Way("portaal", "https://portaal.example"),
        Way("post", "Postbus 1"),
    ),
    help_phone="088 000 00 00",
    decision_last_day=date(2026, 5, 4),
)
# What can be missing, and what the refusal then names.
WITHOUT = {
    "stukken": {"items": ()},
    "stukken.0.omschrijving": {"items": (Item("1", "overig", "Overige documenten"),)},
    "termijn": {"term": None},
    "laatsteDag": {"last_day": None},
    "gevolg": {"consequence": " "},
    "kanalen": {"ways": (Way("post", "Postbus 1"),)},
    "portal.help_phone": {"help_phone": "bel ons"},
    "beslistermijn": {"decision_last_day": date(2026, 3, 1)},
}


def test_a_letter_with_all_that_is_needed_may_go():
    assert faults(WHOLE) == ()
    assert faults(replace(WHOLE, decision_last_day=None)) == ()


@given(missing=st.sets(st.sampled_from(sorted(WITHOUT)), min_size=1))
def test_whatever_is_missing_keeps_the_letter_in_the_house_and_all_of_it_is_named_at_once(missing):
    letter = WHOLE
    for place in sorted(missing, reverse=True):  # no items at all comes after a vague one
        letter = replace(letter, **WITHOUT[place])
    named = {fault.place for fault in faults(letter)}
    expected = missing - ({"stukken"} if "stukken.0.omschrijving" in missing and letter.items else set())
    expected -= {"stukken.0.omschrijving"} if not letter.items else set()
    assert named == expected


@given(letter_day=st.dates(date(2026, 1, 1), date(2027, 1, 1)), over=st.dates(date(2026, 1, 1), date(2027, 1, 1)))
def test_a_letter_goes_only_on_or_before_the_last_day_to_decide(letter_day, over):
    letter = replace(WHOLE, letter_day=letter_day, last_day=date(2027, 2, 1), decision_last_day=over)
    assert bool(faults(letter)) == (letter_day > over)


@pytest.mark.parametrize("last_day", [DAY, date(2026, 3, 1)])
def test_a_term_that_is_over_before_it_begins_is_none(last_day):
    assert [fault.place for fault in faults(replace(WHOLE, last_day=last_day))] == ["laatsteDag"]


def test_the_letter_says_why_that_is_the_last_day_and_where_to_send_to():
    assert [f.place for f in faults(replace(WHOLE, why_that_day=("",)))] == ["laatsteDag"]
    assert [f.place for f in faults(replace(WHOLE, ways=(*WHOLE.ways[:2], Way("post", ""))))] == ["kanalen"]


@pytest.mark.parametrize("term", [Term(0, Unit.WEEKS), Term(24, Unit.HOURS)])
def test_a_term_of_nothing_or_of_hours_is_no_term_to_repair(term):
    assert [fault.place for fault in faults(replace(WHOLE, term=term))] == ["termijn"]


@pytest.mark.parametrize(
    "description",
    [
        "Kopie van het paspoort",
        "Bewijs van inschrijving in de BRP",
        "Geboorteakte van het kind",
        "Loonstroken van de laatste 3 maanden",
        "جواز السفر",
        "Паспорт",
        "IB60",
    ],
)
def test_what_names_a_document_is_concrete(description):
    assert is_concrete(description)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "-",
        "Stukken",
        "Overige documenten",
        "alle ontbrekende bewijsstukken",
        "Kopie",
        "documenten enz.",
        "de stukken 1",
    ],
)
def test_what_could_stand_in_any_request_is_not(description):
    assert not is_concrete(description)
