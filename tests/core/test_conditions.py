"""The two texts of the law that a decision may stand on."""

from datetime import date

import pytest
from pydantic import TypeAdapter

from gateway.core.conditions import BEFORE_2026, PROFILES, SINCE_2026, Profile, in_force
from gateway.core.decide import decide
from gateway.core.facts import Facts
from gateway.core.words import Reason
from tests.support.facts import CAP, facts

FACTS = TypeAdapter(Facts)


@pytest.mark.parametrize("profile", Profile)
def test_every_reason_has_a_ground_in_both_texts(profile: Profile) -> None:
    assert set(PROFILES[profile].grounds) == set(Reason)
    assert all(PROFILES[profile].grounds.values())


def test_no_ground_of_the_old_text_names_an_article_that_came_later() -> None:
    old = " ".join(BEFORE_2026.grounds.values())
    assert not any(article in old for article in ("2:13", "2:16", "2:17", "2:21"))


@pytest.mark.parametrize(
    ("received", "profile"),
    [("2025-12-31", Profile.BEFORE_2026), ("2026-01-01", Profile.SINCE_2026), ("2026-11-22", Profile.SINCE_2026)],
)
def test_the_day_of_receipt_says_which_text_goes(received: str, profile: Profile) -> None:
    assert in_force(date.fromisoformat(received)) is profile


def test_both_texts_decide_the_same_and_each_names_its_own_ground() -> None:
    given = facts(measured_bytes=CAP + 1)
    new, old = decide(given), decide(facts(measured_bytes=CAP + 1, conditions=Profile.BEFORE_2026))
    assert (new.outcome, new.rule, new.documents) == (old.outcome, old.rule, old.documents)
    assert new.ground == SINCE_2026.grounds[Reason.TOO_LARGE] == "art. 2:13 lid 3 en art. 2:15 lid 1 Awb"
    assert old.ground == "art. 2:15 lid 1 en lid 2 Awb (tekst tot 2026)"
    assert decide(facts(conditions=Profile.BEFORE_2026)).ground == BEFORE_2026.confirmed


def test_p8_the_text_of_the_law_is_replayed_with_the_facts() -> None:
    given = facts(measured_bytes=CAP + 1, conditions=Profile.BEFORE_2026)
    read_back = FACTS.validate_json(FACTS.dump_json(given))
    assert decide(read_back) == decide(given)
