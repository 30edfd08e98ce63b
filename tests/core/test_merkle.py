"""The hash tree: the published vectors, and every proof of every small tree against the RFC's own words."""

import hmac
from hashlib import sha256
from itertools import pairwise

import pytest

from gateway.core import merkle

LARGEST = 130

# The test vectors of the RFC 6962 reference implementation: eight entries, and the root after each.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
SIX_TO_EIGHT = tuple(
    bytes.fromhex(text)
    for text in (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    )
)


class Tree:
    """A tree in memory that counts how often it is read."""

    def __init__(self, entries: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.reads = 0
        for size, entry in enumerate(entries):
            self.nodes.update(merkle.append(self.get, size, entry))

    def get(self, level: int, index: int) -> bytes:
        self.reads += 1
        return self.nodes[level, index]


def naive_split(entries: list[bytes]) -> int:
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return k


def naive_root(entries: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = naive_split(entries)
    return sha256(b"\x01" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_path(m: int, entries: list[bytes]) -> tuple[bytes, ...]:
    """PATH of RFC 9162 section 2.1.3.1, word for word."""
    if len(entries) == 1:
        return ()
    k = naive_split(entries)
    if m < k:
        return (*naive_path(m, entries[:k]), naive_root(entries[k:]))
    return (*naive_path(m - k, entries[k:]), naive_root(entries[:k]))


def naive_subproof(m: int, entries: list[bytes], whole: bool) -> tuple[bytes, ...]:  # noqa: FBT001 - as in the RFC
    """SUBPROOF of RFC 9162 section 2.1.4.1, word for word."""
    if m == len(entries):
        return () if whole else (naive_root(entries),)
    k = naive_split(entries)
    if m <= k:
        return (*naive_subproof(m, entries[:k], whole), naive_root(entries[k:]))
    return (*naive_subproof(m - k, entries[k:], False), naive_root(entries[:k]))  # noqa: FBT003 - as in the RFC


MANY = [n.to_bytes(2, "big") for n in range(LARGEST)]


def test_the_published_roots_come_out() -> None:
    tree = Tree(ENTRIES)
    assert merkle.root(tree.get, 0) == merkle.EMPTY_ROOT == sha256(b"").digest()
    assert [merkle.root(tree.get, size) for size in range(1, 9)] == ROOTS


def test_the_published_consistency_proof_comes_out() -> None:
    assert merkle.consistency_proof(Tree(ENTRIES).get, 6, 8) == SIX_TO_EIGHT
    assert merkle.verify_consistency(6, 8, SIX_TO_EIGHT, ROOTS[5], ROOTS[7])
    assert not merkle.verify_consistency(6, 8, SIX_TO_EIGHT, ROOTS[4], ROOTS[7])


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_inclusion_proof_of_a_tree_is_that_of_the_rfc(size: int) -> None:
    tree = Tree(MANY[:size])
    root = merkle.root(tree.get, size)
    assert root == naive_root(MANY[:size])
    for index in range(size):
        path = merkle.inclusion_proof(tree.get, index, size)
        assert path == naive_path(index, MANY[:size])
        leaf = merkle.leaf_hash(MANY[index])
        assert merkle.verify_inclusion(leaf, index, size, path, root)
        assert not merkle.verify_inclusion(leaf, (index + 1) % size, size, path, root) or size == 1
        assert not merkle.verify_inclusion(leaf, index, size, (*path, root), root)
        assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, path, root)
        if path:
            assert not merkle.verify_inclusion(leaf, index, size, path[:-1], root)


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_every_consistency_proof_of_a_tree_is_that_of_the_rfc(size: int) -> None:
    tree = Tree(MANY[:size])
    roots = [merkle.root(tree.get, n) for n in range(size + 1)]
    for old_size in range(size + 1):
        path = merkle.consistency_proof(tree.get, old_size, size)
        if old_size:
            assert path == naive_subproof(old_size, MANY[:size], True)  # noqa: FBT003 - as in the RFC
        assert merkle.verify_consistency(old_size, size, path, roots[old_size], roots[size])
        assert not merkle.verify_consistency(old_size, size, (*path, bytes(32)), roots[old_size], roots[size])
        if old_size:
            assert not merkle.verify_consistency(old_size, size, path, bytes(32), roots[size])
            assert not merkle.verify_consistency(old_size, size, path, roots[old_size], bytes(32))
        if path:
            assert not merkle.verify_consistency(old_size, size, path[:-1], roots[old_size], roots[size])
            assert not merkle.verify_consistency(old_size, size, path[1:], roots[old_size], roots[size])


def test_a_stored_node_never_changes() -> None:
    sizes = [Tree(MANY[:size]).nodes for size in range(LARGEST)]
    for smaller, larger in pairwise(sizes):
        assert smaller.items() <= larger.items()


def test_a_proof_in_a_million_entries_reads_only_a_few_nodes() -> None:
    reads = []

    def get(level: int, index: int) -> bytes:
        reads.append((level, index))
        return sha256(f"{level} {index}".encode()).digest()

    size = 999_999
    for work in (
        lambda: merkle.root(get, size),
        lambda: merkle.inclusion_proof(get, 123_456, size),
        lambda: merkle.consistency_proof(get, 654_321, size),
        lambda: tuple(merkle.append(get, size, b"")),
    ):
        reads.clear()
        work()
        assert 0 < len(reads) <= 2 * 20


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_there_is_no_proof_of_an_entry_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="in a tree of 3"):
        merkle.inclusion_proof(Tree(MANY[:3]).get, index, 3)
    assert not merkle.verify_inclusion(bytes(32), index, 3, (), bytes(32))


def test_there_is_no_proof_that_a_smaller_tree_begins_with_a_larger() -> None:
    with pytest.raises(ValueError, match="a tree of 2 cannot begin with one of 3"):
        merkle.consistency_proof(Tree(MANY[:3]).get, 3, 2)
    assert not merkle.verify_consistency(3, 2, (), bytes(32), bytes(32))


def test_hashes_of_another_length_prove_nothing() -> None:
    left, right = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    root = merkle.node_hash(left, right)
    assert merkle.verify_inclusion(left, 0, 2, (right,), root)
    assert not merkle.verify_inclusion(left + right[:1], 0, 2, (right[1:],), root)


def test_an_entry_is_a_salted_commitment() -> None:
    salt = bytes(range(32))
    assert merkle.commit(salt, b"{}") == hmac.new(salt, b"{}", sha256).digest()


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_salt_has_one_length(length: int) -> None:
    with pytest.raises(ValueError, match=f"32 bytes, not {length}"):
        merkle.commit(bytes(length), b"{}")
