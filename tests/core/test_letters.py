"""Letters say what they must, to whom they may, in words people read; the same facts give the same letter.

The golden letters in `tests/letters` are there to be read. After a change on purpose, write them again with
`HERSTELPOST_WRITE_LETTERS=1` and read the difference.
"""

import email
import email.policy
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import reasons
from gateway.core.answers import ABOUT_THE_BYTES
from gateway.core.words import Reason
from mail import letters, texts
from mail.message import Attachment, House

GOLDEN = Path(__file__).parents[1] / "letters"

HOUSE = House(
    from_address="documenten@intake.example",
    from_name="Voorbeelddienst",
    organisation="Voorbeelddienst",
    portal_url="https://portaal.example",
    help_phone="088 000 00 00",
    addresses=("documenten@intake.example",),
)
REQUEST = {
    "kenmerk": "HV-2026-000123",
    "zaaknummer": "Z1-0001234567",
    "kanalen": ["email", "portaal"],
    "laatsteDag": "2026-03-30",
    "mailadres": "documenten+7k3m9q2xv@intake.example",
    "status": "open",
    "betrokkenen": [{"rol": "aanvrager", "naam": "Amira Voorbeeld", "email": "amira@example.org"}],
    "stukken": [
        {
            "nummer": nummer,
            "omschrijving": omschrijving,
            "persoon": "Yusuf Voorbeeld",
            "verklaringToegestaan": nummer == "3",
            "status": status,
        }
        for nummer, omschrijving, status in (
            ("1", "Kopie van het paspoort", "ontvangen"),
            ("2", "Kopie van de huwelijksakte", "open"),
            ("3", "Kopie van de geboorteakte.", "open"),
        )
    ],
}


def document(name, outcome, reason=None, number=None, size=48_211):
    return {
        "naam": name,
        "bytes": size,
        "sha256": (name.encode().hex() * 64)[:64],
        "mediatype": "application/pdf",
        "besluit": outcome,
        "reden": reason,
        "nummer": number,
    }


PASSPORT = document("paspoort.pdf", "aangenomen", number="1")
SUBMISSION = {
    "ontvangstnummer": "26-7K3M-9Q2X-V4TD",
    "kanaal": "smtp",
    "ontvangenOp": "2026-03-25T13:07:58.123456Z",
    "tijdzone": "+01:00",
    "afzender": "amira@example.org",
    "geadresseerde": "documenten+7k3m9q2xv@intake.example",
    "verzoek": "HV-2026-000123",
    "status": "afgehandeld",
    "besluit": "aangenomen",
    "redenen": [],
    "opTijd": True,
    "stukken": [PASSPORT],
    "logIndex": 17,
}
FACTS = letters.LetterFacts(
    kind="receipt",
    to="amira@example.org",
    language="nl",
    neutral=False,
    message_id="<26-7K3M-9Q2X-V4TD.receipt@intake.example>",
    in_reply_to="<mail-7@example.org>",
    references=("<mail-6@example.org>",),
    sent_at=datetime(2026, 3, 25, 13, 8, 20, tzinfo=UTC),
    submission=SUBMISSION,
    requests=(REQUEST,),
    attachments=(
        Attachment("receipt.json", "application/json", b"{}"),
        Attachment("receipt.tlog-proof", "text/plain", b"c2sp.org/tlog-proof@v1\n"),
        Attachment("receipt.pdf", "application/pdf", b"%PDF-1.7\n" + bytes(range(256))),
    ),
)


def told(kind="receipt", **changes):
    return replace(FACTS, kind=kind, submission={**SUBMISSION, **changes})


