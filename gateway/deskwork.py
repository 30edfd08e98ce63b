"""What the desk can have done that takes several parts together: settle, pack, bundle, look after health, audit."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from gateway import bundle, mdto
from gateway.audit import Audit, audit
from gateway.blobs import FileBlobs
from gateway.clerk import LetterClerk
from gateway.core.words import Status
from gateway.database import Database
from gateway.desk import Auditing, ReceiptFiles
from gateway.handover import Handover
from gateway.integrity import Integrity
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.posting import Posting
from gateway.postroom import FAILED
from gateway.queries import Queries
from gateway.schema import dump
from gateway.vouching import Vouching
from scanners import clam

SETTLE_SECONDS = 0.05
_AT_REST = frozenset({Status.HELD, Status.DONE})


def settler(queries: Queries) -> Callable[[str, float], None]:
    def settle(number: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while queries.submission(number).status not in _AT_REST and time.monotonic() < until:
            time.sleep(SETTLE_SECONDS)

    return settle


def receipt_filer(queries: Queries, clerk: LetterClerk) -> ReceiptFiles:
    def receipt_files(number: str, reference: str | None = None) -> dict[str, bytes]:
        view = queries.share(number, reference) if reference else queries.submission(number)
        index = queries.receipt_index(number, reference)
        if index is None:
            return {}
        request = queries.request(view.verzoek) if view.verzoek else None
        receipt = queries.event(index)
        if not receipt:
            return {}  # erased: the sender has the only copy
        shown = dump(request) if request and receipt.get("verzoek") else None
        return clerk.package(index, shown, request.taal if request else "nl")

    return receipt_files


def bundler(
    queries: Queries,
    receipt_files: ReceiptFiles,
    blobs: FileBlobs,
    clock: Clock,
    handover: Handover,
    archive: mdto.Archive,
) -> Callable[[str, Path, str], str]:
    def write(reference: str, path: Path, officer: str) -> str:
        contents = handover.contents(reference)
        request = queries.request(reference)
        submissions = [
            bundle.BundleSubmission(
                number=view.ontvangstnummer,
                submission=dump(view),
                raw=queries.raw_files(view.ontvangstnummer),
                documents=tuple(
                    bundle.BundleDocument(
                        d.name, d.sha256, d.bytes, d.media_type, d.outcome, d.reason, d.number, d.copy
                    )
                    for d in queries.documents(reference)
                    if d.submission == view.ontvangstnummer
                ),
                receipt=receipt_files(view.ontvangstnummer, reference),
                shared=len(queries.submission(view.ontvangstnummer).verzoeken) > 1,
            )
            for view in queries.submissions(request=reference)
            if view.ontvangstnummer in contents  # what nobody looked at yet does not leave the house (P4)
        ]
        bundle.write_bundle(path, dump(request), submissions, blobs, made_at=clock.now(), archive=archive)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        handover.taken_out(reference, sha256, contents, officer)
        return sha256

    return write


def health_of(
    queries: Queries, posting: Posting, scanner: clam.Clam, integrity: Integrity
) -> Callable[[], dict[str, str]]:
    def health() -> dict[str, str]:
        checked = integrity.last()
        failed = queries.letter_sums().get(FAILED, 0)
        late = posting.late()
        return {
            "scanner": "goed" if scanner.canary().ok else "ziet niets",
            "brieven": f"{failed} niet bezorgd" if failed else "goed",
            "logboek": "goed" if checked is None or checked.ok else f"klopt niet: {checked.first}",
            "kennisgevingen": f"{late} te laat" if late else "goed",
        }

    return health


def auditor(database: Database, blobs: FileBlobs, ledger: Ledger, vouching: Vouching) -> Auditing:
    """What we find ourselves, and what the witnesses say against it."""

    def check(content: bool, outside: Sequence[str] = ()) -> Audit:  # noqa: FBT001  # the desk's callable
        roots, others = vouching.tsa_roots, ledger.vkeys
        found = audit(database, blobs, ledger.vkey, content=content, others=others, tsa_roots=roots, outside=outside)
        return replace(found, problems=(*found.problems, *vouching.problems()))

    return check
