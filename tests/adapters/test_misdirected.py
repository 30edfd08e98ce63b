"""What came late, by the wrong way, or is no answer: a person decides, and the sender is told what it costs."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import httpx2
import pytest

from gateway.core import terms
from gateway.core.facts import Act, ActKind
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
    return str(message(gateway, number)["Subject"])


def message(gateway: Running, number: str) -> EmailMessage:
    """The last letter about a submission."""
    sha256 = gateway.house.desk.queries.letters(number)[-1][2]
    content = gateway.house.desk.blobs.path(sha256).read_bytes()
    return BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(content)


def words(gateway: Running, number: str) -> str:
    """What the last letter says, on one line."""
    body = message(gateway, number).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def decided(gateway: Running, number: str) -> dict[str, object]:
    events = [e for e in gateway.house.desk.queries.timeline(number) if e.name == EventName.DECIDED]
    assert events[-1].content is not None
    return events[-1].content


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


OBJECTS = "Hierbij maak ik bezwaar tegen uw besluit."


def test_an_objection_is_held_confirmed_and_shown_with_what_the_law_asks(
    gateway: Running, staff: httpx2.Client
) -> None:
    """R17, R41; Awb 2:16 lid 1 onder b, 6:14: also to an address that is not designated."""
    number = mail(gateway, OBJECTS, "info@intake.example")
    why = gateway.house.desk.queries.why(number)
    assert (why.rule, why.ground) == ("other_business", "art. 6:14 en art. 6:15 Awb")
    assert why.detail == f"bezwaar: “{OBJECTS}”"
    page = staff.get(f"/medewerker/inzendingen/{number}").text
    assert "Dit lijkt een bezwaar of beroep." in page
    assert OBJECTS in page
    assert "art. 6:15 Awb" in page
    assert "Wijs de goede weg" not in page
    told = words(gateway, number)
    assert "Uw bericht lijkt ook iets anders te zijn: een bezwaar of beroep. Een medewerker leest het" in told
    assert "Het moment van ontvangst hieronder blijft gelden" in told
    assert "Niet gevraagd" not in told


def test_an_upload_that_is_an_objection_waits_for_a_person_too(gateway: Running, staff: httpx2.Client) -> None:
    request = gateway.open_request(reference=f"HV-{next(_numbers)}")
    with api(gateway, *Scope, name=request.kenmerk) as client:
        number = submit(client, request, ("stuk", "Bezwaarschrift.pdf", pdf(note=request.kenmerk)))
    assert gateway.house.desk.queries.why(number).detail == "bezwaar: “Bezwaarschrift”"
    assert gateway.house.desk.queries.submission(number).status is Status.HELD
    assert "Behandelen en doorgeven" in staff.get(f"/medewerker/inzendingen/{number}").text


def test_treated_as_good_the_sender_reads_from_which_moment_and_the_first_one_stays(
    gateway: Running, staff: httpx2.Client
) -> None:
    """R19; Awb 2:24: the notice tells the moment of passing it on, in the same transaction."""
    number = mail(gateway, OBJECTS)
    received = gateway.house.desk.queries.submission(number).ontvangenOp
    assert post(staff, number, "doorgeven", aard="bezwaar").status_code == 400
    assert post(staff, number, "doorgeven", aard="onzin", team="Team bezwaar").status_code == 400
    assert post(staff, number, "doorgeven", aard="bezwaar", team="Team bezwaar").status_code == 303
    view = gateway.house.desk.queries.submission(number)
    assert (view.status, view.besluit, view.ontvangenOp) == (Status.DONE, Outcome.REGISTERED, received)
    assert (acted(gateway, number)["aard"], acted(gateway, number)["organisatie"]) == ("bezwaar", "Team bezwaar")
    event = decided(gateway, number)
    passed_on = datetime.fromisoformat(str(event["doorgeleidOp"]))
    noted = next(e.at for e in gateway.house.desk.queries.timeline(number) if e.content == event)
    sent = datetime.strptime(str(message(gateway, number)["Date"]), "%a, %d %b %Y %H:%M:%S %z")
    assert abs(noted - passed_on) < timedelta(minutes=1)
    assert abs(sent - passed_on) < timedelta(minutes=1)
    told = words(gateway, number)
    local = passed_on.astimezone(terms.AMSTERDAM)
    moment = f"{terms.day_in_words(local.date(), 'nl')} om {local:%H:%M} uur"
    assert f"Wij behandelen uw bericht als een bezwaar of beroep. Op {moment} hebben wij het doorgegeven" in told
    assert f"Dan begint die op {moment} (art. 2:24 Awb)." in told


def test_what_is_assigned_from_a_wrong_address_tells_from_when_too(gateway: Running, staff: httpx2.Client) -> None:
    """Awb 2:16 lid 1 onder a, 2:24."""
    request = gateway.open_request(reference=f"HV-{next(_numbers)}")
    desk = gateway.house.desk
    number = mail(gateway, "Dit is een klacht over uw dienst.", "info@intake.example")
    assert "doorgeleidOp" not in decided(gateway, number)
    post(staff, number, "vrijgeven")
    assert desk.queries.submission(number).besluit is Outcome.REDIRECTED
    desk.store.act(number, Act(ActKind.ASSIGN, "j.jansen", request=request.kenmerk))
    desk.wake()
    desk.settle(number, SECONDS)
    assert "doorgeleidOp" in decided(gateway, number)
    assert "Wij behandelen het toch (art. 2:16 lid 1 Awb)" in words(gateway, number)


def test_a_forwarded_objection_keeps_its_day_and_the_sender_reads_so(gateway: Running, staff: httpx2.Client) -> None:
    """Awb 6:15 lid 1 and 3."""
    number = mail(gateway, OBJECTS)
    post(staff, number, "doorwijzen", wat="doorsturen", organisatie="de rechtbank")
    assert gateway.house.desk.queries.why(number).ground == "art. 6:15 lid 1 Awb"
    assert "Dan telt de dag waarop wij het ontvingen (art. 6:15 lid 3 Awb)" in words(gateway, number)


def test_an_unknown_word_does_nothing(gateway: Running, staff: httpx2.Client) -> None:
    number = mail(gateway, "Wat nu?")
    assert post(staff, number, "doorwijzen", wat="verbranden").status_code == 400
    assert gateway.house.desk.queries.submission(number).status is Status.HELD


def test_p10_a_person_takes_the_text_of_a_mail_as_the_statement_about_an_item(
    gateway: Running, staff: httpx2.Client
) -> None:
    request = gateway.open_request(reference=f"HV-{next(_numbers)}")
    number = mail(gateway, "Ik kan de geboorteakte niet krijgen.", to=request.mailadres)
    page = staff.get(f"/medewerker/inzendingen/{number}").text
    assert "Is de verklaring bij stuk" in page
    assert "De tekst van de e-mail, met wat de afzender vraagt of uitlegt" in page
    (text,) = gateway.house.desk.queries.submission(number).stukken
    chosen = {"sha256": text.sha256, "stuk": f"{request.kenmerk}:3"}
    assert post(staff, number, "kiezen", **chosen).status_code == 303
    assert gateway.house.desk.queries.request(request.kenmerk).stukken[2].status is ItemStatus.STATEMENT
