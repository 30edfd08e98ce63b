"""What is asked in the usual case: a template for a kind of application, and building blocks for a nationality.

Rule 1: a template is data with a version; which one was used is pinned in the request and so in the evidence.
Rule 2: what the body can look up itself is not asked from the applicant (Vw 2000, art. 24a; Awb, art. 4:2 lid 2).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_lowercase

from gateway.core.items import fold
from gateway.core.model import Item, Term
from gateway.core.words import Procedure

MOST_PERSONS = len(ascii_lowercase)


@dataclass(frozen=True)
class Asked:
    """One document of a template. `per_person`: asked for every family member; else once."""

    kind: str
    description: str
    per_person: bool = True
    original: bool = False
    statement: bool = False


@dataclass(frozen=True)
class Template:
    """What is asked for one kind of application, in which term. `pin`: name, version and digest of the file."""

    name: str
    version: int
    title: str
    application_kind: str
    procedure: Procedure
    term: Term
    items: tuple[Asked, ...]
    decision_term: Term | None = None
    pin: str = ""


@dataclass(frozen=True)
class Block:
    """What is asked besides, for people of one nationality. `templates`: the names of those it goes with."""

    name: str
    version: int
    title: str
    templates: tuple[str, ...]
    items: tuple[Asked, ...]
    pin: str = ""


class Check(StrEnum):
    """What happens when somebody wants to ask for something the rule names."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True)
class LookUp:
    """A kind of document that need not, or not lightly, be asked: why, and where it can be found instead."""

    words: tuple[str, ...]
    check: Check
    ground: str
    advice: str

    def about(self, description: str) -> str:
        """Why a document of this description need not be asked, for whoever wants to ask it."""
        may = "kunt u zelf opzoeken" if self.check is Check.BLOCK else "vraagt u liever niet"
        return f"“{description}” {may} ({self.ground}). {self.advice}"


@dataclass(frozen=True)
class Library:
    """All templates, blocks and rules that are in force."""

    templates: tuple[Template, ...] = ()
    blocks: tuple[Block, ...] = ()
    look_ups: tuple[LookUp, ...] = ()

    def template(self, name: str) -> Template | None:
        """The template of that name."""
        return next((t for t in self.templates if t.name == name), None)

    def blocks_for(self, template: str) -> tuple[Block, ...]:
        """The building blocks that go with a template."""
        return tuple(b for b in self.blocks if template in b.templates)

    def look_up(self, kind: str, description: str) -> LookUp | None:
        """The strictest rule that names the document; None when nothing speaks against asking it."""
        text = fold(f"{kind} {description}")
        found = [rule for rule in self.look_ups if any(_begins_a_word(fold(word), text) for word in rule.words)]
        return min(found, key=lambda rule: rule.check is not Check.BLOCK, default=None)


def _begins_a_word(word: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(word)}", text) is not None


def compose(template: Template, blocks: Iterable[Block], persons: Sequence[str]) -> tuple[Item, ...]:
    """The items, numbered from 1: with several persons `1a`, `1b`, in their order.

    What template and block both ask is asked once. ValueError for more persons than there are letters.
    """
    if len(persons) > MOST_PERSONS:
        raise ValueError(f"at most {MOST_PERSONS} persons")
    asked: dict[str, Asked] = {}
    for each in (*template.items, *(item for block in blocks for item in block.items)):
        asked.setdefault(each.kind, each)
    return tuple(
        Item(f"{number}{letter}", each.kind, each.description, person, each.original, each.statement)
        for number, each in enumerate(asked.values(), 1)
        for letter, person in _of_whom(each, persons)
    )


def _of_whom(asked: Asked, persons: Sequence[str]) -> list[tuple[str, str]]:
    if not asked.per_person or not persons:
        return [("", "")]
    if len(persons) == 1:
        return [("", persons[0])]
    return list(zip(ascii_lowercase, persons, strict=False))


def pin(template: Template, blocks: Iterable[Block]) -> str:
    """Which template and blocks were used, as it is kept with the request."""
    return "; ".join([template.pin, *(block.pin for block in blocks)])
