"""Laws of receipts: no single bit can change without it being noticed (P9)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import notes, receipts
from gateway.core import merkle
from tests.support.packages import SALT, SIGNER, package

INDEX, SIZE = 5, 11
PACKAGE = package(INDEX, SIZE)
NOTE = notes.parse_tlog_proof(PACKAGE.proof).checkpoint_note


def flipped(content: bytes, place: int) -> bytes:
    """The content with bit `place` (from 0, round and round) turned over."""
    byte, bit = divmod(place % (8 * len(content)), 8)
    return content[:byte] + bytes([content[byte] ^ 1 << bit]) + content[byte + 1 :]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return PACKAGE.write(tmp_path_factory.mktemp("package"))


def rejects(directory: Path, name: str, content: bytes) -> bool:
    file = directory / name
    right = file.read_bytes()
    try:
        file.write_bytes(content)
        verification = receipts.verify_package([directory], [SIGNER.vkey])
    finally:
        file.write_bytes(right)
    return not verification.ok and not verification.proved


# The directory is put back after each example.
ON_ONE_DIRECTORY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_the_package_as_it_is_holds(directory: Path) -> None:
    assert receipts.verify_package([directory], [SIGNER.vkey]).ok


@ON_ONE_DIRECTORY
@given(st.integers(0, 8 * len(PACKAGE.receipt) - 1))
def test_a_flipped_bit_in_the_receipt_is_rejected(directory: Path, place: int) -> None:
    assert rejects(directory, "receipt.json", flipped(PACKAGE.receipt, place))


@ON_ONE_DIRECTORY
@given(st.integers(0, 8 * len(PACKAGE.proof.encode()) - 1))
def test_a_flipped_bit_in_the_proof_is_rejected(directory: Path, place: int) -> None:
    assert rejects(directory, "receipt.tlog-proof", flipped(PACKAGE.proof.encode(), place))


@ON_ONE_DIRECTORY
@given(st.binary(max_size=300))
def test_other_bytes_are_never_taken_for_the_receipt(directory: Path, content: bytes) -> None:
    assert rejects(directory, "receipt.json", content)


@pytest.mark.parametrize("place", range(len(NOTE.encode())))
def test_no_flipped_byte_in_a_checkpoint_opens(place: int) -> None:
    """Every bit of every byte: the whole checkpoint, its signature line included."""
    for bit in range(8):
        try:
            changed = flipped(NOTE.encode(), 8 * place + bit).decode()
        except UnicodeDecodeError:
            continue
        with pytest.raises(notes.NoteError):
            notes.open_note(changed, [SIGNER.vkey])


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=60), st.data())
def test_a_proof_proves_its_own_entry_and_no_other(entries: list[bytes], data: st.DataObject) -> None:
    nodes: dict[tuple[int, int], bytes] = {}

    def get(level: int, place: int) -> bytes:
        return nodes[level, place]

    for size, entry in enumerate(entries):
        nodes.update(merkle.append(get, size, entry))
    index = data.draw(st.integers(0, len(entries) - 1))
    other = data.draw(st.binary(max_size=40).filter(lambda entry: entry != entries[index]))
    path = merkle.inclusion_proof(get, index, len(entries))
    root = merkle.root(get, len(entries))
    assert merkle.verify_inclusion(merkle.leaf_hash(entries[index]), index, len(entries), path, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(other), index, len(entries), path, root)


@given(st.integers(0, 255), st.binary(max_size=60))
def test_a_commitment_opens_with_one_salt_only(place: int, event: bytes) -> None:
    assert merkle.commit(SALT, event) != merkle.commit(flipped(SALT, place), event)


@given(st.text(max_size=400))
def test_reading_a_note_or_proof_never_fails_otherwise(text: str) -> None:
    for read in (notes.parse_tlog_proof, notes.parse_checkpoint, notes.parse_vkey):
        with pytest.raises(notes.NoteError):
            read(text)
    with pytest.raises(notes.NoteError):
        notes.open_note(text, [SIGNER.vkey])
