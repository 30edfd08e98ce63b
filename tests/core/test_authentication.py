"""What counts as proof of a From address, and what a forger may write beside it (RFC 8601)."""

import pytest

from gateway.core.authentication import in_words, service, verdict

TRUSTED = ("mx.intake.example",)


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("mx.intake.example; dmarc=pass header.from=example.org", "pass"),
        ("mx.intake.example 1; spf=pass smtp.mailfrom=x@example.org; dmarc=pass (p=reject dis=none)", "pass"),
        ("MX.Intake.Example;\r\n\tdkim=pass;\r\n\tdmarc = PASS", "pass"),
        ("mx.intake.example; dmarc/1=pass", "pass"),
        ("mx.intake.example (a hop); dmarc=pass", "pass"),
        ("mx.intake.example; dmarc=fail (p=none)", "fail"),
        ("mx.intake.example; dmarc=permerror", "fail"),
        ("mx.intake.example; dmarc=temperror", "none"),
        ("mx.intake.example; dmarc=bestguesspass", "none"),
        ("mx.intake.example; dmarc=none", "none"),
        ("mx.intake.example; dkim=pass; spf=pass", "none"),
        ("mx.intake.example; none", "none"),
        ("mx.elsewhere.example; dmarc=pass", "none"),
        ("mx.intake.example.evil.example; dmarc=pass", "none"),
        ("", "none"),
        (";;;", "none"),
        # what the sender chose, in the words of a trusted hop
        ("mx.intake.example; spf=pass smtp.mailfrom=dmarc=pass@evil.example; dmarc=fail", "fail"),
        ("mx.intake.example; spf=pass smtp.mailfrom=dmarc=pass@evil.example", "none"),
        ('mx.intake.example; spf=pass smtp.mailfrom="; dmarc=pass;"@evil.example; dmarc=fail', "fail"),
        ('mx.intake.example; spf=pass smtp.mailfrom="\\"; dmarc=pass;"@evil.example', "none"),
        ("mx.intake.example; spf=pass (helo ; dmarc=pass); dmarc=fail", "fail"),
        ("mx.intake.example; spf=pass (a (b) ; dmarc=pass)", "none"),
        ("mx.intake.example; spf=pass (\\) ; dmarc=pass)", "none"),
        ('mx.intake.example; spf=pass (") ; dmarc=fail (")', "fail"),
        ("mx.intake.example; spf=pass (open ; dmarc=pass", "none"),
        ("mx.intake.example; arc=pass (i=1 dmarc=pass); dmarc=fail", "fail"),
        ("mx.intake.example; x-dmarc=pass", "none"),
        ("mx.intake.example; dmarc=pass; dmarc=fail", "fail"),
    ],
)
def test_the_result_of_a_trusted_hop(header: str, word: str) -> None:
    assert verdict([header], TRUSTED) == word


def test_only_the_topmost_header_of_a_trusted_hop_counts() -> None:
    """Ours is put on top; one below it came with the message."""
    ours, forged = "mx.intake.example; dmarc=fail", "mx.intake.example; dmarc=pass"
    assert verdict(["other.example; dmarc=pass", ours, forged], TRUSTED) == "fail"


def test_without_configuration_nobody_is_trusted() -> None:
    assert verdict(["mx.intake.example; dmarc=pass"], ()) == "none"
    assert verdict([], TRUSTED) == "none"


# ---- in words ------------------------------------------------------------------------------------

OWN = (
    "intake.example; spf=pass smtp.mailfrom=example.org; dkim=fail reason=text-changed header.d=example.org; "
    "dmarc=pass header.from=example.org policy.dmarc=reject; arc=none"
)
CHANGED = "De tekst of een bijlage is na het tekenen veranderd."


def test_results_are_told_in_words_the_most_telling_first() -> None:
    assert in_words(OWN, "nl") == (
        "Het domein example.org staat in voor deze afzender (DMARC).",
        "De handtekening van het domein example.org klopt niet (DKIM). " + CHANGED,
        "De server die het bericht bracht, mag mail van het domein example.org versturen (SPF).",
    )
    assert in_words(OWN, "en")[0] == "The domain example.org vouches for this sender (DMARC)."


def test_a_failure_says_what_the_domain_wishes() -> None:
    header = "intake.example; dmarc=fail header.from=example.org policy.dmarc=reject"
    assert in_words(header, "nl")[0].endswith("Het domein vraagt zulke berichten te weigeren.")
    assert in_words(header.replace("=fail", "=pass"), "nl")[0].endswith("(DMARC).")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_without_domains_no_name_is_in_the_words(language: str) -> None:
    for word in ("pass", "fail", "none", "temperror", "permerror", "softfail", "neutral", "policy"):
        named = ("spf {} smtp.mailfrom", "dkim {} header.d", "dmarc {} header.from", "arc {} header.d")
        results = [f"{name.replace(' ', '=', 1).format(word)}=jansen.example" for name in named]
        header = "; ".join(["x.example", *results])
        said = in_words(header, language, domains=False)
        assert said
        assert "jansen" not in " ".join(said)
        assert "jansen.example" in " ".join(in_words(header, language))


def test_of_an_address_only_the_domain_is_told_and_nothing_that_is_no_domain() -> None:
    (told,) = in_words("mx.example; spf=pass smtp.mailfrom=a.jansen@example.org", "en")
    assert "jansen" not in told
    assert "example.org" in told
    (told,) = in_words("mx.example; spf=pass smtp.mailfrom=<script>", "en")
    assert "script" not in told


@pytest.mark.parametrize(
    "header", ["", ";;;", "x", "x; none", "x; iprev=pass", "x; dmarc=strange", "x; dmarc", "x; =; a=b"]
)
def test_what_is_no_result_is_not_told(header: str) -> None:
    assert in_words(header, "nl") == ()


def test_a_result_inside_a_value_or_a_comment_is_not_told() -> None:
    header = 'mx.example; spf=fail smtp.mailfrom="; dmarc=pass"@x.example (; dmarc=pass); dkim=none'
    assert len(in_words(header, "en")) == 2


def test_the_service_of_a_header_is_its_first_word() -> None:
    assert service("(a hop) MX.Example 1; dmarc=pass") == "mx.example"
    assert service("") == ""
