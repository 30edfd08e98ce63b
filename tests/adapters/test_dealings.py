"""More time and telephone calls: a person decides and writes down, everybody is told, nothing of before is lost."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from gateway.core.errors import Refused, WrongState
from gateway.core.model import Answer, Arrival, Envelope
from gateway.core.words import Channel, EventName, Reason, RequestStatus, Status
from gateway.dealings import Way
from gateway.people import StaffRole
from gateway.schema import VerzoekNieuw
from tests.adapters.test_pages import hidden, signed_in
from tests.support.browsing import SECONDS, staff_client
from tests.support.house import Running, pdf, running

QUEUE = "/medewerker/uitstel"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("dealings"), clamd_socket) as made:
        made.account("j.jansen", StaffRole.CASEWORKER)
        yield made


@pytest.fixture(autouse=True)
def _all_of_it_agrees_with_the_log(gateway: Running) -> Iterator[None]:
    """Whatever a test did here, the check of everything finds nothing wrong with it."""
    yield
    assert gateway.house.desk.audit(False).problems == ()  # noqa: FBT003  # the desk's callable


@pytest.fixture
def staff(gateway: Running) -> Iterator[httpx2.Client]:
    with staff_client(gateway, "j.jansen") as client:
        yield client


@pytest.fixture
def person(gateway: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, timeout=SECONDS) as client:
        yield client


@pytest.fixture
def request_(gateway: Running) -> VerzoekNieuw:
    return gateway.open_request(reference=f"HV-{next(_numbers)}")


def events(gateway: Running, reference: str) -> list[str]:
    return [event.name for event in gateway.house.desk.queries.timeline(reference)]


def told(gateway: Running, reference: str) -> list[str]:
    """The titles of what the people of a request find in the portal."""
    gateway.house.desk.correspondence.write()
    return [message.title for message in gateway.house.desk.correspondence.messages(reference)]


def answer(staff: httpx2.Client, key: object, besluit: str, tot: object = "", reden: str = "") -> httpx2.Response:
    csrf = hidden(staff.get(QUEUE).text, "csrf")
    data = {"csrf": csrf, "vraag": str(key), "besluit": besluit, "tot": str(tot), "reden": reden}
    return staff.post(QUEUE, data=data)


def mail(gateway: Running, request: VerzoekNieuw, text: str) -> str:
    """A mail to the secret address of the request, with a document; returns its number."""
    desk = gateway.house.desk
    spool = desk.store.spool()
    spool.write(
        (
            f"From: A <a.voorbeeld@example.org>\r\nTo: {request.mailadres}\r\nSubject: documenten\r\n"
            f"Message-ID: <{next(_numbers)}@example.org>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n"
        ).encode()
    )
    envelope = Envelope(mail_from="a.voorbeeld@example.org", recipients=(request.mailadres,), peer="192.0.2.7")
    arrival = Arrival(Channel.SMTP, desk.clock.now(), (spool.keep(),), f"smtp:{next(_numbers)}", envelope)
    number = desk.store.accept(arrival).number
    desk.wake()
    desk.settle(number, SECONDS)
    return number


def test_asked_in_the_portal_and_given_by_a_person_everybody_is_told_and_the_old_day_is_kept(
    gateway: Running, staff: httpx2.Client, person: httpx2.Client, request_: VerzoekNieuw
) -> None:
    csrf = signed_in(person, request_)
    person.post("/verzoek/uitstel", data={"csrf": csrf, "reden": "Het consulaat is dicht."})
    assert "U vroeg om meer tijd op" in person.get("/verzoek").text
    (question,) = gateway.house.desk.dealings.questions(request_.kenmerk)
    assert "Het consulaat is dicht." in staff.get(QUEUE).text
    until = request_.laatsteDag + timedelta(days=14)
    assert answer(staff, question.id, "geven", until, "Het consulaat gaat weer open.").status_code == 303
    assert gateway.house.desk.queries.request(request_.kenmerk).laatsteDag == until
    extended = next(
        e for e in gateway.house.desk.queries.timeline(request_.kenmerk) if e.name == EventName.REQUEST_EXTENDED
    )
    assert extended.content is not None
    assert (extended.content["van"], extended.content["gevraagd"]) == (request_.laatsteDag.isoformat(), "portaal")
    assert told(gateway, request_.kenmerk) == ["U krijgt meer tijd"]
    assert question.id not in {q.id for q in gateway.house.desk.dealings.waiting()}


def test_refusing_needs_a_reason_leaves_the_last_day_and_tells_everybody(
    gateway: Running, staff: httpx2.Client, request_: VerzoekNieuw
) -> None:
    """P10: no time is refused without a person and a reason."""
    key = gateway.house.desk.dealings.ask(request_.kenmerk, Way.PHONE, "ziek", "A. Voorbeeld", "j.jansen")
    without = answer(staff, key, "weigeren")
    assert without.status_code == 400
    assert "Reden: mag niet leeg zijn" in without.text
    answer(staff, key, "weigeren", reden="U kreeg al twee keer uitstel.")
    (question,) = gateway.house.desk.dealings.questions(request_.kenmerk)
    assert (question.state, question.answer, question.officer) == (
        Answer.REFUSED,
        "U kreeg al twee keer uitstel.",
        "j.jansen",
    )
    assert gateway.house.desk.queries.request(request_.kenmerk).laatsteDag == request_.laatsteDag
    assert EventName.EXTENSION_REFUSED in events(gateway, request_.kenmerk)
    assert told(gateway, request_.kenmerk) == ["U krijgt niet meer tijd"]


def test_mail_that_asks_for_time_stands_in_the_same_list_and_is_let_go_with_the_answer(
    gateway: Running, staff: httpx2.Client, request_: VerzoekNieuw
) -> None:
    number = mail(gateway, request_, "Ik vraag uitstel want mijn moeder ligt in het ziekenhuis.")
    assert Reason.EXTENSION_ASKED in gateway.house.desk.queries.submission(number).redenen
    assert "mijn moeder ligt in het ziekenhuis" in staff.get(QUEUE).text
    until = request_.laatsteDag + timedelta(days=7)
    assert answer(staff, number, "geven", until, "Ziekte.").status_code == 303
    assert gateway.house.desk.queries.submission(number).status is Status.DONE
    assert gateway.house.desk.queries.request(request_.kenmerk).laatsteDag == until
    (question,) = gateway.house.desk.dealings.questions(request_.kenmerk)
    assert question.way is Way.MAIL
    assert number not in staff.get(QUEUE).text
    with pytest.raises(WrongState):
        gateway.house.desk.dealings.answer_mail(number, request_.kenmerk, None, "nee", "j.jansen")


def test_the_page_of_mail_that_asks_for_time_shows_its_text_and_leads_to_the_answer_only(
    gateway: Running, staff: httpx2.Client, person: httpx2.Client, request_: VerzoekNieuw
) -> None:
    """Letting it go by itself would lose the question: it stands in the list as long as the mail is held."""
    number = mail(gateway, request_, "Ik vraag uitstel <b>want</b> ik ben ziek.\r\n\r\n> Wij missen uw akte.")
    page = staff.get(f"/medewerker/inzendingen/{number}").text
    assert "Ik vraag uitstel &lt;b&gt;want&lt;/b&gt; ik ben ziek." in page
    own, _, quoted = page.partition("Het hele bericht, met wat het aanhaalt")
    assert "Wij missen uw akte." not in own
    assert "Wij missen uw akte." in quoted
    assert f'href="{QUEUE}#vraag-{number}"' in page
    assert f"{number}/vrijgeven" not in page
    signed_in(person, request_)
    still_to_come = "Een medewerker beslist daarover"
    assert still_to_come in person.get(f"/inzending/{number}").text
    answer(staff, number, "geven", request_.laatsteDag + timedelta(days=7), "Ziekte.")
    assert still_to_come not in person.get(f"/inzending/{number}").text
    assert f"#vraag-{number}" not in staff.get(f"/medewerker/inzendingen/{number}").text


def test_documents_that_came_late_are_not_let_in_by_refusing_time(gateway: Running, staff: httpx2.Client) -> None:
    """P10: whether they still count is another decision."""
    late = gateway.open_request(
        reference=f"HV-{next(_numbers)}", verzondenOp="2026-03-02", termijn={"aantal": 2, "eenheid": "weken"}
    )
    number = mail(gateway, late, "Graag uitstel, ik heb meer tijd nodig.")
    assert Reason.LATE in gateway.house.desk.queries.submission(number).redenen
    answer(staff, number, "weigeren", reden="De termijn was al voorbij.")
    assert gateway.house.desk.queries.submission(number).status is Status.HELD
    assert number not in staff.get(QUEUE).text


def test_a_day_that_is_not_later_or_no_day_is_told_at_the_question(
    gateway: Running, staff: httpx2.Client, request_: VerzoekNieuw
) -> None:
    key = gateway.house.desk.dealings.ask(request_.kenmerk, Way.PORTAL, "ziek", "")
    for day, word in ((request_.laatsteDag, "niet later dan"), ("morgen", "vul een datum in")):
        refused = answer(staff, key, "geven", day, "ziek")
        assert refused.status_code == 400
        assert word in refused.text
        assert f'href="#tot-{key}"' in refused.text
    assert answer(staff, key, "misschien", "", "x").status_code == 400
    assert gateway.house.desk.dealings.questions(request_.kenmerk)[0].state is Answer.WAITS


def test_asking_twice_is_one_question_and_answering_twice_is_told(
    gateway: Running, staff: httpx2.Client, request_: VerzoekNieuw
) -> None:
    dealings = gateway.house.desk.dealings
    key = dealings.ask(request_.kenmerk, Way.PORTAL, "ziek", "")
    assert dealings.ask(request_.kenmerk, Way.PORTAL, "ziek", "") == key
    dealings.refuse(key, "nee", "j.jansen")
    assert "al beantwoord" in answer(staff, key, "weigeren", reden="nee").text
    assert dealings.ask(request_.kenmerk, Way.PORTAL, "nog steeds ziek", "") != key


def test_of_a_closed_request_nothing_waits_and_nobody_can_ask(gateway: Running, request_: VerzoekNieuw) -> None:
    desk = gateway.house.desk
    key = desk.dealings.ask(request_.kenmerk, Way.PORTAL, "ziek", "")
    desk.requests.close(request_.kenmerk, "ingetrokken", "j.jansen")
    assert key not in {q.id for q in desk.dealings.waiting()}
    with pytest.raises(Refused):
        desk.dealings.ask(request_.kenmerk, Way.PORTAL, "ziek", "")
    with pytest.raises(Refused):
        desk.dealings.grant(key, date(2090, 1, 2), "toch", "j.jansen")


def test_the_portal_asks_why(person: httpx2.Client, request_: VerzoekNieuw) -> None:
    csrf = signed_in(person, request_)
    refused = person.post("/verzoek/uitstel", data={"csrf": csrf, "reden": " "})
    assert refused.status_code == 400
    assert "Schrijf waarom u meer tijd nodig heeft" in refused.text


def test_more_time_that_nobody_asked_for_is_told_too(
    gateway: Running, staff: httpx2.Client, request_: VerzoekNieuw
) -> None:
    path = f"/medewerker/verzoeken/{request_.kenmerk}"
    until = request_.laatsteDag + timedelta(days=7)
    data = {"csrf": hidden(staff.get(path).text, "csrf"), "tot": until.isoformat(), "reden": "storing"}
    assert staff.post(f"{path}/verlengen", data=data).status_code == 303
    assert told(gateway, request_.kenmerk) == ["U krijgt meer tijd"]


def test_a_call_is_kept_with_time_person_and_agreement_and_confirmed(
    gateway: Running, staff: httpx2.Client, request_: VerzoekNieuw
) -> None:
    path = f"/medewerker/verzoeken/{request_.kenmerk}"
    data = {
        "csrf": hidden(staff.get(path).text, "csrf"),
        "wie": "A. Voorbeeld",
        "wanneer": "2026-03-03T10:15",
        "afspraak": "Stuurt de akte volgende week.",
        "uitstel": "1",
    }
    assert staff.post(f"{path}/gesprek", data=data).status_code == 303
    (contact,) = gateway.house.desk.dealings.contacts(request_.kenmerk)
    assert contact.spoken_at == datetime(2026, 3, 3, 9, 15, tzinfo=UTC)
    assert (contact.person, contact.officer) == ("A. Voorbeeld", "j.jansen")
    assert "Stuurt de akte volgende week." in staff.get(path).text
    assert {EventName.CONTACT, EventName.EXTENSION_ASKED} <= set(events(gateway, request_.kenmerk))
    assert told(gateway, request_.kenmerk) == ["Wat wij hebben besproken"]
    assert gateway.house.desk.dealings.questions(request_.kenmerk)[0].way is Way.PHONE


def test_a_call_without_agreement_or_still_to_come_is_not_kept(
    gateway: Running, staff: httpx2.Client, request_: VerzoekNieuw
) -> None:
    path = f"/medewerker/verzoeken/{request_.kenmerk}"
    csrf = hidden(staff.get(path).text, "csrf")
    for changes in ({"afspraak": ""}, {"wie": ""}, {"wanneer": "2126-01-01T10:00"}, {"wanneer": ""}):
        data = {"csrf": csrf, "wie": "A", "wanneer": "2026-03-03T10:15", "afspraak": "x"} | changes
        assert staff.post(f"{path}/gesprek", data=data).status_code == 400
    assert gateway.house.desk.dealings.contacts(request_.kenmerk) == ()


def test_a_statement_written_in_the_form_answers_an_item_that_allows_it(
    gateway: Running, person: httpx2.Client, request_: VerzoekNieuw
) -> None:
    csrf = signed_in(person, request_)
    data = {"csrf": csrf, "verklaring-3": "In Eritrea geeft niemand mij deze akte."}
    sent = person.post("/verzoek", data=data, files=[("1", ("paspoort.pdf", pdf(note="p")))])
    number = sent.headers["location"].rpartition("/")[2].partition("?")[0]
    view = gateway.house.desk.queries.submission(number)
    statement = next(s for s in view.stukken if s.naam == "verklaring-stuk-3.txt")
    assert statement.reden is Reason.STATEMENT
    assert "niemand mij deze akte" in gateway.house.desk.blobs.path(statement.sha256).read_text()
    found = gateway.house.desk.queries.request(request_.kenmerk)
    assert found.status is RequestStatus.OPEN
    assert {i.nummer: i.status.value for i in found.stukken if i.nummer in {"1", "3"}} == {
        "1": "ontvangen",
        "3": "verklaring",
    }


def test_a_statement_alone_is_something_to_send(person: httpx2.Client, request_: VerzoekNieuw) -> None:
    csrf = signed_in(person, request_)
    sent = person.post("/verzoek", data={"csrf": csrf, "verklaring-3": "Niet te krijgen."}, files=[("1", ("", b""))])
    assert sent.status_code == 303
