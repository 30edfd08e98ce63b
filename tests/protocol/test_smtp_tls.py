"""TLS of the listener: what is spoken, from the first word on, and certificates that change while it runs."""

import os
import ssl
from pathlib import Path

import pytest

from mail.smtp_tls import Certificate
from tests.support import smtp

TLS_ADDRESS = "127.0.0.1:0"


def shown(port: int, *, implicit: bool = False) -> bytes:
    """The certificate, DER, that the listener shows now."""
    with smtp.Client(port) as client:
        if implicit:
            client.start_tls()
        client.reply()
        client.say("EHLO client.example")
        if not implicit:
            client.say("STARTTLS")
            client.start_tls()
        assert isinstance(client.socket, ssl.SSLSocket)
        return client.socket.getpeercert(binary_form=True) or b""


def on_disk(directory: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert((directory / "cert.pem").read_text())


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    settings = smtp.settings(tls=smtp.certificate(tmp_path))
    with smtp.listening(smtp.RecordingIntake(), settings, listen_tls=TLS_ADDRESS) as running:
        first = on_disk(tmp_path)
        assert shown(running.port) == shown(running.tls_port, implicit=True) == first
        smtp.make_certificate(tmp_path)
        assert on_disk(tmp_path) != first
        assert shown(running.port) == shown(running.tls_port, implicit=True) == on_disk(tmp_path)


@pytest.mark.parametrize("file", ["cert.pem", "key.pem"])
@pytest.mark.parametrize("how", ["garbage", "missing", "of another"])
def test_a_renewal_that_goes_wrong_changes_nothing_and_is_said(
    file: str, how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = smtp.certificate(tmp_path)
    good, key = on_disk(tmp_path), (tmp_path / "key.pem").read_bytes()
    with smtp.listening(smtp.RecordingIntake(), smtp.settings(tls=certificate)) as running:
        if how == "garbage":
            (tmp_path / file).write_text("-----BEGIN NONSENSE-----\n")
        elif how == "missing":
            (tmp_path / file).unlink()
        else:
            (tmp_path / "new").mkdir()
            smtp.make_certificate(tmp_path / "new")
            (tmp_path / "new" / file).replace(tmp_path / file)
        assert shown(running.port) == good
        assert shown(running.port) == good
        said = [record for record in caplog.records if "cannot be used" in record.getMessage()]
        assert said
        assert how == "missing" or len(said) == 1, "once, not with every connection"
        assert key.decode() not in caplog.text
        smtp.make_certificate(tmp_path)
        assert shown(running.port) == on_disk(tmp_path), "the next good pair is taken"


def test_files_that_cannot_be_used_do_not_start(tmp_path: Path) -> None:
    smtp.make_certificate(tmp_path)
    (tmp_path / "key.pem").write_text("nonsense")
    with pytest.raises(ssl.SSLError):
        Certificate(tmp_path / "cert.pem", tmp_path / "key.pem")


def test_tls_can_start_before_the_first_word(tmp_path: Path) -> None:
    intake = smtp.RecordingIntake()
    settings = smtp.settings(tls=smtp.certificate(tmp_path), require_tls=True)
    with (
        smtp.listening(intake, settings, listen_tls=TLS_ADDRESS) as running,
        smtp.Client(running.tls_port) as client,
    ):
        client.start_tls()
        assert client.reply() == b"220 intake.example ESMTP"
        client.send(b"EHLO client.example\r\n")
        lines = iter(client.line, b"250 HELP")
        assert b"250-STARTTLS" not in lines
        assert client.say("STARTTLS").startswith(b"503")
        for command in ("MAIL FROM:<a@mail.example>", f"RCPT TO:<{smtp.ADDRESS}>", "DATA"):
            client.say(command)
        client.send(b"hallo\r\n.\r\n")
        assert smtp.receipt(client.reply())
    assert intake.arrivals[0].envelope.tls.startswith("TLSv1.3 ")


def test_clear_text_where_tls_is_expected_gets_nothing(tmp_path: Path) -> None:
    settings = smtp.settings(tls=smtp.certificate(tmp_path))
    with smtp.listening(smtp.RecordingIntake(), settings, listen_tls=TLS_ADDRESS) as running:
        with smtp.Client(running.tls_port) as client:
            client.send(b"EHLO client.example\r\n")
            assert b"250" not in b"".join(line or b"" for line in iter(client.line, None))
        assert shown(running.tls_port, implicit=True)


def test_too_many_connections_end_before_any_handshake(tmp_path: Path) -> None:
    settings = smtp.settings(tls=smtp.certificate(tmp_path), max_connections_per_address=1)
    with (
        smtp.listening(smtp.RecordingIntake(), settings, listen_tls=TLS_ADDRESS) as running,
        smtp.Client(running.port) as first,
        smtp.Client(running.tls_port) as second,
    ):
        assert first.reply().startswith(b"220")
        assert second.line() is None


def handshake(port: int, **limits: object) -> tuple[str, str]:
    """Version and cipher that are agreed on with such a client. Raises ssl.SSLError, or ConnectionError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if "maximum_version" in limits:
        context.maximum_version = limits["maximum_version"]
    context.set_ciphers(str(limits.get("ciphers", "ALL:@SECLEVEL=0")))
    with smtp.Client(port) as client:
        client.reply()
        client.say("EHLO client.example")
        client.say("STARTTLS")
        with context.wrap_socket(client.socket) as secure:
            cipher = secure.cipher()
            assert cipher is not None
            return str(secure.version()), cipher[0]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_2_with_forward_secrecy_or_better(tmp_path: Path) -> None:
    settings = smtp.settings(tls=smtp.certificate(tmp_path))
    with smtp.listening(smtp.RecordingIntake(), settings) as running:
        assert handshake(running.port)[0] == "TLSv1.3"
        older = {"maximum_version": ssl.TLSVersion.TLSv1_2}
        assert handshake(running.port, **older)[1].startswith("ECDHE-")
        for weak in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "DHE", "ECDHE-ECDSA-AES256-SHA384"):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                handshake(running.port, **older, ciphers=f"{weak}:@SECLEVEL=0")
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                handshake(running.port, maximum_version=version)


def test_a_certificate_is_read_again_only_when_its_files_changed(tmp_path: Path) -> None:
    certificate = smtp.certificate(tmp_path)
    assert certificate.context() is certificate.context()
    os.utime(tmp_path / "cert.pem", ns=(0, 0))
    before = certificate.context()
    assert certificate.context() is before
