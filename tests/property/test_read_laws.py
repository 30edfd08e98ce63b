"""Laws of reading: where the blocks are cut changes nothing, and no bytes at all make it raise."""

import base64
import binascii
import io
import string
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.core import names
from mail import facts, headers, markup, mime, transfer
from tests.support import hostile

LIMITS = mime.Limits()

MESSAGE = hostile.mail(
    hostile.text("Beste lezer,\n--geen grens\n"),
    hostile.attached(bytes(range(256)) * 9, "a.bin"),
    hostile.mail(hostile.attached(b"x" * 999, "b.pdf"), boundary="=_grens-binnen", kind="related"),
)

# What splitters trip over, so that random bytes find it.
TRAPS = (
    b'--=_grens|--|\r\n|\n|\r|Content-Type: multipart/mixed; boundary=|"=_grens"|=_a|QUJD|=| |\t|From: a@b\r\n|\0|;|:|"'
    b"|Content-Transfer-Encoding: base64\r\n|Content-Type: message/rfc822\r\n\r\n|=?utf-8?B?|filename*0*=utf-8''%ff"
).split(b"|")
FRAGMENTS = st.lists(st.sampled_from(TRAPS) | st.binary(max_size=12), max_size=60).map(b"".join)


def parts(message: bytes, block: int) -> tuple[object, ...]:
    splitter = mime.Splitter(io.BytesIO(message), LIMITS, block)
    file = io.BytesIO(message)
    try:
        found = [
            (e.media_type, e.start, e.end, b"".join(mime.decoded(file, e, transfer.decoder(e.encoding), block)))
            for e in splitter.entities()
        ]
    except mime.TooComplex as error:
        return (str(error),)
    return (found, splitter.defects, splitter.head)


@given(st.integers(1, 5000))
def test_where_the_blocks_are_cut_changes_nothing_in_a_real_message(block):
    assert parts(MESSAGE, block) == parts(MESSAGE, mime.BLOCK)


@settings(max_examples=300)
@given(FRAGMENTS, st.integers(1, 64))
def test_where_the_blocks_are_cut_changes_nothing_whatever_the_bytes(content, block):
    message = b"From: a@b\r\nContent-Type: multipart/mixed; boundary==_grens\r\n\r\n" + content
    assert parts(message, block) == parts(message, mime.BLOCK)


@settings(max_examples=300)
@given(FRAGMENTS)
def test_every_leaf_lies_within_the_message_and_no_two_overlap(content):
    message = b"Content-Type: multipart/mixed; boundary==_grens\r\n\r\n" + content
    splitter = mime.Splitter(io.BytesIO(message), LIMITS)
    try:
        leaves = [(e.start, e.end) for e in splitter.entities() if not e.unsplit]
    except mime.TooComplex:
        return
    assert all(0 <= start <= end <= len(message) for start, end in leaves)
    assert all(before[1] <= after[0] for before, after in pairwise(leaves))


@given(st.binary(max_size=3000), st.lists(st.integers(0, 4500), max_size=8))
def test_base64_decodes_what_was_encoded_wherever_it_is_cut(content, cuts):
    encoded = base64.encodebytes(content)
    decoder = transfer.Base64()
    assert b"".join((*map(decoder.feed, cut_up(encoded, cuts)), decoder.finish())) == content
    assert not decoder.defects


@settings(max_examples=300)
@given(st.lists(st.sampled_from([b"QUJD", b"Qg", b"=", b"\r\n", b" ", b"*", b"-", b"\xff"]), max_size=40), st.data())
def test_base64_that_is_not_clean_says_the_same_wherever_it_is_cut(pieces, data):
    encoded = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(encoded)), max_size=8))
    whole, cut = transfer.Base64(), transfer.Base64()
    decoded = b"".join((*map(cut.feed, cut_up(encoded, cuts)), cut.finish()))
    assert decoded == transfer.decode_all(whole, encoded)
    assert cut.defects == whole.defects


@given(st.binary(max_size=3000), st.booleans(), st.lists(st.integers(0, 9000), max_size=8))
@example(content=b"\n\r\n", as_lines=False, cuts=[])
def test_quoted_printable_decodes_what_was_encoded_wherever_it_is_cut(content, as_lines, cuts):
    if as_lines:  # the encoder gives all lines the end of the first one
        content = b"\r\n".join(content.splitlines())
    encoded = binascii.b2a_qp(content, quotetabs=True, istext=as_lines)
    decoder = transfer.QuotedPrintable()
    assert b"".join((*map(decoder.feed, cut_up(encoded, cuts)), decoder.finish())) == content


def cut_up(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


@given(st.binary(max_size=400), st.booleans(), st.booleans())
def test_no_header_block_raises(block, whole, first):
    parsed = headers.parse(block, whole=whole, first=first)
    if parsed is None:
        assert not whole
        return
    head, length = parsed
    assert 0 <= length <= len(block)
    facts.gather(head, "", (), (), null_sender=False)


@given(st.text(max_size=300))
def test_no_value_raises_and_no_name_is_dangerous(text):
    value = headers.value(f"attachment; filename={text}")
    headers.mailboxes([text])
    headers.words(text)
    markup.text_of(text)
    for candidate in (text, *value.parameters.values()):
        name = names.safe(candidate, "stuk")
        assert name
        assert name not in {".", ".."}
        assert not set(name) & set('/\\\0\r\n"<>|*?:\u202e\u2066')
        assert len(name) <= names.MAX_CHARACTERS
        assert len(name.encode()) <= names.MAX_BYTES
        assert names.safe(name, "stuk") == name, "what is safe stays as it is"


@given(
    st.text(string.ascii_letters, min_size=1, max_size=20), st.sampled_from(["utf-8", "utf-16", "cp1256", "x", "\0"])
)
def test_decoding_never_raises_and_good_text_survives(text, charset):
    headers.decode(text.encode("utf-8"), charset)
    assert headers.decode(text.encode("utf-8"), "utf-8") == text
