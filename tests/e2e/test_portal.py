"""People in front of the real pages, in a real browser."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from gateway import sheets
from gateway.core.model import Answer
from gateway.dealings import Way
from gateway.receipts import verify_package
from tests.support import browsing, dossier
from tests.support.browsing import DESKTOP, PHONE, Furnished, furnish
from tests.support.house import Running, pdf, photo, running

LIMIT_MB = 2
ONE_ROW = 60


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("portal")
    with running(data, clamd_socket, limits={"submission_mb": LIMIT_MB}) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def furnished(portal: Running) -> Furnished:
    return furnish(portal)


@pytest.fixture
def phone_without_script(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False, locale="nl-NL", accept_downloads=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP, locale="nl-NL")
    yield context.new_page()
    context.close()


def file(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_the_whole_job_is_done_without_javascript_on_a_small_phone(
    portal: Running, phone_without_script: Page, tmp_path: Path
) -> None:
    page = phone_without_script
    request = portal.open_request(reference="HV-2026-000001")
    browsing.sign_in(page, portal.url, request)
    assert page.get_by_text("0 van 4 documenten ontvangen").is_visible()
    page.get_by_label("Kies bestanden voor document 1").set_input_files(
        [file("paspoort.pdf", pdf(note="blad 1")), file("achterkant.jpg", photo("navy"))]
    )
    page.get_by_label("Kies andere bestanden").set_input_files([file("iets.pdf", pdf(note="iets"))])
    page.get_by_role("button", name="Verstuur de gekozen bestanden").click()

    assert page.get_by_role("heading", name="Wij hebben uw bestanden ontvangen").is_visible()
    number = page.locator(".proof .number").inner_text()
    assert portal.house.desk.queries.submission(number).verzoek == "HV-2026-000001"
    assert verified(download(page, "Alles in één pakket (zip)", tmp_path / "bewijs.zip"), tmp_path / "package")

    page.get_by_label("Bij welk document hoort dit bestand?").select_option("4")
    page.get_by_role("button", name="Kiezen").click()
    page.get_by_role("link", name="Terug naar uw documenten").click()
    assert page.get_by_text("2 van 4 documenten ontvangen").is_visible()
    assert page.get_by_role("link", name=number).is_visible()
    page.get_by_role("button", name="Uitloggen").click()
    page.goto(f"{portal.url}/inzending/{number}")
    assert page.get_by_role("heading", name="Documenten sturen").is_visible()


def download(page: Page, name: str, path: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    download.value.save_as(path)
    return path


def verified(package: Path, directory: Path) -> bool:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(directory)
        assert {"receipt.json", "receipt.tlog-proof", "receipt.pdf", "log.vkey"} <= set(archive.namelist())
    return verify_package([directory]).ok


def test_the_job_is_done_with_the_keyboard_alone(portal: Running, desktop: Page, tmp_path: Path) -> None:
    request = portal.open_request(reference="HV-2026-000002")
    passport = tmp_path / "paspoort.pdf"
    passport.write_bytes(pdf(note="toetsenbord"))
    # Who begins to listen for the chooser together with the key may be too late: then the browser shows its own.
    desktop.on("filechooser", lambda chooser: chooser.set_files(passport))
    desktop.goto(portal.url)
    focus(desktop, "#kenmerk")
    desktop.keyboard.type(request.kenmerk)
    desktop.keyboard.press("Tab")
    desktop.keyboard.type(request.toegangscode.lower().replace("-", " "))
    with desktop.expect_navigation():
        desktop.keyboard.press("Enter")
    painted(desktop)
    focus(desktop, "#stuk-1")
    desktop.keyboard.press("Space")
    desktop.wait_for_function("() => document.querySelector('#stuk-1').files.length === 1")
    focus(desktop, "button.main")
    with desktop.expect_navigation():
        desktop.keyboard.press("Enter")
    assert desktop.get_by_role("heading", name="Wij hebben uw bestanden ontvangen").is_visible()


def painted(page: Page) -> None:
    """Chromium drops keys that come before a new page's first picture."""
    page.evaluate("() => new Promise(seen => requestAnimationFrame(() => requestAnimationFrame(seen)))")


def focus(page: Page, selector: str) -> None:
    """Press Tab until the control has the focus, and see that the focus shows."""
    for _ in range(60):
        if page.locator(selector).evaluate("e => e === document.activeElement"):
            outline = page.locator(selector).evaluate("e => getComputedStyle(e).outlineStyle")
            assert outline == "solid"
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard never reaches {selector}")


