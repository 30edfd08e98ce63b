"""Signatures of mail: DKIM (RFC 6376, 8301, 8463) and ARC chains (RFC 8617), checked in one pass over the file.

Rule 1: memory does not grow with the message; each body hash that a signature asks for is made while reading.
Rule 2: stricter than the RFC where it lets strangers add to what was signed: `l=` fails, and every From field must
be covered.
Rule 3: nothing here raises for what a message or a key says; a result is a word of RFC 8601 and a reason of ours.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mail.resolver import Resolver, Temporary

BLOCK: Final = 256 * 1024
MOST_SIGNATURES: Final = 8
MOST_HOPS: Final = 50
_LONGEST_LINE: Final = 4 * 2**20
_SMALLEST_KEY: Final = 1024
_LARGEST_KEY: Final = 8192
_LONGEST_NAME: Final = 253
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"  # selectors in use have underscores
_SAFE_NAME: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_TAG: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
_B_TAG: Final = re.compile(rb"((?:\A|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_WHITE: Final = re.compile(rb"[ \t]+")
_ARC: Final = ("arc-authentication-results", "arc-message-signature", "arc-seal")


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


@dataclass(frozen=True)
class Field:
    """A header field as it stands in the file: name in lower case, and all its bytes without the last CRLF."""

    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """What comes after the colon."""
        return self.raw.partition(b":")[2]


@dataclass(frozen=True)
class Result:
    """What one signature, or a chain, came to. `domain` is empty when there is none that can be shown."""

    word: str
    reason: str = ""
    domain: str = ""
    selector: str = ""


class _Ended(Exception):
    """A signature's check is over, with this word and reason."""

    def __init__(self, word: str, reason: str) -> None:
        super().__init__(word)
        self.word, self.reason = word, reason


def is_name(text: str) -> bool:
    """Whether it can be a domain or a selector and nothing else, so that it may stand in a header of ours."""
    return len(text) <= _LONGEST_NAME and bool(_SAFE_NAME.fullmatch(text))


# ---- tag lists (RFC 6376 section 3.2) ------------------------------------------------------------


def tags(text: bytes) -> dict[str, str]:
    """The tags of a list. Raises ValueError when it is none, or a tag comes twice."""
    found: dict[str, str] = {}
    for piece in text.decode("utf-8").strip(" \t\r\n;").split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or not _TAG.fullmatch(name) or name in found:
            raise ValueError("no tag list")
        found[name] = value.strip(" \t\r\n")
    return found


@dataclass(frozen=True)
class _Signature:
    """One DKIM-Signature or ARC-Message-Signature that can be tried, or a seal (no body hash)."""

    field: Field
    tags: dict[str, str]
    algorithm: str
    domain: str
    selector: str
    signature: bytes
    body_hash: bytes = b""
    signed: tuple[str, ...] = ()
    relaxed_header: bool = True
    relaxed_body: bool = True


def _parsed(field: Field, now: int) -> _Signature:
    """Raises _Ended when the form alone decides."""
    found = _common(field)
    if "l" in found.tags:
        raise _Ended("fail", "signs only the beginning of the text")
    if not {"bh", "h"} <= found.tags.keys():
        raise _Ended("permerror", "incomplete signature")
    header, _, body = found.tags.get("c", "simple/simple").lower().partition("/")
    if {header, body or "simple"} - {"simple", "relaxed"}:
        raise _Ended("permerror", "unknown canonicalization")
    signed = tuple(name.strip(" \t\r\n").lower() for name in found.tags["h"].split(":"))
    if "from" not in signed:
        raise _Ended("permerror", "sender not signed")
    _in_time(found.tags, now)
    return _Signature(
        field,
        found.tags,
        found.algorithm,
        found.domain,
        found.selector,
        found.signature,
        _bytes(found.tags["bh"]),
        signed,
        header == "relaxed",
        body == "relaxed",
    )


def _dkim(field: Field, now: int) -> _Signature:
    """A DKIM-Signature (RFC 6376 section 3.5). Raises _Ended when the form alone decides."""
    found = _parsed(field, now)
    if found.tags.get("v") != "1":
        raise _Ended("permerror", "unknown version")
    if "dns/txt" not in found.tags.get("q", "dns/txt").lower().split(":"):
        raise _Ended("permerror", "unknown key store")
    if not _is_within(found.tags.get("i", "@" + found.domain), found.domain):
        raise _Ended("permerror", "identity outside the domain")
    return found


