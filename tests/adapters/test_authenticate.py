"""Our own checks of a sender, through the real child and a real DNS server: what is found, and what cannot be."""

import base64
import time
from collections.abc import Iterator

import pytest

from gateway.core.authentication import verdict
from gateway.core.model import Envelope
from mail.authenticate import Authenticator
from mail.read import Reader
from tests.support import zone
from tests.support.signing import Signer

OURS = "intake.example"
PEER = "192.0.2.1"
MAIL = b"From: A. Voorbeeld <a@example.org>\r\nTo: documenten@intake.example\r\nSubject: Stukken\r\n\r\nHierbij.\r\n"
SIGNER = Signer()
OTHER = Signer("elsewhere.example", key=SIGNER.key)
# RSA with 768 bits, which others can break.
WEAK_KEY = (
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAPMawoDVGJ9ZGDQx/beinh3G1HSseLo7tGPRekzrp6Vu"
    "hsEU72HIkr9JlS4/CFGE6XCl4uD/NWFJs/NLLkvFX1DmLxoejjOhBXEyiSkd7/RQmuA9IhpAV2i7cGToGBYMeQIDAQAB"
)
SPF_PASS = {"TXT": [zone.quoted("v=spf1 ip4:192.0.2.1 -all")]}
SPF_FAIL = {"TXT": [zone.quoted("v=spf1 -all")]}


def dmarc(policy: str = "v=DMARC1; p=reject") -> dict[str, list[str]]:
    return {"TXT": [zone.quoted(policy)]}


ZONE = {
    **SIGNER.published(),
    **OTHER.published(),
    "example.org": SPF_PASS,
    "_dmarc.example.org": dmarc(),
    "elsewhere.example": SPF_PASS,
}


@pytest.fixture
def server() -> Iterator[zone.Server]:
    with zone.serving(ZONE) as running:
        yield running


@pytest.fixture
def check(server, tmp_path):
    """What is found of a message, by method; `records` are added to the zone."""

    def found(raw: bytes, envelope: Envelope | None = None, **records) -> dict[str, str]:
        server.zone |= {name.replace("__", "."): kinds for name, kinds in records.items()}
        (tmp_path / "raw").write_bytes(raw)
        value = Authenticator(OURS, (server.address,), 10).check(tmp_path / "raw", envelope or sent())
        service, *results = value.split("; ")
        assert service == OURS
        return {result.partition("=")[0]: result.partition("=")[2] for result in results}

    return found


def sent(mail_from: str = "a@example.org", peer: str = PEER) -> Envelope:
    return Envelope(mail_from, ("documenten@intake.example",), peer, "mail.example.org")


def test_a_sender_who_did_everything_right_passes_all(check):
    assert check(SIGNER.sign(MAIL)) == {
        "spf": "pass smtp.mailfrom=example.org",
        "dkim": "pass header.d=example.org header.s=test",
        "dmarc": "pass header.from=example.org policy.dmarc=reject",
        "arc": "none",
    }


def test_a_sender_who_published_nothing_has_no_result(check, server):
    server.zone.clear()
    assert check(MAIL) == {
        "spf": "none smtp.mailfrom=example.org",
        "dkim": "none",
        "dmarc": "none header.from=example.org",
        "arc": "none",
    }


