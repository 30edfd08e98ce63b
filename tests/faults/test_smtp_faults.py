"""When something fails on our side the sender hears 4xx, nothing half is left, and the next message gets in."""

import asyncio
import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import uvloop

from gateway.blobs import FileBlobs
from gateway.core.errors import TryLater
from gateway.core.model import Accepted, Arrival
from gateway.ports import Incoming
from tests.support import smtp, storage
from tests.support.servers import wait_until

MESSAGE = b"Subject: one\r\n\r\n" + b"hallo\r\n" * 1000
SECRET = "/srv/secret/path"
FAILURES = [TryLater(SECRET), OSError(28, SECRET), RuntimeError(SECRET), AssertionError(SECRET)]


class Failing:
    """Raises from the n-th call on, until told to stop."""

    def __init__(self, error: Exception, after: int = 0) -> None:
        self.error: Exception | None = error
        self.after = after

    def __call__(self) -> None:
        self.after -= 1
        if self.after < 0 and self.error is not None:
            raise self.error


@contextlib.contextmanager
def dialogue(intake: smtp.RecordingIntake, **changes: object) -> Iterator[tuple[smtp.Running, smtp.Client]]:
    with smtp.listening(intake, smtp.settings(**changes)) as running, smtp.Client(running.port) as client:
        yield running, client


def deliver(client: smtp.Client) -> bytes:
    """The reply to a whole message on a connection that has said EHLO."""
    for command in ("MAIL FROM:<anna@mail.example>", f"RCPT TO:<{smtp.ADDRESS}>"):
        assert client.say(command).startswith(b"250")
    reply = client.say("DATA")
    if reply.startswith(b"354"):
        client.send(smtp.stuffed(MESSAGE))
        reply = client.reply()
    return reply


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["spool", "write", "keep", "accept", "accept what is journalled"])
def test_our_trouble_is_the_senders_451_and_the_next_message_gets_in(place: str, error: Exception) -> None:
    """P1: no yes without a receipt; and our trouble is never a bounce."""
    place, _, journals = place.partition(" ")
    intake = smtp.RecordingIntake(journals=bool(journals))
    failing = Failing(error)
    setattr(intake, f"before_{place}", failing)
    with dialogue(intake) as (_, client):
        client.reply()
        client.say("EHLO client.example")
        reply = deliver(client)
        assert reply.startswith(b"451 4.3.0 ")
        assert SECRET.encode() not in reply
        assert not intake.arrivals
        failing.error = None
        assert smtp.receipt(deliver(client))
    assert len(intake.arrivals) == 1
    assert intake.left_open() == 0


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_who_cannot_be_registered_is_not_turned_away_yet(error: Exception) -> None:
    """A refusal is a statement we have to be able to prove; until then: try again."""
    intake = smtp.RecordingIntake(before_register=Failing(error))
    with dialogue(intake, max_message_bytes=100) as (_, client):
        client.reply()
        client.say("EHLO client.example")
        assert client.say("MAIL FROM:<a@mail.example> SIZE=101").startswith(b"451 4.3.0")
        client.say("MAIL FROM:<a@mail.example>")
        assert client.say("RCPT TO:<b@intake.example>").startswith(b"451 4.3.0")
        client.say("RSET")
        assert deliver(client).startswith(b"451 4.3.0")
    assert not intake.arrivals
    assert intake.left_open() == 0


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing_and_the_dialogue_in_step() -> None:
    intake = smtp.RecordingIntake(before_write=Failing(TryLater("disk full"), after=1))
    with dialogue(intake) as (_, client):
        client.until_data()
        client.send(b"a\r\n")
        wait_until(lambda: bool(intake.spools and intake.spools[0].size), "the first octets are written")
        client.send(b"b\r\n" * 100_000 + b".\r\nNOOP\r\n")
        assert client.reply().startswith(b"451 4.3.0")
        assert client.reply().startswith(b"250 2.0.0 Ok")
    assert intake.left_open() == 0
    assert not intake.arrivals


