"""Whoever fills the listener takes the places from himself: others still get in, and no promise is touched."""

import contextlib
import threading
from collections.abc import Iterator

import pytest

from mail.smtp_places import Places
from tests.support import smtp
from tests.support.servers import wait_until

LOUD, QUIET, OTHER = "192.0.2.1", "192.0.2.2", "192.0.2.3"
BELIEVED = {"proxy_peers": ("127.0.0.1",)}


class Sitting:
    """Holds a place; gives way unless told not to."""

    def __init__(self, *, gives_way: bool = True) -> None:
        self.gives_way = gives_way
        self.gone = False

    def give_way(self) -> bool:
        self.gone = self.gives_way
        return self.gives_way


def test_who_holds_most_gives_way_the_oldest_first() -> None:
    places = Places(4, 4)
    loud = [Sitting() for _ in range(3)]
    assert all(places.take(LOUD, holder) for holder in loud)
    assert places.take(QUIET, Sitting())
    assert places.take(OTHER, Sitting())
    assert [holder.gone for holder in loud] == [True, False, False]
    assert places.taken == 4


def test_nobody_gives_way_to_somebody_who_would_hold_as_many() -> None:
    places = Places(4, 4)
    holders = [(name, Sitting()) for name in (LOUD, QUIET, LOUD, QUIET)]
    assert all(places.take(name, holder) for name, holder in holders)
    assert not places.take(LOUD, Sitting())
    assert places.take(OTHER, Sitting())
    assert sum(holder.gone for _, holder in holders) == 1
    assert not places.take(OTHER, Sitting()), "1, 2 and 1: taking one more would only turn the tables"


def test_who_was_promised_something_stays() -> None:
    places = Places(3, 3)
    holders = [Sitting(gives_way=False), Sitting(), Sitting(gives_way=False)]
    assert all(places.take(LOUD, holder) for holder in holders)
    assert places.take(QUIET, Sitting())
    assert [holder.gone for holder in holders] == [False, True, False]
    everybody = Places(2, 2)
    assert all(everybody.take(LOUD, Sitting(gives_way=False)) for _ in range(2))
    assert not everybody.take(QUIET, Sitting())


def test_places_are_given_back_once() -> None:
    places, holder = Places(1, 1), Sitting()
    assert places.take(LOUD, holder)
    places.leave(LOUD, holder)
    places.leave(LOUD, holder)
    assert places.taken == 0
    assert places.take(QUIET, Sitting())


@contextlib.contextmanager
def client(running: smtp.Running, address: str) -> Iterator[smtp.Client]:
    """A client from anywhere, by way of a proxy."""
    with smtp.Client(running.port) as made:
        made.send(f"PROXY TCP4 {address} 127.0.0.1 1234 25\r\n".encode())
        yield made


def test_idle_connections_of_one_address_keep_nobody_out() -> None:
    with (
        smtp.listening(smtp.RecordingIntake(), smtp.settings(max_connections=5, **BELIEVED)) as running,
        contextlib.ExitStack() as stack,
    ):
        loud = [stack.enter_context(client(running, LOUD)) for _ in range(5)]
        for one in loud:
            assert one.reply().startswith(b"220")
        with client(running, QUIET) as quiet:
            quiet.until_data()
            quiet.send(b"hallo\r\n.\r\n")
            assert smtp.receipt(quiet.reply())
            assert loud[0].reply().startswith(b"421 4.7.0 Too many connections")
            assert loud[1].say("NOOP").startswith(b"250"), "one was enough"


@pytest.mark.parametrize("limit", ["max_connections", "max_in_flight"])
def test_messages_that_never_end_keep_nobody_out(limit: str) -> None:
    intake = smtp.RecordingIntake()
    settings = smtp.settings(**{limit: 4}, minimum_rate_bytes_per_second=0.0, **BELIEVED)
    with smtp.listening(intake, settings) as running, contextlib.ExitStack() as stack:
        loud = [stack.enter_context(client(running, LOUD)) for _ in range(4)]
        for one in loud:
            assert one.until_data().startswith(b"354")
            one.send(b"and then\r\n")
        with client(running, QUIET) as quiet:
            assert quiet.until_data().startswith(b"354")
            quiet.send(b"hallo\r\n.\r\n")
            assert smtp.receipt(quiet.reply())
        wait_until(lambda: running.count("smtp_not_taken") == 1, "one of them was cut off")
        for one in loud[1:]:
            one.send(b".\r\n")
            assert smtp.receipt(one.reply()), "the others can still end"
    assert intake.left_open() == 0


def test_a_message_that_waits_for_its_commit_never_gives_way() -> None:
    reached, go_on = threading.Semaphore(0), threading.Event()

    def slowly() -> None:
        reached.release()
        assert go_on.wait(smtp.PATIENCE)

    intake = smtp.RecordingIntake(before_accept=slowly)
    settings = smtp.settings(max_connections=3, **BELIEVED)
    with smtp.listening(intake, settings) as running, contextlib.ExitStack() as stack:
        loud = [stack.enter_context(client(running, LOUD)) for _ in range(3)]
        for count, one in enumerate(loud):
            one.until_data()
            one.send(b"hallo\r\n.\r\n")
            # The first is being committed, those after it wait for the next commit.
            if count == 0:
                assert reached.acquire(timeout=smtp.PATIENCE)
            else:
                wait_until(lambda count=count: running.waiting() == count, "it waits for its commit")
        with client(running, QUIET) as quiet:
            assert quiet.reply().startswith(b"421 4.7.0")
        go_on.set()
        for one in loud:
            assert smtp.receipt(one.reply())