def _common(field: Field) -> _Signature:
    """What DKIM signatures and seals have in common."""
    try:
        found = tags(field.value)
    except ValueError:
        raise _Ended("permerror", "unreadable signature") from None
    if not {"a", "b", "d", "s"} <= found.keys():
        raise _Ended("permerror", "incomplete signature")
    domain, selector = found["d"].lower(), found["s"].lower()
    if not is_name(domain) or not is_name(selector):
        raise _Ended("permerror", "unusable domain")
    algorithm = found["a"].lower()
    if algorithm == "rsa-sha1":
        raise _Ended("policy", "outdated algorithm")  # RFC 8301 section 3.1
    if algorithm not in {"rsa-sha256", "ed25519-sha256"}:
        raise _Ended("permerror", "unknown algorithm")
    return _Signature(field, found, algorithm, domain, selector, _bytes(found["b"]))


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(re.sub(r"[ \t\r\n]", "", text), validate=True)
    except (binascii.Error, ValueError):
        raise _Ended("permerror", "unreadable signature") from None


def _in_time(found: dict[str, str], now: int) -> None:
    times = [found.get(tag, "0") for tag in ("t", "x")]
    if not all(re.fullmatch(r"[0-9]{1,12}", text) for text in times):
        raise _Ended("permerror", "unreadable time")
    made, ends = map(int, times)
    if "x" in found and ends <= now:
        raise _Ended("fail", "expired")
    if "x" in found and ends < made:
        raise _Ended("permerror", "unreadable time")


# ---- DKIM ----------------------------------------------------------------------------------------