# ---- DKIM ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        (SIGNER.sign(MAIL).replace(b"Hierbij", b"Daarbij"), "fail reason=text-changed"),
        (SIGNER.sign(MAIL).replace(b"Subject: S", b"Subject: Geen s"), "fail reason=headers-changed"),
        (SIGNER.sign(MAIL, "l=5; "), "fail reason=signs-only-the-beginning-of-the-text"),
        (SIGNER.sign(MAIL, "l=5; ") + b"Nog iets.\r\n", "fail reason=signs-only-the-beginning-of-the-text"),
        (SIGNER.sign(MAIL, "t=1000; x=2000; "), "fail reason=expired"),
        (SIGNER.sign(MAIL, "t=1000; x=99999999999; "), "pass"),
        (SIGNER.sign(MAIL, "i=b@mail.example.org; "), "pass"),
        (SIGNER.sign(MAIL, "i=b@elsewhere.example; "), "permerror reason=identity-outside-the-domain"),
        (SIGNER.sign(MAIL, "q=http; "), "permerror reason=unknown-key-store"),
        (SIGNER.sign(MAIL, names="subject"), "permerror reason=sender-not-signed"),
        (SIGNER.sign(MAIL).replace(b"rsa-sha256", b"rsa-sha1"), "policy reason=outdated-algorithm"),
        (SIGNER.sign(MAIL).replace(b"v=1;", b"v=2;"), "permerror reason=unknown-version"),
        (SIGNER.sign(MAIL).replace(b"s=test;", b"s=gone;"), "permerror reason=no-key-published"),
        (SIGNER.sign(MAIL).replace(b"; b=", b"; b=*"), "permerror reason=unreadable-signature"),
        (SIGNER.sign(MAIL).replace(b"v=1;", b"v=1; v=1;"), "permerror reason=unreadable-signature"),
        (b"DKIM-Signature: \r\n" + MAIL, "permerror reason=unreadable-signature"),
        (b"From: b@example.org\r\n" + SIGNER.sign(MAIL), "fail reason=not-every-sender-signed"),
    ],
)
def test_a_signature_counts_only_when_all_of_it_is_right(check, raw, result):
    found = check(raw)["dkim"].split(" header.")[0]
    assert found == result


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=DKIM1; p=", "permerror reason=key-withdrawn"),
        ("v=DKIM2; p=x", "permerror reason=unusable-key"),
        ("nothing", "permerror reason=unusable-key"),
        ("k=ed25519; p=MIIB", "permerror reason=unusable-key"),
        ("k=rsa; p=bm8ga2V5", "permerror reason=unusable-key"),
        (f"k=rsa; p={WEAK_KEY}", "policy reason=weak-key"),
    ],
)
def test_a_key_that_cannot_be_used_proves_nothing(check, record, result):
    found = check(SIGNER.sign(MAIL), test___domainkey__example__org={"TXT": [zone.quoted(record)]})
    assert found["dkim"].startswith(result)
    assert found["dmarc"].startswith("pass"), "SPF still vouches"


@pytest.mark.parametrize(("tags", "result"), [("s=tlsrpt", "permerror"), ("h=sha1", "permerror"), ("t=y:s", "pass")])
def test_a_key_is_used_for_what_it_was_published_for(check, tags, result):
    assert check(SIGNER.sign(MAIL), **_named(SIGNER.published(tags)))["dkim"].split()[0] == result


def test_a_key_for_the_very_domain_only_does_not_sign_for_names_below_it(check):
    raw = SIGNER.sign(MAIL, "i=b@mail.example.org; ")
    assert check(raw, **_named(SIGNER.published("t=s")))["dkim"].startswith("permerror")


def test_a_selector_may_have_more_than_one_label_and_underscores(check):
    signer = Signer(selector="s1_2026.eu_west", key=SIGNER.key)
    assert check(signer.sign(MAIL), **_named(signer.published()))["dkim"].startswith("pass")


def _named(records):
    return {name.replace(".", "__"): kinds for name, kinds in records.items()}


def test_of_several_signatures_the_best_one_of_the_senders_domain_is_told(check):
    broken = SIGNER.sign(MAIL, "x=1; ").partition(b"\r\n")[0]
    both = broken + b"\r\n" + OTHER.sign(SIGNER.sign(MAIL))
    assert check(both)["dkim"] == "pass header.d=example.org header.s=test"
    assert check(OTHER.sign(MAIL))["dkim"] == "pass header.d=elsewhere.example header.s=test"


def test_many_strange_signatures_do_not_hide_the_senders_own(check):
    strange = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=x%d.example; s=s; h=from; bh=AA==; b=AA==\r\n" % n for n in range(50)
    )
    found = check(strange + SIGNER.sign(MAIL))
    assert found["dkim"] == "pass header.d=example.org header.s=test"


# ---- SPF and DMARC -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ("v=spf1 ip4:192.0.2.1 -all", "pass"),
        ("v=spf1 -all", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1 include:example.org -all", "permerror"),
        ("nothing of the kind", "none"),
    ],
)
def test_spf_is_told_as_it_is(check, record, word):
    assert check(MAIL, example__org={"TXT": [zone.quoted(record)]})["spf"] == f"{word} smtp.mailfrom=example.org"


def test_a_bounce_is_checked_by_the_name_it_greeted_with(check):
    assert check(MAIL, sent(""), mail__example__org=SPF_PASS)["spf"] == "pass smtp.helo=mail.example.org"


