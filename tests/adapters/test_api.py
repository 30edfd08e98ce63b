"""The JSON API as integrators meet it: the contract's words, all errors at once, nothing without a token."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gateway.people import Scope
from gateway.schema import Inzending, Verzoek
from tests.support.browsing import SECONDS, api, submit
from tests.support.house import Running, pdf, request_json, running

CAP_MB = 1


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("api"), clamd_socket, limits={"submission_mb": CAP_MB}) as made:
        yield made


@pytest.fixture(scope="module")
def client(gateway: Running) -> Iterator[httpx2.Client]:
    with api(gateway, name="everything") as made:
        yield made


def problem(answer: httpx2.Response) -> dict[str, object]:
    """The problem of an answer, checked for what every problem has."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["api-version"] == "1.0.0"
    body: dict[str, object] = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return body


def names(answer: httpx2.Response) -> list[str]:
    """Where the faults are."""
    return [param["name"] for param in answer.json()["invalidParams"]]


# ---- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer hp_guess"}, {"Authorization": "Basic eDp5"}])
def test_without_a_known_token_the_answer_is_401(gateway: Running, headers: dict[str, str]) -> None:
    answer = httpx2.get(f"{gateway.url}/api/v1/verzoeken", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    problem(answer)


def test_a_revoked_token_opens_nothing(gateway: Running) -> None:
    with api(gateway, name="gone") as once:
        assert once.get("/verzoeken").status_code == 200
        gateway.house.desk.people.revoke_token("gone")
        assert once.get("/verzoeken").status_code == 401


@pytest.mark.parametrize("scope", list(Scope))
def test_each_scope_opens_its_own_operations_only(gateway: Running, scope: Scope) -> None:
    operations = {
        Scope.READ_REQUESTS: [
            *(("GET", path) for path in ("/verzoeken", "/verzoeken/X", "/uitstelvragen", "/verzoeken/X/gesprekken")),
            ("GET", "/verzoeken/X/uitstelvragen"),
        ],
        Scope.WRITE_REQUESTS: [
            ("POST", "/verzoeken"),
            *(("POST", f"/verzoeken/X/{what}") for what in ("gesprekken", "uitstel", "uitstelvragen")),
            ("POST", "/verzoeken/X/uitstelvragen/1/antwoord"),
        ],
        Scope.READ_SUBMISSIONS: [("GET", "/inzendingen"), ("GET", "/inzendingen/X"), ("GET", "/verzoeken/X/bundel")],
        Scope.WRITE_SUBMISSIONS: [("POST", "/verzoeken/X/inzendingen")],
        Scope.CONFIRM_BUNDLES: [("POST", "/verzoeken/X/bundel/bevestiging")],
    }
    with api(gateway, scope, name=f"only {scope}") as limited:
        for needed, listed in operations.items():
            for method, path in listed:
                status = limited.request(method, path).status_code
                assert (status == 403) == (needed is not scope), (method, path, status)


# ---- requests ------------------------------------------------------------------------------------


def test_one_request_is_made_and_the_access_code_leaves_once(client: httpx2.Client) -> None:
    answer = client.post("/verzoeken", json=request_json("HV-1"))
    assert answer.status_code == 201
    assert answer.headers["location"].endswith("/api/v1/verzoeken/HV-1")
    made = answer.json()
    shown = client.get("/verzoeken/HV-1").json()
    assert set(made) - set(shown) == {"toegangscode"}
    assert Verzoek.model_validate(shown).mailadres == made["mailadres"]
    assert "HV-1" in [request["kenmerk"] for request in client.get("/verzoeken").json()]


def test_a_list_is_all_or_nothing_and_every_fault_is_named_at_once(client: httpx2.Client) -> None:
    bad = request_json("HV-3", kanalen=[], stukken=[], vreemd=1)
    answer = client.post("/verzoeken", json=[request_json("HV-2"), bad, {}])
    assert answer.status_code == 400
    problem(answer)
    assert {"1.kanalen", "1.stukken", "1.vreemd", "2.kenmerk", "2.termijn"} <= set(names(answer))
    assert client.get("/verzoeken/HV-2").status_code == 404
    both = client.post("/verzoeken", json=[request_json("HV-2"), request_json("HV-3")])
    assert [made["kenmerk"] for made in both.json()] == ["HV-2", "HV-3"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b"3"])
def test_what_is_no_request_is_400_and_not_422(client: httpx2.Client, body: bytes) -> None:
    answer = client.post("/verzoeken", content=body)
    assert answer.status_code == 400
    problem(answer)


