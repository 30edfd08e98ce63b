"""Which pictures in a message are no documents: logos, icons, points that tell a sender who reads.

Rule 1: by what is shown in the text, by size, and by being the same in several messages; never by a name.
Rule 2: what somebody attached as a file stays a document, and so does a large picture: it may be the passport.
Rule 3: what is set aside is listed with the reason.
"""

import struct
from typing import Final

EMBEDDED: Final = "embedded in the text"
SHOWN: Final = "shown in the text"
POINT: Final = "a point that nobody sees"
REPEATED: Final = "the same small picture in several messages"

LOOKED_AT: Final = 32
_SMALLEST: Final = 3


def is_a_point(head: bytes) -> bool:
    """Whether these first bytes are those of a PNG or GIF of at most 3 x 3: no document has so few dots."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:  # noqa: PLR2004 -- the end of IHDR's sizes
        sides: tuple[int, ...] = struct.unpack_from(">II", head, 16)
    elif head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:  # noqa: PLR2004 -- the end of the screen's sizes
        sides = struct.unpack_from("<HH", head, 6)
    else:
        return False
    return max(sides) <= _SMALLEST
