"""What the page to register a request promises: what is shown is what is asked, and nothing typed is lost."""

import re
from collections.abc import Iterator

import httpx2
import pytest

from gateway import letterpaper
from gateway.core.words import EventName
from gateway.people import StaffRole
from portal.staff import registering
from tests.support.browsing import staff_client
from tests.support.house import Running, running

NEW = "/medewerker/verzoeken/nieuw?sjabloon=nareis"
CASE = {
    "zaaknummer": "Z1-0001234567",
    "aanvrager-naam": "A. Voorbeeld",
    "aanvrager-email": "a@example.org",
    "aantal": "4",
    "eenheid": "weken",
    "stap": "registreren",
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("registering")) as made:
        made.account("j.jansen", StaffRole.CASEWORKER)
        yield made


@pytest.fixture
def staff(gateway: Running) -> Iterator[httpx2.Client]:
    with staff_client(gateway, "j.jansen") as client:
        yield client


def fields(page: str) -> dict[str, list[str]]:
    """What a browser would send of the inputs on the page, unchanged."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        box = 'type="checkbox"' in tag
        if name and value and (not box or " checked" in tag):
            found.setdefault(name[1], []).append(value[1])
    return found


def post(staff: httpx2.Client, path: str, **changes: str | list[str]) -> httpx2.Response:
    return staff.post(path, data=fields(staff.get(path).text) | changes)


def reference_of(page: str) -> str:
    found = re.search(r"Kenmerk (HV-\d{4}-\d{6})", page)
    assert found, page
    return found[1]


def test_a_request_is_registered_with_one_button_and_pins_its_template(gateway: Running, staff: httpx2.Client) -> None:
    answer = post(staff, NEW, **CASE)
    assert answer.status_code == 201
    request = gateway.house.desk.queries.request(reference_of(answer.text))
    assert request.sjabloon.startswith("nareis/1 ")
    assert [item.nummer for item in request.stukken] == ["1", "2", "3", "4", "5"]
    assert request.mailadres in answer.text
    event = gateway.house.desk.queries.timeline(request.kenmerk)[0]
    assert (event.name, event.content["sjabloon"]) == (EventName.REQUEST_OPENED, request.sjabloon)


def test_several_family_members_are_asked_in_one_request(gateway: Running, staff: httpx2.Client) -> None:
    answer = post(staff, NEW, personen="Sara\nAli", bouwsteen=["eritrea"], **CASE)
    request = gateway.house.desk.queries.request(reference_of(answer.text))
    assert [(i.nummer, i.persoon) for i in request.stukken if i.soort == "paspoort"] == [("1a", "Sara"), ("1b", "Ali")]
    assert "doopakte" in {item.soort for item in request.stukken}
    assert "; eritrea/1 " in request.sjabloon


def test_what_was_taken_off_and_reworded_stays_so_when_family_members_are_added(
    gateway: Running, staff: httpx2.Client
) -> None:
    form = fields(staff.get(NEW).text) | CASE
    form["stuk"] = [key for key in form["stuk"] if key != "foto"]
    form |= {"omschrijving-paspoort": ["Kopie van beide paspoorten"], "personen": "Sara\nAli"}
    request = gateway.house.desk.queries.request(reference_of(staff.post(NEW, data=form).text))
    assert "foto" not in {item.soort for item in request.stukken}
    assert {i.omschrijving for i in request.stukken if i.soort == "paspoort"} == {"Kopie van beide paspoorten"}


def test_a_nationality_more_never_mixes_up_what_documents_are_called(staff: httpx2.Client) -> None:
    form = fields(staff.post(NEW, data=fields(staff.get(NEW).text) | {"bouwsteen": ["eritrea"]}).text)
    shown = staff.post(NEW, data=form | {"bouwsteen": ["syrie"]}).text
    named = dict(re.findall(r'name="omschrijving-([a-z]+)" value="([^"]*)"', shown))
    assert named["familieboekje"].startswith("Familieboekje")


def test_every_fault_is_told_at_once_and_nothing_typed_is_lost(staff: httpx2.Client) -> None:
    answer = post(staff, NEW, **CASE | {"zaaknummer": "", "aanvrager-email": "geen adres", "extra": "Uittreksel BRP"})
    assert answer.status_code == 400
    for word in ("Zaaknummer:", "E-mailadres van de aanvrager:", "art. 24a Vw 2000", 'value="A. Voorbeeld"'):
        assert word in answer.text


def test_what_the_body_can_look_up_itself_cannot_be_asked(gateway: Running, staff: httpx2.Client) -> None:
    """Vw 2000, art. 24a; also when somebody rewords what the template asks."""
    form = fields(staff.get(NEW).text) | CASE | {"omschrijving-foto": ["Uittreksel KvK"]}
    request = gateway.house.desk.queries.request(reference_of(staff.post(NEW, data=form).text))
    assert "foto" not in {item.soort for item in request.stukken}


def test_the_same_page_sent_twice_registers_once(staff: httpx2.Client) -> None:
    form = fields(staff.get(NEW).text) | CASE
    assert staff.post(NEW, data=form).status_code == 201
    again = staff.post(NEW, data=form)
    assert again.status_code == 400
    assert "is al in gebruik" in again.text


def test_a_later_round_asks_only_what_is_still_missing(gateway: Running, staff: httpx2.Client) -> None:
    first = gateway.open_request(reference="HV-1")
    gateway.house.desk.requests.judge("HV-1", "1", approved=True, officer="j.jansen")
    path = "/medewerker/verzoeken/HV-1/vervolg"
    shown = staff.get(path).text
    assert "Kopie van het paspoort" in shown.split("Wat al beantwoord is")[1]
    answer = post(staff, path, stap="registreren", eenheid="weken", aantal="2")
    second = gateway.house.desk.queries.request(reference_of(answer.text))
    assert [item.nummer for item in second.stukken] == ["2", "3", "4"]
    assert (second.vervolgOp, second.zaaknummer) == ("HV-1", first.zaaknummer)
    assert second.kenmerk in staff.get("/medewerker/verzoeken/HV-1").text


def test_a_term_that_is_none_is_told_and_not_guessed(staff: httpx2.Client) -> None:
    assert "Termijn:" in post(staff, NEW, **CASE | {"aantal": "0"}).text


def test_an_unknown_template_is_no_page(staff: httpx2.Client) -> None:
    assert staff.get("/medewerker/verzoeken/nieuw?sjabloon=weg").status_code == 404


def test_every_language_with_a_sheet_beside_the_letter_can_be_chosen() -> None:
    assert set(registering.LANGUAGES) == {"nl", "en", *letterpaper.SHEETS}
