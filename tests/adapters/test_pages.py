"""What the pages promise to whoever speaks HTTP to them, browser or not."""

import itertools
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from gateway import register_check
from gateway.core.facts import Act, ActKind
from gateway.core.words import Reason, Status
from gateway.journal import JOURNAL_BYTES
from gateway.people import StaffRole
from gateway.schema import VerzoekNieuw
from portal import words
from tests.support.browsing import SECONDS, api, furnish, submit
from tests.support.house import PASSWORD, Running, eicar, pdf, running

CAP_MB = 1
ROOT = Path(__file__).resolve().parents[2]
_numbers = itertools.count(1000)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("pages"), clamd_socket, limits={"submission_mb": CAP_MB}) as gateway:
        gateway.account("behandelaar", StaffRole.CASEWORKER)
        gateway.account("auditor", StaffRole.AUDITOR)
        yield gateway


@pytest.fixture
def own(tmp_path: Path, clamd_socket: Path) -> Iterator[Running]:
    """A gateway that a test may break."""
    with running(tmp_path / "own", clamd_socket, portal={"max_attempts": 3}) as gateway:
        yield gateway


@pytest.fixture
def person(portal: Running) -> Iterator[httpx2.Client]:
    with client(portal) as made:
        yield made


def client(gateway: Running) -> httpx2.Client:
    return httpx2.Client(base_url=gateway.url, timeout=SECONDS)


def new_reference() -> str:
    """A reference that no other test uses."""
    return f"HV-{next(_numbers)}"


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found, f"no field {name}"
    return found[1]


def sign_in(person: httpx2.Client, reference: str, code: str) -> httpx2.Response:
    form = hidden(person.get("/").text, "formulier")
    return person.post("/", data={"kenmerk": reference, "toegangscode": code, "formulier": form})


def signed_in(person: httpx2.Client, request: VerzoekNieuw) -> str:
    """Sign in; returns the CSRF token of the checklist."""
    assert sign_in(person, request.kenmerk, request.toegangscode).status_code == 303
    return hidden(person.get("/verzoek").text, "csrf")


def sign_in_staff(person: httpx2.Client, name: str, password: str = PASSWORD) -> httpx2.Response:
    form = hidden(person.get("/medewerker/inloggen").text, "formulier")
    return person.post("/medewerker/inloggen", data={"naam": name, "wachtwoord": password, "formulier": form})


def send(person: httpx2.Client, csrf: str, *files: tuple[str, str, bytes], **headers: str) -> httpx2.Response:
    parts = [(field, (name, content)) for field, name, content in files]
    return person.post("/verzoek", data={"csrf": csrf}, files=parts, headers=headers)


# ---- signing in ----------------------------------------------------------------------------------


def test_a_wrong_code_says_the_same_whether_the_request_exists_or_not(portal: Running, person: httpx2.Client) -> None:
    """P7: the page is no oracle for references."""
    request = portal.open_request(reference="HV-10")
    other = portal.open_request(reference="HV-11").toegangscode
    known = sign_in(person, request.kenmerk, other)
    unknown = sign_in(person, "HV-99", other)
    assert known.status_code == unknown.status_code == 400
    assert known.text.replace("HV-10", "HV-99") == unknown.text


def test_guessing_is_braked_per_reference_and_known_ones_are_not_told_apart(own: Running) -> None:
    request = own.open_request(reference="HV-12")
    wrong = own.open_request(reference="HV-13").toegangscode
    with client(own) as person:
        for reference in ("HV-12", "HV-98"):
            assert [sign_in(person, reference, wrong).status_code for _ in range(4)] == [400, 400, 400, 429]
        right_but_braked = sign_in(person, request.kenmerk, request.toegangscode)
        assert right_but_braked.status_code == 429
        assert "Wacht 15 minuten" in right_but_braked.text


def test_guessing_is_braked_per_address(own: Running) -> None:
    wrong = own.open_request(reference="HV-13").toegangscode
    with client(own) as person:
        answers = [sign_in(person, f"HV-{n}", wrong).status_code for n in range(100, 110)]
    assert answers == [400] * 9 + [429]


