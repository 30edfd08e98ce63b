"""Which request, or requests, a submission belongs to, and why; or why it cannot be told.

Rule 1: filing without a person only on an exact secret, or on a reference together with an
authenticated known sender, and only if nothing contradicts (P5).
Rule 2: secrets of several requests are no contradiction: the submission is for each of them, and which document
is for which is told document by document (`gateway.core.shares`).
Rule 3: everything weaker only suggests; at most three suggestions, strongest first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.core.facts import SECRETS, Clue, ClueKind, Match, Sender
from gateway.core.words import Reason

MAX_SUGGESTIONS = 3


def match(clues: Sequence[Clue], sender: Sender) -> Match:
    """The request, or the several, that the clues prove; or the reason to hold, with suggestions."""
    found = _proven(clues, sender)
    chosen = tuple(r for r in _requests(clues, {ClueKind.CHOICE}) if r not in found.open_to_all)
    if len(chosen) == 1 and not found.open_to_all:
        return Match(chosen[0])
    return replace(found, chosen=chosen)


def _proven(clues: Sequence[Clue], sender: Sender) -> Match:
    by_person = [clue.request for clue in clues if clue.kind is ClueKind.PERSON]
    if by_person:
        return Match(by_person[-1])  # a person's last word, also when it is an earlier one again
    proven = _requests(clues, SECRETS)
    if proven:
        return _by_secret(proven, clues, sender)
    named = _requests(clues, {ClueKind.REFERENCE})
    if named:
        return _by_reference(named, clues, sender)
    return _held(Reason.NO_REQUEST, "geen geheim mailadres, geen kenmerk en geen zaaknummer van een verzoek", clues)


def _by_secret(proven: Sequence[str], clues: Sequence[Clue], sender: Sender) -> Match:
    if sender.party_of and not set(proven) <= set(sender.party_of):
        detail = "het geheime adres is van dit verzoek, de afzender van een ander"
        if len(proven) > 1:
            detail = "geheime adressen van meer dan één verzoek, en de afzender hoort niet bij allemaal"
        return _held(Reason.SEVERAL_REQUESTS, detail, clues)
    return Match(proven[0]) if len(proven) == 1 else Match(None, several=tuple(proven))


def _by_reference(named: Sequence[str], clues: Sequence[Clue], sender: Sender) -> Match:
    if len(named) > 1:
        return _held(Reason.SEVERAL_REQUESTS, "kenmerken van meer dan één verzoek", clues)
    if named[0] not in sender.party_of:
        return _held(Reason.SENDER_UNKNOWN, "een kenmerk, maar van een mailadres dat niet bij dat verzoek hoort", clues)
    if sender.authentication != "pass":
        return _held(
            Reason.SENDER_UNPROVEN, "een kenmerk van een betrokkene, maar niemand staat in voor het mailadres", clues
        )
    return Match(named[0])


def _held(reason: Reason, detail: str, clues: Sequence[Clue]) -> Match:
    ranked = sorted(clues, key=lambda clue: list(ClueKind).index(clue.kind))
    return Match(None, reason, detail, _unique(clue.request for clue in ranked)[:MAX_SUGGESTIONS])


def _requests(clues: Sequence[Clue], kinds: Iterable[ClueKind]) -> tuple[str, ...]:
    wanted = frozenset(kinds)
    return _unique(clue.request for clue in clues if clue.kind in wanted)


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
