"""What the listener hands on: the envelope and the moment as evidence, each attempt it refused, and a quiet log."""

import re
import ssl
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.blobs import FileBlobs
from gateway.core.model import Accepted, Arrival, RefusedAttempt
from gateway.core.words import Channel
from gateway.ports import Incoming
from mail.smtp_tls import Certificate
from tests.support import smtp
from tests.support.servers import wait_until

SECRETS = ("Geheim onderwerp", "inhoud van de brief", "anna@mail.example", "7K3M9Q2XV", "geheim.pdf")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return smtp.certificate(tmp_path_factory.mktemp("tls"))


def test_an_arrival_holds_the_session_as_evidence(tls: Certificate) -> None:
    intake = smtp.RecordingIntake()
    before = datetime.now(UTC)
    with smtp.listening(intake, smtp.settings(tls=tls)) as running, smtp.Client(running.port) as client:
        client.reply()
        client.say("EHLO clear.example")
        client.say("STARTTLS")
        client.start_tls()
        assert isinstance(client.socket, ssl.SSLSocket)
        cipher = client.socket.cipher()
        client.say("EHLO client.example")
        client.say("MAIL FROM:<Anna@mail.example>")
        for recipient in ("Documenten+7K3M9Q2XV@intake.example", smtp.ADDRESS, smtp.ADDRESS):
            assert client.say(f"RCPT TO:<{recipient}>").startswith(b"250 2.1.5")
        client.say("DATA")
        client.send(b"Subject: one\r\n\r\nhallo\r\n.\r\n")
        client.reply()
        peer = client.socket.getsockname()[0]
    [arrival] = intake.arrivals
    assert arrival.channel is Channel.SMTP
    assert before <= arrival.received_at <= datetime.now(UTC)
    assert re.fullmatch(r"smtp:[0-9a-f]{32}", arrival.source)
    assert arrival.request is None
    assert arrival.envelope.mail_from == "Anna@mail.example"
    assert arrival.envelope.recipients == ("Documenten+7K3M9Q2XV@intake.example", smtp.ADDRESS)
    assert arrival.envelope.peer == peer
    assert arrival.envelope.helo == "client.example"
    assert cipher is not None
    assert arrival.envelope.tls == f"{cipher[1]} {cipher[0]}"
    assert intake.messages() == [b"Subject: one\r\n\r\nhallo\r\n"], "nothing was added and nothing taken away"


def test_the_moment_of_receipt_is_the_last_octet_not_the_commit() -> None:
    moments: list[datetime] = []

    class Late(smtp.RecordingIntake):
        def accept(self, arrival: Arrival) -> Accepted:
            moments.append(datetime.now(UTC))
            return super().accept(arrival)

    intake = Late()
    with smtp.listening(intake) as running, smtp.Client(running.port) as client:
        client.until_data()
        sent_at = datetime.now(UTC)
        client.send(b"hallo\r\n.\r\n")
        client.reply()
    assert sent_at <= intake.arrivals[0].received_at <= moments[0]


def attempts(intake: smtp.RecordingIntake, *commands: str, data: bytes = b"") -> list[RefusedAttempt]:
    chosen = smtp.settings(max_message_bytes=1000)
    with smtp.listening(intake, chosen) as running, smtp.Client(running.port) as client:
        client.reply()
        for command in ("EHLO client.example", *commands):
            client.say(command)
        if data:
            client.send(data)
            assert client.reply().startswith(b"5")
    assert not intake.arrivals
    assert intake.left_open() == 0
    return intake.attempts


def test_a_wrong_address_is_registered_with_what_is_known_of_the_attempt() -> None:
    [attempt] = attempts(
        smtp.RecordingIntake(), "MAIL FROM:<anna@mail.example>", "RCPT TO:<Bestaatniet@intake.example>"
    )
    assert (attempt.channel, attempt.reason) == (Channel.SMTP, "niet_aangewezen_adres")
    assert attempt.address == "Bestaatniet@intake.example"
    assert attempt.envelope.mail_from == "anna@mail.example"
    assert attempt.envelope.recipients == ("Bestaatniet@intake.example",)
    assert (attempt.envelope.helo, attempt.envelope.peer) == ("client.example", "127.0.0.1")
    assert attempt.attempted_at.tzinfo is UTC


def test_a_refusal_over_tls_is_registered_with_version_and_cipher(tls: Certificate) -> None:
    intake = smtp.RecordingIntake()
    with smtp.listening(intake, smtp.settings(tls=tls)) as running, smtp.Client(running.port) as client:
        client.reply()
        client.say("EHLO client.example")
        client.say("STARTTLS")
        client.start_tls()
        assert isinstance(client.socket, ssl.SSLSocket)
        cipher = client.socket.cipher()
        for command in ("EHLO client.example", "MAIL FROM:<anna@mail.example>"):
            client.say(command)
        assert client.say("RCPT TO:<bestaatniet@intake.example>").startswith(b"550 5.1.1")
    [attempt] = intake.attempts
    assert cipher is not None
    assert attempt.envelope.tls == f"{cipher[1]} {cipher[0]}"


