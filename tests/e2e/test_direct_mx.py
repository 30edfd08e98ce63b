"""The real program as docs/operating-smtp.md sets it up: straight on the net, over TLS, or behind a load balancer."""

import re
import tomllib
from pathlib import Path

import pytest

from config.settings import Settings
from tests.support import program, smtp
from tests.support.servers import free_port

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "operating-smtp.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_documented_block_is_a_configuration(block):
    assert Settings.model_validate(tomllib.loads(block))


def hand_in(client: smtp.Client) -> str:
    client.until_data()
    client.send(b"Subject: een\r\n\r\nhallo\r\n.\r\n")
    return smtp.receipt(client.reply())


def test_mail_over_ipv4_ipv6_starttls_and_tls_from_the_first_word(tmp_path):
    smtp.make_certificate(tmp_path)
    six, tls = free_port(), free_port()
    gateway = program.installed(
        tmp_path,
        f"""listen_also = ["[::1]:{six}"]
listen_tls = "127.0.0.1:{tls}"
tls_cert = "{tmp_path}/cert.pem"
tls_key = "{tmp_path}/key.pem"
""",
    )
    with gateway.running("smtp"):
        with smtp.Client(gateway.smtp_port) as client:
            receipts = [hand_in(client)]
        with smtp.Client(six, "::1") as client:
            receipts.append(hand_in(client))
        with smtp.Client(tls) as client:
            client.start_tls()
            receipts.append(hand_in(client))
        smtp.make_certificate(tmp_path)
        with smtp.Client(gateway.smtp_port) as client:
            client.reply()
            client.say("EHLO c")
            client.say("STARTTLS")
            client.start_tls()
            client.say("EHLO c")
            client.say("MAIL FROM:<anna@mail.example>")
            assert client.say("RCPT TO:<bestaatniet@intake.example>").startswith(b"550")
        assert [s["ontvangstnummer"] for s in gateway.submissions()] == receipts
    assert "renewed" in gateway.log
    assert re.search(r"smtp_refused .*tls=TLSv1\.3_TLS_", gateway.log)


def test_behind_a_load_balancer_the_client_is_the_real_one(tmp_path):
    gateway = program.installed(tmp_path, 'proxy_peers = ["127.0.0.1"]')
    with gateway.running("smtp"), smtp.Client(gateway.smtp_port) as client:
        client.send(b"PROXY TCP6 2001:db8::7 2001:db8::1 1234 25\r\n")
        assert hand_in(client)
    assert "peer=2001:db8::7" in gateway.log
