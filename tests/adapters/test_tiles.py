"""The log as tiles: what any tool for c2sp.org/tlog-tiles reads, without us, and only what was signed."""

import base64
import os
import shutil
import subprocess
from collections import Counter
from functools import partial
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from gateway import checkpoints, notes, tiles
from gateway.core import merkle
from gateway.core.errors import Corrupt
from gateway.core.words import EventName
from gateway.ledger import Entry
from gateway.tiles import ENTRIES, Tile
from tests.support import house as houses
from tests.support import storage
from tests.support.storage import NOON

GO_PATH = Path("/usr/share/gocode")
GO_SOURCES = Path(__file__).parents[1] / "support" / "go"
LARGE = 66_000  # a full tile at level 1, and so one at level 2


def _grow(kept, count):
    with kept.database.write() as session:
        entries = [Entry(EventName.OUTAGE, NOON, "naam", {"n": n}) for n in range(count)]
        kept.ledger.append_all(session.connection(), entries)
    return kept.ledger.checkpoint(NOON).note


@pytest.fixture
def kept(tmp_path):
    with storage.opened(tmp_path / "kept") as kept:
        yield kept


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    with storage.opened(tmp_path_factory.mktemp("large") / "kept") as kept:
        _grow(kept, LARGE)
        yield kept


# ---- the text of the specification ---------------------------------------------------------------


def test_an_index_is_written_in_groups_of_three_as_the_specification_shows():
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(0, 0).path == "tile/0/000"
    assert Tile(63, 999, 1).path == "tile/63/999.p/1"
    assert Tile(ENTRIES, 1000, 255).path == "tile/entries/x001/000.p/255"


def test_the_tree_of_seventy_thousand_has_the_tiles_that_the_specification_counts():
    found = list(tiles.tiles_of(70_000))
    full = Counter(tile.level for tile in found if tile.width == 256)
    partial = {tile.level: tile.width for tile in found if tile.width < 256}
    assert full == {ENTRIES: 273, 0: 273, 1: 1}
    assert partial == {ENTRIES: 112, 0: 112, 1: 17, 2: 1}


def test_a_tree_of_256_is_a_full_tile_and_a_partial_one_above_it():
    assert [tile for tile in tiles.tiles_of(256) if tile.level != ENTRIES] == [Tile(0, 0), Tile(1, 0, 1)]


def test_a_path_has_one_spelling():
    for n in (0, 1, 999, 1000, 999_999, 1_000_000, 1234067, 10**15):
        for level, width in ((ENTRIES, 256), (0, 1), (9, 99), (10, 100), (63, 255)):
            tile = Tile(level, n, width)
            assert tiles.parse_path(tile.path) == tile
    wrong = (
        "tile/00/000 tile/0/00 tile/0/0000 tile/0/x000/000 tile/64/000 tile/0/000.p/256 tile/0/000.p/0 tile/0/001/000"
    )
    wrong += (
        " tile/0/000.p/01 tile/0/000/ tile/data/000 /tile/0/000 tile/0/../0/000 tile/-1/000 tile/0/000.p/ tile/0/x001"
    )
    for path in [*wrong.split(), "", "tile/0/\u0660\u0660\u0660", "tile/0/000\n"]:
        assert tiles.parse_path(path) is None, path


# ---- what is in them -----------------------------------------------------------------------------


def _root(entries):
    """MTH of RFC 6962 section 2.1, word for word."""
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + _root(entries[:k]) + _root(entries[k:])).digest()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700])
def test_every_tile_is_what_the_specification_says_of_the_entries_and_the_root_follows(kept, tmp_path, size):
    note = _grow(kept, size)
    tiles.export(kept.database, tmp_path / "out")
    entries = []
    for tile in (t for t in tiles.tiles_of(size) if t.level == ENTRIES):
        bundle = (tmp_path / "out" / tile.path).read_bytes()
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            entries.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
    checkpoint = notes.parse_checkpoint(notes.open_note(note, [kept.ledger.vkey]).text)
    assert len(entries) == size
    assert {len(entry) for entry in entries} == {32}
    assert _root(entries) == checkpoint.root
    for tile in (t for t in tiles.tiles_of(size) if t.level != ENTRIES):
        span = 256**tile.level
        firsts = [(tile.n * 256 + i) * span for i in range(tile.width)]
        wanted = b"".join(_root(entries[first : first + span]) for first in firsts)
        assert (tmp_path / "out" / tile.path).read_bytes() == wanted


