"""Real servers for tests: each private, in a directory of its own, on a free port of the loopback.

Each function is a context manager that yields when the server answers and leaves nothing behind, neither
process nor file. A program that is not installed is `ServerMissing`; anything else that goes wrong fails
the test.
"""

import getpass
import grp
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
ROOTLESS = os.geteuid() != 0
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class ServerMissing(Exception):
    """The program is not on this machine."""


def free_port() -> int:
    """A port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Return as soon as `true()` is; TimeoutError, naming `what`, when it never is."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)


def answers(port: int) -> bool:
    """Somebody listens on this port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _program(name: str, *folders: Path) -> Path:
    places = os.pathsep.join([*map(str, folders), _PATH])
    if (found := shutil.which(name, path=places)) is None:
        raise ServerMissing(f"{name} is not installed; as root, `docker/system.sh test` installs it")
    return Path(found)


def _run(*command: str | Path, stdin: bytes | None = None, **environment: str) -> None:
    # Into a file: a server that goes to the background keeps a pipe open, and we would wait for its end.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            command,
            input=stdin,
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
            env=os.environ | {"PATH": _PATH} | environment,
        )
        if done.returncode:
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{text}")


@contextmanager
def _directory(name: str) -> Iterator[Path]:
    # Not pytest's tmp_path: that is closed to the users the servers run as, and too long for a socket's name.
    with tempfile.TemporaryDirectory(prefix=f"herstelpost-{name}-", ignore_cleanup_errors=True) as made:
        directory = Path(made)
        directory.chmod(0o755)
        yield directory


# ---- clamd ----


@contextmanager
def clamd() -> Iterator[Path]:
    """The socket of a clamd that knows only the EICAR test file, as `Eicar-Test-Signature.UNOFFICIAL`."""
    _program("clamd")
    script = ROOT / "docker" / "clamd.sh"
    with _directory("clamd") as directory:
        _run(script, directory, "start", HERSTELPOST_SIGNATURES=str(directory / "none"))
        try:
            yield directory / "clamd.sock"
        finally:
            _run(script, directory, "stop")


def teach(socket_path: Path, number: int, pattern: bytes) -> None:
    """Beside the EICAR test file that clamd knows this pattern now; its VERSION names the signatures by this number."""
    database = socket_path.with_name("test-signatures") / "daily.cud"
    signatures = b"Taught-%d:0:*:%s\n" % (number, pattern.hex().encode())
    header = f"ClamAV-VDB:22 Nov 2026 10-00 +0000:{number}:1:90:X:X:test:{int(time.time())}".encode()
    info = b"%s\ndaily.ndb:%d:%s\n" % (header, len(signatures), hashlib.sha256(signatures).hexdigest().encode())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in (("daily.info", info), ("daily.ndb", signatures)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    database.write_bytes(header.ljust(512) + packed.getvalue())
    _say(socket_path, b"zRELOAD\0")
    wait_until(lambda: f"/{number}/".encode() in _say(socket_path, b"zVERSION\0"), "the new signatures are there")


def _say(socket_path: Path, words: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(socket_path))
        connection.sendall(words)
        return connection.recv(1000)


# ---- Dovecot ----


@dataclass(frozen=True)
class Dovecot:
    """One mailbox owner on a real IMAP server."""

    directory: Path
    port: int
    tls_port: int
    username: str = "documenten"
    password: str = "geheim-9"
    host: str = "127.0.0.1"

    @property
    def certificate(self) -> Path:
        """The certificate to trust, PEM, for 127.0.0.1 and localhost."""
        return self.directory / "cert.pem"

    def deliver(self, message: bytes, mailbox: str = "INBOX") -> None:
        """The message lies in the mailbox, unseen, received now."""
        self._doveadm("save", "-u", self.username, "-m", mailbox, stdin=message)

    def kick(self) -> None:
        """Every open session of the owner is cut off."""
        self._doveadm("kick", self.username)

    def restart(self) -> None:
        """The server was away, and is back on the same ports with the same mail."""
        self.stop()
        self.start()

    def start(self) -> None:
        """It takes connections."""
        _run(_program("dovecot"), "-c", self.directory / "dovecot.conf")
        wait_until(lambda: answers(self.port) and answers(self.tls_port), "Dovecot answers")

    def stop(self) -> None:
        """It is gone, and its ports are free."""
        self._doveadm("stop")
        wait_until(lambda: not answers(self.port), "Dovecot is gone")

    def _doveadm(self, *words: str, stdin: bytes | None = None) -> None:
        _run(_program("doveadm"), "-c", self.directory / "dovecot.conf", *words, stdin=stdin)


# A block must not stand on one line. Without chroot, because that needs root, and tests may run without.
_DOVECOT_CONF = """\
base_dir = {directory}/run
log_path = {directory}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{directory}/cert.pem
ssl_key = <{directory}/key.pem
auth_mechanisms = plain login
mail_location = maildir:{directory}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
{users}
passdb {{
  driver = passwd-file
  args = username_format=%u {directory}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={directory}/mail/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Processed {{
    auto = create
  }}
  mailbox Refused {{
    auto = create
  }}
}}
"""


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """An IMAP server with one empty mailbox, and the folders Processed and Refused."""
    _program("dovecot")
    with _directory("dovecot") as directory:
        server = Dovecot(directory, free_port(), free_port())
        _configure(server)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _configure(server: Dovecot) -> None:
    if ROOTLESS:
        owner, group = getpass.getuser(), grp.getgrgid(os.getegid()).gr_name
        users = f"default_internal_user = {owner}\ndefault_login_user = {owner}\ndefault_internal_group = {group}"
    else:
        # Mail must not belong to root; this user is on every Debian machine.
        owner, group, users = "mail", "mail", ""
    directory = server.directory
    (directory / "mail").mkdir()
    shutil.chown(directory / "mail", owner, group)
    _run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", directory / "key.pem", "-out", directory / "cert.pem"),
    )
    (directory / "users").write_text(f"{server.username}:{{PLAIN}}{server.password}::::::\n")
    (directory / "dovecot.conf").write_text(
        _DOVECOT_CONF.format(
            directory=directory, port=server.port, tls_port=server.tls_port, users=users, owner=owner, group=group
        )
    )


