"""Postfix before us, set up as docs/operating-smtp.md has it: nothing is lost, and who is refused is told why."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from mail.smtp_in import ListenerSettings
from tests.support import program, servers, smtp
from tests.support.servers import wait_until

SENDER = "anna@mail.example"
TOO_LARGE = 3 << 20


def message(subject: str, size: int = 1000) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, smtp.ADDRESS, subject
    made["Message-ID"], made["Date"] = f"<{subject}@mail.example>", "Mon, 02 Nov 2026 09:00:00 +0100"
    made.set_content("Zie bijlage.")
    made.add_attachment(b"x" * size, maintype="application", subtype="pdf", filename="stuk.pdf")
    return made


def send(port: int, mail: EmailMessage, recipient: str = smtp.ADDRESS) -> str:
    """What the server said to the end of the message. Raises smtplib's errors."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=60) as client:
        client.ehlo()
        client.mail(SENDER)
        code, text = client.rcpt(recipient)
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
        code, text = client.data(mail.as_bytes(policy=SMTP))
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
    return text.decode()


@pytest.fixture
def gateway(postfix, tmp_path) -> program.Program:
    """An installation where Postfix looks for it, with a cap of 1 MB; not started."""
    made = program.installed(tmp_path, limits='submission_mb = 1\ncounts = "message"')
    made.config.write_text(made.config.read_text().replace(str(made.smtp_port), str(postfix.gateway_port)))
    return program.Program(made.directory, postfix.gateway_port)


@contextmanager
def the_senders_mailbox(postfix: servers.Postfix) -> Iterator[smtp.RecordingIntake]:
    """Where mail to the sender comes in."""
    intake = smtp.RecordingIntake()
    settings = ListenerSettings("mail.example", (SENDER,), "https://mail.example")
    with smtp.listening(intake, settings, listen=f"127.0.0.1:{postfix.sender_port}"):
        yield intake


def test_mail_through_the_queue_arrives_byte_for_byte_over_tls(postfix, tmp_path):
    intake = smtp.RecordingIntake()
    settings = smtp.settings(tls=smtp.certificate(tmp_path))
    mail = message("over-tls", 3 << 20)
    with smtp.listening(intake, settings, listen=f"127.0.0.1:{postfix.gateway_port}"):
        assert "queued as" in send(postfix.port, mail, "documenten+7k3m9q2xv@intake.example")
        wait_until(lambda: bool(intake.arrivals), "it arrives")
        wait_until(lambda: not postfix.queue(), "the queue is empty")
    [arrival] = intake.arrivals
    assert arrival.envelope.recipients == ("documenten+7k3m9q2xv@intake.example",)
    assert arrival.envelope.helo == "mx.intake.example"
    assert arrival.envelope.tls.startswith("TLSv1.3")
    assert intake.messages()[0].endswith(mail.as_bytes(policy=SMTP))


def test_what_postfix_took_while_we_were_down_arrives_when_we_are_back(postfix, gateway):
    for number in range(3):
        send(postfix.port, message(f"down-{number}"))
    wait_until(lambda: "status=deferred" in postfix.log, "Postfix keeps it")
    with gateway.running("smtp"):
        postfix.flush()
        wait_until(lambda: not postfix.queue(), "the queue is empty")
        assert len(gateway.submissions()) == 3
    assert postfix.log.count("receipt 26-") + postfix.log.count("receipt 27-") >= 3, "the receipt is in Postfix's log"


def test_a_refusal_becomes_a_bounce_that_says_what_to_do_and_is_registered(postfix, gateway):
    with the_senders_mailbox(postfix) as mailbox, gateway.running("smtp"):
        send(postfix.port, message("too-large", TOO_LARGE))
        wait_until(lambda: len(mailbox.arrivals) == 1, "the bounce arrives", 60)
        send(postfix.port, message("wrong-address"), "bestaatniet@intake.example")
        wait_until(lambda: len(mailbox.arrivals) == 2, "the second bounce arrives", 60)
        refused = [row for row in gateway.register() if row["name"] == "SubmissionRejection"]
    large, wrong = (b" ".join(content.split()) for content in mailbox.messages())
    for text in (b"552 5.3.4", b"about 1 MB of documents", b"ongeveer 1 MB aan stukken", b"upload at http://127.0.0.1"):
        assert text in large, large[:3000].decode()
    for text in (b"550 5.1.1", b"send them to documenten@intake.example", b"stuur ze naar documenten@intake.example"):
        assert text in wrong, text
    assert all(arrival.envelope.mail_from == "" for arrival in mailbox.arrivals)
    assert len(refused) == 2


def test_before_the_queue_the_sender_hears_our_own_words(postfix, gateway):
    with gateway.running("smtp"):
        said = send(postfix.proxy_port, message("before-the-queue"))
        [submission] = gateway.submissions()
        assert said.endswith(f"receipt {submission['ontvangstnummer']}")
        for mail, recipient, code in (
            (message("too-large", TOO_LARGE), smtp.ADDRESS, 552),
            (message("wrong"), "bestaatniet@intake.example", 550),
        ):
            with pytest.raises(smtplib.SMTPResponseException) as refused:
                send(postfix.proxy_port, mail, recipient)
            assert refused.value.smtp_code == code
        assert len(gateway.submissions()) == 1
    assert not postfix.queue()


def test_before_the_queue_nobody_is_told_yes_while_we_are_down(postfix):
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        send(postfix.proxy_port, message("nobody-home"))
    assert 400 <= refused.value.smtp_code < 500
    # Postfix may have written to its postmaster about us.
    assert SENDER not in {queued["sender"] for queued in postfix.queue()}
