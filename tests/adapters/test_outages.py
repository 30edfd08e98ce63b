"""Outages: registered, measured, announced, given back (Awb 2:21); nobody is late while a person has to answer."""

import json
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx2
import pytest

from config.calendar import load_calendar
from gateway import cli
from gateway.audit_rows import problems
from gateway.core.errors import Refused
from gateway.core.words import Channel, EventName, RequestStatus
from gateway.outages import Outages, Rules
from gateway.people import Scope
from gateway.watch import Listener, Watch, synthetic, try_listener, try_portal
from tests.support import storage
from tests.support.house import running
from tests.support.servers import free_port
from tests.support.smtp import listening, settings

GAP = timedelta(minutes=5)
LETTER = {"verzondenOp": "2026-03-02", "termijn": {"aantal": 4, "eenheid": "weken"}}
LAST_DAY = date(2026, 3, 30)
TOUCHED = storage.REFERENCE


def at(text: str) -> datetime:
    """An instant of 2026 in Dutch summer time."""
    return datetime.fromisoformat(f"2026-{text}+02:00").astimezone(UTC)


def outages_of(kept: storage.Storage) -> Outages:
    rules = Rules(load_calendar(), days=1, announce=timedelta(days=14))
    return Outages(kept.database, kept.ledger, kept.clock, kept.requests, rules)


@pytest.fixture
def open_one(kept: storage.Storage) -> storage.Storage:
    """A request whose last day is 30 March 2026; it is noon of the day after."""
    kept.clock.at = at("03-02T12:00")
    storage.open_request(kept.requests, **LETTER)
    kept.clock.at = at("03-31T12:00")
    return kept


# ---- what they give back -------------------------------------------------------------------------


def test_a_request_whose_last_day_was_touched_gets_a_proposal_and_is_not_late(open_one: storage.Storage) -> None:
    outages = outages_of(open_one)
    outages.add(Channel.PORTAL, at("03-30T20:00"), at("03-31T02:00"), planned=False, note="")
    (proposal,) = outages.proposals()
    assert (proposal.reference, proposal.later.day) == (TOUCHED, date(2026, 3, 31))
    assert open_one.closing.lapse() == ()
    assert outages.apply(TOUCHED, "m.medewerker").last_day == date(2026, 3, 31)
    assert outages.proposals() == ()
    assert open_one.closing.lapse() == ()
    open_one.clock.at = at("04-01T00:30")
    assert open_one.closing.lapse() == (TOUCHED,)


def test_p10_only_a_named_person_applies_or_dismisses_and_both_are_in_the_ledger(open_one: storage.Storage) -> None:
    outages = outages_of(open_one)
    first = outages.add(Channel.SMTP, at("03-30T20:00"), at("03-30T21:00"), planned=False, note="")
    outages.apply(TOUCHED, "m.medewerker")
    second = outages.add(Channel.SMTP, at("03-31T20:00"), at("03-31T21:00"), planned=False, note="")
    with pytest.raises(Refused):
        outages.dismiss(TOUCHED, " ", "m.medewerker")
    assert outages.dismiss(TOUCHED, "het was geen storing", "t.leider").last_day == date(2026, 3, 31)
    assert outages.proposals() == ()
    events = [e for e in open_one.queries.timeline(TOUCHED) if e.name == EventName.OUTAGE_ANSWERED]
    assert [(e.content["storingen"], e.content["tot"], e.content["medewerker"]) for e in events] == [
        ([first.id], "2026-03-31", "m.medewerker"),
        ([second.id], None, "t.leider"),
    ]
    (more,) = [e for e in open_one.queries.timeline(TOUCHED) if e.name == EventName.REQUEST_EXTENDED]
    assert "art. 2:21 lid 3 Awb" in more.content["reden"]


