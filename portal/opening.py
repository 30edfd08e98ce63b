"""The form for the password of a locked document, for who sent it and for staff: what came of a password, in words."""

from typing import Final

from gateway.unlocking import Answer
from portal import pages, words
from scanners.unlock import Said

FIELD: Final = "wachtwoord"
"""The name of the control, with the place of the document behind it."""

_KEYS: Final = {Said.WRONG: "password_wrong", Said.FAILED: "password_failed"}


def problem(answer: Answer, language: str, phone: str) -> str:
    """What to tell; empty when the document is open, or was no more to be opened."""
    if answer.again_at is not None:
        return words.say("password_braked", language, moment=pages.moment(answer.again_at, language), phone=phone)
    key = _KEYS.get(answer.said) if answer.said else None
    return words.say(key, language) if key else ""
