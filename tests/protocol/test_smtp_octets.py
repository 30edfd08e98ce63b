"""What is stored is what was sent, byte for byte, however it was cut up on the way; and nothing ambiguous is."""

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.smtp_data import BLOCK_BYTES, FIRST_BYTES, Body, Fault
from mail.smtp_tls import Certificate
from tests.support import smtp

END = b"\r\n.\r\n"
# Few kinds of octets, so that every mixture of line ends and dots comes by.
RAW = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\0", b"\r\n."]), max_size=30).map(b"".join)
LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"a", b"-" * 80, b"\xff\xfe"]), max_size=40)
MESSAGES = LINES.map(lambda lines: b"".join(line + b"\r\n" for line in lines))
CUTS = st.lists(st.integers(min_value=1, max_value=7), min_size=1, max_size=20)


def pieces(octets: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    """The octets in pieces of these sizes, over and over."""
    start = 0
    for size in itertools.cycle(cuts):
        if start >= len(octets):
            return
        yield octets[start : start + size]
        start += size


def taken_in(octets: bytes, cuts: Sequence[int]) -> tuple[bytes, bytes | None, Fault | None]:
    """What was written, what came after the end, and what was wrong, when a body gets these octets."""
    written = bytearray()
    body = Body(written.extend, max_bytes=10**6, max_line_bytes=10**6)
    rest: bytes | None = None
    for piece in pieces(octets, cuts):
        rest = fed(body, piece) if rest is None else rest + piece
    return bytes(written), rest, body.fault


def fed(body: Body, piece: bytes) -> bytes | None:
    """What came after the end, when the body gets this piece in as many goes as it has room for."""
    while piece:
        room = body.room()
        count = min(len(room), len(piece))
        room[:count] = piece[:count]
        piece = piece[count:]
        if (rest := body.took(count)) is not None:
            return rest + piece
    return None


@given(MESSAGES, CUTS, RAW)
def test_a_lawful_message_comes_through_unchanged(message: bytes, cuts: list[int], after: bytes) -> None:
    assert taken_in(smtp.stuffed(message) + after, cuts) == (message, after, None)


@settings(max_examples=500)
@given(RAW, CUTS)
def test_only_crlf_dot_crlf_ends_and_nothing_ambiguous_is_taken(raw: bytes, cuts: list[int]) -> None:
    """The reference reads the whole; RFC 5321 sections 2.3.8 and 4.5.2."""
    octets = raw + END
    before, _, after = (b"\r\n" + octets).partition(END)
    plain = (before + b"\r\n").replace(b"\r\n", b"")
    bad = any(octet in plain for octet in b"\r\n\0")
    written, rest, fault = taken_in(octets, cuts)
    assert rest == after
    assert (fault is not None) == bad
    if not bad:
        assert written == (before + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]


@pytest.mark.parametrize("offset", range(-8, 9))
@pytest.mark.parametrize("around", [b"\r\n.\r\n", b"\r\n..\r\n", b"\r\n.x", b"\n", b"\r", b"\0"])
@pytest.mark.parametrize("edge", [FIRST_BYTES, BLOCK_BYTES, FIRST_BYTES + BLOCK_BYTES])
def test_the_edge_of_a_block_changes_nothing(edge: int, around: bytes, offset: int) -> None:
    octets = b"x" * (edge + offset) + around + b"tail" + END
    results = {taken_in(octets, [size]) for size in (BLOCK_BYTES // 2, BLOCK_BYTES - 4, 1000)}
    # Of what is refused, how much was written before that was found out does not matter.
    assert len({(rest, fault, b"" if fault else written) for written, rest, fault in results}) == 1


def test_a_line_is_measured_across_blocks() -> None:
    for length, fault in ((5000, None), (5001, Fault.LINE_TOO_LONG)):
        body = Body(lambda _: None, max_bytes=10**6, max_line_bytes=5000)
        for piece in pieces(b"a\r\n" + b"x" * (length - 1) + END, [700]):
            fed(body, piece)
        assert body.fault is fault


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return smtp.certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("over", ["plain", "tls"])
def test_random_messages_in_random_packets_are_stored_byte_for_byte(over: str, tls: Certificate) -> None:
    intake = smtp.RecordingIntake()
    with smtp.listening(intake, smtp.settings(tls=tls)) as running, smtp.Client(running.port) as client:
        client.reply()
        client.say("EHLO client.example")
        if over == "tls":
            client.say("STARTTLS")
            client.start_tls()
            client.say("EHLO client.example")

        @settings(max_examples=150, deadline=None)
        @given(MESSAGES, CUTS)
        def stored(message: bytes, cuts: list[int]) -> None:
            for command in ("MAIL FROM:<a@mail.example>", f"RCPT TO:<{smtp.ADDRESS}>", "DATA"):
                client.say(command)
            # The next command comes along with the end of the data, and is not lost.
            for piece in pieces(smtp.stuffed(message) + b"NOOP\r\n", cuts):
                client.send(piece)
            assert smtp.receipt(client.reply())
            assert client.reply().startswith(b"250 2.0.0 Ok")
            assert intake.messages()[-1] == message

        stored()


def test_thirty_megabytes_over_the_wire_are_stored_byte_for_byte() -> None:
    line = b".begins with a dot, and has " + bytes(range(14, 256)) + b"\r\n"
    message = line * (31457280 // len(line))
    intake = smtp.RecordingIntake()
    with smtp.listening(intake) as running, smtp.Client(running.port) as client:
        client.until_data()
        client.send(smtp.stuffed(message))
        assert smtp.receipt(client.reply())
    assert intake.messages() == [message]
