"""A message of ours from its blocks: one RFC 5322 message, ASCII with CRLF; pure.

Written by hand: the standard library folds and encodes long message IDs of others, and chooses its boundaries by
chance. The same values give the same bytes, so that a message sent again is recognised as the same.
"""

import base64
import hashlib
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr
from typing import Final

from gateway.core.answers import ADDRESS
from gateway.core.kinds import DEFAULT, Taken
from mail.blocks import Block, as_html, as_text

_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")
_MAX_REFERENCES: Final = 10


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter; the name is ours, plain ASCII."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class House:
    """Who writes: the same in every letter. `addresses` are the designated ones (Awb 2:13)."""

    from_address: str
    from_name: str
    organisation: str
    portal_url: str
    help_phone: str
    addresses: tuple[str, ...]
    taken: Taken = DEFAULT


@dataclass(frozen=True)
class Addressing:
    """To whom a message goes, under which name, and what it answers. `submitted`: as in RFC 3834 section 5."""

    to: str
    message_id: str
    sent_at: datetime
    submitted: str = "auto-replied"
    in_reply_to: str = ""
    references: tuple[str, ...] = ()


def message(
    to: Addressing,
    house: House,
    subject: str,
    parts: Sequence[tuple[str, Sequence[Block]]],
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """A message of ours from its blocks, each part with its language; the subject is ASCII. Raises ValueError."""
    body = _alternatives(parts, subject, to.message_id)
    languages = [language for language, _ in parts]
    return _header(to, house, subject, languages) + _mixed(body, attachments, to.message_id)


def _header(to: Addressing, house: House, subject: str, languages: Sequence[str]) -> bytes:
    if not ADDRESS.fullmatch(to.to) or not _MESSAGE_ID.fullmatch(to.message_id):
        raise ValueError(f"cannot stand in a header: {to.to!r}, {to.message_id!r}")
    in_reply_to = [to.in_reply_to] if _MESSAGE_ID.fullmatch(to.in_reply_to) else []
    earlier = [known for known in to.references if _MESSAGE_ID.fullmatch(known)][-_MAX_REFERENCES:]
    fields = [
        ("From", formataddr((house.from_name, house.from_address))),
        ("To", to.to),
        ("Subject", subject),
        ("Date", format_datetime(to.sent_at)),
        ("Message-ID", to.message_id),
        ("In-Reply-To", "".join(in_reply_to)),
        ("References", "\r\n ".join(dict.fromkeys([*earlier, *in_reply_to]))),
        ("Auto-Submitted", to.submitted),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", ", ".join(languages)),
        ("MIME-Version", "1.0"),
    ]
    return "".join(f"{name}: {value}\r\n" for name, value in fields if value).encode("ascii")


def _alternatives(parts: Sequence[tuple[str, Sequence[Block]]], subject: str, message_id: str) -> bytes:
    texts = "\n\n".join(as_text(blocks) for _, blocks in parts)
    entities = [_text_entity("plain", texts), _text_entity("html", as_html(parts, subject))]
    return _multipart("alternative", entities, message_id)


def _mixed(body: bytes, attachments: Sequence[Attachment], message_id: str) -> bytes:
    if not attachments:
        return body
    return _multipart("mixed", [body, *map(_attached, attachments)], message_id)


def _multipart(kind: str, entities: Sequence[bytes], message_id: str) -> bytes:
    # `=_` occurs in neither quoted-printable nor base64 (RFC 2045 section 6.7).
    boundary = f"=_{kind}_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}"
    start = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    inside = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), entity) for entity in entities)
    return start + inside + b"--%s--\r\n" % boundary.encode()


def _text_entity(kind: str, text: str) -> bytes:
    encoded = quopri.encodestring(text.encode()).replace(b"\n", b"\r\n")
    fields = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return fields.encode() + encoded


def _attached(attachment: Attachment) -> bytes:
    fields = (
        f"Content-Type: {attachment.media_type}\r\n"
        f'Content-Disposition: attachment; filename="{attachment.name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return fields.encode("ascii") + base64.encodebytes(attachment.content).replace(b"\n", b"\r\n")
