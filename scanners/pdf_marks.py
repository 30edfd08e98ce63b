"""What the bare bytes of a PDF tell, without the large library that opens one."""

import mmap
from pathlib import Path
from typing import Final

_HEAD_BYTES: Final = 1024
# In the clear, or possibly within a stream of packed objects.
_SIGNS: Final = (b"/EmbeddedFile", b"/Filespec", b"/ObjStm")


def may_carry_files(path: Path) -> bool:
    """Whether a file is a PDF that may hold other files.

    A PDF that hides it by writing these names in another way is found when it is inspected, and held.
    """
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"%PDF-", 0, _HEAD_BYTES) >= 0 and any(content.find(sign) >= 0 for sign in _SIGNS)
