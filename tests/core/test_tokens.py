"""Tokens: what is made, what is read, and what is found in a subject line."""

import pytest

from gateway.core import tokens
from gateway.core.tokens import Token, TokenState

ENTROPY = bytes(range(7))


def test_the_examples_of_the_contract_are_right() -> None:
    assert tokens.read_token("K7QM-3F9D-XW2P") == Token("K7QM3F9DXW2P", TokenState.EXACT)
    assert tokens.read_receipt_number("26-7K3M-9Q2X-V4TD") == Token("26-7K3M-9Q2X-V4TD", TokenState.EXACT)


def test_the_three_forms_are_made_of_one_token() -> None:
    token = tokens.make_token(ENTROPY)
    assert len(token) == 12
    assert tokens.address_token(ENTROPY) == token.lower()
    assert tokens.access_code(ENTROPY) == f"{token[:4]}-{token[4:8]}-{token[8:]}"
    assert tokens.receipt_number(2026, ENTROPY).startswith(f"26-{token[:4]}-{token[4:8]}-{token[8:11]}")


def test_all_fifty_five_bits_are_used() -> None:
    one_bit_each = {tokens.make_token((1 << bit).to_bytes(7, "big")) for bit in range(55)}
    assert len(one_bit_each) == 55


@pytest.mark.parametrize("text", ["k7qm3f9dxw2p", " K7QM 3F9D XW2P ", "K7QM\u20113F9D\u2013XW2P", "k7qm-3f9d-xw2p"])
def test_case_dashes_and_spaces_do_not_matter(text: str) -> None:
    assert tokens.read_token(text) == Token("K7QM3F9DXW2P", TokenState.EXACT)


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert tokens.read_token("OoIiLl234567").value == "001111234567"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "K7QM-3F9D-XW2",
        "K7QM-3F9D-XW2P5",
        "K7QM-3F9D-XW2U",
        "K7QM-3F9D-XW2\u017f",
        "\uff2b7QM3F9DXW2P",
        "-" * 80,
    ],
)
def test_what_is_not_shaped_like_a_token_is_foreign(text: str) -> None:
    assert tokens.read_token(text) == Token("", TokenState.FOREIGN)


def test_twelve_zeros_are_a_typo() -> None:
    assert tokens.read_token("0" * 12).state is TokenState.TYPO


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="7 random bytes, not 6"):
        tokens.make_token(bytes(6))


def test_a_receipt_number_of_another_century_is_refused() -> None:
    with pytest.raises(ValueError, match="not 1999"):
        tokens.receipt_number(1999, ENTROPY)


@pytest.mark.parametrize("text", ["", "7K3M-9Q2X-V4TD", "AB-7K3M-9Q2X-V4TD", "126-7K3M-9Q2X-V4TD"])
def test_a_receipt_number_begins_with_two_digits(text: str) -> None:
    assert tokens.read_receipt_number(text).state is TokenState.FOREIGN


EXACT = Token("K7QM3F9DXW2P", TokenState.EXACT)


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("Stukken K7QM-3F9D-XW2P", (EXACT,)),
        ("[k7qm3f9dxw2p] en nog eens K7QM-3F9D-XW2P", (EXACT,)),
        ("Re: documenten+k7qm3f9dxw2p@intake.example", (EXACT,)),
        ("code_K7QM3F9DXW2P_", (EXACT,)),
        ("K7QM-3F9D-XW2Q", (Token("K7QM3F9DXW2Q", TokenState.TYPO),)),
        ("Re: ontvangst 26-7K3M-9Q2X-V4TD", ()),
        ("K7QM-3F9D-XW2P-AAAA", ()),
        ("xK7QM3F9DXW2P", ()),
        ("éK7QM3F9DXW2P", ()),
        ("deze mooi kaas", ()),
        ("verblijfsdoc 202603021235 paspoortkaft", ()),
        ("HV-2026-000123 Z1-0001234567", ()),
        ("", ()),
    ],
)
def test_tokens_are_found_in_a_subject(subject: str, found: tuple[Token, ...]) -> None:
    assert tokens.find_tokens(subject) == found


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("documenten+7k3m9q2xv4td@intake.example", ("documenten@intake.example", "7k3m9q2xv4td")),
        ("documenten@intake.example", ("documenten@intake.example", None)),
        ("documenten+@intake.example", ("documenten@intake.example", None)),
        ("a+b+c@intake.example", ("a@intake.example", "b+c")),
        ('"a+b"@intake.example', ('"a+b"@intake.example', None)),
        ("+a@intake.example", ("+a@intake.example", None)),
        ("nonsense", ("nonsense", None)),
        ("", ("", None)),
    ],
)
def test_a_sub_address_is_taken_apart(address: str, parts: tuple[str, str | None]) -> None:
    assert tokens.sub_address(address) == parts
