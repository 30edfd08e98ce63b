"""The hash tree of the ledger (RFC 9162 section 2.1, the same tree as RFC 6962) and its proofs.

Rule 1: what is stored are the hashes of complete subtrees, by (level, index); they never change.
Rule 2: the tree is read through `get(level, index)`; a root or a proof of n entries reads O(log n) nodes.
Rule 3: verifying needs no tree and never raises for what a proof contains; it answers yes or no.
Rule 4: an entry is a salted commitment, so that the log tells nobody anything (P9).
"""

import hmac
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256

HASH_BYTES = 32
SALT_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

GetNode = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree at (level, index); raises what its store raises."""


def commit(salt: bytes, canonical_json: bytes) -> bytes:
    """The ledger entry for an event: HMAC-SHA256 with the salt as key, 32 bytes.

    ValueError for a salt of another length than 32: HMAC fills shorter keys up with zeros, so two salts
    could open the same entry.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hmac.digest(salt, canonical_json, "sha256")


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def append(get: GetNode, size: int, entry: bytes) -> dict[tuple[int, int], bytes]:
    """The nodes to store, by (level, index), when `entry` becomes number `size` (from 0) of the tree."""
    level, index, value = 0, size, leaf_hash(entry)
    new = {(level, index): value}
    while index & 1:
        value = node_hash(get(level, index - 1), value)
        level, index = level + 1, index >> 1
        new[level, index] = value
    return new


def root(get: GetNode, size: int) -> bytes:
    """The root hash of the first `size` entries."""
    return _hash(get, 0, size) if size else EMPTY_ROOT


def inclusion_proof(get: GetNode, index: int, size: int) -> tuple[bytes, ...]:
    """The path from entry `index` to the root of the first `size` entries, the leaf's sibling first.

    RFC 9162 section 2.1.3.1. ValueError if there is no such entry.
    """
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} in a tree of {size}")
    path = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _left_width(end - first)
        if index < middle:
            path.append(_hash(get, middle, end))
            end = middle
        else:
            path.append(_hash(get, first, middle))
            first = middle
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from this leaf hash at `index` to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(path):
        return False
    place, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = node_hash(sibling, value)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(value, root)


def subtree_proof(get: GetNode, indexes: Sequence[int], size: int) -> tuple[bytes, ...]:
    """What leads from the entries at `indexes` (ascending) to the root of the first `size` entries, all at once.

    From left to right, the hashes of the largest subtrees without any of these entries. ValueError for an index that
    is not there.
    """
    if list(indexes) != sorted(set(indexes)) or (indexes and not 0 <= indexes[0] <= indexes[-1] < size):
        raise ValueError(f"not the ascending places of entries in a tree of {size}")

    def walk(first: int, end: int) -> Iterator[bytes]:
        if bisect_left(indexes, first) == bisect_left(indexes, end):
            yield _hash(get, first, end)
        elif end - first > 1:
            middle = first + _left_width(end - first)
            yield from walk(first, middle)
            yield from walk(middle, end)

    return tuple(walk(0, size)) if size else ()


def root_with(leaves: Mapping[int, bytes], size: int, hashes: Sequence[bytes]) -> bytes | None:
    """The root that a `subtree_proof` leads to from these leaf hashes, by index; None when it is no proof of them."""
    if not _are_hashes(hashes) or (leaves and not 0 <= min(leaves) <= max(leaves) < size) or not size:
        return None
    indexes, rest = sorted(leaves), iter(hashes)

    def walk(first: int, end: int) -> bytes:
        if bisect_left(indexes, first) == bisect_left(indexes, end):
            return next(rest)
        if end - first == 1:
            return leaves[first]
        middle = first + _left_width(end - first)
        return node_hash(walk(first, middle), walk(middle, end))

    try:
        found = walk(0, size)
    except StopIteration:
        return None
    return found if next(rest, None) is None else None


def consistency_proof(get: GetNode, old_size: int, size: int) -> tuple[bytes, ...]:
    """What shows that the tree of `size` entries begins with the tree of `old_size` (section 2.1.4.1).

    Empty if the sizes are equal or the old tree is. ValueError if the old tree is the larger one.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} cannot begin with one of {old_size}")
    if old_size in {0, size}:
        return ()
    path = []
    first, end = 0, size
    while end > old_size:
        middle = first + _left_width(end - first)
        if old_size <= middle:
            path.append(_hash(get, middle, end))
            end = middle
        else:
            path.append(_hash(get, first, middle))
            first = middle
    if first:  # else the verifier has this hash already: it is the old root
        path.append(_hash(get, first, end))
    return tuple(reversed(path))


def verify_consistency(old_size: int, size: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether the path shows that the new tree begins with the old one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old_size <= size or not _are_hashes(path):
        return False
    if old_size == size:
        return not path and hmac.compare_digest(old_root, root)
    if old_size == 0:
        return not path and hmac.compare_digest(old_root, EMPTY_ROOT)
    rest = list(path)
    if old_size & (old_size - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        return False
    return _climb(old_size - 1, size - 1, rest, old_root, root)


def _climb(place: int, last: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    while place & 1:
        place, last = place >> 1, last >> 1
    old_value = value = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_value, value = node_hash(sibling, old_value), node_hash(sibling, value)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(old_value, old_root) and hmac.compare_digest(value, root)


def _left_width(width: int) -> int:
    """The largest power of two smaller than `width`: how many entries go left."""
    return 1 << ((width - 1).bit_length() - 1)


def _hash(get: GetNode, first: int, end: int) -> bytes:
    width = end - first
    if width & (width - 1) == 0:  # complete: the splits of the tree always start it at a multiple
        return get(width.bit_length() - 1, first // width)
    middle = first + _left_width(width)
    return node_hash(_hash(get, first, middle), _hash(get, middle, end))


def _are_hashes(path: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in path)