def test_a_password_is_given_without_javascript_on_a_phone_and_with_the_keyboard_alone(
    portal: Running, phone_without_script: Page
) -> None:
    page, request = phone_without_script, portal.open_request(reference="HV-2026-000005")
    browsing.sign_in(page, portal.url, request)
    locked = [file(f"{name}.pdf", dossier.locked(pdf(note=name), browsing.LOCK)) for name in ("voor", "achter")]
    page.get_by_label("Kies bestanden voor document 1").set_input_files(locked)
    page.get_by_role("button", name="Verstuur de gekozen bestanden").click()
    page.get_by_role("link", name="Terug naar uw documenten").click()
    page.get_by_role("link", name="Geef het wachtwoord van dit bestand (achter.pdf)").click()
    page.get_by_label("Wachtwoord van dit bestand (achter.pdf)").fill("1 mei 1980")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.title().startswith("Fout: ")
    page.get_by_role("alert").get_by_role("link").click()
    page.get_by_label("Wachtwoord van dit bestand (achter.pdf)").fill(browsing.LOCK)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_text("Het wachtwoord klopt.").is_visible()
    assert page.get_by_label("Wachtwoord van dit bestand (voor.pdf)").is_visible()
    assert page.get_by_text("Deels aangenomen", exact=True).first.is_visible()


def test_an_error_is_told_at_the_top_and_leads_to_its_control(portal: Running, desktop: Page) -> None:
    request = portal.open_request(reference="HV-2026-000003")
    browsing.sign_in(desktop, portal.url, request)
    desktop.get_by_role("button", name="Verstuur de gekozen bestanden").click()
    assert desktop.title().startswith("Fout: ")
    desktop.get_by_role("alert").get_by_role("link").click()
    assert desktop.locator("#stuk-1").evaluate("e => e === document.activeElement")


def test_too_much_is_said_while_choosing_and_explained_after_sending(portal: Running, desktop: Page) -> None:
    request = portal.open_request(reference="HV-2026-000004")
    browsing.sign_in(desktop, portal.url, request)
    desktop.locator("#stuk-1").set_input_files(file("groot.pdf", bytes(LIMIT_MB * 2**20 + 1)))
    assert "Dat is meer dan 2 MB" in desktop.locator("#gekozen").inner_text()
    desktop.get_by_role("button", name="Verstuur de gekozen bestanden").click()
    assert desktop.get_by_text("U koos 2,1 MB. Alles bij elkaar mag 2 MB zijn.").is_visible()
    assert portal.house.desk.queries.submissions(request=request.kenmerk) == ()


# ---- every page ----------------------------------------------------------------------------------


def pages(furnished: Furnished, page: Page) -> Iterator[str]:
    """Every page in turn, each in the states that look different; yields its name."""
    url, numbers = furnished.running.url, furnished.numbers

    def go(path: str) -> str:
        page.goto(url + path)
        return path

    yield from map(go, ("/", "/hulp", "/storingen", "/toegankelijkheid", "/bestaat-niet", "/?taal=en", "/?taal=nl"))
    page.locator("button.main").click()
    yield "sign-in with errors"
    for name in ("fresh", "partly", "complete", "late"):
        browsing.sign_in(page, url, getattr(furnished, name))
        yield f"checklist {name}"
        if name in numbers:
            yield go(f"/inzending/{numbers[name]}")
    page.goto(f"{url}/verzoek")
    page.locator("button.main").click()
    yield "checklist with errors"
    page.locator("#stuk-1").set_input_files(file("groot.pdf", bytes(3 * 2**20)))
    page.locator("button.main").click()
    yield "too large"
    yield from _locked(furnished, page, go)
    browsing.sign_in(page, url, furnished.letters)
    yield go("/berichten")
    page.locator("main a[href$='/e-mail']").first.click()
    yield "e-mail settings"
    yield go("/medewerker/inloggen")
    browsing.sign_in_staff(page, url, "j.jansen")
    yield "requests"
    if page.locator(".menu").is_visible():
        page.locator(".menu").click()
        yield "the menu of staff"
    yield from _paper_and_terms(furnished, page, go)
    yield from _new_requests(furnished, page, go)
    yield from map(go, ("/medewerker?alles=1", "/medewerker/aangehouden", "/medewerker/verlopen"))
    yield from map(go, (f"/medewerker/verlopen/{furnished.late.kenmerk}", "/medewerker/storingen"))
    yield from _keeping(furnished, page, go)
    yield from (go(f"/medewerker/verzoeken/{r.kenmerk}") for r in (furnished.partly, furnished.late))
    yield from (go(f"/medewerker/inzendingen/{numbers[n]}") for n in ("mail", "partly", "late", "locked", "objection"))
    _press(page, "Doorgegeven")
    yield "passing on with errors"
    browsing.sign_in_staff(page, url, "m.auditor")
    yield "auditor"
    page.get_by_role("button", name="Narekenen").click()
    yield "log checked"
    page.get_by_role("button", name="Tonen").click()
    yield "register"
    page.goto(f"{url}/auditor")
    page.get_by_label("Ontvangen vanaf").fill("2020-01-01")
    page.get_by_role("button", name="Zoeken").click()
    yield "found"
    yield go("/auditor/bewaren")
    yield go(f"/auditor/inzendingen/{numbers['partly']}")
    yield go(f"/auditor/verzoeken/{furnished.late.kenmerk}")


