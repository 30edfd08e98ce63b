"""A real Chromium, and a portal furnished with requests and submissions in every state worth looking at."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

from gateway.core import terms
from gateway.core.model import Arrival, Envelope
from gateway.core.words import Channel, Status
from gateway.dealings import Way
from gateway.people import Scope, StaffRole
from gateway.schema import VerzoekNieuw, read_request_values
from gateway.unlocking import By
from scanners.unlock import Said
from tests.support import dossier
from tests.support.house import PASSWORD, Running, eicar, pdf, photo, request_json
from tests.support.servers import ServerMissing

PHONE: Final = {"width": 360, "height": 740}
DESKTOP: Final = {"width": 1280, "height": 900}
SECONDS: Final = 60
LOCK: Final = "01-05-1980"
_QUIET: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    path = shutil.which("chromium")
    if path is None:
        raise ServerMissing("chromium is not installed; as root, `docker/system.sh test` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


# ---- people --------------------------------------------------------------------------------------


def sign_in(page: Page, url: str, request: VerzoekNieuw) -> None:
    """Open a request, as the letter says."""
    page.goto(f"{url}/")
    page.get_by_label(re.compile("Kenmerk|Reference")).fill(request.kenmerk)
    page.get_by_label(re.compile("Toegangscode|Access code")).fill(request.toegangscode)
    page.get_by_role("button", name=re.compile("Verder|Continue")).click()


def sign_in_staff(page: Page, url: str, name: str) -> None:
    """Sign in with a local account of `PASSWORD`."""
    page.goto(f"{url}/medewerker/inloggen")
    page.get_by_label("Naam").fill(name)
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("button", name="Inloggen").click()


# ---- a furnished portal --------------------------------------------------------------------------


@dataclass(frozen=True)
class Furnished:
    """Requests in five states and one with our letters; held mails; receipt numbers by what became of them.

    `locked`: of its documents one is locked, and one was opened with `LOCK`.
    """

    running: Running
    fresh: VerzoekNieuw
    partly: VerzoekNieuw
    complete: VerzoekNieuw
    late: VerzoekNieuw
    letters: VerzoekNieuw
    locked: VerzoekNieuw
    numbers: dict[str, str]


def furnish(running: Running) -> Furnished:
    """Fill a portal through its own doors: the API, the store's front door for mail, and accounts."""
    sent = (running.house.desk.clock.now() - timedelta(days=9)).date().isoformat()
    term: dict[str, Any] = {"verzondenOp": sent, "termijn": {"aantal": 4, "eenheid": "weken"}}
    fresh = running.open_request(reference="HV-2026-000101", **term)
    partly = running.open_request(reference="HV-2026-000102", taal="en", **term)
    complete = running.open_request(reference="HV-2026-000103", **term, stukken=[_item("1"), _item("2")])
    late = running.open_request(
        reference="HV-2026-000104", verzondenOp="2026-01-05", termijn={"aantal": 4, "eenheid": "weken"}
    )
    locked = running.open_request(reference="HV-2026-000106", **term)
    with api(running, name="furnish") as client:
        numbers = {
            "locked": submit(
                client,
                locked,
                ("1", "paspoort.pdf", dossier.locked(pdf(note="paspoort"), LOCK)),
                ("4", "brief.pdf", dossier.locked(pdf(note="brief"), LOCK)),
            ),
            "partly": submit(
                client,
                partly,
                ("1", "paspoort.pdf", pdf(note="paspoort")),
                ("stuk", "IMG_2041.jpg", photo("gray")),
                ("4", "brief van mijn neef.txt", eicar()),
            ),
            "complete": submit(
                client, complete, ("1", "paspoort.pdf", pdf(note="a")), ("2", "akte.pdf", pdf(note="b"))
            ),
            "late": submit(client, late, ("3", "geboorteakte.pdf", pdf(note="laat"))),
        }
    numbers["mail"] = mail(running, f"documenten {late.kenmerk}", "Hierbij de geboorteakte.")
    numbers["objection"] = mail(running, "Besluit", "Hierbij maak ik bezwaar tegen uw besluit van 2 maart.")
    numbers["asks"] = mail(running, "Uitstel", "Graag uitstel van twee weken.", partly.mailadres)
    running.house.desk.closing.lapse()
    midnight = terms.end_of_day(late.laatsteDag)
    running.house.desk.outages.add(
        Channel.PORTAL, midnight - timedelta(hours=3), midnight - timedelta(hours=1), planned=False, note=""
    )
    _open(running, numbers["locked"], locked.kenmerk)
    running.account("j.jansen", StaffRole.CASEWORKER)
    running.account("m.auditor", StaffRole.AUDITOR)
    return Furnished(running, fresh, partly, complete, late, _letters(running, sent), locked, numbers)


