"""What a sender says in so many words: sentences held against tables of phrases, in the languages senders write.

Rule 1: only the sender's own words count: no quotation, no forwarded message, no footer (`quoting`).
Rule 2: a phrase stands in one sentence, and does not count where a phrase of `unless` covers it: "ik vraag geen
uitstel", "uitstel van vertrek". What no table has is not guessed at.
Rule 3: a phrase is a sign for a person, who sees the sentence; nothing is granted or refused by it (P10).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from gateway.core.items import fold
from gateway.core.quoting import own_words

LONGEST_SHOWN: Final = 300
_GAP: Final = 6
_CUT: Final = "¦"
"""Stands where a phrase of `unless` was: no phrase reaches over it."""


@dataclass(frozen=True)
class Phrases:
    """The phrases of one meaning in one language, a line each, in ordinary spelling.

    `word*` and `*word` stand for any ending or beginning, `a|b` for one of both, `[a|b]` for one of both or none,
    `...` for at most six words, `{name}` for the words that `words` lists under that name ("name: a|b").
    Accents, capitals and letters that are written for each other do not matter.
    """

    language: str
    says: str
    unless: str
    words: str = ""


@dataclass(frozen=True)
class Sighting:
    """A sentence with a phrase in it, as its sender wrote it, and the language of the phrase."""

    language: str
    sentence: str


def find(text: str, book: Sequence[Phrases]) -> Sighting | None:
    """The first sentence of the sender's own words in which one of these phrases stands; None when there is none."""
    for sentence in sentences(own_words(text)):
        plain = _plain(sentence)
        for phrases in book:
            if _says(phrases, plain):
                return Sighting(phrases.language, _shown(sentence))
    return None


def compile_all(book: Iterable[Phrases]) -> None:
    """Compile these tables now, and not when the first sentence is looked at."""
    for phrases in book:
        _compiled(phrases)


def _says(phrases: Phrases, sentence: str) -> bool:
    says, unless = _compiled(phrases)
    return bool(says.search(sentence) and says.search(unless.sub(_CUT, sentence)))


def _shown(sentence: str) -> str:
    line = " ".join(sentence.split())
    return line if len(line) <= LONGEST_SHOWN else line[: LONGEST_SHOWN - 1] + "…"


# ---- phrases -------------------------------------------------------------------------------------


@cache
def _compiled(phrases: Phrases) -> tuple[re.Pattern[str], re.Pattern[str]]:
    # "Ik heb geen akte, en vraag uitstel": what is denied ends at the comma.
    says, unless = (_filled(lines, phrases.words) for lines in (phrases.says, phrases.unless))
    return _pattern(says, rf"[^\w{_CUT}]+"), _pattern(unless, rf"[^\w,:(){_CUT}]+")


def _filled(lines: str, words: str) -> str:
    for line in words.strip().splitlines():
        name, _, listed = line.partition(":")
        lines = lines.replace(f"{{{name.strip()}}}", listed.strip())
    return lines


_NEVER: Final = re.compile(r"(?!)")


def _pattern(lines: str, apart: str) -> re.Pattern[str]:
    each = [_phrase(line.split(), apart) for line in lines.splitlines() if line.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(each)})(?!\w)") if each else _NEVER


def _phrase(tokens: Sequence[str], apart: str) -> str:
    pieces: list[str] = []
    for token in tokens:
        before = apart if pieces else ""
        if token == "...":  # noqa: S105 -- a mark in a table
            pieces.append(rf"(?:{apart}\w+){{0,{_GAP}}}?")
        elif token.startswith("["):
            pieces.append(f"(?:{before}{_words(token.strip('[]'), apart)})?")
        else:
            pieces.append(before + _words(token, apart))
    return "".join(pieces)


def _words(token: str, apart: str) -> str:
    return "(?:" + "|".join(_word(word, apart) for word in token.split("|")) + ")"


def _word(word: str, apart: str) -> str:
    whole = apart.join(re.escape(piece) for piece in _plain(word.strip("*")).split("'") if piece)
    return (r"\w*" if word.startswith("*") else "") + whole + (r"\w*" if word.endswith("*") else "")


_SAME: Final = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"}
    # Arabic: the stroke that stretches a word, and letters that are written for each other at its end.
    | {"ـ": "", "ة": "ه", "ى": "ي"}
    # Ethiopic: two rows of letters that Tigrinya writes for each other, and the old mark between words.
    | {chr(0x1340 + n): chr(0x1338 + n) for n in range(8)}
    | {chr(0x1220 + n): chr(0x1230 + n) for n in range(8)}
    | {"፡": " "}
)


def _plain(text: str) -> str:
    return fold(text).translate(_SAME)


# ---- sentences -----------------------------------------------------------------------------------

_PARAGRAPH: Final = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•–]|\d{1,2}[.)])\s)")
_END: Final = re.compile(r"[.!?…;؟؛۔።፤፧፨]+(?=\s|$)")
_SHORTENED: Final = re.compile(
    r"(?:^|[\s(.])(?:\w|\d+|art|nr|mr|mrs|mevr|dhr|drs|bijv|evt|incl|resp|dr|abs|ggf|bzw|usw|inkl|etc|approx|av|mme|bkz)$",
    re.IGNORECASE,
)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, lines that a mail program folded joined again; paragraphs and list items end one."""
    for paragraph in _PARAGRAPH.split(text):
        start = 0
        for mark in _END.finditer(paragraph):
            if mark[0] == "." and _SHORTENED.search(paragraph, max(start, mark.start() - 12), mark.start()):
                continue
            yield paragraph[start : mark.end()]
            start = mark.end()
        if paragraph[start:].strip():
            yield paragraph[start:]