def test_while_an_outage_lasts_there_is_nothing_to_apply_and_nobody_is_late(open_one: storage.Storage) -> None:
    outages = outages_of(open_one)
    lasting = outages.add(Channel.SMTP, at("03-30T20:00"), None, planned=False, note="")
    assert outages.proposal(TOUCHED).later is None
    assert open_one.closing.lapse() == ()
    with pytest.raises(Refused):
        outages.apply(TOUCHED, "m.medewerker")
    outages.end(lasting.id, at("03-31T11:00"))
    assert outages.proposal(TOUCHED).later.day == date(2026, 3, 31)


def test_a_lapsed_request_is_open_again_when_an_outage_turns_out_later(open_one: storage.Storage) -> None:
    assert open_one.closing.lapse() == (TOUCHED,)
    outages = outages_of(open_one)
    outages.add(Channel.PORTAL, at("03-30T10:00"), at("03-30T12:00"), planned=False, note="")
    assert outages.apply(TOUCHED, "m.medewerker").status is RequestStatus.OPEN


@pytest.mark.parametrize(
    ("channel", "start", "end"),
    [
        (Channel.POST, "03-30T10:00", "03-30T12:00"),
        (Channel.SMTP, "03-28T10:00", "03-28T12:00"),
        (Channel.SMTP, "03-31T00:00", "03-31T02:00"),
    ],
)
def test_an_outage_that_does_not_touch_the_end_gives_nothing_back(
    open_one: storage.Storage, channel: Channel, start: str, end: str
) -> None:
    outages = outages_of(open_one)
    outages.add(channel, at(start), at(end), planned=False, note="")
    assert outages.proposals() == ()
    with pytest.raises(Refused):
        outages.apply(TOUCHED, "m.medewerker")
    assert open_one.closing.lapse() == (TOUCHED,)


@pytest.mark.parametrize(
    ("tampering", "seen"),
    [
        ("UPDATE outage_answer SET reason = 'iets anders'", "it is not what entry"),
        ("DELETE FROM outage_answer", "is gone: entry"),
        (
            (
                "INSERT INTO outage_answer (request_id, outages, was, officer, reason, answered_at)"
                " SELECT request_id, outages, was, officer, reason, answered_at FROM outage_answer"
            ),
            "no entry says it",
        ),
    ],
)
def test_an_answer_that_is_not_what_the_log_says_is_found(open_one: storage.Storage, tampering: str, seen: str) -> None:
    outages = outages_of(open_one)
    outages.add(Channel.SMTP, at("03-30T20:00"), at("03-30T21:00"), planned=False, note="")
    outages.dismiss(TOUCHED, "het was geen storing", "t.leider")
    with open_one.database.read() as session:
        assert list(problems(session)) == []
    with open_one.database.write_rows() as connection:
        connection.exec_driver_sql(tampering)
    with open_one.database.read() as session:
        (problem,) = problems(session)
    assert seen in str(problem)


# ---- measured ------------------------------------------------------------------------------------


def test_a_channel_that_works_is_no_outage(kept: storage.Storage) -> None:
    outages = outages_of(kept)
    for minutes in range(0, 60, 4):
        assert outages.seen(Channel.SMTP, storage.NOON + timedelta(minutes=minutes), works=True, gap=GAP) is None
    assert outages.list() == ()


def test_a_gap_that_nobody_looked_at_is_found_after_a_restart(kept: storage.Storage) -> None:
    outages = outages_of(kept)
    outages.seen(Channel.SMTP, storage.NOON, works=True, gap=GAP)
    back = storage.NOON + timedelta(hours=3)
    found = outages.seen(Channel.SMTP, back, works=True, gap=GAP)
    assert (found.started_at, found.ended_at, found.planned) == (storage.NOON, back, False)
    assert outages.seen(Channel.SMTP, back + timedelta(minutes=1), works=True, gap=GAP) is None
    assert outages.list() == (found,)