def _locked(furnished: Furnished, page: Page, go: Callable[[str], str]) -> Iterator[str]:
    """A locked document beside one that was opened, and a wrong password."""
    browsing.sign_in(page, furnished.running.url, furnished.locked)
    yield from map(go, ("/verzoek", f"/inzending/{furnished.numbers['locked']}?geopend=1"))
    page.get_by_label("Wachtwoord van dit bestand").fill("mis")
    page.get_by_role("button", name="Open het bestand").click()
    yield "a wrong password"


def _paper_and_terms(furnished: Furnished, page: Page, go: Callable[[str], str]) -> Iterator[str]:
    """Questions for more time, letters to post and posted ones, paper taken in."""
    reference = furnished.letters.kenmerk
    yield from map(go, ("/medewerker/uitstel", "/medewerker/post", f"/medewerker/verzoeken/{reference}/berichten"))
    page.goto(f"{furnished.running.url}/medewerker/uitstel")
    page.get_by_role("button", name="Niet geven").first.click()
    yield "more time with errors"
    yield from (go(f"/medewerker/verzoeken/{r}{what}") for r, what in ((reference, ""), (reference, "/innemen")))
    _press(page, "Innemen")
    yield "taking in with errors"


def _new_requests(furnished: Furnished, page: Page, go: Callable[[str], str]) -> Iterator[str]:
    """Templates, the form, the form with errors, a later round, sheets: with faults, and read in with a remark."""
    nareis = "/medewerker/verzoeken/nieuw?sjabloon=nareis"
    again = f"/medewerker/verzoeken/{furnished.partly.kenmerk}/vervolg"
    yield from map(go, ("/medewerker/verzoeken/nieuw", again, nareis))
    _press(page, "Registreer het verzoek")
    yield "new request with errors"
    page.goto(furnished.running.url + nareis)
    for name, text in (("zaaknummer", "Z1-1"), ("aanvrager-naam", "A. Voorbeeld")):
        page.locator(f"[name={name}]").fill(text)
    page.locator("button[value=registreren]").click()
    yield "registered"
    asked = sheets.example_csv().replace(b"huwelijksakte", b"loonstrook")
    for content in (asked.replace(b";weken;", b";eeuwen;"), asked.replace(b"HV-2026-000123", _free(furnished))):
        yield go("/medewerker/verzoeken/inlezen")
        page.locator("#sheet").set_input_files(file("verzoeken.csv", content))
        page.get_by_role("button", name="Inlezen").click()
        yield "read in"


def _keeping(furnished: Furnished, page: Page, go: Callable[[str], str]) -> Iterator[str]:
    """A legal hold, placed and lifted."""
    yield go(f"/medewerker/bewaren?wat={furnished.late.kenmerk}")
    page.get_by_label("Waarom? ").fill("beroep")
    page.get_by_role("button", name="Vasthouden").click()
    yield "held"
    page.get_by_text("Loslaten", exact=False).first.click()
    page.get_by_label("Waarom mag dit los?").fill("uitspraak")
    page.get_by_role("button", name="Loslaten").click()
    yield "let go"


def _press(page: Page, name: str) -> None:
    """Press a button whose form the browser would not send, as one without script or an old one does."""
    button = page.get_by_role("button", name=name, exact=True)
    button.evaluate("e => { e.form.noValidate = true }")
    button.click()


def _free(furnished: Furnished) -> bytes:
    return furnished.running.house.desk.requests.free_reference("HV").encode()


@dataclass
class Seen:
    """What a walk past every page showed: faults, whom the browser asked, what it said of our policy."""

    faults: list[str]
    asked: set[str]
    said: list[str]


