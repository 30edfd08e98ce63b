"""Documents on the screens for staff: what they are, what the scanner said, whether they may leave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core import names
from gateway.core.facts import DocumentFacts
from gateway.core.model import Part, PartRole, Verdict
from gateway.desk import Desk
from gateway.schema import Inzending, InzendingStuk


@dataclass(frozen=True)
class Paper:
    """A document with what the scanner said of it. `place`: counted from 1 within its submission.

    `inside`: the containers that it came out of, from the outside in, and its folder in the last one. `facts`: of one
    that was opened with its password, those of the copy too. `openable`: somebody may give its password now.
    """

    submission: Inzending
    place: int
    document: InzendingStuk
    facts: DocumentFacts | None
    drawable: bool
    inside: tuple[str, ...]
    freed: bool = False
    openable: bool = False

    @property
    def readable(self) -> str:
        """The SHA-256 of what is read: the copy without password, or the document itself."""
        return self.document.zonderWachtwoord or self.document.sha256

    @property
    def may_be_viewed(self) -> bool:
        """Whether it has a copy for viewing, and may be seen at all."""
        return self.drawable and self.may_leave

    @property
    def may_leave(self) -> bool:
        """Whether somebody may download it: only what was found clean, or two people let out of quarantine (P4)."""
        if self.facts is None:
            return False
        if self.freed:
            return self.facts.verdict in {Verdict.CLEAN, Verdict.INFECTED}
        if self.facts.verdict is not Verdict.CLEAN:
            return False
        return not any(finding.code == "infected" for finding in self.facts.findings)


def papers_for(desk: Desk, number: str, reference: str) -> list[Paper]:
    """The papers of a submission that are this request's."""
    whole = desk.queries.submission(number)
    return [p for p in papers(desk, whole) if p.document.verzoek == reference or not whole.verzoeken]


def papers(desk: Desk, submission: Inzending) -> list[Paper]:
    """The papers of a whole submission."""
    parts = {part.seq: part for part in desk.store.load(submission.ontvangstnummer).parts}
    openable = desk.unlocking.openable(submission.ontvangstnummer)
    facts = desk.queries.why(submission.ontvangstnummer).facts
    seen = [d for d in facts.documents if d.role is PartRole.DOCUMENT] if facts else []
    by_place: Iterable[DocumentFacts | None] = (
        seen if len(seen) == len(submission.stukken) else [None] * len(submission.stukken)
    )
    return [
        Paper(
            submission,
            place,
            document,
            facts.as_opened(known) if facts and known and known.sha256 == document.sha256 else None,
            desk.views.has(document.mediatype),
            _inside(parts, known.seq) if known else (),
            freed=facts is not None and (document.zonderWachtwoord or document.sha256) in facts.freed,
            openable=document.sha256 in openable,
        )
        for place, (document, known) in enumerate(zip(submission.stukken, by_place, strict=True), 1)
    ]


def _inside(parts: Mapping[int, Part], seq: int) -> tuple[str, ...]:
    found: list[str] = []
    part = parts.get(seq)
    while part is not None and part.parent is not None:
        outer = parts.get(part.parent)
        if outer is None or outer.role not in {PartRole.CONTAINER, PartRole.DOCUMENT}:
            break
        *folders, _name = part.original_name.replace("\\", "/").split("/")
        shown = [names.safe(folder, "") for folder in folders]
        found = [outer.name, *filter(None, shown), *found]
        part = outer
    return tuple(found)
