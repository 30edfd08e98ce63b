"""Receipt numbers, access codes and address tokens: short secrets and names that people can copy.

Rule 1: a token is 11 random characters and one check character of Crockford's base32 (no I, L, O, U).
Rule 2: every single wrong character and every swap of two characters is recognised as a typo.
Rule 3: the check of a receipt number covers its year too, so it is not mistaken for an access token.
Rule 4: randomness is an argument; nothing here makes any.

The check is a linear code over GF(32): a token is right if the sum of a^i * x_i is a constant, i being
the place counted from the right. The powers a^0 ... a^30 all differ, so a change of one x_i, or of two
by a swap, always changes the sum.
"""

import re
from dataclasses import dataclass
from enum import Enum

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
ENTROPY_BYTES = 7  # 11 characters of 5 bits: 55 bits
_FIRST_YEAR, _LAST_YEAR = 2000, 2099

_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive over GF(2)
_FACTOR = 12  # a generator: 31 is prime, so every element but 0 and 1 is one
_RIGHT_SUM = 30  # not 0, so that twelve zeros are a typo

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
# What people type or a word processor makes of it. ASCII letters only: str.upper() would also fold
# letters of other scripts into ours.
_FOLDED = {
    **{ord(c.lower()): c for c in ALPHABET if c.isalpha()},
    **{ord(c): "0" for c in "Oo"},
    **{ord(c): "1" for c in "IiLl"},
    **{ord(c): None for c in " -\t\u00a0\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212"},
}
_LONGEST_INPUT = 64

_GROUP = "[0-9A-Za-z]{4}"
_DASH = "[-\u2010\u2011\u2012\u2013\u2014]"
# Not within a longer word, and not after another dashed part: that would be a receipt number.
_IN_TEXT = re.compile(
    rf"(?<![^\W_])(?<![^\W_]{_DASH})(?:{_GROUP}{_DASH}{_GROUP}{_DASH}{_GROUP}|[0-9A-Za-z]{{12}})"
    rf"(?![^\W_])(?!{_DASH}[^\W_])"
)


class TokenState(Enum):
    """What a text is, as far as its form can tell."""

    EXACT = "exact form"
    TYPO = "right shape, wrong check"
    FOREIGN = "not a token"


@dataclass(frozen=True)
class Token:
    """A text read as a token. `value` is the plain form, upper case without dashes; empty if foreign."""

    value: str
    state: TokenState


def _times_factor(value: int) -> int:
    product = 0
    for bit in range(5):
        if _FACTOR >> bit & 1:
            product ^= value << bit
    for degree in range(9, 4, -1):
        if product >> degree & 1:
            product ^= _POLYNOMIAL << (degree - 5)
    return product


def _sum(characters: str) -> int:
    total = 0
    for character in characters:  # Horner's rule
        total = _times_factor(total) ^ _VALUE[character]
    return total


def _random_characters(entropy: bytes) -> str:
    if len(entropy) < ENTROPY_BYTES:
        raise ValueError(f"a token needs {ENTROPY_BYTES} random bytes, not {len(entropy)}")
    number = int.from_bytes(entropy[:ENTROPY_BYTES], "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH - 1)))


def _with_check(prefix: str, characters: str) -> str:
    check = _times_factor(_sum(prefix + characters)) ^ _RIGHT_SUM
    return characters + ALPHABET[check]


def _grouped(value: str) -> str:
    return "-".join(value[i : i + 4] for i in range(0, LENGTH, 4))


def _fold(text: str) -> str:
    if len(text) > _LONGEST_INPUT:
        return ""
    return text.translate(_FOLDED)


def _is_token(value: str, length: int = LENGTH) -> bool:
    return len(value) == length and all(c in _VALUE for c in value)


def make_token(entropy: bytes) -> str:
    """A token of 12 upper case characters from at least 7 random bytes; ValueError for fewer."""
    return _with_check("", _random_characters(entropy))


def read_token(text: str) -> Token:
    """What somebody typed, read as a token; case, dashes, spaces, O for 0 and I or L for 1 are forgiven."""
    value = _fold(text)
    if not _is_token(value):
        return Token("", TokenState.FOREIGN)
    return Token(value, TokenState.EXACT if _sum(value) == _RIGHT_SUM else TokenState.TYPO)


def access_code(entropy: bytes) -> str:
    """The portal's access code of a request, e.g. `K7QM-3F9D-XW2P`; read it with `read_token`."""
    return _grouped(make_token(entropy))


def address_token(entropy: bytes) -> str:
    """The secret part of a request's mail address, lower case; read it with `read_token`."""
    return make_token(entropy).lower()


def receipt_number(year: int, entropy: bytes) -> str:
    """A receipt number such as `26-7K3M-9Q2X-V4TD`; ValueError for a year outside 2000 to 2099."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(f"a receipt number holds a year of {_FIRST_YEAR} to {_LAST_YEAR}, not {year}")
    prefix = f"{year - _FIRST_YEAR:02}"
    return f"{prefix}-{_grouped(_with_check(prefix, _random_characters(entropy)))}"


def read_receipt_number(text: str) -> Token:
    """What somebody typed, read as a receipt number; `value` is then the written form, dashes included."""
    value = _fold(text)
    if not _is_token(value, LENGTH + 2) or not value[:2].isdecimal():
        return Token("", TokenState.FOREIGN)
    state = TokenState.EXACT if _sum(value) == _RIGHT_SUM else TokenState.TYPO
    return Token(f"{value[:2]}-{_grouped(value[2:])}", state)


def find_tokens(text: str) -> tuple[Token, ...]:
    """Every token-like thing in a line of text, in order, each once; receipt numbers are passed over.

    Twelve characters in one piece that fail the check are called a typo only if they mix letters and
    digits: else every word of twelve letters and every long number would be one.
    """
    found: dict[str, Token] = {}
    for match in _IN_TEXT.finditer(text):
        written = match.group()
        token = read_token(written)
        mixed = not written.isalpha() and not written.isdecimal()
        if token.state is TokenState.EXACT or (token.state is TokenState.TYPO and mixed):
            found.setdefault(token.value, token)
    return tuple(found.values())


def sub_address(address: str) -> tuple[str, str | None]:
    """The address without its sub-address, and the sub-address as written (RFC 5233), or None.

    A quoted local part is left alone: its plus sign means nothing.
    """
    local, at, domain = address.rpartition("@")
    user, plus, detail = local.partition("+")
    if not plus or not user or local.startswith('"'):
        return address, None
    return f"{user}{at}{domain}", detail or None
