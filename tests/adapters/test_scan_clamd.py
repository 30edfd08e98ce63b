"""P4: not scanned is never clean. Real clamds, well and badly configured, gone, silent and back again."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.core.errors import TryLater
from gateway.core.model import Verdict
from scanners import clam
from tests.support import hostile, servers

CAP = 3 * 2**20
SIGNATURE = "Eicar-Test-Signature:0:*:" + clam.eicar().hex()


@contextmanager
def clamd_with(folder: Path, settings: str, port: int | None = None, signature: str = SIGNATURE) -> Iterator[str]:
    """The address of a clamd of our own with these lines in its configuration."""
    (folder / "db").mkdir()
    (folder / "db" / "test.ndb").write_text(signature + "\n", encoding="ascii")
    listen = f"TCPSocket {port}\nTCPAddr 127.0.0.1" if port else f"LocalSocket {folder}/s"
    config = folder / "clamd.conf"
    config.write_text(
        f"Foreground yes\nDatabaseDirectory {folder}/db\n{listen}\nSelfCheck 0\n{settings}\n", encoding="ascii"
    )
    address = f"tcp:127.0.0.1:{port}" if port else f"unix:{folder}/s"
    program = servers._program("clamd")
    process = subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        servers.wait_until(lambda: bool(clam.Clam(address, 1).signature_version()), "clamd answers")
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(autouse=True)
def _needs_clamd(clamd_socket):
    """Skips where there is no clamd at all."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with servers._directory("clam-test") as made:
        yield made


def a_file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def large_and_infected(size: int) -> bytes:
    return clam.eicar() + b" " * (size - 68)


def test_a_clamd_with_large_enough_limits_finds_the_canary(clamd_socket, tmp_path):
    scanner = clam.Clam(f"unix:{clamd_socket}", 43 * 2**20)
    result = scanner.canary()
    assert (result.ok, result.detail) == (True, "found")
    assert result.version.startswith("ClamAV")
    assert scanner.scan(a_file(tmp_path, b"schoon")).verdict is Verdict.CLEAN
    assert scanner.scan(a_file(tmp_path, large_and_infected(43 * 2**20))).verdict is Verdict.INFECTED


@pytest.mark.parametrize(
    ("settings", "over_tcp", "said"),
    [
        ("MaxFileSize 1M", False, "clean"),
        ("MaxFileSize 1M\nAlertExceedsMax yes", False, "Limits.Exceeded"),
        ("MaxScanSize 1M\nMaxFileSize 50M", False, "clean"),
        ("StreamMaxLength 1M\nMaxFileSize 50M", True, "size limit exceeded"),
    ],
)
def test_a_clamd_that_would_let_a_large_infected_file_through_is_not_scanning(
    settings, over_tcp, said, folder, tmp_path
):
    """T6 to T8: with the stock settings it says OK to a marked file of 26 MiB."""
    port = servers.free_port() if over_tcp else None
    with clamd_with(folder, settings, port) as address:
        scanner = clam.Clam(address, CAP)
        assert not scanner.canary().ok
        assert said in scanner.canary().detail
        answer = scanner.scan(a_file(tmp_path, b"klein en schoon"))
    assert answer.verdict is Verdict.NOT_YET


def test_a_clamd_without_signatures_is_not_scanning(folder, tmp_path):
    with clamd_with(folder, "MaxFileSize 50M", signature="Other:0:*:00112233445566778899aabb") as address:
        scanner = clam.Clam(address, CAP)
        assert "EICAR" in scanner.canary().detail
        assert scanner.scan(a_file(tmp_path, b"schoon")).verdict is Verdict.NOT_YET


def test_over_tcp_the_bytes_are_sent_and_the_same_is_found(folder, tmp_path):
    with clamd_with(folder, "StreamMaxLength 50M\nMaxFileSize 50M", servers.free_port()) as address:
        scanner = clam.Clam(address, CAP)
        assert scanner.scan(a_file(tmp_path, b"schoon")).verdict is Verdict.CLEAN
        assert scanner.scan(a_file(tmp_path, large_and_infected(CAP))).verdict is Verdict.INFECTED


