"""Every mail and document of the shared corpus through the real reader and the real inspector.

Skipped where the corpus is not laid out beside the repository. A table of what became of it is printed
(`pytest -s`); where ours differs from the index on purpose, the reason stands here.
"""

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.core.model import Inspection, Part, PartRole, Reading, Verdict
from mail.read import Reader, path_of
from scanners import clam
from scanners.inspect import Inspector

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not (CORPUS / "INDEX.tsv").is_file(), reason="no corpus beside the repository")

AGAINST = frozenset({"infected", "encrypted", "active_content", "unreadable", "type_refused", "limits", "suspicious"})

ACCEPTED_BY_INDEX_NOT_BY_US = {
    "docs-real/tika/testHEIC_livePhoto.heic": "holds no picture: its image data was taken out",
}

HELD_BY_INDEX_CLEAN_TO_US = {
    "docs-real/rarfile/rar5-crc.rar": "rar is opened",
    "docs-real/rarfile/rar5-evil-symlink-traversal.rar": "the link is ignored, and listed",
    "docs-real/sample-files/with-attachment.pdf": "what it carries is a document of its own",
    "docs-real/msg-extractor/strangeDate.msg": "a saved message without attachments",
    "docs-real/pikepdf/cyclic-toc.pdf": "opens after repair; only its outline goes round",
    "docs-real/tika/testMSG.msg": "a saved message without attachments",
    "docs-real/tika/testODTEmbedded.odt": "holds a picture, and nothing else",
    "docs-real/tika/testMSG_att_doc.msg": "opened: its files are the documents",
    "docs-real/tnefparse/long-filename.tnef": "opened: its files are the documents",
    "docs-real/tnefparse/two-files.tnef": "opened: its files are the documents",
    "docs-real/tnefparse/umlaut.tnef": "opened: its files are the documents",
    "docs/archive/drie-loonstroken.zip": "archives are opened: three documents",
    "docs/archive/dubbele-namen.zip": "both are seen, under two names",
    "docs/archive/genest-2.zip": "archives are opened",
    "docs/archive/paspoort.7z": "7z is opened",
    "docs/archive/paspoort.pdf.gz": "a compressed file is opened",
    "docs/archive/paspoort.pdf.xz": "a compressed file is opened",
    "docs/archive/symlink.zip": "the link is ignored, and listed",
    "docs/archive/traversal.tar.gz": "nothing is written under a name from inside; links and devices are listed",
    "docs/archive/zip-en-pdf.zip": "opened as what it says it is; the document in it is scanned by itself",
    "docs/archive/zipslip.zip": "nothing is written under a name from inside",
    "docs/image/bewegend.gif": "has one picture only",
    "docs/mail/eml-in-eml.eml": "mails are opened",
    "docs/mail/met-bijlage.eml": "mails are opened",
    "docs/mail/smime-ondoorzichtig.eml": "the signed envelope is opened, and the signature fits",
    "docs/pdf/ingesloten-bestand.pdf": "what it carries is a document of its own",
    "docs/pdf/portfolio-3-stukken.pdf": "the three that it carries are documents of their own, beside the cover",
    "docs/polyglot/zip-en-pdf.zip": "opened as what it says it is; the document in it is scanned by itself",
    "docs/text/ebcdic.txt": "ten bytes that are text in some alphabet",
}


@dataclass(frozen=True)
class Seen:
    """One row of the index and what we made of the file."""

    path: str
    decision: str
    reason: str
    reading: Reading
    inspections: tuple[Inspection, ...]

    @property
    def documents(self) -> Sequence[tuple[Part, Inspection]]:
        pairs = zip(self.reading.parts, self.inspections, strict=True)
        return [(p, i) for p, i in pairs if p.role is PartRole.DOCUMENT]

    @property
    def outcome(self) -> str:
        """What it comes to for the bytes alone: `clean`, `automatic`, `no document`, or what stands against it."""
        message = self.reading.message
        if self.reading.trouble:
            return self.reading.trouble.code
        if message and message.automatic:
            return "automatic"
        if message and message.defects:
            return "defect"
        codes = {f.code for _, i in self.documents for f in i.findings} & AGAINST
        if codes or any(i.verdict is not Verdict.CLEAN for _, i in self.documents):
            return "finding"
        return "clean" if self.documents else "no document"


