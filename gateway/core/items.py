"""Which requested item a document answers.

Strongest first: the sender or a person said so; an item number in the file name or beside it in the text;
a kind (and a person) that only one item can mean; one open item and one document left. Else the document is
taken for the request and the choice is asked. Nothing is dropped here: "not asked for" only sorts (Awb 2:13, 2:16).

Rule 1: a number loses against words that plainly name another item: senders number their own files.
Rule 2: a statement is never taken for the document it explains the lack of (Awb 4:2 lid 2).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.core.facts import DocumentFacts
from gateway.core.model import Item
from gateway.core.words import ItemStatus

STATEMENT_KIND: Final = "verklaring"
WAITING: Final = frozenset({ItemStatus.OPEN, ItemStatus.REJECTED})
"""An item in one of these states waits for a document."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "paspoort": ("paspoort", "passport", "passeport", "pasaport", "pasaporte", "reisepass", "جواز"),
    "identiteitskaart": ("identiteitskaart", "identiteitsbewijs", "idkaart", "idcard", "idbewijs", "taskera"),
    "huwelijksakte": ("huwelijksakte", "trouwakte", "trouwboekje", "marriage", "mariage", "nikah"),
    "geboorteakte": ("geboorteakte", "geboortebewijs", "birth", "naissance"),
    "overlijdensakte": ("overlijdensakte", "death"),
    "voogdijakte": ("voogdij", "voogdijakte", "custody", "guardianship", "pleegouder"),
    "toestemmingsverklaring": ("toestemmingsverklaring", "toestemming", "consent"),
    "afhankelijkheid": ("afhankelijkheid", "afhankelijkheidsverklaring", "dependency"),
    "loonstrook": ("loonstrook", "loonstroken", "loonstrookje", "salarisstrook", "salarisstroken", "payslip"),
    "arbeidscontract": ("arbeidscontract", "arbeidsovereenkomst", "contract"),
    "bankafschrift": ("bankafschrift", "bankstatement", "statementofaccount"),
    "diploma": ("diploma", "degree"),
    "foto": ("pasfoto", "photo"),
    "bonus": ("bonus", "bonuskaart"),
    "factuur": ("factuur", "facturen", "invoice", "rekening"),
    STATEMENT_KIND: ("verklaring", "declaration", "statement", "toelichting", "explanation", "waarom", "geen"),
}
"""Words in a file name that plainly name a kind, in the languages senders use."""

_DECLARATIONS: Final = frozenset(
    kind for kind, names in KINDS.items() if any(name.endswith(STATEMENT_KIND) for name in names)
)
"""Kinds that are themselves declarations: whoever sends one explains nothing away."""

_ENDINGS: Final = ("", "s", "n", "en")
_KIND_OF: Final = {name + end: kind for kind, names in KINDS.items() for name in names for end in _ENDINGS}

_PARTICLES: Final = frozenset(
    {"van", "der", "den", "ter", "ten", "het", "een", "voor", "met", "von", "the", "for", "and", "bin", "bint", "ibn"}
    | {"abu", "abd", "de", "te", "of", "en", "al", "el", "la", "le", "du", "da", "di", "do"}
)
"""Words that names share with sentences: "paspoort van Sara" says nothing about somebody called Van Dijk."""

_MONTH: Final = (
    r"(?:(?:januari|januar[iy]|februari|february|maart|march|mars|april|mei|juni?e?|juli|july|augustus|august|september"
    r"|oktober|october|november|december|janvier|fevrier|avril|mai|juin|juillet|aout|octobre|novembre|decembre)\b"
    r"|(?:jan|feb|mrt|mar|apr|may|jun|jul|aug|sept?|okt|oct|nov|dec)\b\W*\d)"
)
# A date is not an item number: neither 01-03-2024 nor 1 maart; but Jan is somebody's name too.
_LEADING_NUMBER = re.compile(rf"^\s*0?(\d{{1,2}}[a-z]?)[\s._)\-]+(?!\d|{_MONTH})")
_NUMBER_ALONE = re.compile(r"^\W*0?(\d{1,2}[a-z]?)\W*$")
# "document 1" is what word processors call a new file; it names no item.
_NAMED_NUMBER = re.compile(
    r"(?<![^\W_])(?:stuk|item|nummer|nr|bijlage|onderdeel)[\s._:\-]*0?(\d{1,2}[a-z]?)(?![a-z0-9]|[./\-]\d)"
)
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CLAUSE = re.compile(r"[,;]|\b(?:en|and)\b", re.IGNORECASE)
_OTHER_LATIN: Final = str.maketrans(
    {"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th"}
)

