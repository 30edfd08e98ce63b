"""What an IMAP mailbox promises, against a real Dovecot: nothing is marked before it is ours, nothing is missed."""

import base64
import hashlib
import http.server
import json
import random
import socket
import threading
import tracemalloc
import urllib.parse
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from imapclient import IMAPClient

from config.sections.channels import Imap
from gateway.blobs import FileBlobs
from gateway.core.errors import TryLater
from gateway.core.model import Accepted
from gateway.core.words import Channel
from mail import imap_in
from tests.support import storage
from tests.support.servers import free_port

MESSAGE = b"Return-Path: <a@example.org>\r\nFrom: a@example.org\r\nSubject: stukken\r\n\r\nbijgaand\r\n"


def nothing(content):
    pass


class Desk:
    """The port `Intake` on real files, in memory for the rest; `before_accept` may raise."""

    def __init__(self, directory):
        self.blobs = FileBlobs(directory)
        self.accepted = {}
        self.arrivals = []
        self.attempts = []
        self.spooled = 0
        self.before_accept = nothing

    def spool(self):
        self.spooled += 1
        return self.blobs.incoming()

    def accept(self, arrival):
        if self.before_accept is not nothing:
            self.before_accept(self.content(arrival))
        if arrival.source not in self.accepted:
            self.arrivals.append(arrival)
        return self.accepted.setdefault(arrival.source, Accepted(f"26-{len(self.accepted)}", len(self.accepted)))

    def register(self, attempt):
        self.attempts.append(attempt)

    def content(self, arrival):
        return storage.content_of(self.blobs, arrival.files[0])

    def contents(self):
        return [self.content(arrival) for arrival in self.arrivals]


@dataclass
class Memory:
    """The port `Cursor`, without a disk."""

    places: dict = field(default_factory=dict)

    def last(self, mailbox):
        return self.places.get(mailbox)

    def advance(self, mailbox, uidvalidity, uid):
        self.places[mailbox] = (uidvalidity, uid)


class Box:
    """A folder of this test's own on the real server, our side of it, and another client's."""

    def __init__(self, dovecot, directory):
        self.dovecot = dovecot
        self.folder = f"Intake-{uuid4().hex[:8]}"
        self.desk = Desk(directory / "blobs")
        self.cursor = Memory()
        self.events = []
        (directory / "password").write_text(dovecot.password + "\n")
        self.settings = Imap(
            host=dovecot.host,
            port=dovecot.port,
            tls="none",
            username=dovecot.username,
            password_file=str(directory / "password"),
            mailbox=self.folder,
        )
        with self.other_client() as client:
            client.create_folder(self.folder)
        self.mailbox = self.open()

    def open(self, **changes):
        """Our side, as after a restart."""
        settings = Imap.model_validate({**self.settings.model_dump(), **changes})
        return imap_in.Mailbox(
            settings, self.desk, self.cursor, lambda name, values: self.events.append((name, values))
        )

    @contextmanager
    def other_client(self, folder=None):
        with IMAPClient(self.dovecot.host, self.dovecot.port, ssl=False) as client:
            client.login(self.dovecot.username, self.dovecot.password)
            if folder:
                client.select_folder(folder)
            yield client

    def put(self, message=MESSAGE, at=None, flags=()):
        with self.other_client() as client:
            client.append(self.folder, message, flags, at)

    def flags(self, folder=None):
        with self.other_client(folder or self.folder) as client:
            return [
                {flag for flag in flags if flag != b"\\Recent"}
                for _, flags in sorted(client.get_flags(client.search()).items())
            ]

    def log(self, event):
        return [values for name, values in self.events if name == event]

    def place(self):
        found = self.cursor.last(self.mailbox.key)
        return found[1] if found else None


@pytest.fixture
def box(dovecot, tmp_path):
    return Box(dovecot, tmp_path)


def numbered(number):
    return MESSAGE.replace(b"bijgaand", b"nummer %d" % number)


def test_a_message_comes_in_byte_for_byte_with_the_suppliers_moment(box):
    odd = b"From: a@b.nl\r\n\r\n\x00\xff 8-bit, a lone \xc3 and . dots\r\n.\r\n..\r\n".replace(b"\x00", b"\x01")
    moment = datetime(2026, 3, 30, 23, 59, 58, tzinfo=timezone(timedelta(hours=2)))
    box.put(odd, moment)
    assert box.mailbox.poll() == 1
    arrival = box.desk.arrivals[0]
    assert box.desk.contents() == [odd]
    assert arrival.received_at == moment
    assert arrival.received_at.tzinfo is UTC
    assert arrival.channel is Channel.IMAP
    assert arrival.files[0].sha256 == hashlib.sha256(odd).hexdigest()


