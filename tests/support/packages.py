"""Builds receipt packages over a log in memory."""

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import notes, receipts
from gateway.core import merkle

ORIGIN = "log.example/herstelpost"
SIGNER = notes.Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SALT = hashlib.sha256(b"salt").digest()
DOCUMENT = b"%PDF-1.7 a passport"
RECEIVED: dict[str, Any] = {
    "ontvangstnummer": "26-7K3M-9Q2X-V4TD",
    "ontvangenOp": "2026-03-30T21:59:58.123456Z",
    "gebeurtenis": "SubmissionReceipt",
    "tijd": "2026-03-30T21:59:58.123456Z",
    "stukken": [{"naam": "paspoort \u00e9\u00e9n.pdf", "bytes": 19, "sha256": hashlib.sha256(DOCUMENT).hexdigest()}],
}

# What the earlier receipt is called: rightly (entry 3), and in ways that mean nothing.
CORRECTED: list[dict[str, Any]] = [
    {"logIndex": 3, "tijd": "2026-03-30T22:00:00.000000Z"},
    {"logIndex": "3 ", "tijd": "2026-03-30T22:00:00.000000Z"},
    {"logIndex": True, "tijd": "2026-03-30T22:00:00.000000Z"},
    {"logIndex": -3, "tijd": "2026-03-30T22:00:00.000000Z"},
    {"logIndex": 4},
]


@dataclass
class Package:
    """A receipt with its proof, as `write_package` takes them."""

    receipt: bytes
    proof: str
    vkeys: list[str] = field(default_factory=lambda: [SIGNER.vkey])

    def write(self, directory: Path, pdf: bytes | None = None) -> Path:
        """The directory, with the package in it."""
        receipts.write_package(directory, self.receipt, self.proof, self.vkeys, pdf)
        return directory


def package(index: int = 0, size: int = 1, *, origin: str = ORIGIN, log_index: int | None = None) -> Package:
    """A package for entry `index` of a log of `size` entries, all others being noise."""
    said = index if log_index is None else log_index
    receipt = rfc8785.dumps(RECEIVED | {"log": origin, "logIndex": said})
    nodes: dict[tuple[int, int], bytes] = {}

    def get(level: int, place: int) -> bytes:
        return nodes[level, place]

    for number in range(size):
        entry = merkle.commit(SALT, receipt if number == index else b"%d" % number)
        nodes |= merkle.append(get, number, entry)
    text = notes.checkpoint_text(ORIGIN, size, merkle.root(get, size))
    path = merkle.inclusion_proof(get, index, size)
    return Package(receipt, notes.tlog_proof(index, path, notes.sign_note(text, SIGNER), SALT))


def witnessed(over: str | None = None) -> Package:
    """A package that a witness cosigned too; its signature is over the checkpoint, unless over something else."""
    witness = notes.Signer("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
    key = notes.VerifierKey(witness.name, notes.COSIGNATURE, witness.key.public_key)
    one = package(5, 7)
    text, _ = notes.split_note(notes.parse_tlog_proof(one.proof).checkpoint_note)
    seconds = 1_700_000_000
    signature = witness.private_key.sign(f"cosignature/v1\ntime {seconds}\n{over or text}".encode())
    raw = key.key_id + seconds.to_bytes(8, "big") + signature
    one.proof += f"\u2014 {witness.name} {base64.b64encode(raw).decode()}\n"
    one.vkeys.append(str(key))
    return one