_SHORTEST_NAME_IN_TEXT = 5


@dataclass(frozen=True)
class Assignment:
    """`number` is the item; None with `requested` means: for this request, the item is to be chosen.

    `statement`: it explains why a document cannot be had; `allowed`: the request said that this is enough.
    """

    number: str | None
    requested: bool = True
    statement: bool = False
    allowed: bool = True


@dataclass(frozen=True)
class Named:
    """What the words of a file name say: the telling words themselves, and the kinds they name."""

    words: frozenset[str]
    kinds: frozenset[str]


def assign(documents: Sequence[DocumentFacts], items: Sequence[Item], text: str = "") -> dict[int, Assignment]:
    """For each document (by `seq`) the item it answers. `text`: what the sender wrote beside them."""
    found: dict[int, Item] = {}
    names = {document.seq: read_name(document.name) for document in documents}
    for document in documents:
        if item := _said(document, items) or _numbered(document, names[document.seq], items, text):
            found[document.seq] = item
    while newly := _unambiguous({s: n for s, n in names.items() if s not in found}, items, _left(items, found)):
        found |= newly
    taken = {seq: _taken(item, names[seq]) for seq, item in found.items()}
    return taken | _rest({s: n for s, n in names.items() if s not in found}, items, _left(items, found))


def _left(items: Sequence[Item], found: Mapping[int, Item]) -> list[Item]:
    """The items that still wait for a document."""
    answered = {item.number for item in found.values()}
    return [i for i in items if i.status in WAITING and i.number not in answered]


def _taken(item: Item, name: Named) -> Assignment:
    statement = STATEMENT_KIND in name.kinds and not _kinds_of(item) & _DECLARATIONS
    return Assignment(item.number, statement=statement, allowed=item.statement_allowed or not statement)


# ---- what somebody said, and numbers ---------------------------------------------------------------


def _said(document: DocumentFacts, items: Sequence[Item]) -> Item | None:
    return _of_number(document.item, items) if document.item is not None else None


def _numbered(document: DocumentFacts, name: Named, items: Sequence[Item], text: str) -> Item | None:
    """The item whose number stands in the file name, or else in the same clause of the text."""
    places = [
        (document.name, _NAMED_NUMBER),
        (document.name, _LEADING_NUMBER),
        *((c, pattern) for c in clauses_about(document.name, text) for pattern in (_NAMED_NUMBER, _NUMBER_ALONE)),
    ]
    for place, pattern in places:
        seen = pattern.search(fold(place))
        item = _of_number(seen[1], items) if seen else None
        if item is not None and not _contradicts(name, item, items):
            return item
    return None


def _of_number(number: str, items: Sequence[Item]) -> Item | None:
    return next((item for item in items if item.number.lower() == number.lower()), None)


def clauses_about(name: str, text: str) -> Iterator[str]:
    """The clauses that hold the file name and nothing of its neighbours."""
    if len(name) < _SHORTEST_NAME_IN_TEXT or name not in text:
        return
    whole = re.compile(rf"(?<![\w.\-]){re.escape(name)}(?![\w\-])")
    for line in text.splitlines():
        yield from (clause.replace(name, " ") for clause in _CLAUSE.split(line) if whole.search(clause))


# ---- kinds and persons -----------------------------------------------------------------------------


def _unambiguous(names: Mapping[int, Named], items: Sequence[Item], left: Sequence[Item]) -> dict[int, Item]:
    """The documents of the first item that some name can only mean; what was ambiguous may then be so no more."""
    for name in names.values():
        if item := _by_kind(name, items, left):
            return {s: item for s, n in names.items() if _by_kind(n, items, left) == item}
    return {}


