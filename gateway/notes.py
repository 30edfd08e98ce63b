"""Signed notes, checkpoints and proofs in the C2SP text forms, so that existing tools read our ledger.

Sources: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature (Ed25519) and
c2sp.org/tlog-proof@v1.

Rule 1: reading is strict: one way to write a thing, so a changed byte is never read as the same thing.
Rule 2: nothing in a note is believed before a known key's signature on it was verified.
Rule 3: a signature of a known key that fails rejects the whole note; unknown keys are passed over.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.core.merkle import HASH_BYTES

ED25519 = 1
COSIGNATURE = 4  # a witness's time-stamped Ed25519 signature

MAX_SIGNATURES = 64
MAX_NOTE_CHARACTERS = 1 << 16
MAX_PATH = 63

_MAX_SECONDS = (1 << 63) - 1
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_DASH = "\u2014"
_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class NoteError(ValueError):
    """The text is not a note, checkpoint, proof or key of ours, or no known key signed it."""


# ---- keys ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class VerifierKey:
    """A key that verifies: `kind` is ED25519 for a log, COSIGNATURE for a witness."""

    name: str
    kind: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the hash over name, kind and key (signed-note, Signatures)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key).digest()[:4]

    def __str__(self) -> str:
        """The key as one line of text, a `vkey`."""
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(bytes([self.kind]) + self.public_key)}"


@dataclass(frozen=True)
class Signer:
    """A log's name and private key. ValueError for a name that cannot stand in a note."""

    name: str
    private_key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        _check_name(self.name)

    @property
    def key(self) -> VerifierKey:
        """The key that verifies what this one signs."""
        return VerifierKey(self.name, ED25519, self.private_key.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The line to publish."""
        return str(self.key)


@dataclass(frozen=True)
class Cosigner:
    """A witness's name and private key (tlog-cosignature, Ed25519). ValueError for a name that cannot stand in a note.

    What it signs does not name it, so a key is never used under two names.
    """

    name: str
    private_key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        _check_name(self.name)

    @property
    def key(self) -> VerifierKey:
        """The key that verifies its cosignatures."""
        return VerifierKey(self.name, COSIGNATURE, self.private_key.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The line to publish."""
        return str(self.key)

    def cosign(self, text: str, seconds: int) -> str:
        """The signature line on a checkpoint's text: at this time (POSIX) it was the largest one seen."""
        signature = self.private_key.sign(_cosigned(text, seconds))
        return f"{_DASH} {self.name} {_to_base64(self.key.key_id + seconds.to_bytes(8, 'big') + signature)}\n"


def parse_vkey(text: str) -> VerifierKey:
    """The key in a `vkey` line; NoteError if it is damaged or of a kind other than Ed25519."""
    name, _, rest = text.partition("+")
    key_id, _, material = rest.partition("+")
    _check_name(name)
    raw = _from_base64(material)
    if len(raw) != 1 + _KEY_BYTES or raw[0] not in {ED25519, COSIGNATURE}:
        raise NoteError(f"not an Ed25519 verifier key: {text!r}")
    key = VerifierKey(name, raw[0], raw[1:])
    if not _KEY_ID.fullmatch(key_id) or key.key_id.hex() != key_id:
        raise NoteError(f"the verifier key {text!r} is damaged: its identifier does not belong to it")
    return key


def read_vkeys(text: str) -> tuple[str, ...]:
    """The keys in the text of a key file: one a line, blank lines and lines with # passed over."""
    lines = (line.strip() for line in text.split("\n"))
    return tuple(line for line in lines if line and not line.startswith("#"))


def generate_key() -> Ed25519PrivateKey:
    """A new private key from the system's randomness."""
    return Ed25519PrivateKey.generate()


def key_to_pem(private_key: Ed25519PrivateKey) -> bytes:
    """The private key as unencrypted PEM (PKCS #8). The caller sees to it that nobody else reads it."""
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_from_pem(pem: bytes) -> Ed25519PrivateKey:
    """The private key in a PEM file; NoteError if there is no Ed25519 key in it."""
    try:
        private_key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NoteError(f"not a private key in PEM: {error}") from error
    if not isinstance(private_key, Ed25519PrivateKey):
        raise NoteError(f"the private key is not an Ed25519 key but {type(private_key).__name__}")
    return private_key


# ---- notes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenedNote:
    """The text of a note and the known keys whose signatures on it were verified; at least one.

    `cosigned_at`: when each witness among them says that it signed, in seconds (POSIX).
    """

    text: str
    signed_by: tuple[VerifierKey, ...]
    cosigned_at: Mapping[VerifierKey, int] = field(default_factory=dict)

    @property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        """The keys among them that sign for a log, not as witness."""
        return tuple(key for key in self.signed_by if key.kind == ED25519)


def sign_note(text: str, *signers: Signer) -> str:
    """The text with a signature line for each signer; NoteError if it cannot be the text of a note."""
    if not text.endswith("\n") or not signers:
        raise NoteError("a note needs a text that ends in a newline, and a signer")
    _check_characters(text)
    lines = (
        f"{_DASH} {signer.name} {_to_base64(signer.key.key_id + signer.private_key.sign(text.encode()))}\n"
        for signer in signers
    )
    return f"{text}\n{''.join(lines)}"


def split_note(note: str) -> tuple[str, tuple[str, ...]]:
    """The text and the signature lines of a note, nothing verified. NoteError if it is not one."""
    _check_characters(note)
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteError("not a signed note: it needs a text, an empty line and signature lines")
    lines = tuple(signatures[:-1].split("\n"))
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note may carry {MAX_SIGNATURES} signatures, not {len(lines)}")
    return text + "\n", lines


def open_note(note: str, vkeys: Iterable[str]) -> OpenedNote:
    """The note's text, verified; NoteError if malformed, or unless every known signature is right."""
    text, lines = split_note(note)
    known = {(key.name, key.key_id): key for key in map(parse_vkey, vkeys)}
    signed_by: list[VerifierKey] = []
    cosigned_at: dict[VerifierKey, int] = {}
    for name, key_id, signature in map(_signature, lines):
        key = known.get((name, key_id))
        if key is not None:
            seconds = _verify(key, text, signature)
            signed_by.append(key)
            if seconds is not None:
                cosigned_at[key] = seconds
    if not signed_by:
        raise NoteError("no signature of a known key is on the note")
    return OpenedNote(text, tuple(signed_by), cosigned_at)


def signer_of(line: str) -> tuple[str, bytes]:
    """Whose signature a line says it is: name and key identifier; nothing is verified. NoteError if it is not one."""
    name, key_id, _ = _signature(line)
    return name, key_id


def _signature(line: str) -> tuple[str, bytes, bytes]:
    words = line.split(" ")
    if len(words) != 3 or words[0] != _DASH:  # noqa: PLR2004 - dash, name, signature
        raise NoteError(f"not a signature line: {line!r}")
    _check_name(words[1])
    raw = _from_base64(words[2])
    return words[1], raw[:4], raw[4:]


def _verify(key: VerifierKey, text: str, signature: bytes) -> int | None:
    """The time in a cosignature, None for a log's signature; NoteError if it is not right."""
    signed, seconds = text.encode(), None
    if key.kind == COSIGNATURE:
        seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        signed = _cosigned(text, seconds)
    if len(signature) != _SIGNATURE_BYTES or (seconds or 0) > _MAX_SECONDS:
        raise NoteError(f"the signature of {key.name} has not {_SIGNATURE_BYTES} bytes, or its time is impossible")
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise NoteError(f"the signature of {key.name} is not right") from error
    return seconds


def _cosigned(text: str, seconds: int) -> bytes:
    """What a witness signs (tlog-cosignature, Ed25519 signed message)."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


# ---- checkpoints ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its name, how many entries it has, and the root hash over them."""

    origin: str
    size: int
    root: bytes


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The text of a checkpoint, to be signed."""
    return f"{origin}\n{size}\n{_to_base64(root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in the text of an opened note; extension lines are passed over. NoteError if none."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):  # noqa: PLR2004 - three lines and their end
        raise NoteError("not a checkpoint: it needs an origin, a size and a root hash, and no empty lines")
    origin, size, root = lines[:3]
    return Checkpoint(origin, read_number(size), _hash(root))


# ---- proofs --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TlogProof:
    """A proof that travels: where the entry is, the path to the root, and the signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes = b""


def tlog_proof(index: int, path: Sequence[bytes], checkpoint_note: str, extra: bytes = b"") -> str:
    """The proof as text; `extra` is ours to fill: the salt of the commitment."""
    lines = [_PROOF_HEADER]
    if extra:
        lines.append(f"extra {_to_base64(extra)}")
    lines.append(f"index {index}")
    lines += map(_to_base64, path)
    return "\n".join(lines) + f"\n\n{checkpoint_note}"


def parse_tlog_proof(text: str) -> TlogProof:
    """The parts of a proof; nothing is verified yet. NoteError if it is not one, or not written our way."""
    if len(text) > MAX_NOTE_CHARACTERS:
        raise NoteError(f"a proof has at most {MAX_NOTE_CHARACTERS} characters, not {len(text)}")
    head, blank, note = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != _PROOF_HEADER or not blank:
        raise NoteError(f"not a proof: its first line must be {_PROOF_HEADER}")
    extra = _from_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else b""
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_PATH:
        raise NoteError("not a proof: it needs an index line and a path of at most 63 hashes")
    return TlogProof(read_number(lines[0][6:]), tuple(map(_hash, lines[1:])), note, extra)


def checkpoint_in(text: str) -> str:
    """The signed checkpoint in a text: the text itself, or what a proof carries. NoteError if it is neither."""
    if text.startswith(_PROOF_HEADER):
        return parse_tlog_proof(text).checkpoint_note
    split_note(text)
    return text


# ---- the small print -----------------------------------------------------------------------------


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteError(f"a key name must not be empty nor hold spaces or plus signs: {name!r}")


def _check_characters(note: str) -> None:
    if len(note) > MAX_NOTE_CHARACTERS or any(c < " " and c != "\n" for c in note):
        raise NoteError(f"a note has at most {MAX_NOTE_CHARACTERS} characters and no control characters")


def read_number(text: str) -> int:
    """The number in its one way of writing: decimal, without leading zeros. NoteError for any other."""
    if not _NUMBER.fullmatch(text):
        raise NoteError(f"not a number without leading zeros: {text[:40]!r}")
    return int(text)


def _hash(text: str) -> bytes:
    value = _from_base64(text)
    if len(value) != HASH_BYTES:
        raise NoteError(f"not a SHA-256 hash in base64: {text[:60]!r}")
    return value


def _to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _from_base64(text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"not base64: {text[:60]!r}") from error
    if _to_base64(value) != text:  # spare bits: a second way to write the same bytes
        raise NoteError(f"base64 with spare bits set: {text[:60]!r}")
    return value