@pytest.mark.parametrize("offset", [-720, -210, 0, 60, 345, 840])
def test_the_moment_is_right_from_every_time_zone(box, offset, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    moment = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(minutes=offset)))
    box.put(at=moment)
    box.mailbox.poll()
    assert box.desk.arrivals[0].received_at == moment


def test_a_message_delivered_by_the_server_itself_is_taken_too(box):
    box.dovecot.deliver(MESSAGE, box.folder)
    assert box.mailbox.poll() == 1
    assert abs(box.desk.arrivals[0].received_at - datetime.now(UTC)) < timedelta(minutes=2)
    assert box.flags() == [{b"\\Seen", imap_in.KEYWORD}]


def test_the_source_names_one_message_for_ever(box):
    box.put()
    box.put()
    box.mailbox.poll()
    with box.other_client() as client:
        validity = client.folder_status(box.folder, ["UIDVALIDITY"])[b"UIDVALIDITY"]
    prefix = f"imap:127.0.0.1:{box.dovecot.port}:documenten:{box.folder}:{validity}"
    assert [arrival.source for arrival in box.desk.arrivals] == [f"{prefix}:1", f"{prefix}:2"]


def test_no_message_is_accepted_twice(box):
    assert box.mailbox.poll() == 0
    box.put()
    assert box.mailbox.poll() == 1
    assert box.mailbox.poll() == 0
    assert box.open().poll() == 0
    assert box.desk.spooled == 1
    box.put()
    assert box.mailbox.poll() == 1


@pytest.mark.parametrize("flags", [[b"\\Seen"], [b"\\Deleted"], [b"\\Flagged", imap_in.KEYWORD], [b"$Junk"]])
def test_flags_of_other_clients_do_not_matter(box, flags):
    box.put(flags=flags)
    assert box.mailbox.poll() == 1


def test_a_message_that_another_client_read_first_is_still_fetched(box):
    box.put()
    with box.other_client(box.folder) as client:
        client.fetch(client.search(), ["RFC822"])
        assert client.search("SEEN")
    assert box.mailbox.poll() == 1


# ---- only after it is ours -----------------------------------------------------------------------


@pytest.mark.parametrize("after", ["flag", "move:Processed"])
def test_nothing_is_marked_before_we_have_it(box, after):
    """P1: IMAP "seen" comes only after the bytes would survive a power cut."""
    box.put()
    mailbox = box.open(after=after)

    def look_and_fail(content):
        assert box.flags() == [set()]
        raise TryLater("disk full")

    box.desk.before_accept = look_and_fail
    assert mailbox.poll() == 0
    assert box.flags() == [set()]
    assert box.place() is None
    assert [event["error"] for event in box.log("imap_trouble")] == ["disk full"]
    box.desk.before_accept = nothing
    assert mailbox.poll() == 1
    assert box.place() == 1


def test_flag_marks_seen_with_our_keyword(box):
    box.put(flags=[b"\\Flagged"])
    box.mailbox.poll()
    assert box.flags() == [{b"\\Seen", b"\\Flagged", imap_in.KEYWORD}]


def test_move_takes_it_out_of_the_way_into_a_folder_made_for_it(box):
    folder = f"Klaar-{box.folder}"
    box.put()
    box.put()
    assert box.open(after=f"move:{folder}").poll() == 2
    assert box.flags() == []
    assert len(box.flags(folder)) == 2


def test_leave_changes_nothing_at_all(box):
    box.put()
    mailbox = box.open(after="leave")
    assert mailbox.poll() == 1
    assert mailbox.poll() == 0
    assert box.flags() == [set()]


# ---- trouble -------------------------------------------------------------------------------------


def test_one_bad_message_does_not_block_the_rest(box):
    for number in range(1, 6):
        box.put(numbered(number))

    def second_fails(content):
        if b"nummer 2" in content:
            raise TryLater("not this one")

    box.desk.before_accept = second_fails
    assert box.mailbox.poll() == 4
    assert box.place() == 1
    assert box.flags()[1] == set()
    assert all(flags for number, flags in enumerate(box.flags(), 1) if number != 2)
    spooled = box.desk.spooled
    assert box.mailbox.poll() == 0
    assert box.desk.spooled == spooled + 1, "the others were fetched again"
    box.desk.before_accept = nothing
    assert box.mailbox.poll() == 1
    assert box.place() == 5
    assert sorted(box.desk.contents()) == [numbered(number) for number in range(1, 6)]


