"""Every reply our SMTP listener can give, in one table.

Rule 1: a reply says what happened and what to do about it; it names no rule, path, library or version.
Rule 2: 5xx only for what the sender must change; our own trouble is 4xx, so that it is offered again.
Rule 3: what a person may come to read (in a bounce) is there in English and in Dutch, in plain ASCII, in one
line of at most 512 octets (RFC 5321 section 4.5.3.1.5).
Rule 4: the reply that takes a message ends with the receipt number.
"""

from collections.abc import Iterable, Mapping
from typing import Final

REPLIES: Final[Mapping[str, str]] = {
    # The dialogue. Enhanced codes after RFC 3463; the greeting and EHLO carry none (RFC 2034 section 4).
    "greeting": "220 {hostname} ESMTP",
    "helo": "250 {hostname}",
    "ok": "250 2.0.0 Ok",
    "sender_ok": "250 2.1.0 Ok",
    "recipient_ok": "250 2.1.5 Ok",
    "go_ahead": "354 End data with <CR><LF>.<CR><LF>",
    "accepted": "250 2.0.0 Ok: received, receipt {receipt}",
    "start_tls": "220 2.0.0 Ready to start TLS",
    "bye": "221 2.0.0 Bye",
    "help": "214 2.0.0 Documents that were asked for can be mailed to {address} or uploaded at {portal_url}",
    "cannot_verify": "252 2.5.0 Addresses are not confirmed; send the message to find out",
    # Our trouble, or a matter of time: the sender's system tries again by itself.
    "try_later": "451 4.3.0 Not received, please try again later / Niet ontvangen, probeer het later opnieuw",
    "no_room": "452 4.3.1 No room just now, please try again later / Nu geen ruimte, probeer het later opnieuw",
    "too_busy": "451 4.3.2 Too busy just now, please try again later / Nu te druk, probeer het later opnieuw",
    "tls_unavailable": "454 4.7.0 TLS is not available",
    "too_many_recipients": (
        "452 4.5.3 Too many recipients in one message; send the rest in a next one"
        " / Te veel ontvangers in een bericht; stuur de rest in een volgend bericht"
    ),
    "shutting_down": "421 4.3.2 {hostname} is going down for a moment, please try again later",
    "too_many_connections": "421 4.7.0 Too many connections, please try again later",
    "too_slow": "421 4.4.2 {hostname} waited too long, please try again",
    "too_many_errors": "421 4.7.0 Too many errors on this connection",
    "too_many_commands": "421 4.7.0 Too many commands without a message",
    "endless": "421 4.7.0 This does not end",
    "not_smtp": "421 4.7.0 This is an SMTP server",
    "out_of_step": "421 4.5.0 Sent on without waiting for the reply",
    # The dialogue goes wrong: written for whoever runs the sending system.
    "syntax": "501 5.5.4 Syntax error; expected {syntax}",
    "bad_line": "500 5.5.2 Commands end with <CR><LF> and hold no other control characters",
    "not_utf8": "500 5.5.2 Commands are ASCII or UTF-8",
    "line_too_long": "500 5.5.2 Command line too long",
    "unknown_command": "500 5.5.1 Command not recognised",
    "not_offered": "502 5.5.1 Command not offered",
    "say_hello": "503 5.5.1 Send EHLO first",
    "mail_first": "503 5.5.1 Send MAIL first",
    "one_at_a_time": "503 5.5.1 There is a MAIL already; send RSET to start over",
    "recipient_first": "503 5.5.1 Send RCPT first",
    "tls_already": "503 5.5.1 TLS is already in use",
    "bad_parameter": "501 5.5.4 Parameter not understood",
    "unknown_parameter": "555 5.5.4 Parameter not offered",
    # Refusals of what somebody tried to hand in: these end up in a bounce, so they are in two languages.
    "no_recipients": (
        "554 5.5.1 No valid recipients; documents are taken in at {address}"
        " / Geen geldige ontvanger; stuur de stukken naar {address}"
    ),
    "tls_first": (
        "530 5.7.0 Send STARTTLS first: mail is taken over an encrypted connection only; or upload at {portal_url}"
        " / Wij nemen alleen mail aan over een versleutelde verbinding; vraag uw provider, of upload op {portal_url}"
    ),
    "bad_sender": (
        "553 5.1.7 Not a valid sender address; check the address you send from"
        " / Geen geldig afzenderadres; controleer het adres waarvandaan u stuurt"
    ),
    "bad_recipient": (
        "553 5.1.3 Not a valid recipient address; documents are taken in at {address}"
        " / Geen geldig ontvangeradres; stuur de stukken naar {address}"
    ),
    "needs_smtputf8": (
        "553 5.6.7 This address needs SMTPUTF8, which was not announced; send from another address"
        " / Dit adres heeft letters die uw mailprogramma niet kan doorgeven; stuur vanaf een ander adres"
    ),
    "not_designated": (
        "550 5.1.1 Documents are not taken in at this address; send them to {address}"
        " / Op dit adres nemen wij geen stukken aan; stuur ze naar {address}"
    ),
    "too_large": (
        "552 5.3.4 Message too large: about {submission_mb} MB of documents fits in one message;"
        " send several, or upload at {portal_url}"
        " / Bericht te groot: er past ongeveer {submission_mb} MB aan stukken in een bericht;"
        " stuur er meer, of upload op {portal_url}"
    ),
    "bare_newline": (
        "550 5.6.11 The message holds a bare <CR> or <LF>; lines must end with <CR><LF>"
        " / Het bericht heeft regels die niet goed eindigen; stuur het met een ander mailprogramma,"
        " of upload op {portal_url}"
    ),
    "nul": (
        "550 5.6.0 The message holds a NUL, which mail cannot carry; attach files with an encoding"
        " / Het bericht bevat een teken dat niet per mail kan; stuur stukken als bijlage,"
        " of upload op {portal_url}"
    ),
    "body_line_too_long": (
        "550 5.6.0 A line of the message is far too long; attach files with an encoding"
        " / Een regel van het bericht is veel te lang; stuur stukken als bijlage, of upload op {portal_url}"
    ),
}


def smtp_reply(name: str, **values: object) -> str:
    """The reply of that name, filled in, without its CRLF. A value the reply does not use is no error."""
    return REPLIES[name].format(**values)


def ehlo_reply(hostname: str, extensions: Iterable[str]) -> str:
    """The lines of the answer to EHLO (RFC 5321 section 4.1.1.1), without the last CRLF."""
    lines = [hostname, *extensions]
    return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
