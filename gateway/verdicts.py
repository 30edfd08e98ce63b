"""What checking a package of evidence brings out: what holds, what is proved and what is not, in Dutch and in English.

Rule 1: a sentence says who states what; what nobody vouches for is named as not proved.
Rule 2: what is printed cannot steer a terminal: names in a package were chosen by strangers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TextIO

from gateway import notes, timestamps


class Told(NamedTuple):
    """One thing said in Dutch and in English."""

    nl: str
    en: str


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its name, whether it holds, and what that means."""

    what: str
    ok: bool
    detail: Told


@dataclass(frozen=True)
class Verification:
    """What checking a package brought out."""

    checks: tuple[Check, ...]
    proved: tuple[Told, ...]
    not_proved: tuple[Told, ...]

    @property
    def ok(self) -> bool:
        """Whether everything that was looked at holds."""
        return all(check.ok for check in self.checks)


def write(verification: Verification, out: TextIO) -> None:
    """Print all of it, first in Dutch, then in English."""
    for language, words in enumerate(_HEADINGS):
        out.writelines(map(_harmless, _report(verification, language, words)))


class _Headings(NamedTuple):
    right: str
    wrong: str
    proved: str
    not_proved: str
    yes: str
    no: str


_HEADINGS = (
    _Headings("goed", "FOUT", "Bewezen", "Niet bewezen", "Uitkomst: alles klopt.", "Uitkomst: NIET alles klopt."),
    _Headings("right", "WRONG", "Proved", "Not proved", "Result: all is well.", "Result: NOT all is well."),
)


def _harmless(line: str) -> str:
    """The line without what could steer a terminal: names in it were chosen by strangers."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in line)


def _report(verification: Verification, language: int, words: _Headings) -> Iterator[str]:
    for check in verification.checks:
        yield f"{words.right if check.ok else words.wrong:<6}{check.detail[language]}\n"
    for heading, told in ((words.proved, verification.proved), (words.not_proved, verification.not_proved)):
        if told:
            yield f"\n{heading}:\n"
            yield from (f"  - {sentence[language]}\n" for sentence in told)
    yield f"\n{words.yes if verification.ok else words.no}\n\n"


# ---- sentences of every package ------------------------------------------------------------------

KEY_UNPROVED = Told(
    "Van wie de sleutel is: die kwam met het pakket mee. Vergelijk hem met de sleutel die de organisatie zelf"
    " bekendmaakt; zonder dat bewijst dit alleen dat het pakket in zichzelf klopt.",
    "Whose the key is: it came with the package. Compare it with the key that the organisation itself"
    " publishes; without that, this proves only that the package is consistent in itself.",
)


def holds(what: str, nl: str, en: str) -> Check:
    """A check that came out well."""
    return Check(what, ok=True, detail=Told(nl, en))


def witness_check(key: notes.VerifierKey) -> Check:
    """That a witness's signature holds, said."""
    return holds(
        "witness",
        f"De handtekening van de getuige {key.name} is goed.",
        f"The signature of the witness {key.name} is right.",
    )


def witnessed(key: notes.VerifierKey, seconds: int) -> Told:
    """What a witness saw when, said."""
    at = _moment(seconds)
    return Told(
        f"Een onafhankelijke getuige, {key.name}, heeft het logboek in deze stand gezien op {at}.",
        f"An independent witness, {key.name}, has seen the log in this state at {at}.",
    )


def stamped(stamp: timestamps.Stamp) -> Told:
    """What an authority states, said."""
    at = utc(stamp.at)
    by = stamp.by or "?"
    return Told(
        f"Tijdstempeldienst {by} verklaart dat het logboek in deze stand bestond op {at}.",
        f"Time-stamping authority {by} states that the log existed in this state at {at}.",
    )


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"POSIX {seconds}"


def utc(at: datetime) -> str:
    """A moment to the second, as sentences have it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
