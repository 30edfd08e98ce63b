"""The end of a term: when somebody is warned, what keeps a request open, and what an officer may decide."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import load_calendar
from gateway.core import alerts, closing, decision_term
from gateway.core.alerts import Recipient
from gateway.core.closing import BY_PERSON, Obstacle, Verdict, Waits
from gateway.core.words import RequestStatus

LAST_DAY = date(2026, 11, 30)
SENT = date(2026, 11, 2)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
COUNTS = st.lists(st.integers(0, 90), max_size=4)


@pytest.mark.parametrize(
    ("today", "after", "days_before"),
    [
        (date(2026, 11, 22), SENT, None),
        (date(2026, 11, 23), SENT, 7),
        (date(2026, 11, 23), date(2026, 11, 23), None),
        (date(2026, 11, 27), date(2026, 11, 23), None),
        (date(2026, 11, 28), date(2026, 11, 23), 2),
        (date(2026, 11, 30), date(2026, 11, 28), 0),
        (date(2026, 12, 9), date(2026, 11, 28), 0),
        # Nobody was warned for a while: one warning, not all that were missed.
        (date(2026, 11, 29), SENT, 2),
        # A letter of today is no reason to remind today.
        (date(2026, 11, 28), date(2026, 11, 28), None),
    ],
)
def test_a_warning_is_given_on_its_day_or_after_and_only_the_nearest(today, after, days_before):
    due = closing.due(LAST_DAY, (7, 2, 0), today, after)
    assert (due.days_before if due else None) == days_before


@given(DAYS, COUNTS, DAYS)
def test_no_warning_is_given_twice_however_often_it_is_looked(last_day, days_before, start):
    given_on, after = [], date.min
    for today in (start + timedelta(days=n // 3) for n in range(360)):  # three looks a day
        if due := closing.due(last_day, days_before, today, after):
            given_on.append(today)
            after = due.day
            assert due.day <= today
            assert due.day == last_day - timedelta(days=due.days_before)
    assert len(given_on) == len(set(given_on))
    assert len(given_on) <= len(set(days_before))


@given(DAYS, COUNTS, DAYS)
def test_whoever_looks_every_day_misses_none(last_day, days_before, start):
    after, seen = date.min, set()
    for today in (start + timedelta(days=n) for n in range(500)):
        if due := closing.due(last_day, days_before, today, after):
            seen.add(due.days_before)
            after = due.day
    to_come = {n for n in days_before if start <= last_day - timedelta(days=n) < start + timedelta(days=500)}
    assert to_come <= seen


def test_the_worked_example_of_the_four_weeks_is_warned_of_at_seven_two_and_no_days():
    """law.md 3.5: lapsed on 30 March, to be made known by 28 April."""
    calendar = load_calendar()
    by = decision_term.last_day_not_handled(date(2026, 3, 30), calendar).day
    assert by == date(2026, 4, 28)
    days = [date(2026, 4, 21), date(2026, 4, 26), date(2026, 4, 28)]
    assert [closing.due(by, (7, 2, 0), day, day - timedelta(days=1)).days_before for day in days] == [7, 2, 0]


@pytest.mark.parametrize(
    ("days_before", "told"),
    [(7, [Recipient.OFFICER]), (2, [Recipient.OFFICER, Recipient.LEAD]), (0, [Recipient.OFFICER, Recipient.LEAD])],
)
def test_first_the_officer_is_warned_and_near_the_end_the_team_lead_too(days_before, told):
    assert list(alerts.told(days_before, lead_days=2)) == told


def test_every_obstacle_is_said_and_those_of_a_person_are_known():
    for obstacle in Obstacle:
        assert "26-AAAA, x" in closing.reason([Waits(obstacle, ("26-AAAA", "x"))])
    by_themselves = {Obstacle.UNFINISHED, Obstacle.MAILBOX, Obstacle.CHANNEL}
    assert set(Obstacle) - by_themselves == BY_PERSON
    assert closing.reason(()) == ""


@pytest.mark.parametrize("status", RequestStatus)
@pytest.mark.parametrize("verdict", Verdict)
def test_p10_there_is_something_to_decide_only_about_what_lapsed_or_is_complete(status, verdict):
    decided = closing.refusal(verdict, status, LAST_DAY, LAST_DAY, outage=False) == ""
    assert decided == (status in {RequestStatus.LAPSED, RequestStatus.COMPLETE})


@pytest.mark.parametrize(
    ("verdict", "decide_by", "today", "outage", "word"),
    [
        (Verdict.NOT_HANDLED, LAST_DAY, LAST_DAY, False, ""),
        (Verdict.NOT_HANDLED, LAST_DAY, date(2026, 12, 1), False, "beslis op de inhoud"),
        (Verdict.NOT_HANDLED, LAST_DAY, LAST_DAY, True, "storing"),
        (Verdict.NOT_HANDLED, None, date(2027, 12, 1), False, ""),
        (Verdict.HANDLED, LAST_DAY, date(2026, 12, 1), True, ""),
    ],
)
def test_r37_after_the_four_weeks_an_application_is_decided_on_its_merits(verdict, decide_by, today, outage, word):
    problem = closing.refusal(verdict, RequestStatus.LAPSED, decide_by, today, outage=outage)
    assert (word in problem) if word else problem == ""
