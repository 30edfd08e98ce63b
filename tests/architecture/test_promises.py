"""Every promise in ARCHITECTURE.md names tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = re.findall(r"^\| (P\d+) \| .+? \| (.+) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
TESTS = {path: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}


def test_all_twelve_promises_are_in_the_table():
    assert [number for number, _ in TABLE] == [f"P{n}" for n in range(1, 13)]


@pytest.mark.parametrize(("number", "named"), TABLE, ids=[number for number, _ in TABLE])
def test_the_tests_that_hold_a_promise_exist(number, named):
    words = re.findall(r"`([\w./]+)", named)
    for word in words:
        if word.startswith("test_") and not word.endswith(".py"):
            assert any(f"def {word}(" in text for text in TESTS.values()), word
        elif word.startswith("tests/"):
            assert (ROOT / word).exists(), word
    assert any("test" in word for word in words)
