"""What the domain in From says of mail in its name, and whether this mail is its own: DMARC (RFC 7489).

Rule 1: only a result of the From domain, or of one under the same organization where it allows that, vouches.
Rule 2: trouble with DNS that could have changed the answer makes it `temperror`, never `fail`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from mail.resolver import Resolver, Temporary
from mail.signatures import Result, tags

_POLICIES: Final = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True)
class Policy:
    """What a domain published. `strict_dkim`, `strict_spf`: only the very same domain counts."""

    wish: str
    strict_dkim: bool = False
    strict_spf: bool = False


def check(sender: str, spf: tuple[str, str], dkim: Sequence[Result], resolver: Resolver) -> tuple[str, str]:
    """The result for the domain in From, and the policy it published (`none`, `quarantine`, `reject`, or empty).

    `spf`: result and domain of `mail.spf.check`.
    """
    try:
        policy = _policy(sender, resolver)
    except Temporary:
        return "temperror", ""
    if policy is None:
        return "none", ""
    words = {each.word for each in dkim if aligned(each.domain, sender, strict=policy.strict_dkim)}
    if aligned(spf[1], sender, strict=policy.strict_spf):
        words.add(spf[0])
    word = "pass" if "pass" in words else "temperror" if "temperror" in words else "fail"
    return word, policy.wish


def aligned(domain: str, sender: str, *, strict: bool = False) -> bool:
    """Whether a result for `domain` speaks for `sender` (section 3.1)."""
    ours, theirs = domain.casefold().rstrip("."), sender.casefold().rstrip(".")
    if strict or not ours or ours == theirs:
        return bool(ours) and ours == theirs
    return organization(ours) == organization(theirs)


def organization(domain: str) -> str:
    """The domain that somebody registered, by the public suffix list that is installed (section 3.2)."""
    return str(_suffixes().privatesuffix(domain) or domain)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _policy(sender: str, resolver: Resolver) -> Policy | None:
    """The policy for the domain, else of its organization (section 6.6.3); None when nobody published one."""
    owner = organization(sender)
    for domain in dict.fromkeys((sender, owner)):
        found = _published(domain, resolver)
        if found is not None:
            wish = found.get("p", "").lower()
            if domain != sender:
                wish = found.get("sp", wish).lower()
            if wish not in _POLICIES:
                wish = "none" if found.get("rua") else ""
            strict = (found.get("adkim", "r").lower() == "s", found.get("aspf", "r").lower() == "s")
            return Policy(wish, *strict) if wish else None
    return None


def _published(domain: str, resolver: Resolver) -> dict[str, str] | None:
    texts = [text for text in resolver.texts(f"_dmarc.{domain}") if text.startswith(b"v=DMARC1")]
    if len(texts) != 1:
        return None
    try:
        found = tags(texts[0])
    except ValueError:
        return None
    return found if found.get("v") == "DMARC1" else None
