"""Whom a connection comes from: believed from a configured proxy only, and IPv6 as real as IPv4."""

import asyncio
import ipaddress
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from mail import smtp_proxy
from mail.smtp_proxy import BadHeader
from mail.smtp_shared import Shared
from tests.support import smtp
from tests.support.servers import wait_until

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


def v2(source: str = "192.0.2.7", command: int = 0x21, extra: bytes = b"", family: int | None = None) -> bytes:
    """A version 2 header."""
    address = ipaddress.ip_address(source).packed
    body = address + address + struct.pack("!HH", 1234, 25) + extra
    kind = family if family is not None else 0x11 if len(address) == 4 else 0x21
    return SIGNATURE + struct.pack("!BBH", command, kind, len(body)) + body


GOOD = {
    b"PROXY TCP4 192.0.2.7 10.0.0.2 1234 25\r\n": "192.0.2.7",
    b"PROXY TCP6 2001:db8::7 2001:db8::2 1234 25\r\n": "2001:db8::7",
    b"PROXY UNKNOWN\r\n": None,
    b"PROXY UNKNOWN ff:ff whatever 1 2\r\n": None,
    v2(): "192.0.2.7",
    v2("2001:db8::7"): "2001:db8::7",
    v2(extra=b"\x04\x00\x01x"): "192.0.2.7",
    v2(command=0x20): None,
    v2(family=0x31): None,
}
BAD = [
    b"PROXY TCP4 192.0.2.7 10.0.0.2 1234\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.2 1234 25 x\r\n",
    b"PROXY TCP4 192.0.2.7  10.0.0.2 1234 25\r\n",
    b"PROXY TCP4 192.0.2.256 10.0.0.2 1234 25\r\n",
    b"PROXY TCP4 192.0.2.07 10.0.0.2 1234 25\r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::2 1234 25\r\n",
    b"PROXY TCP6 192.0.2.7 10.0.0.2 1234 25\r\n",
    b"PROXY TCP6 fe80::1%eth0 fe80::2 1234 25\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.2 01234 25\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.2 65536 25\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.2 -1 25\r\n",
    b"PROXY TCP5 192.0.2.7 10.0.0.2 1 25\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4 \xff\r\n",
    b"PROXY TCP4 " + b"1" * 200,
    b"proxy TCP4 192.0.2.7 10.0.0.2 1234 25\r\n",
    b"EHLO client.example\r\n",
    v2(command=0x11),
    v2(command=0x22),
    v2(family=0x21),
    SIGNATURE[:-1] + b"\r" + v2()[12:],
    SIGNATURE + b"\x21\x11\xff\xff",
]


def read(octets: bytes) -> tuple[str | None, int]:
    """The client named by a header, and how many octets were read for it. Raises BadHeader."""
    taken = 0
    while wanted := smtp_proxy.missing(octets[:taken]):
        assert taken + wanted <= len(octets), "waits for more"
        taken += wanted
    return smtp_proxy.client(octets[:taken]), taken


@pytest.mark.parametrize("header", GOOD)
def test_a_header_names_the_client_and_nothing_after_it_is_read(header: bytes) -> None:
    assert read(header + b"EHLO client.example\r\n") == (GOOD[header], len(header))


@pytest.mark.parametrize("header", BAD)
def test_a_header_that_is_not_to_the_letter_is_no_header(header: bytes) -> None:
    with pytest.raises(BadHeader):
        read(header)


@given(st.binary(max_size=120), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]))
def test_no_octets_make_it_fail_in_another_way(octets: bytes, start: bytes) -> None:
    header, taken = start + octets, 0
    try:
        while taken < len(header) and (wanted := smtp_proxy.missing(header[:taken])):
            assert wanted > 0
            taken += wanted
        if taken and not smtp_proxy.missing(header[:taken]):
            found = smtp_proxy.client(header[:taken])
            assert found is None or ipaddress.ip_address(found)
    except BadHeader:
        pass


