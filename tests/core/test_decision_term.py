"""The term for our own decision: the worked examples of its suspension, letters after letters, more time."""

from datetime import date

import pytest

from config.calendar import load_calendar
from gateway.core import decision_term
from gateway.core.decision_term import Extension, Invitation, Period, Reading, SpecialTerm, UnusedTermEnd
from gateway.core.model import Term
from gateway.core.words import Procedure, Unit

CALENDAR = load_calendar()
PERMIT = Term(90, Unit.DAYS)
EIGHT_WEEKS = Term(8, Unit.WEEKS)
LONGER = Reading(unused_term_end=UnusedTermEnd.DAY_AFTER)
RECEIVED = date(2026, 2, 2)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def march(number: int) -> date:
    return date(2026, 3, number)


def april(number: int) -> date:
    return date(2026, 4, number)


def letter(completed: date | None = None, *extensions: Extension, **changes: object) -> Invitation:
    """A letter of 2 March with four weeks."""
    values = {"letter_day": march(2), "last_day": march(30), "extensions": extensions, "completed_day": completed}
    return Invitation(**values | changes)


def decided(*letters: Invitation, term: Term = PERMIT, reading: Reading = Reading()) -> decision_term.DecisionEnd:  # noqa: B008
    return decision_term.decision_end(RECEIVED, term, letters, CALENDAR, reading)


@pytest.mark.parametrize(
    ("completed", "suspended", "raw", "last"),
    [
        ("2026-03-02", 0, "2026-05-03", "2026-05-04"),
        ("2026-03-03", 0, "2026-05-03", "2026-05-04"),
        ("2026-03-04", 1, "2026-05-04", "2026-05-04"),
        ("2026-03-09", 6, "2026-05-09", "2026-05-11"),
        ("2026-03-16", 13, "2026-05-16", "2026-05-18"),
        ("2026-03-23", 20, "2026-05-23", "2026-05-26"),
        ("2026-03-27", 24, "2026-05-27", "2026-05-27"),
        ("2026-03-30", 27, "2026-05-30", "2026-06-01"),
        (None, 27, "2026-05-30", "2026-06-01"),
    ],
)
def test_the_worked_examples_of_suspension(completed: str | None, suspended: int, raw: str, last: str) -> None:
    found = decided(letter(day(completed)))
    assert (found.suspended_days, found.end.raw_day, found.end.day) == (suspended, day(raw), day(last))
    if completed:
        assert decision_term.suspended_days(march(2), date.fromisoformat(completed)) == suspended


@pytest.mark.parametrize(
    ("term", "reading", "suspended", "raw", "last"),
    [
        (PERMIT, Reading(), 27, "2026-05-30", "2026-06-01"),
        (PERMIT, LONGER, 28, "2026-05-31", "2026-06-01"),
        (EIGHT_WEEKS, Reading(), 27, "2026-04-26", "2026-04-28"),
        (EIGHT_WEEKS, LONGER, 28, "2026-04-27", "2026-04-28"),
    ],
)
def test_both_readings_of_a_term_that_lapsed_unused(
    term: Term, reading: Reading, suspended: int, raw: str, last: str
) -> None:
    found = decided(letter(), term=term, reading=reading)
    assert (found.suspended_days, found.end.raw_day, found.end.day) == (suspended, day(raw), day(last))


def test_both_readings_agree_where_everything_came_in_on_the_last_day() -> None:
    assert decided(letter(march(30))).end == decided(letter(march(30)), reading=LONGER).end


@pytest.mark.parametrize(
    ("letters", "raw", "last"),
    [((), "2026-03-30", "2026-03-30"), ((letter(march(23)),), "2026-04-19", "2026-04-20")],
)
def test_the_worked_examples_with_eight_weeks(letters: tuple[Invitation, ...], raw: str, last: str) -> None:
    found = decided(*letters, term=EIGHT_WEEKS)
    assert (found.end.raw_day, found.end.day) == (day(raw), day(last))


