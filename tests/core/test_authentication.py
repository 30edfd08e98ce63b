"""What counts as proof of a From address, and what a forger may write beside it (RFC 8601)."""

import pytest

from gateway.core.authentication import verdict

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