def test_a_restart_with_one_in_trouble_accepts_the_others_under_their_first_number(box):
    for number in (1, 2):
        box.put(numbered(number))

    def first_fails(content):
        if b"nummer 1" in content:
            raise TryLater("not this one")

    box.desk.before_accept = first_fails
    box.mailbox.poll()
    box.open().poll()
    assert len(box.desk.arrivals) == 1


def test_a_message_that_breaks_the_connection_goes_last_the_next_time(box):
    for number in (1, 2, 3):
        box.put(numbered(number))

    def first_breaks(content):
        if b"nummer 1" in content:
            box.dovecot.kick()

    box.desk.before_accept = first_breaks
    with pytest.raises(TryLater, match=box.folder):
        box.mailbox.poll()
    with pytest.raises(TryLater):
        box.mailbox.poll()
    assert [b"nummer 1" in c for c in box.desk.contents()] == [True, False, False]
    assert all(box.flags()[1:])
    box.desk.before_accept = nothing
    box.mailbox.poll()
    assert box.place() == 3
    assert len(box.desk.arrivals) == 3


def test_a_bug_in_one_message_lets_the_others_go_first(box):
    for number in (1, 2):
        box.put(numbered(number))

    def first_is_a_bug(content):
        if b"nummer 1" in content:
            raise ZeroDivisionError

    box.desk.before_accept = first_is_a_bug
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            box.mailbox.poll()
    assert box.desk.contents() == [numbered(2)]


def test_a_message_that_somebody_removed_meanwhile_is_no_trouble(box):
    for number in (1, 2, 3):
        box.put(numbered(number))

    def remove_the_second(content):
        if b"nummer 1" in content:
            with box.other_client(box.folder) as client:
                client.delete_messages([2])
                client.expunge()

    box.desk.before_accept = remove_the_second
    assert box.mailbox.poll() == 2
    assert [event["uid"] for event in box.log("imap_gone")] == [2]
    assert box.place() == 3


def test_a_message_over_the_ceiling_is_registered_and_stays(box):
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    box.put(MESSAGE + b"x" * 5000 + b"\r\n", moment)
    mailbox = imap_in.Mailbox(box.settings, box.desk, box.cursor, lambda *_: None, max_bytes=4096)
    assert mailbox.poll() == 0
    attempt = box.desk.attempts[0]
    assert (attempt.reason, attempt.bytes, attempt.attempted_at) == ("te_groot", len(MESSAGE) + 5002, moment)
    assert box.flags() == [set()]
    assert mailbox.poll() == 0
    assert len(box.desk.attempts) == 1


def test_after_a_new_uidvalidity_everything_is_taken_in_again_under_new_names(box):
    box.put()
    box.mailbox.poll()
    with box.other_client() as client:
        client.delete_folder(box.folder)
        client.create_folder(box.folder)
    box.put()
    box.put(numbered(2))
    assert box.mailbox.poll() == 2
    assert len({arrival.source for arrival in box.desk.arrivals}) == 3
    assert len(box.log("imap_renumbered")) == 1
    assert box.mailbox.poll() == 0


def test_after_an_outage_of_the_server_nothing_is_missed(box):
    box.put()
    box.mailbox.poll()
    box.put(numbered(2))
    box.dovecot.stop()
    with pytest.raises(TryLater, match="refused"):
        box.mailbox.poll()
    box.dovecot.start()
    assert box.mailbox.poll() == 1
    assert box.desk.contents() == [MESSAGE, numbered(2)]


def test_43_megabytes_flow_through_little_memory(box):
    body = base64.encodebytes(random.Random(7).randbytes(30 * 1024 * 1024)).replace(b"\n", b"\r\n")
    message = MESSAGE + body
    assert len(message) > 42_000_000
    box.put(message)
    expected = hashlib.sha256(message).hexdigest()
    del body, message
    tracemalloc.start()
    try:
        assert box.mailbox.poll() == 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert box.desk.arrivals[0].files[0].sha256 == expected
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("size", [imap_in.PART_BYTES - 1, imap_in.PART_BYTES, imap_in.PART_BYTES + 1])
def test_the_seam_between_two_parts_loses_nothing(box, size):
    message = MESSAGE + b"x" * (size - len(MESSAGE) - 2) + b"\r\n"
    box.put(message)
    assert box.mailbox.poll() == 1
    assert box.desk.contents() == [message]
    assert not box.log("imap_size_differs")


# ---- signing in ----------------------------------------------------------------------------------


def test_a_wrong_password_says_what_to_check_and_not_the_password(box, tmp_path):
    (tmp_path / "password").write_text("fout-wachtwoord")
    with pytest.raises(TryLater, match="refuses the sign-in; check username and password_file") as raised:
        box.mailbox.poll()
    assert "fout-wachtwoord" not in str(raised.value)


