"""A child that tells what it can see and do; for the tests of `scanners.child`."""

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from scanners import child


def look(job: dict[str, Any]) -> None:
    """Do what the job asks for: `look` around, `sleep` with a child, `nap`, `hog` memory, `die`, or `remember`."""
    match job["do"]:
        case "look":
            status = Path("/proc/self/status").read_text(encoding="ascii")
            child.say(
                {
                    "environment": sorted(os.environ),
                    "no_new_privileges": "NoNewPrivs:\t1" in status,
                    "told_by": str(Path("/proc/self/fd/0").readlink()),
                    "connects": _connects(job["port"]),
                    "writes": [folder for folder in job["folders"] if _writes(Path(folder))],
                }
            )
        case "sleep":
            child.say(subprocess.Popen(["sleep", "600"]).pid)
            time.sleep(600)
        case "nap":
            time.sleep(job["seconds"])
            child.say("slept")
        case "hog":
            child.say(len(bytearray(2**33)))
        case "die":
            os.abort()
        case "remember":
            os.environ["SEEN"] = os.environ.get("SEEN", "") + job["secret"]
            child.say({"seen": os.environ["SEEN"], "process": os.getpid(), "keeper": os.getppid()})


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _writes(folder: Path) -> bool:
    try:
        (folder / "written").write_bytes(b"x")
    except OSError:
        return False
    return True


WORK: Final = look
