"""File names: safe to show and to write, still readable in the sender's script, the original kept."""

import unicodedata

import pytest

from gateway.core import names
from mail.headers import value


@pytest.mark.parametrize(
    ("original", "safe"),
    [
        ("paspoort.pdf", "paspoort.pdf"),
        ("ፓስፖርት.pdf", "ፓስፖርት.pdf"),
        ("جواز سفر.pdf", "جواز سفر.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\stukken\\akte.pdf", "akte.pdf"),
        ("..", "made-up.pdf"),
        ("", "made-up.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("lpt1", "_lpt1"),
        ("paspoort.pdf. . ", "paspoort.pdf"),
        ("paspoort\u202efdp.exe", "paspoortfdp.exe"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x=1.pdf"),
        ("a\0b\x1b[2J.pdf", "ab[2J.pdf"),
        ("Rene\u0301.pdf", "René.pdf"),
        ("<img src=x>.pdf", "_img src=x_.pdf"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_name_is_safe_and_still_readable(original, safe):
    assert names.safe(original, "made-up.pdf") == safe


def test_a_long_name_in_long_letters_fits_a_file_system_and_keeps_its_extension():
    made = names.safe("ተ" * 100 + ".pdf", "x")
    assert made.endswith(".pdf")
    assert len(made.encode()) <= names.MAX_BYTES
    assert unicodedata.is_normalized("NFC", made)


def test_no_two_documents_share_a_name_whatever_its_capitals():
    taken: set[str] = set()
    assert [names.unique(n, taken) for n in ("scan.pdf", "Scan.PDF", "scan.pdf")] == [
        "scan.pdf",
        "Scan (2).PDF",
        "scan (3).pdf",
    ]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=kopie paspoort Anna.pdf", "kopie paspoort Anna.pdf"),
        ('attachment; filename="=?utf-8?Q?=C3=87a=C4=9Fla.pdf?="', "Çağla.pdf"),
        ('attachment; filename="=?utf-8?B?2KzZiA==?= =?utf-8?B?2KfYsi5wZGY=?="', "جواز.pdf"),
        ('attachment; filename="=?utf-8?B?2KzZ?= =?utf-8?B?iNin2LIucGRm?="', "جواز.pdf"),
        ("attachment; filename*=UTF-8''%e1%8d%93.pdf", "ፓ.pdf"),
        ("attachment; filename*0*=utf-8''Jos%C3; filename*1*=%A9.pdf", "José.pdf"),
        ("attachment; filename*1=strook.pdf; filename*0=salaris", "salarisstrook.pdf"),
        ("attachment; filename*=x-onbekend''akte%E9.pdf", "akteé.pdf"),
    ],
)
def test_names_are_decoded_as_clients_really_write_them(header, name):
    assert value(header).parameters["filename"] == name


def test_of_two_names_one_counts_and_both_are_kept():
    twice = value('attachment; filename="a.pdf"; filename="b.exe"')
    assert twice.parameters == {"filename": "a.pdf", "filename (2)": "b.exe"}
    assert twice.doubled == {"filename"}
