"""Whether a domain lets an address send mail in its name: SPF (RFC 7208), to the letter.

Rule 1: the whole record is read before any of it counts; one syntax error anywhere is `permerror` (section 4.6).
Rule 2: the limits of section 4.6.4 hold for all records of one check together.
Rule 3: explanations (`exp=`) are checked for their form and never fetched: we refuse nobody by SPF.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from mail.resolver import Resolver, Temporary, reverse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MOST_TERMS: Final = 10
_MOST_VOID: Final = 2
_MOST_NAMES: Final = 10
_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63
_LONGEST_RECORD: Final = 8192

_QUALIFIERS: Final = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_MACRO: Final = r"%(?:\{[slodiphcrtvSLODIPHCRTV][0-9]*[rR]?[.\-+,/_=]*\}|%|_|-)"
_MACROS: Final = re.compile(rf"(?:{_MACRO}|[!-$&-~])*")
_EXPAND: Final = re.compile(r"%(?:\{(?P<letter>[a-zA-Z])(?P<digits>[0-9]*)(?P<r>[rR]?)(?P<marks>[.\-+,/_=]*)\}|[%_-])")
_TOP: Final = r"(?:[a-zA-Z0-9]*[a-zA-Z][a-zA-Z0-9]*|[a-zA-Z0-9]+-[a-zA-Z0-9\-]*[a-zA-Z0-9])"
_DOMAIN: Final = re.compile(rf"(?:{_MACRO}|[!-$&-~])*(?:\.{_TOP}\.?|%\{{[slodiphvSLODIPHV][0-9]*[rR]?[.\-+,/_=]*\}})")
_NOT_IN_MECHANISMS: Final = re.compile(r"%\{[crtCRT]")
_MODIFIER: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9\-_.]*)=(.*)")
_LENGTHS: Final = re.compile(r"(?:/(0|[1-9][0-9]{0,2}))?(?://(0|[1-9][0-9]{0,2}))?")
_BITS: Final = {4: 32, 6: 128}


class _Wrong(Exception):
    """The published record cannot be used: `permerror`."""


@dataclass(frozen=True)
class _Mechanism:
    """One mechanism. `four` and `six`: how many bits of an address count."""

    result: str
    kind: str
    spec: str = ""
    four: int = 32
    six: int = 128
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None


@dataclass(frozen=True)
class _Record:
    mechanisms: tuple[_Mechanism, ...]
    redirect: str | None


def check(address: str, mail_from: str, helo: str, resolver: Resolver) -> tuple[str, str]:
    """The result, and the domain it is about: that of the return path, or of HELO where that is empty.

    The result is a word of RFC 8601: `none`, `pass`, `fail`, `softfail`, `neutral`, `temperror` or `permerror`;
    see RFC 7208 sections 2.4 and 2.6.
    """
    local, _, domain = (mail_from or f"postmaster@{helo}").rpartition("@")
    try:
        peer: Address = ipaddress.ip_address(address)
    except ValueError:
        return "none", domain  # not by SMTP, or behind something that did not say who it was
    peer = getattr(peer, "ipv4_mapped", None) or peer
    try:
        return _Check(peer, local or "postmaster", domain, helo, resolver).host(domain), domain
    except Temporary:
        return "temperror", domain
    except _Wrong:
        return "permerror", domain


class _Check:
    """One check with its limits."""

    def __init__(self, peer: Address, local: str, domain: str, helo: str, resolver: Resolver) -> None:
        self._peer = peer
        self._kind = "A" if peer.version == 4 else "AAAA"  # noqa: PLR2004 -- the name of the protocol
        self._local, self._domain, self._helo = local, domain, helo
        self._resolver = resolver
        self._terms = 0
        self._void = 0

    def host(self, domain: str) -> str:
        """The function check_host() of section 4. Raises _Wrong and Temporary."""
        if not _is_domain(domain):
            return "none"
        found = [text for text in self._resolver.texts(domain) if re.match(rb"(?i)v=spf1(?: |\Z)", text)]
        if len(found) > 1:
            raise _Wrong("two records")
        if not found:
            return "none"
        record = _read(found[0])
        for mechanism in record.mechanisms:
            if self._matches(mechanism, domain):
                return mechanism.result
        if record.redirect is None:
            return "neutral"
        self._count()
        result = self.host(self._expand(record.redirect, domain))
        if result == "none":
            raise _Wrong("redirect to a domain without a record")
        return result

    def _count(self) -> None:
        self._terms += 1
        if self._terms > _MOST_TERMS:
            raise _Wrong("too many questions to DNS")

    def _values(self, name: str, kind: str) -> tuple[str, ...]:
        found = self._resolver.values(name, kind)
        self._void += not found
        if self._void > _MOST_VOID:
            raise _Wrong("too many questions without an answer")
        return found

    # ---- mechanisms (section 5) ------------------------------------------------------------------

    def _matches(self, mechanism: _Mechanism, domain: str) -> bool:
        match mechanism.kind:
            case "all":
                return True
            case "ip4" | "ip6":
                return mechanism.network is not None and self._peer in mechanism.network
            case _:
                self._count()
                target = self._expand(mechanism.spec, domain) if mechanism.spec else domain
                return bool(getattr(self, f"_{mechanism.kind}")(mechanism, target))

    def _include(self, _: _Mechanism, target: str) -> bool:
        result = self.host(target)
        if result == "none":
            raise _Wrong("include of a domain without a record")
        return result == "pass"

    def _a(self, mechanism: _Mechanism, target: str) -> bool:
        return self._is_one_of(self._values(target, self._kind), mechanism)

    def _mx(self, mechanism: _Mechanism, target: str) -> bool:
        names = [name for name in self._values(target, "MX") if name]
        if len(names) > _MOST_NAMES:
            raise _Wrong("too many MX records")
        return any(self._is_one_of(self._resolver.values(name, self._kind), mechanism) for name in names)

    def _exists(self, _: _Mechanism, target: str) -> bool:
        return bool(self._values(target, "A"))

    def _ptr(self, _: _Mechanism, target: str) -> bool:
        wanted = target.casefold().rstrip(".")
        return any(_is_below(name, wanted) for name in self._proven_names())

    def _is_one_of(self, addresses: tuple[str, ...], mechanism: _Mechanism) -> bool:
        bits = mechanism.four if self._kind == "A" else mechanism.six
        return any(self._peer in ipaddress.ip_network(f"{address}/{bits}", strict=False) for address in addresses)

    def _proven_names(self) -> list[str]:
        """The names of the address that point back to it (section 5.5); trouble there means no name."""
        proven: list[str] = []
        try:
            names = self._values(reverse(self._peer), "PTR")
        except Temporary:
            return proven
        for name in names[:_MOST_NAMES]:
            try:
                addresses = self._resolver.values(name, self._kind)
            except Temporary:
                continue
            if any(ipaddress.ip_address(address) == self._peer for address in addresses):
                proven.append(name.casefold())
        return proven

    # ---- macros (section 7) ----------------------------------------------------------------------

    def _expand(self, spec: str, domain: str) -> str:
        name = _EXPAND.sub(lambda found: self._macro(found, domain), spec).removesuffix(".")
        while len(name) > _LONGEST_NAME and "." in name:
            name = name.partition(".")[2]
        return name

    def _macro(self, found: re.Match[str], domain: str) -> str:
        letter = found["letter"]
        if letter is None:
            return {"%%": "%", "%_": " ", "%-": "%20"}[found[0]]
        value = self._letter(letter.lower(), domain)
        parts = re.split(f"[{re.escape(found['marks'] or '.')}]", value)
        if found["r"]:
            parts.reverse()
        kept = int(found["digits"]) if found["digits"] else len(parts)
        text = ".".join(parts[-kept:])
        return quote(text, safe="-._~") if letter.isupper() else text

    def _letter(self, letter: str, domain: str) -> str:
        match letter:
            case "s":
                return f"{self._local}@{self._domain}"
            case "i":
                four = self._kind == "A"
                return str(self._peer) if four else ".".join(self._peer.exploded.replace(":", ""))
            case "p":
                return self._best_name(domain.casefold())
            case _:
                version = "in-addr" if self._kind == "A" else "ip6"
                return {"l": self._local, "o": self._domain, "d": domain, "h": self._helo, "v": version}[letter]

    def _best_name(self, domain: str) -> str:
        names = self._proven_names()
        below = [name for name in names if _is_below(name, domain)]
        same = [name for name in names if name == domain]
        return next(iter(same + below + names), "unknown")


# ---- reading a record (sections 4.6 and 12) ------------------------------------------------------


def _read(text: bytes) -> _Record:
    if len(text) > _LONGEST_RECORD:
        raise _Wrong("an endless record")
    try:
        terms = text.decode("ascii").split(" ")[1:]
    except UnicodeDecodeError:
        raise _Wrong("not ASCII") from None
    mechanisms: list[_Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in filter(None, terms):
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
            continue
        name, value = modifier[1].lower(), modifier[2]
        if name not in {"redirect", "exp"}:
            if not _MACROS.fullmatch(value):
                raise _Wrong(name)
        elif name in modifiers:
            raise _Wrong(f"two {name}")
        else:
            modifiers[name] = _domain_spec(value)
    redirect = None if any(m.kind == "all" for m in mechanisms) else modifiers.get("redirect")
    return _Record(tuple(mechanisms), redirect)


def _mechanism(term: str) -> _Mechanism:
    found = re.fullmatch(r"([+\-?~]?)([a-zA-Z0-9]+)(.*)", term)
    if found is None:
        raise _Wrong(term)
    result, kind, rest = _QUALIFIERS[found[1] or "+"], found[2].lower(), found[3]
    match kind:
        case "all" if not rest:
            return _Mechanism(result, kind)
        case "include" | "exists" if rest.startswith(":"):
            return _Mechanism(result, kind, _domain_spec(rest[1:]))
        case "ptr" if not rest or rest.startswith(":"):
            return _Mechanism(result, kind, _domain_spec(rest[1:]) if rest else "")
        case "ip4" | "ip6" if rest.startswith(":"):
            return _Mechanism(result, kind, network=_network(kind, rest[1:]))
        case "a" | "mx":
            return _host_mechanism(result, kind, rest)
        case _:
            raise _Wrong(term)


def _host_mechanism(result: str, kind: str, rest: str) -> _Mechanism:
    found = re.fullmatch(r"(?::(.+?))?((?:/[0-9]+)?(?://[0-9]+)?)", rest)
    if found is None:
        raise _Wrong(rest)
    lengths = _LENGTHS.fullmatch(found[2])
    if lengths is None:
        raise _Wrong(rest)
    four, six = int(lengths[1] or _BITS[4]), int(lengths[2] or _BITS[6])
    if four > _BITS[4] or six > _BITS[6]:
        raise _Wrong(rest)
    return _Mechanism(result, kind, _domain_spec(found[1]) if found[1] else "", four, six)


def _network(kind: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    address, slash, length = text.partition("/")
    if slash and not re.fullmatch(r"0|[1-9][0-9]{0,2}", length):
        raise _Wrong(text)
    try:
        if kind == "ip4":
            return ipaddress.IPv4Network(text, strict=False)
        if "%" in address:
            raise _Wrong(text)
        return ipaddress.IPv6Network(text, strict=False)
    except ValueError:
        raise _Wrong(text) from None


def _domain_spec(text: str) -> str:
    digits = [int(found["digits"]) for found in _EXPAND.finditer(text) if found["digits"]]
    if not _DOMAIN.fullmatch(text) or _NOT_IN_MECHANISMS.search(text) or 0 in digits:
        raise _Wrong(text)
    return text


# ---- names ---------------------------------------------------------------------------------------


def _is_domain(name: str) -> bool:
    """Whether DNS can be asked about it (section 4.3): several labels, none empty or too long."""
    labels = name.removesuffix(".").split(".")
    return len(labels) > 1 and len(name) <= _LONGEST_NAME and all(0 < len(x) <= _LONGEST_LABEL for x in labels)


def _is_below(name: str, domain: str) -> bool:
    folded = name.casefold().rstrip(".")
    return folded == domain or folded.endswith("." + domain)
