"""The register package checked offline: that it is the whole list of a period, and nothing but that.

    register.json   what was asked, and the lines          entries.txt   the opened entries: index, salt, event
    tree.txt        what leads from them to the root       checkpoint    the signed head (and checkpoint.tsr, its stamp)
    log.vkey        the keys, as in a receipt package      register.pdf, README.txt, verify_register.py

Rule 1: as with receipts (`gateway.receipts`): nothing is raised for what a package contains, and nothing of it is
        repeated as true before the log's signature was verified.
Rule 2: what an entry was that is not opened, is known from the entries that closed the register over it
        (`gateway.contents`): they name every arrival, and together they leave no entry of the range out.
"""

import base64
import binascii
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import rfc8785

from gateway import marks, notes, receipts, timestamps, verdicts
from gateway.core import arrivals, merkle
from gateway.core.words import EventName
from gateway.verdicts import Check, Told, Verification

KIND: Final = "herstelpost/register@v1"
REGISTER: Final = "register.json"
ENTRIES: Final = "entries.txt"
TREE: Final = "tree.txt"
CHECKPOINT: Final = "checkpoint"
PDF: Final = "register.pdf"
SCRIPT: Final = "verify_register.py"
MAX_FILE_BYTES: Final = 1 << 30
CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How much earlier than received an arrival may be recorded: the supplier of a mailbox has a clock of his own."""


class _Broken(Exception):
    def __init__(self, what: str, nl: str, en: str) -> None:
        super().__init__(en)
        self.check = Check(what, ok=False, detail=Told(nl, en))


class Entry(NamedTuple):
    """An opened entry."""

    place: int
    salt: bytes
    event: bytes

    @property
    def said(self) -> dict[str, Any]:
        """What it says."""
        said: dict[str, Any] = json.loads(self.event)
        return said


@dataclass(frozen=True)
class _Signed:
    opened: notes.OpenedNote
    checkpoint: notes.Checkpoint
    log_key: notes.VerifierKey
    stamp: timestamps.Stamp | None


@dataclass(frozen=True)
class _Covered:
    """What the closings say: of which entries they speak, when the last was made, and every arrival of the period."""

    first: int
    end: int
    until: str
    listed: Mapping[int, "_Listed"]


class _Listed(NamedTuple):
    moment: str
    marks: Sequence[str]
    closing: Mapping[str, Any]


def is_register(path: Path) -> bool:
    """Whether a file is a register package."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return REGISTER in archive.namelist()


def verify_register(path: Path, keys: Sequence[str] = (), tsa_roots: bytes = b"") -> Verification:
    """What the package proves. `keys`, `tsa_roots`: as for `receipts.verify_package`."""
    checks: list[Check] = []
    try:
        files = _read(path)
        asked = _asked(files)
        signed = _signed(files, asked, keys, tsa_roots, checks)
        entries = _entries(files, signed.checkpoint, checks)
        covered = _covered(asked, entries, checks)
        gone = _complete(asked, entries, covered, checks)
    except _Broken as broken:
        nothing = Told("Met dit register is niets bewezen.", "This register proves nothing.")
        return Verification((*checks, broken.check), (), (nothing,))
    proved = tuple(_proved(asked, signed, covered))
    return Verification(tuple(checks), proved, tuple(_not_proved(asked, files, signed, gone, trusted=bool(keys))))


def verify_paths(paths: Sequence[Path], keys: Sequence[str], tsa_roots: bytes) -> Verification:
    """`verify_register`, for `receipts.verify_main`."""
    return verify_register(paths[0], keys, tsa_roots)


# ---- reading -------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != len(set(names)):
                raise _Broken("files", "Een bestand staat er twee keer in.", "A file is in it twice.")
            if sum(info.file_size for info in archive.infolist()) > MAX_FILE_BYTES:
                raise _Broken("files", "Het pakket is te groot.", "The package is too large.")
            files = {name: archive.read(name) for name in names}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _Broken(
            "files", f"Het pakket is onleesbaar ({error}).", f"The package cannot be read ({error})."
        ) from error
    for name in (REGISTER, ENTRIES, TREE, CHECKPOINT, receipts.VKEYS):
        if name not in files:
            raise _Broken("files", f"{name} ontbreekt.", f"{name} is missing.")
    return files


def _text(files: Mapping[str, bytes], name: str) -> str:
    try:
        return files[name].decode()
    except UnicodeDecodeError as error:
        raise _damaged(name) from error


