"""Who signed in, who tried, who saw what, when the configuration changed: each is in the log, no flood fills it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from config.settings import parse
from gateway import cli
from gateway.core.words import EventName
from gateway.lifecycle import Lifecycle
from gateway.people import StaffRole
from tests.adapters.test_pages import client, sign_in, sign_in_staff
from tests.support import storage
from tests.support.browsing import api, submit
from tests.support.house import Running, pdf, running


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("access")) as gateway:
        gateway.account("behandelaar", StaffRole.CASEWORKER)
        gateway.account("auditor", StaffRole.AUDITOR)
        yield gateway


@pytest.fixture
def person(portal: Running) -> Iterator[httpx2.Client]:
    with client(portal) as made:
        yield made


def told(portal: Running, subject: str, name: EventName) -> list[dict[str, Any]]:
    return [e.content or {} for e in portal.house.desk.queries.timeline(subject) if e.name == name]


def views(portal: Running, subject: str) -> list[tuple[Any, ...]]:
    keys = ("medewerker", "rol", "wat", "herkomst")
    return [tuple(e.get(key) for key in keys) for e in told(portal, subject, EventName.CONTENT_ACCESS)]


def test_signing_in_is_an_entry_with_who_in_what_role_from_where(portal: Running, person: httpx2.Client) -> None:
    request = portal.open_request(reference="HV-1")
    sign_in(person, request.kenmerk, request.toegangscode)
    sign_in_staff(person, "auditor")
    (party,), (staff,) = (told(portal, subject, EventName.SIGNED_IN) for subject in ("HV-1", "auditor"))
    assert (party["verzoek"], party["rol"], party["herkomst"]) == ("HV-1", "indiener", "127.0.0.1")
    assert (staff["medewerker"], staff["rol"], staff["herkomst"]) == ("auditor", "auditor", "127.0.0.1")


def test_every_view_is_an_entry_and_seeing_it_again_at_once_is_the_same_view(portal: Running) -> None:
    request = portal.open_request(reference="HV-2")
    with api(portal, name="zaaksysteem") as machine:
        number = submit(machine, request, ("1", "pas.pdf", pdf(note="2")))
        for path in (f"/inzendingen/{number}", "/verzoeken/HV-2", "/verzoeken/HV-2/gesprekken", "/verzoeken/HV-2"):
            assert machine.get(path).status_code == 200
    with client(portal) as submitter:
        sign_in(submitter, request.kenmerk, request.toegangscode)
        for _ in range(3):
            assert submitter.get("/verzoek").status_code == 200
            assert submitter.get(f"/inzending/{number}").status_code == 200
    for name, path in (("behandelaar", "/medewerker"), ("auditor", "/auditor")):
        with client(portal) as staff:
            sign_in_staff(staff, name)
            for page in (f"{path}/verzoeken/HV-2", f"{path}/inzendingen/{number}", f"{path}/verzoeken/HV-2"):
                assert staff.get(page).status_code == 200
    here = "127.0.0.1"
    assert views(portal, "HV-2") == [
        ("zaaksysteem", "token", "verzoek", here),
        ("zaaksysteem", "token", "gesprekken", here),
        (None, "indiener", "verzoek", here),
        ("behandelaar", "behandelaar", "verzoek", here),
        ("auditor", "auditor", "tijdlijn", here),
    ]
    assert views(portal, number) == [
        ("zaaksysteem", "token", "inzending", here),
        (None, "indiener", "ontvangstpagina", here),
        ("behandelaar", "behandelaar", "inzending", here),
        ("auditor", "auditor", "tijdlijn", here),
    ]
    assert portal.house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


def test_who_looks_on_the_command_line_is_in_the_log_too_and_what_is_not_there_is_no_view(
    portal: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = portal.open_request(reference="HV-4")
    with api(portal, name="loket") as machine:
        number = submit(machine, request, ("1", "pas.pdf", pdf(note="4")))
    config = tmp_path / "herstelpost.toml"
    config.write_text(f'data_dir = "{portal.house.settings.data_dir}"', encoding="utf-8")
    monkeypatch.setenv("HERSTELPOST_OFFICER", "b.beheer")
    monkeypatch.setattr("socket.gethostname", lambda: "bastion")
    here = ("b.beheer", "opdrachtregel")
    for words in (
        ["submission", "show", number.lower()],
        ["submission", "why", number, "--json"],
        ["request", "show", "HV-4"],
        ["ledger", "timeline", "HV-4"],
    ):
        assert cli.run(["--config", str(config), *words]) == 0
        assert capsys.readouterr().out
    for words in (["submission", "show", "26-0000-0000-0000"], ["request", "show", "HV-0"]):
        assert cli.run(["--config", str(config), *words]) == 1
    assert views(portal, number) == [(*here, "inzending", "bastion")]
    assert views(portal, "HV-4") == [(*here, "verzoek", "bastion"), (*here, "tijdlijn", "bastion")]
    assert [views(portal, subject) for subject in ("26-0000-0000-0000", "HV-0")] == [[], []]
    assert portal.house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


def test_a_view_after_a_while_is_another_view(kept: storage.Storage) -> None:
    seen = {"officer": "b.behandelaar", "role": "behandelaar", "origin": "192.0.2.1", "minutes": 15}
    for minutes in (0, 14, 2, 1):
        kept.clock.forward(minutes=minutes)
        kept.store.note_view("HV-3", "verzoek", **seen)
    kept.store.note_view("HV-3", "verzoek", **seen | {"officer": "een.ander"})
    at = [event.content["medewerker"] for event in kept.queries.timeline("HV-3") if event.content]
    assert at == ["b.behandelaar", "b.behandelaar", "een.ander"]


def test_a_flood_of_failures_is_one_entry_that_counts_them_and_names_nobody_unknown(kept: storage.Storage) -> None:
    storage.open_request(kept.requests)
    kept.people.add_account("B.Behandelaar", StaffRole.CASEWORKER, "een lang wachtwoord")
    for n in range(60):
        for subject in (f"medewerker:mijn wachtwoord {n}", "adres:192.0.2.1"):
            kept.people.failed(subject)
    for subject in ("medewerker:b.behandelaar", f"verzoek:{storage.REFERENCE.lower()}", "adres:192.0.2.2"):
        kept.people.failed(subject)
    assert kept.people.note_failures(15) == 0, "they still count against somebody"
    kept.clock.forward(minutes=16)
    assert kept.people.note_failures(15) == 62
    assert kept.people.note_failures(15) == 0
    (event,) = [event.content for event in kept.queries.timeline("inloggen")]
    assert event is not None
    assert (event["pogingen"], event["anders"], event["adressen"]) == (62, 60, 2)
    assert event["op"] == [{"naam": "B.Behandelaar", "pogingen": 1}, {"naam": storage.REFERENCE, "pogingen": 1}]
    assert "wachtwoord" not in str(event)


def test_a_change_of_the_configuration_is_an_entry_without_its_values(kept: storage.Storage, tmp_path: Path) -> None:
    def start(**tables: Any) -> None:
        settings = parse({"data_dir": str(tmp_path), **tables}, "test")
        Lifecycle(kept.database, kept.ledger, kept.clock, settings).started({"smtp"})

    start()
    start()
    start(portal={"organisation": "Geheime Dienst"}, work={"workers": 3})
    events = [(event.name, event.content or {}) for event in kept.queries.timeline("gateway")]
    assert [name for name, _ in events].count(EventName.GATEWAY_STARTED) == 3
    changes = [content["gewijzigd"] for name, content in events if name == EventName.CONFIGURATION_CHANGED]
    assert {"calendar", "conditions"} <= set(changes[0])
    assert changes[1:] == [["portal", "work"]]
    assert "Geheime" not in str(events)
