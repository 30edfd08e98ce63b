"""The quick way to write canonical JSON writes what RFC 8785 asks for, and never anything else."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger import canonical

NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), ANYTHING, max_size=6))
def test_it_writes_the_same_bytes_as_the_reference(event):
    assert canonical(event) == rfc8785.dumps(event)


@pytest.mark.parametrize("number", [2**53, -(2**53), float("inf"), float("nan")])
def test_a_number_that_has_no_one_way_of_writing_is_refused(number):
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical({"n": number})


@pytest.mark.parametrize("text", ['\x00\x1f\b\t\n\f\r"\\/\x7f', "\u2028\u2029é\U0001f600", "\ufffe\uffff", "<&'"])
def test_every_character_is_written_as_the_reference_writes_it(text):
    event = {"tekst": text, "lijst": [text, True, None, -1]}
    assert canonical(event) == rfc8785.dumps(event)
