"""Paper that a person takes in: the same receipt, the same checklist, and the postmark may count for the sender."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx2
import pytest

from gateway.core.errors import Refused
from gateway.core.words import Channel, EventName, ItemStatus, Outcome
from gateway.counter import Paper
from gateway.people import StaffRole
from tests.adapters.test_pages import hidden
from tests.support.browsing import staff_client
from tests.support.house import Running, pdf, running

LAST = {"verzondenOp": "2026-03-02", "termijn": {"aantal": 4, "eenheid": "weken"}}  # until Monday 30 March 2026


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("counter"), clamd_socket) as made:
        made.account("j.jansen", StaffRole.CASEWORKER)
        yield made


@pytest.fixture
def staff(gateway: Running) -> Iterator[httpx2.Client]:
    with staff_client(gateway, "j.jansen") as client:
        yield client


def take(staff: httpx2.Client, reference: str, files: dict[str, bytes], **fields: str) -> httpx2.Response:
    path = f"/medewerker/verzoeken/{reference}/innemen"
    data = {"csrf": hidden(staff.get(path).text, "csrf"), "kanaal": "balie", "ontvangen": "2026-03-20T10:30"} | fields
    sent = [(name, (f"{name}.pdf", content)) for name, content in files.items()]
    return staff.post(path, data=data, files=sent or [("stuk", ("", b""))])  # as a browser does for no file


def item(gateway: Running, reference: str, number: str) -> ItemStatus:
    return next(i.status for i in gateway.house.desk.queries.request(reference).stukken if i.nummer == number)


def taken(gateway: Running, answer: httpx2.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2].partition("?")[0]


def test_a_scan_at_the_counter_gets_the_same_receipt_and_answers_the_item(
    gateway: Running, staff: httpx2.Client
) -> None:
    gateway.open_request(reference="HV-1", **LAST)
    number = taken(gateway, take(staff, "HV-1", {"1": pdf(note="paspoort")}))
    view = gateway.house.desk.queries.submission(number)
    assert (view.kanaal, view.besluit, view.opTijd) == (Channel.COUNTER, Outcome.ACCEPTED, True)
    assert view.ontvangenOp == "2026-03-20T09:30:00.000000Z"
    assert item(gateway, "HV-1", "1") is ItemStatus.RECEIVED
    receipt = staff.get(f"/medewerker/inzendingen/{number}/ontvangstbewijs")
    assert receipt.content.startswith(b"%PDF")
    arrival = gateway.house.desk.queries.timeline(number)[0]
    assert arrival.name == EventName.SUBMISSION_ACCEPTED
    assert arrival.content["envelop"]["registered"]["officer"] == "j.jansen"


def test_a_copy_leaves_the_original_expected_and_seeing_it_ends_that(gateway: Running, staff: httpx2.Client) -> None:
    gateway.open_request(reference="HV-2", **LAST)
    taken(gateway, take(staff, "HV-2", {"2": pdf(note="akte")}))
    assert item(gateway, "HV-2", "2") is ItemStatus.ORIGINAL_EXPECTED
    number = taken(gateway, take(staff, "HV-2", {}, **{"origineel-2": "1"}))
    assert item(gateway, "HV-2", "2") is ItemStatus.RECEIVED
    (note,) = gateway.house.desk.queries.submission(number).stukken
    assert note.naam == "origineel-gezien-stuk-2.txt"
    kept = gateway.house.desk.blobs.path(note.sha256).read_text()
    assert "j.jansen" in kept
    assert "Huwelijksakte, met vertaling" in kept


@pytest.mark.parametrize(
    ("received", "postmark", "in_time"),
    [
        ("2026-04-07T09:00", "2026-03-30", True),  # Easter Monday is passed over
        ("2026-04-08T09:00", "2026-03-30", False),
        ("2026-04-02T09:00", "2026-03-31", False),
        ("2026-04-02T09:00", "", False),
        ("2026-03-30T23:59", "", True),
    ],
)
def test_posted_in_time_and_received_within_a_week_is_in_time(
    gateway: Running, staff: httpx2.Client, received: str, postmark: str, in_time: object
) -> None:
    """R40; Awb 6:9 lid 2, in favour of the sender."""
    reference = f"HV-3-{received}-{postmark}".replace(":", "")
    gateway.open_request(reference=reference, **LAST)
    fields = {"kanaal": "post", "ontvangen": received, "poststempel": postmark}
    number = taken(gateway, take(staff, reference, {"1": pdf(note=reference)}, **fields))
    view = gateway.house.desk.queries.submission(number)
    assert view.opTijd is in_time
    assert (view.besluit is Outcome.ACCEPTED) is in_time, "late is held for a person"


def test_more_time_makes_what_came_by_post_in_time_after_all(gateway: Running, staff: httpx2.Client) -> None:
    gateway.open_request(reference="HV-4", **LAST)
    fields = {"kanaal": "post", "ontvangen": "2026-04-20T09:00", "poststempel": "2026-04-09"}
    number = taken(gateway, take(staff, "HV-4", {"1": pdf(note="HV-4")}, **fields))
    gateway.house.desk.requests.extend("HV-4", date(2026, 4, 13), "ziek", "j.jansen")
    assert gateway.house.desk.queries.submission(number).opTijd is True


def test_every_fault_of_the_form_is_told_and_nothing_is_taken(gateway: Running, staff: httpx2.Client) -> None:
    gateway.open_request(reference="HV-5", **LAST)
    for fields, word in (
        ({"ontvangen": "2126-01-01T10:00"}, "moet nog komen"),
        ({"poststempel": "2026-03-19"}, "hoort bij post"),
        ({"kanaal": "post", "poststempel": "2026-03-21"}, "niet na de ontvangst"),
        ({}, "Kies een scan"),
        ({"ontvangen": ""}, "ul in welke dag"),
        ({"kanaal": "smtp"}, "balie of post"),
    ):
        answer = take(staff, "HV-5", {}, **fields)
        assert answer.status_code == 400
        assert word in answer.text
    assert gateway.house.desk.queries.submissions(request="HV-5") == ()


def test_an_item_that_was_not_asked_is_refused(gateway: Running) -> None:
    gateway.open_request(reference="HV-6", **LAST)
    paper = Paper("HV-6", Channel.COUNTER, gateway.house.desk.clock.now(), "j.jansen", originals=("9",))
    with pytest.raises(Refused, match="geen stuk 9"):
        gateway.house.desk.counter.take(paper, ())


def test_a_form_of_another_site_takes_nothing_in(gateway: Running, staff: httpx2.Client) -> None:
    gateway.open_request(reference="HV-7", **LAST)
    path = "/medewerker/verzoeken/HV-7/innemen"
    assert staff.post(path, data={"csrf": "x"}, files=[("1", ("a.pdf", b"x"))]).status_code == 403
    with httpx2.Client(base_url=gateway.url) as nobody:
        assert nobody.post(path, files=[("1", ("a.pdf", b"x"))]).status_code == 303
