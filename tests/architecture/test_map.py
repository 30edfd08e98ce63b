"""The map of ARCHITECTURE.md names every module, and names none that is gone."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MAP = TEXT[TEXT.index("## The map") : TEXT.index("## Promises")]
NAMED = {Path(name).name.removesuffix(".py") for name in re.findall(r"`([^`]+)`", MAP)}
# In these a file is a task, a kind of command or a step: the map names the folder.
BY_FOLDER = ("gateway/commands", "gateway/migrations", "gateway/verify", "portal/api", "portal/staff")
PACKAGES = ("config", "gateway", "mail", "portal", "scanners")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_names_every_module(package: str) -> None:
    files = [path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    own = [path for path in files if not path.as_posix().startswith(BY_FOLDER)]
    assert [str(path) for path in own if path.stem not in NAMED] == []


def test_the_map_names_every_folder_whose_files_it_does_not_name() -> None:
    assert {Path(folder).name for folder in BY_FOLDER} <= NAMED


def test_the_map_names_nothing_that_is_gone() -> None:
    there = {path.stem for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    files = {Path(name).stem for name in re.findall(r"`([^`]+\.py)`", MAP)}
    assert sorted(files - there) == []
