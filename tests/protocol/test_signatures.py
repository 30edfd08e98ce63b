"""DKIM and ARC as others sign: messages made with dkimpy 1.1.8, in every form, and what breaks them."""

import io
import json
import time
from pathlib import Path

import pytest

from mail import authenticate_child, signatures
from mail.resolver import Resolver
from tests.support import zone

SIGNED = Path(__file__).parent / "signed"
FILES = sorted(SIGNED.glob("*.eml"))


@pytest.fixture(scope="module")
def keys():
    published = json.loads((SIGNED / "keys.json").read_text())
    with zone.serving({name: {"TXT": [zone.quoted(text)]} for name, text in published.items()}) as server:
        yield server


def _message(raw, server):
    file = io.BytesIO(raw)
    found = authenticate_child.header_fields(file)
    assert found is not None
    _, fields, body = found
    return signatures.Message(file, fields, body, int(time.time()), Resolver([server.address], 10))


def _word(raw, server):
    (result,) = _message(raw, server).dkim(lambda _: False)
    return result.word


def test_there_are_messages_of_every_kind():
    assert {path.name.split(".")[0] for path in FILES} == {
        "arc", "blank", "empty", "noend", "plain", "trailing", "white",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_another_program_signed_holds(path, keys):
    assert _word(path.read_bytes(), keys) == "pass"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_text_that_was_added_breaks_it(path, keys):
    assert _word(path.read_bytes() + b"nog iets\r\n", keys) == "fail"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_another_subject_breaks_it(path, keys):
    assert _word(path.read_bytes().replace(b"Mijn ", b"Jouw "), keys) == "fail"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_second_sender_on_top_breaks_it(path, keys):
    assert _word(b"From: b@example.org\r\n" + path.read_bytes(), keys) == "fail"


def test_white_space_matters_to_the_simple_form_only(keys):
    for name, word in (("plain.simple.simple.rsa", "fail"), ("plain.relaxed.relaxed.rsa", "pass")):
        raw = (SIGNED / f"{name}.eml").read_bytes()
        assert _word(raw.replace(b"Beste,\r\n", b"Beste, \t\r\n"), keys) == word
        assert _word(raw.replace(b"Subject:  Mijn", b"Subject: Mijn"), keys) == word


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_where_the_blocks_are_cut_changes_nothing(block, keys, monkeypatch):
    monkeypatch.setattr(signatures, "BLOCK", block)
    for path in FILES:
        assert _word(path.read_bytes(), keys) == "pass", path.name


@pytest.mark.parametrize("name", ["arc.one-hop", "arc.two-hops"])
def test_a_whole_chain_of_hops_holds_and_names_the_last(name, keys):
    result = _message((SIGNED / f"{name}.eml").read_bytes(), keys).arc()
    assert (result.word, result.domain) == (
        "pass",
        "lists.example" if name == "arc.one-hop" else "forward.example",
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"dmarc=pass", b"dmarc=none", "headers changed"),
        (b"Hierbij.", b"Daarbij.", "text changed"),
        (b"cv=none", b"cv=pass", "broken chain"),
        (b"ARC-Seal: i=1", b"X-Seal: i=1", "broken chain"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=3", "broken chain"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=x", "broken chain"),
        (b"ARC-Authentication-Results: i=2", b"ARC-Authentication-Results: i=1", "broken chain"),
    ],
)
def test_a_chain_with_a_changed_link_does_not_hold(old, new, reason, keys):
    raw = (SIGNED / "arc.two-hops.eml").read_bytes()
    assert old in raw
    result = _message(raw.replace(old, new), keys).arc()
    assert (result.word, result.reason) == ("fail", reason)


def test_a_message_without_seals_has_no_chain(keys):
    assert _message((SIGNED / "plain.simple.simple.rsa.eml").read_bytes(), keys).arc().word == "none"
