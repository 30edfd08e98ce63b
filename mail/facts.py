"""What the headers and the text of a message say, as evidence for matching and deciding.

Rule 1: bounded in every direction; a header that cannot be read is empty, never an error.
Rule 2: two senders are no sender: what is ambiguous is left out and named as a defect.
"""

import re
from collections.abc import Iterable
from typing import Final

from gateway.core.model import MessageFacts
from mail.headers import Headers, mailboxes, printable, value

MAX_TEXT: Final = 64 * 1024
_MAX_SHOWN: Final = 1000
_MAX_IDS: Final = 50
_MAX_AUTHENTICATION: Final = 10
_MAX_AUTHENTICATION_CHARACTERS: Final = 2000
_MAX_LINKS: Final = 20
_MAX_HOPS: Final = 50

_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,300}>")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)

_STORES: Final = (
    r"(?:[a-z0-9-]+\.)*(?:wetransfer\.com|we\.tl|dropbox\.com|drive\.google\.com|docs\.google\.com"
    r"|photos\.app\.goo\.gl|onedrive\.live\.com|1drv\.ms|sharepoint\.com|icloud\.com|mega\.nz|box\.com"
    r"|transfernow\.net|swisstransfer\.com|smash\.com|fromsmash\.com|filesender\.surf\.nl|mediafire\.com"
    r"|pcloud\.com|stackstorage\.com)"
)
_LINK: Final = re.compile(rf"https?://{_STORES}(?=[/?#:\s\"'<>]|$)[^\s\"'<>]{{0,500}}", re.IGNORECASE)

_BULK: Final = frozenset({"bulk", "list", "junk", "auto_reply"})
_ROBOTS: Final = re.compile(r"(?:mailer-daemon|postmaster)@")
_NO_REPLY: Final = re.compile(r"(?:no-?_?reply|do-?_?not-?_?reply|niet-?_?(?:be)?antwoorden)\b.*@")
_AUTOMATIC_SUBJECT: Final = re.compile(
    r"(?:re: ?)?(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|autoreply|out of (?:the )?office"
    r"|automatisch antwoord|automatische? (?:beantwoording|reactie)|afwezig(?:heid(?:sbericht|sassistent)?)?\b"
    r"|niet aanwezig|r[ée]ponse automatique|absence du bureau|message d'absence"
    r"|automatische antwort|abwesenheits(?:notiz|benachrichtigung|nachricht)|abwesend"
    r"|otomatik (?:yan[\u0131i]t|cevap)|ofis d[\u0131i][şs][\u0131i]nda|رد تلقائي|رد آلي|خارج المكتب"
    r"|undeliver(?:able|ed)|delivery status notification|mail delivery (?:failed|failure|subsystem)"
    r"|failure notice|returned mail|niet bezorgd|onbestelbaar)",
    re.IGNORECASE,
)


def gather(
    headers: Headers,
    text: str,
    links: Iterable[str],
    defects: Iterable[str],
    signatures: Iterable[str] = (),
    *,
    null_sender: bool,
) -> MessageFacts:
    """The facts of a message from its own headers, its text and what the splitter found wrong.

    `null_sender`: the envelope's return path was empty (RFC 5321 section 4.5.5).
    """
    named = set(defects)
    senders = mailboxes(headers.all("from"))
    if _several_senders(headers, len(senders)):
        named.add("several senders")
    sender = senders[0] if len(senders) == 1 and "several senders" not in named else None
    reply_to = mailboxes(headers.all("reply-to"))
    return MessageFacts(
        from_address=sender.address if sender else "",
        from_name=sender.name[:_MAX_SHOWN] if sender else "",
        reply_to=reply_to[0].address if reply_to else "",
        subject=headers.shown("subject")[:_MAX_SHOWN],
        message_id=next(iter(_ids(headers, "message-id")), ""),
        in_reply_to=_ids(headers, "in-reply-to"),
        references=_ids(headers, "references"),
        date=headers.shown("date")[:100],
        recipients_named=tuple(m.address for m in mailboxes((*headers.all("to"), *headers.all("cc")))),
        automatic=automatic(headers, sender.address if sender else "", null_sender=null_sender),
        authentication=tuple(
            printable(v)[:_MAX_AUTHENTICATION_CHARACTERS]
            for v in headers.all("authentication-results")[:_MAX_AUTHENTICATION]
        ),
        text=text[:MAX_TEXT],
        defects=tuple(sorted(named)),
        links=tuple(dict.fromkeys(links))[:_MAX_LINKS],
        signatures=tuple(signatures),
    )


def automatic(headers: Headers, sender: str, *, null_sender: bool) -> str:
    """Why a machine sent this, or nothing; the surest sign first (RFC 3834 section 2, and practice)."""
    kind = value(headers.first("content-type"))
    submitted = value(headers.first("auto-submitted")).main
    suppress = headers.first("x-auto-response-suppress").lower()
    signs = (
        ("bounce", null_sender or bool(_ROBOTS.match(sender))),
        ("report", kind.main == "multipart/report"),
        ("auto-submitted", submitted not in {"", "no"}),
        ("list", any(headers.all(n) for n in ("list-id", "list-post", "list-unsubscribe"))),
        ("bulk", headers.first("precedence").strip().lower() in _BULK),
        ("auto-reply", any(headers.all(n) for n in ("x-autoreply", "x-autorespond", "x-autoresponder"))),
        ("suppress", any(word in suppress for word in ("all", "autoreply", "oof"))),
        ("subject", bool(_AUTOMATIC_SUBJECT.match(headers.shown("subject")))),
        ("loop", len(headers.all("received")) > _MAX_HOPS),
        ("calendar", kind.main == "text/calendar"),
        ("no-reply", bool(_NO_REPLY.match(sender))),
    )
    return next((word for word, seen in signs if seen), "")


def store_links(text: str) -> tuple[str, ...]:
    """Links to cloud stores, which are never fetched: a link is nothing attached."""
    return tuple(match[0] for match in _LINK.finditer(text))


def _several_senders(headers: Headers, found: int) -> bool:
    values = headers.all("from")
    unquoted = _QUOTED.sub("", " ".join(values))
    is_group = ":" in unquoted and ";" in unquoted
    return len(values) > 1 or found > 1 or is_group


def _ids(headers: Headers, name: str) -> tuple[str, ...]:
    return tuple(_MESSAGE_ID.findall(" ".join(headers.all(name)))[-_MAX_IDS:])
