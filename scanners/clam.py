"""The malware scanner: a live clamd, asked over its own protocol with the `clamd` package, hardened.

Rule 1: only a clear "OK" of a clamd that has found the canary is CLEAN. Silence, errors, limits are not (P4).
Rule 2: `Heuristics.*` is no malware: it says what could not be looked at, or what a document carries; the
finding then decides, not the verdict.
Rule 3: one connection a scan; a clamd that is away is NOT_YET, which means: ask again later.
"""

import socket
import struct
import tempfile
import threading
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from gateway.core.errors import TryLater
from gateway.core.model import Finding, Verdict
from scanners import findings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it asks setuptools, where there is one, for its own version
    import clamd

_BLOCK: Final = 128 * 1024
_LONGEST_ANSWER: Final = 4096
_MAX_PADDING_BLOCK: Final = 2**20

# In pieces, so that no scanner trips over this file.
_EICAR: Final = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*")


@dataclass(frozen=True)
class Answer:
    """What clamd says of one file, in our words."""

    verdict: Verdict
    finding: Finding | None = None


@dataclass(frozen=True)
class CanaryResult:
    """Whether the live clamd finds the test file at the size of the cap; `detail` for the operator."""

    ok: bool
    detail: str
    version: str = ""


class _Connection:
    """What `clamd` lacks on both kinds of socket: time-outs before connecting, whole writes, no empty verdict."""

    timeout: float | None
    clamd_socket: socket.socket

    def _send_all(self, data: bytes) -> None:
        self.clamd_socket.sendall(data)

    def _verdict(self) -> tuple[str, str | None]:
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
            piece = self.clamd_socket.recv(_LONGEST_ANSWER)
            if not piece:
                break
            answer += piece
        words = answer.rstrip(b"\0\n").decode("utf-8", "replace")
        if not words:
            raise clamd.ConnectionError("no verdict")
        if "size limit exceeded" in words:
            raise clamd.BufferTooLongError(words)
        _, reason, status = self._parse_response(words)  # type: ignore[attr-defined]
        if status == "ERROR":
            raise clamd.ResponseError(words)
        return status, reason

    def look_at(self, file: IO[bytes]) -> tuple[str, str | None]:
        """The status and reason for an open file, from its start."""
        self._init_socket()  # type: ignore[attr-defined]
        try:
            self._hand_over(file)
            return self._verdict()
        finally:
            self._close_socket()  # type: ignore[attr-defined]

    def _hand_over(self, file: IO[bytes]) -> None:
        try:
            self._send_all(b"zINSTREAM\0")
            while block := file.read(_BLOCK):
                self._send_all(struct.pack("!L", len(block)) + block)
            self._send_all(struct.pack("!L", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # over its limit clamd answers first and closes then; the answer is still to be read


class _Unix(_Connection, clamd.ClamdUnixSocket):  # type: ignore[misc]
    """A clamd on this machine gets the open file itself instead of its bytes."""

    def _init_socket(self) -> None:
        self.clamd_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.clamd_socket.settimeout(self.timeout)
        try:
            self.clamd_socket.connect(self.unix_socket)
        except OSError as error:
            self.clamd_socket.close()
            raise clamd.ConnectionError(str(error)) from error

    def _hand_over(self, file: IO[bytes]) -> None:
        self._send_all(b"zFILDES\0")
        socket.send_fds(self.clamd_socket, [b"\0"], [file.fileno()])


class _Network(_Connection, clamd.ClamdNetworkSocket):  # type: ignore[misc]
    def _init_socket(self) -> None:
        try:
            self.clamd_socket = socket.create_connection((self.host, self.port), self.timeout)
        except OSError as error:
            raise clamd.ConnectionError(str(error)) from error


class Clam:
    """One clamd at one address, `unix:/path` or `tcp:host:port`. Safe for any number of threads.

    `cap_bytes` is the size of the largest file that may come; until the canary of that size is found, and
    again whenever `recheck_seconds` have passed, nothing is scanned and every answer is NOT_YET.
    """

    def __init__(
        self,
        address: str,
        cap_bytes: int,
        *,
        timeout_seconds: float = 120.0,
        recheck_seconds: float = 3600.0,
        retry_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._cap = cap_bytes
        self._timeout = timeout_seconds
        self._recheck = recheck_seconds
        self._retry = retry_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._canary: CanaryResult | None = None
        self._checked_at = 0.0

    def scan(self, path: Path) -> Answer:
        """The verdict on a file. Never raises for what it holds; NOT_YET while nobody can be asked.

        Raises TryLater when the file itself cannot be opened: that is our trouble.
        """
        canary = self.canary()
        if not canary.ok:
            return Answer(Verdict.NOT_YET, Finding("not_scanned", canary.detail))
        try:
            with path.open("rb") as file:
                return self._ask(file)
        except FileNotFoundError as error:
            raise TryLater(f"a file to scan is not there: {error}") from error

    def canary(self) -> CanaryResult:
        """The last canary's result, fresh enough; runs it when it is not."""
        with self._lock:
            good_for = self._recheck if self._canary and self._canary.ok else self._retry
            if self._canary is None or self._clock() - self._checked_at >= good_for:
                self._canary = self.run_canary()
                self._checked_at = self._clock()
            return self._canary

    def run_canary(self) -> CanaryResult:
        """Ask clamd about the test file, small and at the size of the cap, plain and in a zip.

        Each form that is found when it is small must be found when it is as large as the cap: a clamd that
        would let a large infected file through is not scanning (its MaxFileSize, MaxScanSize or
        StreamMaxLength is below the cap).
        """
        known = 0
        for form in (_plain, _zipped):
            small = self._ask_about(form, 4096)
            if small.verdict in {Verdict.NOT_YET, Verdict.ERROR}:
                return CanaryResult(ok=False, detail=small.finding.detail if small.finding else "no answer")
            if small.verdict is not Verdict.INFECTED:
                continue
            known += 1
            large = self._ask_about(form, self._cap)
            if large.verdict is not Verdict.INFECTED:
                detail = large.finding.detail if large.finding else "clean"
                return CanaryResult(
                    ok=False,
                    detail=f"clamd does not find the test file at {self._cap} bytes ({detail}): raise its "
                    "MaxFileSize, MaxScanSize and StreamMaxLength above the cap",
                )
        if not known:
            return CanaryResult(ok=False, detail="clamd does not know the EICAR test file: are its signatures loaded?")
        return CanaryResult(ok=True, detail="found", version=self.signature_version())

    def signature_version(self) -> str:
        """Clamd's version with the number and date of its signatures; empty when it does not answer."""
        try:
            return str(self._connection().version())[:200]
        except (clamd.ClamdError, OSError):
            return ""

    def _ask_about(self, form: Callable[[IO[bytes], int], None], size: int) -> Answer:
        with tempfile.TemporaryFile() as file:
            form(file, size)
            file.flush()
            file.seek(0)
            return self._ask(file)

    def _ask(self, file: IO[bytes]) -> Answer:
        try:
            status, reason = self._connection().look_at(file)
        except clamd.BufferTooLongError as error:
            return _failed(Verdict.ERROR, error)
        except (clamd.ConnectionError, OSError) as error:
            return _failed(Verdict.NOT_YET, error)
        except clamd.ClamdError as error:
            return _failed(Verdict.ERROR, error)
        answer = _translated(status, reason or "")
        if answer.verdict is Verdict.INFECTED and (database := database_of(self.signature_version())):
            return Answer(Verdict.INFECTED, Finding(findings.INFECTED, f"{reason}; {database}"))
        return answer

    def _connection(self) -> "_Unix | _Network":
        kind, _, where = self._address.partition(":")
        if kind == "unix":
            return _Unix(where, self._timeout)
        host, _, port = where.rpartition(":")
        return _Network(host.strip("[]"), int(port), self._timeout)


def database_of(version: str) -> str:
    """The signatures that a VERSION names, e.g. `signatures 27500 of 2026-11-22`; empty when it names none."""
    _program, _, rest = version.partition("/")
    number, _, made = rest.partition("/")
    try:
        day = datetime.strptime(made, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC).date()
    except ValueError:
        return ""
    return f"signatures {number} of {day}"


def _failed(verdict: Verdict, error: Exception) -> Answer:
    return Answer(verdict, Finding("not_scanned", f"{type(error).__name__}: {error}"[:300]))


def _translated(status: str, reason: str) -> Answer:
    if status == "OK":
        return Answer(Verdict.CLEAN)
    if status != "FOUND":
        return Answer(Verdict.ERROR, Finding("not_scanned", f"{status} {reason}"[:300]))
    for beginning, answer in (
        ("Heuristics.Encrypted", Answer(Verdict.ENCRYPTED, Finding(findings.ENCRYPTED, reason))),
        ("Heuristics.Limits", Answer(Verdict.LIMITS, Finding(findings.LIMITS, reason))),
        ("Heuristics.OLE2.ContainsMacros", Answer(Verdict.CLEAN, Finding(findings.ACTIVE_CONTENT, reason))),
        ("Heuristics.", Answer(Verdict.CLEAN, Finding(findings.SUSPICIOUS, reason))),
    ):
        if reason.startswith(beginning):
            return answer
    return Answer(Verdict.INFECTED, Finding(findings.INFECTED, reason))


# ---- the canary ----------------------------------------------------------------------------------


def eicar() -> bytes:
    """The harmless file every scanner knows (www.eicar.org), made when it is needed."""
    return "".join(_EICAR).encode("ascii")


def _plain(file: IO[bytes], size: int) -> None:
    test_file = eicar()
    file.write(test_file)
    _pad(file.write, size - len(test_file))


def _zipped(file: IO[bytes], size: int) -> None:
    """Stored, so that the container is as large as what is in it; the test file comes last."""
    room = 512
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo("padding.bin"), "w") as padding:
            _pad(padding.write, size - room)
        archive.writestr(zipfile.ZipInfo("test.com"), eicar())


def _pad(write: Callable[[bytes], object], count: int) -> None:
    while count > 0:
        write(b" " * min(count, _MAX_PADDING_BLOCK))
        count -= _MAX_PADDING_BLOCK
