"""The table of replies: well-formed, complete, and silent about how we work."""

import re
from pathlib import Path

import pytest

from mail import codes, smtp_in
from mail.smtp_data import End, Fault
from tests.support import smtp

VALUES = {
    "hostname": "intake.overheid-met-een-lange-naam.example",
    "address": "documenten.voor.herstel@intake.overheid-met-een-lange-naam.example",
    "portal_url": "https://portaal.overheid-met-een-lange-naam.example/inleveren",
    "submission_mb": 30,
    "receipt": "26-7K3M-9Q2X-V4TD",
    "syntax": "MAIL FROM:<address>",
}
# RFC 2034 section 4: no enhanced code in the greeting, in the answer to HELO, and in 354.
PLAIN = {"greeting", "helo", "go_ahead"}
SOURCES = [Path(smtp_in.__file__).with_name(name) for name in ("smtp_session.py", "smtp_syntax.py")]


@pytest.mark.parametrize("name", codes.REPLIES)
def test_a_reply_is_one_short_line_of_ascii_with_codes_that_agree(name: str) -> None:
    reply = codes.smtp_reply(name, **VALUES)
    assert reply.isascii()
    assert reply.isprintable()
    assert len(reply) + 2 <= 512
    form = r"[245]\d\d .+|354 .+" if name in PLAIN else r"([245])\d\d \1\.\d\.\d{1,2} .+"
    assert re.fullmatch(form, reply), reply


@pytest.mark.parametrize("name", codes.REPLIES)
def test_a_reply_names_no_rule_path_library_or_version(name: str) -> None:
    reply = codes.smtp_reply(name, **(VALUES | {"portal_url": "", "syntax": ""}))
    assert not re.search(r"aiosmtpd|python|herstelpost|sqlite|postgres|error:|traceback|/[a-z]+/", reply.lower())
    assert not re.search(r"\d\.\d", reply[9:]), "looks like a version"


@pytest.mark.parametrize("name", ["not_designated", *(fault.value for fault in Fault)])
def test_what_ends_up_in_a_bounce_is_there_in_dutch_too(name: str) -> None:
    assert " / " in codes.smtp_reply(name, **VALUES)


def test_a_receipt_number_is_the_end_of_the_reply() -> None:
    assert codes.smtp_reply("accepted", **VALUES).endswith(" receipt 26-7K3M-9Q2X-V4TD")


def test_every_reply_that_is_given_is_in_the_table_and_none_lies_idle() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    ends = {fault.value for fault in Fault} | {End.TOO_SLOW.value, End.ENDLESS.value}
    given = ends | set(re.findall(r'(?:BadCommand|_answer|_say_goodbye|_reply)\(\s*"(\w+)"', source))
    assert given <= set(codes.REPLIES)
    assert {name for name in codes.REPLIES if f'"{name}"' in source} | ends == set(codes.REPLIES)


def test_the_listener_says_neither_its_name_nor_its_version() -> None:
    with smtp.listening(smtp.RecordingIntake()) as running, smtp.Client(running.port) as client:
        assert client.reply() == b"220 intake.example ESMTP"
        client.send(b"EHLO client.example\r\nHELP\r\nQUIT\r\n")
        said = b"\n".join(iter(client.line, None)).lower()
    assert not re.search(rb"aiosmtpd|python|herstelpost", said)
