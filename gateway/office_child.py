"""The office child: one office document in, one PDF out, by LibreOffice without network, profile or macros of anybody.

Rule 1: runs only under `scanners.child`, and converts nothing while it has a network: a document may call for parts
elsewhere, and who opens it must not be seen there.
Rule 2: what LibreOffice makes is as hostile as what it was made of; `gateway.render` draws it anew.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from scanners import child

_NEW_USER_AND_NETWORK: Final = 0x10000000 | 0x40000000


def work(job: dict[str, Any]) -> None:
    """Convert `source` into a PDF beside it; says `{"ran": true}`, or `{"failed": "network"}`.

    LibreOffice makes its profile in a run of its own, and begins anew. Its socket is named after where the profile
    stands, and this child can make sockets in /tmp but not remove them: hence two `profiles`, the second a copy.
    """
    if not _is_alone(job["network"]):
        child.say({"failed": "network"})
        return
    first, second = map(Path, job["profiles"])
    _office(job["program"], first, "--terminate_after_init")
    shutil.copytree(first, second)
    source = Path(job["source"])
    _office(job["program"], second, "--convert-to", "pdf", "--outdir", str(source.parent), str(source))
    child.say({"ran": True})


def _office(program: str, profile: Path, *words: str) -> None:
    home = str(Path.cwd())
    subprocess.run(
        [
            program,
            "--headless",
            "--norestore",
            "--nologo",
            "--nodefault",
            f"-env:UserInstallation={profile.as_uri()}",
            *words,
        ],
        env={"HOME": home, "TMPDIR": home, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def _is_alone(parents: str) -> bool:
    """Whether this process has a network of its own, with nobody on it; made here where the child could not."""
    if _network() == parents:
        ctypes.CDLL(None).unshare(_NEW_USER_AND_NETWORK)
    return _network() != parents


def _network() -> str:
    return str(Path("/proc/self/ns/net").readlink())


WORK: Final = work
