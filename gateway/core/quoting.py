"""What a sender wrote now: without the quotation of what is answered, without what is forwarded, without the footer.

Our own letters speak of more time and of papers that cannot be had; quoted in a reply they must not count as the
sender's words. A reply under or between the quoted lines is kept.
"""

import re
from collections.abc import Sequence
from typing import Final

_LONGEST_HEADING: Final = 3
"""Lines that mail programs fold "On Monday ... somebody wrote:" into."""

_WROTE: Final = re.compile(
    # In Dutch, English, French, German, Italian, Spanish, Arabic and Ukrainian a date comes first; in Turkish last.
    r"(?:(?:op|on|le|am|il|el|em)\b|في|بتاريخ|يوم|\d{1,4}\b|\w{2,4}[.,]).{4,250}"
    r"(?:schreef|geschreven|wrote|[ée]crit|schrieb|scritto|escribi[óo]|пише|написа(?:в|ла)|كتب\w*|كتابة).{0,200}:"
    r"|.{4,250}\btarihinde\b.{0,200}\byazd[ıi]\s*:",
    re.IGNORECASE,
)
_RULE: Final = re.compile(
    r"-{2,}\s*(?:original message|oorspronkelijk bericht|forwarded message|doorgestuurd bericht"
    r"|urspr[üu]ngliche nachricht|weitergeleitete nachricht|message d['’]origine|message transf[ée]r[ée]"
    r"|orijinal mesaj|özgün ileti|iletilen ileti|yönlendirilen mesaj|الرسالة الأصلية|رسالة مُ?عاد توجيهها"
    r"|оригінальне повідомлення|переслане повідомлення)"
    r"|(?:begin doorgestuurd bericht|begin forwarded message|anfang der weitergeleiteten nachricht"
    r"|d[ée]but du message (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée])|початок переадресованого повідомлення) ?:"
    r"|_{20,}\s*$",
    re.IGNORECASE,
)
# Outlook quotes without a mark, under a copy of the header.
_FROM: Final = re.compile(r"\*?(?:van|from|von|de|kimden|gönderen|من|від)\s?:\*?\s", re.IGNORECASE)
_NEXT: Final = re.compile(
    r"\*?(?:verzonden|datum|sent|date|gesendet|envoyé|gönderme tarihi|gönderildi|tarih"
    r"|تاريخ\w*|تم الإرسال|أرسلت|التاريخ"
    r"|надіслано|відправлено|дата|aan|to|an|à|kime|alıcı|إلى|кому|onderwerp|subject|betreff|objet)\s?:\*?\s",
    re.IGNORECASE,
)
_FOOTER: Final = "-- "
"""The line that opens a signature (RFC 3676 section 4.3); some programs lose its blank."""


def own_words(text: str) -> str:
    """The lines that the sender wrote; the others are left out, what stands before and after them is kept."""
    lines = text.splitlines()
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.lstrip().startswith(">"):
            at += 1
        elif line in {_FOOTER, _FOOTER.rstrip()} or _opens_a_copy(lines[at : at + 2]):
            break
        elif length := _heading(lines[at : at + _LONGEST_HEADING]):
            at += length
            if not _is_marked(lines[at:]):
                break  # nothing shows where the quotation ends
        else:
            kept.append(line)
            at += 1
    return "\n".join(kept)


def _opens_a_copy(lines: Sequence[str]) -> bool:
    """Whether a copy of somebody else's message begins here, which has no end."""
    first, following = (*(line.strip() + " " for line in lines), "")[:2]
    return bool(_RULE.match(first) or (_FROM.match(first) and _NEXT.match(following)))


def _heading(lines: Sequence[str]) -> int:
    """How many lines the words take that say who wrote what follows; 0 when there are none."""
    for length in range(1, len(lines) + 1):
        if not lines[length - 1].strip():
            return 0
        if _WROTE.fullmatch(" ".join(line.strip() for line in lines[:length])):
            return length
    return 0


def _is_marked(lines: Sequence[str]) -> bool:
    following = next((line for line in lines if line.strip()), "")
    return following.lstrip().startswith(">")