@pytest.fixture(scope="module")
def go_programs(tmp_path_factory):
    """Programs on Go's own code for logs; they need Debian's golang-go and golang-golang-x-mod-dev."""
    go = shutil.which("go")
    if go is None or not (GO_PATH / "src/golang.org/x/mod/sumdb").exists():
        pytest.skip("golang-go and golang-golang-x-mod-dev are not installed")
    place = tmp_path_factory.mktemp("go")
    settings = {"GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOCACHE": str(place / "cache"), "GOFLAGS": ""}
    for source in GO_SOURCES.glob("*.go"):
        command = [go, "build", "-o", place / source.stem, source]
        subprocess.run(command, check=True, env=os.environ | settings, timeout=300)

    def run(name, *arguments, given=""):
        command = [place / name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, input=given)
        return done.stdout.strip()

    return run


@pytest.fixture(scope="module")
def go_reader(go_programs):
    return partial(go_programs, "read_tiles")


def test_the_code_of_gos_checksum_database_reads_and_checks_the_whole_log(large, tmp_path, go_reader):
    tiles.export(large.database, tmp_path / "out")
    assert go_reader(tmp_path / "out", large.ledger.vkey) == f"ok {storage.ORIGIN} {LARGE}"


def test_gos_code_follows_a_log_as_it_grows_and_finds_a_changed_tile(kept, tmp_path, go_reader):
    out = tmp_path / "out"
    for step, count in enumerate((1, 100, 200, 1, 450)):
        _grow(kept, count)
        old = [tmp_path / f"old{step - 1}"] if step else []
        tiles.export(kept.database, out)
        assert go_reader(out, kept.ledger.vkey, *old).startswith("ok")
        shutil.copy(out / "checkpoint", tmp_path / f"old{step}")
    for path in ("tile/0/001", "tile/1/000.p/2", "tile/entries/000", "checkpoint"):
        good = (out / path).read_bytes()
        (out / path).write_bytes(bytes([good[0] ^ 1, *good[1:40], good[40] ^ 1, *good[41:]]))
        assert not go_reader(out, kept.ledger.vkey).startswith("ok"), path
        (out / path).write_bytes(good)


def test_gos_code_reads_the_log_from_the_portal(tmp_path, go_reader):
    with houses.running(tmp_path / "data") as running:
        with running.house.database.write() as session:
            entries = [Entry(EventName.OUTAGE, NOON, "naam", {"n": n}) for n in range(300)]
            running.house.ledger.append_all(session.connection(), entries)
        running.house.vouching.sign()
        ledger = running.house.ledger
        assert go_reader(f"{running.url}/log", ledger.vkey).startswith(f"ok {ledger.origin}")


def test_gos_code_takes_the_proofs_that_we_give_and_the_witnesss_signature(kept, go_programs):
    """Our c2sp.org/tlog-proof and tlog-cosignature, read by code that has nothing of ours in it."""
    witness = notes.Cosigner("witness.example/w1", notes.generate_key())
    _grow(kept, 300)
    signed = kept.ledger.checkpoint(NOON)
    line = witness.cosign(notes.split_note(signed.note)[0], int(NOON.timestamp()))
    checkpoints.add_cosignatures(kept.database, signed.size, [line])
    for index in (0, 1, 255, 256, 299):
        proved = kept.ledger.prove(index, NOON)
        entry = merkle.commit(notes.parse_tlog_proof(proved.proof).extra, proved.event)
        asked = ("read_proof", entry.hex(), kept.ledger.vkey, witness.vkey)
        said = f"ok {storage.ORIGIN} {index} 300 {storage.ORIGIN} {witness.name}"
        assert go_programs(*asked, given=proved.proof) == said
        other = merkle.commit(bytes(32), proved.event)
        assert go_programs("read_proof", other.hex(), *asked[2:], given=proved.proof).startswith("wrong")
        signature = base64.b64decode(line.split()[-1])
        moved = base64.b64encode(signature[:11] + bytes([signature[11] ^ 1]) + signature[12:]).decode()  # a second away
        backdated = proved.proof.replace(line.split()[-1], moved)
        assert go_programs(*asked, given=backdated).startswith("wrong")


# ---- the export ----------------------------------------------------------------------------------