def test_accepted_but_the_answer_lost_is_451_and_never_a_receipt() -> None:
    """The intake may fail after it stored; then the sender comes again, as another arrival."""

    class Lossy(smtp.RecordingIntake):
        def accept(self, arrival: Arrival) -> Accepted:
            accepted = super().accept(arrival)
            if len(self.arrivals) == 1:
                raise TryLater("the commit went through, but its answer did not")
            return accepted

    intake = Lossy()
    with dialogue(intake) as (_, client):
        client.reply()
        client.say("EHLO client.example")
        assert deliver(client).startswith(b"451 4.3.0")
        assert smtp.receipt(deliver(client)) == "26-0000-0000-0002"
    first, second = intake.arrivals
    assert first.files == second.files
    assert first.source != second.source


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_client_that_hangs_up_while_we_accept_changes_nothing(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """It is received, and nothing of ours failed because nobody was there to be told."""
    reached, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        reached.set()
        assert go_on.wait(smtp.PATIENCE)

    intake = smtp.RecordingIntake(before_accept=slowly)
    with smtp.listening(intake, new_loop=new_loop) as running:
        with smtp.Client(running.port) as client:
            client.until_data()
            client.send(smtp.stuffed(MESSAGE))
            assert reached.wait(smtp.PATIENCE)
            reset(client)
        wait_until(lambda: not running.listener.connections, "the listener noticed")
        go_on.set()
        wait_until(lambda: not running.listener._shared.handlers, "the connection is done with")
        assert running.count("smtp_received") == 1
        assert running.count("smtp_try_later") == 0
    assert intake.messages() == [MESSAGE]
    assert intake.left_open() == 0


def test_a_slow_commit_holds_up_nobody_else() -> None:
    go_on = threading.Event()

    def slowly() -> None:
        assert go_on.wait(smtp.PATIENCE)

    intake = smtp.RecordingIntake(before_accept=slowly)
    with dialogue(intake) as (running, client):
        client.until_data()
        client.send(smtp.stuffed(MESSAGE))
        with smtp.Client(running.port) as other:
            assert other.until_data().startswith(b"354")
        assert not intake.arrivals
        go_on.set()
        assert smtp.receipt(client.reply())


def test_who_waits_for_a_commit_shares_the_next_one_and_its_failure_is_not_theirs() -> None:
    go_on, groups = threading.Event(), []
    wrong = "wrong@mail.example"

    class Grouping(smtp.RecordingIntake):
        def accept(self, arrival: Arrival) -> Accepted:
            if arrival.envelope.mail_from == wrong:
                raise TryLater("not this one")
            return super().accept(arrival)

        def accept_all(self, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
            groups.append(len(arrivals))
            assert go_on.wait(smtp.PATIENCE)
            return super().accept_all(arrivals)

    with smtp.listening(Grouping(journals=True)) as running, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(smtp.Client(running.port)) for _ in range(4)]
        for client, sender in zip(clients, ("a@mail.example", "b@mail.example", wrong, "c@mail.example"), strict=True):
            client.until_data(sender=sender)
            client.send(smtp.stuffed(MESSAGE))
            wait_until(lambda: bool(groups), "the first commit goes on")
        commits = running.listener._shared.commits
        wait_until(lambda: len(commits._waiting) == 3, "the others wait")
        go_on.set()
        replies = [client.reply() for client in clients]
    assert [reply[:3] for reply in replies] == [b"250", b"250", b"451", b"250"]
    assert groups == [1, 3]


def hang_up(client: smtp.Client) -> None:
    client.socket.close()


def reset(client: smtp.Client) -> None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.socket.close()


def half_close(client: smtp.Client) -> None:
    client.socket.shutdown(socket.SHUT_WR)
    assert client.line() is None


@pytest.mark.parametrize("leave", [hang_up, reset, half_close])
def test_a_connection_lost_in_the_middle_leaves_nothing(leave: Callable[[smtp.Client], None]) -> None:
    intake = smtp.RecordingIntake()
    with dialogue(intake) as (running, client):
        client.until_data()
        client.send(MESSAGE)
        wait_until(lambda: bool(intake.spools and intake.spools[0].size), "the first octets are written")
        leave(client)
        wait_until(lambda: running.count("smtp_not_taken") == 1, "the listener noticed")
        wait_until(lambda: intake.left_open() == 0, "the spool is dropped")
    assert not intake.arrivals


def quiet(client: smtp.Client, seconds: float) -> bool:
    """Whether the server says nothing for so long; also the pace of a slow sender."""
    return not select.select([client.socket], [], [], seconds)[0]


def test_a_slow_but_honest_sender_is_kept_far_beyond_the_idle_time() -> None:
    """peers.md T4: a total time limit locks out whoever is on a slow line."""
    intake = smtp.RecordingIntake()
    with dialogue(intake, idle_seconds=0.4, minimum_rate_bytes_per_second=100.0) as (_, client):
        client.until_data()
        for _ in range(30):
            client.send(b"0123456789\r\n")
            assert quiet(client, 0.05), client.line()
        client.send(b".\r\n")
        assert smtp.receipt(client.reply())
    assert intake.messages() == [b"0123456789\r\n" * 30]


def test_a_trickle_is_cut_off_however_steady() -> None:
    intake = smtp.RecordingIntake()
    with dialogue(intake, idle_seconds=0.4, minimum_rate_bytes_per_second=500.0) as (_, client):
        client.until_data()
        for _ in range(200):
            client.send(b"x")
            if not quiet(client, 0.02):
                break
        assert client.reply().startswith(b"421 4.4.2")
        assert client.line() is None
    assert not intake.arrivals
    assert intake.left_open() == 0


def test_a_trickled_command_is_cut_off() -> None:
    with dialogue(smtp.RecordingIntake(), idle_seconds=0.4) as (_, client):
        client.reply()
        for _ in range(200):
            client.send(b"x")
            if not quiet(client, 0.02):
                break
        assert client.reply().startswith(b"421 4.4.2")
        assert client.line() is None


def test_connections_that_failed_to_start_tls_are_counted_out(tmp_path: Path) -> None:
    tls = smtp.certificate(tmp_path)
    with smtp.listening(smtp.RecordingIntake(), smtp.settings(tls=tls, max_connections=3)) as running:
        for farewell in (b"garbage\r\n", b"\x16\x03\x01", b"") * 3:
            with smtp.Client(running.port) as client:
                assert client.reply().startswith(b"220")
                client.say("EHLO client.example")
                client.say("STARTTLS")
                client.send(farewell)
            wait_until(lambda: not running.listener.connections, "the connection is counted out")


def test_closing_waits_for_the_message_that_is_coming_in() -> None:
    intake = smtp.RecordingIntake()
    with smtp.listening(intake) as running:
        with smtp.Client(running.port) as idle, smtp.Client(running.port) as client:
            idle.reply()
            client.until_data()
            closed = running.close_soon()
            assert idle.line() == b"421 4.3.2 intake.example is going down for a moment, please try again later"
            assert idle.line() is None
            with pytest.raises(ConnectionRefusedError):
                smtp.Client(running.port)
            client.send(smtp.stuffed(MESSAGE) + b"NOOP\r\n")
            assert smtp.receipt(client.reply())
            assert client.reply().startswith(b"421 4.3.2")
        closed.result(smtp.PATIENCE)
    assert intake.messages() == [MESSAGE]


def test_closing_does_not_wait_for_ever_for_what_nobody_was_promised() -> None:
    intake = smtp.RecordingIntake()
    with smtp.listening(intake) as running, smtp.Client(running.port) as client:
        client.until_data()
        running.close_soon(limit_seconds=0.1).result(smtp.PATIENCE)
        assert client.line() is None
    assert intake.left_open() == 0


def test_no_file_is_left_behind_by_what_was_not_taken(tmp_path: Path) -> None:
    """With the real blobs: what is refused, cut off or failed leaves nothing in the spool and the journal."""
    blobs = FileBlobs(tmp_path / "blobs", places=storage.NoRows())

    class OnDisk(smtp.RecordingIntake):
        def spool(self) -> Incoming:
            return blobs.incoming()

    intake = OnDisk(before_accept=Failing(TryLater("database is locked")))
    with dialogue(intake, max_message_bytes=100_000) as (running, client):
        client.reply()
        client.say("EHLO client.example")
        assert deliver(client).startswith(b"451")
        for bad in (b"x\ny\r\n", b"\0\r\n", b"x" * 200_000 + b"\r\n"):
            client.say("MAIL FROM:<anna@mail.example>")
            client.say(f"RCPT TO:<{smtp.ADDRESS}>")
            client.say("DATA")
            client.send(bad + b".\r\n")
            assert client.reply().startswith(b"55")
        with smtp.Client(running.port) as other:
            other.until_data()
            other.send(MESSAGE)
        wait_until(lambda: blobs.tidy() == 1, "nobody writes to the journal")
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
