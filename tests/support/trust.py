"""Others who vouch for a log, as processes and servers of their own: a witness, and a time-stamping authority."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gateway import notes
from gateway.cosign import Witness
from tests.support.program import PROGRAM
from tests.support.servers import answers, free_port, wait_until

NAME = "witness.example/w1"


@dataclass(frozen=True)
class WitnessHouse:
    """Another department's witness, installed in `directory` and not running; its port stays the same."""

    directory: Path
    port: int

    @property
    def witness(self) -> Witness:
        """What a log is told of it."""
        return Witness(f"http://127.0.0.1:{self.port}", self.vkey)

    @property
    def vkey(self) -> str:
        """Its key, as `witness vkey` prints it."""
        return notes.Cosigner(NAME, notes.key_from_pem((self.directory / "witness.pem").read_bytes())).vkey

    @property
    def configuration(self) -> dict[str, str]:
        """Its table in a gateway's settings."""
        return self.witness._asdict()

    @contextmanager
    def running(self, *vkeys: str, per_minute: int = 100_000) -> Iterator["subprocess.Popen[bytes]"]:
        """It runs, and knows these keys of logs; killed on leaving: what it said must not depend on a good end."""
        logs = self.directory / "logs"
        logs.write_text("".join(f"{vkey}\n" for vkey in vkeys), encoding="utf-8")
        command: list[str | Path] = [PROGRAM, "witness", "run", "--name", NAME, "--key", self.directory / "witness.pem"]
        command += ["--state", self.directory / "state.db", "--log", logs, "--listen", f"127.0.0.1:{self.port}"]
        command += ["--per-minute", str(per_minute)]
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until(lambda: answers(self.port) or process.poll() is not None, "the witness answers", 60)
            assert process.poll() is None, (self.directory / "log").read_text()
            yield process
        finally:
            process.kill()
            process.wait()


def witness_house(directory: Path) -> WitnessHouse:
    """A witness in a directory of its own."""
    directory.mkdir(parents=True)
    (directory / "witness.pem").write_bytes(notes.key_to_pem(notes.generate_key()))
    return WitnessHouse(directory, free_port())


# ---- time stamps ---------------------------------------------------------------------------------

_AUTHORITY = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[signer]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = here
[here]
serial = {directory}/serial
signer_cert = {directory}/signer.pem
signer_key = {directory}/signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
{certs}
"""


@dataclass
class Authority:
    """A time-stamping authority that answers with `openssl ts`; `asked` counts the questions."""

    directory: Path
    url: str = ""
    asked: int = 0
    broken: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def roots(self) -> Path:
        """Its root certificate."""
        return self.directory / "root.pem"

    def stamp(self, query: bytes) -> bytes:
        """The answer to a question."""
        with self.lock:
            self.asked += 1
            (self.directory / "query").write_bytes(query)
            _openssl(self.directory, "ts -reply -config tsa.cnf -queryfile query -out reply")
            return (self.directory / "reply").read_bytes()


@contextmanager
def authority(directory: Path, *, sends_root: bool = False) -> Iterator[Authority]:
    """It answers over HTTP. With `sends_root` it adds its root certificate, which some libraries cannot read."""
    directory.mkdir(parents=True)
    certs = f"certs = {directory}/root.pem" if sends_root else ""
    for name, file in (("Testwortel", "root.cnf"), ("Testtijdstempel", "tsa.cnf")):
        (directory / file).write_text(_AUTHORITY.format(name=name, directory=directory, certs=certs))
    (directory / "serial").write_text("01\n")
    _openssl(
        directory,
        "req -x509 -newkey ed25519 -nodes -keyout root.key -out root.pem -days 30 -config root.cnf -extensions root",
    )
    _openssl(directory, "req -newkey rsa:2048 -nodes -keyout signer.key -out signer.csr -config tsa.cnf")
    _openssl(
        directory,
        "x509 -req -in signer.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -out signer.pem"
        " -extfile tsa.cnf -extensions signer",
    )
    made = Authority(directory)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}/tsa"
    thread = threading.Thread(target=server.serve_forever, name="tsa")
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def query(scratch: Path, text: str, digest: str) -> bytes:
    """The question for a stamp of this text, by this hash."""
    (scratch / "text").write_text(text, encoding="utf-8")
    _openssl(scratch, f"ts -query -data text -{digest} -cert -out query")
    return (scratch / "query").read_bytes()


def _handler(made: Authority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            query = self.rfile.read(int(self.headers["Content-Length"]))
            answer = b"" if made.broken else made.stamp(query)
            self.send_response(503 if made.broken else 200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


def _openssl(directory: Path, words: str) -> None:
    done = subprocess.run(["openssl", *words.split()], cwd=directory, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
