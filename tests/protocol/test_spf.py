"""SPF is RFC 7208 to the letter: the openspf.org conformance suite (release 2014.04), against a real DNS server."""

import json
from pathlib import Path

import pytest

from mail import spf
from mail.resolver import Resolver
from tests.support import zone

SUITE = json.loads((Path(__file__).parent / "spf" / "rfc7208-tests.json").read_text())


def _published(records):
    """The suite's way to write records as ours; type SPF stands for TXT where no TXT is given (see the suite)."""
    found: dict[str, list[str]] = {}
    for record in records:
        if record == "TIMEOUT":
            found[zone.BROKEN] = []
            continue
        ((kind, value),) = record.items()
        if kind == "SPF" and any("TXT" in r for r in records if isinstance(r, dict)):
            continue
        kind = "TXT" if kind == "SPF" else kind
        if value != "NONE":
            found.setdefault(kind, []).append(_text(kind, value))
    return found


def _text(kind, value):
    if kind == "TXT":
        return zone.quoted(*((value or [""]) if isinstance(value, list) else [value]))
    if kind == "MX":
        return f"{value[0]} {value[1] or ''}."
    return value if kind in {"A", "AAAA"} else value.rstrip(".") + "."


@pytest.fixture(
    scope="module", params=range(len(SUITE)), ids=lambda place: SUITE[place]["description"].replace(" ", "_")
)
def section(request):
    chosen = SUITE[request.param]
    records = {name: _published(records) for name, records in chosen["zonedata"].items()}
    with zone.serving(records) as server:
        yield chosen["tests"], server


def test_every_case_of_the_conformance_suite_has_its_result(section):
    cases, server = section
    wrong = {}
    for name, case in cases.items():
        resolver = Resolver([server.address], 20)
        result, _ = spf.check(case["host"], case.get("mailfrom", ""), case["helo"], resolver)
        allowed = case["result"] if isinstance(case["result"], list) else [case["result"]]
        if result not in allowed:
            wrong[name] = (result, allowed)
    assert not wrong


def test_the_suite_is_whole():
    assert sum(len(section["tests"]) for section in SUITE) == 203


def test_a_record_too_long_for_a_datagram_is_fetched_by_tcp():
    networks = " ".join(f"ip4:198.51.100.{n}" for n in range(60))
    record = f"v=spf1 {networks} ip4:192.0.2.1 -all"
    with zone.serving({"example.org": {"TXT": [zone.quoted(record)]}}) as server:
        assert spf.check("192.0.2.1", "a@example.org", "h.example.org", Resolver([server.address], 5))[0] == "pass"


@pytest.mark.parametrize("peer", ["", "unix:/run/socket", "not an address"])
def test_without_the_address_of_the_peer_there_is_no_result(peer):
    assert spf.check(peer, "a@example.org", "h.example.org", Resolver(["127.0.0.1:9"], 1))[0] == "none"


def test_a_null_sender_is_checked_by_the_name_it_greeted_with():
    with zone.serving({"mx.example.org": {"TXT": [zone.quoted("v=spf1 ip4:192.0.2.1 -all")]}}) as server:
        resolver = Resolver([server.address], 5)
        assert spf.check("192.0.2.1", "", "mx.example.org", resolver) == ("pass", "mx.example.org")
        assert spf.check("192.0.2.2", "", "mx.example.org", resolver) == ("fail", "mx.example.org")