@pytest.fixture(scope="module", params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def seen(furnished: Furnished, browser: Browser, request: pytest.FixtureRequest) -> Seen:
    context = browser.new_context(viewport=request.param, locale="nl-NL")
    page = context.new_page()
    seen = Seen([], set(), [])
    page.on("request", lambda request: seen.asked.add("/".join(request.url.split("/")[:3])))
    page.on("console", lambda message: seen.said.append(message.text) if "Content Security" in message.text else None)
    for name in pages(furnished, page):
        found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
        seen.faults += [f"{name}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            seen.faults.append(f"{name}: wider than {request.param['width']}")
    context.close()
    return seen


def test_no_page_has_an_accessibility_fault_or_is_wider_than_the_screen(seen: Seen) -> None:
    assert seen.faults == []


def test_no_page_asks_anybody_else_or_breaks_its_own_policy(seen: Seen, furnished: Furnished) -> None:
    assert seen.asked == {furnished.running.url}
    assert seen.said == []


# ---- staff ---------------------------------------------------------------------------------------


def test_a_caseworker_gives_a_held_mail_its_request(furnished: Furnished, desktop: Page) -> None:
    """P10: the software suggests, the person decides, and the ledger names the person."""
    gateway, number = furnished.running, furnished.numbers["mail"]
    browsing.sign_in_staff(desktop, gateway.url, "j.jansen")
    desktop.get_by_role("link", name="Aangehouden").click()
    desktop.get_by_role("link", name=number).click()
    desktop.get_by_role("radio", name=furnished.late.kenmerk).check()
    desktop.get_by_role("button", name="Toewijzen").click()
    assert desktop.get_by_role("status").inner_text() == "De inzending is aan het verzoek toegewezen."
    assert gateway.house.desk.queries.submission(number).verzoek == furnished.late.kenmerk
    acted = [e.content for e in gateway.house.desk.queries.timeline(number) if e.name == "PersonActed"]
    assert [content["medewerker"] for content in acted if content] == ["j.jansen"]


def test_on_a_phone_staff_has_its_tasks_behind_one_button_that_works_without_javascript_and_by_keyboard(
    furnished: Furnished, phone_without_script: Page
) -> None:
    page, tasks = phone_without_script, phone_without_script.get_by_role("navigation", name="Werk")
    browsing.sign_in_staff(page, furnished.running.url, "j.jansen")
    held = tasks.get_by_role("link", name="Aangehouden")
    assert not held.is_visible()
    assert tasks.evaluate("e => e.clientHeight") < ONE_ROW
    focus(page, ".menu")
    page.keyboard.press("Enter")
    assert held.is_visible()
    page.keyboard.press("Escape")
    assert not held.is_visible()
    focus(page, ".menu")
    page.keyboard.press("Enter")
    focus(page, ".work a[href$='/aangehouden']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_role("heading", name="Aangehouden", level=1).is_visible()


def test_staff_answer_and_pass_on_with_the_keyboard_alone(furnished: Furnished, desktop: Page) -> None:
    gateway = furnished.running
    desk = gateway.house.desk
    browsing.sign_in_staff(desktop, gateway.url, "j.jansen")
    number = browsing.mail(gateway, "Klacht", "Ik dien een klacht in over de lange wachttijd.")
    desktop.goto(f"{gateway.url}/medewerker/inzendingen/{number}")
    painted(desktop)
    focus(desktop, "#team")
    desktop.keyboard.type("Klachtencoördinator")
    with desktop.expect_navigation():
        desktop.keyboard.press("Enter")
    assert desktop.get_by_role("status").inner_text().startswith("U behandelt dit als goed verstuurd.")
    assert desk.queries.why(number).rule == "taken_in_by_a_person"

    question = desk.dealings.ask(furnished.complete.kenmerk, Way.PHONE, "Ik ben ziek.", "A. Voorbeeld", "j.jansen")
    desktop.goto(f"{gateway.url}/medewerker/uitstel")
    painted(desktop)
    focus(desktop, f"#reden-{question}")
    desktop.keyboard.type("Beterschap.")
    desktop.keyboard.press("Tab")
    with desktop.expect_navigation():
        desktop.keyboard.press("Enter")
    (answered,) = desk.dealings.questions(furnished.complete.kenmerk)
    assert (answered.state, answered.answer) == (Answer.GRANTED, "Beterschap.")


def test_the_auditor_is_told_which_entry_was_changed(desktop: Page, tmp_path: Path, clamd_socket: Path) -> None:
    with running(tmp_path, clamd_socket) as gateway:
        furnished = furnish(gateway)
        with gateway.house.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE ledger_entry SET event = CAST(event || ' ' AS BLOB) WHERE \"index\" = 3")
        browsing.sign_in_staff(desktop, gateway.url, "m.auditor")
        desktop.get_by_role("button", name="Narekenen").click()
        assert "entry 3 was changed" in desktop.get_by_role("status").inner_text()
        desktop.get_by_label("Nummer, kenmerk, zaaknummer of afzender").fill(furnished.numbers["partly"].lower())
        desktop.get_by_role("button", name="Zoeken").click()
        shown = desktop.locator("main").inner_text()
        assert "Bestanden ontvangen" in shown
        assert "paspoort.pdf" not in shown
