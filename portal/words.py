"""What the submitter pages say, per language in `languages/`; what a reason says stands in `gateway.reasons`.

Rule 1: every language says the same, with the same values in braces; a new language is a new file.
Rule 2: Dutch at level B1: short sentences, everyday words, nobody is blamed.
Rule 3: nothing says or hints that an answer is enough; that is a person's judgement (R09).
"""

import tomllib
from pathlib import Path
from typing import Final


def _load(path: Path) -> dict[str, str]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


TEXT: Final = {code: _load(Path(__file__).with_name("languages") / f"{code}.toml") for code in ("nl", "en")}
LANGUAGES: Final = {code: texts["language_name"] for code, texts in TEXT.items()}


def say(key: str, language: str, /, **values: object) -> str:
    """The sentence in that language with the values filled in; KeyError for an unknown key."""
    return TEXT[language][key].format(**values)
