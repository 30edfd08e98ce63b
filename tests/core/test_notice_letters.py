"""The notice by mail that something is in the portal: what it says from 2027 on, and what it never says."""

import email
from dataclasses import replace
from datetime import UTC, date, datetime
from email.policy import default

import pytest

from gateway.core.notices import MessageKind, NoticeFacts
from mail.message import House
from mail.notices import compose

HOUSE = House(
    from_address="documenten@intake.example",
    from_name="Dienst Één",
    organisation="Dienst Één",
    portal_url="https://portaal.example",
    help_phone="088 000 00 00",
    addresses=("documenten@intake.example",),
)
FACTS = NoticeFacts(
    to="a.voorbeeld@example.org",
    language="nl",
    message_id="<bericht.1@intake.example>",
    sent_at=datetime(2027, 1, 4, 9, 0, tzinfo=UTC),
    kind=MessageKind.REQUEST,
    reference="HV-2026-000123",
    last_day=date(2027, 2, 1),
    full=True,
)


def _read(facts):
    message = email.message_from_bytes(compose(facts, HOUSE), policy=default)
    plain = message.get_body(("plain",)).get_content()
    return message, " ".join(plain.split()), message.get_body(("html",)).get_content()


def test_r24_from_2027_it_says_who_sent_what_and_that_and_until_when_a_reaction_is_expected():
    message, text, html = _read(FACTS)
    for said in ("Van: Dienst Één", "verzoek om documenten te sturen", "uiterlijk op maandag 1 februari 2027"):
        assert said in text
        assert said in html
    assert message["Subject"] == "Verzoek om documenten te sturen"


def test_before_2027_it_says_no_more_than_that_there_is_a_message():
    message, text, _ = _read(replace(FACTS, full=False))
    assert message["Subject"] == "Er staat een bericht voor u klaar"
    for unsaid in ("HV-2026-000123", "1 februari", "verzoek om documenten"):
        assert unsaid not in text
    assert "https://portaal.example" in text


@pytest.mark.parametrize("kind", [kind for kind in MessageKind if kind is not MessageKind.RECEIPT])
@pytest.mark.parametrize("language", ["nl", "en", "fr"])
@pytest.mark.parametrize("full", [True, False])
def test_every_notice_has_portal_help_and_the_way_to_stop_it(kind, language, full):
    facts = replace(FACTS, kind=kind, language=language, full=full, last_day=None, again=True)
    raw = compose(facts, HOUSE)
    assert raw.isascii()
    assert raw == compose(facts, HOUSE)
    message, text, _ = _read(facts)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == ("nl, en" if language == "fr" else language)
    assert "088 000 00 00" in text
    assert "https://portaal.example" in text
    assert ("Zet ze uit" in text) or ("Switch them off" in text)


def test_an_address_that_cannot_stand_in_a_header_is_refused():
    with pytest.raises(ValueError, match="header"):
        compose(replace(FACTS, to="a@example.org, b@example.org"), HOUSE)
