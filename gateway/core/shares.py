"""Of a submission for several requests: which document is for which of them.

Rule 1: a document is for a request when somebody chose that, or it was decided before; or when the request's
reference stands in the file name or beside it in the text; or when it names a kind that this request alone asks
for, and still waits for.
Rule 2: and only if nothing points elsewhere: another reference, another kind, the name of another request's people.
Rule 3: what could be for several or for none is nobody's share: a person looks. One client's passport in the file
of another is the leak that all of this is there to prevent (P5).
"""

import re
from collections import Counter
from collections.abc import Sequence

from gateway.core.facts import DocumentFacts, Facts, RequestFacts
from gateway.core.items import WAITING, Named, clauses_about, fits, read_name, words_of
from gateway.core.model import Item


def shares(facts: Facts, text: str) -> dict[int, RequestFacts]:
    """The request of each document (by `seq`); nobody can tell of those that are left out. `text`: the sender's own.

    Of a submission for one request all documents are its share.
    """
    if facts.request is not None:
        return {document.seq: facts.request for document in facts.documents}
    times = Counter(document.name for document in facts.documents)
    found: dict[int, RequestFacts] = {}
    for document in facts.documents:
        # What is written about a name that two documents have is said of neither.
        about = clauses_about(document.name, text) if times[document.name] == 1 else ()
        request = _chosen(document, facts.requests) if document.request else _told(document, (*about,), facts)
        if request is not None:
            found[document.seq] = request
    return found


def _chosen(document: DocumentFacts, requests: Sequence[RequestFacts]) -> RequestFacts | None:
    return next((request for request in requests if request.reference == document.request), None)


def _told(document: DocumentFacts, about: Sequence[str], facts: Facts) -> RequestFacts | None:
    """The request that its name, and the words beside it, can only mean."""
    name = read_name(document.name)
    asking = [request for request in facts.requests if any(fits(name, item) for item in request.items)]
    for_all = [request for request in facts.requests if request.reference in facts.match.open_to_all]
    likely = [r for r in facts.requests if any(_mentions(words, r.reference) for words in (document.name, *about))]
    if not likely:
        likely = for_all if len(for_all) == 1 else _waiting_for(name, facts.requests)
    if len(likely) != 1 or likely[0] not in for_all:
        return None
    points_elsewhere = (asking and likely[0] not in asking) or _names_people_of_others(name, likely[0], facts.requests)
    return None if points_elsewhere else likely[0]


def _mentions(words: str, reference: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z0-9]){re.escape(reference)}(?![A-Za-z0-9])", words, re.IGNORECASE))


def _waiting_for(name: Named, requests: Sequence[RequestFacts]) -> list[RequestFacts]:
    """The one request that asks for what the name says, if it waits for it; else all that may have been meant."""
    best = max((len(_person(i) & name.words) for r in requests for i in r.items if fits(name, i)), default=0)
    possible = {r.reference: [i for i in r.items if fits(name, i) and _may_be(i, name, best)] for r in requests}
    asking = [r for r in requests if possible[r.reference]]
    if len(asking) == 1 and not any(item.status in WAITING for item in possible[asking[0].reference]):
        return []
    return asking


def _may_be(item: Item, name: Named, best: int) -> bool:
    """Whether it can be this person's, when the name shares at most `best` words with anybody of that kind."""
    person = _person(item)
    return not person or len(person & name.words) == best


def _names_people_of_others(name: Named, request: RequestFacts, requests: Sequence[RequestFacts]) -> bool:
    others = frozenset(word for other in requests for word in _people(other)) - _people(request)
    return bool(others & name.words)


def _people(request: RequestFacts) -> frozenset[str]:
    named = (*request.people, *(item.person for item in request.items))
    return frozenset(word for person in named for word in words_of(person))


def _person(item: Item) -> frozenset[str]:
    return words_of(item.person)
