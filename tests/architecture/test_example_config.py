"""`config/example.toml` is the documentation of the settings: complete, true and loadable."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from config import settings
from config.sections.channels import Imap, Oauth2
from config.sections.documents import FileWords
from config.sections.duties import Designation, KeptKind
from config.sections.evidence import Witness
from config.settings import Settings

EXAMPLE = Path(settings.__file__).with_name("example.toml")
TEXT = EXAMPLE.read_text(encoding="utf-8")
SETTING_TAKEN_OUT = re.compile(r"^#(?=\S)", re.MULTILINE)
CONTRACT = {
    "": {"data_dir"},
    "database": {"url"},
    "smtp": {"listen", "addresses", "tls_cert", "tls_key", "require_tls"},
    "portal": {"listen", "public_url"},
    "imap": {"host", "port", "tls", "username", "password_file", "mailbox", "after", "poll_seconds"},
    "outbound": {"smarthost", "from_address"},
    "scanners": {"clamd"},
    "limits": {"submission_mb", "counts"},
}


def complete() -> dict[str, Any]:
    """The example with its mailbox put in."""
    return tomllib.loads(SETTING_TAKEN_OUT.sub("", TEXT))


def keys(values: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in values.items():
        place = f"{path}{key}"
        tables = value if isinstance(value, list) else [value]
        yield place
        for table in tables:
            if isinstance(table, dict):
                yield from keys(table, place + ".")


def model_keys(model: type[BaseModel], path: str = "") -> Iterator[str]:
    inner: dict[str, type[BaseModel]] = {
        "imap": Imap,
        "oauth2": Oauth2,
        "witnesses": Witness,
        "designations": Designation,
        "kinds": KeptKind,
        "words": FileWords,
    }
    for name, field in model.model_fields.items():
        yield path + name
        kind = inner.get(name, field.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from model_keys(kind, f"{path}{name}.")


def test_the_example_has_every_key_and_no_other() -> None:
    assert set(keys(complete())) == set(model_keys(Settings))


def test_the_example_loads_and_says_the_defaults() -> None:
    loaded, name = settings.load(str(EXAMPLE))
    assert name == str(EXAMPLE)
    assert loaded == Settings()
    assert loaded.model_fields_set == set(Settings.model_fields) - {"imap"}


def test_the_mailbox_of_the_example_says_the_defaults() -> None:
    (box,) = complete()["imap"]
    oauth2 = box.pop("oauth2")
    with_defaults = {name for name, field in Imap.model_fields.items() if not field.is_required()} - {"oauth2"}
    assert {name: box[name] for name in with_defaults} == {
        name: Imap.model_fields[name].default for name in with_defaults
    }
    assert Imap.model_validate(box | {"oauth2": oauth2}).oauth2 == Oauth2.model_validate(oauth2)


def test_every_key_stands_under_a_comment() -> None:
    """Keys that belong together may share one; none comes before its first comment."""
    for block in TEXT.split("\n\n"):
        explained = False
        for line in SETTING_TAKEN_OUT.sub("", block).splitlines():
            explained = line.startswith("# ") or (explained and not line.startswith("["))
            assert explained or line.startswith("["), line


@pytest.mark.parametrize("section", CONTRACT)
def test_the_keys_of_the_contract_are_there(section: str) -> None:
    values = complete()
    table = values[section] if section else values
    assert CONTRACT[section] <= set(table[0] if isinstance(table, list) else table)


def test_the_command_prints_the_example_without_any_configuration(tmp_path: Path) -> None:
    (tmp_path / "herstelpost.toml").write_text("broken =", encoding="utf-8")
    command = [Path(sys.executable).with_name("herstelpost"), "example-config"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, encoding="utf-8")
    assert printed.stdout == TEXT
    assert not printed.stderr
