"""Delivery reports (RFC 3464) as real servers write them: read by the real child, and what follows from them."""

import re
from pathlib import Path

import pytest

from gateway.core.model import Envelope, Returned
from gateway.core.notices import Sending, Way, Why
from gateway.schema import VerzoekIn
from mail.read import Reader
from mail.reports import recipients
from tests.support import storage
from tests.support.house import request_json

REPORT = """From: MAILER-DAEMON@mail.example.org
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="grens"

--grens
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--grens
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
Arrival-Date: Mon, 2 Nov 2026 12:00:00 +0000

Final-Recipient: rfc822; A.Voorbeeld@example.org
Original-Recipient: rfc822;a.voorbeeld@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <a.voorbeeld@example.org>: Recipient address rejected

--grens
Content-Type: text/rfc822-headers

From: documenten@intake.example
To: a.voorbeeld@example.org
Message-ID: <bericht.1@intake.example>

--grens--
"""


def _report(to: str = "documenten@intake.example", action: str = "failed", status: str = "5.1.1") -> bytes:
    return REPORT.format(to=to, action=action, status=status).replace("\n", "\r\n").encode()


def test_the_reader_tells_what_a_report_says(tmp_path):
    raw, out = tmp_path / "raw.eml", tmp_path / "out"
    raw.write_bytes(_report())
    out.mkdir()
    message = Reader().read_message(raw, out, envelope=Envelope("", ("documenten@intake.example",))).message
    assert message is not None
    assert message.automatic == "bounce"
    assert message.returned == (Returned("a.voorbeeld@example.org", "failed", "5.1.1"),)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", []),
        (b"Action: eaten\nStatus: 5.1.1", []),
        (b"Action: failed (really)\nStatus: 5.2.2 (full)\nFinal-Recipient: rfc822; x@y", [("x@y", "failed", "5.2.2")]),
        (b"ACTION: Delayed\r\n\r\nAction: failed\r\nStatus: nonsense", [("", "delayed", ""), ("", "failed", "")]),
        (b"Action: failed\nFinal-Recipient: rfc822;\xff\x00\x1b x@y\nStatus: 4.4.7", None),
    ],
)
def test_whatever_stands_in_a_report_it_is_read_as_far_as_it_is_one(content, found):
    said = recipients(content)
    if found is None:
        assert all(r.recipient.isprintable() and len(r.recipient) <= 254 for r in said)
    else:
        assert [(r.recipient, r.action, r.status) for r in said] == found


def test_a_report_of_a_thousand_recipients_is_cut():
    assert len(recipients(b"\n\n".join(b"Action: failed\nStatus: 5.1.1" for _ in range(1000)))) == 20


def test_a_notice_that_comes_back_by_mail_goes_on_paper(tmp_path: Path):
    """The whole way: released, handed over, returned to its own address, read in the child, filed, on paper."""
    with storage.built(tmp_path) as house:
        desk = house.desk
        desk.correspondence.open([VerzoekIn.model_validate(request_json())], "j.jansen")
        desk.correspondence.write()
        for task in desk.posting.tasks():
            desk.posting.printed(task.id, "j.jansen")
            desk.posting.posted(task.id, desk.clock.now().date(), "j.jansen")
        desk.correspondence.say("HV-2026-000123", "Over uw zaak", ["Wij bellen u morgen."], "j.jansen")
        desk.correspondence.write()
        while house.outbox.send(lambda _event, _fields: None):
            pass
        assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2
        with house.database.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT sender FROM letter ORDER BY id DESC").scalars().all()
        assert all(re.fullmatch(r"documenten\+terug-[0-9a-z]{12}@intake\.example", sender) for sender in found)
        number = storage.hand_in_mail(house, _report(found[0]), found[0], sender="").number
        storage.walk_on(house)
        assert desk.queries.submission(number).besluit == "geregistreerd"  # a machine is not answered
        told = desk.correspondence.told("HV-2026-000123")
        assert [(t.way, t.why, t.state) for t in told][-2:] == [
            (Way.MAIL, Why.CONSENT, Sending.FAILED),
            (Way.POST, Why.RETURNED, Sending.WAITING),
        ]
