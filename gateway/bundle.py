"""The bundle of a request: one BagIt bag in a zip with the originals, one PDF to read, messages and receipts.

Rule 1: originals are copied byte for byte and checked against their hash; what people read is derived from them.
Rule 2: a document that cannot be shown gets a page that says so; it never loses the bundle.
Rule 3: what is infected, or what nobody could look at, is named in the contents and is not in the bundle (P4);
the whole message it came in then stays out too. So it does when it is for other requests as well (P5).
Rule 4: the same submissions, files and moment give the same bytes.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from gateway import mdto, paper, render
from gateway.bag import UNSAFE, Bag
from gateway.core import names
from gateway.core.answers import is_kept_text
from gateway.core.errors import TryLater
from gateway.core.model import StoredFile
from gateway.core.terms import AMSTERDAM
from gateway.core.words import Channel, DocumentOutcome, Reason
from gateway.mdto import Archive, Record, Represented
from gateway.paper import Place, TocLine
from gateway.ports import Blobs
from gateway.reasons import reason_text

MERGED: Final = "samengevoegd.pdf"
METADATA: Final = "metagegevens"
_KINDS: Final = {
    "json": "application/json",
    "pdf": "application/pdf",
    "tsr": "application/timestamp-reply",
    "txt": "text/plain",
    "vkey": "text/plain",
    "tlog-proof": "text/plain",
}

# Not in the clear for a caseworker: malware, and what no scanner could finish looking at (P4).
_WITHHELD: Final = frozenset({Reason.INFECTED, Reason.NOT_SCANNED, Reason.TOO_COMPLEX})
_UNDECIDED: Final = "onbeslist"
_FOLDERS: Final = {
    DocumentOutcome.NOT_REQUESTED: "overig/niet-gevraagd",
    DocumentOutcome.HELD: "overig/aangehouden",
    DocumentOutcome.REFUSED: "overig/geweigerd",
}
_CHOICE: Final = "stukken/nog-te-kiezen"
_TEXTS: Final = "stukken/wat-de-afzender-schreef"


@dataclass(frozen=True)
class BundleDocument:
    """One document of a submission, with the decision on it in the contract's words.

    `copy`: of one that was locked, the copy without password, which is read in its place.
    """

    name: str
    sha256: str
    bytes: int
    media_type: str
    outcome: str | None
    reason: str | None
    number: str | None
    copy: StoredFile | None = None


@dataclass(frozen=True)
class BundleSubmission:
    """One submission: its JSON of the contract, what was received, its documents, and its receipt package.

    `shared`: it is for other requests too; the rest of it is the share of this one.
    """

    number: str
    submission: Mapping[str, Any]
    raw: Sequence[StoredFile]
    documents: Sequence[BundleDocument]
    receipt: Mapping[str, bytes]
    shared: bool = False


@dataclass(frozen=True)
class BundleReport:
    """What is in the bundle; `contents` is the table of contents for people, as in `inhoud.txt`.

    `not_shown` are documents with a page that says why they are not in the merged PDF; `withheld` are not
    in the bundle at all.
    """

    payload_bytes: int
    payload_files: int
    pages: int
    not_shown: tuple[tuple[Place, str], ...]
    withheld: tuple[Place, ...]
    contents: str


def write_bundle(
    out: BinaryIO | Path,
    request: Mapping[str, Any],
    submissions: Sequence[BundleSubmission],
    blobs: Blobs,
    *,
    made_at: datetime,
    archive: Archive,
) -> BundleReport:
    """Write the bundle of a request (contract JSON) and say what is in it. `archive`: for its MDTO metadata.

    Raises Corrupt when a promised blob is gone or changed, TryLater when no child process could be started.
    A Path is there only when it is whole; a stream that was given may then hold a useless beginning.
    """
    if isinstance(out, Path):
        part = out.with_name(out.name + ".part")
        try:
            with part.open("wb") as file:
                report = write_bundle(file, request, submissions, blobs, made_at=made_at, archive=archive)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
        return report
    plan = _planned(request, submissions)
    with tempfile.TemporaryDirectory(prefix="herstelpost-bundle-") as scratch:
        pdf = _merged(plan, blobs, Path(scratch), made_at)
        return _written(out, plan, pdf, blobs, made_at, archive)


# ---- the plan: what goes where -------------------------------------------------------------------


@dataclass(frozen=True)
class _Filed:
    """A document and its path in the bundle; None: withheld. `copy`: the path of its copy without password."""

    place: Place
    document: BundleDocument
    path: str | None
    copy: str | None = None

    @property
    def accepted(self) -> bool:
        return self.document.outcome == DocumentOutcome.ACCEPTED and self.path is not None


@dataclass(frozen=True)
class _Plan:
    request: Mapping[str, Any]
    submissions: Sequence[BundleSubmission]
    documents: tuple[_Filed, ...]
    raw: Mapping[Place, str | None]
    copies: Mapping[str, StoredFile]

    @property
    def chapters(self) -> list[tuple[str, list[_Filed]]]:
        """The accepted documents in the order of the items, then those to be chosen, each with its heading."""
        accepted = [d for d in self.documents if d.accepted]
        chapters = [
            (f"{i['nummer']} · {i['omschrijving']}", [d for d in accepted if d.document.number == i["nummer"]])
            for i in self.request["stukken"]
        ]
        others = [d for d in accepted if d.document.number not in _items(self.request)]
        chapters.append(("Nog te kiezen", [d for d in others if not _is_text(d.document)]))
        chapters.append(("Wat de afzender schreef", [d for d in others if _is_text(d.document)]))
        return [(title, documents) for title, documents in chapters if documents]

    def of(self, number: str) -> list[_Filed]:
        return [d for d in self.documents if d.place.number == number]


def _planned(request: Mapping[str, Any], submissions: Sequence[BundleSubmission]) -> _Plan:
    # Whoever hands the submissions in another order gets the same bundle.
    ordered = sorted(submissions, key=lambda s: (s.submission["ontvangenOp"], s.number))
    taken: dict[str, set[str]] = {}
    withheld = {d.sha256 for s in ordered for d in s.documents if _withheld(d)}
    filed = []
    for submission in ordered:
        for position, document in enumerate(submission.documents):
            # The same bytes stay out wherever they came from: an older scan may have called them clean.
            place, path, copy = Place(submission.number, position), None, None
            if document.sha256 not in withheld:
                path = _path(_folder(document, request), document.name, taken)
                copy = _path(_folder(document, request), document.copy.name, taken) if document.copy else None
            filed.append(_Filed(place, document, path, copy))
    copies = {d.path: StoredFile(d.document.sha256, d.document.bytes) for d in filed if d.path is not None}
    copies |= {d.copy: d.document.copy for d in filed if d.copy is not None and d.document.copy is not None}
    raw = _raw_paths(ordered, filed, copies, taken)
    return _Plan(request, ordered, tuple(filed), raw, copies)


def _raw_paths(
    submissions: Sequence[BundleSubmission],
    filed: Sequence[_Filed],
    copies: dict[str, StoredFile],
    taken: dict[str, set[str]],
) -> dict[Place, str | None]:
    """Where each received file is; an uploaded file that is there as a document is not put in twice."""
    known = {file.sha256: path for path, file in copies.items()}
    tainted = {d.place.number for d in filed if d.path is None}
    tainted |= {submission.number for submission in submissions if submission.shared}
    paths: dict[Place, str | None] = {}
    for submission in submissions:
        for position, file in enumerate(submission.raw):
            place, path = Place(submission.number, position), known.get(file.sha256)
            if path is None and submission.number not in tainted:
                path = _path(f"inzendingen/{submission.number}", file.name or _raw_name(submission), taken)
                copies[path] = file
            paths[place] = path
    return paths


def _raw_name(submission: BundleSubmission) -> str:
    mail = submission.submission["kanaal"] in {Channel.SMTP, Channel.IMAP}
    return "bericht.eml" if mail else "bestand"


def _withheld(document: BundleDocument) -> bool:
    return document.reason in _WITHHELD or document.outcome is None


def _is_text(document: BundleDocument) -> bool:
    return is_kept_text(document.outcome, document.number, document.reason)


def _items(request: Mapping[str, Any]) -> dict[str, str]:
    return {i["nummer"]: i["soort"] for i in request["stukken"]}


def _folder(document: BundleDocument, request: Mapping[str, Any]) -> str:
    if document.outcome != DocumentOutcome.ACCEPTED:
        return _FOLDERS[DocumentOutcome(document.outcome or "")]
    kind = _items(request).get(document.number or "")
    if kind is None:
        return _TEXTS if _is_text(document) else _CHOICE
    return f"stukken/{document.number}-{_safe(kind, 'stuk').lower().replace(' ', '-')}"


def _path(folder: str, name: str, taken: dict[str, set[str]]) -> str:
    """A path no other file has; on no system, whatever it makes of case or accents."""
    return f"{folder}/{names.unique(_safe(name, 'document'), taken.setdefault(folder.casefold(), set()))}"


def _safe(name: str, fallback: str) -> str:
    return names.safe("".join("_" if c in UNSAFE else c for c in name), fallback)


# ---- the PDF to read -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Merged:
    """The merged PDF, where each document begins in it, and what could not be shown."""

    path: Path
    pages: int
    at: Mapping[Place, int] = field(default_factory=dict)
    toc: tuple[TocLine, ...] = ()
    not_shown: tuple[tuple[Place, str], ...] = ()


def _merged(plan: _Plan, blobs: Blobs, scratch: Path, made_at: datetime) -> _Merged:
    documents = [d for _, chapter in plan.chapters for d in chapter]
    originals = [_original(d, blobs) for d in documents]
    drawn = dict(zip(documents, render.draw(originals, scratch, made_at), strict=True))
    merged = _composed(plan, drawn, scratch, made_at)
    if merged is None:
        # Each alone could be shown, all together could not. Then the cover still says where everything is.
        nothing = {d: render.Drawn(None, why="merge") for d in documents}
        merged = _composed(plan, nothing, scratch, made_at)
    if merged is None:
        raise TryLater("cannot merge even pages of our own; look at the disk and the memory of this machine")
    return merged


def _original(filed: _Filed, blobs: Blobs) -> render.Original:
    document = filed.document
    read = document.copy.sha256 if document.copy else document.sha256
    blobs.open(read).close()  # raises Corrupt when it is gone
    return render.Original(blobs.path(read), document.media_type, document.name)


def _composed(plan: _Plan, drawn: Mapping[_Filed, render.Drawn], scratch: Path, made_at: datetime) -> _Merged | None:
    """The cover, then each document or the page that stands for it; None when they could not be merged."""
    import pikepdf  # noqa: PLC0415  # loaded when it is needed: each command would wait for it

    sheets = {d: _sheet(d, result, plan, scratch, made_at) for d, result in drawn.items()}
    cover = scratch / "cover.pdf"
    first = 2
    while True:
        toc, at, end = _contents(plan, drawn, first)
        cover.write_bytes(_cover(plan, toc, at, made_at))
        with pikepdf.open(cover) as pdf:
            needed = len(pdf.pages) + 1
        if needed <= first:
            break
        first = needed
    target = scratch / MERGED
    bookmarks = [TocLine("Voorblad", 1), *toc]
    title = f"Bundel {plan.request['kenmerk']}"
    if not render.merge([cover, *sheets.values()], bookmarks, title, target):
        return None
    not_shown = tuple((d.place, result.why) for d, result in drawn.items() if result.pdf is None)
    return _Merged(target, end, at, tuple(toc), not_shown)


def _contents(
    plan: _Plan, drawn: Mapping[_Filed, render.Drawn], first: int
) -> tuple[list[TocLine], dict[Place, int], int]:
    """Table of contents, first page of each document, and the last page, when documents begin on page `first`."""
    toc: list[TocLine] = []
    at: dict[Place, int] = {}
    page = first
    for title, documents in plan.chapters:
        toc.append(TocLine(paper.seen(title), page))
        for document in documents:
            toc.append(TocLine(paper.seen(document.document.name), page, 1))
            at[document.place] = page
            page += max(drawn[document].pages, 1)
    return toc, at, page - 1


def _sheet(filed: _Filed, drawn: render.Drawn, plan: _Plan, scratch: Path, made_at: datetime) -> Path:
    if drawn.pdf is not None:
        return drawn.pdf
    document = filed.document
    notice = {
        "name": document.name,
        "path": f"data/{filed.path}",
        "receipt": filed.place.number,
        "media_type": document.media_type,
        "size": document.bytes,
        "sha256": document.sha256,
        "reason": drawn.why,
    }
    path = scratch / f"notice-{filed.place.number}-{filed.place.position}.pdf"
    path.write_bytes(paper.notice_page(notice, plan.request["kenmerk"], made_at))
    return path


def _cover(plan: _Plan, toc: Sequence[TocLine], at: Mapping[Place, int], made_at: datetime) -> bytes:
    items = _items(plan.request)
    submissions = [
        {**s.submission, "stukken": [_stuk(d.document, items) | _copy(d) for d in plan.of(s.number)]}
        for s in plan.submissions
    ]
    withheld = {d.place for d in plan.documents if d.path is None}
    return paper.cover_sheet(plan.request, submissions, made_at=made_at, toc=toc, pages=at, withheld=withheld)


def _stuk(document: BundleDocument, items: Mapping[str, str]) -> dict[str, Any]:
    return {
        "naam": document.name,
        "bytes": document.bytes,
        "sha256": document.sha256,
        "mediatype": document.media_type,
        "besluit": document.outcome,
        "reden": document.reason,
        "nummer": document.number if document.number in items else None,
    }


# ---- writing -------------------------------------------------------------------------------------


def _written(
    out: BinaryIO, plan: _Plan, pdf: _Merged, blobs: Blobs, made_at: datetime, archive: Archive
) -> BundleReport:
    reference = plan.request["kenmerk"]
    contents = "\n".join(_lines(plan, pdf)) + "\n"
    with Bag(out, reference, made_at) as bag:
        bag.add_bytes("inhoud.txt", contents.encode())
        bag.add_bytes("inhoud.json", json.dumps(_json(plan, pdf, made_at), indent=1).encode())
        with pdf.path.open("rb") as file:
            bag.add(MERGED, file, pdf.path.stat().st_size)
        for path, stored in plan.copies.items():
            with blobs.open(stored.sha256) as file:
                bag.add(path, file, stored.bytes, stored.sha256)
        for submission in plan.submissions:
            for name, content in sorted(submission.receipt.items()):
                bag.add_bytes(_receipt_path(submission, name), content)
        for name, content in mdto.describe(plan.request, _records(plan), made_at, archive):
            bag.add_bytes(f"{METADATA}/{name}", content)
        bag.seal({"External-Identifier": reference, "Bag-Group-Identifier": plan.request["zaaknummer"]})
    withheld = tuple(d.place for d in plan.documents if d.path is None)
    return BundleReport(bag.payload_bytes, bag.payload_files, pdf.pages, pdf.not_shown, withheld, contents)


def _records(plan: _Plan) -> list[Record]:
    """What the bundle holds, for its archival metadata: documents, messages as received, receipts."""
    reference = plan.request["kenmerk"]
    asked = {i["nummer"]: i["omschrijving"] for i in plan.request["stukken"]}
    moments = {s.number: s.submission["ontvangenOp"] for s in plan.submissions}
    records = [
        Record(
            id=f"{reference}/{d.place.number}/{d.place.position + 1}",
            name=d.document.name or "document",
            description=asked.get(d.document.number or "", ""),
            files=_represented(d),
            received_at=moments[d.place.number],
            outcome=d.document.outcome or _UNDECIDED,
        )
        for d in plan.documents
        if d.path is not None
    ]
    for submission in plan.submissions:
        records += _received(plan, submission, records)
        receipt = tuple(
            Represented(_receipt_path(submission, name), len(content), hashlib.sha256(content).hexdigest(), _kind(name))
            for name, content in sorted(submission.receipt.items())
        )
        if receipt:
            name = f"Ontvangstbewijs {submission.number}"
            records.append(Record(f"{reference}/{submission.number}/ontvangstbewijs", name, "", receipt))
    return records


def _represented(filed: _Filed) -> tuple[Represented, ...]:
    """What came in, and the copy without password, if one was made of it."""
    document, copy = filed.document, filed.document.copy
    own = Represented(filed.path or "", document.bytes, document.sha256, document.media_type)
    return (own, Represented(filed.copy, copy.bytes, copy.sha256, copy.media_type)) if filed.copy and copy else (own,)


def _received(plan: _Plan, submission: BundleSubmission, known: Sequence[Record]) -> list[Record]:
    """What came in, where it is not there as a document already."""
    described = {file.path for record in known for file in record.files}
    raw = [(plan.raw[Place(submission.number, n)], file) for n, file in enumerate(submission.raw)]
    kind = "message/rfc822" if _raw_name(submission).endswith(".eml") else "application/octet-stream"
    return [
        Record(
            id=f"{plan.request['kenmerk']}/{submission.number}/ontvangen/{n}",
            name=f"Zoals ontvangen: {submission.number}",
            description="",
            files=(Represented(path, file.bytes, file.sha256, kind),),
            received_at=submission.submission["ontvangenOp"],
        )
        for n, (path, file) in enumerate(raw, 1)
        if path is not None and path not in described
    ]


def _kind(name: str) -> str:
    return _KINDS.get(name.rpartition(".")[2], "application/octet-stream")


def _receipt_path(submission: BundleSubmission, name: str) -> str:
    return f"ontvangstbewijzen/{submission.number}/{_safe(name, 'document')}"


def _json(plan: _Plan, pdf: _Merged, made_at: datetime) -> dict[str, Any]:
    """The contents for machines: everything the contract says of request and submissions, and where each file is."""
    return {
        "gemaaktOp": made_at.isoformat(),
        "verzoek": {key: value for key, value in plan.request.items() if key != "toegangscode"},
        "samengevoegd": {
            "pad": f"data/{MERGED}",
            "paginas": pdf.pages,
            "inhoud": [{"titel": t.title, "pagina": t.page, "niveau": t.level} for t in pdf.toc],
        },
        "inzendingen": [_submission_json(s, plan, pdf) for s in plan.submissions],
    }


def _submission_json(submission: BundleSubmission, plan: _Plan, pdf: _Merged) -> dict[str, Any]:
    not_shown = dict(pdf.not_shown)
    return {
        **submission.submission,
        "stukken": [
            {
                **_stuk(d.document, _items(plan.request)),
                "pad": d.path and f"data/{d.path}",
                "pagina": pdf.at.get(d.place),
                "nietGetoond": not_shown.get(d.place),
                **_copy(d),
            }
            for d in plan.of(submission.number)
        ],
        "ontvangen": [
            {"naam": file.name, "bytes": file.bytes, "sha256": file.sha256, "pad": path and f"data/{path}"}
            for n, file in enumerate(submission.raw)
            for path in [plan.raw[Place(submission.number, n)]]
        ],
        "ontvangstbewijs": [f"data/{_receipt_path(submission, name)}" for name in sorted(submission.receipt)],
    }


def _copy(filed: _Filed) -> dict[str, Any]:
    """Of what was locked, the copy that is read."""
    copy = filed.document.copy
    return {"zonderWachtwoord": {"pad": f"data/{filed.copy}", "sha256": copy.sha256}} if filed.copy and copy else {}


def _opened(filed: _Filed) -> Iterator[str]:
    """That it was locked, and where the copy is that can be read."""
    if filed.copy:
        yield "         binnengekomen met een wachtwoord; gelezen en beoordeeld is de kopie zonder wachtwoord:"
        yield f"         data/{filed.copy}"


def _decided(document: BundleDocument) -> str:
    """The decision and its reason in words; once when they are the same."""
    outcome = (document.outcome or _UNDECIDED).replace("_", " ")
    title = reason_text(Reason(document.reason), "nl").title if document.reason else ""
    return outcome if title.casefold() in {"", outcome} else f"{outcome} ({title})"


def _lines(plan: _Plan, pdf: _Merged) -> Iterator[str]:
    """The contents for people."""
    request = plan.request
    yield f"Bundel {request['kenmerk']}, zaak {request['zaaknummer']}"
    yield f"Alles om te lezen: data/{MERGED} ({pdf.pages} pagina's)"
    for title, documents in plan.chapters:
        yield from ("", paper.seen(title))
        for d in documents:
            yield f"  p. {pdf.at[d.place]:<4} {paper.seen(d.document.name)}"
            yield f"         data/{d.path}  ({d.place.number})"
            yield from _opened(d)
    others = [d for d in plan.documents if not d.accepted]
    if others:
        yield from ("", "Overige documenten (niet in de PDF)")
    for d in others:
        yield f"  {paper.seen(d.document.name)}: {_decided(d.document)}"
        where = f"data/{d.path}" if d.path else f"niet opgenomen; sha256 {d.document.sha256}"
        yield f"         {where}  ({d.place.number})"
        yield from _opened(d)
    yield from ("", "Inzendingen")
    for s in plan.submissions:
        late = "  na de laatste dag" if s.submission["opTijd"] is False else ""
        came = datetime.fromisoformat(s.submission["ontvangenOp"]).astimezone(AMSTERDAM)
        sender = paper.seen(s.submission["afzender"]) or s.submission["kanaal"]
        yield f"  {s.number}  {came:%d-%m-%Y %H:%M:%S}  {sender}{late}"
