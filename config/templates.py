"""Reads the templates for requests: a TOML file each, in one folder, with `blocks/` and `look_ups.toml` beside them."""

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from config.settings import BadConfiguration
from gateway.core.templates import Asked, Block, Library, LookUp, Template

OURS: Final = Path(__file__).with_name("templates")
_LOOK_UPS: Final = "look_ups.toml"

T = TypeVar("T", Template, Block)


def load_templates(folder: Path = OURS) -> Library:
    """Everything in the folder, by name. Raises BadConfiguration with every problem of every file."""
    problems: list[str] = []
    templates = list(_all(folder, Template, problems))
    blocks = list(_all(folder / "blocks", Block, problems))
    known = {template.name for template in templates}
    for block in blocks:
        strange = sorted(set(block.templates) - known)
        problems += [f"{folder / 'blocks'}: {block.name}: templates: there is no template {name}" for name in strange]
    look_ups = _look_ups(folder / _LOOK_UPS, problems)
    if not templates and not problems:
        problems.append(f"{folder}: -: no template found")
    if problems:
        raise BadConfiguration(tuple(problems))
    return Library(tuple(templates), tuple(blocks), look_ups)


def _all(folder: Path, kind: type[T], problems: list[str]) -> Iterator[T]:
    names: set[str] = set()
    for path in sorted(folder.glob("*.toml")):
        if path.name == _LOOK_UPS:
            continue
        found = _read(path, kind, problems)
        if found is None:
            continue
        if found.name in names:
            problems.append(f"{path}: name: {found.name} is used twice")
        names.add(found.name)
        yield found


def _read(path: Path, kind: type[T], problems: list[str]) -> T | None:
    content, values = _toml(path, problems)
    before = len(problems)
    problems += [f"{path}: {place}: unknown key" for place in _unknown(values, kind)]
    try:
        found = TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        problems += [f"{path}: {'.'.join(map(str, e['loc'])) or '-'}: {e['msg']}" for e in error.errors()]
    if len(problems) > before or not values:
        return None
    digest = hashlib.sha256(content).hexdigest()[:12]
    return replace(found, pin=f"{found.name}/{found.version} {digest}")


def _toml(path: Path, problems: list[str]) -> tuple[bytes, dict[str, Any]]:
    try:
        content = path.read_bytes()
        return content, tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        problems.append(f"{path}: -: {error}")
        return b"", {}


def _unknown(values: dict[str, Any], kind: type[Template | Block]) -> Iterator[str]:
    """A mistyped key would be left out in silence."""
    yield from sorted(values.keys() - {f.name for f in fields(kind)} | values.keys() & {"pin"})
    for place, item in enumerate(values.get("items", [])):
        if isinstance(item, dict):
            yield from (f"items.{place}.{key}" for key in sorted(item.keys() - {f.name for f in fields(Asked)}))


def _look_ups(path: Path, problems: list[str]) -> tuple[LookUp, ...]:
    if not path.exists():
        return ()
    _, values = _toml(path, problems)
    try:
        return TypeAdapter(tuple[LookUp, ...]).validate_python(values.get("look_ups", ()))
    except ValidationError as error:
        problems += [f"{path}: {'.'.join(map(str, e['loc'])) or '-'}: {e['msg']}" for e in error.errors()]
        return ()
