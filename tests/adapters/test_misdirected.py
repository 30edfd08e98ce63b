"""What came late or by the wrong way: a person decides; the sender is told, and what it costs is shown."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gateway.core.model import Arrival, Envelope
from gateway.core.words import Channel, EventName, ItemStatus, Outcome, Reason, Status
from gateway.people import Scope, StaffRole
from tests.adapters.test_pages import hidden
from tests.support.browsing import SECONDS, api, staff_client, submit
from tests.support.house import Running, pdf, running

LATE = {"verzondenOp": "2026-03-02", "termijn": {"aantal": 2, "eenheid": "weken"}}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("misdirected"), clamd_socket) as made:
        made.account("j.jansen", StaffRole.CASEWORKER)
        yield made


@pytest.fixture
def staff(gateway: Running) -> Iterator[httpx2.Client]:
    with staff_client(gateway, "j.jansen") as client:
        yield client


def late(gateway: Running) -> tuple[str, str]:
    """A request whose last day is over, and a submission that came after it."""
    request = gateway.open_request(reference=f"HV-{next(_numbers)}", **LATE)
    with api(gateway, *Scope, name=request.kenmerk) as client:
        number = submit(client, request, ("1", "paspoort.pdf", pdf(note=request.kenmerk)))
    assert gateway.house.desk.queries.submission(number).redenen == (Reason.LATE,)
    return request.kenmerk, number


def mail(gateway: Running, text: str, to: str = "") -> str:
    desk = gateway.house.desk
    spool = desk.store.spool()
    spool.write(
        b"From: B <b@example.net>\r\nSubject: vraag\r\n"
        + f"Message-ID: <{next(_numbers)}@example.net>\r\n\r\n{text}\r\n".encode()
    )
    to = to or desk.settings.smtp.addresses[0]
    envelope = Envelope(mail_from="b@example.net", recipients=(to,), peer="192.0.2.7")
    arrival = Arrival(Channel.SMTP, desk.clock.now(), (spool.keep(),), f"smtp:{next(_numbers)}", envelope)
    number = desk.store.accept(arrival).number
    desk.wake()
    desk.settle(number, SECONDS)
    assert desk.queries.submission(number).status is Status.HELD
    return number


def post(staff: httpx2.Client, number: str, act: str, **fields: str) -> httpx2.Response:
    page = f"/medewerker/inzendingen/{number}"
    return staff.post(f"{page}/{act}", data={"csrf": hidden(staff.get(page).text, "csrf")} | fields)


def letter(gateway: Running, number: str) -> str:
    """The subject of the last letter about a submission."""
    sha256 = gateway.house.desk.queries.letters(number)[-1][2]
    found = re.search(rb"^Subject: (.*)", gateway.house.desk.blobs.path(sha256).read_bytes(), re.MULTILINE)
    assert found
    return found[1].decode()


def acted(gateway: Running, number: str) -> dict[str, object]:
    events = [e for e in gateway.house.desk.queries.timeline(number) if e.name == EventName.PERSON_ACTED]
    assert events[-1].content is not None
    return events[-1].content


def test_what_came_late_counts_when_a_person_says_so_with_a_reason(gateway: Running, staff: httpx2.Client) -> None:
    """P10; Awb 2:21."""
    reference, number = late(gateway)
    assert post(staff, number, "te-laat", telt="mee").status_code == 400
    assert post(staff, number, "te-laat", telt="mee", waarom="De post was traag.").status_code == 303
    assert gateway.house.desk.queries.submission(number).besluit is Outcome.ACCEPTED
    assert gateway.house.desk.queries.request(reference).stukken[0].status is ItemStatus.RECEIVED
    assert acted(gateway, number)["toelichting"] == "De post was traag."
    assert "De post was traag." in staff.get(f"/medewerker/inzendingen/{number}").text


def test_what_came_late_does_not_count_when_a_person_says_so_and_the_sender_is_told(
    gateway: Running, staff: httpx2.Client
) -> None:
    _, number = late(gateway)
    post(staff, number, "te-laat", telt="niet", waarom="Er is al beslist.")
    view = gateway.house.desk.queries.submission(number)
    assert (view.besluit, view.redenen) == (Outcome.REFUSED, (Reason.LATE,))
    why = gateway.house.desk.queries.why(number)
    assert why.detail == "door j.jansen: Er is al beslist."


def test_the_right_way_is_pointed_out_and_what_that_costs_is_shown_and_given(
    gateway: Running, staff: httpx2.Client
) -> None:
    """R18; Awb 2:16 lid 1 and 2:23: at least a working day."""
    request = gateway.open_request(reference=f"HV-{next(_numbers)}")
    number = mail(gateway, "Hier is een link naar mijn stukken.", request.mailadres)
    page = staff.get(f"/medewerker/inzendingen/{number}").text
    assert "art. 2:23 Awb" in page
    later = gateway.house.desk.requests.after_redirection(
        request.kenmerk, gateway.house.desk.store.load(number).arrival.received_at
    )
    assert later.day > request.laatsteDag
    post(staff, number, "doorwijzen", wat="wijzen", verlengen="1")
    assert gateway.house.desk.queries.submission(number).besluit is Outcome.REDIRECTED
    assert gateway.house.desk.queries.request(request.kenmerk).laatsteDag == later.day


def test_what_is_for_another_body_is_forwarded_and_the_sender_hears_to_whom(
    gateway: Running, staff: httpx2.Client
) -> None:
    """R20; Awb 2:3 lid 1."""
    number = mail(gateway, "Mijn afval is niet opgehaald.")
    without = post(staff, number, "doorwijzen", wat="doorsturen")
    assert without.status_code == 400
    assert "aan welke organisatie" in without.text
    post(staff, number, "doorwijzen", wat="doorsturen", organisatie="de gemeente Voorbeeldstad")
    why = gateway.house.desk.queries.why(number)
    assert (why.ground, why.detail) == ("art. 2:3 lid 1 Awb", "aan de gemeente Voorbeeldstad door j.jansen")
    assert acted(gateway, number)["organisatie"] == "de gemeente Voorbeeldstad"
    assert letter(gateway, number).startswith("Doorgestuurd: uw bericht / Forwarded: your message")


def test_what_is_for_nobody_we_know_is_returned_with_a_notice(gateway: Running, staff: httpx2.Client) -> None:
    """Awb 2:3 lid 2."""
    number = mail(gateway, "Wie wint de loterij?")
    post(staff, number, "doorwijzen", wat="terugsturen", organisatie="niemand")
    why = gateway.house.desk.queries.why(number)
    assert (why.outcome, why.ground) == (Outcome.REDIRECTED, "art. 2:3 lid 2 Awb")
    assert letter(gateway, number).startswith("Niet voor ons: uw bericht / Not for us: your message")


def test_an_unknown_word_does_nothing(gateway: Running, staff: httpx2.Client) -> None:
    number = mail(gateway, "Wat nu?")
    assert post(staff, number, "doorwijzen", wat="verbranden").status_code == 400
    assert gateway.house.desk.queries.submission(number).status is Status.HELD