def test_an_outage_begins_when_the_channel_was_last_seen_working_and_ends_when_it_is_again(
    kept: storage.Storage,
) -> None:
    outages = outages_of(kept)
    outages.seen(Channel.PORTAL, storage.NOON, works=True, gap=GAP)
    assert outages.seen(Channel.PORTAL, storage.NOON + timedelta(minutes=4), works=False, gap=GAP) is None
    begun = outages.seen(Channel.PORTAL, storage.NOON + timedelta(minutes=6), works=False, gap=GAP)
    assert (begun.started_at, begun.ended_at) == (storage.NOON, None)
    assert outages.seen(Channel.PORTAL, storage.NOON + timedelta(minutes=8), works=False, gap=GAP) is None
    ended = outages.seen(Channel.PORTAL, storage.NOON + timedelta(minutes=10), works=True, gap=GAP)
    assert (ended.id, ended.ended_at) == (begun.id, storage.NOON + timedelta(minutes=10))
    told = [e.content["tot"] for e in kept.queries.timeline(f"storing-{begun.id}")]
    assert told == [None, "2026-11-02T12:10:00.000000Z"]


def test_a_channel_that_was_never_seen_working_is_not_watched(kept: storage.Storage) -> None:
    outages = outages_of(kept)
    for hours in range(3):
        assert outages.seen(Channel.SMTP, storage.NOON + timedelta(hours=hours), works=False, gap=GAP) is None


def test_who_ended_an_outage_by_hand_is_not_contradicted(kept: storage.Storage) -> None:
    outages = outages_of(kept)
    outages.seen(Channel.SMTP, storage.NOON, works=True, gap=GAP)
    begun = outages.seen(Channel.SMTP, storage.NOON + timedelta(hours=1), works=False, gap=GAP)
    outages.end(begun.id, storage.NOON + timedelta(minutes=90))
    assert outages.seen(Channel.SMTP, storage.NOON + timedelta(hours=2), works=True, gap=GAP) is None
    assert outages.list()[0].ended_at == storage.NOON + timedelta(minutes=90)


# ---- seen from outside ---------------------------------------------------------------------------


def listener_at(port: int) -> Listener:
    return Listener(f"0.0.0.0:{port}", storage.ADDRESS, storage.ADDRESS, starttls=False, proxied=False)


def test_the_listener_is_tried_as_a_sender_would_and_a_message_of_our_own_is_registered(
    kept: storage.Storage,
) -> None:
    with listening(kept.store) as door:
        try_listener(listener_at(door.port))
        assert kept.queries.sums()["ontvangen"] == 0, "trying the door brings nothing in"
        try_listener(listener_at(door.port), synthetic(listener_at(door.port)))
        assert kept.queries.sums()["ontvangen"] == 1


def test_a_listener_that_takes_nobody_in_does_not_work(kept: storage.Storage) -> None:
    elsewhere = settings(addresses=("elders@intake.example",))
    with listening(kept.store, elsewhere) as door, pytest.raises(OSError, match="the listener says 550"):
        try_listener(listener_at(door.port))


def test_a_message_of_our_own_says_that_it_is_automatic() -> None:
    assert b"Auto-Submitted: auto-generated\r\n" in synthetic(listener_at(25))


def test_a_look_registers_the_channel_that_does_not_answer(kept: storage.Storage) -> None:
    outages = outages_of(kept)
    told: list[str] = []

    def look(smtp_port: int) -> None:
        portal = f"127.0.0.1:{free_port()}"
        Watch(outages, kept.clock, listener_at(smtp_port), portal, GAP).look(lambda event, _: told.append(event))

    with listening(kept.store) as door:
        look(door.port)
    assert told == ["channel_not_reached"], "the portal"
    kept.clock.forward(minutes=6)
    told.clear()
    look(free_port())
    assert told == ["channel_not_reached", "outage_measured", "channel_not_reached"]
    (outage,) = outages.list()
    assert (outage.channel, outage.started_at, outage.ended_at) == ("smtp", storage.NOON, None)


