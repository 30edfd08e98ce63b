"""The running command with all its parts: a mailbox on a real server, the mail log, the figures, a clean stop."""

import json
import signal
import smtplib
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from tests.support import storage
from tests.support.house import pdf, request_json
from tests.support.servers import free_port, wait_until

HERSTELPOST = Path(sys.executable).with_name("herstelpost")


@contextmanager
def gateway(home: Path, clamd_socket: Path, more: str = ""):
    """The real command; yields a caller of other commands, and the port of the figures."""
    smtp, portal, metrics = free_port(), free_port(), free_port()
    config = home / "herstelpost.toml"
    config.write_text(
        f'data_dir = "{home / "data"}"\n'
        f'[smtp]\nlisten = "127.0.0.1:{smtp}"\n'
        f'[portal]\nlisten = "127.0.0.1:{portal}"\npublic_url = "http://127.0.0.1:{portal}"\n'
        f'[scanners]\nclamd = "unix:{clamd_socket}"\n[metrics]\nlisten = "127.0.0.1:{metrics}"\n{more}'
    )

    def command(*words: str, stdin: str = "") -> str:
        return subprocess.run(
            [HERSTELPOST, "--config", config, *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    with (
        (home / "log").open("wb") as log,
        subprocess.Popen([HERSTELPOST, "--config", config, "run"], stderr=log) as run,
    ):
        try:
            wait_until(lambda: b"started parts=" in (home / "log").read_bytes(), "the gateway runs", seconds=30)
            yield command, metrics
        finally:
            run.send_signal(signal.SIGTERM)
            assert run.wait(60) == 0


def test_a_mail_in_a_suppliers_mailbox_is_received_decided_and_answered(tmp_path, clamd_socket, dovecot):
    """Marked seen only when it is ours; the moment is the supplier's (P1, Awb 2:20)."""
    secret = tmp_path / "password"
    secret.write_text(dovecot.password)
    mailbox = (
        f'[[imap]]\nhost = "127.0.0.1"\nport = {dovecot.port}\ntls = "none"\nusername = "{dovecot.username}"\n'
        f'password_file = "{secret}"\npoll_seconds = 0.2\n'
    )
    with gateway(tmp_path, clamd_socket, mailbox) as (command, _):
        request = json.loads(command("request", "import", "-", stdin=json.dumps(request_json())))
        dovecot.deliver(storage.message(request["mailadres"], {"paspoort.pdf": pdf()}))

        def of_this_request():
            listed = json.loads(command("submission", "list", "--request", request["kenmerk"], "--json"))
            return [s for s in listed if s["status"] == "afgehandeld"]

        wait_until(of_this_request, "the mail is decided", seconds=30)
        (submission,) = of_this_request()
        outbox = tmp_path / "data" / "outbox"
        wait_until(lambda: list(outbox.glob(f"{submission['ontvangstnummer']}*")), "the letter is out", seconds=30)
    assert (submission["kanaal"], submission["besluit"]) == ("imap", "aangenomen")


def test_the_mail_log_and_the_figures_tell_nothing_of_people_or_secrets(tmp_path, clamd_socket):
    with gateway(tmp_path, clamd_socket) as (command, metrics):
        request = json.loads(command("request", "import", "-", stdin=json.dumps(request_json())))
        raw = storage.message(request["mailadres"], {"geheime-naam.pdf": pdf()}, subject="geheim onderwerp")
        port = int((tmp_path / "herstelpost.toml").read_text().split("127.0.0.1:")[1].split('"')[0])
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail(storage.APPLICANT, [request["mailadres"]], raw)
        wait_until(
            lambda: '"afgehandeld"' in command("submission", "list", "--json"), "the mail is decided", seconds=30
        )
        wait_until(lambda: b"letter_handed_over" in (tmp_path / "log").read_bytes(), "the letter is out", seconds=30)
        figures = urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics").read().decode()
    log = (tmp_path / "log").read_text()
    token = request["mailadres"].partition("+")[2].partition("@")[0]
    number = json.loads(command("submission", "list", "--json"))[0]["ontvangstnummer"]
    for secret in (request["toegangscode"], token, "geheime-naam", "geheim onderwerp", storage.APPLICANT, "Voorbeeld"):
        assert secret not in log
        assert secret not in figures
    assert f"submission={number}" in log
    assert 'herstelpost_submissions{status="afgehandeld"} 1.0' in figures
    assert "herstelpost_scanner_ready 1.0" in figures
