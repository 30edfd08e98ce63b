"""Whatever a sender or a domain writes, the checks end with words of RFC 8601, and only who has the key passes."""

import io
import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.core import authentication
from mail import authenticate_child, dmarc, signatures, spf
from tests.support.signing import Signer

TAGS = ["v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x", "cv", "k", "p", "g"]
TERMS = [
    "all",
    "-all",
    "a",
    "mx",
    "ptr",
    "a/24",
    "mx//64",
    "include:x.example",
    "ip4:192.0.2.0/24",
    "redirect=y.example",
]
WORDS = {"none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror"}
SIGNER = Signer()
MAIL = SIGNER.sign(b"From: a@example.org\r\nTo: b@intake.example\r\nSubject: Stukken\r\n\r\nHierbij.\r\nMet groet\r\n")


class EveryName:
    """DNS where each name has the same records."""

    def __init__(self, *records: bytes, values: tuple[str, ...] = ()) -> None:
        self._records, self._values = records, values

    def texts(self, name: str) -> tuple[bytes, ...]:
        return self._records

    def values(self, name: str, kind: str) -> tuple[str, ...]:
        return self._values


KEY = EveryName(next(iter(SIGNER.published().values()))["TXT"][0].replace('"', "").replace(" ", "").encode())


def _results(raw: bytes, resolver: EveryName) -> list[signatures.Result]:
    file = io.BytesIO(raw)
    found = authenticate_child.header_fields(file)
    if found is None:
        return []
    message = signatures.Message(file, found[1], found[2], int(time.time()), resolver)
    return [*message.dkim(lambda _: True), message.arc()]


_tags = st.lists(
    st.tuples(st.sampled_from(TAGS), st.text("aA1=/+:;@. \t\\*", max_size=12)),
    max_size=12,
).map(lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs).encode())


@settings(deadline=None)
@given(_tags, st.sampled_from([b"DKIM-Signature", b"ARC-Seal", b"ARC-Message-Signature"]), _tags)
def test_any_signature_and_any_key_have_a_result(value, name, key):
    for resolver in (KEY, EveryName(key), EveryName(), EveryName(key, key)):
        for result in _results(name + b": " + value + b"\r\n" + MAIL, resolver):
            assert result.word in WORDS
            assert not result.domain or signatures.is_name(result.domain)


# The last digit of the signature holds bits that mean nothing.
_SLACK = MAIL.index(b"==\r\n") - 1


@settings(deadline=None)
@given(st.integers(0, len(MAIL) - 1).filter(lambda at: at != _SLACK), st.integers(33, 126))
def test_one_other_octet_in_what_was_signed_and_it_does_not_hold(at, octet):
    """Signature, headers and text: nothing of them can be another and still pass; upper case alone may."""
    changed = MAIL[:at] + bytes([octet]) + MAIL[at + 1 :]
    if changed.lower() != MAIL.lower():
        assert "pass" not in {result.word for result in _results(changed, KEY)}


def test_unchanged_it_holds():
    assert _results(MAIL, KEY)[0].word == "pass"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_header_block_is_read_as_the_facts_are_or_not_at_all(raw):
    found = authenticate_child.header_fields(io.BytesIO(raw))
    if found is not None:
        head, fields, body = found
        assert [field.name for field in fields] == [name for name, _ in head.fields]
        assert 0 <= body <= len(raw)


_terms = st.lists(
    st.one_of(
        st.sampled_from(TERMS),
        st.text("aipx46:=/%{}lsdv.-~?+0129 ", max_size=15),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(_terms, st.sampled_from(["192.0.2.1", "2001:db8::1", "x"]), st.text(max_size=20), st.text(max_size=20))
@example(["include:%{d}"], "192.0.2.1", "a@b.example", "h.example")
def test_any_spf_record_and_any_sender_have_a_result(terms, address, sender, helo):
    resolver = EveryName(("v=spf1 " + " ".join(terms)).encode(), values=("192.0.2.9",))
    if address != "192.0.2.1":
        resolver = EveryName(("v=spf1 " + " ".join(terms)).encode())
    assert spf.check(address, sender, helo, resolver)[0] in WORDS


@settings(deadline=None)
@given(
    st.text("vV=DMARC1; psnorejectaukim", max_size=60),
    st.sampled_from(["example.org", "a.b.example.org", "co.uk", "x"]),
)
def test_any_policy_has_a_result_and_without_a_result_of_the_domain_it_never_passes(text, sender):
    for record in (text, "v=DMARC1; " + text):
        word, wish = dmarc.check(sender, ("pass", "elsewhere.example"), (), EveryName(record.encode()))
        assert word in {"none", "fail"}
        assert wish in {"", "none", "quarantine", "reject"}


@settings(deadline=None)
@given(st.text(max_size=100), st.sampled_from(["nl", "en"]))
def test_any_header_can_be_told(header, language):
    for text in (header, "x; dmarc=fail " + header):
        for sentence in authentication.in_words(text, language):
            assert sentence.endswith((".", "(DMARC)."))
