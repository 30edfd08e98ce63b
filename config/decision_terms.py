"""Reads the decision terms that Acts give to kinds of cases."""

import tomllib
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from config.settings import BadConfiguration
from gateway.core.decision_term import SpecialTerm

OURS: Final = Path(__file__).with_suffix(".toml")
_TERMS: Final = TypeAdapter(tuple[SpecialTerm, ...])


def load_decision_terms(path: Path = OURS) -> tuple[SpecialTerm, ...]:
    """All of the file's `[[decision_term]]` tables. Raises BadConfiguration with every problem of the file."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return _TERMS.validate_python(values.get("decision_term", ()), extra="forbid")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration((f"{path}: -: {error}",)) from error
    except ValidationError as error:
        problems = (f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadConfiguration(tuple(problems)) from error