def test_a_missing_password_file_is_named(box):
    with pytest.raises(TryLater, match="/nergens/wachtwoord"):
        box.open(password_file="/nergens/wachtwoord").poll()


def test_a_mailbox_that_does_not_exist_is_named(box):
    with pytest.raises(TryLater, match="Bestaat-niet"):
        box.open(mailbox="Bestaat-niet").poll()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_encryption_trusts_the_configured_authority_and_nobody_else(box, tls):
    port = box.dovecot.tls_port if tls == "implicit" else box.dovecot.port
    box.put()
    with pytest.raises(TryLater, match="not trusted; check tls_ca"):
        box.open(tls=tls, port=port).poll()
    assert box.open(tls=tls, port=port, tls_ca=str(box.dovecot.certificate)).poll() == 1


@contextmanager
def token_server(status, answer):
    """An OAuth2 token endpoint; yields its address and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(dict(urllib.parse.parse_qsl(body.decode())))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/token", asked
        finally:
            server.shutdown()
            thread.join()


def with_token(box, tmp_path, url, port):
    (tmp_path / "secret").write_text("client-geheim\n")
    oauth2 = {"token_url": url, "client_id": "poort", "client_secret_file": str(tmp_path / "secret"), "scope": "imap"}
    return box.open(port=port, password_file="", oauth2=oauth2)


@contextmanager
def refusing_server():
    """An IMAP server that listens to one XOAUTH2 sign-in and says no; yields its port and what it heard."""
    heard = []

    def listen(server):
        connection, _ = server.accept()
        with connection, connection.makefile("rwb", buffering=0) as wire:
            wire.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hello\r\n")
            while line := wire.readline():
                tag, command, *_ = line.split()
                if command == b"CAPABILITY":
                    wire.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n" + tag + b" OK done\r\n")
                elif command == b"AUTHENTICATE":
                    wire.write(b"+ \r\n")
                    heard.append(base64.b64decode(wire.readline()))
                    wire.write(tag + b" NO [AUTHENTICATIONFAILED] expired\r\n")
                else:
                    wire.write(b"* BYE\r\n" + tag + b" OK bye\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen, args=(server,))
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(10)


def test_oauth2_gets_a_token_for_our_own_credentials_and_signs_in_with_it(box, tmp_path):
    token = json.dumps({"access_token": "tok-1"}).encode()
    with (
        refusing_server() as (port, heard),
        token_server(200, token) as (url, asked),
        pytest.raises(TryLater, match=r"refuses the sign-in; check .* oauth2: .*expired"),
    ):
        with_token(box, tmp_path, url, port).poll()
    assert heard == [b"user=documenten\x01auth=Bearer tok-1\x01\x01"]
    assert asked == [
        {"grant_type": "client_credentials", "client_id": "poort", "client_secret": "client-geheim", "scope": "imap"}
    ]


@pytest.mark.parametrize(("status", "answer"), [(401, b"{}"), (200, b"no json"), (200, b"{}"), (200, b"[]")])
def test_a_token_that_cannot_be_had_names_the_server_and_no_secret(box, tmp_path, status, answer):
    with token_server(status, answer) as (url, _), pytest.raises(TryLater, match="gives no access token") as raised:
        with_token(box, tmp_path, url, box.dovecot.port).poll()
    assert url in str(raised.value)
    assert "client-geheim" not in str(raised.value)


def test_a_token_server_that_is_away_is_no_disaster(box, tmp_path):
    with pytest.raises(TryLater, match="gives no access token"):
        with_token(box, tmp_path, f"http://127.0.0.1:{free_port()}/token", box.dovecot.port).poll()


# ---- what the supplier kept of the envelope ------------------------------------------------------


def test_the_envelope_is_what_the_supplier_wrote_on_top(box):
    box.put(
        b"Return-Path: <lawyer@kantoor.example>\r\n"
        b"Delivered-To: documenten+7k3m9q2xv@intake.example\r\n"
        b"X-Original-To: <documenten+7k3m9q2xv@intake.example>\r\n"
        b"Delivered-To: documenten@intake.example\r\n" + MESSAGE
    )
    box.mailbox.poll()
    envelope = box.desk.arrivals[0].envelope
    assert envelope.mail_from == "lawyer@kantoor.example"
    assert envelope.recipients == ("documenten+7k3m9q2xv@intake.example", "documenten@intake.example")


@pytest.mark.parametrize(
    "start", [b"", b"\r\n", b"Return-Path: <>\r\n\r\n", b"Delivered-To: a b\r\n\r\n", b"\xff" * 300_000, b"From x"]
)
def test_an_envelope_nobody_kept_is_empty(start):
    assert imap_in.envelope_in(start) == replace(imap_in.Envelope())
