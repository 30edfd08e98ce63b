"""Our messages in the portal, and the pages from which staff prints, posts and notes consent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from gateway.core import terms
from gateway.people import Scope, StaffRole
from gateway.schema import VerzoekNieuw, read_request_values
from tests.support.house import PASSWORD, Running, request_json, running

REFERENCE = "HV-2026-000123"
LAWYER = {"rol": "gemachtigde", "naam": "mr. B. Voorbeeld", "email": "b@kantoor.example", "organisatie": "Kantoor"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Running, VerzoekNieuw]]:
    """A gateway with one released request; its message is in the portal."""
    with running(tmp_path, letters={"release_at_import": True}) as gateway:
        gateway.account("jansen", StaffRole.CASEWORKER)
        people = [*request_json()["betrokkenen"], LAWYER]
        values = read_request_values([request_json(betrokkenen=people)])
        (made,) = gateway.house.desk.correspondence.register(values, "jansen")
        gateway.house.desk.correspondence.write()
        yield gateway, made


def _client(gateway: Running) -> httpx2.Client:
    return httpx2.Client(base_url=gateway.url, timeout=60, follow_redirects=True)


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, name
    return found[1]


@contextmanager
def _submitter(gateway: Running, made: VerzoekNieuw) -> Iterator[httpx2.Client]:
    with _client(gateway) as client:
        secret = _hidden(client.get("/").text, "formulier")
        typed = {"kenmerk": made.kenmerk, "toegangscode": made.toegangscode, "formulier": secret}
        assert client.post("/", data=typed).url.path == "/verzoek"
        yield client


@contextmanager
def _staff(gateway: Running) -> Iterator[httpx2.Client]:
    with _client(gateway) as client:
        secret = _hidden(client.get("/medewerker/inloggen").text, "formulier")
        client.post("/medewerker/inloggen", data={"naam": "jansen", "wachtwoord": PASSWORD, "formulier": secret})
        yield client


def test_the_people_of_a_request_find_and_read_our_messages(house):
    gateway, made = house
    with _submitter(gateway, made) as person:
        assert "/berichten" in person.get("/verzoek").text
        page = person.get("/berichten").text
        assert "Wij hebben nog documenten nodig" in page
        (link,) = re.findall(r'href="(/berichten/\d+\.pdf)"', page)
        pdf = person.get(link)
        assert pdf.content.startswith(b"%PDF")
        assert made.toegangscode not in page
        assert person.get("/berichten/999.pdf").status_code == 404
    with _client(gateway) as stranger:
        assert stranger.get(link).url.path == "/"


def test_r26_declining_is_warned_about_before_it_is_done(house):
    gateway, made = house
    with _submitter(gateway, made) as person:
        (change,) = re.findall(r'href="(/berichten/\d+/e-mail)"', person.get("/berichten").text)
        warning = person.get(change).text
        assert "dat gevolgen hebben" in warning
        csrf = _hidden(warning, "csrf")
        after = person.post(change, data={"csrf": csrf, "keuze": "afmelden"}).text
        assert "geen e-mail meer" in after
        told = gateway.house.desk.consents.of(REFERENCE)
        assert all(c.declined for c in told if c.party == told[0].party)
        assert person.post(change, data={"csrf": "x", "keuze": "intrekken"}).status_code == 403
        assert "krijgt u nu per post" in person.post(change, data={"csrf": csrf, "keuze": "intrekken"}).text
        assert person.get("/berichten/999/e-mail").status_code == 404


def test_staff_prints_and_posts_and_sees_who_was_told(house):
    gateway, _made = house
    today = (
        f"{terms.local_day(datetime.now(UTC)):%Y-%m-%d}"  # a day here is a day in Amsterdam, also just after midnight
    )
    with _staff(gateway) as staff:
        page = staff.get("/medewerker/post").text
        assert "mr. B. Voorbeeld, Kantoor" in page
        assert "geen toestemming voor e-mail" in page
        letters = re.findall(r'href="(/medewerker/post/(\d+)/brief\.pdf)"', page)
        assert len(letters) == 2
        csrf = _hidden(page, "csrf")
        link, number = letters[0]
        early = staff.post(f"/medewerker/post/{number}", data={"csrf": csrf, "dag": today})
        assert early.status_code == 400
        assert "nog niet afgedrukt" in early.text
        assert staff.get(link).content.startswith(b"%PDF")
        assert "is gepost" in staff.post(f"/medewerker/post/{number}", data={"csrf": csrf, "dag": today}).text
        told = staff.get(f"/medewerker/verzoeken/{REFERENCE}/berichten").text
        assert "verzonden" in told
        assert "Vrijgeven</button>" not in told
        assert staff.post(f"/medewerker/post/{number}", data={"csrf": "x", "dag": today}).status_code == 403


def test_staff_notes_consent_with_its_source(house):
    gateway, _made = house
    page = f"/medewerker/verzoeken/{REFERENCE}/berichten"
    lawyer = next(c.party for c in gateway.house.desk.consents.of(REFERENCE) if c.name.startswith("mr."))
    with _staff(gateway) as staff:
        csrf = _hidden(staff.get(page).text, "csrf")
        typed = {"csrf": csrf, "betrokkene": str(lawyer), "soort": "mededeling", "keuze": "geven"}
        bare = staff.post(page.replace("berichten", "toestemming"), data=typed)
        assert bare.status_code == 400
        done = staff.post(page.replace("berichten", "toestemming"), data=typed | {"bron": "telefoon, 3 maart"})
        assert "telefoon, 3 maart" in done.text
    given = {c.kind: c.given for c in gateway.house.desk.consents.of(REFERENCE) if c.party == lawyer}
    assert [kind for kind, is_given in given.items() if is_given] == ["mededeling"]


def test_a_request_that_was_only_imported_is_released_by_a_person_and_faults_are_shown(tmp_path):
    with running(tmp_path) as gateway:
        gateway.account("jansen", StaffRole.CASEWORKER)
        gateway.open_request()
        gateway.open_request(
            reference="HV-2",
            kenmerk="HV-2",
            stukken=[{"nummer": "1", "soort": "x", "omschrijving": "Overige stukken"}],
        )
        with _staff(gateway) as staff:
            for reference, status, said in ((REFERENCE, 200, "vrijgegeven"), ("HV-2", 400, "zegt niet welk stuk")):
                page = f"/medewerker/verzoeken/{reference}/berichten"
                csrf = _hidden(staff.get(page).text, "csrf")
                answer = staff.post(page.replace("berichten", "vrijgeven"), data={"csrf": csrf})
                assert answer.status_code == status
                assert said in answer.text


def test_the_api_gives_messages_and_takes_consent(house):
    gateway, _made = house
    token = gateway.token(Scope.READ_REQUESTS, Scope.WRITE_REQUESTS)
    with httpx2.Client(
        base_url=f"{gateway.url}/api/v1", timeout=60, headers={"Authorization": f"Bearer {token}"}
    ) as api:
        (message,) = api.get(f"/verzoeken/{REFERENCE}/berichten").json()
        assert message["soort"] == "verzoek"
        told = message["verzendingen"]
        assert {(line["rol"], line["weg"]) for line in told} == {
            ("aanvrager", "email"),
            ("aanvrager", "post"),
            ("gemachtigde", "post"),
        }
        assert api.get(f"/verzoeken/{REFERENCE}/berichten/{message['nummer']}").content.startswith(b"%PDF")
        consents = api.get(f"/verzoeken/{REFERENCE}/toestemmingen").json()
        party = consents[0]["betrokkene"]
        said = {"betrokkene": party, "soorten": ["verzoek"], "toestemming": False, "bron": "brief"}
        after = api.post(f"/verzoeken/{REFERENCE}/toestemmingen", json=said)
        assert after.status_code == 200
        assert {c["toestemming"] for c in after.json() if c["betrokkene"] == party and c["soort"] == "verzoek"} == {
            False
        }
        assert api.post(f"/verzoeken/{REFERENCE}/toestemmingen", json={"bron": ""}).status_code == 400
