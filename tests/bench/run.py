"""`make bench`: the gateway beside its peers under the same load; a table, and JSON in build/bench/.

With the harness in ../shared/bench: six scenarios against Postfix, stock aiosmtpd with fsync, and the floor of
this machine. Without it: three of them against peers of our own (`peers.py`), which need nothing but the
development environment. Every process listens on the loopback, is ended by its pid, and runs for a bounded time.
Data lie in /var/tmp: what is measured is a disk, and /tmp may be memory. `--ledger` measures
the ledger (`ledger.py`), `--reading` the way from the 250 to the letter (`reading.py`), `--letters` how long a sender
waits for the receipt in each channel (`letters.py`).
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import load  # noqa: E402
from tests.support.servers import free_port, wait_until  # noqa: E402
from tests.support.smtp import ADDRESS, certificate  # noqa: E402

HARNESS: Final = ROOT.parent / "shared" / "bench"
SCENARIOS: Final = "smtp-30m-c1,smtp-30m-c4,smtp-30m-c4-tls,smtp-300k-c10,smtp-4k-c10,smtp-4k-c50"
PEERS: Final = ("postfix", "aiosmtpd-fsync", "floor")
PROGRAM: Final = (str(ROOT / ".venv" / "bin" / "herstelpost"),)
STOP_SECONDS: Final = 30
LIMIT_SECONDS: Final = 3600

# All senders of the bench have one address, so the limits per address are those of the whole.
CONFIGURATION: Final = """\
data_dir = "{directory}/data"
[smtp]
listen = "127.0.0.1:{port}"
addresses = ["{address}"]
tls_cert = "{directory}/cert.pem"
tls_key = "{directory}/key.pem"
max_connections_per_address = 500
listeners = {listeners}
[portal]
listen = "127.0.0.1:{portal}"
[metrics]
listen = ""
"""


def main() -> int:
    """0 when everything was measured and nobody was refused, else 1."""
    for other in ("--ledger", "--reading", "--letters"):
        if other in sys.argv:
            words = [word for word in sys.argv[1:] if word != other]
            program = Path(__file__).with_name(f"{other[2:]}.py")
            return subprocess.run([sys.executable, program, *words], check=False).returncode
    asked = _arguments()
    out = asked.out / f"{datetime.now(UTC):%Y-%m-%dT%H%MZ}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        ours = [stack.enter_context(gateway(name, given)) for name, given in _variants(asked).items()]
        print(f"load of the machine before: {os.getloadavg()[0]:.2f}", flush=True)
        if asked.harness.is_dir() and not asked.small:
            code = _with_harness(stack, asked, ours, out)
        else:
            code = load.compare(ours, asked.rounds, asked.run_seconds, out)
    print(f"\n{out.relative_to(ROOT) if out.is_relative_to(ROOT) else out}")
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--run-seconds", type=float, default=1.5, help="each run starts no message after this long")
    parser.add_argument("--scenario", default=SCENARIOS, help=f"default: {SCENARIOS}")
    parser.add_argument("--listeners", default="1,2", help="a row for each number of listener processes")
    parser.add_argument("--worker", action="store_true", help="one more row: with the worker at work on what comes in")
    parser.add_argument("--harness", type=Path, default=HARNESS)
    parser.add_argument("--peers", type=Path, default=Path("/var/tmp/peers"), help="where the peers are (installed)")  # noqa: S108
    parser.add_argument("--only", default=",".join(PEERS), help="which peers")
    parser.add_argument("--small", action="store_true", help="the built-in load, also where the harness is")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    return parser.parse_args()


def _variants(asked: argparse.Namespace) -> dict[str, tuple[int, str]]:
    """By the name of the row: how many listeners, and which parts run."""
    rows = {f"ours-{n}": (int(n), "smtp") for n in asked.listeners.split(",")}
    if asked.worker:
        rows["ours-1-worker"] = (1, "smtp,worker")
    return rows


@contextlib.contextmanager
def gateway(name: str, given: tuple[int, str], program: Sequence[str] = PROGRAM) -> Iterator[load.Target]:
    """The real gateway in a data directory of its own; ended and removed on leaving."""
    listeners, parts = given
    directory = Path(tempfile.mkdtemp(prefix="herstelpost-bench-", dir="/var/tmp"))  # has to be a disk
    try:
        certificate(directory)
        target = load.Target(name, free_port(), ADDRESS, f"find {directory}/data/blobs -type f -delete")
        configuration = directory / "herstelpost.toml"
        configuration.write_text(
            CONFIGURATION.format(
                directory=directory, port=target.port, portal=free_port(), address=ADDRESS, listeners=listeners
            )
        )
        command = [*program, "--config", str(configuration), "run", "--only", parts]
        with (directory / "log").open("wb") as log, load.running(command, log) as process:
            wait_until(
                lambda: _listening(target.port) == listeners or process.poll() is not None, f"{name} listens", 60
            )
            if process.poll() is not None:
                raise SystemExit((directory / "log").read_text())
            target.pid = process.pid
            yield target
    finally:
        shutil.rmtree(directory)


def _listening(port: int) -> int:
    """How many sockets listen on this port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(words[1].endswith(f":{port:04X}") and words[3] == "0A" for words in lines)


def _with_harness(
    stack: contextlib.ExitStack, asked: argparse.Namespace, ours: Sequence[load.Target], out: Path
) -> int:
    peers = asked.only.split(",")
    script = str(asked.harness / "peers.sh")
    if not (asked.peers / "venv").is_dir() or shutil.which("postfix", path="/usr/sbin") is None:
        print(f"installing the peers in {asked.peers} ...", flush=True)
        subprocess.run([script, "install", str(asked.peers)], check=True, timeout=900)
    stack.callback(subprocess.run, [script, "stop", str(asked.peers), *peers], check=False, timeout=120)
    subprocess.run([script, "start", str(asked.peers), *peers], check=True, timeout=120, stdout=subprocess.DEVNULL)
    command = [
        sys.executable, str(asked.harness / "compare.py"),
        "--targets", str(asked.peers / "targets.json"),
        "--only", ",".join([*(t.name for t in ours), *peers]),
        "--base", peers[0], "--scenario", asked.scenario, "--out", str(out),
        "--rounds", str(asked.rounds), "--run-seconds", str(asked.run_seconds),
    ]  # fmt: skip
    for t in ours:
        command += ["--target", f"name={t.name},kind=smtp,port={t.port},pid={t.pid},rcpt={t.recipient},clean={t.clean}"]
    # The harness imports what lies beside it, which `make` forbids Python to do.
    beside = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(command, env=beside, check=False, timeout=LIMIT_SECONDS)
    return done.returncode or _refused(out, {t.name for t in ours})


def _refused(out: Path, ours: set[str]) -> int:
    """1 when one of ours turned anybody away or let anybody wait for ever, else 0."""
    scenarios = json.loads(out.read_text())["scenarios"]
    wrong = [
        f"{name}: {row['target']}: {row['errors']} errors, first {row['first_error']}"
        for name, scenario in scenarios.items()
        for row in scenario["rows"]
        if row["target"] in ours and (row["errors"] or not row["messages"])
    ]
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
