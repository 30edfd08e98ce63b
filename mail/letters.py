"""The letters that answer a submission: facts in, one RFC 5322 message out; pure.

Rule 1: the same facts give the same bytes, so that a letter sent again is recognised as the same letter.
Rule 2: a neutral letter is built only from what the list in `_neutral` names, whatever else the facts hold (P7).
Rule 3: no names of persons and no case number stand in any letter: it goes by plain mail (Awb 2:9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from gateway import reasons
from gateway.core import terms
from gateway.core.answers import ABOUT_THE_BYTES, is_kept_text
from gateway.core.business import Business
from gateway.core.words import DocumentOutcome, ItemStatus, Reason, RequestStatus, Status
from mail.blocks import Block, Heading, Line, Points, Table
from mail.message import Addressing, Attachment, House, message
from mail.texts import say


@dataclass(frozen=True)
class LetterFacts:
    """What a letter is about.

    `kind`: `receipt`, `refusal`, `redirection`, or `waiting` (received, checks not finished yet). `submission`
    and `requests` are the contract's JSON; each request as it is after this submission, none when neutral.
    `neutral`: the sender is unknown or unauthenticated. `measured` and `cap` are bytes, for `te_groot`;
    `first_receipt` is for `herhaling`. `vouchers`: who of others signed the proof too. `outages`: by language,
    what will not work soon. `receiver`, `business` and `taken_up` as in `gateway.core.answers.Draft`.
    """

    kind: str
    to: str
    language: str
    neutral: bool
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    sent_at: datetime
    submission: Mapping[str, Any]
    requests: Sequence[Mapping[str, Any]] = ()
    first_receipt: str = ""
    measured: int = 0
    cap: int = 0
    vouchers: tuple[str, ...] = ()
    receiver: str = ""
    business: str = ""
    taken_up: bool = False
    attachments: tuple[Attachment, ...] = ()
    outages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def compose(facts: LetterFacts, house: House) -> bytes:
    """The letter, ASCII with CRLF, ready for DATA.

    In the reader's language, Dutch or English; in both when neutral or when the language is another one. The
    submission and the request have every field of the contract.
    The attachments of a neutral letter must say no more than the letter (`gateway.mapping.neutral`). Raises
    ValueError for an address or message ID that does not fit in a header.
    """
    both = facts.neutral or facts.language not in reasons.LANGUAGES
    languages = reasons.LANGUAGES if both else (facts.language,)
    parts = [(language, _content(facts, house, language)) for language in languages]
    if both:
        for language, blocks in parts:
            blocks.insert(1, Line(say("other_language", language)))
    titles = " / ".join(say(f"subject_{facts.kind}", language) for language in languages)
    subject = f"{titles} {facts.submission['ontvangstnummer']}"
    to = Addressing(
        facts.to, facts.message_id, facts.sent_at, in_reply_to=facts.in_reply_to, references=facts.references
    )
    return message(to, house, subject, parts, facts.attachments)


_NOT_FOR_US: Final = frozenset({"forwarded", "returned"})


def _content(facts: LetterFacts, house: House, language: str) -> list[Block]:
    if facts.neutral:
        return _neutral(facts, house, language)
    submission, requests = _as_told(facts), facts.requests
    return [
        *_opening(facts, language),
        *_where_it_goes(facts, language),
        *_corrects(submission, language),
        Table(say("received", language), _receipt_rows(submission, requests, language)),
        *_all_missing(facts, language),
        *_files(submission, requests, language),
        *_explained(_reasons_in(submission), facts, house, language),
        Heading(say("how", language)),
        Points(_ways(requests, house, language)),
        *_outages(facts, language),
        *_meaning(facts, language),
        *_closing(house, language),
    ]


def _as_told(facts: LetterFacts) -> Mapping[str, Any]:
    """The submission; of what is for somebody else, that we did not ask for it would be no explanation."""
    submission = facts.submission
    if facts.kind in _NOT_FOR_US:
        return {**submission, "redenen": [], "stukken": [{**f, "reden": None} for f in submission["stukken"]]}
    if not facts.business:
        return submission
    along = {"besluit": "meegestuurd", "reden": None}
    files = [{**f, **along} if f["reden"] == Reason.NOT_REQUESTED else f for f in submission["stukken"]]
    told = [reason for reason in submission["redenen"] if reason != Reason.NOT_REQUESTED]
    return {**submission, "redenen": told, "stukken": files}


def _where_it_goes(facts: LetterFacts, language: str) -> list[Block]:
    """What becomes of business of another kind, and from when on we treat as good what came by another way."""
    local = facts.sent_at.astimezone(terms.AMSTERDAM)
    moment = {"day": terms.day_in_words(local.date(), language), "time": f"{local:%H:%M}"}
    what = say(f"business_{facts.business}", language) if facts.business else ""
    blocks: list[Block] = []
    if facts.kind == "forwarded" and facts.business == Business.OBJECTION:
        blocks.append(Line(say("objection_forwarded", language)))
    elif facts.taken_up and what:
        blocks.append(Line(say("taken_in", language, what=what, receiver=_shown(facts.receiver), **moment)))
    elif facts.taken_up:
        blocks.append(Line(say("taken_up", language, **moment)))
    elif what and facts.kind == "receipt":
        blocks.append(Line(say("other_business", language, what=what)))
    return [*blocks, Line(say("term_starts", language, **moment))] if facts.taken_up else blocks


def _neutral(facts: LetterFacts, house: House, language: str) -> list[Block]:
    """Receipt number, moment, number of files, and what is wrong with the bytes themselves; nothing more."""
    told = [reason for reason in _reasons_in(facts.submission) if reason in ABOUT_THE_BYTES]
    files = len(facts.submission["stukken"])
    rows = _moment_rows(facts.submission, language)
    if files:
        rows = (*rows, (say("file_count", language), str(files)))
    ways = (
        Line(say("how_neutral_mail", language)),
        Line(say("how_portal", language), house.portal_url),
        Line(say("how_phone", language, phone=house.help_phone)),
    )
    return [
        Heading(say(f"title_{facts.kind}", language), 1),
        Line(say(f"lead_{facts.kind}", language, receiver=_shown(facts.receiver))),
        *_where_it_goes(facts, language),
        *_corrects(facts.submission, language),
        Table(say("received", language), rows),
        Line(say("neutral_why", language)),
        *_refused_unknown(facts.kind, told, language),
        Line(say("neutral_not_yours", language)),
        *_explained(told, facts, house, language),
        Heading(say("how", language)),
        Points(ways),
        *_outages(facts, language),
        *_meaning(facts, language),
        *_closing(house, language),
    ]


def _refused_unknown(kind: str, told: Sequence[Reason], language: str) -> list[Block]:
    """A refusal has a ground, also where the reader may not know more than that we do not know them."""
    if kind != "refusal" or told:
        return []
    ground = reasons.reason_text(Reason.SENDER_UNPROVEN, language).ground
    return [Line(say("neutral_refused", language, ground=ground))]


def _opening(facts: LetterFacts, language: str) -> list[Block]:
    sentences = [say(f"lead_{facts.kind}", language, receiver=_shown(facts.receiver))]
    outcome = facts.submission["besluit"]
    if facts.kind == "receipt" and outcome in {"deels_aangenomen", "aangehouden"}:
        sentences.append(say(f"outcome_{outcome}", language))
    sentences.append(say("keep_number", language))
    return [Heading(say(f"title_{facts.kind}", language), 1), Line(" ".join(sentences))]


def _corrects(submission: Mapping[str, Any], language: str) -> list[Block]:
    """That this receipt is not the first one about it; only the ledger says so of a receipt (Awb 2:12)."""
    earlier = submission.get("corrigeert")
    if earlier is None:
        return []
    local = datetime.fromisoformat(earlier["tijd"]).astimezone(terms.AMSTERDAM)
    return [Line(say("corrects", language, day=terms.day_in_words(local.date(), language), time=f"{local:%H:%M:%S}"))]


def _moment_rows(submission: Mapping[str, Any], language: str) -> tuple[tuple[str, str], ...]:
    received_at = datetime.fromisoformat(submission["ontvangenOp"])
    local = received_at.astimezone(terms.AMSTERDAM)
    day = terms.day_in_words(local.date(), language)
    return (
        (say("number", language), submission["ontvangstnummer"]),
        (say("received_at", language), say("local_moment", language, day=day, time=f"{local:%H:%M:%S}")),
        (say("utc", language), submission["ontvangenOp"]),
    )


def _receipt_rows(
    submission: Mapping[str, Any], requests: Sequence[Mapping[str, Any]], language: str
) -> tuple[tuple[str, str], ...]:
    rows = list(_moment_rows(submission, language))
    if submission["opTijd"] is not None:
        rows.append((say("on_time", language), say("yes" if submission["opTijd"] else "no", language)))
    for request in requests:
        day = terms.day_in_words(_last_day(request), language)
        if len(requests) == 1:
            rows += [(say("last_day", language), day), (say("reference", language), request["kenmerk"])]
        else:
            rows.append((say("reference", language), say("reference_until", language, of=request["kenmerk"], day=day)))
    return tuple(rows)


def _last_day(request: Mapping[str, Any]) -> date:
    return date.fromisoformat(str(request["laatsteDag"]))


def _all_missing(facts: LetterFacts, language: str) -> list[Block]:
    """What we do not have yet, first of all, with the last day; people overlook it anywhere else."""
    blocks: list[Block] = []
    for request in facts.requests:
        missing = _missing(request, facts, language)
        if missing and len(facts.requests) > 1:
            blocks.append(Heading(f"{say('reference', language)}: {request['kenmerk']}"))
        blocks += missing
    return blocks


def _missing(request: Mapping[str, Any], facts: LetterFacts, language: str) -> list[Block]:
    if request["status"] == RequestStatus.CLOSED or facts.kind == "waiting":
        return []
    points = tuple(point for item in request["stukken"] if (point := _missing_item(item, language)))
    if not points:
        return [Line(say("nothing_missing", language))]
    past = terms.local_day(facts.sent_at) > _last_day(request)
    day = terms.day_in_words(_last_day(request), language)
    blocks: list[Block] = [
        Heading(say("missing", language)),
        Line(say("missing_after" if past else "missing_until", language, day=day)),
        Points(points),
    ]
    return [*blocks, Line(say("missing_in_hand", language))] if _in_hand(facts.submission) else blocks


def _in_hand(submission: Mapping[str, Any]) -> bool:
    """Whether something that came in may still be taken for an item that counts as missing."""
    return any(
        file["besluit"] == DocumentOutcome.HELD or file["reden"] == Reason.CHOICE_NEEDED
        for file in submission["stukken"]
    )


def _missing_item(item: Mapping[str, Any], language: str) -> Line | None:
    if item["status"] == ItemStatus.ORIGINAL_EXPECTED:
        key = "original_expected"
    elif item["status"] in {ItemStatus.OPEN, ItemStatus.REJECTED}:
        key = "statement_allowed" if item["verklaringToegestaan"] else "missing_item"
    else:
        return None
    return Line(say(key, language, number=item["nummer"], description=item["omschrijving"].rstrip(".")))


def _files(submission: Mapping[str, Any], requests: Sequence[Mapping[str, Any]], language: str) -> list[Block]:
    blocks: list[Block] = [Heading(say("files", language))]
    for place, file in enumerate(submission["stukken"], 1):
        name = _shown(file["naam"]) or say("file_number", language, number=str(place))
        of = [request for request in requests if request["kenmerk"] == file.get("verzoek") or len(requests) == 1]
        items = {item["nummer"]: item["omschrijving"] for request in of for item in request["stukken"]}
        rows = _file_rows(file, items, language)
        if len(requests) > 1 and of:
            rows = ((say("reference", language), of[0]["kenmerk"]), *rows)
        blocks.append(Table(name, rows))
    if not submission["stukken"]:
        blocks.append(Line(say("no_files", language)))
    return blocks


def _file_rows(file: Mapping[str, Any], items: Mapping[str, str], language: str) -> tuple[tuple[str, str], ...]:
    rows = [(say("size", language), size_in_words(file["bytes"], language))]
    if file["nummer"] is not None:
        rows.append((say("item", language), f"{file['nummer']}. {items.get(file['nummer'], '')}".strip()))
    elif file["reden"] == Reason.CHOICE_NEEDED:
        rows.append((say("item", language), say("item_to_choose", language)))
    rows.append((say("decision", language), _decision(file, language)))
    rows.append((say("fingerprint", language), file["sha256"]))
    if copy := file.get("zonderWachtwoord"):
        rows.append((say("opened_copy", language), copy))
    return tuple(rows)


def _decision(file: Mapping[str, Any], language: str) -> str:
    if _is_text(file):
        return say("decision_meegestuurd", language)
    outcome = file["besluit"] or DocumentOutcome.HELD
    # Of a repeat the first one counts: a decision beside this one would confuse.
    words = [] if file["reden"] == Reason.REPEAT else [say(f"decision_{outcome}", language)]
    if file["reden"] is not None:
        title = reasons.reason_text(Reason(file["reden"]), language).title
        words.append(say("see_reason", language, title=title if title.endswith("?") else f"{title}."))
    return " ".join(words)


def _is_text(file: Mapping[str, Any]) -> bool:
    return is_kept_text(file["besluit"], file["nummer"], file["reden"])


def size_in_words(count: int, language: str) -> str:
    """A number of bytes as people read it, with the exact number behind it, e.g. `47 kB (48.211 bytes)`."""
    exact = f"{count:,} bytes"
    if count < 1024:  # noqa: PLR2004 -- below it there is nothing to round
        words = exact
    elif count < 1024 * 1024:
        words = f"{count / 1024:.0f} kB ({exact})"
    else:
        words = f"{count / 1024 / 1024:.1f} MB ({exact})"
    return words.translate(str.maketrans(",.", ".,")) if language == "nl" else words


def _reasons_in(submission: Mapping[str, Any]) -> list[Reason]:
    """Every reason of the submission and of its files, each once, in their order."""
    files = (file for file in submission["stukken"] if not _is_text(file))
    named = [*submission["redenen"], *(file["reden"] for file in files)]
    return [Reason(word) for word in dict.fromkeys(named) if word is not None]


def _explained(told: Sequence[Reason], facts: LetterFacts, house: House, language: str) -> list[Block]:
    blocks: list[Block] = [Heading(say("reasons", language))] if told else []
    for reason in told:
        said_of = [file["mediatype"] for file in facts.submission["stukken"] if file["reden"] == reason]
        done = facts.submission["status"] == Status.DONE
        text = reasons.reason_text(reason, language, house.taken, said_of, done=done)
        detail = _detail(reason, facts, house, language)
        blocks += [
            Heading(text.title, 3),
            Line(f"{text.explanation} {detail}".rstrip()),
            Line(say("what_now", language, way_forward=text.way_forward)),
            *_password_page(reason, facts, house, language),
            Line(say("ground", language, ground=text.ground)),
        ]
    return blocks


def _password_page(reason: Reason, facts: LetterFacts, house: House, language: str) -> list[Block]:
    """Where the password of a locked PDF can be given; whoever opens that page has to sign in first."""
    locked = (f for f in facts.submission["stukken"] if f["reden"] == Reason.ENCRYPTED)
    if reason is not Reason.ENCRYPTED or not any(f["mediatype"] == "application/pdf" for f in locked):
        return []
    if facts.requests and not any("portaal" in request["kanalen"] for request in facts.requests):
        return []
    return [Line(say("give_password", language), f"{house.portal_url}/inzending/{facts.submission['ontvangstnummer']}")]


def _detail(reason: Reason, facts: LetterFacts, house: House, language: str) -> str:
    if reason is Reason.TOO_LARGE and facts.measured:
        return say(
            "measured",
            language,
            measured=size_in_words(facts.measured, language),
            cap=size_in_words(facts.cap, language),
        )
    if reason is Reason.NOT_DESIGNATED and house.addresses:
        return say("designated", language, addresses=", ".join(house.addresses))
    if reason is Reason.REPEAT and facts.first_receipt and not facts.neutral:
        return say("first_receipt", language, first_receipt=facts.first_receipt)
    return ""


def _ways(requests: Sequence[Mapping[str, Any]], house: House, language: str) -> tuple[Line, ...]:
    ways = [Line(say("how_mail", language), address) for address in house.addresses if not requests]
    for request in requests:
        if "email" in request["kanalen"]:
            key = "how_mail" if len(requests) == 1 else "how_mail_of"
            ways.append(Line(say(key, language, reference=request["kenmerk"]), request["mailadres"]))
    if not requests or any("portaal" in request["kanalen"] for request in requests):
        ways.append(Line(say("how_portal", language), house.portal_url))
    return (*ways, Line(say("how_phone", language, phone=house.help_phone)))


def _outages(facts: LetterFacts, language: str) -> list[Block]:
    """What will not work soon, for everybody the same (Awb 2:21 lid 2)."""
    return [Line(told) for told in facts.outages.get(language, ())]


def _meaning(facts: LetterFacts, language: str) -> list[Block]:
    blocks: list[Block] = [
        Heading(say("meaning", language)),
        Line(say("meaning_is", language)),
        Line(say("meaning_is_not", language)),
    ]
    if any(a.name.endswith(".tlog-proof") for a in facts.attachments):
        blocks.append(Line(say("meaning_proof", language)))
    if facts.vouchers:
        blocks.append(Line(say("meaning_vouched", language, names=", ".join(facts.vouchers))))
    return blocks


def _closing(house: House, language: str) -> list[Block]:
    return [Line(f"{house.organisation}. {say('automatic', language)}")]


def _shown(text: str) -> str:
    """One line of printable text: what a sender chose must not look like our words."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
