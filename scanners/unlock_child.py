"""The opening child: a locked PDF and a password in, the same PDF without a password out.

Rule 1: the password stays in this process's memory: nothing that is said or raised has it.
Rule 2: the copy has the same bytes whenever it is made, so that making it again keeps nothing twice.
"""

import contextlib
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import pikepdf

from scanners import child
from scanners.unlock import Said

_DAMAGE: Final = (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError)
# AES-256 has UTF-8; before it each program used the code page of its own system.
_ENCODINGS: Final = ("utf-8", "cp1252", "mac-roman")


def unlock(job: dict[str, Any]) -> None:
    """Do one job of `scanners.unlock`; says one word of `Said`."""
    child.say(_tried(job["locked"], job["password"], job["copy"]))


def _tried(locked: str, password: str, copy: str) -> Said:
    for spelled in _spellings(password):
        try:
            with pikepdf.open(locked, password=spelled) as pdf:
                pdf.save(copy, encryption=False, deterministic_id=True)
            return Said.OPENED
        except pikepdf.PasswordError:
            continue
        except _DAMAGE:
            return Said.FAILED
    return Said.WRONG


def _spellings(password: str) -> Iterator[bytes]:
    """What the owner of the file may have typed: as given; without the space that copying adds; in other digits.

    A keyboard in Arabic or Persian has its own for the same number; an accent can be written in two ways.
    """
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in password)
    forms = (password, password.strip(), unicodedata.normalize("NFC", password), digits.strip())
    seen: set[bytes] = set()
    for form in forms:
        for encoding in _ENCODINGS:
            with contextlib.suppress(UnicodeEncodeError):
                spelled = form.encode(encoding)
                if spelled and spelled not in seen:
                    seen.add(spelled)
                    yield spelled


WORK: Final = unlock