def test_a_typing_error_in_the_code_is_called_one_and_counts_for_nothing(own: Running) -> None:
    request = own.open_request(reference="HV-14")
    swapped = request.toegangscode[:-1] + ("A" if request.toegangscode[-1] != "A" else "B")
    with client(own) as person:
        answers = [sign_in(person, "HV-14", swapped) for _ in range(5)]
        assert {a.status_code for a in answers} == {400}
        assert "typefout" in answers[-1].text
        assert sign_in(person, "hv-14", request.toegangscode.lower()).status_code == 303


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(portal: Running, person: httpx2.Client) -> None:
    request = portal.open_request(reference="HV-15")
    cookie = sign_in(person, request.kenmerk, request.toegangscode).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_after_signing_out_the_old_cookie_opens_nothing(portal: Running, person: httpx2.Client) -> None:
    csrf = signed_in(person, portal.open_request(reference="HV-16"))
    kept = person.cookies["inzender"]
    person.post("/uitloggen", data={"csrf": csrf})
    person.cookies.clear()
    answer = person.get("/verzoek", headers={"Cookie": f"inzender={kept}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?reden=verlopen")


# ---- whose page sent this ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_send_in_somebodys_name(
    portal: Running, person: httpx2.Client, headers: dict[str, str]
) -> None:
    reference = new_reference()
    csrf = signed_in(person, portal.open_request(reference=reference))
    answer = send(person, csrf, ("1", "a.pdf", pdf()), **headers)
    assert answer.status_code == 403
    assert portal.house.desk.queries.submissions(request=reference) == ()


def test_without_the_secret_of_the_page_nothing_is_taken(portal: Running, person: httpx2.Client) -> None:
    signed_in(person, portal.open_request(reference="HV-17"))
    assert send(person, "x", ("1", "a.pdf", pdf())).status_code == 403
    assert person.post("/uitloggen", data={"csrf": ""}).status_code == 403
    assert portal.house.desk.queries.submissions(request="HV-17") == ()


# ---- sending -------------------------------------------------------------------------------------


def test_no_receipt_page_before_the_submission_would_survive(portal: Running, person: httpx2.Client) -> None:
    """P1: when the answer is there, the bytes are on disk and the ledger has the entry."""
    csrf = signed_in(person, portal.open_request(reference="HV-20"))
    answer = send(person, csrf, ("1", "paspoort.pdf", pdf(note="p1")))
    assert answer.status_code == 303
    number = answer.headers["location"].split("/")[2].split("?")[0]
    with closing(sqlite3.connect(portal.house.settings.data_dir / "herstelpost.db")) as database:
        rows = database.execute("SELECT name FROM ledger_entry WHERE subject = ?", (number,)).fetchall()
    assert ("SubmissionAcceptance",) in rows
    (stored,) = portal.house.desk.queries.raw_files(number)
    assert portal.house.desk.blobs.path(stored.sha256).read_bytes() == pdf(note="p1")


def test_several_items_are_answered_in_one_form_and_each_file_keeps_its_item(
    portal: Running, person: httpx2.Client
) -> None:
    csrf = signed_in(person, portal.open_request(reference="HV-21"))
    sent = [("1", "één.pdf", pdf(note="1")), ("1", "twee.pdf", pdf(note="2")), ("4", "brief.pdf", pdf(note="3"))]
    number = send(person, csrf, *sent).headers["location"].split("/")[2].split("?")[0]
    submission = portal.house.desk.queries.submission(number)
    assert [(s.nummer, s.naam) for s in submission.stukken] == [(item, name) for item, name, _ in sent]


def test_exactly_the_cap_is_taken(portal: Running, person: httpx2.Client) -> None:
    csrf = signed_in(person, portal.open_request(reference="HV-22"))
    half = CAP_MB * 2**19
    assert send(person, csrf, ("1", "a.bin", bytes(half)), ("4", "b.bin", b"b" * half)).status_code == 303


def test_one_byte_over_the_cap_is_refused_kindly_registered_and_nothing_is_half_done(
    portal: Running, person: httpx2.Client
) -> None:
    csrf = signed_in(person, portal.open_request(reference="HV-23"))
    half = CAP_MB * 2**19
    answer = send(person, csrf, ("1", "a.bin", bytes(half)), ("4", "b.bin", b"b" * (half + 1)))
    assert answer.status_code == 413
    assert "U koos 1,1 MB. Alles bij elkaar mag 1 MB zijn." in answer.text
    assert "Verstuur de documenten in delen" in answer.text
    assert portal.house.desk.queries.submissions(request="HV-23") == ()
    assert list((portal.house.settings.data_dir / "blobs" / "spool").iterdir()) == []
    (attempt,) = [e.content for e in portal.house.desk.queries.timeline("HV-23") if e.name == "SubmissionRejection"]
    assert attempt is not None
    assert (attempt["reden"], attempt["bytes"]) == ("te_groot", 2 * half + 1)