def test_what_clamd_could_not_look_at_is_neither_clean_nor_malware(folder, tmp_path):
    packed = hostile.marked_encrypted(hostile.zipped({"a.pdf": b"x" * 100}))
    with clamd_with(folder, "AlertEncrypted yes\nAlertExceedsMax yes\nMaxFileSize 8M") as address:
        scanner = clam.Clam(address, CAP)
        encrypted = scanner.scan(a_file(tmp_path, packed))
        too_large = scanner.scan(a_file(tmp_path, b" " * 9 * 2**20))
    assert encrypted.verdict is Verdict.ENCRYPTED
    assert too_large.verdict is Verdict.LIMITS


def test_a_clamd_that_is_away_is_asked_again_and_needs_no_restart(folder, tmp_path):
    now = [0.0]
    scanner = clam.Clam(f"unix:{folder}/s", CAP, retry_seconds=10, recheck_seconds=3600, clock=lambda: now[0])
    clean = a_file(tmp_path, b"schoon")
    assert scanner.scan(clean).verdict is Verdict.NOT_YET
    with clamd_with(folder, "MaxFileSize 50M"):
        assert scanner.scan(clean).verdict is Verdict.NOT_YET, "asked again only after a while"
        now[0] += 10
        assert scanner.scan(clean).verdict is Verdict.CLEAN
    assert scanner.scan(clean).verdict is Verdict.NOT_YET, "gone again, although its canary is still fresh"


def test_the_canary_is_looked_for_again_in_time(folder, tmp_path):
    """Somebody may lower a limit while we run."""
    now = [0.0]
    with clamd_with(folder, "MaxFileSize 50M") as address:
        scanner = clam.Clam(address, CAP, recheck_seconds=3600, clock=lambda: now[0])
        assert scanner.canary().ok
    second = folder / "second"
    second.mkdir()
    with clamd_with(second, "MaxFileSize 1M"):
        (folder / "s").unlink(missing_ok=True)
        (folder / "s").symlink_to(second / "s")
        assert scanner.scan(a_file(tmp_path, b"schoon")).verdict is Verdict.CLEAN
        now[0] += 3600
        assert scanner.scan(a_file(tmp_path, b"schoon")).verdict is Verdict.NOT_YET


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """A clamd that reads what it gets and answers every question with the same bytes."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.mark.parametrize(
    "answer", [b"", b"\0", b"stream: lstat() failed. ERROR\0", b"INSTREAM size limit exceeded. ERROR\0", b"nonsense\0"]
)
def test_silence_errors_and_nonsense_are_never_clean(answer, folder, tmp_path):
    scanner = clam.Clam(f"unix:{folder}/s", CAP, clock=lambda: 0.0)
    with answering(folder / "s", answer):
        assert scanner.scan(a_file(tmp_path, b"schoon")).verdict is Verdict.NOT_YET
        scanner._canary = clam.CanaryResult(ok=True, detail="found an hour ago")
        assert scanner.scan(a_file(tmp_path, b"schoon")).verdict in {Verdict.NOT_YET, Verdict.ERROR}


def test_the_version_names_number_and_day_of_the_signatures_where_there_are_any():
    """The form of clamd's VERSION (man clamd); with signatures of one's own only it names no database."""
    assert clam.database_of("ClamAV 1.4.6/27500/Sun Nov  1 16:40:23 2026") == "signatures 27500 of 2026-11-01"
    for unnamed in ("", "ClamAV 1.4.6", "ClamAV 1.4.6/27500/gisteren"):
        assert clam.database_of(unnamed) == ""


def test_a_file_of_ours_that_is_not_there_is_our_trouble(clamd_socket, tmp_path):
    with pytest.raises(TryLater):
        clam.Clam(f"unix:{clamd_socket}", 2**20).scan(tmp_path / "nowhere")


def test_many_threads_may_ask_at_once(clamd_socket, tmp_path):
    scanner = clam.Clam(f"unix:{clamd_socket}", 2**20)
    clean, infected = a_file(tmp_path, b"schoon"), tmp_path / "besmet"
    infected.write_bytes(clam.eicar())
    seen: list[Verdict] = []

    def ask() -> None:
        for _ in range(10):
            seen.extend((scanner.scan(clean).verdict, scanner.scan(infected).verdict))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [Verdict.CLEAN] * 80 + [Verdict.INFECTED] * 80


def test_our_own_source_does_not_hold_the_test_file():
    own = Path(clam.__file__).resolve().parents[1]
    folders: list[Callable[..., Iterator[Path]]] = [(own / name).rglob for name in ("scanners", "mail", "tests")]
    for find in folders:
        for path in find("*.py"):
            assert clam.eicar() not in path.read_bytes()
