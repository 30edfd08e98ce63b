"""What people get on paper: receipts, and the pages of ours in a bundle, as accessible PDF (PDF/UA-1, PDF/A-2a).

Rule 1: text reaches the typesetter as JSON, never as markup, so no name can change a page.
Rule 2: the same input gives the same bytes: our own fonts, and every date is an argument or in the input.
Rule 3: no name breaks a page: a character no font has, or one that deceives, is written as its code point.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import typst

from gateway.core import terms, tokens
from gateway.core.answers import is_kept_text
from gateway.core.kinds import DEFAULT, Taken
from gateway.core.words import DocumentOutcome, ItemStatus, Outcome, Reason, RequestStatus, Status
from gateway.reasons import reason_text

HERE: Final = Path(__file__).parent / "typst"
LANGUAGES: Final = ("nl", "en")

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
# Characters that do not show themselves, or change the order of others (UAX #9); joiners are part of Persian words.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"
# What is left as it is, from all there is to almost nothing: the next is tried when a font lacks a character.
_SHOWN: Final = (
    re.compile(r"(?!)"),
    re.compile(
        "[^\u0020-\u024f\u0300-\u052f\u0590-\u06ff\u0750-\u077f\u1200-\u139f\u1e00-\u1eff\u200c\u200d\u2010-\u203a\u20ac]+"
    ),
    re.compile("[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u00ff]+"),
)


class TocLine(NamedTuple):
    """One line of a table of contents; pages count from 1."""

    title: str
    page: int
    level: int = 0


class Place(NamedTuple):
    """Which document: the receipt number of its submission, and its position there."""

    number: str
    position: int


# ---- pages ---------------------------------------------------------------------------------------


def receipt_pdf(
    submission: Mapping[str, Any],
    request: Mapping[str, Any] | None,
    log: Mapping[str, Any],
    language: str,
    taken: Taken = DEFAULT,
) -> bytes:
    """The receipt for people, about a submission in the contract's JSON; English for a language we do not print.

    Without `request` nothing about a case is printed but what the submission itself says (P7). `log` has
    `origin`, `index`, `size` and `root` (base64) of the proof, the `key` that signed it, and `vouchers`: of each `kind`
    (witness or time_stamp), `name` and `at`. It says what it proves and what it does not
    (Awb 2:17; eIDAS art. 43 and 44). `taken`: the kinds of file that the office takes.
    """
    language = language if language in LANGUAGES else "en"
    received = datetime.fromisoformat(submission["ontvangenOp"])
    data = {
        "submission": _receipt_submission(submission, request, language)
        | {"reasons": [_reason(Reason(reason), submission, taken, language) for reason in submission["redenen"]]},
        "request": _receipt_request(request, received) if request else None,
        "log": {key: log[key] for key in ("origin", "index", "size", "root", "key")},
        "vouchers": [_voucher(voucher) for voucher in log["vouchers"]],
        "corrects": _earlier(submission.get("corrigeert")),
    }
    return typeset("receipt", data, received, language)


def cover_sheet(
    request: Mapping[str, Any],
    submissions: Sequence[Mapping[str, Any]],
    *,
    made_at: datetime,
    toc: Sequence[TocLine] = (),
    pages: Mapping[Place, int] | None = None,
    withheld: Collection[Place] = (),
) -> bytes:
    """The first pages of a bundle, for the caseworker: what was asked, what came in, what needs attention.

    `pages` says where a document is in the merged PDF, `withheld` which are not in the bundle at all.
    """
    filed = [_cover_document(s, n, pages or {}) for s in submissions for n in range(len(s["stukken"]))]
    accepted = [d for d in filed if d["outcome"] == DocumentOutcome.ACCEPTED]
    data = {
        "request": _cover_request(request, accepted),
        "attention": _attention(request, submissions, withheld),
        "choice": [d for d in accepted if d["number"] is None and not d["text"]],
        "texts": [d for d in accepted if d["text"]],
        "others": [d for d in filed if d["outcome"] != DocumentOutcome.ACCEPTED],
        "submissions": [_cover_submission(s) for s in submissions],
        "toc": [line._asdict() for line in toc],
    }
    return typeset("cover", data, made_at, "nl")


def register_pdf(register: Mapping[str, Any], log: Mapping[str, Any], made_at: datetime, language: str) -> bytes:
    """The register of a period for people. `register`: as in register.json; `log`: origin, size and root (base64)."""
    language = language if language in LANGUAGES else "en"
    since, until = (datetime.fromisoformat(register[key]) for key in ("vanaf", "tot"))
    data = {
        "register": {
            "period": " – ".join(f"{at.astimezone(AMSTERDAM):%d-%m-%Y}" for at in (since, until)),
            "since": _moment(since),
            "until": _moment(until),
            "address": register["adres"],
            "erased": len(register["gewist"]),
            "lines": [_register_line(line, language) for line in register["regels"]],
        },
        "log": dict(log),
    }
    return typeset("register", data, made_at, language)


def copy_pdf(copy: Mapping[str, Any], made_at: datetime, language: str) -> bytes:
    """What was recorded about a person, for people. `copy`: as in afschrift.json."""
    language = language if language in LANGUAGES else "en"
    data = {
        "copy": {
            "person": copy["persoon"],
            "requests": [_copy_request(request) for request in copy["verzoeken"]],
            "submissions": [
                {
                    "number": s["ontvangstnummer"],
                    "local": _moment(datetime.fromisoformat(s["ontvangenOp"])),
                    "channel": s["kanaal"],
                    "outcome": s.get("besluit"),
                }
                for s in copy["inzendingen"]
            ],
            "events": [_copy_event(event) for event in copy["gebeurtenissen"]],
        }
    }
    return typeset("copy", data, made_at, language)


def _copy_request(request: Mapping[str, Any]) -> dict[str, Any]:
    people = request["betrokkenen"]
    return {
        "reference": request["kenmerk"],
        "name": ", ".join(person["naam"] for person in people),
        "role": people[0]["rol"] if people else "",
        "last_day": day_fields(date.fromisoformat(request["laatsteDag"])),
        "status": request["status"],
    }


def _copy_event(event: Mapping[str, Any]) -> dict[str, Any]:
    closed = event["gesloten"]
    return {
        "index": event["logIndex"],
        "local": _moment(datetime.fromisoformat(event["tijd"])),
        "event": event["gebeurtenis"],
        "subject": event["onderwerp"],
        "closed": None if closed is None else "erased" if closed.startswith("gewist") else "others",
    }


def _register_line(line: Mapping[str, Any], language: str) -> dict[str, Any]:
    at = datetime.fromisoformat(line["moment"])
    return {
        "index": str(line["logIndex"]),
        "event": line["gebeurtenis"],
        "day": f"{at.astimezone(AMSTERDAM):%d-%m-%Y}",
        "time": f"{at.astimezone(AMSTERDAM):%H:%M:%S}",
        "utc": f"{at:%Y-%m-%d %H:%M:%S} UTC",
        "channel": line["kanaal"] or "",
        "number": line["ontvangstnummer"] or "",
        "sender": line["afzender"],
        "addressees": [_without_secret(address) for address in line["geadresseerden"]],
        "reason": _title(line["reden"], language),
        "bytes": None if line["bytes"] is None else _grouped(line["bytes"], language),
        "files": line["bestanden"],
    }


def _without_secret(address: str) -> str:
    """An address of ours as it may lie on a table: what its secret part opens may still be open (P7)."""
    plain, secret = tokens.sub_address(address)
    return plain if secret is None else plain.replace("@", "+…@")


def notice_page(document: Mapping[str, Any], reference: str, made_at: datetime) -> bytes:
    """The page that stands for a document that cannot be shown.

    `document` has name, path, receipt, media_type, size, sha256 and `reason`: kind, empty, damaged, password,
    limits or merge.
    """
    data = {"document": {**document, "size": _grouped(document["size"], "nl")}, "reference": reference}
    return typeset("notice", data, made_at, "nl")


def text_pages(name: str, lines: Sequence[str], made_at: datetime, *, cut: bool) -> bytes:
    """A plain text as pages; `cut` says that there was more of it."""
    return typeset("text", {"document": {"name": name, "lines": list(lines), "cut": cut}}, made_at, "nl")


# ---- what a receipt says -------------------------------------------------------------------------


def _earlier(corrected: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if corrected is None:
        return None
    return {"index": corrected["logIndex"], "local": _moment(datetime.fromisoformat(corrected["tijd"]))}


def _voucher(voucher: Mapping[str, Any]) -> dict[str, str]:
    return {"kind": voucher["kind"], "name": voucher["name"], "at": f"{voucher['at']:%Y-%m-%dT%H:%M:%SZ}"}


def _receipt_submission(
    submission: Mapping[str, Any], request: Mapping[str, Any] | None, language: str
) -> dict[str, Any]:
    descriptions = {i["nummer"]: i["omschrijving"] for i in request["stukken"]} if request else {}
    several = () if submission["verzoek"] else submission.get("verzoeken", ())
    return {
        "number": submission["ontvangstnummer"],
        "received": submission["ontvangenOp"],
        "local": _moment(datetime.fromisoformat(submission["ontvangenOp"])),
        "channel": submission["kanaal"],
        "sender": submission["afzender"],
        "addressee": submission["geadresseerde"],
        "request": submission["verzoek"] or ", ".join(several) or None,
        "outcome": submission["besluit"],
        "in_time": submission["opTijd"],
        "files": [
            {
                "name": f["naam"],
                "size": _grouped(f["bytes"], language),
                "sha256": f["sha256"],
                "media_type": f["mediatype"],
                "outcome": f["besluit"],
                "reason": _title(f["reden"], language),
                "copy": f.get("zonderWachtwoord"),
                "text": is_kept_text(f["besluit"], f["nummer"], f["reden"]),
                "number": f["nummer"] and (f"{f['nummer']} ({f['verzoek']})" if several else f["nummer"]),
                "item": descriptions.get(f["nummer"]),
            }
            for f in submission["stukken"]
        ],
    }


def _reason(reason: Reason, submission: Mapping[str, Any], taken: Taken, language: str) -> dict[str, str | None]:
    """Why, and about which of several files: their numbers on the receipt."""
    files = submission["stukken"]
    about = [str(n) for n, f in enumerate(files, 1) if f["reden"] == reason] if len(files) > 1 else []
    return {"text": _explained(reason, submission, taken, language), "files": ", ".join(about) or None}


def _receipt_request(request: Mapping[str, Any], received: datetime) -> dict[str, Any]:
    last_day = date.fromisoformat(request["laatsteDag"])
    return {
        "missing": [
            {"number": i["nummer"], "description": i["omschrijving"], "person": i["persoon"], "status": i["status"]}
            for i in request["stukken"]
            if i["status"] in _STILL_WANTED
        ],
        "last_day": None if request["status"] == RequestStatus.CLOSED else day_fields(last_day),
        "passed": terms.local_day(received) > last_day,
    }


_STILL_WANTED: Final = frozenset({ItemStatus.OPEN, ItemStatus.REJECTED, ItemStatus.ORIGINAL_EXPECTED})


def _title(reason: str | None, language: str) -> str | None:
    return None if reason is None else reason_text(Reason(reason), language).title


def _explained(reason: Reason, submission: Mapping[str, Any], taken: Taken, language: str) -> str:
    said_of = [file["mediatype"] for file in submission["stukken"] if file["reden"] == reason]
    text = reason_text(reason, language, taken, said_of, done=submission["status"] == Status.DONE)
    return f"{text.explanation} {text.way_forward}"


# ---- what a cover sheet says ---------------------------------------------------------------------


def _cover_request(request: Mapping[str, Any], accepted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "reference": request["kenmerk"],
        "case_number": request["zaaknummer"],
        "application_kind": request["aanvraagsoort"],
        "procedure": request["procedure"],
        "sent_day": day_fields(date.fromisoformat(request["verzondenOp"])),
        "last_day": day_fields(date.fromisoformat(request["laatsteDag"])),
        "status": request["status"],
        "parties": [
            {"role": p["rol"], "name": p["naam"] + (f", {p['organisatie']}" if p.get("organisatie") else "")}
            for p in request["betrokkenen"]
        ],
        "items": [
            {
                "number": i["nummer"],
                "kind": i["soort"],
                "description": i["omschrijving"],
                "person": i["persoon"],
                "original": i["origineelVereist"],
                "status": i["status"],
                "open": i["status"] in _STILL_WANTED,
                "documents": [d for d in accepted if d["number"] == i["nummer"]],
            }
            for i in request["stukken"]
        ],
    }


def _cover_submission(submission: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": submission["ontvangstnummer"],
        "local": _moment(datetime.fromisoformat(submission["ontvangenOp"])),
        "channel": submission["kanaal"],
        "sender": submission["afzender"],
        "outcome": submission["besluit"],
        "in_time": submission["opTijd"],
        "count": len(submission["stukken"]),
    }


def _cover_document(submission: Mapping[str, Any], position: int, pages: Mapping[Place, int]) -> dict[str, Any]:
    document = submission["stukken"][position]
    number = submission["ontvangstnummer"]
    return {
        "name": document["naam"],
        "receipt": number,
        "number": document["nummer"],
        "outcome": document["besluit"],
        "reason": _title(document["reden"], "nl"),
        "text": is_kept_text(document["besluit"], document["nummer"], document["reden"]),
        "page": pages.get(Place(number, position)),
    }


def _attention(
    request: Mapping[str, Any], submissions: Sequence[Mapping[str, Any]], withheld: Collection[Place]
) -> list[dict[str, Any]]:
    """What the caseworker must not overlook, worst first."""
    lines = [_mark(s, n, withheld) for s in submissions for n in range(len(s["stukken"]))]
    marks = [line for line in lines if line]
    named = {line["values"]["number"] for line in marks}
    held = [s["ontvangstnummer"] for s in submissions if s["besluit"] == Outcome.HELD]
    marks += [_line("submission_held", number=number) for number in held if number not in named]
    late = [s["ontvangstnummer"] for s in submissions if s["opTijd"] is False]
    missing = [i["nummer"] for i in request["stukken"] if i["status"] in _STILL_WANTED]
    return (
        ([_line("missing", list=", ".join(missing))] if missing else [])
        + ([_line("late", list=", ".join(late))] if late else [])
        + marks
    )


def _mark(submission: Mapping[str, Any], position: int, withheld: Collection[Place]) -> dict[str, Any] | None:
    document, number = submission["stukken"][position], submission["ontvangstnummer"]
    kind = {DocumentOutcome.HELD: "held", DocumentOutcome.REFUSED: "refused"}.get(document["besluit"])
    if Place(number, position) in withheld:
        kind = "withheld"
    elif kind is None and document.get("zonderWachtwoord"):
        kind = "opened"
    return _line(kind, name=document["naam"], number=number) if kind else None


def _line(kind: str, **values: str) -> dict[str, Any]:
    return {"kind": kind, "values": values}


# ---- typesetting ---------------------------------------------------------------------------------


def typeset(template: str, data: Mapping[str, Any], made_at: datetime, language: str) -> bytes:
    """The PDF of a template. Raises TypstError only for a mistake in a template of ours."""
    made = {**data, "language": language, "made": _moment(made_at)}
    for shown in _SHOWN[:-1]:
        try:
            return _compile(template, _shown(made, shown), made_at)
        except typst.TypstError as error:
            if "could not be displayed" not in error.message:
                raise
    return _compile(template, _shown(made, _SHOWN[-1]), made_at)


def _compile(template: str, data: object, made_at: datetime) -> bytes:
    return typst.compile(
        HERE / f"{template}.typ",
        root=HERE,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=["ua-1", "a-2a"],
        timestamp=int(made_at.timestamp()),
    )


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Ours only: a page must not depend on what else is installed."""
    return typst.Fonts(include_system_fonts=False, font_paths=[HERE / "fonts"])


