"""The five common package names are ours, and the core asks nobody what time it is."""

import ast
import importlib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("gateway", "mail", "portal", "scanners", "config")
CLOCKS = frozenset({"now", "utcnow", "today"})


@pytest.mark.parametrize("name", OURS)
def test_the_import_is_ours(name: str) -> None:
    place = importlib.import_module(name).__file__
    assert place is not None
    assert Path(place).is_relative_to(ROOT)


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_ships_this_name(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"herstelpost"}


@pytest.mark.parametrize("folder", ["docker", "tests", *(f"tests/{name}" for name in OURS)])
def test_no_folder_becomes_a_package_by_accident(folder: str) -> None:
    """`docker` is somebody's distribution, and `tests/mail/__init__.py` would make the tests our `mail`."""
    assert not (ROOT / folder / "__init__.py").exists()


def clock_readings(source: str) -> Iterator[int]:
    """The lines that ask `datetime` or `date` for the present; imports of clocks are import-linter's to find."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            yield node.lineno


def test_a_clock_reading_is_recognised() -> None:
    assert set(clock_readings("import datetime as d\nx = d.datetime.now(d.UTC)\ny = d.date.today\n")) == {2, 3}
    assert list(clock_readings("def last_day(today: date) -> date:\n    return today + WEEK\n")) == []


@pytest.mark.parametrize("path", sorted((ROOT / "gateway" / "core").glob("*.py")), ids=lambda path: path.name)
def test_the_core_has_no_clock(path: Path) -> None:
    """Time is an argument: the same facts must give the same decision next year (P8)."""
    assert list(clock_readings(path.read_text())) == []
