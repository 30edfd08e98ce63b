"""A template process: a program loaded once, of which every job gets a fork of its own.

Loading a child's libraries takes ten times as long as most of its work. So they are loaded once, in a process that
never sees a byte of what anybody sent: one fork always stands ready, takes the next job's files, and confines itself
before it reads them (`scanners.child`); so no job waits for a fork. It ends when nobody needed it for a while, and when
the gateway goes.

A module for it has `WORK`, what is done with a job, and `BEFOREHAND`, the modules that it loads for some jobs only and
that most jobs need.

Rule 1: the template reads nothing; a job is taken, and its bytes are read, by its fork alone.
Rule 2: a keeper stands between the two: it waits for the fork, ends what the fork started, and says how it went.
Rule 3: whoever dies takes with it what stands below: gateway, template, keeper, fork.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from types import FrameType
from typing import Any, Final

from gateway.core.errors import TryLater

ROOT: Final = Path(__file__).resolve().parents[1]

_IDLE_SECONDS: Final = 60
_STARTING_SECONDS: Final = 60
_DYING_SECONDS: Final = 10
_QUIET_SECONDS: Final = 0.1
_PR_SET_PDEATHSIG: Final = 1
_NUMBER: Final = struct.Struct("<i")
_FILES: Final = 4  # order, answer, errors, and where the keeper writes
_LONGEST_PATH: Final = 4096
_JOB, _IDLE = b"j", b"i"  # what a fork tells the template: it took a job, or none came


@dataclass
class _Template:
    """The way to a running template."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def end(self) -> None:
        self.control.close()
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()


@dataclass
class _Templates:
    """Those of this process, by the name of their module; a fork of this process starts its own."""

    owner: int = 0
    running: dict[str, _Template] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_templates = _Templates()


def run(module: str, folder: Path, files: Sequence[int], seconds: int) -> int:
    """Run `module.WORK` in a fork with `folder` as its own and `files` as its stdin, stdout and stderr.

    Returns its exit status, negative for a signal; after `seconds` it is ended with its whole group, which is
    the status of SIGXCPU. Raises TryLater when no fork could be had.
    """
    for _ in range(2):  # a template that ended just now is started again
        mine, theirs = os.pipe()
        with os.fdopen(mine, "rb", buffering=0) as status:
            try:
                _send(module, str(folder), (*files, theirs))
            finally:
                os.close(theirs)
            pid = _number(status.fileno(), _STARTING_SECONDS)
            if pid is not None:
                return _awaited(pid, status.fileno(), seconds)
        _forget(module)
    raise TryLater(f"the child process {module} could not be started")


def _awaited(pid: int, status: int, seconds: int) -> int:
    code = _number(status, seconds)
    if code is not None:
        return code
    # Until the keeper has spoken, the number is nobody else's.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    _number(status, _DYING_SECONDS)
    return -signal.SIGXCPU


def _number(status: int, seconds: float) -> int | None:
    """What the keeper writes next; None when it does not, in time or at all."""
    ready, _, _ = select([status], [], [], seconds)
    said = os.read(status, _NUMBER.size) if ready else b""
    return int(_NUMBER.unpack(said)[0]) if len(said) == _NUMBER.size else None


def _send(module: str, folder: str, files: Sequence[int]) -> None:
    with _templates.lock:
        if _templates.owner != os.getpid():
            _templates.owner, _templates.running = os.getpid(), {}
        found = _templates.running.get(module) or _start(module)
        _templates.running[module] = found
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended: nobody answers, see `run`
            socket.send_fds(found.control, [folder.encode()], files)


def _forget(module: str) -> None:
    with _templates.lock:
        if found := _templates.running.pop(module, None):
            found.end()


def _start(module: str) -> _Template:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "scanners.template", module],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            cwd="/",
            env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    return _Template(process, ours)


@atexit.register
def end() -> None:
    """End the templates of this process; a later `run` starts new ones."""
    with _templates.lock:
        mine = _templates.running if _templates.owner == os.getpid() else {}
        _templates.running = {}
    for template in mine.values():
        template.end()


# ---- inside the template -------------------------------------------------------------------------


def _serve(module: str) -> None:
    from scanners import child  # noqa: PLC0415 -- the gateway's side of this module has no use for it

    loaded = importlib.import_module(module)
    work: Callable[[dict[str, Any]], None] = loaded.WORK
    for name in ("landlock", *getattr(loaded, "BEFOREHAND", ())):
        importlib.import_module(name)
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    control.settimeout(_IDLE_SECONDS)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers need nobody to wait for them
    gc.freeze()
    while _one_more(lambda: child.main(work), control):
        pass


def _one_more(main: Callable[[], None], control: socket.socket) -> bool:
    """Have a fork ready until it takes a job; False when there will be none for us: nobody is there, or needs us."""
    told, tell = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(told)
        os._exit(_keep(main, control, tell))
    os.close(tell)
    said = os.read(told, len(_JOB))
    os.close(told)
    if said == _JOB:
        # The next one is made when it is quiet, or when somebody waits for it: now the processor has better to do.
        select([control.fileno()], [], [], _QUIET_SECONDS)
    if said == _IDLE:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(keeper, 0)
        return _has_children()
    return said == _JOB


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _keep(main: Callable[[], None], control: socket.socket, tell: int) -> int:
    """In the keeper: start the fork, wait for its end, end what it left behind, and say how it went."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    above = os.getppid()
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        here.close()
        os._exit(_work(main, control, there, tell))
    for ours in (control, there):
        ours.close()
    os.close(tell)
    _when_it_dies(above, lambda: os.killpg(pid, signal.SIGKILL))
    status = socket.recv_fds(here, 1, 1)[1]
    for number in status:
        _say(number, pid)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    for number in status:
        _say(number, code)
    return 0


def _when_it_dies(above: int, do: Callable[[], None]) -> None:
    """Do this, and end, when the template goes."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            do()
        os._exit(1)

    signal.signal(signal.SIGTERM, end)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != above:
        end(signal.SIGTERM, None)


def _say(status: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, _NUMBER.pack(number))


def _work(main: Callable[[], None], control: socket.socket, keeper: socket.socket, tell: int) -> int:
    """In the fork: wait for a job and do it. Nothing of the template is left but what it loaded."""
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        folder, files = _received(control, tell)
        if len(files) != _FILES:
            return 0
        *standard, status = files
        socket.send_fds(keeper, [b"."], [status])
        for ours in (control, keeper):
            ours.close()
        os.close(status)
        os.chdir(folder)
        for number, file in enumerate(standard):
            os.dup2(file, number)
            os.close(file)
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 -- a fork never returns into the template
        return 1
    return 0


def _received(control: socket.socket, tell: int) -> tuple[bytes, list[int]]:
    """The next job: its folder and its files. The template is told, so that the job after it finds a fork ready too."""
    try:
        folder, files, _, _ = socket.recv_fds(control, _LONGEST_PATH, _FILES)
    except TimeoutError:
        folder, files = b"", []
        os.write(tell, _IDLE)
    except ConnectionResetError:
        folder, files = b"", []
    if files:
        os.write(tell, _JOB)
    os.close(tell)
    return folder, files


if __name__ == "__main__":
    _serve(sys.argv[1])
