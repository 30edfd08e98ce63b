"""Which requested item a document answers.

Strongest first: the sender or a person said so; an item number in the file name or beside it in the text;
a kind that only one item can mean; one open item and one document left. Else the document is taken for the
request and the choice is asked. Nothing is dropped here: "not asked for" only sorts (Awb 2:13, 2:16).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.core.facts import DocumentFacts
from gateway.core.model import Item
from gateway.core.words import ItemStatus

STATEMENT_KIND: Final = "verklaring"

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "paspoort": ("paspoort", "passport", "passeport", "pasaport", "reisepass"),
    "identiteitskaart": ("identiteitskaart", "identiteitsbewijs", "idkaart", "idcard", "taskera"),
    "huwelijksakte": ("huwelijksakte", "trouwakte", "trouwboekje", "marriage", "mariage", "nikah"),
    "geboorteakte": ("geboorteakte", "geboortebewijs", "birth", "naissance"),
    "overlijdensakte": ("overlijdensakte", "death"),
    "voogdijakte": ("voogdij", "voogdijakte", "custody", "guardianship", "pleegouder"),
    "toestemmingsverklaring": ("toestemmingsverklaring", "toestemming", "consent"),
    "afhankelijkheid": ("afhankelijkheid", "afhankelijkheidsverklaring", "dependency"),
    "loonstrook": ("loonstrook", "loonstroken", "loonstrookje", "salarisstrook", "payslip"),
    "arbeidscontract": ("arbeidscontract", "arbeidsovereenkomst", "contract"),
    "bankafschrift": ("bankafschrift", "bankafschriften", "statement-of-account"),
    "diploma": ("diploma", "degree"),
    "foto": ("pasfoto", "photo"),
    "bonus": ("bonus", "bonuskaart"),
    "factuur": ("factuur", "invoice", "rekening"),
    STATEMENT_KIND: ("verklaring", "declaration", "statement", "attestation"),
}
"""Words in a file name that plainly name a kind, in the languages senders use."""

_LEADING_NUMBER = re.compile(r"^\s*0?(\d{1,2}[a-z]?)(?:[\s._)\-]+)(?!\d)", re.IGNORECASE)
_NAMED_NUMBER = re.compile(
    r"\b(?:stuk|item|nummer|nr|document|bijlage|onderdeel)[\s._:\-]*0?(\d{1,2}[a-z]?)(?![a-z0-9])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Assignment:
    """`number` is the item; None with `requested` means: for this request, the item is to be chosen."""

    number: str | None
    requested: bool = True
    statement: bool = False


def assign(
    documents: Sequence[DocumentFacts], items: Sequence[Item], text: str = ""
) -> dict[int, Assignment]:
    """For each document (by `seq`) the item it answers."""
    found: dict[int, Assignment] = {}
    for document in documents:
        if number := _named(document, items, text):
            found[document.seq] = Assignment(number, statement=_is_statement(document, number, items))
    answered = {a.number for a in found.values()}
    for document in documents:
        if document.seq not in found and (number := _by_kind(document, items, answered)):
            found[document.seq] = Assignment(number)
            answered.add(number)
    return found | _rest([d for d in documents if d.seq not in found], items, answered)


def _rest(
    documents: Sequence[DocumentFacts], items: Sequence[Item], answered: set[str | None]
) -> dict[int, Assignment]:
    """What is left over: one open item takes one document; several need a choice."""
    left = [i for i in items if _is_open(i) and i.number not in answered]
    rest = {d.seq: _leftover(d, items, left) for d in documents}
    undecided = [seq for seq, assignment in rest.items() if assignment.requested]
    if len(left) == 1 and len(undecided) == 1:
        rest[undecided[0]] = Assignment(left[0].number)
    return rest


def _leftover(document: DocumentFacts, items: Sequence[Item], left: Sequence[Item]) -> Assignment:
    kinds = _known_kinds(_words(document.name))
    if STATEMENT_KIND in kinds and any(i.statement_allowed for i in left):
        return Assignment(None, statement=True)
    foreign = bool(kinds) and not any(kinds & _kinds_of(item) for item in items)
    return Assignment(None, requested=bool(left) and not foreign)


def _named(document: DocumentFacts, items: Sequence[Item], text: str) -> str | None:
    numbers = {item.number.lower(): item.number for item in items}
    if document.item is not None and document.item.lower() in numbers:
        return numbers[document.item.lower()]
    for line in (document.name, *_lines_about(document.name, text)):
        for pattern in (_NAMED_NUMBER, _LEADING_NUMBER):
            if (seen := pattern.search(line)) and seen[1].lower() in numbers:
                return numbers[seen[1].lower()]
    return None


def _lines_about(name: str, text: str) -> list[str]:
    return [line for line in text.splitlines() if len(name) > 4 and name in line]


def _by_kind(document: DocumentFacts, items: Sequence[Item], answered: set[str | None]) -> str | None:
    words = _words(document.name)
    kinds = _known_kinds(words) | words
    fitting = _of_person([item for item in items if kinds & _kinds_of(item)], items, words)
    still_open = [item for item in fitting if _is_open(item) and item.number not in answered]
    chosen = fitting if len(fitting) == 1 else still_open
    return chosen[0].number if len(chosen) == 1 else None


def _of_person(fitting: Sequence[Item], items: Sequence[Item], words: frozenset[str]) -> Sequence[Item]:
    """The items of the person whom the file name names best; without a name, those of nobody else."""
    shared = {item.number: len(_words(item.person) & words) for item in fitting}
    best = max(shared.values(), default=0)
    if best:
        return [item for item in fitting if shared[item.number] == best]
    return [item for item in fitting if not _names_somebody_else(item, items, words)]


def _names_somebody_else(item: Item, items: Sequence[Item], words: frozenset[str]) -> bool:
    """Whether the file name holds another item's person: then it is not this item's document."""
    others = {w for other in items if other.person != item.person for w in _words(other.person)}
    return bool((others - _words(item.person)) & words)


def _is_statement(document: DocumentFacts, number: str, items: Sequence[Item]) -> bool:
    """A statement instead of the document: the name says statement, the item is something else."""
    item = next(i for i in items if i.number == number)
    kinds = _known_kinds(_words(document.name))
    return STATEMENT_KIND in kinds and not kinds & _kinds_of(item)


def _is_open(item: Item) -> bool:
    return item.status in {ItemStatus.OPEN, ItemStatus.REJECTED}


def _kinds_of(item: Item) -> frozenset[str]:
    own = fold(item.kind)
    known = {kind for kind, names in KINDS.items() if own == kind or own in names}
    return frozenset(known or {own})


def _known_kinds(words: frozenset[str]) -> frozenset[str]:
    return frozenset(kind for kind, names in KINDS.items() if words & set(names))


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(fold(text)) if len(word) > 2)


def fold(text: str) -> str:
    """Lower case without accents, for comparing words of different writers."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
