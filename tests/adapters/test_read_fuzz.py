"""Damaged containers and mails through the real reading child: each ends as a reading, none breaks our code.

What a library loops or grows on ends with the child, as too complex; "the reading child broke" is a bug of ours. A long
run: `HERSTELPOST_FUZZ=20000 .venv/bin/pytest tests/adapters/test_read_fuzz.py`.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.model import Reading
from mail.read import Limits, Reader, path_of
from mail.read_child import Limits as Content
from scanners import child
from tests.support import hostile, packed, wrapped

EXAMPLES = int(os.environ.get("HERSTELPOST_FUZZ", "40"))
# Small, so that what loops or grows ends soon.
READER = Reader(
    Limits(
        Content(parts=50, depth=6, total_bytes=2**22, entry_bytes=2**21),
        child.Limits(memory_bytes=2**28, cpu_seconds=2, wall_seconds=30, file_bytes=2**23),
    )
)

PDF = hostile.pdf()
MAIL = hostile.mail(
    hostile.text(), hostile.attached(PDF, "akte.pdf"), hostile.mail(hostile.attached(b"x" * 99, "b.pdf"), boundary="i")
)
SEEDS = {
    "post.eml": MAIL,
    "winmail.dat": wrapped.tnef({"paspoort.pdf": PDF, "akte é.pdf": b"x" * 300}),
    "bericht.msg": wrapped.saved_message({"paspoort.pdf": b"x" * 5000}),
    "stukken.zip": hostile.zipped({"map/akte.pdf": PDF, "post.eml": MAIL, "binnen.zip": hostile.zipped({"a": b"b"})}),
    "stukken.7z": packed.sevenz({"akte.pdf": PDF, "b.txt": b"b" * 99}),
    "stukken.tar.gz": packed.tape({"akte.pdf": PDF, "post.eml": MAIL}, "w:gz"),
    "stukken.tar": packed.tape({"akte.pdf": PDF, "post.eml": MAIL}),
    "stukken.tar.bz2": packed.tape({"map/akte.pdf": PDF, "weg.pdf": "../../weg.pdf"}, "w:bz2"),
    "stukken.tar.xz": packed.tape({"akte.pdf": PDF, "binnen.tar": packed.tape({"b.txt": b"b" * 99})}, "w:xz"),
    "pax.tar": packed.tape({"é" * 120 + ".pdf": PDF, "a/" * 60 + "b.txt": b"b" * 1500}),
    "stukken.rar": packed.rar({"akte.pdf": PDF, "b.txt": b"b" * 99}),
}
MARKS = (
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\r\n--i\r\n",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\r\n\r\n",
    b'"',
)

# Where (of the whole), how much is left out, and what stands there instead.
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(MARKS) | st.binary(max_size=8)),
    min_size=1,
    max_size=6,
)


def damaged(content: bytes, edits: Sequence[tuple[float, int, bytes]]) -> bytes:
    for place, length, other in edits:
        at = int(place * len(content))
        content = content[:at] + other + content[at + length :]
    return content


def read(name: str, content: bytes, *, as_mail: bool) -> Reading:
    folder = Path(tempfile.mkdtemp(prefix="herstelpost-fuzz-"))
    try:
        (folder / "raw").write_bytes(content)
        (folder / "out").mkdir()
        if as_mail:
            reading = READER.read_message(folder / "raw", folder / "out")
        else:
            reading = READER.read_file(folder / "raw", name, "application/octet-stream", folder / "out")
        for part in reading.parts:
            assert path_of(folder / "out", part).stat().st_size == part.bytes
            assert part.name
            assert not set(part.name) & set("/\\\0\r\n")
        return reading
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", SEEDS)
def test_no_damage_breaks_the_reading_child(name):
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(EDITS)
    def holds(edits: Sequence[tuple[float, int, bytes]]) -> None:
        reading = read(name, damaged(SEEDS[name], edits), as_mail=name.endswith(".eml"))
        assert reading.trouble is None or "broke" not in reading.trouble.detail, reading.trouble
        assert reading.parts or reading.trouble or reading.message, "nothing vanishes in silence"

    holds()
