"""When lateness is not held against the sender: the worked examples of post, redirection and outage."""

from datetime import UTC, date, datetime, timedelta

import pytest

from config.calendar import load_calendar
from gateway.core import leniency
from gateway.core.leniency import Interruption

CALENDAR = load_calendar()
LAST_DAY = date(2026, 3, 30)


def at(text: str) -> datetime:
    """An instant of 2026 in Dutch summer time."""
    return datetime.fromisoformat(f"2026-{text}+02:00").astimezone(UTC)


def down(start: str, end: str) -> Interruption:
    return Interruption(at(start), at(end))


# ---- post ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("posted", "received", "in_time"),
    [
        ("2026-04-07", "2026-04-14", True),
        ("2026-04-07", "2026-04-15", False),
        ("2026-04-08", "2026-04-09", False),
        ("2026-04-01", "2026-04-07", True),
        (None, "2026-04-07", True),
        (None, "2026-04-08", False),
    ],
)
def test_what_was_posted_in_time_and_came_within_a_week_is_in_time(
    posted: str | None,
    received: str,
    in_time: bool,  # noqa: FBT001 - a column of the table
) -> None:
    day = date.fromisoformat(posted) if posted else None
    assert leniency.posted_in_time(day, date.fromisoformat(received), date(2026, 4, 7), CALENDAR) is in_time


def test_the_week_of_the_post_ends_on_no_free_day_either() -> None:
    posted = date(2026, 3, 30)
    assert leniency.posted_in_time(posted, date(2026, 4, 7), posted, CALENDAR)  # the week ends on Easter Monday
    assert not leniency.posted_in_time(posted, date(2026, 4, 8), posted, CALENDAR)


def test_without_days_for_the_post_only_receipt_counts() -> None:
    assert not leniency.posted_in_time(LAST_DAY, date(2026, 3, 31), LAST_DAY, CALENDAR, posted_days=0)
    assert leniency.posted_in_time(LAST_DAY, LAST_DAY, LAST_DAY, CALENDAR, posted_days=0)


# ---- redirection ---------------------------------------------------------------------------------


def test_a_slow_redirection_costs_the_time_it_took() -> None:
    later = leniency.after_redirection(LAST_DAY, at("03-29T15:00"), at("04-01T10:00"), CALENDAR)
    assert (later.lost, later.raw_end, later.day) == (
        timedelta(days=2, hours=19),
        at("04-02T19:00"),
        date(2026, 4, 2),
    )
    assert leniency.in_words(later, "nl") == (
        "Wij wezen pas na 2 dagen en 19 uur de goede weg. Die tijd komt bij de termijn, met minstens één werkdag "
        "(art. 2:23 Awb): de laatste dag wordt donderdag 2 april 2026 in plaats van maandag 30 maart 2026."
    )


def test_a_quick_redirection_costs_a_working_day() -> None:
    assert leniency.after_redirection(LAST_DAY, at("03-29T15:00"), at("03-29T16:00"), CALENDAR).day == date(2026, 3, 31)
    thursday = date(2026, 4, 2)
    later = leniency.after_redirection(thursday, at("04-02T15:00"), at("04-02T16:00"), CALENDAR)
    assert later.day == date(2026, 4, 7)  # Good Friday, a weekend and Easter Monday are no working days


def test_nobody_answers_before_he_was_asked() -> None:
    with pytest.raises(ValueError, match="cannot come before"):
        leniency.after_redirection(LAST_DAY, at("03-29T15:00"), at("03-29T14:59"), CALENDAR)


# ---- outages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outages", "days", "last"),
    [
        ([("03-30T20:00", "03-31T02:00")], 1, "2026-03-31"),
        ([("03-30T23:59", "04-02T03:00")], 1, "2026-04-02"),
        ([("03-30T01:00", "03-30T01:05")], 1, "2026-03-31"),
        ([("03-28T01:00", "03-30T01:00")], 1, "2026-04-01"),
        ([("03-31T00:00", "03-31T02:00")], 1, None),
        ([("03-28T10:00", "03-29T23:59")], 1, None),
        ([("03-28T10:00", "03-29T23:59")], 2, "2026-04-01"),
        ([("03-30T10:00", "03-30T12:00"), ("03-31T01:00", "03-31T08:00")], 1, "2026-03-31"),
        ([("03-30T10:00", "03-30T22:00"), ("03-30T10:00", "03-30T22:00")], 1, "2026-03-31"),
        ([("03-30T10:00", "03-31T10:00"), ("03-31T11:00", "03-31T12:00")], 1, "2026-04-01"),
        ([], 1, None),
    ],
)
def test_an_outage_at_the_end_of_the_term_is_given_back(
    outages: list[tuple[str, str]], days: int, last: str | None
) -> None:
    later = leniency.after_outages(LAST_DAY, [down(*outage) for outage in outages], CALENDAR, days=days)
    assert (later.day.isoformat() if later else None) == last


def test_what_an_outage_gives_back_is_told() -> None:
    later = leniency.after_outages(LAST_DAY, [down("03-30T20:00", "03-31T02:00")], CALENDAR)
    assert later is not None
    assert leniency.in_words(later, "en") == (
        "An outage or maintenance takes 6 hours. That time is added, up to the end of the day "
        "(art. 2:21 lid 3 Awb): the last day becomes Tuesday 31 March 2026 instead of Monday 30 March 2026."
    )


def test_a_new_last_day_is_no_free_day() -> None:
    later = leniency.after_outages(date(2026, 4, 2), [down("04-02T20:00", "04-02T21:00")], CALENDAR)
    assert later is not None
    assert later.day == date(2026, 4, 7)


# ---- notice, and words ---------------------------------------------------------------------------


def test_the_notice_of_a_message_is_due_within_48_hours_easter_or_not() -> None:
    assert leniency.notice_by(at("04-02T17:00")) == at("04-04T17:00")


@pytest.mark.parametrize(
    ("time", "nl", "en"),
    [
        (timedelta(seconds=1), "1 minuut", "1 minute"),
        (timedelta(hours=1), "1 uur", "1 hour"),
        (timedelta(days=1, hours=2, minutes=3), "1 dag, 2 uur en 3 minuten", "1 day, 2 hours and 3 minutes"),
    ],
)
def test_a_length_of_time_in_words(time: timedelta, nl: str, en: str) -> None:
    assert (leniency.time_in_words(time, "nl"), leniency.time_in_words(time, "en")) == (nl, en)
