"""Child processes for hostile bytes: a fork each, confined before the first byte, ended with their whole group.

Rule 1: whatever the bytes do to a child, the parent gets an `Outcome`; only "could not start one" is TryLater.
Rule 2: a child takes one JSON job on stdin and answers one JSON value a line; the parent believes none of it
before it has checked it.
Rule 3: a child has no environment, no network and no place to write but its own folders where the kernel lets us
(but for one that asks DNS), no new privileges, and dies with us.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final

from gateway.core.errors import TryLater
from scanners import template

READY: Final = "ready"
_MAX_ANSWER: Final = 16 * 2**20
_MIB: Final = 2**20

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWNET: Final = 0x40000000
_ABI_OF_TRUNCATE: Final = 3


@dataclass(frozen=True)
class Limits:
    """What one child may use. CPU time warns the child one second before it ends it."""

    memory_bytes: int = 512 * _MIB
    cpu_seconds: int = 20
    wall_seconds: int = 60
    file_bytes: int = 256 * _MIB
    open_files: int = 64


class OutOfTime(Exception):
    """The child's time is nearly up; raised inside it, so that it can still say how far it came."""


@dataclass(frozen=True)
class Outcome:
    """What a child answered before it ended, and how it ended.

    `ended`: `done`; `time`, `memory` or `size` when a limit ended it; `crash` otherwise.
    """

    answers: tuple[Any, ...]
    ended: str


def run(
    module: str,
    job: dict[str, Any],
    limits: Limits,
    *,
    network: bool = False,
    writable: tuple[Path, ...] = (),
    sockets: str = "",
) -> Outcome:
    """Run `module.WORK` on a job in a process of its own and wait for its end, however it comes.

    `writable`: folders, beside its own scratch folder, that it may write in; nowhere else.
    `network`: let it keep the network. Only for the checks of a sender: which names they ask DNS for depends on
    the answers, so nobody can ask for them beforehand.
    `sockets`: a folder in which it may make local sockets, and nothing else; what it leaves there stays.

    Raises TryLater when the child could not be started, could not begin, or met trouble of ours such as a full
    disk: that says nothing about the bytes. Afterwards no process of its group is left.
    """
    folders = {"writable": [str(w.resolve()) for w in writable], "sockets": sockets}
    order = json.dumps({"limits": asdict(limits), "network": network, **folders, "job": job}).encode()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="herstelpost-child-") as scratch,
            # In memory: a job may hold a secret, which is to be on no disk.
            os.fdopen(os.memfd_create("job"), "w+b") as told,
            (Path(scratch) / "answer").open("w+b") as answer,
            (Path(scratch) / "errors").open("w+b") as errors,
        ):
            told.write(order)
            told.seek(0)
            files = (told.fileno(), answer.fileno(), errors.fileno())
            code = template.run(module, Path(scratch), files, limits.wall_seconds + 1)
            lines = _answers(answer)
            errors.seek(0)
            # Before it began it had seen nothing, so this holds no content; later it may, and is not looked at.
            why = lines[-1:] or errors.read(2**16)[-300:].decode("utf-8", "replace")
    except OSError as error:
        raise TryLater(f"cannot run a child process: {error}") from error
    if lines[:1] != [READY] or code == _EXIT_OURS:
        raise TryLater(f"the child process {module} could not do its work (exit {code}): {why}")
    return Outcome(tuple(lines[1:]), _ended(code))


def _answers(answer: IO[bytes]) -> list[Any]:
    answer.seek(0)
    lines: list[Any] = []
    for line in answer.read(_MAX_ANSWER).splitlines():
        try:
            lines.append(json.loads(line))
        except (ValueError, RecursionError):
            break  # cut off in the middle, or not ours: what came before stands
    return lines


_EXIT_TIME: Final = 3
_EXIT_MEMORY: Final = 4
_EXIT_SIZE: Final = 5
_EXIT_OURS: Final = 6

_ENDS: Final = {
    0: "done",
    _EXIT_TIME: "time",
    _EXIT_MEMORY: "memory",
    _EXIT_SIZE: "size",
    -signal.SIGXCPU: "time",
    -signal.SIGALRM: "time",
    # The kernel's word when the last second of CPU time is gone, or when the machine's memory is.
    -signal.SIGKILL: "time",
    -signal.SIGXFSZ: "size",
}


def _ended(code: int) -> str:
    return _ENDS.get(code, "crash")


# ---- inside the child ----------------------------------------------------------------------------

# Our disk, our permissions, our machine: nothing that bytes can bring about.
_OURS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.ENOENT, errno.EMFILE, errno.ENFILE}
)


def main(work: Callable[[dict[str, Any]], None]) -> None:
    """Confine this process, do the work on the parent's job, and end with a status that says how it went."""
    order = json.load(sys.stdin)
    _confine(Limits(**order["limits"]), network=order["network"])
    _write_only_in(".", *order["writable"], sockets=order["sockets"])
    say(READY)
    try:
        work(order["job"])
    except OutOfTime:
        sys.exit(_EXIT_TIME)
    except MemoryError:
        sys.exit(_EXIT_MEMORY)
    except OSError as error:
        say({"crashed": f"{type(error).__name__} {error.errno}"})
        sys.exit(_EXIT_SIZE if error.errno == errno.EFBIG else _EXIT_OURS if error.errno in _OURS else 1)
    except Exception as error:  # noqa: BLE001 -- the edge of this process: the place, never the content
        say({"crashed": _place(error)})
        sys.exit(1)


def say(answer: object) -> None:
    """Answer one value, at once, so that it stands whatever comes next."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _place(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return type(error).__name__ + "".join(f" at {Path(f.filename).name}:{f.lineno}" for f in last)


def _confine(limits: Limits, *, network: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Without the right to do so (no root, no user namespaces) the child keeps the network; it has no addresses,
    # no secrets and no code that connects, so this is a second wall and not the only one.
    if not network:
        libc.unshare(_CLONE_NEWNET)
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        _limit(what, most, most)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    signal.signal(signal.SIGXCPU, _stop)
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(limits.wall_seconds)


def _write_only_in(*folders: str, sockets: str = "") -> None:
    """Nothing outside these folders can be made, changed or removed from now on (Landlock, Linux 5.13)."""
    import landlock  # noqa: PLC0415 -- the parent, which imports this module too, has no use for it

    access = landlock.FSAccess
    writing = access.WRITE_FILE | access.REMOVE_FILE | access.REMOVE_DIR | access.MAKE_REG | access.MAKE_DIR
    writing |= access.MAKE_SYM | access.MAKE_SOCK | access.MAKE_FIFO | access.MAKE_CHAR | access.MAKE_BLOCK
    try:
        if landlock.landlock_abi_version() >= _ABI_OF_TRUNCATE:
            writing |= access.TRUNCATE
        walls = landlock.Ruleset(writing)
        walls.allow(*folders)
        walls.allow(os.devnull, rules=access.WRITE_FILE)
        if sockets:
            walls.allow(sockets, rules=access.MAKE_SOCK)
        walls.apply()
    except landlock.LandlockError:
        return  # a kernel without it: users, permissions and limits are the walls that stand everywhere


def _limit(what: int, soft: int, hard: int) -> None:
    """Never more than we were given ourselves: a container may be stricter than our settings."""
    given = resource.getrlimit(what)[1]
    most = hard if given == resource.RLIM_INFINITY else min(hard, given)
    resource.setrlimit(what, (min(soft, most), most))


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTime
