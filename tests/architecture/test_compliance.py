"""docs/compliance.md: every rule of the law has a row, nothing in it is blank, and what it names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (R\d\d) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "compliance.md").read_text(encoding="utf-8"))
STATES = {"done", "setting", "with the body"}
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def code_is_there(name: str) -> bool:
    """`path`, or `path:symbol` for what a module defines at any level."""
    path, _, symbol = name.partition(":")
    if not (ROOT / path).is_file():
        return False
    definition = rf"^\s*(def|class|async def) {re.escape(symbol)}\b|^{re.escape(symbol)}\b.* = "
    return not symbol or bool(re.search(definition, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE))


def has_test(name: str) -> bool:
    return (ROOT / name).is_file() if name.endswith(".py") else f"def {name}(" in TESTS


def test_every_rule_has_a_row_and_only_one() -> None:
    assert [row[0] for row in ROWS] == [f"R{n:02}" for n in range(1, 51)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_no_row_is_blank_and_what_it_names_exists(row: tuple[str, ...]) -> None:
    _rule, what, state, code, test = row
    assert what.strip()
    assert state in STATES
    assert [name for name in named(code) if not code_is_there(name)] == []
    assert [name for name in named(test) if not has_test(name)] == []
    assert named(code)
    assert named(test)


def test_a_name_that_is_not_there_is_seen() -> None:
    assert code_is_there("gateway/core/terms.py:last_day")
    assert not code_is_there("gateway/core/terms.py:first_day")
    assert not code_is_there("gateway/core/nothing.py")
    assert not has_test("test_of_nothing")