def test_the_portal_works_as_long_as_it_can_take_something_in(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        try_portal(gateway.url.removeprefix("http://"))
    with pytest.raises(OSError, match=r"."):
        try_portal(gateway.url.removeprefix("http://"))


# ---- announced -----------------------------------------------------------------------------------


def test_what_lasts_and_what_is_planned_soon_is_announced(kept: storage.Storage) -> None:
    outages = outages_of(kept)
    hour = timedelta(hours=1)
    lasts = outages.add(Channel.SMTP, storage.NOON - hour, None, planned=False, note="")
    soon = outages.add(Channel.PORTAL, storage.NOON + hour, storage.NOON + 2 * hour, planned=True, note="")
    outages.add(Channel.PORTAL, storage.NOON - 2 * hour, storage.NOON - hour, planned=True, note="")
    outages.add(Channel.PORTAL, storage.NOON + timedelta(days=15), None, planned=True, note="")
    assert outages.announced() == (lasts, soon)


def test_a_letter_tells_what_will_not_work_soon(tmp_path: Path) -> None:
    with storage.built(tmp_path / "data") as house:
        now = house.ports.clock.now()
        house.desk.outages.add(
            Channel.PORTAL, now + timedelta(days=2), now + timedelta(days=2, hours=1), planned=True, note=""
        )
        to = storage.open_request(house.desk.requests).mailadres
        storage.hand_in_mail(house, storage.message(to, {}), to)
        storage.walk_on(house)
        storage.send_letters(house)
    (letter,) = (tmp_path / "data" / "outbox").glob("*.eml")
    told = message_from_bytes(letter.read_bytes(), policy=default).get_body(("plain",)).get_content()
    assert "Gepland onderhoud: de site werkt niet van" in " ".join(told.split())


def test_pages_and_api_tell_of_outages_and_a_person_answers_on_the_page(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        desk = gateway.house.desk
        now = desk.clock.now()
        desk.outages.add(Channel.SMTP, now - timedelta(hours=1), now + timedelta(hours=1), planned=True, note="")
        page = httpx2.get(f"{gateway.url}/", headers={"accept-language": "nl"}).text
        assert "Storing of onderhoud: e-mail werkt niet van" in page
        assert "Storing of onderhoud: e-mail werkt niet van" in httpx2.get(f"{gateway.url}/storingen").text
        token = {"authorization": f"Bearer {gateway.token(Scope.READ_REQUESTS)}"}
        (told,) = httpx2.get(f"{gateway.url}/api/v1/storingen", headers=token).json()
        assert (told["kanaal"], told["gepland"]) == ("smtp", True)


# ---- the commands --------------------------------------------------------------------------------


def test_the_commands_show_apply_and_dismiss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERSTELPOST_OFFICER", "m.medewerker")
    config = tmp_path / "h.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n')

    def said(*arguments: str) -> object:
        assert cli.run(["--config", str(config), *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    with storage.built(tmp_path / "data") as house:
        storage.open_request(house.desk.requests, **LETTER)
    times = ("--from", "2026-03-30T20:00+02:00", "--until", "2026-03-31T02:00+02:00")
    said("outage", "add", "--channel", "portaal", *times)
    (proposal,) = said("outage", "proposals", "--json")
    assert (proposal["kenmerk"], proposal["laatsteDag"]) == (TOUCHED, "2026-03-31")
    assert said("request", "why-date", TOUCHED, "--json")["storing"]["laatsteDag"] == "2026-03-31"
    assert said("outage", "apply", "--all") == {TOUCHED: "2026-03-31"}
    assert said("outage", "proposals", "--json") == []
    assert cli.run(["--config", str(config), "outage", "dismiss", TOUCHED, "--reason", "x"]) == 1
    assert cli.run(["--config", str(config), "outage", "apply"]) == 1
