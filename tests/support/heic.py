"""A HEIC picture of our own: the encoders that can be had are GPL, and samples as they are need none.

HEVC lets a block hold its samples as they are (`pcm_flag`), so that arithmetic coding has three bins a block to say,
of which one has a context (ITU-T H.265, 7.3 and 9.3). The file around it: ISO/IEC 23008-12 and 14496-15.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

SIDE: Final = 64
_BLOCK: Final = 16
_VPS, _SPS, _PPS, _PICTURE = 32, 33, 34, 20
# Of Main Still Picture, of level 3; and of what else can be read by whoever reads that.
_PROFILE: Final = bytes([3]) + struct.pack(">I", 0x7000_0000) + bytes([0x90]) + bytes(5) + bytes([90])
# rangeTabLps of H.265, 9.3.4.3, for the widest range, which is the only one that comes up: what the other value gets.
_OTHER_VALUE: Final = (240, 227, 216, 205, 195, 185, 175, 166, 158, 150, 142, 135, 128, 122, 116, 110)


def heic(grey: bytes) -> bytes:
    """A picture of 64 by 64 grey values."""
    assert len(grey) == SIDE * SIDE
    parameters = ((_VPS, _video()), (_SPS, _sequence()), (_PPS, _picture()))
    slice_ = _unit(_PICTURE, _header() + b"".join(_blocks(grey)))
    return _file([(kind, _unit(kind, bits)) for kind, bits in parameters], slice_)


# ---- what is coded -------------------------------------------------------------------------------


class _Bits:
    """Bits after each other; a whole number of bytes in the end."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    def fixed(self, *widths_and_values: tuple[int, int]) -> "_Bits":
        for width, value in widths_and_values:
            self._bits += [value >> place & 1 for place in reversed(range(width))]
        return self

    def flags(self, *values: int) -> "_Bits":
        return self.fixed(*((1, value) for value in values))

    def numbers(self, *values: int) -> "_Bits":
        """ue(v), section 9.2; se(v) of nought is the same."""
        return self.fixed(*((2 * (value + 1).bit_length() - 1, value + 1) for value in values))

    def profile(self) -> "_Bits":
        return self.fixed((8 * len(_PROFILE), int.from_bytes(_PROFILE)))

    def aligned(self, *, with_one: bool) -> bytes:
        bits = self._bits + [1] * with_one
        bits += [0] * (-len(bits) % 8)
        return int("".join(map(str, bits)), 2).to_bytes(len(bits) // 8)


def _video() -> bytes:
    bits = _Bits().fixed((4, 0), (2, 3), (6, 0), (3, 0), (1, 1), (16, 0xFFFF)).profile()
    return bits.flags(1).numbers(0, 0, 0).fixed((6, 0)).numbers(0).flags(0, 0).aligned(with_one=True)


def _sequence() -> bytes:
    bits = _Bits().fixed((4, 0), (3, 0), (1, 1)).profile().numbers(0, 1, SIDE, SIDE).flags(0)
    bits.numbers(0, 0, 0).flags(1).numbers(0, 0, 0)
    bits.numbers(1, 0, 0, 2, 0, 0)  # blocks of 16, which are not split
    bits.flags(0, 0, 0)
    bits.flags(1).fixed((4, 7), (4, 7)).numbers(1, 0).flags(1)  # samples as they are, of 8 bits
    return bits.numbers(0).flags(0, 0, 0, 0, 0).aligned(with_one=True)


def _picture() -> bytes:
    bits = _Bits().numbers(0, 0).flags(0, 0).fixed((3, 0)).flags(0, 0).numbers(0, 0, 0).flags(0, 0, 0).numbers(0, 0)
    bits.flags(0, 0, 0, 0, 0, 0, 0)
    bits.flags(1, 0, 1)  # nothing is smoothed afterwards
    return bits.flags(0, 0).numbers(0).flags(0, 0).aligned(with_one=True)


def _header() -> bytes:
    return _Bits().flags(1, 0).numbers(0, 2, 0).aligned(with_one=True)


def _blocks(grey: bytes) -> Iterator[bytes]:
    """Of each block whether it is the first of all, that it is whole, that its samples follow, and these; the end."""
    begun = 510
    for number, other in enumerate(_OTHER_VALUE):
        yield _flushed(begun - other - 2)
        row, column = divmod(number * _BLOCK, SIDE)
        yield b"".join(grey[at : at + _BLOCK] for at in range(row * _BLOCK * SIDE + column, len(grey), SIDE)[:_BLOCK])
        yield b"\x80" * (_BLOCK * _BLOCK // 2)  # no colour
        begun = 508
    yield _flushed(508)


def _flushed(low: int) -> bytes:
    """The end of a range of which nothing was written yet: nine bits, of which the last is one (section 9.3.4.6)."""
    return _Bits().fixed((9, low | 1)).aligned(with_one=False)


def _unit(kind: int, content: bytes) -> bytes:
    """A NAL unit; what would look like the start of one gets a three in between (section 7.4.2)."""
    made = bytearray((kind << 1, 1))
    noughts = 0
    for byte in content:
        if noughts == 2 and byte <= 3:
            made.append(3)
            noughts = 0
        made.append(byte)
        noughts = noughts + 1 if byte == 0 else 0
    return bytes(made)


# ---- the file around it --------------------------------------------------------------------------


def _file(parameters: Iterable[tuple[int, bytes]], slice_: bytes) -> bytes:
    coded = struct.pack(">I", len(slice_)) + slice_
    begin = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    settings = b"".join(struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit for kind, unit in parameters)
    decoder = b"\1" + _PROFILE + bytes.fromhex("f000fcfdf8f800000f03") + settings
    properties = _box(b"hvcC", decoder) + _box(b"ispe", bytes(4) + struct.pack(">II", SIDE, SIDE))
    described = (
        _box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        _box(b"pitm", bytes(4) + struct.pack(">H", 1)),
        _box(
            b"iinf", bytes(4) + struct.pack(">H", 1) + _box(b"infe", struct.pack(">IHH", 0x2000000, 1, 0) + b"hvc1\0")
        ),
        _box(b"iprp", _box(b"ipco", properties) + _box(b"ipma", bytes(4) + struct.pack(">IHBBB", 1, 1, 2, 0x81, 2))),
    )
    # Where the picture stands depends on how long what says so is, and that is always the same.
    where = len(begin) + len(_meta(described, 0, len(coded))) + 8
    return begin + _meta(described, where, len(coded)) + _box(b"mdat", coded)


def _meta(described: Iterable[bytes], where: int, length: int) -> bytes:
    place = _box(b"iloc", bytes(4) + struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, where, length))
    return _box(b"meta", bytes(4) + b"".join(described) + place)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content