PARTLY = told(
    besluit="deels_aangenomen",
    redenen=["versleuteld", "niet_gevraagd", "keuze_nodig"],
    stukken=[
        PASSPORT,
        document("akte.pdf", "geweigerd", "versleuteld"),
        document("bonus.pdf", "niet_gevraagd", "niet_gevraagd", size=900),
        document("scan0001.jpg", "aangenomen", "keuze_nodig", size=3_355_443),
    ],
)
SATISFIED = {**REQUEST, "stukken": [{**item, "status": "ontvangen"} for item in REQUEST["stukken"]]}
ORIGINAL = {**REQUEST, "stukken": [{**REQUEST["stukken"][0], "status": "origineel_verwacht"}]}
LATE = told(
    besluit="aangehouden",
    status="aangehouden",
    opTijd=False,
    redenen=["te_laat"],
    ontvangenOp="2026-03-30T22:00:00.000000Z",
    stukken=[document("paspoort.pdf", "aangehouden", "te_laat")],
)
REPEAT = told(besluit="geregistreerd", redenen=["herhaling"], stukken=[document("a.pdf", "aangenomen", "herhaling")])
TOO_LARGE = told(
    "refusal", besluit="geweigerd", redenen=["te_groot"], stukken=[document("film.pdf", "geweigerd", "te_groot")]
)
INFECTED = told(
    "infected",
    besluit="deels_aangenomen",
    redenen=["besmet"],
    stukken=[document("akte.pdf", "geweigerd", "besmet"), PASSPORT],
    corrigeert={"logIndex": 12, "tijd": "2026-03-20T09:30:00.000000Z"},
)
UNMATCHED = told(
    "redirection",
    besluit="doorverwezen",
    redenen=["niet_aangewezen_adres"],
    verzoek=None,
    opTijd=None,
    stukken=[document("paspoort.pdf", "niet_gevraagd", "niet_aangewezen_adres")],
)
NOT_FOR_US = {"besluit": "doorverwezen", "redenen": ["niet_gevraagd"], "verzoek": None, "opTijd": None}
NOT_FOR_US["stukken"] = [document("bezwaar.pdf", "niet_gevraagd", "niet_gevraagd")]
FORWARDED = replace(told("forwarded", **NOT_FOR_US), receiver="de gemeente Voorbeeldstad", requests=())
RETURNED = replace(told("returned", **NOT_FOR_US), requests=())
WAITING = told("waiting", besluit=None, status="in_behandeling", stukken=[document("paspoort.pdf", None)])

LETTERS = {
    "receipt": FACTS,
    "receipt-nothing-missing": replace(FACTS, requests=(SATISFIED,)),
    "receipt-original": replace(FACTS, requests=(ORIGINAL,)),
    "partly": PARTLY,
    "held-late": replace(LATE, sent_at=datetime(2026, 3, 30, 22, 0, 9, tzinfo=UTC)),
    "repeat": replace(REPEAT, first_receipt="26-1111-2222-3333"),
    "refusal": replace(TOO_LARGE, measured=31_457_281, cap=31_457_280),
    "infected": INFECTED,
    "redirection": replace(UNMATCHED, requests=()),
    "forwarded": FORWARDED,
    "returned": RETURNED,
    "waiting": WAITING,
}
NEUTRAL = {
    "neutral-receipt": replace(FACTS, neutral=True, requests=()),
    "neutral-refusal": replace(TOO_LARGE, neutral=True, requests=(), measured=31_457_281, cap=31_457_280),
    "neutral-refusal-unknown": replace(
        told("refusal", besluit="geweigerd", redenen=["afzender_onbekend"]), neutral=True, requests=()
    ),
    "neutral-infected": replace(INFECTED, neutral=True, requests=()),
    "neutral-redirection": replace(UNMATCHED, neutral=True, requests=()),
    "neutral-forwarded": replace(FORWARDED, neutral=True),
    "neutral-returned": replace(RETURNED, neutral=True),
    "neutral-waiting": replace(WAITING, neutral=True, requests=()),
}
EVERY = {
    **{f"{name}.{lang}": replace(facts, language=lang) for name, facts in LETTERS.items() for lang in ("nl", "en")},
    **NEUTRAL,
}


def parsed(facts):
    return email.message_from_bytes(letters.compose(facts, HOUSE), policy=email.policy.default)


def body(message, kind):
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def both_bodies(facts):
    message = parsed(facts)
    return "\n".join([str(message["Subject"]), body(message, "plain"), body(message, "html")])