def test_a_reference_in_use_is_refused(client: httpx2.Client) -> None:
    client.post("/verzoeken", json=request_json("HV-4"))
    answer = client.post("/verzoeken", json=request_json("HV-4"))
    assert (answer.status_code, names(answer)) == (400, ["kenmerk"])


def test_what_the_body_can_look_up_is_not_asked_and_what_raises_a_doubt_is_told(client: httpx2.Client) -> None:
    """R29: Vw 2000, art. 24a."""

    def asked(kind: str, description: str) -> dict[str, str]:
        return {"nummer": "1", "soort": kind, "omschrijving": description}

    blocked = request_json("HV-6", stukken=[asked("brp", "BRP-uittreksel")])
    answer = client.post("/verzoeken", json=[request_json("HV-5"), blocked])
    assert (answer.status_code, names(answer)) == (400, ["1.stukken.0.omschrijving"])
    assert client.get("/verzoeken/HV-5").status_code == 404
    warned = client.post("/verzoeken", json=request_json("HV-5", stukken=[asked("loonstrook", "Loonstrook van mei")]))
    (remark,) = warned.json()["opmerkingen"]
    assert remark["plaats"] == "stukken.0.soort"
    assert remark["tekst"].startswith("“Loonstrook van mei” vraagt u liever niet (art. 24a Vw 2000).")


def test_requests_are_found_by_status(client: httpx2.Client) -> None:
    assert {r["status"] for r in client.get("/verzoeken", params={"status": "open"}).json()} <= {"open"}
    assert client.get("/verzoeken", params={"status": "gesloten"}).json() == []
    assert names(client.get("/verzoeken", params={"status": "onzin"})) == ["status"]


# ---- submissions ---------------------------------------------------------------------------------


def test_a_submission_is_answered_with_201_once_it_is_kept(gateway: Running, client: httpx2.Client) -> None:
    """P1, and the contract's JSON byte by byte."""
    request = gateway.open_request(reference="HV-10")
    files = [("1", ("pas.pdf", pdf(note="10"))), ("stuk", ("iets.pdf", pdf(note="iets")))]
    answer = client.post(f"/verzoeken/{request.kenmerk}/inzendingen", files=files)
    assert answer.status_code == 201
    made = Inzending.model_validate_json(answer.text)
    assert (made.verzoek, made.kanaal, made.status, made.opTijd) == ("HV-10", "portaal", "afgehandeld", True)
    assert [(s.naam, s.nummer, s.reden) for s in made.stukken] == [
        ("pas.pdf", "1", None),
        ("iets.pdf", None, "keuze_nodig"),
    ]
    assert made.ontvangenOp.endswith("Z")
    assert answer.headers["location"].endswith(f"/api/v1/inzendingen/{made.ontvangstnummer}")
    assert client.get(f"/inzendingen/{made.ontvangstnummer}").json() == answer.json()
    assert gateway.house.desk.blobs.path(made.stukken[0].sha256).read_bytes() == pdf(note="10")


def test_every_fault_of_a_form_is_named_at_once(gateway: Running, client: httpx2.Client) -> None:
    gateway.open_request(reference="HV-11")
    files = [("7", ("a.pdf", b"x")), ("8", ("b.pdf", b"x")), ("1", ("leeg.pdf", b""))]
    answer = client.post("/verzoeken/HV-11/inzendingen", files=files)
    assert (answer.status_code, sorted(names(answer))) == (400, ["7", "8", "leeg.pdf"])
    problem(answer)
    assert client.get("/inzendingen", params={"verzoek": "HV-11"}).json() == []


def test_no_form_and_no_files_are_400(gateway: Running, client: httpx2.Client) -> None:
    gateway.open_request(reference="HV-12")
    no_form = client.post("/verzoeken/HV-12/inzendingen", json={})
    assert no_form.status_code == 400
    assert "multipart/form-data" in str(problem(no_form)["detail"])  # nothing in the form to name: it says what to send
    assert names(client.post("/verzoeken/HV-12/inzendingen", files=[("x", (None, b"text"))])) == ["stuk"]


def test_over_the_cap_is_413_measured_and_registered(gateway: Running, client: httpx2.Client) -> None:
    gateway.open_request(reference="HV-13")
    size = CAP_MB * 2**20 + 1
    answer = client.post("/verzoeken/HV-13/inzendingen", files=[("1", ("a.bin", bytes(size)))])
    assert answer.status_code == 413
    assert str(size) in str(problem(answer)["detail"])
    names_of_events = [event.name for event in gateway.house.desk.queries.timeline("HV-13")]
    assert "SubmissionRejection" in names_of_events