def test_too_large_is_registered_with_what_was_measured() -> None:
    mail, rcpt = "MAIL FROM:<anna@mail.example>", f"RCPT TO:<{smtp.ADDRESS}>"
    [attempt] = attempts(smtp.RecordingIntake(), mail, rcpt, "DATA", data=b"x" * 2000 + b"\r\n.\r\n")
    assert (attempt.reason, attempt.address, attempt.bytes) == ("te_groot", smtp.ADDRESS, 2005)
    [announced] = attempts(smtp.RecordingIntake(), f"{mail} SIZE=1001")
    assert (announced.reason, announced.bytes) == ("te_groot", 1001)


def test_exactly_the_limit_is_taken_and_one_octet_more_is_not() -> None:
    intake = smtp.RecordingIntake()
    with smtp.listening(intake, smtp.settings(max_message_bytes=1000)) as running:
        for size, code in ((1000, b"250"), (1001, b"552")):
            with smtp.Client(running.port) as client:
                client.until_data()
                # A stuffed dot is not part of the message (RFC 1870 section 5).
                client.send(smtp.stuffed(b"." * (size - 2) + b"\r\n"))
                assert client.reply().startswith(code)
    assert [len(message) for message in intake.messages()] == [1000]


def test_no_content_and_no_address_comes_into_any_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "herstelpost")
    caplog.set_level("INFO")
    intake = smtp.RecordingIntake()
    with smtp.listening(intake, smtp.settings(max_message_bytes=1000)) as running:
        for body in (b"inhoud van de brief\r\n", b"inhoud van de brief\n\r\n", b"geheim.pdf\r\n" * 1000):
            with smtp.Client(running.port) as client:
                client.until_data("documenten+7K3M9Q2XV@intake.example")
                client.send(b"Subject: Geheim onderwerp\r\n\r\n" + body + b".\r\n")
                client.reply()
                client.say("RCPT TO:<anna@mail.example>")
                client.say("anna@mail.example")
                client.say("QUIT")
        wait_until(lambda: not running.listener.connections, "all are gone")
        said = caplog.text + repr(running.events)
    assert running.count("smtp_received") == 1
    assert running.count("smtp_refused") == 2
    assert not [secret for secret in SECRETS if secret in said]


def test_the_event_of_a_message_names_its_submission_first() -> None:
    with smtp.listening(smtp.RecordingIntake()) as running, smtp.Client(running.port) as client:
        client.until_data()
        client.send(b"hallo\r\n.\r\n")
        number = smtp.receipt(client.reply())
    [fields] = [fields for event, fields in running.events if event == "smtp_received"]
    assert next(iter(fields.items())) == ("submission", number)


def test_memory_stays_flat_however_large_the_message(tmp_path: Path) -> None:
    """peers.md T3 and T5: at most 1 MB a connection, whether the message is taken or far too large."""
    blobs = FileBlobs(tmp_path)

    class OnDisk(smtp.RecordingIntake):
        def spool(self) -> Incoming:
            return blobs.incoming()

    block = b"x" * 76 + b"\r\n"
    block *= 65536 // len(block)
    with smtp.listening(OnDisk(), smtp.settings(max_message_bytes=20 << 20)) as running:
        for blocks, code in ((300, b"250"), (400, b"552")):
            with smtp.Client(running.port) as client:
                client.until_data()
                tracemalloc.start()
                try:
                    for _ in range(blocks):
                        client.send(block)
                    client.send(b".\r\n")
                    assert client.reply().startswith(code)
                    assert tracemalloc.get_traced_memory()[1] < 1_000_000
                finally:
                    tracemalloc.stop()


def test_connections_are_counted_per_address_and_counted_out_again() -> None:
    chosen = smtp.settings(max_connections_per_address=2)
    with (
        smtp.listening(smtp.RecordingIntake(), chosen) as running,
        smtp.Client(running.port) as one,
        smtp.Client(running.port) as two,
    ):
        assert one.reply().startswith(b"220")
        assert two.reply().startswith(b"220")
        with smtp.Client(running.port) as three:
            assert three.reply().startswith(b"421 4.7.0")
            assert three.line() is None
        one.say("QUIT")
        wait_until(lambda: len(running.listener.connections) == 1, "the first is counted out")
        with smtp.Client(running.port) as four:
            assert four.reply().startswith(b"220")


def test_fifty_at_once_all_get_their_receipt() -> None:
    intake = smtp.RecordingIntake()
    with smtp.listening(intake) as running:
        clients = [smtp.Client(running.port) for _ in range(50)]
        for client in clients:
            client.until_data()
        for number, client in enumerate(clients):
            client.send(b"%d\r\n.\r\n" % number)
        receipts = {smtp.receipt(client.reply()) for client in clients}
        for client in clients:
            client.socket.close()
    assert len(receipts) == 50
    assert sorted(intake.messages()) == sorted(b"%d\r\n" % number for number in range(50))
