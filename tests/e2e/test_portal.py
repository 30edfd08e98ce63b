"""People in front of the real pages, in a real browser."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from gateway.receipts import verify_package
from tests.support import browsing
from tests.support.browsing import DESKTOP, PHONE, Furnished, furnish
from tests.support.house import Running, pdf, photo, running

LIMIT_MB = 2


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
    desktop.goto(portal.url)
    focus(desktop, "#kenmerk")
    desktop.keyboard.type(request.kenmerk)
    desktop.keyboard.press("Tab")
    desktop.keyboard.type(request.toegangscode.lower().replace("-", " "))
    with desktop.expect_navigation():
        desktop.keyboard.press("Enter")
    painted(desktop)
    focus(desktop, "#stuk-1")
    with desktop.expect_file_chooser() as chooser:
        desktop.keyboard.press("Space")
    chooser.value.set_files(passport)
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
    yield go("/medewerker/inloggen")
    browsing.sign_in_staff(page, url, "j.jansen")
    yield "requests"
    yield from map(go, ("/medewerker?alles=1", "/medewerker/aangehouden"))
    yield from (go(f"/medewerker/verzoeken/{r.kenmerk}") for r in (furnished.partly, furnished.late))
    yield from (go(f"/medewerker/inzendingen/{numbers[n]}") for n in ("mail", "partly", "late"))
    browsing.sign_in_staff(page, url, "m.auditor")
    yield "auditor"
    page.get_by_role("button", name="Narekenen").click()
    yield "log checked"
    page.get_by_role("button", name="Tonen").click()
    yield "register"
    yield go(f"/auditor/inzendingen/{numbers['partly']}")
    yield go(f"/auditor/verzoeken/{furnished.late.kenmerk}")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_page_has_an_accessibility_fault_or_is_wider_than_the_screen(
    furnished: Furnished, browser: Browser, viewport: dict[str, int]
) -> None:
    context = browser.new_context(viewport=viewport, locale="nl-NL")
    page = context.new_page()
    faults = []
    for name in pages(furnished, page):
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        faults += [f"{name}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults.append(f"{name}: wider than {viewport['width']}")
    context.close()
    assert faults == []


def test_no_page_asks_anybody_else_or_breaks_its_own_policy(furnished: Furnished, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, locale="nl-NL")
    page = context.new_page()
    asked: set[str] = set()
    said: list[str] = []
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    page.on("console", lambda message: said.append(message.text) if "Content Security" in message.text else None)
    for _name in pages(furnished, page):
        pass
    context.close()
    assert asked == {furnished.running.url}
    assert said == []


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


def test_the_auditor_is_told_which_entry_was_changed(desktop: Page, tmp_path: Path, clamd_socket: Path) -> None:
    with running(tmp_path, clamd_socket) as gateway:
        furnished = furnish(gateway)
        with gateway.house.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE ledger_entry SET event = CAST(event || ' ' AS BLOB) WHERE \"index\" = 3")
        browsing.sign_in_staff(desktop, gateway.url, "m.auditor")
        desktop.get_by_role("button", name="Narekenen").click()
        assert "entry 3 was changed" in desktop.get_by_role("status").inner_text()
        desktop.get_by_label("Ontvangstnummer of kenmerk").fill(furnished.numbers["partly"].lower())
        desktop.get_by_role("button", name="Zoeken").click()
        shown = desktop.locator("main").inner_text()
        assert "Bestanden ontvangen" in shown
        assert "paspoort.pdf" not in shown