def test_submissions_are_found_by_request_status_and_period(gateway: Running, client: httpx2.Client) -> None:
    request = gateway.open_request(reference="HV-14")
    number = submit(client, request, ("1", "pas.pdf", pdf(note="14")))
    (found,) = client.get("/inzendingen", params={"verzoek": "HV-14", "status": "afgehandeld"}).json()
    assert found["ontvangstnummer"] == number
    moment = found["ontvangenOp"]
    assert len(client.get("/inzendingen", params={"verzoek": "HV-14", "vanaf": moment}).json()) == 1
    assert client.get("/inzendingen", params={"verzoek": "HV-14", "tot": moment}).json() == []
    assert client.get("/inzendingen", params={"verzoek": "HV-14", "status": "aangehouden"}).json() == []


def test_all_wrong_filters_are_named_at_once(client: httpx2.Client) -> None:
    answer = client.get("/inzendingen", params={"status": "x", "vanaf": "gisteren", "tot": "2026-01-01T00:00:00"})
    assert (answer.status_code, names(answer)) == (400, ["status", "vanaf", "tot"])
    problem(answer)


def test_the_days_of_a_request_come_with_their_derivation(client: httpx2.Client) -> None:
    client.post("/verzoeken", json=request_json("HV-DAGEN"))
    days = client.get("/verzoeken/HV-DAGEN/termijnen").json()
    assert days["laatsteDag"] == days["hersteltermijn"]["laatsteDag"] == "2037-08-31"
    assert days["hersteltermijn"]["uitleg"]["nl"][0].startswith("De dag van verzending, maandag 2 maart 2026")
    assert (days["beslistermijn"], days["uitstel"], days["doorverwijzingen"]) == (None, [], [])


def test_the_bundle_is_a_zip_and_taking_it_is_in_the_ledger(gateway: Running, client: httpx2.Client) -> None:
    request = gateway.open_request(reference="HV-15")
    submit(client, request, ("1", "pas.pdf", pdf(note="15")))
    answer = client.get("/verzoeken/HV-15/bundel")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert any(name.endswith("bagit.txt") for name in archive.namelist())
    taken = [e.content for e in gateway.house.desk.queries.timeline("HV-15") if e.name == "ContentAccessTracking"]
    assert [content["medewerker"] for content in taken if content] == ["everything"]


def test_the_case_system_confirms_the_bundle_that_it_has_by_its_hash(gateway: Running, client: httpx2.Client) -> None:
    number = submit(client, gateway.open_request(reference="HV-17"), ("1", "pas.pdf", pdf(note="17")))
    answer = client.get("/verzoeken/HV-17/bundel")
    sha256 = hashlib.sha256(answer.content).digest()
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(sha256).decode()}:"
    half = client.post("/verzoeken/HV-17/bundel/bevestiging", json={"sha256": hashlib.sha256(b"half").hexdigest()})
    assert half.status_code == 404
    wrong = client.post("/verzoeken/HV-17/bundel/bevestiging", json={"sha256": "x"})
    assert (wrong.status_code, names(wrong)) == (400, ["sha256"])
    done = client.post("/verzoeken/HV-17/bundel/bevestiging", json={"sha256": sha256.hex()})
    assert done.json() == {"sha256": sha256.hex(), "inzendingen": [number], "opnieuwBesloten": []}
    told = [e.content for e in gateway.house.desk.queries.timeline("HV-17") if e.name == "HandoverConfirmed"]
    assert [content["medewerker"] for content in told if content] == ["everything"]


def test_what_nobody_scanned_yet_is_not_in_the_bundle(tmp_path: Path) -> None:
    """P4: the bundle is made all the same, and holds none of it, neither as document nor as received."""
    with running(tmp_path) as blind, api(blind) as machine:
        submit(machine, blind.open_request(reference="HV-16"), ("1", "pas.pdf", pdf(note="16")))
        (waiting,) = machine.get("/inzendingen", params={"verzoek": "HV-16"}).json()
        assert waiting["besluit"] is None
        answer = machine.get("/verzoeken/HV-16/bundel")
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert pdf(note="16") not in [archive.read(name) for name in archive.namelist()]


