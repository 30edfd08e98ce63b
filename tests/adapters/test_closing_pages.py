"""Every way in to a decision when the last day is over: the pages, the command line, the API. None without a person."""

import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from gateway import cli
from gateway.core import terms
from gateway.core.words import Channel, RequestStatus
from gateway.people import StaffRole
from tests.adapters.test_pages import hidden
from tests.support import storage
from tests.support.browsing import api, staff_client
from tests.support.house import Running, request_json, running

REFERENCE = "HV-OVER"
OFFICER = "o.besluit"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Nobody scans here, and nothing comes in."""
    with running(tmp_path_factory.mktemp("gateway"), staff={"officer": OFFICER}) as started:
        started.account(OFFICER, StaffRole.CASEWORKER)
        yield started


def _letter(today: date, days_ago: int) -> dict[str, Any]:
    sent = (today - timedelta(days=days_ago)).isoformat()
    return {"verzondenOp": sent, "termijn": {"aantal": 4, "eenheid": "weken"}}


def _over(gateway: Running, reference: str, days_ago: int = 35) -> None:
    gateway.open_request(reference=reference, **_letter(gateway.house.desk.clock.now().date(), days_ago))


def test_the_officer_finds_the_facts_decides_with_a_reason_and_the_log_names_both(gateway: Running) -> None:
    _over(gateway, REFERENCE)
    _over(gateway, "HV-OUD", days_ago=100)
    desk = gateway.house.desk
    assert desk.closing.lapse() == (REFERENCE, "HV-OUD")
    with staff_client(gateway, OFFICER) as staff:
        listed = staff.get("/medewerker/verlopen").text
        assert f"Wacht op een besluit van {OFFICER}" in listed
        assert "voorbij: beslis op de inhoud" in listed
        path = f"/medewerker/verlopen/{REFERENCE}"
        page = staff.get(path).text
        for said in (
            "Er ontbreekt: 1, 2, 3, 4.",
            "niet via Herstelpost verzonden",
            "Er is niets ontvangen.",
            "telt niet mee",
        ):
            assert said in page
        with pikepdf.open(io.BytesIO(staff.get(f"{path}/feiten.pdf").content)) as facts:
            assert str(facts.docinfo["/Title"]).endswith(REFERENCE)
        csrf = hidden(page, "csrf")
        for form in (
            {"besluit": "buiten_behandeling", "reden": " "},
            {"besluit": "buiten_behandeling"},
            {"besluit": "gesloten", "reden": "er kwam niets"},
            {"reden": "er kwam niets"},
        ):
            refused = staff.post(path, data={"csrf": csrf, **form})
            assert (refused.status_code, desk.queries.request(REFERENCE).status) == (400, RequestStatus.LAPSED)
        assert staff.post(path, data={"besluit": "buiten_behandeling", "reden": "x"}).status_code == 403
        late = {"csrf": csrf, "besluit": "buiten_behandeling", "reden": "er kwam niets"}
        assert "beslis op de inhoud" in staff.post("/medewerker/verlopen/HV-OUD", data=late).text
        # A name in the form is not who is signed in.
        decided = late | {"medewerker": "iemand anders"}
        assert staff.post(path, data=decided).headers["location"] == "/medewerker/verlopen?gedaan=besloten"
        assert "Buiten behandeling" in staff.get(f"/medewerker/verzoeken/{REFERENCE}").text
        assert staff.get(path).status_code == 400, "there is nothing to decide any more"
    closed = [e.content for e in desk.queries.timeline(REFERENCE) if e.name == "RequestClosed"]
    assert [(e["besluit"], e["medewerker"], e["reden"]) for e in closed if e] == [
        ("buiten_behandeling", OFFICER, "er kwam niets")
    ]
    taken = [e.content for e in desk.queries.timeline(REFERENCE) if e.name == "ContentAccessTracking"]
    assert [e["medewerker"] for e in taken if e and "PDF" in e["wat"]] == [OFFICER]


def test_nobody_but_a_caseworker_who_is_signed_in_decides(gateway: Running) -> None:
    _over(gateway, "HV-NIEMAND")
    gateway.house.desk.closing.lapse()
    gateway.account("m.auditor", StaffRole.AUDITOR)
    with staff_client(gateway, "m.auditor") as auditor:
        answer = auditor.post("/medewerker/verlopen/HV-NIEMAND", data={"besluit": "in_behandeling", "reden": "x"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/medewerker/inloggen"
    assert gateway.house.desk.queries.request("HV-NIEMAND").status is RequestStatus.LAPSED


def test_p10_no_call_of_the_api_closes_anything(gateway: Running) -> None:
    with api(gateway) as client:
        described = client.get("/openapi.json").json()
        assert "buiten_behandeling" not in json.dumps(described)
        for path, operations in described["paths"].items():
            assert set(operations) <= {"get", "post"}, path
        for field in ({"status": "gesloten"}, {"besluit": "buiten_behandeling"}):
            answer = client.post("/verzoeken", json=request_json("HV-API") | field)
            assert answer.status_code == 400
        for method in ("PUT", "PATCH", "DELETE"):
            assert client.request(method, f"/verzoeken/{REFERENCE}", json={"status": "gesloten"}).status_code == 405


def test_p10_no_command_decides_without_an_officer_and_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "h.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n')

    def run(*words: str, officer: str = OFFICER) -> int:
        monkeypatch.setenv("HERSTELPOST_OFFICER", officer)
        return cli.run(["--config", str(config), "request", *words])

    with storage.built(tmp_path / "data") as house:
        today = house.desk.clock.now().astimezone(terms.AMSTERDAM).date()
        house.desk.requests.open([storage.request(kenmerk=REFERENCE, **_letter(today, 35))])
        house.desk.closing.lapse()
    decide = ("decide", REFERENCE, "--decision", "buiten_behandeling")
    with pytest.raises(SystemExit):
        run(*decide)
    with pytest.raises(SystemExit):
        run("decide", REFERENCE, "--reason", "er kwam niets")
    assert run(*decide, "--reason", " ") == 1
    assert run(*decide, "--reason", "er kwam niets", officer="  ") == 1
    assert run("close", REFERENCE, "--reason", "er kwam niets", officer="  ") == 1
    capsys.readouterr()
    assert run("over", "--json") == 0
    (waiting,) = json.loads(capsys.readouterr().out)
    assert (waiting["kenmerk"], waiting["ontbreekt"], waiting["wachtOp"]) == (REFERENCE, 2, {})
    assert run("facts", REFERENCE, "--out", str(tmp_path / "feiten.pdf")) == 0
    assert (tmp_path / "feiten.pdf").read_bytes().startswith(b"%PDF")
    assert run(*decide, "--reason", "er kwam niets") == 0
    capsys.readouterr()
    assert run("over") == 0
    assert REFERENCE not in capsys.readouterr().out


def test_staff_answers_on_the_page_what_an_outage_gives_back(gateway: Running) -> None:
    desk = gateway.house.desk
    for reference in ("HV-STORING-1", "HV-STORING-2"):
        _over(gateway, reference)
    over = terms.end_of_day(desk.queries.request("HV-STORING-1").laatsteDag)
    desk.outages.add(
        Channel.PORTAL, over - timedelta(hours=3), over - timedelta(hours=1), planned=False, note="netwerk"
    )
    found = {p.reference: p.later for p in desk.outages.proposals()}
    with staff_client(gateway, OFFICER) as staff:
        page = staff.get("/medewerker/storingen").text
        assert "Een storing of onderhoud kost 2 uur." in page
        assert "HV-STORING-2" in page
        csrf = {"csrf": hidden(page, "csrf")}
        refused = staff.post("/medewerker/storingen/HV-STORING-2", data=csrf | {"blijft": "ja", "reden": " "})
        assert (refused.status_code, "mag niet leeg zijn" in refused.text) == (400, True)
        assert staff.post("/medewerker/storingen/HV-STORING-1", data=csrf).status_code == 303
        stays = csrf | {"blijft": "ja", "reden": "de site werkte wel"}
        assert staff.post("/medewerker/storingen/HV-STORING-2", data=stays).status_code == 303
        page = staff.get("/medewerker/storingen").text
        assert "de site werkte wel" in page
    later = found["HV-STORING-1"]
    assert later is not None
    assert desk.queries.request("HV-STORING-1").laatsteDag == later.day
    answers = {answer.reference: answer for answer in desk.outages.answers()}
    assert answers["HV-STORING-2"].until is None
    assert {answer.officer for answer in answers.values()} == {OFFICER}
