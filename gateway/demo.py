"""The whole job, shown: a family answers a request by mail and by upload, with fictitious people.

It starts the real gateway as a process of its own on free ports, talks to it as senders do, and prints what
they and the caseworker would see. Nothing is canned: every line comes from the running gateway.
"""

import html
import itertools
import json
import re
import smtplib
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as message_policy
from pathlib import Path
from typing import Any

import httpx2

from config.settings import Settings
from gateway import receipts, specimens
from gateway.core import terms
from gateway.core.errors import TryLater
from scanners import clam

WAIT_SECONDS = 120.0
REFERENCE, RELEASED, REMINDED = "HV-2026-000123", "HV-2026-000124", "HV-2026-000125"
APPLICANT, LAWYER = "a.tesfay@example.org", "b.dewit@kantoor.example"
WIDTH = 96


@dataclass(frozen=True)
class Stage:
    """The running gateway, as its senders and its operator reach it."""

    config: Path
    data_dir: Path
    smtp_port: int
    portal: str
    slow: bool

    def command(self, *words: str) -> str:
        """What `herstelpost WORDS` prints. Raises TryLater with its complaint when it fails."""
        done = subprocess.run(
            [_program(), "--config", str(self.config), *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise TryLater(f"herstelpost {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def json(self, *words: str) -> Any:  # noqa: ANN401  # any JSON
        """The same, parsed."""
        return json.loads(self.command(*words))


def run(settings: Settings, *, slow: bool = False) -> int:
    """Show the job in an empty directory of its own, inside the data directory. Returns the exit code.

    Raises TryLater when there is no malware scanner: without one every document would wait.
    """
    canary = clam.Clam(settings.clamd_address, settings.cap_bytes).run_canary()
    if not canary.ok:
        raise TryLater(
            f"no malware scanner at {settings.clamd_address} ({canary.detail}); `make demo` starts a private one"
        )
    home = _empty_directory(settings.data_dir)
    with _gateway(settings, home, slow=slow) as stage:
        _story(stage)
    return 0


def _empty_directory(parent: Path) -> Path:
    names = itertools.chain(["demo"], (f"demo-{number}" for number in itertools.count(2)))
    home = next(parent / name for name in names if not (parent / name).exists())
    home.mkdir(parents=True)
    return home


def _story(stage: Stage) -> None:
    request = _ask(stage)
    _our_letters(stage)
    _mail_documents(stage, request)
    _mail_malware(stage, request)
    _mail_to_nobody(stage)
    _mail_from_a_stranger(stage, request)
    _mail_again_and_more_time(stage, request)
    number = _upload(stage, request)
    _what_is_missing(stage)
    _why(stage)
    _proof(stage, number)
    _the_bundle(stage)
    _say(
        "",
        "Look around in what the demo left behind:",
        f"  herstelpost --config {stage.config} run",
        f"  then sign in with reference {REFERENCE} and access code {request['toegangscode']}",
    )


# ---- the scenes ----------------------------------------------------------------------------------


def _ask(stage: Stage) -> dict[str, Any]:
    _scene(stage, "The body asks", "A family request as in the letter of the seed report: four people, seven items.")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(_family_request(), file)
        file.flush()
        _say("$ herstelpost request import family.json")
        request: dict[str, Any] = stage.json("request", "import", file.name)
    _say(
        f"  kenmerk       {request['kenmerk']}",
        f"  laatste dag   {_day(request)}",
        f"  mailadres     {request['mailadres']}",
        f"  toegangscode  {request['toegangscode']}   (shown this once, kept as a hash)",
    )
    for item in request["stukken"]:
        marks = [
            word
            for key, word in (("origineelVereist", "origineel per post"), ("verklaringToegestaan", "verklaring mag"))
            if item[key]
        ]
        _say(f"  {item['nummer']}. {item['omschrijving']} ({', '.join([item['persoon'], *marks])})")
    return request


def _our_letters(stage: Stage) -> None:
    _scene(
        stage, "Our own letters", "Released when nothing is missing that case law asks; a reminder near the last day."
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([_small_request(RELEASED, days_ago=0), _small_request(REMINDED, days_ago=26)], file)
        file.flush()
        stage.command("request", "import", file.name)
    _say(f"$ herstelpost post release {RELEASED}")
    stage.command("post", "release", RELEASED)
    _say("$ herstelpost post list")
    _say(*(f"  {line[:WIDTH]}" for line in stage.command("post", "list").splitlines()))
    _say("$ herstelpost post remind")
    _say(*(f"  {line}" for line in stage.command("post", "remind").splitlines()))
    _show_letter(stage, REMINDED, lines=17)


def _mail_documents(stage: Stage, request: Mapping[str, Any]) -> None:
    _scene(
        stage, "The applicant answers by mail", "A passport, a marriage certificate, and a pay slip nobody asked for."
    )
    number = _mail(
        stage,
        _message(
            APPLICANT,
            request["mailadres"],
            "Documenten",
            "Hierbij het paspoort van mijn vrouw en onze huwelijksakte.",
            [
                ("paspoort Selam.jpg", "image/jpeg", specimens.passport("TESFAY", "SELAM")),
                ("huwelijksakte.pdf", "application/pdf", specimens.certificate("Huwelijksakte", "Selam en Amanuel")),
                ("loonstrook oktober.pdf", "application/pdf", specimens.certificate("Loonstrook", "oktober")),
            ],
        ),
    )
    _show(stage, number)
    _show_letter(stage, number)


def _mail_malware(stage: Stage, request: Mapping[str, Any]) -> None:
    _scene(stage, "A mail with malware in it", "The good document counts, the bad one is refused with its ground.")
    number = _mail(
        stage,
        _message(
            APPLICANT,
            request["mailadres"],
            "Geboorteaktes",
            "3 geboorteakte.jpg is van Yonas.",
            [
                ("3 geboorteakte.jpg", "image/jpeg", specimens.scan("Geboorteakte", "Yonas")),
                ("4 geboorteakte Liya.pdf", "application/pdf", specimens.test_malware()),
            ],
        ),
    )
    _show(stage, number)


def _mail_to_nobody(stage: Stage) -> None:
    _scene(
        stage, "A mail to an address that is not designated", "Refused during the session, and registered all the same."
    )
    with smtplib.SMTP("127.0.0.1", stage.smtp_port, timeout=WAIT_SECONDS) as client:
        client.ehlo("sender.example")
        client.mail(APPLICANT)
        code, text = client.rcpt("info@intake.example")
    _say(*_wrapped(f"{code} {text.decode()}"))


def _mail_from_a_stranger(stage: Stage, request: Mapping[str, Any]) -> None:
    _scene(stage, "A stranger who knows the case number", "Held for a person; the answer tells the stranger nothing.")
    number = _mail(
        stage,
        _message(
            "iemand@elders.example",
            "documenten@intake.example",
            f"Zaak {request['zaaknummer']}",
            "Ik stuur dit voor een kennis.",
            [("akte.pdf", "application/pdf", specimens.certificate("Akte", "onbekend"))],
        ),
    )
    _show(stage, number)
    _show_letter(stage, number, lines=14)


def _mail_again_and_more_time(stage: Stage, request: Mapping[str, Any]) -> None:
    _scene(
        stage, "The lawyer asks for more time", "Only a person decides on that; the clock keeps its old date meanwhile."
    )
    number = _mail(
        stage,
        _message(
            LAWYER,
            request["mailadres"],
            "Uitstel",
            "Namens mijn cliënt vraag ik twee weken uitstel voor de akte van het pleegkind.",
            [],
        ),
    )
    _show(stage, number)


def _upload(stage: Stage, request: Mapping[str, Any]) -> str:
    _scene(stage, "The rest through the portal", "With reference and access code; one form, a file for each item.")
    files = [
        ("4", "geboorteakte Liya.jpg", specimens.scan("Geboorteakte", "Liya"), "image/jpeg"),
        (
            "6",
            "uitleg.pdf",
            specimens.certificate("Uitleg", "waarom Amanuel van ons afhankelijk is"),
            "application/pdf",
        ),
        ("7", "verklaring.docx", specimens.docx("Verklaring over ontbrekende documenten."), specimens.DOCX),
    ]
    with httpx2.Client(base_url=stage.portal, follow_redirects=True, timeout=WAIT_SECONDS) as browser:
        number = _hand_in(browser, request, files)
    _say(f"  POST {stage.portal}/verzoek: {len(files)} files")
    _show(stage, number)
    return number


def _what_is_missing(stage: Stage) -> None:
    _scene(stage, "What is still missing, and until when", "The same list is on the page and in every letter.")
    request = stage.json("request", "show", REFERENCE)
    for item in request["stukken"]:
        _say(f"  {item['status']:<20} {item['nummer']}. {item['omschrijving']} ({item['persoon']})")
    _say(f"  until {_day(request)}")


def _why(stage: Stage) -> None:
    _scene(stage, "Why was the stranger's mail held?", "Every decision can be replayed from its stored facts.")
    held = stage.json("submission", "list", "--state", "aangehouden", "--json")
    number = next(s["ontvangstnummer"] for s in held if "uitstelverzoek" not in s["redenen"])
    _say(f"$ herstelpost submission why {number}")
    _say(*(f"  {line}" for line in stage.command("submission", "why", number).splitlines()[:7]))


def _proof(stage: Stage, number: str) -> None:
    _scene(stage, "The proof", "The receipt is checked with its own files only; then the whole log, every byte of it.")
    package = stage.data_dir / "ontvangstbewijs"
    _say(f"$ herstelpost receipt export {number} --out {package.name}")
    stage.command("receipt", "export", number, "--out", str(package))
    _say(f"$ herstelpost verify {package.name}")
    checked = receipts.verify_package([package])
    _say(*(f"  {'right' if check.ok else 'WRONG'}  {check.detail.en}" for check in checked.checks))
    _say("$ herstelpost ledger verify --content")
    done = subprocess.run(
        [_program(), "--config", str(stage.config), "ledger", "verify", "--content"],
        capture_output=True,
        text=True,
        check=False,
    )
    _say(*(f"  {line}" for line in (done.stdout + done.stderr).strip().splitlines()))


def _the_bundle(stage: Stage) -> None:
    _scene(stage, "The caseworker's bundle", "One BagIt zip: originals, one PDF in the order of the items, receipts.")
    path = stage.data_dir / f"{REFERENCE}.zip"
    _say(f"$ herstelpost bundle {REFERENCE} --out {path.name}")
    stage.command("bundle", REFERENCE, "--out", str(path))
    with zipfile.ZipFile(path) as bag:
        name = next(n for n in bag.namelist() if n.endswith("data/inhoud.txt"))
        _say(*(f"  {line}" for line in bag.read(name).decode().splitlines()))


# ---- senders -------------------------------------------------------------------------------------


def _message(sender: str, to: str, subject: str, text: str, files: Sequence[tuple[str, str, bytes]]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = f"<{time.time_ns()}@{sender.rpartition('@')[2]}>"
    message.set_content(text)
    for name, media_type, content in files:
        kind, _, subtype = media_type.partition("/")
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return message


def _mail(stage: Stage, message: EmailMessage) -> str:
    """Send a mail as its sender's server would; the receipt number that the 250 ends with."""
    with smtplib.SMTP("127.0.0.1", stage.smtp_port, timeout=WAIT_SECONDS) as client:
        client.ehlo("mail.example")
        client.mail(str(message["From"]), ["BODY=8BITMIME"])
        client.rcpt(str(message["To"]))
        code, reply = client.data(message.as_bytes(policy=message_policy.clone(linesep="\r\n")))
    _say(f"  {code} {reply.decode()}")
    number = reply.decode().split()[-1]
    _wait(lambda: stage.json("submission", "show", number)["status"] in {"afgehandeld", "aangehouden"})
    return number


def _hand_in(browser: httpx2.Client, request: Mapping[str, Any], files: Sequence[tuple[str, str, bytes, str]]) -> str:
    """Sign in, fill in the form and send it, as a browser does; the number on the receipt page."""
    start = browser.get("/")
    checklist = browser.post(
        "/",
        data={
            "kenmerk": request["kenmerk"],
            "toegangscode": request["toegangscode"],
            "formulier": _hidden(start.text, "formulier"),
        },
    )
    page = browser.post(
        "/verzoek",
        data={"csrf": _hidden(checklist.text, "csrf")},
        files=[(item, (name, content, media_type)) for item, name, content, media_type in files],
    )
    page.raise_for_status()
    return page.url.path.rpartition("/")[2]


def _hidden(page: str, name: str) -> str:
    """The value of a hidden field. Raises TryLater when the page is another one than expected."""
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page)
    if found is None:
        raise TryLater(f"the portal's page has no field {name}")
    return html.unescape(found[1])


def _show(stage: Stage, number: str) -> None:
    view = stage.json("submission", "show", number)
    reasons = ", ".join(view["redenen"])
    _say(f"  {number}: {view['besluit']}" + (f" ({reasons})" if reasons else ""))
    for document in view["stukken"]:
        item = f"stuk {document['nummer']}" if document["nummer"] else "-"
        _say(f"    {document['naam']:<28} {document['besluit']:<14} {item:<8} {document['reden'] or ''}".rstrip())


def _show_letter(stage: Stage, number: str, lines: int = 26) -> None:
    """The beginning of the letter that went out about a submission."""
    outbox = stage.data_dir / "outbox"
    _wait(lambda: any(outbox.glob(f"{number}*.eml")))
    letter = BytesParser(policy=message_policy).parsebytes(next(outbox.glob(f"{number}*.eml")).read_bytes())
    body = letter.get_body(("plain",))
    text = body.get_content() if body else ""
    _say("", f"  the letter to {letter['To']}: {letter['Subject']}")
    _say(*(f"  | {line}" for line in text.strip().splitlines()[:lines]), "  | …")
    attached = ", ".join(str(part.get_filename()) for part in letter.iter_attachments())
    _say(f"  | attached: {attached or 'nothing'}")


# ---- the running gateway -------------------------------------------------------------------------


@contextmanager
def _gateway(settings: Settings, home: Path, *, slow: bool) -> Iterator[Stage]:
    """The real command on free ports, stopped again by SIGTERM."""
    ports = {name: _free_port() for name in ("smtp", "portal", "metrics")}
    config = home / "demo.toml"
    config.write_text(_toml(settings, home, ports), encoding="utf-8")
    log = (home / "demo.log").open("wb")
    with log, subprocess.Popen([_program(), "--config", str(config), "run"], stdout=log, stderr=log) as gateway:
        try:
            _wait(lambda: _answers(ports["smtp"]) or gateway.poll() is not None)
            if gateway.poll() is not None:
                raise TryLater(f"the gateway did not start; see {log.name}")
            portal = f"http://127.0.0.1:{ports['portal']}"
            yield Stage(config, home, ports["smtp"], portal, slow)
        finally:
            gateway.terminate()


def _toml(settings: Settings, home: Path, ports: Mapping[str, int]) -> str:
    return textwrap.dedent(
        f"""\
        # Written by `herstelpost demo`: the embedded default on free ports.
        data_dir = {json.dumps(str(home.absolute()))}
        [smtp]
        listen = "127.0.0.1:{ports["smtp"]}"
        [portal]
        listen = "127.0.0.1:{ports["portal"]}"
        public_url = "http://127.0.0.1:{ports["portal"]}"
        [scanners]
        clamd = {json.dumps(settings.clamd_address)}
        [metrics]
        listen = "127.0.0.1:{ports["metrics"]}"
        """
    )


def _program() -> str:
    return str(Path(sys.executable).with_name("herstelpost"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise TryLater("the gateway did not get there in time; see demo.log in the data directory")
        time.sleep(0.1)


# ---- words ---------------------------------------------------------------------------------------


def _scene(stage: Stage, title: str, text: str) -> None:
    if stage.slow:
        time.sleep(2)
    _say("", f"── {title} " + "─" * max(0, WIDTH - len(title) - 4), f"   {text}")


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _day(request: Mapping[str, Any]) -> str:
    return terms.day_in_words(datetime.fromisoformat(request["laatsteDag"]).date(), "nl")


def _family_request() -> dict[str, Any]:
    """The letter of the seed report (Kader 2) as data: everybody in it is fictitious."""
    sent = (datetime.now(UTC) - timedelta(days=7)).date()

    def item(number: int, kind: str, text: str, person: str, **marks: bool) -> dict[str, Any]:
        return {"nummer": str(number), "soort": kind, "omschrijving": text, "persoon": person, **marks}

    return {
        "kenmerk": REFERENCE,
        "zaaknummer": "Z1-0001234567",
        "aanvraagsoort": "mvv-nareis",
        "procedure": "aanvraag",
        "taal": "nl",
        "verzondenOp": sent.isoformat(),
        "termijn": {"aantal": 4, "eenheid": "weken"},
        "beslistermijn": {"ontvangenOp": (sent - timedelta(days=28)).isoformat(), "aantal": 90, "eenheid": "dagen"},
        "kanalen": ["email", "portaal"],
        "betrokkenen": [
            {"rol": "referent", "naam": "A. Tesfay", "email": APPLICANT, "stemtInMetEmail": True},
            {
                "rol": "gemachtigde",
                "naam": "mr. B. de Wit",
                "email": LAWYER,
                "organisatie": "Kantoor De Wit",
                "stemtInMetEmail": True,
            },
        ],
        "stukken": [
            item(1, "paspoort", "Kopie van het paspoort", "Selam", verklaringToegestaan=True),
            item(2, "huwelijksakte", "Huwelijksakte", "Selam", origineelVereist=True),
            item(3, "geboorteakte", "Geboorteakte", "Yonas"),
            item(4, "geboorteakte", "Geboorteakte", "Liya"),
            item(5, "voogdij", "Akte waaruit het pleegouderschap blijkt", "Amanuel", verklaringToegestaan=True),
            item(6, "afhankelijkheid", "Uitleg over de meer dan gebruikelijke afhankelijkheid", "Amanuel"),
            item(7, "verklaring", "Verklaring over ontbrekende documenten", "Selam"),
        ],
    }


def _small_request(reference: str, *, days_ago: int) -> dict[str, Any]:
    """One document of one person, who agrees to e-mail; four weeks, so after 26 days a reminder is due."""
    return {
        "kenmerk": reference,
        "zaaknummer": f"Z2-{reference[-6:]}",
        "aanvraagsoort": "verblijf bij partner",
        "procedure": "aanvraag",
        "taal": "nl",
        "verzondenOp": (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat(),
        "termijn": {"aantal": 4, "eenheid": "weken"},
        "kanalen": ["email", "portaal"],
        "betrokkenen": [
            {"rol": "aanvrager", "naam": "M. Haile", "email": "m.haile@example.org", "stemtInMetEmail": True}
        ],
        "stukken": [{"nummer": "1", "soort": "loonstrook", "omschrijving": "Loonstroken van de laatste drie maanden"}],
    }