@pytest.mark.parametrize(
    ("sender", "policy", "raw", "word"),
    [
        ("a@example.org", "v=DMARC1; p=reject", MAIL, "pass"),
        ("a@elsewhere.example", "v=DMARC1; p=reject", MAIL, "fail"),
        ("a@elsewhere.example", "v=DMARC1; p=reject", OTHER.sign(MAIL), "fail"),
        ("a@elsewhere.example", "v=DMARC1; p=none", SIGNER.sign(MAIL), "pass"),
        ("a@mail.example.org", "v=DMARC1; p=reject", MAIL, "pass"),
        ("a@mail.example.org", "v=DMARC1; p=reject; aspf=s", MAIL, "fail"),
        ("a@mail.example.org", "v=DMARC1; p=reject; aspf=s; adkim=s", SIGNER.sign(MAIL), "pass"),
        ("a@elsewhere.example", "v=DMARC1; p=maybe; rua=mailto:x@example.org", MAIL, "fail"),
        ("a@elsewhere.example", "v=DMARC1; p=maybe", MAIL, "none"),
        ("a@elsewhere.example", "p=reject", MAIL, "none"),
    ],
)
def test_dmarc_asks_for_a_result_of_the_senders_own_domain(check, sender, policy, raw, word):
    found = check(raw, sent(sender), mail__example__org=SPF_PASS, _dmarc__example__org=dmarc(policy))
    assert found["dmarc"].split()[0] == word


def test_the_policy_of_the_organization_holds_for_its_names(check):
    raw = MAIL.replace(b"a@example.org", b"a@sub.example.org")
    found = check(raw, sent("x@elsewhere.example"), _dmarc__example__org=dmarc("v=DMARC1; p=none; sp=quarantine"))
    assert found["dmarc"] == "fail header.from=sub.example.org policy.dmarc=quarantine"


def test_two_who_only_share_a_registry_are_no_organization(check):
    """`co.uk` is on the public suffix list that is installed, so nothing under it speaks for something else."""
    raw = MAIL.replace(b"a@example.org", b"a@victim.co.uk")
    records = {"evil__co__uk": SPF_PASS, "_dmarc__victim__co__uk": dmarc()}
    assert check(raw, sent("x@evil.co.uk"), **records)["dmarc"].startswith("fail")


@pytest.mark.parametrize(
    "senders",
    [
        b"From: a@example.org\r\nFrom: b@example.org\r\n",
        b"From: a@example.org, b@example.org\r\n",
        b"From: nobody\r\n",
        b"",
    ],
)
def test_without_exactly_one_sender_nobody_can_be_vouched_for(check, senders):
    raw = senders + b"Subject: x\r\n\r\nTekst.\r\n"
    assert check(raw)["dmarc"] == "permerror reason=no-single-sender"


@pytest.mark.parametrize(
    "raw",
    [
        b"From x@example.org Mon Mar  2 10:00:00 2026\r\n" + MAIL,
        b"\xef\xbb\xbf" + MAIL,
        MAIL.replace(b"To: ", b"no header\r\nTo: "),
        MAIL.replace(b"\r\nTo: ", b"\rTo: "),
        MAIL.replace(b"\r\nTo: ", b"\nTo: "),
    ],
)
def test_headers_that_two_programs_read_differently_vouch_for_nobody(check, raw):
    found = check(raw)
    assert found["dmarc"] == "permerror reason=ambiguous-headers"
    assert verdict([f"{OURS}; dmarc={found['dmarc']}"], [OURS]) == "fail"


@pytest.mark.parametrize(
    "raw", [MAIL.partition(b"\r\n\r\n")[0] + b"\r\n", b"From: a@example.org\r\n\r\n", b"From: a@example.org"]
)
def test_a_message_without_a_text_has_results_too(check, raw):
    assert check(raw)["dmarc"].startswith("pass")


# ---- what a sender cannot do ---------------------------------------------------------------------


def test_what_a_sender_chose_cannot_look_like_a_result(check):
    for chosen in ("x@example.org; dmarc=pass", '"; dmarc=pass"@evil.example', "dmarc=pass@a b.example", "x@é.example"):
        found = check(MAIL, sent(chosen), _dmarc__example__org=dmarc())
        value = "; ".join((OURS, *(f"{method}={result}" for method, result in found.items())))
        assert verdict([value], [OURS]) == "fail"
        assert value.count("dmarc=") - value.count("policy.dmarc=") == 1


