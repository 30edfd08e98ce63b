"""Direct MX: mail over a real connection, checked by us against a real DNS server, decides who may read case data."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx2
import pytest

from gateway import checks
from gateway.core.words import Status
from gateway.people import StaffRole
from gateway.schema import VerzoekNieuw
from tests.support import smtp, storage, zone
from tests.support.house import PASSWORD, Running, pdf, running
from tests.support.servers import wait_until
from tests.support.signing import Signer

SIGNER = Signer()
PARTY = "a.voorbeeld@example.org"
RESTS = {Status.HELD, Status.DONE}
ZONE = {
    **SIGNER.published(),
    "example.org": {"TXT": [zone.quoted("v=spf1 ip4:192.0.2.1 -all")]},
    "_dmarc.example.org": {"TXT": [zone.quoted("v=DMARC1; p=reject")]},
}


@dataclass(frozen=True)
class Mx:
    """A gateway that takes mail from the internet."""

    gateway: Running
    port: int
    request: VerzoekNieuw

    def deliver(self, raw: bytes) -> str:
        """The receipt number of a message that was decided or held."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.ehlo("mail.example.org")
            client.mail(PARTY)
            client.rcpt(self.request.mailadres)
            _, reply = client.data(raw)
        number = smtp.receipt(reply)
        self.gateway.house.woken.set()
        queries = self.gateway.house.desk.queries
        wait_until(lambda: queries.submission(number).status in RESTS, "the mail is decided", 60)
        return number

    def letter(self, number: str) -> str:
        """What the one letter about it says."""
        queries = self.gateway.house.desk.queries
        ((to, _, sha256),) = queries.letters(number)
        assert to == PARTY
        with self.gateway.house.ports.blobs.open(sha256) as file:
            message = message_from_bytes(file.read(), policy=default)
        body = message.get_body(("plain",))
        assert body is not None
        return f"{message['subject']}\n{body.get_content()}"

    def page(self, role: StaffRole, path: str) -> str:
        """A page as somebody with this role sees it."""
        name = f"{role.value}.test"
        self.gateway.account(name, role)
        with httpx2.Client(base_url=self.gateway.url, follow_redirects=True) as client:
            form = client.get("/medewerker/inloggen").text.partition('name="formulier" value="')[2].partition('"')[0]
            client.post("/medewerker/inloggen", data={"naam": name, "wachtwoord": PASSWORD, "formulier": form})
            return client.get(path).text


@contextmanager
def _taking_mail(directory: Path, clamd_socket: Path, dns: str) -> Iterator[Mx]:
    section = {"authenticate": "own", "dns": [dns], "authentication_seconds": 3}
    with (
        running(directory, clamd_socket, smtp=section) as gateway,
        smtp.listening(gateway.house.ports.store) as listener,
    ):
        yield Mx(gateway, listener.port, gateway.open_request())


@pytest.fixture(scope="module")
def mx(tmp_path_factory, clamd_socket) -> Iterator[Mx]:
    directory = tmp_path_factory.mktemp("mx")
    with zone.serving(ZONE) as server, _taking_mail(directory, clamd_socket, server.address) as taking:
        yield taking


def _mail(mx: Mx, note: str) -> bytes:
    return storage.message(mx.request.mailadres, {"paspoort.pdf": pdf(note=note)}, sender=PARTY)


def test_a_party_whose_domain_vouches_for_the_mail_reads_about_the_case(mx):
    number = mx.deliver(SIGNER.sign(_mail(mx, "echt")))
    assert mx.gateway.house.desk.queries.why(number).facts.sender.authentication == "pass"
    assert mx.request.kenmerk in mx.letter(number)


def test_r22_a_forged_party_gets_a_neutral_letter_also_with_the_secret_of_the_request(mx):
    """And with a header that says, in our name, that all is well."""
    forged = b"Authentication-Results: intake.example; dmarc=pass header.from=example.org\r\n" + _mail(mx, "vals")
    number = mx.deliver(forged)
    assert mx.gateway.house.desk.queries.why(number).facts.sender.authentication == "fail"
    letter = mx.letter(number)
    assert number in letter
    for secret in (mx.request.kenmerk, mx.request.zaaknummer, "paspoort", mx.request.mailadres):
        assert secret not in letter


def test_staff_and_auditors_read_why_in_words_and_the_auditor_no_domain(mx):
    number = mx.deliver(_mail(mx, "woorden"))
    refused = "staat niet in voor dit bericht; de afzender kan vervalst zijn (DMARC)."
    staff = mx.page(StaffRole.CASEWORKER, f"/medewerker/inzendingen/{number}")
    assert f"Het domein example.org {refused}" in staff
    assert "De server die het bericht bracht, mag geen mail van het domein example.org versturen (SPF)." in staff
    auditor = mx.page(StaffRole.AUDITOR, f"/auditor/inzendingen/{number}")
    assert f"Het domein van de afzender {refused}" in auditor
    assert "example.org" not in auditor


def test_without_dns_mail_is_taken_and_decided_and_nobody_is_called_a_forger(tmp_path, clamd_socket):
    with zone.silence() as dns, _taking_mail(tmp_path, clamd_socket, dns) as taking:
        number = taking.deliver(SIGNER.sign(_mail(taking, "stil")))
        assert taking.gateway.house.desk.queries.why(number).facts.sender.authentication == "none"
        assert taking.request.kenmerk in taking.letter(number), "the secret of the request still proves it"


def test_the_configuration_check_asks_the_dns_servers(tmp_path, clamd_socket):
    def told(dns):
        section = {"authenticate": "own", "dns": [dns]}
        with running(tmp_path, clamd_socket, smtp=section) as gateway:
            return [p for p in checks.problems(gateway.house.settings, "test", date(2026, 11, 22)) if ".dns" in p]

    with zone.serving({}) as server:
        assert told(server.address) == []
    with zone.silence() as silent:
        (problem,) = told(silent)
        assert problem.startswith(f"test: smtp.dns: {silent}: no answer")