def rows() -> Iterator[dict[str, str]]:
    with (CORPUS / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["path"].startswith(("mime", "docs", "scans")):
                yield row


def look(row: dict[str, str], inspector: Inspector) -> Seen:
    file = CORPUS / row["path"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        if row["path"].startswith("mime"):
            reading = Reader().read_message(file, out)
        else:
            reading = Reader().read_file(file, file.name, "application/octet-stream", out)
        inspections = inspector.inspect([(path_of(out, part), part) for part in reading.parts])
    return Seen(row["path"], row["decision"], row["reason"], reading, inspections)


@pytest.fixture(scope="module")
def seen(clamd_socket: Path) -> dict[str, Seen]:
    inspector = Inspector(clam.Clam(f"unix:{clamd_socket}", 2**20))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        all_seen = list(pool.map(lambda row: look(row, inspector), rows()))
    return {one.path: one for one in all_seen}


def test_every_file_ends_in_a_state(seen):
    assert len(seen) == len(list(rows()))
    broken = {
        s.path: s.reading.trouble for s in seen.values() if s.reading.trouble and "broke" in s.reading.trouble.detail
    }
    assert not broken, "held, but only because our own code threw"
    table = Counter((s.decision, s.outcome) for s in seen.values())
    for (decision, outcome), count in sorted(table.items()):
        print(f"{count:5}  {decision:14} {outcome}")  # noqa: T201 -- the table is for people


def test_no_document_of_an_accepted_mail_vanishes(seen):
    """Where the index counts documents, each is one here, or listed as a picture the text shows."""
    lost = {}
    for one in seen.values():
        announced = one.reason.startswith("one document") or "document(s)" in one.reason
        decoration = [p for p in one.reading.parts if p.note == "embedded in the text"]
        if one.decision == "accept" and announced and not (one.documents or decoration):
            lost[one.path] = one.reason
    assert not lost


def test_what_the_index_accepts_is_clean(seen):
    against = {
        one.path: [(p.name, f) for p, i in one.documents for f in i.findings if f.code in AGAINST]
        for one in seen.values()
        if one.decision == "accept" and one.path.startswith(("docs", "scans")) and one.outcome != "clean"
    }
    assert set(against) == set(ACCEPTED_BY_INDEX_NOT_BY_US)


def test_no_document_that_must_be_held_or_refused_comes_out_clean(seen):
    """Infected, encrypted, macros, broken, bombs: all of them but those whose reason stands above."""
    clean = {
        one.path
        for one in seen.values()
        if one.path.startswith("docs") and "accept" not in one.decision and one.outcome == "clean"
    }
    assert clean <= set(HELD_BY_INDEX_CLEAN_TO_US)


def test_no_ambiguous_or_hostile_mail_comes_out_clean(seen):
    """What the index holds for the structure of the mail itself is a defect, trouble, or has no document."""
    words = ("ambiguous", "malformed", "parsers differ", "limit", "message/partial", "encrypted", "cannot be decoded")
    clean = {
        one.path
        for one in seen.values()
        if one.path.startswith("mime") and one.decision in {"hold", "hold/refuse"} and one.outcome == "clean"
        if any(word in one.reason for word in words)
    }
    assert clean <= {
        "mime-own/from-group.eml",
        # One part with a name that is there for everybody; the index holds it for a defect of its text.
        "mime/mail-ruby/raw_email_with_binary_encoded.eml",
    }


def test_machines_are_recognised(seen):
    """All that the index calls automatic, but the one that needs the envelope to be told."""
    missed = {
        one.path
        for one in seen.values()
        if "automatic (" in one.reason or one.reason.startswith("automatic:")
        if one.reading.message and not one.reading.message.automatic
    }
    assert not missed
