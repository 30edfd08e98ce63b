"""Genuine receipts of many sizes out of one log in memory, and one bit of them turned over."""

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import rfc8785

from gateway import notes
from gateway.core import merkle
from tests.support.packages import ORIGIN, SIGNER

RECEIPT: Final = "receipt.json"
PROOF: Final = "receipt.tlog-proof"
VKEYS: Final = "log.vkey"
DOCUMENT: Final = "document.pdf"
# What a forger would change; the checkpoint is the second half of the proof file.
TARGETS: Final = ("document", "receipt", "proof", "checkpoint")
_FILE_OF: Final = {"document": DOCUMENT, "receipt": RECEIPT, "proof": PROOF, "checkpoint": PROOF}


@dataclass(frozen=True)
class Genuine:
    """A receipt as its sender has it, with one of the documents it names: the content of files by name."""

    files: Mapping[str, bytes]
    index: int
    size: int

    def write(self, directory: Path) -> Path:
        """The directory, made if need be, with these files in it."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (directory / name).write_bytes(content)
        return directory


@dataclass(frozen=True)
class Flip:
    """One bit: which target, in which file, and where in that file (from 0)."""

    target: str
    name: str
    bit: int

    def of(self, content: bytes) -> bytes:
        """The content with the bit turned over."""
        byte, bit = divmod(self.bit, 8)
        return content[:byte] + bytes([content[byte] ^ 1 << bit]) + content[byte + 1 :]


def genuine(count: int, seed: int = 4) -> Iterator[Genuine]:
    """`count` receipts, each in a log of another size from 1 up, at a place drawn at random.

    The log is `count` entries long; a receipt is proved under a head of every size in turn, so all shapes of
    the tree come by.
    """
    draw = random.Random(seed)
    nodes: dict[tuple[int, int], bytes] = {}
    receipts: list[tuple[bytes, bytes, bytes]] = []

    def get(level: int, place: int) -> bytes:
        return nodes[level, place]

    for size in range(1, count + 1):
        made = _receipt(draw, size - 1)
        receipts.append(made)
        nodes |= merkle.append(get, size - 1, merkle.commit(made[1], made[0]))
        index = draw.randrange(size)
        receipt, salt, document = receipts[index]
        note = notes.sign_note(notes.checkpoint_text(ORIGIN, size, merkle.root(get, size)), SIGNER)
        proof = notes.tlog_proof(index, merkle.inclusion_proof(get, index, size), note, salt)
        files = {RECEIPT: receipt, PROOF: proof.encode(), VKEYS: f"{SIGNER.vkey}\n".encode(), DOCUMENT: document}
        yield Genuine(files, index, size)


def _receipt(draw: random.Random, index: int) -> tuple[bytes, bytes, bytes]:
    """A receipt, its salt, and one of the documents in it."""
    documents = [draw.randbytes(draw.randrange(1, 200)) for _ in range(draw.randrange(1, 4))]
    event = {
        "ontvangstnummer": f"26-{draw.randrange(16**11):011X}",
        "ontvangenOp": f"2026-03-{draw.randrange(1, 32):02}T21:59:58.123456Z",
        "gebeurtenis": "SubmissionReceipt",
        "tijd": "2026-04-01T00:00:00.000000Z",
        "afzender": draw.choice(["a.voorbeeld@example.org", 'met "aanhaling" \\ en é@example.org', None]),
        "stukken": [
            {
                "naam": draw.choice(["paspoort.pdf", 'één "stuk" {1}.pdf', "\\", "رسالة.pdf"]),
                "bytes": len(document),
                "sha256": hashlib.sha256(document).hexdigest(),
                "reden": None,
            }
            for document in documents
        ],
        "log": ORIGIN,
        "logIndex": index,
    }
    return rfc8785.dumps(event), draw.randbytes(merkle.SALT_BYTES), draw.choice(documents)


def flips(one: Genuine, count: int, seed: int) -> Iterator[Flip]:
    """`count` bits of a receipt, of all targets in turn, each at a place drawn at random."""
    draw = random.Random(seed)
    for number in range(count):
        target = TARGETS[number % len(TARGETS)]
        name = _FILE_OF[target]
        content = one.files[name]
        middle = content.index(b"\n\n") + 2 if name == PROOF else 0
        first, end = (0, middle) if target == "proof" else (middle, len(content))
        yield Flip(target, name, draw.randrange(8 * first, 8 * end))