def test_too_many_files_are_refused_kindly(own: Running) -> None:
    request = own.open_request(reference="HV-24")
    most = own.house.settings.portal.max_files
    with client(own) as person:
        csrf = signed_in(person, request)
        answer = send(person, csrf, *[("1", f"{n}.txt", b"x") for n in range(most + 1)])
    assert answer.status_code == 413
    assert f"U kunt {most} bestanden tegelijk sturen" in answer.text
    assert own.house.desk.queries.submissions(request="HV-24") == ()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([], "U heeft nog geen bestand gekozen"),
        ([("1", "", b"")], "U heeft nog geen bestand gekozen"),
        ([("1", "leeg.pdf", b"")], "Het bestand leeg.pdf is leeg"),
        ([("9", "a.pdf", b"x")], "Kies uw bestanden opnieuw"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_kept(
    portal: Running, person: httpx2.Client, files: list[tuple[str, str, bytes]], told: str
) -> None:
    reference = new_reference()
    csrf = signed_in(person, portal.open_request(reference=reference))
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for field, name, content in files
    )
    form = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'.encode() + body + b"--x--\r\n"
    answer = person.post("/verzoek", content=form, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400
    assert told in answer.text
    assert portal.house.desk.queries.submissions(request=reference) == ()


@pytest.mark.parametrize(
    "broken",
    [
        b'--x\r\nContent-Disposition: form-data; name="1"; filename="a.pdf"\r\n\r\nhalf a docu',
        b"--y\r\n\r\n",
        b'--x\r\nContent-Disposition: attachment; filename="a"\r\n\r\nx\r\n--x--\r\n',
        b"",
    ],
)
def test_a_form_that_breaks_off_is_not_taken_for_a_whole_one(
    portal: Running, person: httpx2.Client, broken: bytes
) -> None:
    reference = new_reference()
    csrf = signed_in(person, portal.open_request(reference=reference))
    form = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'.encode() + broken
    answer = person.post("/verzoek", content=form, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400
    assert portal.house.desk.queries.submissions(request=reference) == ()


def test_while_nobody_scans_the_receipt_is_given_and_the_list_shows_what_we_hold(tmp_path: Path) -> None:
    """P4: the document waits, the sender does not."""
    with running(tmp_path) as gateway, client(gateway) as person:
        csrf = signed_in(person, gateway.open_request(reference="HV-27"))
        answer = send(person, csrf, ("1", "paspoort.pdf", pdf()))
        assert answer.status_code == 303
        shown = person.get(answer.headers["location"]).text
        assert "Wij controleren uw bestanden nog" in shown
        number = answer.headers["location"].split("/")[2].split("?")[0]
        assert number in person.get("/verzoek").text
        assert gateway.house.desk.queries.submission(number).status is not Status.DONE


# ---- whose submission ----------------------------------------------------------------------------


def test_nobody_sees_anothers_submission_or_gets_a_document_back(portal: Running, person: httpx2.Client) -> None:
    theirs = portal.open_request(reference="HV-30")
    with api(portal, name="thirty") as machine:
        number = submit(machine, theirs, ("1", "geheim.pdf", pdf(note="geheim")))
    signed_in(person, portal.open_request(reference="HV-31"))
    for path in ("", "/receipt.json", "/receipt.pdf", "/bewijs.zip"):
        assert person.get(f"/inzending/{number}{path}").status_code == 404
    signed_in(person, theirs)
    assert person.get(f"/inzending/{number}").status_code == 200
    for path in ("/geheim.pdf", "/stukken/1", "/log.vkey"):
        assert person.get(f"/inzending/{number}{path}").status_code == 404


# ---- every answer --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/verzoek", "/hulp", "/bestaat-niet", "/medewerker", "/api/v1/verzoeken"])
def test_every_answer_carries_the_security_headers(person: httpx2.Client, path: str) -> None:
    headers = person.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "cookies", "query", "language"),
    [
        ({}, {}, "", "nl"),
        ({"Accept-Language": "en-GB,en;q=0.9,nl;q=0.5"}, {}, "", "en"),
        ({"Accept-Language": "fr"}, {}, "", "nl"),
        ({"Accept-Language": "en"}, {"taal": "nl"}, "", "nl"),
        ({}, {"taal": "nl"}, "?taal=en", "en"),
        ({}, {}, "?taal=../../etc", "nl"),
    ],
)
def test_the_reader_chooses_the_language(
    portal: Running, headers: dict[str, str], cookies: dict[str, str], query: str, language: str
) -> None:
    with httpx2.Client(base_url=portal.url, headers=headers, cookies=cookies) as reader:
        assert f'<html lang="{language}" dir="ltr">' in reader.get(f"/{query}").text


