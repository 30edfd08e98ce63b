"""The page that reads a sheet of requests: all or nothing, codes shown once."""

from collections.abc import Iterator

import httpx2
import pytest

from gateway import sheets
from gateway.people import StaffRole
from tests.adapters.test_pages import hidden
from tests.support.browsing import staff_client
from tests.support.house import Running, running

PATH = "/medewerker/verzoeken/inlezen"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("importing"), letters={"release_at_import": True}) as made:
        made.account("j.jansen", StaffRole.CASEWORKER)
        yield made


@pytest.fixture
def staff(gateway: Running) -> Iterator[httpx2.Client]:
    with staff_client(gateway, "j.jansen") as client:
        yield client


def send(staff: httpx2.Client, name: str, content: bytes) -> httpx2.Response:
    csrf = hidden(staff.get(PATH).text, "csrf")
    return staff.post(PATH, data={"csrf": csrf}, files={"sheet": (name, content)})


def test_the_example_of_the_page_can_be_read_in_and_only_once(gateway: Running, staff: httpx2.Client) -> None:
    example = staff.get(f"{PATH}/voorbeeld.csv").content
    answer = send(staff, "verzoeken.csv", example)
    assert answer.status_code == 201
    assert gateway.house.desk.queries.request("HV-2026-000123").mailadres in answer.text
    again = send(staff, "verzoeken.csv", example)
    assert again.status_code == 400
    assert "al in gebruik" in again.text


def test_faults_are_shown_with_row_and_column_and_nothing_is_opened(gateway: Running, staff: httpx2.Client) -> None:
    before = len(gateway.house.desk.queries.requests())
    content = sheets.example_csv().replace(b"HV-2026-000123", b"HV-9").replace(b";weken;", b";eeuwen;")
    answer = send(staff, "verzoeken.csv", content)
    assert answer.status_code == 400
    assert "rij 2, kolom termijn.eenheid" in answer.text
    assert len(gateway.house.desk.queries.requests()) == before


def example(reference: str, **changes: str) -> bytes:
    """The example's sheet, of another request; `changes` replace words."""
    content = sheets.example_csv().replace(b"HV-2026-000123", reference.encode())
    for old, new in changes.items():
        content = content.replace(old.encode(), new.encode())
    return content


def test_what_the_body_can_look_up_is_blocked_or_warned_about_with_row_and_column(
    gateway: Running, staff: httpx2.Client
) -> None:
    """R29: Vw 2000, art. 24a; Awb, art. 4:2 lid 2."""
    blocked = send(staff, "verzoeken.csv", example("HV-10", huwelijksakte="uittreksel brp"))
    assert blocked.status_code == 400
    assert "rij 3, kolom stuk.soort" in blocked.text
    assert "kunt u zelf opzoeken (art. 24a Vw 2000)" in blocked.text
    assert "HV-10" not in [request.kenmerk for request in gateway.house.desk.queries.requests()]
    warned = send(staff, "verzoeken.csv", example("HV-11", Huwelijksakte="Loonstrook"))
    assert warned.status_code == 201
    assert "rij 3, kolom stuk.omschrijving" in warned.text
    assert "polisadministratie van UWV" in warned.text


def test_a_request_of_a_sheet_gets_its_letter_by_the_same_way_as_one_made_on_the_page(
    gateway: Running, staff: httpx2.Client
) -> None:
    desk = gateway.house.desk
    assert send(staff, "verzoeken.csv", example("HV-12")).status_code == 201
    csrf = hidden(staff.get("/medewerker/verzoeken/nieuw?sjabloon=nareis").text, "csrf")
    typed = {
        "csrf": csrf, "stap": "registreren", "kenmerk": "HV-13", "zaaknummer": "Z1-1", "aantal": "4",
        "eenheid": "weken",
        "aanvrager-naam": "A. Voorbeeld", "aanvrager-email": "a.voorbeeld@example.org", "aanvrager-stemtIn": "1",
    }  # fmt: skip
    made = staff.post("/medewerker/verzoeken/nieuw?sjabloon=nareis", data=typed)
    assert made.status_code == 201, made.text
    desk.correspondence.write()
    letters = {}
    for reference in ("HV-12", "HV-13"):
        (message,) = desk.correspondence.messages(reference)
        told = [(line.role, line.way, line.why) for line in desk.correspondence.told(reference)]
        letters[reference] = (message.kind, message.title, message.last_day is None, told)
        assert desk.correspondence.pdf(reference, message.id, "j.jansen").startswith(b"%PDF")
    assert letters["HV-12"] == letters["HV-13"]


def test_a_sheet_that_was_read_in_without_letters_is_released_later(gateway: Running) -> None:
    desk = gateway.house.desk
    desk.requests.open(sheets.read_sheet("a.csv", example("HV-14"), 10).requests)
    assert desk.correspondence.messages("HV-14") == ()
    desk.correspondence.release("HV-14", "j.jansen")
    desk.correspondence.write()
    assert [message.kind for message in desk.correspondence.messages("HV-14")] == ["verzoek"]


def test_too_large_a_file_and_no_file_at_all_are_told_so(gateway: Running, staff: httpx2.Client) -> None:
    assert "groter dan 5 MB" in send(staff, "a.csv", b"x" * ((5 << 20) + 1)).text
    csrf = hidden(staff.get(PATH).text, "csrf")
    assert staff.post(PATH, data={"csrf": csrf}).status_code == 400
