"""Messages that break parsers (T9 to T11 of the field's own list, and bombs): each costs only itself."""

import os
import resource
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import landlock
import pytest

from gateway.core.errors import TryLater
from gateway.core.model import PartRole, Reading
from mail import read_child
from mail.read import Limits, Reader
from scanners import child, template
from tests.support import hostile
from tests.support.servers import wait_until


def has_landlock() -> bool:
    try:
        return landlock.landlock_abi_version() > 0
    except landlock.LandlockError:
        return False


def read(message: bytes, folder: Path, limits: Limits | None = None) -> Reading:
    raw, out = folder / "raw.eml", folder / "out"
    raw.write_bytes(message)
    out.mkdir()
    return Reader(limits).read_message(raw, out)


def head(line: bytes) -> bytes:
    return b"From: anna.voorbeeld@mail.example\r\n" + line + b"\r\n\r\nHierbij.\r\n"


def test_a_header_of_a_megabyte_of_encoded_words_is_too_complex_and_harmless(tmp_path):
    """T9: the standard library wants 24 GB for this."""
    bomb = head(b"Subject: " + b"\r\n ".join([b"=?utf-8?Q?a?="] * 70_000))
    reading = read(bomb, tmp_path)
    assert reading.trouble is not None
    assert reading.trouble.code == "too_complex"


def test_a_long_header_is_cut_and_named_and_the_sender_still_known(tmp_path):
    reading = read(head(b"Subject: " + b"\r\n ".join([b"=?utf-8?Q?a?="] * 4000)), tmp_path)
    assert reading.message is not None
    assert reading.message.from_address == "anna.voorbeeld@mail.example"
    assert reading.message.defects == ("header_too_long",)


@pytest.mark.parametrize(
    "line",
    [
        b"Message-ID: < >",
        b"Message-ID: <abc@[>",
        b"To: <\xc3\xa9@",
        b"Cc: " + b"(" * 5000,
        b"To: " + b'"\\"' * 9000,
        b"To: " + b"a@b.example, " * 2000,
        b"Subject: =?cp-850?Q?x?= =?x-unknown?B?eA==?= =?rot13?Q?x?= =?\0?Q?x?=",
        b"Content-Type: text/plain; charset=cp-850",
        b'Content-Type: text/plain; charset="\0"',
        b"Content-Type: multipart/mixed",
        b"Content-Type: multipart/mixed; boundary=b; x*",
        b"Content-Type: text/plain" + b"; a=b" * 3000,
        b"Content-Disposition: attachment; filename*",
        b"Content-Disposition: attachment; filename*0*=%; filename*2=x",
    ],
    ids=lambda line: line[:40].decode("latin-1").encode("unicode_escape").decode(),
)
def test_headers_on_which_the_standard_library_throws_or_crawls_are_read(line, tmp_path):
    """T10."""
    reading = read(head(line), tmp_path)
    assert reading.trouble is None
    assert reading.message is not None
    assert reading.message.from_address == "anna.voorbeeld@mail.example"


@pytest.mark.parametrize("depth", [21, 2000])
def test_nesting_without_end_is_too_complex_and_the_sender_still_known(depth, tmp_path):
    """T11."""
    reading = read(hostile.nested(depth), tmp_path)
    assert reading.trouble is not None
    assert reading.trouble.code == "too_complex"
    assert reading.message is not None
    assert reading.message.from_address == "anna.voorbeeld@mail.example"


def test_nesting_within_the_limit_is_read(tmp_path):
    assert [p.name for p in read(hostile.nested(19), tmp_path).parts] == ["diep.pdf"]


def test_messages_in_messages_without_end_are_too_complex(tmp_path):
    message = hostile.mail(hostile.text())
    for _ in range(25):
        message = b"Content-Type: message/rfc822\r\n\r\n" + message
    assert read(message, tmp_path).trouble is not None


def test_thousands_of_parts_are_too_complex(tmp_path):
    reading = read(hostile.mail(*[b"\r\n"] * 501), tmp_path)
    assert reading.trouble is not None
    assert reading.trouble.detail == "more than 500 parts"


