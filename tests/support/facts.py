"""Facts for the tests of decisions: one ordinary submission to vary, and strategies for all others."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from gateway.core.business import Business
from gateway.core.facts import Act, ActKind, Clue, ClueKind, DocumentFacts, Facts, Match, RequestFacts, Sender
from gateway.core.match import match
from gateway.core.model import TEXT_OF_MESSAGE, Finding, Item, PartRole, Trouble, Verdict
from gateway.core.words import Channel, ItemStatus, Reason, RequestStatus

CAP = 30 * 1024 * 1024
REFERENCE = "HV-2026-000123"
OTHER = "HV-2026-000456"
ADDRESS = "a.voorbeeld@example.org"

PASSPORT = Item("1", "paspoort", "Kopie van het paspoort", "C. Voorbeeld", statement_allowed=True)
BIRTH = Item("2", "geboorteakte", "Kopie van de geboorteakte", "D. Voorbeeld", statement_allowed=True)


def document(name: str = "paspoort.pdf", seq: int = 1, **changes: Any) -> DocumentFacts:
    """A document that the scanners found clean."""
    usual = DocumentFacts(seq, PartRole.DOCUMENT, name, 48_211, f"{seq:064x}", verdict=Verdict.CLEAN)
    return replace(usual, **changes)


def named(*names: str) -> tuple[DocumentFacts, ...]:
    """Clean documents with these names."""
    return tuple(document(name, seq) for seq, name in enumerate(names, start=1))


def request(*items: Item, **changes: Any) -> RequestFacts:
    """An open request; the submission is in time for it."""
    usual = RequestFacts(
        REFERENCE, RequestStatus.OPEN, date(2026, 3, 30), on_time=True, items=items or (PASSPORT, BIRTH)
    )
    return replace(usual, **changes)


def facts(*documents: DocumentFacts, **changes: Any) -> Facts:
    """A mail from a known party to the secret address, with these documents or one passport."""
    usual = Facts(
        channel=Channel.SMTP,
        received_at=datetime(2026, 3, 30, 21, 59, 58, 123456, tzinfo=UTC),
        designated=True,
        sender=Sender(ADDRESS, (REFERENCE,), "pass"),
        match=Match(REFERENCE),
        request=request(),
        documents=documents or (document(),),
        cap_bytes=CAP,
        measured_bytes=48_211,
        clues=(Clue(ClueKind.SECRET_ADDRESS, REFERENCE),),
        answer_to=(ADDRESS,),
    )
    return replace(usual, **changes)


def untied(*clues: Clue, sender: Sender | None = None) -> Facts:
    """A mail with these clues, and what `match` makes of them."""
    who = sender or Sender(ADDRESS)
    found = match(clues, who)
    tied = tuple(request(reference=reference) for reference in found.tied)
    only = tied[0] if len(tied) == 1 else None
    return facts(clues=clues, sender=who, match=found, request=only, requests=() if only else tied)


# ---- all others ----------------------------------------------------------------------------------

REFERENCES = st.sampled_from((REFERENCE, OTHER, "HV-2026-000789"))
NAMES = st.one_of(
    st.sampled_from(
        (
            "paspoort.pdf",
            "1 paspoort Sara.pdf",
            "IMG_1234.jpg",
            "bonus.pdf",
            "verklaring.pdf",
            "stuk 2.pdf",
            "جواز سارة.pdf",
        )
    ),
    st.text(max_size=20),
)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(
        (
            "infected",
            "encrypted",
            "active_content",
            "type_refused",
            "unreadable",
            "limits",
            "suspicious",
            "repaired",
            "?",
        )
    ),
)
TEXTS = st.one_of(
    st.sampled_from(
        ("", "Graag uitstel.", "> uitstel", "Ik maak bezwaar.", "Ik kan de akte niet krijgen.", "stuk 2: IMG_1234.jpg")
    ),
    st.text(max_size=60),
)
NUMBERS = st.sampled_from(("1", "2", "2a", "11"))
CLUES = st.builds(Clue, st.sampled_from(ClueKind), REFERENCES)
SENDERS = st.builds(
    Sender,
    st.sampled_from(("", ADDRESS)),
    st.lists(REFERENCES, unique=True, max_size=2).map(tuple),
    st.sampled_from(("pass", "fail", "none")),
)
ACTS = st.builds(
    Act,
    st.sampled_from(ActKind),
    st.just("m.medewerker"),
    st.sampled_from(("", REFERENCE)),
    reason=st.none() | st.sampled_from(Reason),
    business=st.sampled_from(("", *Business)),
)
ITEMS = st.builds(
    Item,
    NUMBERS,
    st.sampled_from(("paspoort", "geboorteakte", "toestemmingsverklaring", "bewijs van inschrijving", "verklaring")),
    st.just("Kopie"),
    st.sampled_from(("", "Sara Idrissi", "Omar Idrissi", "سارة")),
    st.booleans(),
    st.booleans(),
    st.sampled_from(ItemStatus),
)
DOCUMENTS = st.builds(
    DocumentFacts,
    st.just(0),
    st.sampled_from((PartRole.DOCUMENT, PartRole.DOCUMENT, *PartRole)),
    NAMES,
    st.integers(0, CAP),
    st.just("0" * 64),
    verdict=st.sampled_from((Verdict.CLEAN, *Verdict)),
    findings=st.lists(FINDINGS, max_size=2).map(tuple),
    note=st.sampled_from(("", "", TEXT_OF_MESSAGE)),
    item=st.none() | NUMBERS,
    copy_of=st.none() | st.integers(0, 3),
)


@st.composite
def requests(draw: st.DrawFn) -> RequestFacts:
    """Any request, its item numbers all different."""
    items = draw(st.lists(ITEMS, min_size=1, max_size=4, unique_by=lambda item: item.number))
    return request(
        *items,
        reference=draw(REFERENCES),
        status=draw(st.sampled_from((RequestStatus.OPEN, *RequestStatus))),
        on_time=draw(st.sampled_from((True, True, False))),
    )


@st.composite
def all_facts(draw: st.DrawFn) -> Facts:
    """Any facts, ordinary ones not too rare; `match` and `request` need not agree."""
    documents = draw(st.lists(DOCUMENTS, max_size=4))
    clues = tuple(draw(st.lists(CLUES, max_size=3)))
    sender = draw(SENDERS)
    seldom = st.sampled_from(("", "", "", "auto-submitted", "bounce"))
    return facts(
        channel=draw(st.sampled_from(Channel)),
        designated=draw(st.sampled_from((True, True, False))),
        sender=sender,
        clues=clues,
        match=match(clues, sender),
        request=draw(st.one_of(requests(), requests(), st.none())),
        documents=tuple(replace(d, seq=seq) for seq, d in enumerate(documents)),
        measured_bytes=draw(st.sampled_from((0, 1000, CAP, CAP + 1))),
        automatic=draw(seldom),
        repeat_of=draw(st.sampled_from(("", "", "", "26-1111-2222-3333"))),
        trouble=draw(st.sampled_from((None, None, Trouble("too_complex"), Trouble("unreadable", "x")))),
        defects=draw(st.sampled_from(((), (), ("bare_cr",)))),
        text=draw(TEXTS),
        acts=tuple(draw(st.lists(ACTS, max_size=2))),
        round=draw(st.integers(0, 3)),
    )