class Message:
    """One message on disk: its fields in order, and where its body begins."""

    def __init__(self, file: BinaryIO, fields: Sequence[Field], body: int, now: int, resolver: Resolver) -> None:
        self._file, self._fields, self._body = file, tuple(fields), body
        self._now = now
        self._resolver = resolver
        self._hashes: dict[bool, bytes] = {}

    def dkim(self, first: Callable[[str], bool]) -> list[Result]:
        """A result for each DKIM signature, at most `MOST_SIGNATURES`; those of domains that are `first` go first."""
        parsed = [self._try_parse(field) for field in self._fields if field.name == "dkim-signature"]
        parsed.sort(key=lambda each: not first(each.domain))
        return [each if isinstance(each, Result) else self._verified(each) for each in parsed[:MOST_SIGNATURES]]

    def _try_parse(self, field: Field) -> _Signature | Result:
        try:
            return _dkim(field, self._now)
        except _Ended as ended:
            return Result(ended.word, ended.reason, *_claimed(field))

    def _verified(self, signature: _Signature) -> Result:
        try:
            self._check_body_and_header(signature, strict_identity=True)
        except _Ended as ended:
            return Result(ended.word, ended.reason, signature.domain, signature.selector)
        except Temporary:
            return Result("temperror", "no answer from DNS", signature.domain, signature.selector)
        return Result("pass", "", signature.domain, signature.selector)

    def _check_body_and_header(self, signature: _Signature, *, strict_identity: bool) -> None:
        """Raises _Ended unless both hold; the key comes first, for without it the file need not be read."""
        key = self._key(signature, strict_identity=strict_identity)
        if self._body_hash(relaxed=signature.relaxed_body) != signature.body_hash:
            raise _Ended("fail", "text changed")
        digest = hashlib.sha256()
        for field in self._signed_fields(signature):
            digest.update(_canonical(field, relaxed=signature.relaxed_header) + b"\r\n")
        digest.update(_canonical(_without_b(signature.field), relaxed=signature.relaxed_header))
        _check(key, signature, digest.digest())

    def _signed_fields(self, signature: _Signature) -> Iterable[Field]:
        """The fields that `h=` names, each instance once, from the bottom up (section 5.4.2)."""
        left: dict[str, list[Field]] = {}
        for field in self._fields:
            if field is not signature.field:
                left.setdefault(field.name, []).append(field)
        if signature.signed.count("from") < len(left.get("from", ())):
            raise _Ended("fail", "not every sender signed")
        for name in signature.signed:
            if left.get(name):
                yield left[name].pop()

    def _body_hash(self, *, relaxed: bool) -> bytes:
        if relaxed not in self._hashes:
            self._file.seek(self._body)
            self._hashes[relaxed] = body_hash(self._file, relaxed=relaxed)
        return self._hashes[relaxed]

    def _key(self, signature: _Signature, *, strict_identity: bool = False) -> RSAPublicKey | Ed25519PublicKey:
        found = self._resolver.texts(f"{signature.selector}._domainkey.{signature.domain}")
        if not found:
            raise _Ended("permerror", "no key published")
        if len(found) > 1:
            raise _Ended("permerror", "several keys published")
        try:
            published = tags(found[0])
        except ValueError:
            raise _Ended("permerror", "unusable key") from None
        identity = signature.tags.get("i", "@" + signature.domain).rpartition("@")[2].lower()
        if strict_identity and "s" in _listed(published, "t", "") and identity != signature.domain:
            raise _Ended("permerror", "identity outside the domain")
        return _usable(published, signature.algorithm)

    # ---- ARC -------------------------------------------------------------------------------------

    def arc(self) -> Result:
        """What the chain of hops came to (RFC 8617 section 5.2); `domain` is that of the last hop."""
        sets = self._arc_sets()
        if sets is None:
            return Result("fail", "broken chain")
        if not sets:
            return Result("none")
        try:
            newest = _common(sets[-1][2])
            domain, selector = newest.domain, newest.selector
        except _Ended as ended:
            return Result("fail", ended.reason)
        try:
            self._check_chain(sets)
        except _Ended as ended:
            return Result("fail", ended.reason, domain, selector)
        except Temporary:
            return Result("temperror", "no answer from DNS", domain, selector)
        return Result("pass", "", domain, selector)

    def _arc_sets(self) -> list[tuple[Field, Field, Field]] | None:
        """The sets from the first hop to the last; None when one is missing, doubled or unreadable."""
        found: dict[int, dict[str, Field]] = {}
        for field in self._fields:
            if field.name in _ARC:
                number = _instance(field)
                if number is None or field.name in found.setdefault(number, {}):
                    return None
                found[number][field.name] = field
        complete = all(len(each) == len(_ARC) for each in found.values())
        if not complete or sorted(found) != list(range(1, len(found) + 1)) or len(found) > MOST_HOPS:
            return None
        first, second, third = _ARC
        return [(found[n][first], found[n][second], found[n][third]) for n in sorted(found)]

    def _check_chain(self, sets: list[tuple[Field, Field, Field]]) -> None:
        """Raises _Ended unless the last message signature and all seals hold."""
        seals = [_common(seal) for _, _, seal in sets]
        for place, seal in enumerate(seals):
            if seal.tags.get("cv", "").lower() != ("pass" if place else "none") or "h" in seal.tags:
                raise _Ended("fail", "broken chain")
        newest = _parsed(sets[-1][1], self._now)
        if "arc-seal" in newest.signed:
            raise _Ended("fail", "broken chain")
        self._check_body_and_header(newest, strict_identity=False)
        for place in reversed(range(len(sets))):
            digest = hashlib.sha256()
            for field in (field for each in sets[: place + 1] for field in each):
                if field is not seals[place].field:
                    digest.update(_canonical(field, relaxed=True) + b"\r\n")
            digest.update(_canonical(_without_b(seals[place].field), relaxed=True))
            _check(self._key(seals[place]), seals[place], digest.digest())


def _instance(field: Field) -> int | None:
    """The number of the hop that a field of a chain names; in a field of results it comes first."""
    if field.name == _ARC[0]:
        first = re.match(rb"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,2})[ \t\r\n]*;", field.value)
        return int(first[1]) if first else None
    try:
        number = tags(field.value).get("i", "")
    except ValueError:
        return None
    return int(number) if re.fullmatch("[0-9]{1,2}", number) else None


def _claimed(field: Field) -> tuple[str, str]:
    """Domain and selector of a signature that cannot be tried, if they can be shown."""
    try:
        found = tags(field.value)
    except ValueError:
        return "", ""
    domain, selector = found.get("d", "").lower(), found.get("s", "").lower()
    return (domain, selector) if is_name(domain) and is_name(selector) else ("", "")


