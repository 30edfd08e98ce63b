"""Takes a picture of every page in every state worth judging: `screenshots.py [DIRECTORY]`; build/screenshots."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

# A script is started without the current directory on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support import browsing, servers
from tests.support.browsing import DESKTOP, PHONE, Furnished
from tests.support.house import pdf, running


def main(out: Path) -> None:
    """All pictures, into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with (
        servers.clamd() as socket,
        tempfile.TemporaryDirectory() as data,
        browsing.chromium() as browser,
        running(Path(data), socket, limits={"submission_mb": 2}) as gateway,
    ):
        furnished = browsing.furnish(gateway)
        for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
            for language in ("nl", "en"):
                with _page(browser, viewport, language) as page:
                    _submitters(page, furnished, out, f"{size}-{language}")
            with _page(browser, viewport, "nl") as page:
                _staff(page, furnished, out, size)
            with _page(browser, viewport, "nl") as page:
                _auditors(page, furnished, out, size)
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")


@contextmanager
def _page(browser: Browser, viewport: dict[str, int], language: str) -> Iterator[Page]:
    context = browser.new_context(viewport=viewport, locale=f"{language}-{'NL' if language == 'nl' else 'GB'}")
    try:
        yield context.new_page()
    finally:
        context.close()


def _submitters(page: Page, furnished: Furnished, out: Path, suffix: str) -> None:
    url = furnished.running.url

    def take(name: str, path: str | None = None) -> None:
        if path is not None:
            page.goto(url + path)
        page.screenshot(path=out / f"{name}-{suffix}.png", full_page=True)

    take("01-enter", "/")
    page.locator("button.main").click()
    take("02-enter-errors")
    take("03-help", "/hulp")
    take("04-accessibility", "/toegankelijkheid")
    take("05-not-found", "/bestaat-niet")
    browsing.sign_in(page, url, furnished.fresh)
    take("10-checklist-fresh")
    page.locator("button.main").click()
    take("11-checklist-nothing-chosen")
    page.locator("#stuk-1").set_input_files(
        {"name": "groot.pdf", "mimeType": "application/pdf", "buffer": b"x" * (3 << 20)}
    )
    take("12-checklist-too-much-chosen")
    page.locator("button.main").click()
    take("13-too-large")
    page.goto(f"{url}/verzoek")
    upload = {"name": "paspoort.pdf", "mimeType": "application/pdf", "buffer": pdf(note=f"screen {suffix}")}
    page.locator("#stuk-1").set_input_files(upload)
    page.locator("button.main").click()
    take("14-receipt-accepted")
    for name, request, number in (
        ("partly", furnished.partly, furnished.numbers["partly"]),
        ("complete", furnished.complete, furnished.numbers["complete"]),
        ("late", furnished.late, furnished.numbers["late"]),
    ):
        browsing.sign_in(page, url, request)
        take(f"20-checklist-{name}", "/verzoek")
        take(f"21-receipt-{name}", f"/inzending/{number}")
    browsing.sign_in(page, url, furnished.locked)
    take("24-checklist-locked")
    take("25-receipt-locked", f"/inzending/{furnished.numbers['locked']}?geopend=1")
    page.locator("#wachtwoord-1").fill("mis")
    page.locator("#wachtwoord-1").press("Enter")
    page.wait_for_selector(".field-error")
    take("26-wrong-password")
    page.emulate_media(media="print")
    take("22-receipt-print")
    page.emulate_media(media="screen")


def _staff(page: Page, furnished: Furnished, out: Path, suffix: str) -> None:
    url, numbers = furnished.running.url, furnished.numbers
    page.goto(f"{url}/medewerker/inloggen")
    page.screenshot(path=out / f"30-staff-enter-{suffix}.png", full_page=True)
    browsing.sign_in_staff(page, url, "j.jansen")
    for name, path in (
        ("31-staff-requests", "/medewerker"),
        ("32-staff-held", "/medewerker/aangehouden"),
        ("33-staff-request", f"/medewerker/verzoeken/{furnished.partly.kenmerk}"),
        ("34-staff-request-lapsed", f"/medewerker/verzoeken/{furnished.late.kenmerk}"),
        ("35-staff-submission-held", f"/medewerker/inzendingen/{numbers['mail']}"),
        ("37-staff-keeping", f"/medewerker/bewaren?wat={furnished.partly.kenmerk}"),
        ("36-staff-submission", f"/medewerker/inzendingen/{numbers['partly']}"),
        ("56-staff-submission-locked", f"/medewerker/inzendingen/{numbers['locked']}"),
        ("37-staff-objection", f"/medewerker/inzendingen/{numbers['objection']}"),
        ("38-staff-more-time", "/medewerker/uitstel"),
        ("39-staff-post", "/medewerker/post"),
        ("50-staff-messages", f"/medewerker/verzoeken/{furnished.letters.kenmerk}/berichten"),
        ("51-staff-take-in", f"/medewerker/verzoeken/{furnished.letters.kenmerk}/innemen"),
        ("52-staff-templates", "/medewerker/verzoeken/nieuw"),
        ("53-staff-new", "/medewerker/verzoeken/nieuw?sjabloon=nareis"),
        ("54-staff-sheet", "/medewerker/verzoeken/inlezen"),
        ("55-staff-request-letters", f"/medewerker/verzoeken/{furnished.letters.kenmerk}"),
    ):
        page.goto(url + path)
        page.screenshot(path=out / f"{name}-{suffix}.png", full_page=True)


def _auditors(page: Page, furnished: Furnished, out: Path, suffix: str) -> None:
    url = furnished.running.url
    browsing.sign_in_staff(page, url, "m.auditor")
    page.get_by_role("button", name="Narekenen").click()
    page.screenshot(path=out / f"40-auditor-checked-{suffix}.png", full_page=True)
    page.get_by_role("button", name="Tonen").click()
    page.screenshot(path=out / f"41-auditor-register-{suffix}.png", full_page=True)
    page.goto(f"{url}/auditor")
    page.get_by_label("Ontvangen vanaf").fill("2020-01-01")
    page.get_by_role("button", name="Zoeken").click()
    page.screenshot(path=out / f"44-auditor-found-{suffix}.png", full_page=True)
    page.goto(f"{url}/auditor/bewaren")
    page.screenshot(path=out / f"45-auditor-keeping-{suffix}.png", full_page=True)
    page.goto(f"{url}/auditor/inzendingen/{furnished.numbers['partly']}")
    page.screenshot(path=out / f"42-auditor-submission-{suffix}.png", full_page=True)
    page.goto(f"{url}/auditor/verzoeken/{furnished.late.kenmerk}")
    page.screenshot(path=out / f"43-auditor-request-{suffix}.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/screenshots"))
