"""A BagIt 1.0 bag in a zip (RFC 8493), written in one go: no file is held in memory, none is written twice.

Rule 1: the same files in the same order with the same date give the same bytes; nothing is compressed, because
what documents are is compressed already and the output of compressors changes between versions.
Rule 2: a file whose bytes are not what its hash promised is never passed on.
"""

import hashlib
import zipfile
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from io import BytesIO
from typing import BinaryIO, Final, Self
from zoneinfo import ZoneInfo

from gateway.core.errors import Corrupt

BLOCK_BYTES: Final = 1 << 20
# Characters a path in a manifest may not hold as they are (RFC 8493 section 2.1.3).
UNSAFE: Final = "%\r\n"

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_REGULAR_FILE: Final = 0o100644 << 16
_UNIX: Final = 3
_DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class Bag:
    """One bag being written. Add the payload, then `seal`; without that it is not a bag.

    `base` becomes the one directory in the zip. Use it in a `with`; what an exception leaves behind is worthless.
    """

    def __init__(self, out: BinaryIO, base: str, made_at: datetime) -> None:
        self.payload_bytes = 0
        self.payload_files = 0
        self._base = base
        self._local = made_at.astimezone(_AMSTERDAM)
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._payload: list[str] = []
        self._tags: list[str] = []
        self._add_tag("bagit.txt", _DECLARATION)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._zip.close()

    def add(self, path: str, source: BinaryIO, size: int, sha256: str | None = None) -> None:
        """Add a payload file under `data/`. Raises Corrupt when its bytes are not the `sha256` promised."""
        digest, copied = self._write(f"data/{path}", source, size)
        if sha256 is not None and digest != sha256:
            raise Corrupt(f"blob {sha256} holds other bytes: {digest}")
        self.payload_bytes += copied
        self.payload_files += 1
        self._payload.append(f"{digest}  data/{path}\n")

    def add_bytes(self, path: str, content: bytes) -> None:
        """Add a small payload file."""
        self.add(path, BytesIO(content), len(content))

    def seal(self, info: Mapping[str, str]) -> None:
        """Write what makes it a bag: bag-info.txt with `info`, and the manifests (RFC 8493 sections 2.1 and 2.2)."""
        lines = {
            "Bag-Software-Agent": f"herstelpost {version('herstelpost')}",
            "Bagging-Date": self._local.date().isoformat(),
            "Payload-Oxum": f"{self.payload_bytes}.{self.payload_files}",
            **info,
        }
        self._add_tag("bag-info.txt", "".join(f"{key}: {value}\n" for key, value in lines.items()).encode())
        self._add_tag("manifest-sha256.txt", "".join(self._payload).encode())
        self._write_bytes("tagmanifest-sha256.txt", "".join(self._tags).encode())

    def _add_tag(self, path: str, content: bytes) -> None:
        self._tags.append(f"{self._write_bytes(path, content)}  {path}\n")

    def _write_bytes(self, path: str, content: bytes) -> str:
        return self._write(path, BytesIO(content), len(content))[0]

    def _write(self, path: str, source: BinaryIO, size: int) -> tuple[str, int]:
        """The hash and size of what was copied."""
        if set(path) & set(UNSAFE):
            raise ValueError(f"{path!r}: a manifest would have to escape this, and few readers would understand")
        entry = zipfile.ZipInfo(f"{self._base}/{path}", self._local.timetuple()[:6])
        entry.external_attr, entry.create_system, entry.file_size = _REGULAR_FILE, _UNIX, size
        digest, copied = hashlib.sha256(), 0
        with self._zip.open(entry, "w") as target:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                copied += target.write(block)
        return digest.hexdigest(), copied