# ---- PostgreSQL ----


@contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy address of a server's own database `postgres`; see `postgres_database`."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    initdb = _program("initdb", *reversed(versions)).resolve()
    pg_ctl = initdb.with_name("pg_ctl")
    # It refuses to run as root.
    somebody = () if ROOTLESS else ("runuser", "-u", "postgres", "--")
    with _directory("postgres") as directory:
        if not ROOTLESS:
            shutil.chown(directory, "postgres")
        data, port = directory / "data", free_port()
        # Nobody cuts the power of a test's database server: what is killed in tests is ours.
        options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=UTC"
        _run(
            *somebody,
            initdb,
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        )
        _run(*somebody, pg_ctl, "-D", data, "-w", "-s", "-l", directory / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run(*somebody, pg_ctl, "-D", data, "-w", "-s", "-m", "immediate", "stop")


@contextmanager
def postgres_database(server_url: str) -> Iterator[str]:
    """The SQLAlchemy address of a new, empty database on that server; dropped at the end."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server_url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield server_url.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


# ---- Postfix ----


@dataclass(frozen=True)
class Postfix:
    """A mail server as in docs/operating-smtp.md, with the gateway to be on `gateway_port`.

    `port` relays through the queue, `proxy_port` hands each message on while its sender waits. Mail for
    mail.example, bounces above all, goes to `sender_port`.
    """

    directory: Path
    port: int
    proxy_port: int
    gateway_port: int
    sender_port: int

    @property
    def log(self) -> str:
        """What it logged so far."""
        path = self.directory / "mail.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def queue(self) -> list[dict[str, object]]:
        """What it has not delivered yet."""
        command = (_program("postqueue"), "-c", str(self.directory / "etc"), "-j")
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def flush(self) -> None:
        """It tries to deliver everything now."""
        _run(_program("postqueue"), "-c", self.directory / "etc", "-f")


_POSTFIX_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {directory}/mail.log
maillog_file_prefixes = {directory}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.intake.example
mynetworks =
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
alias_maps =
alias_database =
minimal_backoff_time = 1s
queue_run_delay = 1s
"""
_POSTFIX_MASTER_CF = """\
{queue_service}
{proxy_service}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def postfix() -> Iterator[Postfix]:
    """A Postfix that nobody answers behind yet; start a listener on its `gateway_port`."""
    program = _program("postfix")
    if ROOTLESS:
        raise ServerMissing("postfix runs as root only")
    with _directory("postfix") as directory:
        server = Postfix(directory, free_port(), free_port(), free_port(), free_port())
        for name in ("etc", "queue", "data"):
            (directory / name).mkdir()
        shutil.chown(directory / "data", "postfix")
        (directory / "etc" / "main.cf").write_text(_postfix_main_cf(server))
        (directory / "etc" / "master.cf").write_text(_postfix_master_cf(server))
        _run(program, "-c", directory / "etc", "start")
        wait_until(lambda: answers(server.port) and answers(server.proxy_port), "Postfix answers")
        try:
            yield server
        finally:
            _run(program, "-c", directory / "etc", "stop")


def _documented(name: str) -> str:
    """The block of docs/operating-smtp.md that starts with the comment `# name`."""
    text = (ROOT / "docs" / "operating-smtp.md").read_text(encoding="utf-8")
    return text.split(f"```\n# {name}\n", 1)[1].split("```", 1)[0]


def _postfix_main_cf(server: Postfix) -> str:
    gateway, senders = f"smtp:[127.0.0.1]:{server.gateway_port}", f"smtp:[127.0.0.1]:{server.sender_port}"
    behind = _documented("main.cf, behind the queue").replace("smtp:[127.0.0.1]:2525", gateway)
    behind = behind.replace("inline:{ ", f"inline:{{ {{ mail.example = {senders} }}, ")
    return _POSTFIX_MAIN_CF.format(directory=server.directory) + _documented("main.cf") + behind


def _postfix_master_cf(server: Postfix) -> str:
    proxy = _documented("master.cf").replace("127.0.0.1:2525", f"127.0.0.1:{server.gateway_port}")
    return _POSTFIX_MASTER_CF.format(
        queue_service=f"127.0.0.1:{server.port} inet n - n - - smtpd",
        proxy_service=proxy.strip().replace("smtp inet", f"127.0.0.1:{server.proxy_port} inet"),
    )