@pytest.mark.parametrize("name", EVERY)
def test_the_letter_is_the_one_that_was_read(name):
    message = parsed(EVERY[name])
    text = f"Subject: {message['Subject']}\n\n{body(message, 'plain')}"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("HERSTELPOST_WRITE_LETTERS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_golden_letter_is_still_written():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(EVERY)


def test_text_and_html_say_the_same():
    class Words(HTMLParser):
        seen = ""
        skipped = False

        def handle_starttag(self, tag, attrs):
            self.skipped = tag in {"style", "title"}

        def handle_data(self, data):
            self.seen += "" if self.skipped else f" {data}"

    for facts in EVERY.values():
        message, html = parsed(facts), Words()
        html.feed(body(message, "html"))
        plain = re.sub(r"^[=-]+$|^- ", "", body(message, "plain"), flags=re.MULTILINE)
        assert re.sub(r"[\s:]", "", html.seen) == re.sub(r"[\s:]", "", plain)


def test_the_same_facts_give_the_same_bytes():
    for facts in EVERY.values():
        assert letters.compose(facts, HOUSE) == letters.compose(replace(facts), HOUSE)


def test_a_letter_is_ascii_with_crlf_and_short_lines():
    for facts in EVERY.values():
        letter = letters.compose(facts, HOUSE)
        assert letter.isascii()
        assert letter.endswith(b"\r\n")
        assert b"\n" not in letter.replace(b"\r\n", b"")
        assert b"\r" not in letter.replace(b"\r\n", b"")
        assert max(map(len, letter.split(b"\r\n"))) <= 998


def test_machines_see_that_a_machine_wrote_it():
    message = parsed(FACTS)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Reply-To"] is None
    assert message["In-Reply-To"] == "<mail-7@example.org>"
    assert message["References"].split() == ["<mail-6@example.org>", "<mail-7@example.org>"]
    assert message["Message-ID"] == FACTS.message_id
    assert message["Date"].datetime == FACTS.sent_at
    assert message["To"].addresses[0].addr_spec == "amira@example.org"


def test_attachments_come_back_byte_for_byte():
    attached = {part.get_filename(): part for part in parsed(FACTS).iter_attachments()}
    assert {a.name: a.content for a in FACTS.attachments} == {
        name: part.get_payload(decode=True) for name, part in attached.items()
    }
    assert attached["receipt.pdf"].get_content_type() == "application/pdf"


def test_no_defects_for_a_strict_reader():
    for facts in EVERY.values():
        assert not [part.defects for part in parsed(facts).walk() if part.defects]


def test_the_subject_names_the_receipt_and_no_case():
    for facts in EVERY.values():
        subject = str(parsed(facts)["Subject"])
        assert subject.endswith("26-7K3M-9Q2X-V4TD")
        assert "HV-2026" not in subject


def test_no_letter_judges_that_everything_is_there():
    words = re.compile(r"volledig|compleet|akkoord|complete|approved", re.IGNORECASE)
    sentences = [sentence for pair in texts.SENTENCES.values() for sentence in pair]
    told_reasons = [reasons.reason_text(reason, lang) for reason in Reason for lang in reasons.LANGUAGES]
    told_words = [word for text in told_reasons for word in (text.title, text.explanation, text.way_forward)]
    assert not [sentence for sentence in sentences + told_words if words.search(sentence)]


def test_no_letter_names_a_person_or_a_case_number():
    for facts in EVERY.values():
        written = both_bodies(facts)
        for word in ("Yusuf", "Amira", "Z1-0001234567"):
            assert word not in written


def test_what_is_missing_stands_before_what_was_received():
    text = body(parsed(FACTS), "plain")
    assert 0 < text.index("2. Kopie van de huwelijksakte") < text.index("paspoort.pdf")


def test_nobody_is_asked_to_send_again_what_we_are_still_looking_at():
    in_hand = "Stuur het niet nog een keer"
    assert in_hand in re.sub(r"\s+", " ", body(parsed(LATE), "plain"))
    assert in_hand in re.sub(r"\s+", " ", body(parsed(PARTLY), "plain"))
    assert in_hand not in re.sub(r"\s+", " ", body(parsed(FACTS), "plain"))
    assert "huwelijksakte" not in body(parsed(WAITING), "plain")


def test_a_closed_request_asks_for_nothing_more():
    text = body(parsed(replace(FACTS, requests=({**REQUEST, "status": "gesloten"},))), "plain")
    assert "huwelijksakte" not in text


def test_a_request_that_is_only_for_the_portal_names_no_mail_address():
    text = both_bodies(replace(FACTS, requests=({**REQUEST, "kanalen": ["portaal"]},)))
    assert "7k3m9q2xv" not in text
    assert "https://portaal.example" in text


def test_another_language_gets_both():
    text = body(parsed(replace(FACTS, language="ar")), "plain")
    assert "Wij hebben uw bericht ontvangen." in text
    assert "We have received your message." in text
    assert "paspoort.pdf" in text


def test_what_a_sender_chose_is_shown_and_never_becomes_markup():
    name = '<img src="http://evil.example/x">\u202egnp.exe\n\nAlles is goedgekeurd'
    facts = told(stukken=[document(name, "aangenomen", number="1")])
    html = body(parsed(facts), "html")
    assert "<img" not in html
    assert "&lt;img src=&quot;http://evil.example/x&quot;&gt;" in html
    assert "\u202e" not in html
    assert "\nAlles" not in body(parsed(facts), "plain")


def test_html_loads_nothing_and_names_its_language():
    for facts in EVERY.values():
        html = body(parsed(facts), "html")
        assert not re.search(r"<(img|script|link|iframe|object)|url\(|src=", html)
        assert re.match(r'<!DOCTYPE html>\n<html lang="(nl|en)">', html)
        assert '<th scope="row">' in html
    assert '<div lang="en">' in body(parsed(NEUTRAL["neutral-receipt"]), "html")


@pytest.mark.parametrize(
    "bad", ["a@b.nl\r\nBcc: c@d.nl", "no address", "", "é@b.nl", "a b@c.nl", "<a@b.nl>", "a,c@b.nl", '"x"@b.nl']
)
def test_an_address_that_does_not_fit_in_a_header_is_refused(bad):
    with pytest.raises(ValueError, match="cannot stand in a header"):
        letters.compose(replace(FACTS, to=bad), HOUSE)


def test_a_message_id_of_others_cannot_add_a_header():
    facts = replace(FACTS, in_reply_to="<a@b>\r\nBcc: c@d.nl", references=("<x@y>\nX: y", "<" + "a" * 400 + "@b>"))
    message = parsed(facts)
    assert message["Bcc"] is None
    assert message["In-Reply-To"] is None
    assert message["References"] is None


@pytest.mark.parametrize("facts", NEUTRAL.values(), ids=NEUTRAL)
def test_a_neutral_letter_speaks_both_languages(facts):
    assert parsed(facts)["Content-Language"] == "nl, en"


def test_a_neutral_letter_answers_alike_whatever_is_on_file():
    """Known or unknown reference, closed, late or asked for: a stranger cannot tell them apart (P7)."""
    hidden = set(Reason) - ABOUT_THE_BYTES
    seen = {letters.compose(replace(told(redenen=[reason]), neutral=True), HOUSE) for reason in hidden}
    assert len(seen) == 1


WORD = st.text(st.sampled_from("BCDFGHJKLMNPQRSTVWXZ0123456789éñ <>&\"'"), min_size=6, max_size=30)


@given(
    word=WORD, kind=st.sampled_from(["receipt", "refusal", "redirection", "waiting"]), reason=st.sampled_from(Reason)
)
def test_a_neutral_letter_never_holds_a_word_of_the_case(word, kind, reason):
    secret = f"§{word}§"
    submission = {
        **SUBMISSION,
        "verzoek": secret,
        "afzender": secret,
        "geadresseerde": secret,
        "besluit": "deels_aangenomen",
        "redenen": [reason],
        "stukken": [{**document(secret, "geweigerd", reason, number=secret), "sha256": secret, "mediatype": secret}],
    }
    items = [{**item, "omschrijving": secret, "persoon": secret} for item in REQUEST["stukken"]]
    request = {**REQUEST, "kenmerk": secret, "mailadres": secret, "stukken": items}
    facts = replace(
        FACTS,
        kind=kind,
        neutral=True,
        submission=submission,
        requests=(request,),
        first_receipt=secret,
        attachments=(),  # what they say is `gateway.mapping.neutral`'s promise, with a test of its own
    )
    message = parsed(facts)
    everything = "".join(
        [str(message), *(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")]
    )
    assert "§" not in everything.replace("=C2=A7", "§")
    assert "maart" in everything


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("language", reasons.LANGUAGES)
def test_every_reason_has_words_a_way_forward_and_a_ground(reason, language):
    text = reasons.reason_text(reason, language)
    assert text.title
    assert text.title[-1] not in ".!"
    assert text.explanation.endswith(".")
    assert text.way_forward.endswith((".", "?"))
    assert re.search(r"art\. \d", text.ground)
    assert "{" not in f"{text.title}{text.explanation}{text.way_forward}"
    assert ("lid" in text.ground) == (language == "nl")


@pytest.mark.parametrize("language", reasons.LANGUAGES)
def test_after_the_answer_no_letter_says_that_a_question_for_more_time_still_waits(language):
    waits = reasons.reason_text(Reason.EXTENSION_ASKED, language)
    for status, outcome, still_waits in (("aangehouden", "aangehouden", True), ("afgehandeld", "geregistreerd", False)):
        facts = told(status=status, besluit=outcome, redenen=["uitstelverzoek"], stukken=[])
        text = " ".join(body(parsed(replace(facts, language=language)), "plain").split())
        assert (waits.explanation in text) == still_waits
        assert (reasons.reason_text(Reason.EXTENSION_ASKED, language, done=True).explanation in text) != still_waits


def test_the_languages_differ_in_words_only():
    for dutch, english in texts.SENTENCES.values():
        assert {field for _, field, _, _ in Formatter().parse(dutch) if field} == {
            field for _, field, _, _ in Formatter().parse(english) if field
        }
    for reason in Reason:
        assert reasons.reason_text(reason, "nl") != reasons.reason_text(reason, "en")


def test_sentences_are_short_enough_to_understand():
    for reason in Reason:
        text = reasons.reason_text(reason, "nl")
        for sentence in re.split(r"[.?!] ", f"{text.explanation} {text.way_forward}"):
            listing = sentence.startswith("Wel goed zijn")
            assert listing or len(sentence.split()) <= 22, sentence


def test_sizes_read_well_in_both_languages():
    assert letters.size_in_words(900, "nl") == "900 bytes"
    assert letters.size_in_words(48_211, "nl") == "47 kB (48.211 bytes)"
    assert letters.size_in_words(31_457_281, "nl") == "30,0 MB (31.457.281 bytes)"
    assert letters.size_in_words(31_457_281, "en") == "30.0 MB (31,457,281 bytes)"
