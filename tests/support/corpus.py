"""Every mail and document of the shared corpus, walked through a whole house up to its decision; run as a program.

`python -m tests.support.corpus CORPUS SOCKET DATA_DIR` prints one JSON line a file: what was decided; and at the end a
line with the most memory that this process, the gateway, ever had. A child gets ten seconds of the processor, so that
what takes more is told as such, however busy the machine.
"""

import csv
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gateway import app, walk
from gateway.core.model import Arrival, Envelope, PartRole, StoredFile
from gateway.core.words import Channel
from gateway.schema import VerzoekNieuw
from tests.support import storage

MAILS: Final = ("mime/", "mime-own/")
DOCUMENTS: Final = ("docs/", "docs-real/", "scans/")
MAX_SECONDS: Final = 10
_AT_ONCE: Final = 3
_ITEMS: Final = [
    {"nummer": str(number), "soort": kind, "omschrijving": kind, "verklaringToegestaan": True}
    for number, kind in enumerate(
        # What the files of the corpus are called after; and letters, which none of them is, so that some always wait.
        ["paspoort", "huwelijksakte", "geboorteakte", "loonstrook", "arbeidscontract", "factuur", "brief", "brief"],
        1,
    )
]
_STEPS: Final = 4  # read, scan, match, decide: letters are not what is asked here


def rows(corpus: Path) -> Iterator[dict[str, str]]:
    """The rows of the index."""
    with (corpus / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def decided(house: app.House, request: VerzoekNieuw, file: Path, row: dict[str, str]) -> dict[str, Any]:
    """What the house decides on one file: sent to the secret address of a request, or handed in for it."""
    number = _handed_in(house, request, file, row)
    for _ in range(_STEPS):
        walk.advance(house.ports, number)
    why = house.desk.queries.why(number)
    facts = why.facts
    return {
        "path": row["path"],
        "outcome": why.outcome,
        "rule": why.rule,
        "reasons": why.reasons,
        "detail": why.detail,
        "findings": [f.detail for d in facts.documents for f in d.findings] if facts else [],
        "documents": [[d.name, d.note] for d in facts.documents if d.role is PartRole.DOCUMENT] if facts else [],
        "ignored": [[p.name, p.note] for p in house.desk.queries.ignored(number)],
    }


def _handed_in(house: app.House, request: VerzoekNieuw, file: Path, row: dict[str, str]) -> str:
    now = house.ports.clock.now()

    def arrival(files: tuple[StoredFile, ...]) -> Arrival:
        if row["path"].startswith(MAILS):
            sender = "" if "null sender" in row["reason"] else storage.APPLICANT
            envelope = Envelope(sender, (request.mailadres,), "192.0.2.1", "mx")
            return Arrival(Channel.SMTP, now, files, f"smtp:{file}", envelope)
        (stored,) = files
        named = replace(stored, name=file.name, media_type="application/octet-stream")
        return Arrival(Channel.PORTAL, now, (named,), f"portal:{file}", request=request.kenmerk)

    spool = house.ports.store.spool()
    try:
        spool.write(file.read_bytes())
        return walk.accept([spool], arrival, house.ports).number
    finally:
        spool.drop()


def main(corpus: Path, socket: Path, data: Path) -> None:
    """Print what becomes of each file, and the memory it took."""
    chosen = [row for row in rows(corpus) if row["path"].startswith((*MAILS, *DOCUMENTS))]
    once = list({row["sha256"]: row for row in chosen}.values())  # the same bytes again would be a repeat
    with (
        storage.built(data, socket, limits={"child_cpu_seconds": MAX_SECONDS}) as house,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        request = storage.open_request(house.desk.requests, stukken=_ITEMS)
        found = pool.map(lambda row: decided(house, request, corpus / row["path"], row), once)
        by_content = {row["sha256"]: what for row, what in zip(once, found, strict=True)}
    for row in chosen:
        print(json.dumps(by_content[row["sha256"]] | {"path": row["path"]}))  # noqa: T201 -- a program
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"peak_kb": int(peak)}))  # noqa: T201 -- a program


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:4]))