def test_what_comes_after_the_term_revives_no_suspension() -> None:
    assert decided(letter(april(7))) == decided(letter())


def test_more_time_given_before_the_end_moves_that_end() -> None:
    longer = Extension(march(27), april(13))
    assert decided(letter(None, longer)).suspended_days == 41
    assert decided(letter(april(7), longer)).suspended_days == 35


def test_more_time_given_on_the_last_day_is_given_before_the_end() -> None:
    assert decided(letter(None, Extension(march(30), april(13)))).suspended_days == 41


def test_more_time_given_afterwards_stops_the_term_only_as_it_was_asked_for_in_writing() -> None:
    asked = Extension(april(2), april(16), asked_in_writing=True)
    stopped = decided(letter(april(8), asked)).periods
    assert [(p.cause, p.first_day, p.until_day, p.completed) for p in stopped] == [
        ("aanvulling", march(3), march(30), False),
        ("instemming", april(3), april(8), True),
    ]
    assert decided(letter(april(8), asked)).suspended_days == 27 + 5
    assert decided(letter(april(8), Extension(april(2), april(16)))).suspended_days == 27


def test_more_time_upon_more_time_counts_as_it_was_asked() -> None:
    by_phone = Extension(april(2), april(16))
    again = Extension(april(10), april(30))
    assert decided(letter(None, by_phone, again)).suspended_days == 27
    in_writing = Extension(april(2), april(16), asked_in_writing=True)
    assert decided(letter(None, in_writing, again)).suspended_days == 27 + 27


def test_a_second_letter_for_new_items_stops_the_term_again() -> None:
    second = letter(april(20), letter_day=april(13), last_day=date(2026, 5, 11))
    assert decided(letter(march(23)), second).suspended_days == 20 + 6


def test_a_second_letter_for_the_same_items_stops_nothing_unless_the_setting_says_so() -> None:
    again = letter(april(20), letter_day=april(13), last_day=date(2026, 5, 11), new_items=False)
    assert decided(letter(march(23)), again).suspended_days == 20
    assert decided(letter(march(23)), again, reading=Reading(same_items_suspend=True)).suspended_days == 26


def test_days_that_two_letters_stop_count_once() -> None:
    inside = letter(march(23), letter_day=march(9), last_day=april(6))
    across = letter(april(2), letter_day=march(16), last_day=april(13))
    assert decided(letter(), inside).suspended_days == 27
    assert decided(letter(), across).suspended_days == 30


def test_a_letter_after_the_decision_term_stops_nothing() -> None:
    too_late = letter(letter_day=april(13), last_day=date(2026, 5, 11))
    found = decided(too_late, term=EIGHT_WEEKS)
    assert (found.end.day, found.periods, len(found.void)) == (march(30), (), 1)
    assert "was de beslistermijn al voorbij" in decision_term.derivation(found, Procedure.APPLICATION, "nl")[0]
    assert "was over already" in decision_term.derivation(found, Procedure.APPLICATION, "en")[0]


def test_a_letter_on_the_last_day_of_the_decision_term_has_nothing_left_to_stop() -> None:
    assert decided(letter(letter_day=march(30), last_day=april(27)), term=EIGHT_WEEKS).suspended_days == 0
    assert decided(letter(letter_day=march(29), last_day=april(27)), term=EIGHT_WEEKS).suspended_days == 28


@pytest.mark.parametrize(
    ("over", "raw", "last"),
    [
        ("2026-03-30", "2026-04-27", "2026-04-28"),
        ("2026-03-23", "2026-04-20", "2026-04-20"),
        ("2026-04-07", "2026-05-05", "2026-05-06"),
    ],
)
def test_the_worked_examples_of_not_handling_an_application(over: str, raw: str, last: str) -> None:
    end = decision_term.last_day_not_handled(date.fromisoformat(over), CALENDAR)
    assert (end.raw_day, end.day) == (day(raw), day(last))