def _by_kind(name: Named, items: Sequence[Item], left: Sequence[Item]) -> Item | None:
    fitting = _of_person([item for item in items if fits(name, item)], items, name)
    still_open = [item for item in fitting if item in left]
    chosen = fitting if len(fitting) == 1 else still_open
    return chosen[0] if len(chosen) == 1 else None


def _of_person(fitting: Sequence[Item], items: Sequence[Item], name: Named) -> Sequence[Item]:
    """The items of the person whom the file name names best; without a name, those of nobody else."""
    shared = {item.number: len(_person(item) & name.words) for item in fitting}
    best = max(shared.values(), default=0)
    if best:
        return [item for item in fitting if shared[item.number] == best]
    return [item for item in fitting if not _names_somebody_else(item, items, name)]


def _names_somebody_else(item: Item, items: Sequence[Item], name: Named) -> bool:
    """Whether the file name holds another item's person: then it is not this person's document."""
    own = _person(item)
    others = frozenset(word for other in items for word in _person(other)) - own
    return bool(own and others & name.words and not own & name.words)


def _contradicts(name: Named, item: Item, items: Sequence[Item]) -> bool:
    """Whether the words plainly name another item than this one."""
    another_kind = not fits(name, item) and any(fits(name, other) for other in items)
    return another_kind or _names_somebody_else(item, items, name)


def fits(name: Named, item: Item) -> bool:
    """Whether the words name the kind of this item."""
    own = words_of(item.kind)
    return bool(name.kinds & _kinds_of(item)) or bool(own and own <= name.words)


def _kinds_of(item: Item) -> frozenset[str]:
    return read_name(item.kind).kinds


def _person(item: Item) -> frozenset[str]:
    return words_of(item.person)


# ---- what is left over -----------------------------------------------------------------------------


def _rest(names: Mapping[int, Named], items: Sequence[Item], left: Sequence[Item]) -> dict[int, Assignment]:
    """What is left over: one open item takes one document; several need a choice."""
    rest = {seq: _leftover(name, items, left) for seq, name in names.items()}
    undecided = [seq for seq, assignment in rest.items() if assignment.requested]
    if len(left) == 1 and len(undecided) == 1 and not _contradicts(names[undecided[0]], left[0], items):
        rest[undecided[0]] = _taken(left[0], names[undecided[0]])
    return rest


def _leftover(name: Named, items: Sequence[Item], left: Sequence[Item]) -> Assignment:
    if STATEMENT_KIND in name.kinds and left:
        return Assignment(None, statement=True, allowed=any(i.statement_allowed for i in left))
    foreign = bool(name.kinds) and not any(fits(name, item) for item in items)
    return Assignment(None, requested=bool(left) and not foreign)


# ---- words -----------------------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def read_name(text: str) -> Named:
    """The words of a text, and the kinds that a word, or two or three words written apart, name."""
    row = _WORD.findall(fold(_HUMP.sub(" ", text)))
    apart = ["".join(row[at : at + size]) for size in (2, 3) for at in range(len(row) - size + 1)]
    kinds = {_KIND_OF[word] for word in (*row, *apart) if word in _KIND_OF}
    # A bank statement is no statement, and "geboorte akte" is one word that was written as two.
    if any(_KIND_OF.get(word) == "bankafschrift" for word in apart):
        kinds.discard(STATEMENT_KIND)
    return Named(words_of(text), frozenset(kinds))


@lru_cache(maxsize=2048)
def words_of(text: str) -> frozenset[str]:
    """The telling words of a text, folded: no initials, no particles; both `SaraAli` and `Sara Ali` name Sara."""
    words = {*_WORD.findall(fold(text)), *_WORD.findall(fold(_HUMP.sub(" ", text)))}
    return frozenset(word for word in words - _PARTICLES if len(word) > 1)


def fold(text: str) -> str:
    """Lower case without accents, invisible characters or digits of other scripts, for comparing words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_OTHER_LATIN))
    return "".join(_plain(c) for c in decomposed)


def _plain(character: str) -> str:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return ""
    return str(unicodedata.decimal(character)) if character.isdecimal() else character