def test_ours_is_first_and_one_under_our_name_that_came_with_the_message_is_gone(server, tmp_path):
    forged = (
        b"Authentication-Results: intake.example; dmarc=pass header.from=example.org\r\n"
        b"Authentication-Results: INTAKE.EXAMPLE 1; dmarc=pass\r\n"
        b"Authentication-Results: mx.elsewhere.example; dmarc=pass\r\n"
    )
    reader = Reader(authenticator=Authenticator(OURS, (server.address,), 10))
    (tmp_path / "raw").write_bytes(forged + MAIL)
    for place, envelope in enumerate((sent("x@elsewhere.example"), None)):
        out = tmp_path / str(place)
        out.mkdir()
        results = reader.read_message(tmp_path / "raw", out, envelope=envelope).message.authentication
        by_smtp = envelope is not None
        assert [r.partition(";")[0] for r in results] == [*([OURS] if by_smtp else []), "mx.elsewhere.example"]
        assert verdict(results, [OURS]) == ("fail" if by_smtp else "none")


# ---- trouble -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["example.org", "test._domainkey.example.org", "_dmarc.example.org"])
def test_trouble_with_one_answer_never_makes_a_fail(check, name):
    raw = SIGNER.sign(MAIL) if name.startswith("test") else MAIL
    envelope = sent("x@elsewhere.example" if name.startswith("test") else "a@example.org")
    found = check(raw, envelope, **_named({name: {zone.BROKEN: []}}))
    assert found["dmarc"].split()[0] == "temperror"
    assert verdict([f"{OURS}; dmarc={found['dmarc']}"], [OURS]) == "none"


def test_a_dns_server_that_says_nothing_delays_no_longer_than_is_set(tmp_path):
    (tmp_path / "raw").write_bytes(SIGNER.sign(MAIL))
    with zone.silence() as address:
        begun = time.monotonic()
        value = Authenticator(OURS, (address,), 3).check(tmp_path / "raw", sent())
        took = time.monotonic() - begun
    assert [result.split()[0] for result in value.split("; ")[1:]] == [
        "spf=temperror", "dkim=temperror", "dmarc=temperror", "arc=none",
    ]  # fmt: skip
    assert took < 3 + 3  # and what a child needs to start on a busy machine
    assert verdict([value], [OURS]) == "none"


def test_one_silent_domain_leaves_time_for_the_others(check):
    found = check(SIGNER.sign(MAIL), example__org={zone.SILENT: []})
    assert found["spf"].startswith("temperror")
    assert found["dmarc"].startswith("pass")


def test_a_check_that_breaks_off_says_so_for_what_it_did_not_reach(server, tmp_path):
    (tmp_path / "raw").write_bytes(SIGNER.sign(MAIL))
    authenticator = Authenticator(OURS, (server.address,), 1)
    server.zone["example.org"] = {zone.SILENT: []}
    server.zone["_dmarc.example.org"] = {zone.SILENT: []}
    server.zone["test._domainkey.example.org"] = {zone.SILENT: []}
    value = authenticator.check(tmp_path / "raw", sent())
    assert {"spf", "dkim", "dmarc", "arc"} == {r.partition("=")[0] for r in value.split("; ")[1:]}
    assert verdict([value], [OURS]) == "none"


def test_thirty_megabytes_of_documents_are_hashed_in_little_memory(check, tmp_path):
    """43 MB on the wire, under an address space of 300 MB; nothing is skipped."""
    document = base64.encodebytes(bytes(range(256)) * 4096 * 30).replace(b"\n", b"\r\n")
    raw = SIGNER.sign(MAIL + document)
    assert len(raw) > 42_000_000
    assert check(raw)["dkim"] == "pass header.d=example.org header.s=test"


@pytest.mark.parametrize(
    "body", [b" " * 3_000_000 + b"x", b"\t\r\n" * 1_000_000, b"\r\n" * 2_000_000 + b"x", b"x" * 9_000_000]
)
def test_a_hostile_text_takes_neither_long_nor_much(check, body):
    assert check(SIGNER.sign(MAIL + body))["dkim"].split()[0] in {"pass", "policy"}
