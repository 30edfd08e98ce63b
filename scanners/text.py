"""Plain text: is there any, and does a spreadsheet program take it for commands."""

import re
from pathlib import Path
from typing import Final

from gateway.core.model import Finding
from scanners import findings

_MAX_BYTES: Final = 2**20
_FORMULA: Final = re.compile(r'(?m)(?:^|[,;\t])"?[=@](?=[A-Za-z(+-])')


def check(path: Path) -> list[Finding]:
    """What speaks against a text; nothing found is an empty list."""
    with path.open("rb") as file:
        text = file.read(_MAX_BYTES).decode("utf-8", "replace")
    if len(text.strip("\ufeff \t\r\n\0")) <= 1:
        return [Finding(findings.UNREADABLE, "nothing in it")]
    if _FORMULA.search(text):
        return [Finding(findings.SUSPICIOUS, "spreadsheet formulas")]
    return []