def test_somebody_is_warned_seven_and_two_days_before_and_on_the_day_itself() -> None:
    days = decision_term.warning_days(date(2026, 4, 28), (0, 2, 7, 2))
    assert days == (april(21), april(26), april(28))


def test_only_in_objections_those_concerned_are_told_that_the_term_stands_still() -> None:
    assert decision_term.needs_notice(Procedure.OBJECTION)
    assert not decision_term.needs_notice(Procedure.APPLICATION)


# ---- special terms -------------------------------------------------------------------------------

RESIDENT = SpecialTerm(
    "langdurig ingezetene", "art. 25 Vw", Term(4, Unit.MONTHS), Procedure.APPLICATION, if_invited=Term(7, Unit.MONTHS)
)


def test_a_fixed_longer_term_takes_the_place_of_the_suspension() -> None:
    uninvited = decision_term.decision_end(RECEIVED, RESIDENT.term, (), CALENDAR, Reading(), RESIDENT)
    assert (uninvited.end.day, uninvited.fixed) == (date(2026, 6, 2), False)
    invited = decision_term.decision_end(RECEIVED, RESIDENT.term, (letter(),), CALENDAR, Reading(), RESIDENT)
    assert (invited.end.day, invited.fixed, invited.suspended_days) == (date(2026, 9, 2), True, 0)
    assert "een vaste termijn van 7 maanden" in decision_term.derivation(invited, Procedure.APPLICATION, "nl")[0]


def test_nineteen_weeks_end_on_their_calendar_day_also_in_a_weekend() -> None:
    objection = decision_term.decision_end(date(2026, 1, 3), Term(19, Unit.WEEKS), (), CALENDAR, Reading())
    assert objection.end.day == date(2026, 5, 16)


def test_a_special_term_is_found_by_kind_then_by_procedure() -> None:
    blue = SpecialTerm("blauwe kaart", "art. 25 Vw", PERMIT, Procedure.APPLICATION, frozenset({"kennismigrant"}))
    objection = SpecialTerm("bezwaar", "art. 76 Vw", Term(19, Unit.WEEKS), Procedure.OBJECTION)
    known = (RESIDENT, blue, objection)
    assert decision_term.special_term(known, Procedure.APPLICATION, "Kennismigrant") is blue
    assert decision_term.special_term(known, Procedure.APPLICATION, "iets anders") is RESIDENT
    assert decision_term.special_term(known, Procedure.OBJECTION, "kennismigrant") is objection
    assert decision_term.special_term((blue,), Procedure.OBJECTION, "kennismigrant") is None


# ---- in words ------------------------------------------------------------------------------------


def test_the_derivation_tells_each_time_the_term_stood_still() -> None:
    told = decision_term.derivation(decided(letter(march(23))), Procedure.APPLICATION, "nl")
    assert told[:2] == (
        (
            "Op maandag 2 maart 2026 vroegen wij om aanvulling. Op maandag 23 maart 2026 was alles binnen. "
            "Tussen die dagen stond de termijn stil: 20 dagen (art. 4:15 lid 1 onder a Awb)."
        ),
        (
            "De dag van ontvangst van de aanvraag, maandag 2 februari 2026, telt niet mee: "
            "een termijn van 90 dagen loopt tot en met zondag 3 mei 2026."
        ),
    )
    assert told[-1] == "De laatste dag is dinsdag 26 mei 2026, tot 24.00 uur Nederlandse tijd."


def test_the_derivation_of_an_objection_names_its_own_articles() -> None:
    asked = Extension(april(2), april(16), asked_in_writing=True)
    told = decision_term.derivation(decided(letter(None, asked)), Procedure.OBJECTION, "en")
    assert "art. 7:10 lid 2 Awb" in told[0]
    assert "art. 7:10 lid 4 Awb" in told[1]
    assert told[2].startswith("The last day of the term for objections, Monday 2 February 2026, does not count")


def test_a_period_counts_no_day_before_its_letter() -> None:
    assert Period("aanvulling", march(2), march(2), completed=True).days == 0