def test_our_trouble_is_told_as_ours_and_nothing_is_promised(own: Running) -> None:
    """A disk that takes no bytes: 503 on the page, and /healthz says so too."""
    request = own.open_request(reference="HV-40")
    spool = own.house.settings.data_dir / "blobs" / "spool"
    with client(own) as person:
        csrf = signed_in(person, request)
        assert person.get("/healthz").status_code == 200
        spool.rename(spool.with_name("away"))
        # A small file needs no spool: it lies in the journal.
        answer = send(person, csrf, ("1", "a.pdf", pdf().ljust(JOURNAL_BYTES + 1, b"\n")))
        health = person.get("/healthz")
        spool.with_name("away").rename(spool)
    assert answer.status_code == 503
    assert "Dit ligt aan ons, niet aan u" in answer.text
    assert (health.status_code, health.json()["opslag"], health.json()["database"]) == (503, "fout", "goed")
    assert own.house.desk.queries.submissions() == ()


def test_an_error_nobody_foresaw_gives_a_number_and_no_detail(own: Running, caplog: pytest.LogCaptureFixture) -> None:
    """P7: no path, rule or version leaves the house."""
    request = own.open_request(reference="HV-41")
    with client(own) as person:
        signed_in(person, request)
        with closing(sqlite3.connect(own.house.settings.data_dir / "herstelpost.db")) as database:
            database.execute("UPDATE request SET status = 'onzin'")
            database.commit()
        answer = person.get("/verzoek")
    assert answer.status_code == 500
    found = re.search(r"Noem dit nummer als u belt: ([0-9a-f]{8})", answer.text)
    assert found
    assert found[1] in caplog.text
    assert not re.search(r"Traceback|onzin|/work|\.py|sqlite", answer.text)


# ---- staff ---------------------------------------------------------------------------------------


def test_each_role_has_its_own_pages_only(portal: Running) -> None:
    portal.open_request(reference="HV-50")
    for name, allowed, closed in (
        ("behandelaar", "/medewerker", "/auditor"),
        ("auditor", "/auditor", "/medewerker/verzoeken/HV-50"),
    ):
        with client(portal) as person:
            assert person.get(allowed).headers["location"] == "/medewerker/inloggen"
            assert sign_in_staff(person, name).headers["location"] == allowed
            assert person.get(allowed).status_code == 200
            assert person.get(closed).headers["location"] == "/medewerker/inloggen"


def test_staff_sign_in_is_braked_too(own: Running) -> None:
    own.account("jansen", StaffRole.CASEWORKER)
    with client(own) as person:
        answers = [sign_in_staff(person, "jansen", "verkeerd").status_code for _ in range(4)]
        assert answers == [400, 400, 400, 429]
        assert sign_in_staff(person, "jansen").status_code == 429


def test_a_clean_document_leaves_as_a_download_and_that_is_in_the_ledger(
    portal: Running, person: httpx2.Client
) -> None:
    with api(portal, name="download") as machine:
        number = submit(machine, portal.open_request(reference="HV-51"), ("1", "pas <1>.pdf", pdf(note="51")))
    sign_in_staff(person, "behandelaar")
    answer = person.get(f"/medewerker/inzendingen/{number}/stukken/1")
    assert answer.content == pdf(note="51")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"
    (seen,) = [e.content for e in portal.house.desk.queries.timeline(number) if e.name == "ContentAccessTracking"]
    assert seen is not None
    assert seen["medewerker"] == "behandelaar"