@LOOPS
@pytest.mark.parametrize("header", GOOD)
def test_the_envelope_has_the_real_client(header: bytes, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    intake = smtp.RecordingIntake()
    settings = smtp.settings(proxy_peers=("127.0.0.0/8",))
    with smtp.listening(intake, settings, new_loop) as running, smtp.Client(running.port) as client:
        # What follows comes in the same packet.
        client.send(header + b"EHLO client.example\r\n")
        assert client.reply().startswith(b"220")
        client.reply()
        for command in ("MAIL FROM:<a@mail.example>", f"RCPT TO:<{smtp.ADDRESS}>", "DATA"):
            client.say(command)
        client.send(b"hallo\r\n.\r\n")
        assert smtp.receipt(client.reply())
    assert intake.arrivals[0].envelope.peer == (GOOD[header] or "127.0.0.1")


@LOOPS
def test_tls_may_start_right_behind_the_header(
    new_loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    settings = smtp.settings(proxy_peers=("127.0.0.1",), tls=smtp.certificate(tmp_path))
    intake = smtp.RecordingIntake()
    with (
        smtp.listening(intake, settings, new_loop, listen_tls="127.0.0.1:0") as running,
        smtp.Client(running.tls_port) as client,
    ):
        client.send(v2())
        client.start_tls()
        client.until_data()
        client.send(b"hallo\r\n.\r\n")
        assert smtp.receipt(client.reply())
    assert intake.arrivals[0].envelope.peer == "192.0.2.7"


def test_from_anybody_else_it_is_an_unknown_command() -> None:
    settings = smtp.settings(proxy_peers=("192.0.2.0/24",))
    with smtp.listening(smtp.RecordingIntake(), settings) as running, smtp.Client(running.port) as client:
        assert client.reply().startswith(b"220")
        assert client.say("PROXY TCP4 192.0.2.7 10.0.0.2 1234 25").startswith(b"500 5.5.1")


@pytest.mark.parametrize("octets", [b"EHLO client.example\r\n", BAD[0], b"PROXY TCP4 ", b""])
def test_a_proxy_that_does_not_say_whom_it_brings_is_cut_off(octets: bytes) -> None:
    settings = smtp.settings(proxy_peers=("127.0.0.1",), proxy_seconds=0.2)
    with smtp.listening(smtp.RecordingIntake(), settings) as running, smtp.Client(running.port) as client:
        client.send(octets)
        assert client.line() is None


def test_closing_does_not_wait_for_a_header() -> None:
    settings = smtp.settings(proxy_peers=("127.0.0.1",), proxy_seconds=60)
    with smtp.listening(smtp.RecordingIntake(), settings) as running, smtp.Client(running.port) as client:
        wait_until(lambda: bool(running.listener._headers), "the connection is there")
        running.close_soon().result(smtp.PATIENCE)
        assert client.line() is None


def test_connections_are_counted_for_the_client_not_for_the_proxy() -> None:
    settings = smtp.settings(proxy_peers=("127.0.0.1",), max_connections_per_address=1)
    with smtp.listening(smtp.RecordingIntake(), settings) as running:
        clients = [smtp.Client(running.port) for _ in range(3)]
        answers = []
        for client, source in zip(clients, ("192.0.2.1", "192.0.2.2", "192.0.2.1"), strict=True):
            client.send(v2(source))
            answers.append(client.reply()[:3])
            if answers[-1] == b"421":
                client.socket.close()
        assert answers == [b"220", b"220", b"421"]
        for client in clients:
            client.socket.close()


def test_mail_comes_in_over_ipv6_too(tmp_path: Path) -> None:
    intake = smtp.RecordingIntake()
    settings = smtp.settings(tls=smtp.certificate(tmp_path))
    with smtp.listening(intake, settings, listen="[::1]:0", listen_also=["127.0.0.1:0"]) as running:
        for host, port in zip(("::1", "127.0.0.1"), running.listener.ports, strict=True):
            with smtp.Client(port, host) as client:
                client.until_data()
                client.send(b"hallo\r\n.\r\n")
                assert smtp.receipt(client.reply())
    assert [arrival.envelope.peer for arrival in intake.arrivals] == ["::1", "127.0.0.1"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_of_ipv6_a_whole_64_counts_as_one_address(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    shared = Shared(smtp.settings(max_connections_per_address=1), smtp.RecordingIntake(), lambda *_: None)
    first, second = Nobody(), Nobody()
    assert shared.admit(first, one)
    assert shared.admit(second, other) is not same
    shared.forget(second, other)
    shared.forget(first, one)
    assert shared.admit(first, other)


class Nobody:
    """A connection that does nothing."""

    def give_way(self) -> bool:
        return False

    def handler(self) -> asyncio.Task[None]:
        raise NotImplementedError

    def shut_down(self) -> None:
        raise NotImplementedError

    def cut_off(self) -> None:
        raise NotImplementedError
