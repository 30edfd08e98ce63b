"""What a part of a message is to us: a document, text, a message inside, or nothing, and then why.

Rule 1: the disposition is only a hint. A photo marked "inline" is a document; a signature marked
"attachment" is none.
Rule 2: nothing is dropped: what is ignored is listed with the reason.
"""

from typing import Final

from gateway.core.model import PartRole
from mail.headers import printable
from mail.mime import Entity

ENCRYPTED: Final = "encrypted"
UNREADABLE: Final = "unreadable"
CALENDAR: Final = "calendar"
CALENDAR_ANSWER: Final = "an answer to an invitation"
TWO_NAMES: Final = "two names"
"""Of one part: another program may show the other one."""

_IGNORED: Final[dict[str, str]] = {
    "application/pkcs7-signature": "signature",
    "application/x-pkcs7-signature": "signature",
    "application/pgp-signature": "signature",
    "application/pgp-keys": "public key",
    "application/pgp-encrypted": "encryption version",
    "application/applefile": "resource fork",
    "application/ics": CALENDAR,
    "text/calendar": CALENDAR,
    "text/vcard": "visiting card",
    "text/x-vcard": "visiting card",
    "text/rfc822-headers": "report",
    "message/delivery-status": "report",
    "message/disposition-notification": "report",
    "message/feedback-report": "report",
    "message/global-delivery-status": "report",
    "message/global-disposition-notification": "report",
    "message/global-headers": "report",
    "message/external-body": "a reference to a file elsewhere",
    "message/partial": "one piece of a message",
}

# RFC 5546 section 1.4: what the one who was invited sends. An invitation itself is for a person to read.
_ANSWERS: Final = frozenset({"reply", "counter", "refresh"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_CMS: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})

_EXTENSIONS: Final[dict[str, str]] = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "text/html": ".html",
    "message/rfc822": ".eml",
    "application/zip": ".zip",
}

TEXT_NAME: Final = "tekst van het bericht.txt"
"""What the text of a message is called when it is kept as a document."""

_BETWEEN: Final = " | "
_PACKING: Final = frozenset({"gz", "bz2", "xz"})


def role(entity: Entity) -> tuple[PartRole, str]:
    """The role of a part by its headers and place, and a note: why it is ignored, or what is odd."""
    kind = entity.media_type
    if entity.unsplit:
        return PartRole.DOCUMENT, "a multipart that could not be split"
    if kind == "text/calendar" and entity.content_type.parameters.get("method", "").lower() in _ANSWERS:
        return PartRole.IGNORED, CALENDAR_ANSWER
    if kind in _IGNORED or kind in _MESSAGES:
        return role_of_type(kind)
    if _is_enveloped(entity):
        return PartRole.DOCUMENT, ENCRYPTED
    if kind.startswith("text/") and _is_body(entity):
        return PartRole.BODY, ""
    return PartRole.DOCUMENT, ""


def role_of_type(media_type: str) -> tuple[PartRole, str]:
    """The role of a file by its declared type alone, as `role` gives it."""
    if media_type in _MESSAGES:
        return PartRole.MESSAGE, ""
    note = _IGNORED.get(media_type, "")
    return (PartRole.IGNORED if note else PartRole.DOCUMENT), note


def original_name(entity: Entity) -> str:
    """What the sender calls the part; two different names are both kept, the one that counts first."""
    disposition, content_type = entity.disposition.parameters, entity.content_type.parameters
    given = [
        parameters[key].strip()
        for parameters, key in (
            (disposition, "filename"),
            (disposition, "filename (2)"),
            (content_type, "name"),
            (content_type, "name (2)"),
        )
        if parameters.get(key, "").strip()
    ]
    return _BETWEEN.join(dict.fromkeys(given))


def has_two_names(original: str) -> bool:
    """Whether its headers name a part in two ways that differ."""
    return _BETWEEN in original


def first_name(original: str) -> str:
    """The one of the sender's names that counts."""
    return original.partition(_BETWEEN)[0]


def fallback_name(seq: int, media_type: str) -> str:
    """A made-up name for a part without one."""
    return f"document-{seq + 1}{_EXTENSIONS.get(media_type, '')}"


def looks_like_a_message(name: str, declared: str) -> bool:
    """Whether a file is a saved message by its name or its declared type."""
    return declared in _MESSAGES or name.lower().endswith(".eml")


def is_only_a_wrapping(name: str) -> bool:
    """Whether a file is nothing by itself: winmail.dat carries a letter's layout when it holds no files."""
    return not name.lower().endswith(".msg")


def name_without_envelope(name: str) -> str:
    """The name of a file that was put into a signed envelope, or nothing when the envelope is a message's own."""
    bare = first_name(name)
    is_file = bare.lower().endswith(".p7m") and bare.lower() != "smime.p7m"
    return bare[: -len(".p7m")] if is_file else ""


def name_without_packing(name: str) -> str:
    """The name of the one file in a compressed file: `paspoort.pdf` of `paspoort.pdf.gz`, or nothing."""
    stem, dot, extension = first_name(name).rpartition(".")
    return stem if dot and extension.lower() in _PACKING else ""


def content_id(entity: Entity) -> str:
    """The name under which the text may show the part (RFC 2392)."""
    return printable(entity.head.first("content-id")).strip("<> ")


def _is_body(entity: Entity) -> bool:
    if entity.disposition.main == "attachment":
        return False
    in_alternative = bool(entity.inside) and entity.inside[-1] == "multipart/alternative"
    if in_alternative:
        return True
    readable = entity.media_type in {"text/plain", "text/html", "text/enriched"}
    return readable and not original_name(entity)


def _is_enveloped(entity: Entity) -> bool:
    if entity.media_type in _CMS:
        return "enveloped" in entity.content_type.parameters.get("smime-type", "enveloped-data").lower()
    return bool(entity.inside) and entity.inside[-1] == "multipart/encrypted"