def test_malware_never_leaves_whatever_else_holds_the_submission(tmp_path: Path, clamd_socket: Path) -> None:
    """P4: in a late submission every document is held for lateness; the virus in it stays inside all the same."""
    with running(tmp_path, clamd_socket) as gateway, client(gateway) as person:
        furnished = furnish(gateway)
        with api(gateway, name="late") as machine:
            late = submit(machine, furnished.late, ("1", "virus.txt", eicar()), ("3", "goed.pdf", pdf(note="goed")))
        sign_in_staff(person, "j.jansen")
        answers = [person.get(f"/medewerker/inzendingen/{late}/stukken/{n}").status_code for n in (1, 2, 3)]
        partly = person.get(f"/medewerker/inzendingen/{furnished.numbers['partly']}/stukken/3").status_code
    assert answers == [404, 200, 404]
    assert partly == 404


def test_a_person_extends_judges_and_closes_under_their_own_name(portal: Running, person: httpx2.Client) -> None:
    """P10: every act carries the name that is signed in, never one from the form."""
    with api(portal, name="acts") as machine:
        submit(machine, portal.open_request(reference="HV-52"), ("1", "pas.pdf", pdf(note="52")))
    sign_in_staff(person, "behandelaar")
    page = "/medewerker/verzoeken/HV-52"
    csrf = hidden(person.get(page).text, "csrf")
    acts = (
        ("/verlengen", {"tot": "2040-01-02", "reden": "ziekte"}),
        ("/stukken/1", {"oordeel": "afgekeurd"}),
        ("/sluiten", {"reden": "ingetrokken", "medewerker": "iemand anders"}),
    )
    for path, form in acts:
        assert person.post(page + path, data={"csrf": csrf, **form}).status_code == 303
    request = portal.house.desk.queries.request("HV-52")
    assert (str(request.laatsteDag), request.stukken[0].status, request.status) == (
        "2040-01-02",
        "afgekeurd",
        "gesloten",
    )
    assert "Uitstel op" in person.get(page).text, "the old last day is never lost"
    told = [e for e in portal.house.desk.queries.timeline("HV-52") if e.name != "ContentAccessTracking"]
    acted = [e.content for e in told if e.content and "medewerker" in e.content]
    assert [content["medewerker"] for content in acted] == ["behandelaar"] * 3


@pytest.mark.parametrize(
    ("path", "form", "told"),
    [
        ("/verlengen", {"tot": "", "reden": "x"}, "vul een datum in"),
        ("/verlengen", {"tot": "2020-01-01", "reden": "x"}, "niet later dan de laatste dag"),
        ("/sluiten", {"reden": " "}, "Reden: mag niet leeg zijn"),
        ("/stukken/77", {"oordeel": "goedgekeurd"}, "heeft geen stuk 77"),
    ],
)
def test_an_act_that_cannot_be_done_says_why_on_the_same_page(
    portal: Running, person: httpx2.Client, path: str, form: dict[str, str], told: str
) -> None:
    reference = new_reference()
    portal.open_request(reference=reference)
    sign_in_staff(person, "behandelaar")
    page = f"/medewerker/verzoeken/{reference}"
    answer = person.post(page + path, data={"csrf": hidden(person.get(page).text, "csrf"), **form})
    assert answer.status_code == 400
    assert told in answer.text


def test_a_held_submission_is_released_or_refused_by_a_person(tmp_path: Path, clamd_socket: Path) -> None:
    with running(tmp_path, clamd_socket) as gateway, client(gateway) as person:
        furnished = furnish(gateway)
        late, mail = furnished.numbers["late"], furnished.numbers["mail"]
        sign_in_staff(person, "j.jansen")
        assert {late, mail} <= set(re.findall(r"inzendingen/([0-9A-Z-]+)", person.get("/medewerker/aangehouden").text))
        csrf = hidden(person.get(f"/medewerker/inzendingen/{late}").text, "csrf")
        person.post(f"/medewerker/inzendingen/{late}/vrijgeven", data={"csrf": csrf})
        refuse = f"/medewerker/inzendingen/{mail}/weigeren"
        assert person.post(refuse, data={"csrf": csrf, "reden": "zomaar"}).status_code == 400
        assert person.post(refuse, data={"csrf": csrf, "reden": "afzender_onbekend"}).status_code == 303
        once_more = person.post(f"/medewerker/inzendingen/{mail}/vrijgeven", data={"csrf": csrf})
        assert (once_more.status_code, "een collega u voor" in once_more.text) == (409, True)
        undone = person.post(f"/medewerker/inzendingen/{late}/weigeren", data={"csrf": csrf, "reden": "te_laat"})
        assert undone.status_code == 409
        outcomes = [gateway.house.desk.queries.submission(number).besluit for number in (late, mail)]
    assert outcomes == ["aangenomen", "geweigerd"]


