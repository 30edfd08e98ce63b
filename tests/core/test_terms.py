"""Terms: the free days of 2026 to 2028, the worked examples, and the clock on the last day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.core import terms
from gateway.core.model import Term
from gateway.core.terms import Calendar, FreeDay, Move
from gateway.core.words import Unit

CALENDAR = Calendar(
    decree_days=frozenset(
        map(date.fromisoformat, ("2026-01-02", "2026-05-15", "2027-05-07", "2028-04-28", "2028-05-26"))
    ),
    covered_years=frozenset({2025, 2026, 2027, 2028}),
)


def day(text: str) -> date:
    return date.fromisoformat(text)


def weeks(count: int) -> Term:
    return Term(count, Unit.WEEKS)


FREE_BESIDES_WEEKENDS = {
    2026: "01-01 01-02 04-03 04-06 04-27 05-05 05-14 05-15 05-25 12-25 12-26",
    2027: "01-01 03-26 03-29 04-27 05-05 05-06 05-07 05-17 12-25 12-26",
    2028: "01-01 04-14 04-17 04-27 04-28 05-05 05-25 05-26 06-05 12-25 12-26",
}


@pytest.mark.parametrize("year", FREE_BESIDES_WEEKENDS)
def test_the_free_days_of_a_year_are_exactly_these(year: int) -> None:
    named = {day(f"{year}-{text}") for text in FREE_BESIDES_WEEKENDS[year].split()}
    every_day = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    for each in every_day:
        if each.year == year:
            assert CALENDAR.is_free(each) == (each in named or each.weekday() >= 5), each


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-04-03", FreeDay.GOOD_FRIDAY),
        ("2026-05-15", FreeDay.DECREE),
        ("2026-12-26", FreeDay.SECOND_CHRISTMAS),
        ("2025-04-26", FreeDay.KINGS_DAY),
        ("2025-04-27", FreeDay.SUNDAY),
        ("2031-04-26", FreeDay.KINGS_DAY),
        ("2026-05-05", FreeDay.LIBERATION_DAY),
        ("2026-05-04", None),
    ],
)
def test_a_free_day_says_why(text: str, why: FreeDay | None) -> None:
    assert CALENDAR.why_free(day(text)) is why


@pytest.mark.parametrize(
    ("year", "easter"),
    [
        (1961, "1961-04-02"),
        (2000, "2000-04-23"),
        (2008, "2008-03-23"),
        (2038, "2038-04-25"),
        (2285, "2285-03-22"),
    ],
)
def test_easter_falls_where_the_church_says(year: int, easter: str) -> None:
    assert terms.easter_sunday(year) == day(easter)


@pytest.mark.parametrize(
    ("sent", "count", "raw", "last"),
    [
        ("2026-03-02", 4, "2026-03-30", "2026-03-30"),
        ("2026-03-02", 2, "2026-03-16", "2026-03-16"),
        ("2026-03-06", 4, "2026-04-03", "2026-04-07"),
        ("2026-03-09", 4, "2026-04-06", "2026-04-07"),
        ("2026-03-30", 4, "2026-04-27", "2026-04-28"),
        ("2026-04-07", 4, "2026-05-05", "2026-05-06"),
        ("2026-04-16", 4, "2026-05-14", "2026-05-18"),
        ("2026-04-17", 4, "2026-05-15", "2026-05-18"),
        ("2026-05-11", 2, "2026-05-25", "2026-05-26"),
        ("2026-11-27", 4, "2026-12-25", "2026-12-28"),
        ("2026-12-04", 4, "2027-01-01", "2027-01-04"),
        ("2025-12-04", 4, "2026-01-01", "2026-01-05"),
        ("2027-04-09", 4, "2027-05-07", "2027-05-10"),
    ],
)
@pytest.mark.parametrize("statutory", [False, True])
def test_the_worked_examples_in_weeks(sent: str, count: int, raw: str, last: str, statutory: bool) -> None:  # noqa: FBT001
    end = terms.last_day(day(sent), weeks(count), CALENDAR, statutory=statutory)
    assert (end.raw_day, end.day) == (day(raw), day(last))


def test_a_statutory_term_of_three_days_holds_two_working_days() -> None:
    sent, term = day("2026-04-02"), Term(3, Unit.DAYS)
    assert terms.last_day(sent, term, CALENDAR, statutory=True).day == day("2026-04-08")
    assert terms.last_day(sent, term, CALENDAR).day == day("2026-04-07")
    assert terms.last_day(sent, Term(2, Unit.DAYS), CALENDAR, statutory=True).day == day("2026-04-07")


@pytest.mark.parametrize(
    ("sent", "term", "statutory_last", "own_last"),
    [
        ("2026-02-02", Term(90, Unit.DAYS), "2026-05-04", "2026-05-04"),
        ("2026-02-01", Term(91, Unit.DAYS), "2026-05-03", "2026-05-04"),
        ("2026-02-10", Term(12, Unit.WEEKS), "2026-05-06", "2026-05-06"),
        ("2026-02-13", Term(13, Unit.WEEKS), "2026-05-15", "2026-05-18"),
        ("2026-01-03", Term(19, Unit.WEEKS), "2026-05-16", "2026-05-18"),
        ("2026-02-28", Term(3, Unit.MONTHS), "2026-05-28", "2026-05-28"),
        ("2026-02-03", Term(3, Unit.MONTHS), "2026-05-04", "2026-05-04"),
        ("2026-01-03", Term(4, Unit.MONTHS), "2026-05-03", "2026-05-04"),
        ("2026-04-02", Term(48, Unit.HOURS), "2026-04-04", "2026-04-07"),
    ],
)
def test_only_our_own_long_terms_are_moved(sent: str, term: Term, statutory_last: str, own_last: str) -> None:
    assert terms.last_day(day(sent), term, CALENDAR, statutory=True).day == day(statutory_last)
    assert terms.last_day(day(sent), term, CALENDAR).day == day(own_last)


def test_our_own_term_may_be_left_as_it_was_counted() -> None:
    end = terms.last_day(day("2026-03-06"), weeks(4), CALENDAR, moves=False)
    assert (end.day, [step.move for step in end.steps]) == (day("2026-04-03"), [Move.COUNTED])
    assert terms.last_day(day("2026-03-06"), weeks(4), CALENDAR, statutory=True, moves=False).day == day("2026-04-07")


@pytest.mark.parametrize(
    ("sent", "months", "raw"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-10-15", 3, "2027-01-15"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-03-31", 12, "2027-03-31"),
    ],
)
def test_months_end_on_the_same_day_number_or_the_last_of_the_month(sent: str, months: int, raw: str) -> None:
    assert terms.last_day(day(sent), Term(months, Unit.MONTHS), CALENDAR).raw_day == day(raw)


@pytest.mark.parametrize("count", [0, -1, 10_000])
def test_a_term_has_a_count_that_makes_sense(count: int) -> None:
    with pytest.raises(ValueError, match="a term counts 1 to 9999"):
        terms.last_day(day("2026-03-02"), Term(count, Unit.DAYS), CALENDAR)


@pytest.mark.parametrize(
    ("instant", "last", "on_time"),
    [
        ("2026-03-30T21:59:59+00:00", "2026-03-30", True),
        ("2026-03-30T21:59:59.999999+00:00", "2026-03-30", True),
        ("2026-03-30T22:00:00+00:00", "2026-03-30", False),
        ("2026-03-30T23:59:59+02:00", "2026-03-30", True),
        ("2026-12-28T22:59:59+00:00", "2026-12-28", True),
        ("2026-12-28T23:00:00+00:00", "2026-12-28", False),
        ("2026-03-28T22:59:59+00:00", "2026-03-28", True),
        ("2026-03-28T23:00:00+00:00", "2026-03-28", False),
        ("2026-03-29T21:59:59+00:00", "2026-03-29", True),
        ("2026-10-25T22:59:59+00:00", "2026-10-25", True),
    ],
)
def test_the_last_day_ends_at_midnight_in_amsterdam(instant: str, last: str, on_time: bool) -> None:  # noqa: FBT001
    assert terms.is_on_time(datetime.fromisoformat(instant), day(last)) is on_time


def test_the_end_of_a_day_is_an_instant_in_utc() -> None:
    assert terms.end_of_day(day("2026-03-30")) == datetime(2026, 3, 30, 22, tzinfo=UTC)
    assert terms.end_of_day(day("2026-03-30")).tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its time zone"):
        terms.is_on_time(datetime(2026, 3, 30, 22), day("2026-03-30"))  # noqa: DTZ001 - the mistake itself


def test_years_without_known_decree_days_are_named() -> None:
    assert terms.last_day(day("2028-12-20"), weeks(4), CALENDAR).uncovered_years == (2029,)
    assert terms.last_day(day("2028-11-20"), weeks(4), CALENDAR).uncovered_years == ()
    assert CALENDAR.uncovered_years(day("2024-12-31"), day("2029-01-01")) == (2024, 2029)


def test_the_derivation_says_that_a_years_decree_is_not_known() -> None:
    end = terms.last_day(day("2029-01-08"), weeks(4), CALENDAR)
    assert terms.derivation(end, "nl")[-2].startswith("Welke dagen in 2029 met een feestdag gelijkstaan, is nog niet")
    assert terms.derivation(end, "en")[-2].startswith("Which days of 2029 are made equal to a holiday is not known")


def test_the_derivation_tells_what_set_the_term_running() -> None:
    end = terms.last_day(day("2026-03-30"), weeks(4), CALENDAR, statutory=True)
    assert terms.derivation(end, "nl", terms.Start.LAPSED)[0].startswith(
        "De laatste dag van de hersteltermijn, maandag"
    )


def test_the_derivation_tells_every_step() -> None:
    end = terms.last_day(day("2026-04-16"), weeks(4), CALENDAR)
    assert [step.move for step in end.steps] == [Move.COUNTED, *[Move.SKIPPED] * 4]
    assert terms.derivation(end, "nl") == (
        (
            "De dag van verzending, donderdag 16 april 2026, telt niet mee: "
            "een termijn van 4 weken loopt tot en met donderdag 14 mei 2026."
        ),
        "Op donderdag 14 mei 2026 kan de termijn niet eindigen: die dag is Hemelvaartsdag.",
        (
            "Op vrijdag 15 mei 2026 kan de termijn niet eindigen: "
            "die dag is bij koninklijk besluit gelijkgesteld met een feestdag."
        ),
        "Op zaterdag 16 mei 2026 kan de termijn niet eindigen: die dag is een zaterdag.",
        "Op zondag 17 mei 2026 kan de termijn niet eindigen: die dag is een zondag.",
        "De laatste dag is maandag 18 mei 2026, tot 24.00 uur Nederlandse tijd.",
    )


def test_the_derivation_is_told_in_english_too() -> None:
    stretched = terms.last_day(day("2026-04-02"), Term(3, Unit.DAYS), CALENDAR, statutory=True)
    assert "The term must hold two working days" in " ".join(terms.derivation(stretched, "en"))
    left = terms.last_day(day("2026-01-02"), Term(1, Unit.HOURS), CALENDAR, statutory=True, suspended_days=1)
    assert terms.derivation(left, "en") == (
        (
            "The day of sending, Friday 2 January 2026, does not count: "
            "a term of 1 hour runs up to and including Saturday 3 January 2026."
        ),
        "The days on which the term was suspended are added: Sunday 4 January 2026.",
        "A statutory term of this length is not moved (art. 4 General Extension of Time Limits Act).",
        "The last day is Sunday 4 January 2026, until 24:00 Dutch time.",
    )
