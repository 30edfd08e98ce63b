"""Laws of tokens: a typo is recognised as a typo, never taken for another token (P5)."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core import tokens
from gateway.core.tokens import TokenState

ENTROPY = st.binary(min_size=7, max_size=12)


def put(text: str, place: int, character: str) -> str:
    return text[:place] + character + text[place + 1 :]


@given(ENTROPY)
def test_what_is_made_reads_back_exactly(entropy: bytes) -> None:
    made = tokens.make_token(entropy)
    for written in (made, tokens.access_code(entropy), tokens.address_token(entropy)):
        assert tokens.read_token(written) == tokens.Token(made, TokenState.EXACT)


@given(ENTROPY)
def test_every_single_wrong_character_is_a_typo(entropy: bytes) -> None:
    made = tokens.make_token(entropy)
    for place, right in enumerate(made):
        for wrong in tokens.ALPHABET.replace(right, ""):
            assert tokens.read_token(put(made, place, wrong)).state is TokenState.TYPO


@given(ENTROPY)
def test_every_swap_of_two_characters_is_a_typo(entropy: bytes) -> None:
    made = tokens.make_token(entropy)
    for i, j in combinations(range(len(made)), 2):
        if made[i] != made[j]:
            swapped = put(put(made, i, made[j]), j, made[i])
            assert tokens.read_token(swapped).state is TokenState.TYPO


@given(st.integers(2000, 2099), ENTROPY)
def test_a_receipt_number_guards_its_year_too(year: int, entropy: bytes) -> None:
    made = tokens.receipt_number(year, entropy)
    assert tokens.read_receipt_number(made) == tokens.Token(made, TokenState.EXACT)
    for wrong_year in range(100):
        prefix = f"{wrong_year:02}"
        one_digit_wrong = (prefix[0] == made[0]) != (prefix[1] == made[1])
        if one_digit_wrong or (prefix == made[1::-1] and prefix != made[:2]):
            assert tokens.read_receipt_number(prefix + made[2:]).state is TokenState.TYPO
    bare = made.replace("-", "")
    for i, j in combinations(range(len(bare)), 2):
        if bare[i] != bare[j]:
            swapped = put(put(bare, i, bare[j]), j, bare[i])
            assert tokens.read_receipt_number(swapped).state is not TokenState.EXACT


@given(st.text())
def test_reading_never_fails_and_gives_only_our_alphabet(text: str) -> None:
    for token in (tokens.read_token(text), *tokens.find_tokens(text)):
        assert set(token.value) <= set(tokens.ALPHABET)
        assert (token.value == "") == (token.state is TokenState.FOREIGN)


@given(ENTROPY, st.text(alphabet=" .,:;()[]\u20ac", min_size=1), st.booleans())
def test_a_token_in_a_subject_is_found(entropy: bytes, around: str, dashed: bool) -> None:  # noqa: FBT001 - drawn
    written = tokens.access_code(entropy) if dashed else tokens.address_token(entropy)
    found = tokens.find_tokens(around + written + around)
    assert found == (tokens.Token(tokens.make_token(entropy), TokenState.EXACT),)
