"""A clock that leaps is an entry in the log; one that runs is not."""

import pytest

from gateway.clockwatch import LEAP_SECONDS, SUBJECT, ClockWatch
from gateway.core.words import EventName
from tests.support import storage


class Steady:
    """The clock that cannot be set."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def kept(tmp_path):
    with storage.opened(tmp_path) as kept:
        yield kept


@pytest.fixture
def steady():
    return Steady()


@pytest.fixture
def watch(kept, steady):
    return ClockWatch(kept.database, kept.ledger, kept.clock, steady)


@pytest.mark.parametrize("leap", [-86400.0, -2.5, 2.5, 3600.0])
def test_a_leap_is_an_entry_that_says_from_when_to_when(kept, steady, watch, leap):
    kept.clock.forward(seconds=10 + leap)
    steady.seconds += 10
    assert watch.look() == pytest.approx(leap)
    (event,) = kept.queries.timeline(SUBJECT)
    assert event.name == EventName.CLOCK_JUMPED
    assert event.content is not None
    assert event.content["sprongSeconden"] == pytest.approx(leap)
    assert event.content["voor"] < event.content["na"] or leap < 0
    assert watch.look() == 0
    assert len(kept.queries.timeline(SUBJECT)) == 1


def test_a_clock_that_runs_is_no_entry_however_late_we_look(kept, steady, watch):
    for seconds in (1, 60, 3600):
        kept.clock.forward(seconds=seconds + LEAP_SECONDS / 4)
        steady.seconds += seconds + LEAP_SECONDS / 4
        watch.look()
    assert kept.queries.timeline(SUBJECT) == ()


def test_many_small_leaps_are_a_large_one(kept, steady, watch):
    for _ in range(30):
        kept.clock.forward(seconds=1.1)
        steady.seconds += 1
        watch.look()
    assert len(kept.queries.timeline(SUBJECT)) == 1