def upload(content: bytes, folder: Path, limits: Limits | None = None) -> Reading:
    (folder / "raw").write_bytes(content)
    (folder / "out").mkdir()
    return Reader(limits).read_file(folder / "raw", "map.zip", "application/zip", folder / "out")


def overlapping() -> bytes:
    """Two directory entries over the same body."""
    made = bytearray(hostile.zipped([("a.txt", b"x" * 100), ("b.txt", b"x" * 100)]))
    second = made.rfind(b"PK\x01\x02")
    made[second + 42 : second + 46] = b"\0\0\0\0"
    return bytes(made)


def bottomless(levels: int) -> bytes:
    archive = hostile.zipped({"akte.pdf": hostile.pdf()})
    for _ in range(levels):
        archive = hostile.zipped({"binnen.zip": archive})
    return archive


@pytest.mark.parametrize(
    "archive",
    [
        hostile.zipped({"nul.bin": bytes(120 * 2**20)}),
        hostile.zipped({f"{n}.bin": bytes(2**20) for n in range(300)}),
        hostile.zipped({f"{n}.txt": b"x" for n in range(501)}),
        overlapping(),
        bottomless(25),
    ],
    ids=["ratio", "total", "count", "overlap", "depth"],
)
def test_archive_bombs_are_too_complex(archive, tmp_path):
    reading = upload(archive, tmp_path)
    assert reading.trouble is not None
    assert reading.trouble.code == "too_complex"


def test_a_name_with_a_path_writes_nothing_outside(tmp_path):
    outside = tmp_path / "absoluut.pdf"
    archive = hostile.zipped({"../buiten.pdf": b"x", str(outside): b"y", "..\\c.pdf": b"z"})
    reading = upload(archive, tmp_path)
    assert [p.name for p in reading.parts] == ["map.zip", "buiten.pdf", "absoluut.pdf", "c.pdf"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0", "1", "2", "3"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "raw"]


def test_a_damaged_zip_stays_a_document_that_cannot_be_read(tmp_path):
    reading = upload(hostile.zipped({"akte.pdf": hostile.pdf() * 50})[:-30], tmp_path)
    assert [(p.role, p.note) for p in reading.parts] == [(PartRole.DOCUMENT, "unreadable")]


# ---- the child itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("process", "detail"),
    [
        (child.Limits(cpu_seconds=1, memory_bytes=2**30), "reading took too long"),
        (child.Limits(file_bytes=2**20), "a part is too large"),
        (child.Limits(memory_bytes=2**20), "reading took too much memory"),
    ],
)
def test_a_child_at_the_end_of_its_means_is_too_complex_never_an_exception(process, detail, tmp_path):
    block = hostile.attached(bytes(6 * 2**20), "groot.bin")
    limits = Limits(read_child.Limits(total_bytes=2**40, entry_bytes=2**40), process)
    reading = read(hostile.mail(*[block] * 60), tmp_path, limits)
    assert reading.trouble is not None
    assert reading.trouble.code == "too_complex"
    assert reading.trouble.detail == detail


@pytest.mark.parametrize("out", ["out", "nowhere"])
def test_trouble_of_ours_says_nothing_about_the_bytes(out, tmp_path):
    """No descriptors left, or no folder to write to: the step is done again later."""
    (tmp_path / "raw.eml").write_bytes(hostile.mail(hostile.text()))
    (tmp_path / "out").mkdir()
    poor = Limits(process=child.Limits(open_files=3 if out == "out" else 64))
    with pytest.raises(TryLater):
        Reader(poor).read_message(tmp_path / "raw.eml", tmp_path / out)


def test_a_mail_at_the_cap_leaves_this_process_small(tmp_path):
    message = hostile.mail(hostile.attached(bytes(30 * 2**20), "scan.pdf"))
    raw, out = tmp_path / "raw.eml", tmp_path / "out"
    raw.write_bytes(message)
    size = len(message)
    del message
    out.mkdir()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (document,) = Reader(Limits(process=child.Limits(memory_bytes=100 * 2**20))).read_message(raw, out).parts
    assert document.bytes == 30 * 2**20
    assert size > 40 * 2**20
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 2**20


