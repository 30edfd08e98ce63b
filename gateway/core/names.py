"""Safe file names: what may be shown, written and put in a zip, still readable in the sender's own script.

Rule 1: no path, no control or bidirectional override, nothing an operating system reserves, at most
`MAX_CHARACTERS` characters and `MAX_BYTES` bytes; the extension survives shortening.
Rule 2: the original is kept elsewhere; this is for use. Pure: the same name gives the same safe name.
"""

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 120
MAX_BYTES: Final = 240

_LONGEST_EXTENSION: Final = 10
# Joiners are part of Persian and Indian words; all other format characters only deceive.
_JOINERS: Final = "\u200c\u200d"
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_FORBIDDEN: Final = re.compile(r'[<>:"|?*/\\]')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE)


def safe(original: str, fallback: str) -> str:
    """A safe name for what the sender called `original`; `fallback` when nothing of it is left."""
    last = original.replace("\\", "/").rpartition("/")[2]
    kept = "".join(map(_kept, unicodedata.normalize("NFC", last)))
    name = _FORBIDDEN.sub("_", " ".join(kept.split())).strip(". ")
    if not name.strip("_"):
        return fallback
    if _RESERVED.fullmatch(name.partition(".")[0].strip()):
        name = "_" + name
    return _shortened(name)


def unique(name: str, taken: set[str]) -> str:
    """`name`, or with a number where the same one is taken; adds it to `taken`. Case does not distinguish."""
    stem, extension = _split(name)
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem} ({number}){extension}"
    taken.add(candidate.casefold())
    return candidate


def _kept(character: str) -> str:
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in {"Zl", "Zp", "Zs"} or character in "\t\r\n":
        return " "
    return "" if category in _DROPPED else character


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(extension) > _LONGEST_EXTENSION:
        return name, ""
    return stem, dot + extension


def _shortened(name: str) -> str:
    """On a character boundary, with room for the extension."""
    stem, extension = _split(name)
    stem = stem[: MAX_CHARACTERS - len(extension)]
    while len((stem + extension).encode()) > MAX_BYTES:
        stem = stem[:-1]
    return stem.rstrip(". ") + extension


def mailbox_key(host: str, port: int, username: str, mailbox: str) -> str:
    """The name of a mailbox: the same for as long as it is the same place."""
    return f"imap:{host}:{port}:{username}:{mailbox}"