def _shown(value: Any, shown: re.Pattern[str]) -> Any:  # noqa: ANN401 -- any JSON value
    """The same JSON, its strings in characters that can be printed."""
    if isinstance(value, str):
        return shown.sub(_code_points, seen(value))
    if isinstance(value, Mapping):
        return {key: _shown(v, shown) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(v, shown) for v in value]
    return value


def seen(text: str) -> str:
    """A text as one honest line: composed, white space as spaces, characters that deceive as their code points."""
    text = unicodedata.normalize("NFC", text)
    return "".join(
        " " if c in "\t\r\n" else f"[U+{ord(c):04X}]" if unicodedata.category(c) in _UNSEEN and c not in _JOINERS else c
        for c in text
    )


def _code_points(match: re.Match[str]) -> str:
    return "[" + " ".join(f"U+{ord(c):04X}" for c in match[0]) + "]"


def day_fields(day: date) -> dict[str, int]:
    """A day as the templates take it."""
    return {"weekday": day.weekday(), "day": day.day, "month": day.month, "year": day.year}


def _moment(at: datetime) -> dict[str, int | str]:
    """An instant as the clock on the wall says it, with its distance to UTC."""
    local = at.astimezone(AMSTERDAM)
    offset = local.strftime("%z")
    return {**day_fields(local.date()), "time": local.strftime("%H:%M:%S"), "offset": f"{offset[:3]}:{offset[3:]}"}


def _grouped(number: int, language: str) -> str:
    return f"{number:,}".replace(",", ".") if language == "nl" else f"{number:,}"