@pytest.mark.parametrize(
    "path",
    [
        "/verzoeken/HV-404",
        "/verzoeken/HV-404/bundel",
        "/verzoeken/HV-404/termijnen",
        "/inzendingen/26-0000-0000-0000",
        "/inzendingen?verzoek=HV-404",
        "/x",
    ],
)
def test_what_is_not_there_is_404(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    problem(answer)


# ---- the document --------------------------------------------------------------------------------


def test_the_openapi_document_keeps_the_design_rules(gateway: Running) -> None:
    """NL API Design Rules 2.2: contact, versions, ids, problem+json, 400 instead of 422, the version header."""
    answer = httpx2.get(f"{gateway.url}/api/v1/openapi.json", timeout=SECONDS)
    document = answer.json()
    assert document["openapi"].startswith("3.")
    assert set(document["info"]["contact"]) == {"name", "url", "email"}
    assert [server["url"] for server in document["servers"]] == [f"{gateway.url}/api/v1"]
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len({o["operationId"] for o in operations}) == len(operations) >= 8
    for operation in operations:
        assert {"400", "401", "403", "503"} <= set(operation["responses"])
        assert "422" not in operation["responses"]
        for status, response in operation["responses"].items():
            assert "API-Version" in response["headers"]
            assert status.startswith("2") or set(response["content"]) == {"application/problem+json"}


def test_every_reference_in_the_openapi_document_leads_somewhere(gateway: Running) -> None:
    text = httpx2.get(f"{gateway.url}/api/v1/openapi.json", timeout=SECONDS).text
    schemas = json.loads(text)["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)


# ---- dealings ------------------------------------------------------------------------------------


def test_what_was_agreed_by_telephone_is_kept_and_confirmed(gateway: Running, client: httpx2.Client) -> None:
    gateway.open_request(reference="HV-20")
    said = {"gesprokenOp": "2026-03-30T12:00:00+02:00", "persoon": "mw. A. Voorbeeld", "afspraak": "De akte volgt."}
    answer = client.post("/verzoeken/HV-20/gesprekken", json=said)
    assert answer.status_code == 201
    kept = said | {"gesprokenOp": "2026-03-30T10:00:00.000000Z", "medewerker": "everything"}
    assert answer.json() == kept
    assert client.get("/verzoeken/HV-20/gesprekken").json() == [kept]
    assert "ContactRegistered" in [event.name for event in gateway.house.desk.queries.timeline("HV-20")]
    wrong = client.post("/verzoeken/HV-20/gesprekken", json={"gesprokenOp": "gisteren", "persoon": "", "x": 1})
    assert (wrong.status_code, names(wrong)) == (400, ["gesprokenOp", "persoon", "afspraak", "x"])
    later = client.post("/verzoeken/HV-20/gesprekken", json=said | {"gesprokenOp": "2099-01-01T00:00:00Z"})
    assert (later.status_code, names(later)) == (400, ["gesprokenOp"])
    assert client.post("/verzoeken/HV-404/gesprekken", json=said).status_code == 404
    assert client.post("/verzoeken/HV-20/gesprekken", content=b"{").status_code == 400


def test_more_time_is_given_with_a_reason_and_the_old_day_stays_known(gateway: Running, client: httpx2.Client) -> None:
    before = gateway.open_request(reference="HV-21").laatsteDag.isoformat()
    answer = client.post("/verzoeken/HV-21/uitstel", json={"tot": "2040-01-02", "reden": "De ambassade is dicht."})
    assert (answer.status_code, answer.json()["laatsteDag"]) == (200, "2040-01-02")
    (given,) = client.get("/verzoeken/HV-21/termijnen").json()["uitstel"]
    assert (given["van"], given["tot"], given["medewerker"]) == (before, "2040-01-02", "everything")
    earlier = client.post("/verzoeken/HV-21/uitstel", json={"tot": "2026-04-01", "reden": "x"})
    assert (earlier.status_code, names(earlier)) == (400, ["tot"])
    blank = client.post("/verzoeken/HV-21/uitstel", json={"tot": "2041-01-02", "reden": " "})
    assert (blank.status_code, names(blank)) == (400, ["reden"])


def test_a_question_for_more_time_is_answered_once(gateway: Running, client: httpx2.Client) -> None:
    gateway.open_request(reference="HV-22")
    asked = client.post("/verzoeken/HV-22/uitstelvragen", json={"persoon": "A. Voorbeeld", "reden": "Ik ben ziek."})
    assert asked.status_code == 201
    question = asked.json()
    assert (question["weg"], question["stand"], question["tot"]) == ("telefoon", "wacht", None)
    assert question in client.get("/uitstelvragen").json()
    path = f"/verzoeken/HV-22/uitstelvragen/{question['nummer']}/antwoord"
    given = {"tot": "2040-01-02", "reden": "Beterschap."}
    elsewhere = gateway.open_request(reference="HV-23").kenmerk
    assert client.post(path.replace("HV-22", elsewhere), json=given).status_code == 404
    answered = client.post(path, json=given)
    assert (answered.json()["stand"], answered.json()["tot"]) == ("gegeven", "2040-01-02")
    assert client.get("/verzoeken/HV-22").json()["laatsteDag"] == "2040-01-02"
    again = client.post(path, json={"tot": None, "reden": "Toch niet."})
    assert again.status_code == 409
    problem(again)