def _is_within(identity: str, domain: str) -> bool:
    host = identity.rpartition("@")[2].lower()
    return host == domain or host.endswith("." + domain)


# ---- keys (RFC 6376 section 3.6.1) ---------------------------------------------------------------


def _usable(published: dict[str, str], algorithm: str) -> RSAPublicKey | Ed25519PublicKey:
    kind = published.get("k", "rsa").lower()
    if published.get("v", "DKIM1") != "DKIM1" or kind != algorithm.partition("-")[0] or "p" not in published:
        raise _Ended("permerror", "unusable key")
    if not published["p"]:
        raise _Ended("permerror", "key withdrawn")
    if "sha256" not in _listed(published, "h", "sha256") or not {"*", "email"} & _listed(published, "s", "*"):
        raise _Ended("permerror", "key not for mail")
    try:
        raw = _bytes(published["p"])
        key = Ed25519PublicKey.from_public_bytes(raw) if kind == "ed25519" else load_der_public_key(raw)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _Ended("permerror", "unusable key") from None
    if isinstance(key, RSAPublicKey):
        if not _SMALLEST_KEY <= key.key_size <= _LARGEST_KEY:
            raise _Ended("policy", "weak key")
    elif not isinstance(key, Ed25519PublicKey):
        raise _Ended("permerror", "unusable key")
    return key


def _listed(published: dict[str, str], tag: str, otherwise: str) -> set[str]:
    return {word.strip(" \t\r\n").lower() for word in published.get(tag, otherwise).split(":")}


def _check(key: RSAPublicKey | Ed25519PublicKey, signature: _Signature, digest: bytes) -> None:
    """Raises _Ended when the signature is not the key's over this digest."""
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature.signature, digest, PKCS1v15(), Prehashed(SHA256()))
        else:
            key.verify(signature.signature, digest)  # RFC 8463: signs the digest itself
    except InvalidSignature:
        raise _Ended("fail", "headers changed") from None


# ---- canonical forms (RFC 6376 section 3.4) ------------------------------------------------------


def _without_b(field: Field) -> Field:
    name, colon, value = field.raw.partition(b":")
    return Field(field.name, name + colon + _B_TAG.sub(rb"\1", value, count=1))


def _canonical(field: Field, *, relaxed: bool) -> bytes:
    if not relaxed:
        return field.raw
    value = _WHITE.sub(b" ", field.value.replace(b"\r\n", b"")).strip(b" ")
    return field.name.encode() + b":" + value


def body_hash(file: BinaryIO, *, relaxed: bool) -> bytes:
    """SHA-256 of the canonical form of what is left of the file, in bounded memory.

    Raises _Ended for a line without an end, which no memory limit could hold.
    """
    digest = hashlib.sha256()
    kept, empty, anything = b"", 0, False
    while block := file.read(BLOCK):
        whole, end, kept = (kept + block).rpartition(b"\r\n")
        if len(kept) > _LONGEST_LINE:
            raise _Ended("policy", "endless line")
        if end:
            text, more = _trimmed(_relaxed(whole + end) if relaxed else whole + end)
            if text:
                _add_empty_lines(digest, empty)
                digest.update(text)
                anything, empty = True, 0
            empty += more
    if last := (_relaxed(kept + b"\r\n")[:-2] if relaxed else kept):
        _add_empty_lines(digest, empty)
        digest.update(last + b"\r\n")
    elif not anything and not relaxed:
        digest.update(b"\r\n")  # section 3.4.3: an empty body is one empty line
    return digest.digest()


def _relaxed(lines: bytes) -> bytes:
    # White space first, so that neither step is quadratic in what a stranger wrote.
    return _WHITE.sub(b" ", lines).replace(b" \r\n", b"\r\n")


def _trimmed(lines: bytes) -> tuple[bytes, int]:
    """Whole lines without the empty ones at their end, and how many those are."""
    end = len(lines)
    while end >= 2 and lines.startswith(b"\r\n", end - 2) and (end == 2 or lines.startswith(b"\r\n", end - 4)):  # noqa: PLR2004 -- the length of a line end
        end -= 2
    return lines[:end], (len(lines) - end) // 2


def _add_empty_lines(digest: _Digest, count: int) -> None:
    while count > 0:
        digest.update(b"\r\n" * min(count, BLOCK))
        count -= BLOCK