def _open(running: Running, number: str, reference: str) -> None:
    """Its sender gives the password of the second document."""
    desk = running.house.desk
    desk.settle(number, SECONDS)
    document = desk.queries.submission(number).stukken[1].sha256
    assert desk.unlocking.open(number, document, LOCK, By("(indiener, in het portaal)", reference)).said is Said.OPENED
    desk.wake()
    desk.settle(number, SECONDS)


def _letters(running: Running, sent: str) -> VerzoekNieuw:
    """A request whose letter is in the portal and to be posted; somebody telephoned and asks for more time."""
    desk = running.house.desk
    lawyer = {"rol": "gemachtigde", "naam": "mr. B. Voorbeeld", "organisatie": "Kantoor voor Vreemdelingenzaken"}
    values = request_json("HV-2026-000105", verzondenOp=sent, termijn={"aantal": 4, "eenheid": "weken"})
    values["betrokkenen"].append(lawyer)
    (made,) = desk.correspondence.open(read_request_values([values]), "j.jansen")
    desk.dealings.contact(made.kenmerk, desk.clock.now(), "A. Voorbeeld", "De akte komt volgende week.", "j.jansen")
    asked = "De ambassade is dicht tot eind mei. Mag ik de akte daarna sturen?"
    desk.dealings.ask(made.kenmerk, Way.PHONE, asked, "A. Voorbeeld", "j.jansen")
    desk.correspondence.write()
    return made


def _item(number: str) -> dict[str, str]:
    return {
        "nummer": number,
        "soort": "paspoort",
        "omschrijving": f"Kopie van paspoort {number}",
        "persoon": "C. Voorbeeld",
    }


@contextmanager
def api(running: Running, *scopes: Scope, name: str = "test") -> Iterator[httpx2.Client]:
    """A client of the API with a token of these scopes, all of them by default."""
    token = running.token(*(scopes or Scope), name=name)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=f"{running.url}/api/v1", headers=headers, timeout=SECONDS) as client:
        yield client


def submit(client: httpx2.Client, request: VerzoekNieuw, *files: tuple[str, str, bytes]) -> str:
    """Hand in files as (field, name, content); returns the receipt number."""
    parts = [(field, (name, content)) for field, name, content in files]
    answer = client.post(f"/verzoeken/{request.kenmerk}/inzendingen", files=parts)
    answer.raise_for_status()
    return str(answer.json()["ontvangstnummer"])


def mail(running: Running, subject: str, text: str, to: str = "") -> str:
    """A mail of a stranger, with a document unless it goes to a secret address: held, whatever it says."""
    desk = running.house.desk
    spool = desk.store.spool()
    content = (_TEXT if to else _MAIL).format(subject=subject, text=text)
    spool.write(content.replace("\n", "\r\n").encode())
    to = to or desk.settings.smtp.addresses[0]
    envelope = Envelope(mail_from="neef@example.net", recipients=(to,), peer="192.0.2.7")
    arrival = Arrival(Channel.SMTP, desk.clock.now(), (spool.keep(),), f"smtp:furnish {subject}", envelope)
    number = desk.store.accept(arrival).number
    desk.wake()
    desk.settle(number, SECONDS)
    assert desk.queries.submission(number).status is Status.HELD
    return number


_TEXT: Final = """\
From: Neef <neef@example.net>
Subject: {subject}
Message-ID: <2@example.net>
Date: Mon, 02 Mar 2026 10:00:00 +0100

{text}
"""
_MAIL: Final = """\
From: Neef <neef@example.net>
To: documenten@intake.example
Subject: {subject}
Message-ID: <1@example.net>
Date: Mon, 02 Mar 2026 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: text/plain; charset=utf-8

{text}
--x
Content-Type: text/plain; name="geboorteakte.txt"
Content-Disposition: attachment; filename="geboorteakte.txt"

Geboren op 1 mei 2019 te Asmara.
--x--
"""


@contextmanager
def staff_client(running: Running, name: str) -> Iterator[httpx2.Client]:
    """Somebody of staff, signed in, without a browser."""
    with httpx2.Client(base_url=running.url, timeout=SECONDS) as client:
        page = client.get("/medewerker/inloggen").text
        form = re.search(r'name="formulier" value="([^"]+)"', page)
        assert form, page
        data = {"naam": name, "wachtwoord": PASSWORD, "formulier": form[1]}
        assert client.post("/medewerker/inloggen", data=data).status_code == 303
        yield client