def _damaged(name: str) -> _Broken:
    return _Broken("files", f"{name} is beschadigd.", f"{name} is damaged.")


def _asked(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    """What was asked and the lines that are given; nothing of it is believed yet."""
    try:
        asked = json.loads(files[REGISTER])
        same = rfc8785.dumps(asked) == files[REGISTER]
        for key in ("vanaf", "tot"):
            datetime.fromisoformat(asked[key])
        fit = asked["soort"] == KIND and isinstance(asked["openingen"], dict) and isinstance(asked["regels"], list)
        fit = fit and isinstance(asked["log"], str) and isinstance(asked["adres"], str | None)
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise _damaged(REGISTER) from error
    if not (same and fit):
        raise _damaged(REGISTER)
    return dict(asked)


def _signed(
    files: Mapping[str, bytes], asked: Mapping[str, Any], keys: Sequence[str], tsa_roots: bytes, checks: list[Check]
) -> _Signed:
    """The signed head of the log, with who vouches for it."""
    try:
        known = [notes.parse_vkey(vkey) for vkey in keys or notes.read_vkeys(_text(files, receipts.VKEYS))]
        opened = notes.open_note(_text(files, CHECKPOINT), map(str, known))
        checkpoint = notes.parse_checkpoint(opened.text)
    except notes.NoteError as error:
        wrong = (f"De stand of de sleutel klopt niet ({error}).", f"The checkpoint or the key is wrong ({error}).")
        raise _Broken("signature", *wrong) from error
    own = [key for key in opened.log_keys if key.name == asked["log"] == checkpoint.origin]
    if not own:
        wrong = ("Het logboek heeft dit niet ondertekend.", "The log did not sign this.")
        raise _Broken("signature", *wrong)
    checks.append(
        _holds(
            "signature",
            f"De handtekening van het logboek {checkpoint.origin} is goed.",
            f"The signature of the log {checkpoint.origin} is right.",
        )
    )
    checks += map(verdicts.witness_check, opened.cosigned_at)
    stamp = None
    if tsa_roots and receipts.TIMESTAMP in files:
        try:
            stamp = timestamps.check(files[receipts.TIMESTAMP], opened.text, tsa_roots)
        except timestamps.BadStamp as error:
            wrong = (f"De tijdstempel klopt niet ({error}).", f"The time stamp is wrong ({error}).")
            raise _Broken("timestamp", *wrong) from error
        checks.append(_holds("timestamp", "De tijdstempel is goed.", "The time stamp is right."))
    return _Signed(opened, checkpoint, own[0], stamp)


def _holds(what: str, nl: str, en: str) -> Check:
    return Check(what, ok=True, detail=Told(nl, en))


# ---- the opened entries --------------------------------------------------------------------------


def parse_entries(text: str) -> list[Entry]:
    """The entries in their lines. ValueError for any other form."""
    entries = []
    for line in text.splitlines():
        place, salt, event = line.split(" ", 2)
        raw = base64.b64decode(salt, validate=True)
        entries.append(Entry(notes.read_number(place), raw, event.encode()))
    if text and not text.endswith("\n"):
        raise ValueError("the last line has no end")
    return entries


def _entries(
    files: Mapping[str, bytes], checkpoint: notes.Checkpoint, checks: list[Check]
) -> dict[int, dict[str, Any]]:
    """What the opened entries say, by place, once all of them were found in the log under its signature."""
    try:
        entries = parse_entries(_text(files, ENTRIES))
        hashes = [base64.b64decode(line, validate=True) for line in _text(files, TREE).splitlines()]
        leaves = {e.place: merkle.leaf_hash(merkle.commit(e.salt, e.event)) for e in entries}
        said = {e.place: e.said for e in entries}
    except (ValueError, RecursionError, binascii.Error) as error:
        raise _damaged(f"{ENTRIES} / {TREE}") from error
    ascending = list(leaves) == sorted(leaves) and len(leaves) == len(entries)
    if not ascending or merkle.root_with(leaves, checkpoint.size, hashes) != checkpoint.root:
        raise _Broken(
            "inclusion",
            "De regels staan zo niet in het logboek dat is ondertekend.",
            "The entries, as they are here, are not in the log that was signed.",
        )
    if any(event.get("logIndex") != index or event.get("log") != checkpoint.origin for index, event in said.items()):
        raise _Broken("inclusion", "Een regel noemt een andere plaats.", "An entry names another place.")
    checks.append(
        _holds(
            "inclusion",
            f"Alle {len(said)} regels in {ENTRIES} staan, zoals ze hier liggen, op hun plaats in het logboek van"
            f" {checkpoint.size} regels.",
            f"All {len(said)} entries in {ENTRIES} are, as they are here, in their place in the log of"
            f" {checkpoint.size} entries.",
        )
    )
    return said


# ---- that nothing is missing ---------------------------------------------------------------------


def _covered(asked: Mapping[str, Any], entries: Mapping[int, Mapping[str, Any]], checks: list[Check]) -> _Covered:
    """The closings leave no entry out, from before the period to after it."""
    closings = [said for said in entries.values() if said.get("gebeurtenis") == EventName.REGISTER_CLOSED]
    try:
        listed = {}
        for before, said in zip([None, *closings], closings, strict=False):
            if before is not None and said["van"] != before["tot"]:
                raise _gap(said["van"])
            if not said["van"] <= said["tot"] <= said["logIndex"]:
                raise _gap(said["tot"])
            for place, moment, marked in said["aankomsten"]:
                if not said["van"] <= place < said["tot"]:
                    raise _gap(place)
                listed[place] = _Listed(moment, marked, said)
        first, last = closings[0], closings[-1]
        since = datetime.fromisoformat(asked["vanaf"]) - CLOCKS_DIFFER
        if first["van"] != 0 and datetime.fromisoformat(first["tijd"]) >= since:
            raise _gap(first["van"])
        if last["tijd"] < asked["tot"]:
            raise _gap(last["tot"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _Broken(
            "complete",
            "Het register is nergens afgesloten.",
            "The register was closed nowhere, so nothing is complete.",
        ) from error
    checks.append(
        _holds(
            "closed",
            f"Het register is afgesloten over de regels {first['van']} tot {last['tot']}, er valt er geen tussenuit.",
            f"The register was closed over the entries {first['van']} to {last['tot']}, leaving none of them out.",
        )
    )
    inside = {p: each for p, each in listed.items() if asked["vanaf"] <= each.moment < asked["tot"] or not each.moment}
    return _Covered(first["van"], last["tot"], last["tijd"], inside)


def _gap(place: object) -> _Broken:
    return _Broken(
        "complete",
        f"Bij regel {place} valt er iets uit het register: het is niet volledig.",
        f"At entry {place} something falls out of the register: it is not complete.",
    )


def _complete(
    asked: Mapping[str, Any],
    entries: Mapping[int, Mapping[str, Any]],
    covered: _Covered,
    checks: list[Check],
) -> int:
    """Every arrival of the period is opened, or shown not to be for the address; how many are neither: erased."""
    opened = {p: said for p, said in entries.items() if said.get("gebeurtenis") in arrivals.ARRIVALS}
    erased = set(asked.get("gewist") or ())
    own = {}
    lines, other, gone = [], 0, 0
    for place, each in sorted(covered.listed.items()):
        if place in opened:
            if arrivals.moment_of(opened[place]) != each.moment:
                raise _gap(place)
            if asked["adres"] is not None and asked["adres"] not in arrivals.addresses_of(opened[place]):
                raise _gap(place)
            lines.append(arrivals.line_of(opened[place]))
            continue
        if each.closing["van"] not in own:
            own[each.closing["van"]] = _mark(asked, each.closing)
        mark = own[each.closing["van"]]
        if mark is not None and mark not in each.marks:
            other += 1
        elif place in erased:
            gone += 1
        else:
            raise _gap(place)
    if opened.keys() - covered.listed.keys() or lines != asked["regels"]:
        raise _Broken(
            "lines",
            f"De lijst in {REGISTER} is niet wat de regels zeggen.",
            f"The list in {REGISTER} is not what the entries say.",
        )
    checks.append(
        _holds(
            "complete",
            f"Van alle {len(covered.listed)} aankomsten en geweigerde pogingen in de periode zijn er {len(lines)} open"
            + (f" en {other} aantoonbaar niet van of voor {asked['adres']}." if asked["adres"] else "."),
            f"Of all {len(covered.listed)} arrivals and refused attempts of the period {len(lines)} are opened"
            + (f" and {other} are shown not to be from or for {asked['adres']}." if asked["adres"] else "."),
        )
    )
    return gone


def _mark(asked: Mapping[str, Any], closing: Mapping[str, Any]) -> str | None:
    """The address's mark among those of a closing."""
    signature = asked["openingen"].get(str(closing["van"]))
    if signature is None or asked["adres"] is None:
        return None
    try:
        context = f"{closing['log']}\n{closing['van']}"
        return marks.opened(closing["sleutel"], context, asked["adres"], signature)
    except marks.BadMark as error:
        raise _Broken(
            "marks",
            f"Wat de merken van {asked['adres']} opent, klopt niet bij regel {closing['logIndex']}.",
            f"What opens the marks of {asked['adres']} is wrong at entry {closing['logIndex']}.",
        ) from error


# ---- what it comes to ----------------------------------------------------------------------------


def _proved(asked: Mapping[str, Any], signed: _Signed, covered: _Covered) -> Iterator[Told]:
    size, origin, count = signed.checkpoint.size, signed.checkpoint.origin, len(asked["regels"])
    whose = "" if asked["adres"] is None else f" van of voor {asked['adres']}"
    of = "" if asked["adres"] is None else f" from or for {asked['adres']}"
    period = f"{asked['vanaf']} - {asked['tot']}"
    yield Told(
        f"De beheerder van het logboek {origin} heeft vastgelegd dat in de periode {period} precies deze {count} keer"
        f" iets{whose} is ontvangen of geweigerd, en anders niets.",
        f"The operator of the log {origin} recorded that in the period {period} exactly these {count} times something"
        f"{of} was received or refused, and nothing else.",
    )
    yield Told(
        f"Dat is over alle regels van {covered.first} tot {covered.end} vastgelegd, in het logboek zelf, voordat het"
        f" {size} regels had; er is daarna niets aan veranderd. De laatste keer was op {covered.until}.",
        f"That was recorded of all entries from {covered.first} to {covered.end}, in the log itself, before it had"
        f" {size} entries; nothing of it was changed since. The last time was at {covered.until}.",
    )
    yield Told(f"Ondertekend met sleutel {signed.log_key}", f"Signed with key {signed.log_key}")
    yield from (verdicts.witnessed(key, seconds) for key, seconds in signed.opened.cosigned_at.items())
    if signed.stamp is not None:
        yield verdicts.stamped(signed.stamp)


def _not_proved(
    asked: Mapping[str, Any], files: Mapping[str, bytes], signed: _Signed, gone: int, *, trusted: bool
) -> Iterator[Told]:
    if not trusted:
        yield verdicts.KEY_UNPROVED
    if signed.stamp is None and not signed.opened.cosigned_at:
        yield Told(
            "Wanneer dit is vastgelegd: de tijden zijn van de beheerder zelf, geen ander heeft meegetekend. Of het"
            " later is gemaakt dan het zegt, blijkt alleen uit een bewijs of stand die iemand anders bewaarde.",
            "When this was recorded: the times are the operator's own, nobody else signed. Whether it was made later"
            " than it says shows only from a receipt or checkpoint that somebody else kept.",
        )
    if gone:
        yield Told(
            f"Wat er in {gone} aankomsten van de periode stond: zij zijn na hun bewaartermijn gewist. Plaats en moment"
            " staan vast.",
            f"What {gone} arrivals of the period said: they were erased after their retention term. Place and moment"
            " stand.",
        )
    yield Told(
        "Dat er niets is binnengekomen wat de beheerder nooit heeft vastgelegd. Wie zo'n bericht stuurde, heeft daar"
        " een ontvangstbewijs, een 250-antwoord of een eigen verzendlogboek voor nodig. Een ontvangstbewijs dat niet in"
        " deze lijst staat, weerlegt haar.",
        "That nothing came in which the operator never recorded. Who sent such a message needs a receipt, the reply 250"
        " or his own log of sending for that. A receipt that is not in this list refutes it.",
    )
    if asked["adres"] is not None:
        yield Told(
            "Wat zonder adres is ontvangen (in het portaal, aan de balie, per post), of onder een ander adres, ook als"
            " het van dezelfde persoon was. Van een e-mail telt het adres van de envelop.",
            "What came without an address (in the portal, over the counter, by post), or under another one, even when"
            " it was from the same person. Of a mail the address on the envelope counts.",
        )
        yield Told(
            "Dat de beheerder elke andere ontvangst bij het vastleggen van de juiste merken voorzag. Een rechter kan"
            " die regels laten openen.",
            "That the operator gave every other arrival its right marks when it was recorded. A judge can have those"
            " entries opened.",
        )
    if PDF in files:
        yield Told(f"Wat in {PDF} staat is niet gecontroleerd.", f"What {PDF} says was not checked.")
