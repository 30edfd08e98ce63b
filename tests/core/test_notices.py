"""Who is told how, and what becomes of a telling that failed (Awb 2:8, 2:10, 2:11, 2:22)."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import notices
from gateway.core.model import Returned
from gateway.core.notices import Failure, MessageKind, Sending, Way, Why

PEOPLE = [
    dict(zip(("consents", "usable", "declined", "secret"), choice, strict=True))
    for choice in product((True, False), repeat=4)
]


@pytest.mark.parametrize("kind", MessageKind)
def test_r21_without_express_consent_everything_goes_on_paper(kind):
    for person in PEOPLE:
        ways = notices.ways(kind, **person)
        if not person["consents"]:
            assert ways == ((Way.POST, Why.NO_CONSENT),)
        if Way.MAIL in dict(ways):
            assert person["consents"]
            assert person["usable"]
            assert not person["declined"]


@pytest.mark.parametrize("kind", MessageKind)
def test_an_access_code_always_goes_on_paper_too(kind):
    for person in PEOPLE:
        if person["secret"]:
            assert Way.POST in dict(notices.ways(kind, **person))


def test_r26_who_declined_notices_gets_a_letter_with_a_term_on_paper():
    for person in PEOPLE:
        if person["declined"]:
            assert [way for way, _ in notices.ways(MessageKind.REQUEST, **person)] == [Way.POST]


def test_r24_the_full_notice_begins_on_its_day():
    since = date(2027, 1, 1)
    assert not notices.tells_all(MessageKind.REQUEST, date(2026, 12, 31), since)
    assert notices.tells_all(MessageKind.REQUEST, date(2027, 1, 1), since)
    assert notices.tells_all(MessageKind.REMINDER, date(2026, 12, 31), since)


@pytest.mark.parametrize(
    ("action", "status", "what"),
    [
        ("failed", "5.1.1", Failure.HARD),
        ("failed", "5.1.10", Failure.HARD),
        ("failed", "5.2.1", Failure.HARD),
        ("failed", "5.7.1", Failure.HARD),
        ("failed", "", Failure.HARD),
        ("failed", "5.2.2", Failure.SOFT),
        ("failed", "4.4.7", Failure.SOFT),
        ("failed", "5.4.4", Failure.SOFT),
        ("delayed", "4.4.1", None),
        ("delivered", "2.0.0", None),
        ("relayed", "2.0.0", None),
    ],
)
def test_r25_a_report_says_whether_trying_again_can_help(action, status, what):
    assert notices.failure([Returned("a@example.org", action, status)]) is what


def test_a_report_without_recipients_says_nothing():
    assert notices.failure([]) is None


def test_what_failed_twice_or_for_good_goes_on_paper():
    assert notices.follows(Failure.SOFT, 1) is Way.MAIL
    assert {notices.follows(Failure.SOFT, attempt) for attempt in (2, 3)} == {Way.POST}
    assert {notices.follows(Failure.HARD, attempt) for attempt in (1, 2)} == {Way.POST}


@given(st.lists(st.sampled_from(Sending)))
def test_somebody_was_told_only_if_something_was_sent_and_nothing_waits(sendings):
    told = notices.proven(sendings)
    assert told == (Sending.SENT in sendings and Sending.WAITING not in sendings)
