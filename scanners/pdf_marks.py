"""What the bare bytes of a PDF tell, without the large library that opens one."""

from pathlib import Path
from typing import Final

_BLOCK: Final = 256 * 1024
_HEAD_BYTES: Final = 1024
# In the clear, or possibly within a stream of packed objects.
_SIGNS: Final = (b"/EmbeddedFile", b"/Filespec", b"/ObjStm")
_LONGEST: Final = max(map(len, _SIGNS))


def may_carry_files(path: Path) -> bool:
    """Whether a file is a PDF that may hold other files. Read in blocks: a mapped file would all be memory of ours.

    A PDF that hides it by writing these names in another way is found when it is inspected, and held.
    """
    with path.open("rb") as file:
        seen = file.read(_BLOCK)
        if b"%PDF-" not in seen[:_HEAD_BYTES]:
            return False
        while not any(sign in seen for sign in _SIGNS):
            block = file.read(_BLOCK)
            if not block:
                return False
            seen = seen[-_LONGEST:] + block
        return True
