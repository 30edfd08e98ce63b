"""What a trusted mail hop, or our own check, says of the sender's address (RFC 8601)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

_SIGN = re.compile(r"\\.|.", re.DOTALL)
_DMARC = re.compile(r"\s*dmarc\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.IGNORECASE)
_NOT_PASS = frozenset({"fail", "reject", "quarantine", "permerror"})
_RESULT = re.compile(r"\s*(spf|dkim|dmarc|arc)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)((?:\s.*)?)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"(?:^|\s)([a-z.]+)\s*=\s*(\S+)", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[^\s@]*@)?([a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9])?)", re.IGNORECASE)


def verdict(headers: Sequence[str], trusted: Sequence[str]) -> str:
    """`pass`, `fail` or `none`: the DMARC result in the topmost header of a trusted authserv-id.

    Only DMARC ties the result to the From address that people see. A header of an authserv-id that the
    configuration does not name is anybody's word, and counts for nothing; so are the values that a trusted
    header quotes from the sender, such as `smtp.mailfrom=dmarc=pass@example.org`.
    """
    results = _bare(believed(headers, trusted)).split(";")[1:]
    words = {_word(found[1].casefold()) for result in results if (found := _DMARC.match(result))}
    # Two results that disagree prove nothing in the sender's favour.
    return next((word for word in ("fail", "none", "pass") if word in words), "none")


def believed(headers: Sequence[str], trusted: Sequence[str]) -> str:
    """The topmost header of a trusted authserv-id, or nothing."""
    known = {name.casefold() for name in trusted}
    return next((header for header in headers if service(header) in known), "")


def service(header: str) -> str:
    """The authserv-id that a header names, in lower case; empty when there is none."""
    return next(iter(_bare(header).partition(";")[0].split()), "").casefold()


def in_words(header: str, language: str, *, domains: bool = True) -> tuple[str, ...]:
    """What a header says, a sentence for each result, in Dutch (`nl`) or English, the most telling first.

    Not `domains`: without the names of domains, which may be those of people.
    """
    found = sorted(_results(header), key=lambda each: _ORDER.index(each[0]))
    place = 0 if language == "nl" else 1
    return tuple(_sentence(*each, place, domains=domains) for each in found if (each[0], each[1]) in _SAID)


def _results(header: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    for result in _bare(header).split(";")[1:]:
        if found := _RESULT.fullmatch(result):
            properties = {name.lower(): value for name, value in _PROPERTY.findall(found[3])}
            yield found[1].lower(), found[2].lower(), properties


def _sentence(method: str, word: str, properties: dict[str, str], place: int, *, domains: bool) -> str:
    named = next((properties[name] for name in _NAMED_BY[method] if name in properties), "")
    domain = _DOMAIN.fullmatch(named)
    shown = f"{_DOMAIN_WORD[place]} {domain[1].lower()}" if domain and domains else _NAMELESS[method][place]
    text = _SAID[method, word][place].format(domain=shown)
    for key in (f"reason={properties.get('reason', '')}", f"policy={properties.get('policy.dmarc', '')}"):
        if method in {"dkim", "arc"} or word == "fail":
            text += _MORE.get(key, ("", ""))[place]
    return text[0].upper() + text[1:]


def _bare(header: str) -> str:
    """The header without quoted strings and comments (RFC 5322 section 3.2): strangers may write in both."""
    kept: list[str] = []
    depth, quoted = 0, False
    for sign in _SIGN.findall(header):
        if quoted or (sign == '"' and not depth):
            quoted = quoted != (sign == '"')
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(sign)
    return "".join(kept)


def _word(result: str) -> str:
    if result == "pass":
        return "pass"
    return "fail" if result in _NOT_PASS else "none"


# ---- words for people: Dutch, English ------------------------------------------------------------

_ORDER: Final = ("dmarc", "dkim", "spf", "arc")
_NAMED_BY: Final = {
    "dmarc": ("header.from",),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom", "smtp.helo"),
    "arc": ("header.d",),
}
_DOMAIN_WORD: Final = ("het domein", "the domain")
_NAMELESS: Final = {
    "dmarc": ("het domein van de afzender", "the sender's domain"),
    "dkim": ("het domein dat tekende", "the domain that signed"),
    "spf": ("het domein van de verzendende partij", "the domain of the sending party"),
    "arc": ("de laatste doorstuurder", "the last forwarder"),
}
_SAID: Final = {
    ("dmarc", "pass"): (
        "{domain} staat in voor deze afzender (DMARC).",
        "{domain} vouches for this sender (DMARC).",
    ),
    ("dmarc", "fail"): (
        "{domain} staat niet in voor dit bericht; de afzender kan vervalst zijn (DMARC).",
        "{domain} does not vouch for this message; the sender may be forged (DMARC).",
    ),
    ("dmarc", "none"): (
        "{domain} heeft niet vastgelegd hoe zijn afzenders te controleren zijn (DMARC).",
        "{domain} has not published how its senders can be checked (DMARC).",
    ),
    ("dmarc", "temperror"): (
        "Niet vastgesteld of {domain} instaat voor deze afzender: de controle kreeg niet op tijd antwoord (DMARC).",
        "Not established whether {domain} vouches for this sender: the check got no answer in time (DMARC).",
    ),
    ("dmarc", "permerror"): (
        "Niemand kan instaan voor deze afzender: het bericht noemt er niet precies één (DMARC).",
        "Nobody can vouch for this sender: the message does not name exactly one (DMARC).",
    ),
    ("dkim", "pass"): (
        "De handtekening van {domain} klopt: sinds het tekenen is het bericht niet veranderd (DKIM).",
        "The signature of {domain} holds: the message has not changed since it was signed (DKIM).",
    ),
    ("dkim", "fail"): (
        "De handtekening van {domain} klopt niet (DKIM).",
        "The signature of {domain} does not hold (DKIM).",
    ),
    ("dkim", "policy"): (
        "De handtekening van {domain} is te zwak om iets te bewijzen (DKIM).",
        "The signature of {domain} is too weak to prove anything (DKIM).",
    ),
    ("dkim", "none"): ("Het bericht heeft geen handtekening (DKIM).", "The message has no signature (DKIM)."),
    ("dkim", "temperror"): (
        "De handtekening van {domain} is niet gecontroleerd: er kwam niet op tijd antwoord (DKIM).",
        "The signature of {domain} was not checked: no answer came in time (DKIM).",
    ),
    ("dkim", "permerror"): (
        "De handtekening van {domain} is onbruikbaar (DKIM).",
        "The signature of {domain} cannot be used (DKIM).",
    ),
    ("spf", "pass"): (
        "De server die het bericht bracht, mag mail van {domain} versturen (SPF).",
        "The server that brought the message may send mail of {domain} (SPF).",
    ),
    ("spf", "fail"): (
        "De server die het bericht bracht, mag geen mail van {domain} versturen (SPF).",
        "The server that brought the message may not send mail of {domain} (SPF).",
    ),
    ("spf", "softfail"): (
        "De server die het bericht bracht, hoort waarschijnlijk niet bij {domain} (SPF).",
        "The server that brought the message probably does not belong to {domain} (SPF).",
    ),
    ("spf", "neutral"): (
        "{domain} laat open of de server die het bericht bracht, zijn mail mag versturen (SPF).",
        "{domain} leaves open whether the server that brought the message may send its mail (SPF).",
    ),
    ("spf", "none"): (
        "{domain} heeft niet vastgelegd welke servers zijn mail mogen versturen (SPF).",
        "{domain} has not published which servers may send its mail (SPF).",
    ),
    ("spf", "temperror"): (
        "Niet vastgesteld welke servers mail van {domain} mogen versturen: er kwam niet op tijd antwoord (SPF).",
        "Not established which servers may send mail of {domain}: no answer came in time (SPF).",
    ),
    ("spf", "permerror"): (
        "Wat {domain} vastlegde over zijn servers is onbruikbaar (SPF).",
        "What {domain} published about its servers cannot be used (SPF).",
    ),
    ("arc", "pass"): (
        "Het bericht is doorgestuurd en elke doorstuurder verzegelde het; de laatste was {domain} (ARC).",
        "The message was forwarded and each forwarder sealed it; the last one was {domain} (ARC).",
    ),
    ("arc", "fail"): (
        "Het bericht is doorgestuurd, maar de zegels van de doorstuurders kloppen niet (ARC).",
        "The message was forwarded, but the seals of the forwarders do not hold (ARC).",
    ),
    ("arc", "temperror"): (
        "De zegels van doorstuurders zijn niet gecontroleerd: er kwam niet op tijd antwoord (ARC).",
        "The seals of forwarders were not checked: no answer came in time (ARC).",
    ),
}
_MORE: Final = {
    "reason=text-changed": (
        " De tekst of een bijlage is na het tekenen veranderd.",
        " The text or an attachment was changed after signing.",
    ),
    "reason=headers-changed": (
        " De kop van het bericht is na het tekenen veranderd, of iemand anders tekende.",
        " The header was changed after signing, or somebody else signed.",
    ),
    "reason=signs-only-the-beginning-of-the-text": (
        " Zij geldt maar voor het begin van het bericht; er kan iets zijn toegevoegd.",
        " It covers only the beginning of the message; something may have been added.",
    ),
    "reason=expired": (" Zij is verlopen.", " It has expired."),
    "reason=not-every-sender-signed": (
        " Zij geldt niet voor elke genoemde afzender.",
        " It does not cover every sender that is named.",
    ),
    "reason=no-key-published": (" De sleutel is niet gepubliceerd.", " Its key is not published."),
    "reason=key-withdrawn": (" De sleutel is ingetrokken.", " Its key was withdrawn."),
    "reason=ambiguous-headers": (
        " De kop van het bericht is op meer manieren te lezen.",
        " The header can be read in more than one way.",
    ),
    "reason=broken-chain": (" De keten is niet volledig.", " The chain is not complete."),
    "policy=none": (
        " Het domein vraagt zulke berichten toch aan te nemen.",
        " The domain asks to take such messages all the same.",
    ),
    "policy=quarantine": (
        " Het domein vraagt zulke berichten apart te houden.",
        " The domain asks to set such messages apart.",
    ),
    "policy=reject": (" Het domein vraagt zulke berichten te weigeren.", " The domain asks to refuse such messages."),
}
