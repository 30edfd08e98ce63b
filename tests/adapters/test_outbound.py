"""Letters reach a real SMTP server or a file, and what failed is told apart by whether trying again can help."""

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from mail.outbound import Outbound
from tests.support.servers import free_port

LETTER = b"From: a@intake.example\r\nTo: b@example.org\r\nSubject: x\r\n\r\nregel\r\n.punt\r\n"


@dataclass(frozen=True)
class Settings:
    smarthost: str = ""
    tls: str = "none"
    username: str = ""
    password_file: str = ""


@dataclass
class Peer:
    """A smarthost that answers as it is told, and remembers the letters it took."""

    mail: str = "250 OK"
    rcpt: str = "250 OK"
    data: str = "250 2.0.0 queued as 4D7"
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 -- aiosmtpd's name
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 -- aiosmtpd's name
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- aiosmtpd's name
        if self.data == "hang up":
            server.transport.abort()
            return "250 never seen"
        if self.data.startswith("2"):
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return self.data


@contextmanager
def running(peer: Peer, **options) -> Iterator[str]:
    controller = Controller(peer, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def deliver(address: str, directory: Path, **changes):
    trust = changes.pop("trust", None)
    outbound = Outbound(Settings(smarthost=address, **changes), directory, trust=trust)
    return outbound.deliver("26-7K3M.receipt", LETTER, "b@example.org")


def test_a_letter_arrives_byte_for_byte_from_nobody(tmp_path):
    peer = Peer()
    with running(peer) as address:
        delivery = deliver(address, tmp_path)
    assert delivery.ok
    assert delivery.reply == "250 2.0.0 queued as 4D7"
    assert peer.taken == [("<>", ["b@example.org"], LETTER)]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("moment", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(("answer", "permanent"), [("451 4.3.0 later", False), ("550 5.1.1 no such person", True)])
def test_an_answer_about_the_letter_is_told_with_its_weight(moment, answer, permanent, tmp_path):
    with running(Peer(**{moment: answer})) as address:
        delivery = deliver(address, tmp_path)
    assert (delivery.ok, delivery.permanent, delivery.reply) == (False, permanent, answer)


def test_a_demand_to_sign_in_says_nothing_about_the_letter(tmp_path):
    with running(Peer(mail="530 5.7.0 Authentication required")) as address:
        assert not deliver(address, tmp_path).permanent


def test_a_peer_that_drops_the_line_is_tried_again(tmp_path):
    with running(Peer(data="hang up")) as address:
        delivery = deliver(address, tmp_path)
    assert not delivery.ok
    assert not delivery.permanent
    assert "ServerDisconnected" in delivery.reply


def test_a_peer_that_is_not_there_is_tried_again(tmp_path):
    delivery = deliver(f"127.0.0.1:{free_port()}", tmp_path)
    assert not delivery.ok
    assert not delivery.permanent
    assert "ConnectionRefusedError" in delivery.reply


def test_a_peer_that_greets_with_a_refusal_is_tried_again(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"554 5.3.2 no service today\r\n")
                connection.recv(1000)

        thread = threading.Thread(target=greet)
        thread.start()
        delivery = deliver(f"127.0.0.1:{server.getsockname()[1]}", tmp_path)
        thread.join(10)
    assert (delivery.ok, delivery.permanent, delivery.reply) == (False, False, "554 5.3.2 no service today")


@pytest.mark.parametrize("bad", ["b@example.org\r\nRCPT TO:<c@d.nl>", "é@example.org", "b c@example.org"])
def test_an_address_that_smtp_cannot_carry_is_never_tried_again(bad, tmp_path):
    peer = Peer()
    with running(peer) as address:
        delivery = Outbound(Settings(smarthost=address), tmp_path).deliver("k", LETTER, bad)
    assert delivery.permanent
    assert not peer.taken


# ---- encryption and sign-in ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(directory / "key.pem"),
            "-out",
            str(directory / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return directory


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate / "cert.pem"))


def test_starttls_is_used_before_anything_is_said(certificate, tmp_path):
    peer = Peer()
    with running(peer, tls_context=server_side(certificate), require_starttls=True) as address:
        assert deliver(address, tmp_path, tls="starttls", trust=trusting(certificate)).ok
    assert len(peer.taken) == 1


@pytest.mark.parametrize("options", [{"require_starttls": True}, {}])
def test_a_certificate_nobody_vouches_for_is_refused(certificate, options, tmp_path):
    peer = Peer()
    with running(peer, tls_context=server_side(certificate), **options) as address:
        delivery = deliver(address, tmp_path, tls="starttls")
    assert not delivery.ok
    assert not delivery.permanent
    assert "CERTIFICATE_VERIFY_FAILED" in delivery.reply
    assert not peer.taken


def test_no_letter_goes_in_the_clear_when_encryption_was_asked_for(tmp_path):
    peer = Peer()
    with running(peer) as address:
        delivery = deliver(address, tmp_path, tls="starttls")
    assert (delivery.ok, delivery.permanent) == (False, False)
    assert "STARTTLS" in delivery.reply
    assert not peer.taken


def test_implicit_tls(certificate, tmp_path):
    peer = Peer()
    port = free_port()
    controller = Controller(peer, hostname="127.0.0.1", port=port, ssl_context=server_side(certificate))
    controller.start()
    try:
        assert deliver(f"127.0.0.1:{port}", tmp_path, tls="implicit", trust=trusting(certificate)).ok
    finally:
        controller.stop()
    assert len(peer.taken) == 1


@pytest.mark.parametrize(("password", "ok"), [("geheim-9", True), ("fout", False)])
def test_the_password_comes_from_its_file_and_a_wrong_one_is_our_trouble(certificate, password, ok, tmp_path):
    def check(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data == LoginPassword(b"poort", b"geheim-9")
        return AuthResult(success=right, handled=False)

    (tmp_path / "password").write_text(password + "\n")
    peer = Peer()
    options = {"authenticator": check, "auth_required": True, "require_starttls": True}
    with running(peer, tls_context=server_side(certificate), **options) as address:
        delivery = deliver(
            address,
            tmp_path,
            tls="starttls",
            username="poort",
            password_file=str(tmp_path / "password"),
            trust=trusting(certificate),
        )
    assert delivery.ok is ok
    assert not delivery.permanent
    assert password not in delivery.reply
    assert len(peer.taken) == ok


# ---- files ---------------------------------------------------------------------------------------


def test_without_a_smarthost_the_letter_is_a_file_and_writing_it_twice_is_harmless(tmp_path):
    outbound = Outbound(Settings(), tmp_path / "outbox")
    for _ in range(2):
        delivery = outbound.deliver("26-7K3M.receipt", LETTER, "b@example.org")
        assert delivery.ok
        assert delivery.reply == "kept as 26-7K3M.receipt.eml"
        assert [p.name for p in (tmp_path / "outbox").iterdir()] == ["26-7K3M.receipt.eml"]
    assert (tmp_path / "outbox" / "26-7K3M.receipt.eml").read_bytes() == LETTER


def test_the_file_and_its_name_are_on_disk_before_it_counts(tmp_path, monkeypatch):
    synced = []
    real = os.fsync

    def fsync(descriptor):
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        assert (tmp_path / "k.eml").exists() == (len(synced) == 2)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert Outbound(Settings(), tmp_path).deliver("k", LETTER, "b@example.org").ok
    assert [path.parent for path in synced] == [tmp_path, tmp_path.parent]
    assert synced[1] == tmp_path


@pytest.mark.parametrize("key", ["../../etc/x", "/etc/passwd", ".hidden", "", "a/b", "a" * 300, "é", "a\0b"])
def test_no_key_leaves_the_directory_and_no_two_keys_share_a_file(key, tmp_path):
    outbound = Outbound(Settings(), tmp_path / "outbox")
    assert outbound.deliver(key, LETTER, "b@example.org").ok
    assert outbound.deliver(key + "2", b"another", "b@example.org").ok
    assert len(list((tmp_path / "outbox").glob("[!.]*.eml"))) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["outbox"]


def test_a_full_disk_is_temporary_and_leaves_no_half_letter(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    delivery = Outbound(Settings(), tmp_path).deliver("k", LETTER, "b@example.org")
    assert (delivery.ok, delivery.permanent) == (False, False)
    assert "No space left" in delivery.reply
    assert not list(tmp_path.iterdir())
