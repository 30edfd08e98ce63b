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
    with running(tmp_path_factory.mktemp("importing")) as made:
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


def test_too_large_a_file_and_no_file_at_all_are_told_so(gateway: Running, staff: httpx2.Client) -> None:
    assert "groter dan 5 MB" in send(staff, "a.csv", b"x" * ((5 << 20) + 1)).text
    csrf = hidden(staff.get(PATH).text, "csrf")
    assert staff.post(PATH, data={"csrf": csrf}).status_code == 400