def nosy(job: dict[str, object], writable: tuple[Path, ...] = (), **limits: int) -> child.Outcome:
    return child.run("tests.support.nosy_child", job, child.Limits(**limits), writable=writable)


def test_the_child_has_no_environment_of_ours_no_new_privileges_and_as_root_no_network(monkeypatch):
    monkeypatch.setenv("HERSTELPOST_SECRET", "geheim")
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = nosy({"do": "look", "port": server.getsockname()[1], "folders": []})
    (seen,) = outcome.answers
    assert not {name for name in seen["environment"] if "HERSTELPOST" in name or name in {"PATH", "HOME"}}
    assert seen["no_new_privileges"]
    assert seen["told_by"].startswith("/memfd:"), "a job may hold a secret: it is on no disk"
    assert seen["connects"] is (os.geteuid() != 0)


@pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock")
def test_the_child_writes_in_its_own_folders_and_nowhere_else(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    outcome = nosy({"do": "look", "port": 9, "folders": [str(ours), str(theirs), "."]}, writable=(theirs,))
    assert outcome.answers[0]["writes"] == [str(theirs), "."]
    assert not list(ours.iterdir())


def test_a_child_that_waits_for_ever_is_ended_with_everything_it_started():
    outcome = nosy({"do": "sleep"}, wall_seconds=1)
    assert outcome.ended == "time"
    (grandchild,) = outcome.answers
    wait_until(lambda: not is_running(grandchild), "its child is gone, too")


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("do", "ended"), [("hog", "memory"), ("die", "crash")])
def test_how_a_child_ended_is_told_apart(do, ended):
    assert nosy({"do": do}) == child.Outcome((), ended)


def test_no_job_leaves_anything_to_the_next_one():
    """Each has a fork of its own; what one made of its memory, or of itself, the next one does not see."""
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda n: nosy({"do": "remember", "secret": f"s{n}"}), range(12)))
    answers = [outcome.answers[0] for outcome in outcomes]
    assert [answer["seen"] for answer in answers] == [f"s{n}" for n in range(12)]
    assert len({answer["process"] for answer in answers}) == 12


def test_when_the_template_is_gone_the_next_job_gets_a_new_one():
    nosy({"do": "remember", "secret": ""})
    found = template._templates.running["tests.support.nosy_child"]
    found.process.kill()
    found.process.wait()
    assert nosy({"do": "remember", "secret": "x"}).answers[0]["seen"] == "x"


def test_when_the_gateway_dies_nothing_of_its_children_is_left():
    gateway = subprocess.Popen([sys.executable, "-c", GATEWAY], stdout=subprocess.PIPE, cwd=template.ROOT, text=True)
    wait_until(lambda: len(descendants(gateway.pid)) == WITH_A_CHILD, "its child has a child")
    below = descendants(gateway.pid)
    gateway.kill()
    gateway.communicate()
    wait_until(lambda: not any(map(is_running, below)), "all are gone")


GATEWAY = "from scanners import child; child.run('tests.support.nosy_child', {'do': 'sleep'}, child.Limits())"


WITH_A_CHILD = 4
"""A template, a keeper, a fork, and what the fork started."""


def descendants(pid: int) -> list[int]:
    """The processes below one."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [each for child in map(int, below) for each in (child, *descendants(child))]


def test_a_template_that_nobody_needs_ends_but_not_while_a_job_runs(monkeypatch):
    """A job may take longer than a template waits for the next one."""
    short = "import sys; from scanners import template; template._IDLE_SECONDS = 0.2; template._serve(sys.argv[1])"
    real = subprocess.Popen
    monkeypatch.setattr(template, "_templates", template._Templates())
    monkeypatch.setattr(
        template.subprocess, "Popen", lambda argv, **rest: real([*argv[:2], "-c", short, argv[-1]], **rest)
    )
    assert nosy({"do": "nap", "seconds": 1}) == child.Outcome(("slept",), "done")
    found = template._templates.running["tests.support.nosy_child"]
    assert found.process.wait(timeout=20) == 0
    found.control.close()


def test_a_child_that_does_not_begin_is_our_trouble():
    with pytest.raises(TryLater):
        child.run("tests.support.no_such_module", {}, child.Limits())