def test_the_register_shows_refused_attempts_and_never_a_file_name(portal: Running, person: httpx2.Client) -> None:
    with api(portal, name="register") as machine:
        number = submit(machine, portal.open_request(reference="HV-54"), ("1", "medisch-dossier.pdf", pdf(note="54")))
    sign_in_staff(person, "auditor")
    csrf = hidden(person.get("/auditor").text, "csrf")
    shown = person.post("/auditor/register", data={"csrf": csrf, "vanaf": "2000-01-01", "tot": "2099-12-31"}).text
    assert number in shown
    for path in (f"/auditor/inzendingen/{number}", "/auditor/verzoeken/HV-54"):
        page = person.get(path)
        assert page.status_code == 200
        assert "medisch-dossier" not in page.text
    assert "medisch-dossier" not in shown


def test_a_receipt_that_puts_another_right_says_so_to_the_sender_and_both_say_so_to_the_auditor(
    portal: Running, person: httpx2.Client
) -> None:
    request, desk = portal.open_request(reference="HV-55"), portal.house.desk
    with api(portal, name="corrected") as machine:
        number = submit(machine, request, ("1", "pas.pdf", pdf(note="55")))
    signed_in(person, request)
    assert "verbetert een eerder" not in person.get(f"/inzending/{number}").text
    before = desk.queries.receipt_index(number)
    document = desk.queries.submission(number).stukken[0].sha256
    desk.store.act(number, Act(ActKind.REFUSE, "behandelaar", document=document, reason=Reason.UNREADABLE))
    desk.wake()
    desk.settle(number, SECONDS)
    after = desk.queries.receipt_index(number)
    assert f"verbetert een eerder ontvangstbewijs: regel {before} " in person.get(f"/inzending/{number}").text
    sign_in_staff(person, "auditor")
    shown = person.get(f"/auditor/inzendingen/{number}").text
    for label, index in (("Verbetert", before), ("Verbeterd door", after)):
        assert f'<span class="soft">{label}</span> regel {index}<' in shown


def test_an_auditor_asks_whether_somebody_was_in_by_a_day_and_takes_the_register_with_its_proof(
    portal: Running, person: httpx2.Client, tmp_path: Path
) -> None:
    with api(portal, name="binnen") as machine:
        number = submit(machine, portal.open_request(reference="HV-56"), ("1", "geheim.pdf", pdf(note="56")))
    sign_in_staff(person, "auditor")
    csrf = hidden(person.get("/auditor").text, "csrf")
    for who in (number.lower(), "hv-56"):
        shown = person.post("/auditor/binnen", data={"csrf": csrf, "wie": who, "voor": "2099-12-31"}).text
        assert "Ja: 1 inzending binnen" in shown
        assert number in shown
    assert (
        "Nee: niets binnen"
        in person.post("/auditor/binnen", data={"csrf": csrf, "wie": number, "voor": "2020-01-01"}).text
    )
    period = {"csrf": csrf, "vanaf": "2000-01-01", "tot": "2099-12-31"}
    taken = person.post("/auditor/register/pakket", data=period)
    assert taken.headers["content-type"] == "application/zip"
    (tmp_path / "register.zip").write_bytes(taken.content)
    found = register_check.verify_register(tmp_path / "register.zip", [portal.house.ledger.vkey])
    assert found.ok, found.checks
    told = portal.house.desk.queries.timeline("register")[-1].content
    assert told is not None
    assert told["medewerker"] == "auditor"
    assert person.post("/auditor/register/pakket", data=period | {"vanaf": "2098-01-01"}).status_code == 400
    assert list((portal.house.settings.data_dir / "scratch").glob("register-*")) == []