def test_an_export_writes_what_is_new_only_and_touches_nothing_that_was_shown(kept, tmp_path):
    out = tmp_path / "out"
    _grow(kept, 300)
    assert tiles.export(kept.database, out) == 6
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.rglob("*") if path.is_file()}
    assert tiles.export(kept.database, out) == 1
    _grow(kept, 10)
    assert tiles.export(kept.database, out) == 3
    for path, (content, mtime) in before.items():
        if path.name != "checkpoint":
            assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, mtime)
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]


def test_partial_tiles_go_when_the_full_one_is_there(kept, tmp_path):
    _grow(kept, 250)
    tiles.export(kept.database, tmp_path / "out")
    assert (tmp_path / "out/tile/0/000.p/250").exists()
    _grow(kept, 10)
    tiles.export(kept.database, tmp_path / "out")
    assert not (tmp_path / "out/tile/0/000.p").exists()
    assert (tmp_path / "out/tile/0/000").stat().st_size == 8192


def test_an_export_that_is_cut_off_leaves_the_old_log_readable(kept, tmp_path, monkeypatch):
    out = tmp_path / "out"
    note = _grow(kept, 300)
    tiles.export(kept.database, out)
    _grow(kept, 500)
    write = tiles._write

    def cut_off(place, content):
        if place.name == "checkpoint":
            raise OSError("power cut")
        write(place, content)

    with monkeypatch.context() as patch:
        patch.setattr(tiles, "_write", cut_off)
        with pytest.raises(OSError, match="power cut"):
            tiles.export(kept.database, out)
    assert (out / "checkpoint").read_text() == note
    for tile in tiles.tiles_of(300):
        # A full tile holds what the partial one of the same place began with (tlog-tiles, Partial Tiles).
        full = out / tile._replace(width=256).path
        assert (out / tile.path).exists() or full.exists()


def test_a_shorter_log_or_another_one_is_not_written_over_what_was_shown(kept, tmp_path):
    _grow(kept, 20)
    tiles.export(kept.database, tmp_path / "out")
    with storage.opened(tmp_path / "other") as other:
        for count in (3, 17, 30):
            _grow(other, count)
            if count == 30:
                break
            with pytest.raises(Corrupt, match="not this log, or this log was cut"):
                tiles.export(other.database, tmp_path / "out")


def test_a_change_of_any_byte_of_the_exported_checkpoint_is_told(kept, tmp_path):
    out = tmp_path / "out"
    _grow(kept, 20)
    tiles.export(kept.database, out)
    good = (out / "checkpoint").read_bytes()
    for place, bit in ((place, bit) for place in range(len(good)) for bit in (1, 0x80)):
        (out / "checkpoint").write_bytes(good[:place] + bytes([good[place] ^ bit]) + good[place + 1 :])
        assert list(tiles.differences(kept.database, out)) == ["checkpoint is not what the log has"], place
    with pytest.raises(Corrupt, match="no checkpoint any more"):
        tiles.export(kept.database, out)
    (out / "checkpoint").write_bytes(good)
    assert list(tiles.differences(kept.database, out)) == []


def test_what_was_taken_out_of_the_log_is_not_exported_as_if_nothing_happened(kept, tmp_path):
    _grow(kept, 20)
    with kept.database.engine.begin() as connection:
        connection.execute(text('DELETE FROM ledger_entry WHERE "index" = 7'))
    with pytest.raises(Corrupt, match="taken out"):
        tiles.export(kept.database, tmp_path / "out")


# ---- the portal ----------------------------------------------------------------------------------


def test_the_portal_shows_nothing_beyond_the_last_checkpoint_and_lets_tiles_be_kept(tmp_path):
    with houses.running(tmp_path / "data") as running:
        with running.house.database.write() as session:
            running.house.ledger.append_all(
                session.connection(), [Entry(EventName.OUTAGE, NOON, "naam", {"n": n}) for n in range(5)]
            )
        assert httpx2.get(f"{running.url}/log/checkpoint").status_code == 404
        running.house.vouching.sign()
        checkpoint = httpx2.get(f"{running.url}/log/checkpoint")
        assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
        notes.open_note(checkpoint.text, [running.house.ledger.vkey])
        tile = httpx2.get(f"{running.url}/log/tile/entries/000.p/5")
        assert tile.headers["content-type"] == "application/octet-stream"
        assert "immutable" in tile.headers["cache-control"]
        assert len(tile.content) == 5 * 34
        for path in ("tile/0/000.p/6", "tile/0/000", "tile/1/000.p/1", "tile/0/0", "tile/"):
            assert httpx2.get(f"{running.url}/log/{path}").status_code == 404, path