def test_an_auditor_finds_by_number_case_sender_and_period_and_no_page_shows_content(
    portal: Running, person: httpx2.Client
) -> None:
    with api(portal, name="zoeken") as machine:
        request = portal.open_request(reference="HV-57", zaaknummer="Z1-0000005700")
        one, two = (submit(machine, request, ("1", "geheim-stuk.pdf", pdf(note=f"57{n}"))) for n in "ab")
    empty = portal.open_request(reference="HV-58")
    portal.house.desk.retention.hold("HV-57", "ernstig-zieke-partner", "behandelaar")
    sign_in_staff(person, "auditor")
    csrf = hidden(person.get("/auditor").text, "csrf")

    def find(wie: str = "", vanaf: str = "", tot: str = "") -> httpx2.Response:
        return person.post("/auditor/zoeken", data={"csrf": csrf, "wie": wie, "vanaf": vanaf, "tot": tot})

    assert find(one.lower()).headers["location"] == f"/auditor/inzendingen/{one}"
    assert find(empty.kenmerk).headers["location"] == "/auditor/verzoeken/HV-58"
    for asked in (("hv-57",), ("Z1-0000005700",), ("Z1-0000005700", "2000-01-01", "2099-12-31"), ("", "2000-01-01")):
        shown = find(*asked).text
        assert one in shown
        assert two in shown
    for asked, status in (
        (("HV-57", "2099-01-01"), 404),
        (("niemand@example.org",), 404),
        ((), 400),
        (("", "gisteren"), 400),
    ):
        assert find(*asked).status_code == status
    for path in ("/auditor", "/auditor/bewaren", f"/auditor/inzendingen/{one}", "/auditor/verzoeken/HV-57"):
        page = person.get(path)
        assert page.status_code == 200, path
        assert not re.search(r"geheim-stuk|ernstig-zieke", page.text), path
    portal.house.desk.retention.release("HV-57", "afgedaan", "behandelaar")


def test_a_person_holds_and_lets_go_with_a_reason_under_their_own_name(portal: Running, person: httpx2.Client) -> None:
    portal.open_request(reference="HV-59")
    sign_in_staff(person, "behandelaar")
    csrf = hidden(person.get("/medewerker/bewaren?wat=HV-59").text, "csrf")

    def act(path: str = "", wat: str = "HV-59", reden: str = "beroep ingesteld") -> httpx2.Response:
        return person.post(f"/medewerker/bewaren{path}", data={"csrf": csrf, "wat": wat, "reden": reden})

    assert act(wat="HV-bestaat-niet").status_code == 404
    assert "mag niet leeg zijn" in act(reden=" ").text
    assert "er wordt niets van gewist" in person.get(act().headers["location"]).text
    assert "wordt al vastgehouden" in act().text
    assert "beroep ingesteld" in person.get("/medewerker/bewaren").text
    assert "HV-59 wordt vastgehouden" in person.get("/medewerker/verzoeken/HV-59").text
    assert act("/opheffen", reden="").status_code == 400
    assert "De bewaartermijn telt weer" in person.get(act("/opheffen", reden="uitspraak").headers["location"]).text
    assert act("/opheffen").status_code == 404
    told = [e.content or {} for e in portal.house.desk.queries.timeline("HV-59") if e.name.startswith("LegalHold")]
    assert [(e["medewerker"], e["reden"]) for e in told] == [
        ("behandelaar", "beroep ingesteld"),
        ("behandelaar", "uitspraak"),
    ]


def test_the_daily_check_is_told_to_the_auditor_and_to_who_watches_over_us(tmp_path: Path, clamd_socket: Path) -> None:
    with running(tmp_path, clamd_socket) as gateway, client(gateway) as person:
        gateway.account("auditor", StaffRole.AUDITOR)
        gateway.open_request(reference="HV-1")
        sign_in_staff(person, "auditor")
        assert "nog geen dagelijkse controle" in person.get("/auditor").text
        assert gateway.house.integrity.run(content=True).ok
        assert "Alles klopte" in person.get("/auditor").text
        with closing(sqlite3.connect(tmp_path / "herstelpost.db")) as connection, connection:
            connection.execute("UPDATE request SET case_number = 'Z1-0000000000'")
        assert not gateway.house.integrity.run(content=False).ok
        assert "zaaknummer is niet wat het logboek zegt" in person.get("/auditor").text
        assert "klopt niet: verzoek HV-1" in person.get("/healthz").json()["logboek"]


# ---- words ---------------------------------------------------------------------------------------


def test_every_language_says_the_same_with_the_same_values() -> None:
    values = {
        code: {key: set(re.findall(r"{\w*}", text)) for key, text in words.TEXT[code].items()} for code in words.TEXT
    }
    assert all(said == values["nl"] for said in values.values())


def test_every_text_that_a_page_asks_for_is_there() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "portal" / "templates").glob("*.html"))
    asked = set(re.findall(r'\bt\("(\w+)"[,)]', templates))
    assert len(asked) > 50
    assert asked <= set(words.TEXT["nl"])
