"""Receipt packages: writing one, and checking one offline, without configuration or database.

Rule 1: checking never raises for what a package contains; it says what holds, what does not, and what it
        cannot know, in sentences for people.
Rule 2: nothing in receipt.json is repeated as true before the log's signature was verified.
Rule 3: a key that came with the package proves only that the package fits itself, and that is said.
Rule 4: a file that was given and is not in the receipt is a "no", however sound the receipt is.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import starmap
from pathlib import Path
from typing import Any, TextIO

import rfc8785

from gateway import notes, timestamps, verdicts
from gateway.core import merkle
from gateway.core.words import EventName
from gateway.verdicts import KEY_UNPROVED, Check, Told, Verification, holds, stamped, utc, witness_check, witnessed

RECEIPT = "receipt.json"
PROOF = "receipt.tlog-proof"
PDF = "receipt.pdf"
VKEYS = "log.vkey"
README = "README.txt"
TIMESTAMP = "checkpoint.tsr"
MAX_RECEIPT_BYTES = 8 << 20

# The same check as below, for who has only a browser, or only openssl and coreutils.
VERIFIERS = {
    "html": Path(__file__).parent / "verify" / "verify.html",
    "sh": Path(__file__).parent / "verify" / "herstelpost-verify.sh",
}

_README_TEXT = Path(__file__).with_name("receipt_readme.txt")
_README_STAMP = f"""

DE TIJDSTEMPEL - THE TIME STAMP

{TIMESTAMP} is van een onafhankelijke tijdstempeldienst (RFC 3161). ca.pem is het rootcertificaat
van die dienst; haal dat bij de dienst zelf, niet bij ons.
{TIMESTAMP} is by an independent time-stamping authority (RFC 3161). ca.pem is the root certificate
of that authority; get it from the authority itself, not from us.

  sed '1,/^$/d' {PROOF} | sed '/^$/,$d' > checkpoint.txt
  openssl ts -verify -in {TIMESTAMP} -data checkpoint.txt -CAfile ca.pem
  openssl ts -reply -in {TIMESTAMP} -text
"""
_PACKAGE = frozenset({RECEIPT, PROOF, PDF, VKEYS, README, TIMESTAMP})
_FILE_LISTS = ("stukken", "bestanden")


# ---- writing -------------------------------------------------------------------------------------


def package_files(
    receipt_json: bytes, proof: str, vkeys: Sequence[str], pdf: bytes | None = None, stamp: bytes | None = None
) -> dict[str, bytes]:
    """The files of a receipt package by name. `vkeys`: the log's own key first, then its witnesses'.

    `stamp`: an authority's time stamp of the checkpoint in the proof.
    """
    receipt = json.loads(receipt_json)
    readme = _README_TEXT.read_text(encoding="utf-8")
    readme = readme.replace("@NUMBER@", str(receipt.get("ontvangstnummer", ""))).replace("@VKEY@", vkeys[0])
    files = {
        RECEIPT: receipt_json,
        PROOF: proof.encode(),
        VKEYS: "".join(f"{vkey}\n" for vkey in vkeys).encode(),
        README: readme.encode(),
    }
    if stamp is not None:
        files |= {TIMESTAMP: stamp, README: readme.encode() + _README_STAMP.encode()}
    return files if pdf is None else files | {PDF: pdf}


def write_package(
    directory: Path,
    receipt_json: bytes,
    proof: str,
    vkeys: Sequence[str],
    pdf: bytes | None = None,
    stamp: bytes | None = None,
) -> None:
    """Write a receipt package into a directory, made if need be; files of the same names are replaced."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in package_files(receipt_json, proof, vkeys, pdf, stamp).items():
        (directory / name).write_bytes(content)


# ---- checking ------------------------------------------------------------------------------------


@dataclass
class _Given:
    """The files that were handed over, by their part in a package; `documents` are all others."""

    parts: dict[str, Path] = field(default_factory=dict)
    documents: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class _Evidence:
    """A receipt whose inclusion in a signed log was verified."""

    receipt: Mapping[str, Any]
    proof: notes.TlogProof
    checkpoint: notes.Checkpoint
    log_key: notes.VerifierKey
    opened: notes.OpenedNote
    stamp: timestamps.Stamp | None = None
    """What an authority says; only when it was checked under a certificate that was given."""

    @property
    def witnesses(self) -> tuple[notes.VerifierKey, ...]:
        """The keys of the witnesses that cosigned."""
        return tuple(self.opened.cosigned_at)


class _Broken(Exception):
    """A check failed on which all later ones rest."""

    def __init__(self, what: str, nl: str, en: str) -> None:
        super().__init__(en)
        self.check = Check(what, ok=False, detail=Told(nl, en))


def verify_package(paths: Sequence[Path], keys: Sequence[str] = (), tsa_roots: bytes = b"") -> Verification:
    """What the package in these directories or files proves.

    `keys` are the verifier keys that are trusted (`vkey` lines), from the organisation's own publication.
    Without them the package's own log.vkey is used, and the answer says so. Files that are not part of a
    package are looked up in the receipt by their SHA-256. A time stamp is checked under `tsa_roots` (PEM), the
    certificates of the authority, if they are given.
    """
    checks: list[Check] = []
    try:
        given = _gather(paths)
        evidence = _verify(given, keys, checks)
        if TIMESTAMP in given.parts:
            evidence = replace(evidence, stamp=_verify_stamp(given, evidence.opened.text, tsa_roots, checks))
    except _Broken as broken:
        return Verification((*checks, broken.check), (), (_NOTHING_PROVED,))
    checks += _check_documents(given.documents, evidence.receipt)
    return Verification(tuple(checks), _proved(evidence), tuple(_not_proved(evidence, given, trusted=bool(keys))))


def verify_main(
    paths: Sequence[Path],
    key_files: Sequence[Path],
    out: TextIO,
    tsa_files: Sequence[Path] = (),
    check: Callable[[Sequence[Path], Sequence[str], bytes], Verification] = verify_package,
) -> int:
    """Check a package and write what is proved and what is not, in Dutch and English; 0 yes, 1 no."""
    try:
        tsa_roots = b"\n".join(file.read_bytes() for file in tsa_files)
        keys = [key for file in key_files for key in notes.read_vkeys(file.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        out.write(f"FOUT  De sleutel kan niet worden gelezen.\nWRONG The key cannot be read.\n      {error}\n")
        return 1
    if key_files and not keys:
        out.write("FOUT  Er staat geen sleutel in het bestand.\nWRONG There is no key in the file.\n")
        return 1
    verification = check(paths, keys, tsa_roots)
    verdicts.write(verification, out)
    return 0 if verification.ok else 1


# ---- gathering -----------------------------------------------------------------------------------


def _gather(paths: Iterable[Path]) -> _Given:
    given = _Given()
    for path in dict.fromkeys(file.resolve() for each in paths for file in _files(each)):
        if path.name not in _PACKAGE:
            given.documents.append(path)
        elif given.parts.setdefault(path.name, path) != path:
            raise _Broken(
                "files",
                f"Er zijn twee bestanden met de naam {path.name}; controleer één pakket tegelijk.",
                f"There are two files named {path.name}; check one package at a time.",
            )
    return given


def _files(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            return sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        path.stat()
    except OSError as error:
        raise _unreadable(path.name, error) from error
    return [path]


def _read(given: _Given, name: str) -> bytes:
    if name not in given.parts:
        raise _Broken("files", f"{name} ontbreekt.", f"{name} is missing.")
    try:
        with given.parts[name].open("rb") as file:
            content = file.read(MAX_RECEIPT_BYTES + 1)
    except OSError as error:
        raise _unreadable(name, error) from error
    if len(content) > MAX_RECEIPT_BYTES:
        raise _Broken("files", f"{name} is te groot.", f"{name} is too large.")
    return content


def _read_text(given: _Given, name: str) -> str:
    try:
        return _read(given, name).decode()
    except UnicodeDecodeError as error:
        raise _Broken("files", f"{name} is beschadigd: geen tekst.", f"{name} is damaged: not text.") from error


def _unreadable(name: str, error: OSError) -> _Broken:
    return _Broken(
        "files",
        f"{name} kan niet worden gelezen: {error.strerror}.",
        f"{name} cannot be read: {error.strerror}.",
    )


# ---- the chain of evidence -----------------------------------------------------------------------


def _verify(given: _Given, keys: Sequence[str], checks: list[Check]) -> _Evidence:
    """The evidence, adding each check that holds; _Broken with the first that does not."""
    content = _read(given, RECEIPT)
    proof_text = _read_text(given, PROOF)
    vkeys = keys or notes.read_vkeys(_read_text(given, VKEYS))
    receipt = _parse_receipt(content)
    checks.append(
        holds(
            "receipt",
            f"{RECEIPT} is geschreven zoals het hoort (RFC 8785).",
            f"{RECEIPT} is written as it should be (RFC 8785).",
        )
    )
    try:
        proof = notes.parse_tlog_proof(proof_text)
        known = [notes.parse_vkey(vkey) for vkey in vkeys]
        own = _log_keys(known, receipt)
        opened = notes.open_note(proof.checkpoint_note, map(str, known))
        checkpoint = notes.parse_checkpoint(opened.text)
    except notes.NoteError as error:
        raise _Broken(
            "signature",
            f"Het bewijs of de sleutel klopt niet ({error}).",
            f"The proof or key is wrong ({error}).",
        ) from error
    log_key = next((key for key in own if key in opened.signed_by), own[0])
    checks.append(_check_signature(opened, checkpoint, log_key, receipt))
    checks.append(_check_inclusion(content, proof, checkpoint, receipt))
    checks += map(witness_check, opened.cosigned_at)
    return _Evidence(receipt, proof, checkpoint, log_key, opened)


def _verify_stamp(given: _Given, text: str, roots: bytes, checks: list[Check]) -> timestamps.Stamp | None:
    """What the package's time stamp proves of the checkpoint: nothing without certificates of its authority.

    _Broken when it is of something else, or not good under them.
    """
    try:
        raw = _read(given, TIMESTAMP)
        stamp = timestamps.check(raw, text, roots) if roots else timestamps.claimed(raw, text)
    except timestamps.BadStamp as error:
        raise _Broken(
            "timestamp",
            f"De tijdstempel {TIMESTAMP} klopt niet ({error}).",
            f"The time stamp {TIMESTAMP} is wrong ({error}).",
        ) from error
    if roots:
        what = holds("timestamp", f"De tijdstempel {TIMESTAMP} is goed.", f"The time stamp {TIMESTAMP} is right.")
    else:
        at = utc(stamp.at)
        what = holds(
            "timestamp",
            f"De tijdstempel {TIMESTAMP} hoort bij deze stand van het logboek, en noemt {at}.",
            f"The time stamp {TIMESTAMP} belongs to this state of the log, and says {at}.",
        )
    checks.append(what)
    return stamp if roots else None


def _parse_receipt(content: bytes) -> Mapping[str, Any]:
    try:
        receipt = json.loads(content)
        canonical = rfc8785.dumps(receipt)
    except (ValueError, RecursionError) as error:
        raise _Broken("receipt", f"{RECEIPT} is beschadigd.", f"{RECEIPT} is damaged.") from error
    if canonical != content or not isinstance(receipt, dict):
        raise _Broken(
            "receipt",
            f"{RECEIPT} is niet in de vorm waarin het is vastgelegd (RFC 8785).",
            f"{RECEIPT} is not in the form in which it was recorded (RFC 8785).",
        )
    return receipt


def _log_keys(known: Iterable[notes.VerifierKey], receipt: Mapping[str, Any]) -> list[notes.VerifierKey]:
    """The keys of the log that the receipt names: more than one where a key was replaced."""
    if own := [key for key in known if key.kind == notes.ED25519 and key.name == receipt.get("log")]:
        return own
    raise _Broken(
        "signature",
        f"Er is geen sleutel van het logboek dat {RECEIPT} noemt.",
        f"There is no key of the log that {RECEIPT} names.",
    )


def _check_signature(
    opened: notes.OpenedNote,
    checkpoint: notes.Checkpoint,
    log_key: notes.VerifierKey,
    receipt: Mapping[str, Any],
) -> Check:
    """The log itself signed, not only a witness; and it is the log that the receipt names."""
    if log_key not in opened.signed_by or checkpoint.origin != receipt.get("log"):
        raise _Broken(
            "signature",
            f"Het logboek dat {RECEIPT} noemt heeft dit niet ondertekend.",
            f"The log that {RECEIPT} names did not sign this.",
        )
    return holds(
        "signature",
        f"De handtekening van het logboek {checkpoint.origin} is goed.",
        f"The signature of the log {checkpoint.origin} is right.",
    )


def _check_inclusion(
    content: bytes, proof: notes.TlogProof, checkpoint: notes.Checkpoint, receipt: Mapping[str, Any]
) -> Check:
    """The commitment to exactly these bytes is at the place in the log that they name themselves."""
    included = len(proof.extra) == merkle.SALT_BYTES and merkle.verify_inclusion(
        merkle.leaf_hash(merkle.commit(proof.extra, content)),
        proof.index,
        checkpoint.size,
        proof.path,
        checkpoint.root,
    )
    index = receipt.get("logIndex")
    if not included or isinstance(index, bool) or index != proof.index:
        raise _Broken(
            "inclusion",
            f"{RECEIPT} staat, zoals het hier ligt, niet op die plaats in het logboek.",
            f"{RECEIPT}, as it is here, is not at that place in the log.",
        )
    return holds(
        "inclusion",
        f"{RECEIPT} staat in het logboek, op plaats {proof.index} van {checkpoint.size} (geteld vanaf 0).",
        f"{RECEIPT} is in the log, at place {proof.index} of {checkpoint.size} (counted from 0).",
    )


# ---- documents -----------------------------------------------------------------------------------


def _listed(receipt: Mapping[str, Any]) -> dict[str, str]:
    """The names of the files in a receipt by their SHA-256."""
    names: dict[str, str] = {}
    for key in _FILE_LISTS:
        entries = receipt.get(key)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("sha256"), str):
                names.setdefault(entry["sha256"], str(entry.get("naam") or ""))
    return names


def _check_documents(documents: Iterable[Path], receipt: Mapping[str, Any]) -> Iterator[Check]:
    names = _listed(receipt)
    for path in documents:
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            yield _unreadable(path.name, error).check
            continue
        if digest in names:
            yield holds(
                "document",
                f"{path.name} staat in het ontvangstbewijs (daar: {names[digest]}), byte voor byte.",
                f"{path.name} is in the receipt (there: {names[digest]}), byte for byte.",
            )
        else:
            nl = f"{path.name} staat NIET in het ontvangstbewijs (SHA-256 {digest})."
            en = f"{path.name} is NOT in the receipt (SHA-256 {digest})."
            yield Check("document", ok=False, detail=Told(nl, en))


# ---- what it comes to ----------------------------------------------------------------------------

_NOTHING_PROVED = Told(
    "Met dit pakket is niets bewezen; vraag om een nieuwe kopie.",
    "This package proves nothing; ask for a new copy.",
)
_ALWAYS_UNPROVED = (
    Told(
        "Dat dit het laatste ontvangstbewijs is: een later kan het verbeteren. De organisatie kan dat zeggen.",
        "That this is the last receipt: a later one may correct it. The organisation can tell.",
    ),
    Told(
        "Dat de stukken juist of voldoende zijn, en wie ze werkelijk heeft gestuurd.",
        "That the documents are complete, correct or sufficient, and who really sent them.",
    ),
    Told(
        "Dit is geen gekwalificeerde dienst voor elektronisch aangetekende bezorging (eIDAS).",
        "This is not a qualified electronic registered delivery service (eIDAS).",
    ),
)
_TIME_UNPROVED = Told(
    "Het tijdstip is vastgelegd door de ontvanger zelf; er is geen tijdstempel van een derde.",
    "The time was recorded by the recipient itself; there is no time stamp by a third party.",
)
_TIMESTAMP_UNREAD = Told(
    f"Of de tijdstempel {TIMESTAMP} echt is: daarvoor is het certificaat van de dienst nodig (--tsa-ca).",
    f"Whether the time stamp {TIMESTAMP} is genuine: that takes the authority's certificate (--tsa-ca).",
)
_NO_WITNESS = Told(
    "Dat het logboek iedereen dezelfde inhoud laat zien: er heeft geen onafhankelijke getuige meegetekend.",
    "That the log shows everybody the same content: no independent witness has cosigned.",
)
_WITNESS_UNKNOWN = Told(
    "Dat het logboek iedereen dezelfde inhoud laat zien: er staan handtekeningen van anderen onder, maar hun sleutels"
    " zijn niet meegegeven (--key).",
    "That the log shows everybody the same content: others have signed too, but their keys were not given (--key).",
)
_PDF_UNREAD = Told(
    f"Wat in {PDF} staat is niet gecontroleerd: alleen {RECEIPT} telt.",
    f"What {PDF} says was not checked: only {RECEIPT} counts.",
)


def _proved(evidence: _Evidence) -> tuple[Told, ...]:
    what, stated = _stated(evidence.receipt)
    origin, size = evidence.checkpoint.origin, evidence.checkpoint.size
    return (
        Told(
            f"{what.nl} is regel {evidence.proof.index} van het logboek {origin},"
            f" dat bij het ondertekenen {size} regels had; er is daarna niets aan veranderd.",
            f"{what.en} is entry {evidence.proof.index} of the log {origin},"
            f" which had {size} entries when it was signed; nothing in it was changed since.",
        ),
        Told(
            f"De beheerder van het logboek verklaart daarin: {stated.nl}.",
            f"The operator of the log states in it: {stated.en}.",
        ),
        *_corrects(evidence.receipt),
        Told(f"Ondertekend met sleutel {evidence.log_key}", f"Signed with key {evidence.log_key}"),
        *starmap(witnessed, evidence.opened.cosigned_at.items()),
        *(map(stamped, [evidence.stamp] if evidence.stamp else [])),
    )


def _corrects(receipt: Mapping[str, Any]) -> Iterator[Told]:
    """Which earlier receipt it names, if it does (contract, `corrigeert`)."""
    match receipt.get("corrigeert"):
        case {"logIndex": int(index), "tijd": str(at)} if not isinstance(index, bool) and index >= 0:
            yield Told(
                f"Het verbetert een eerder ontvangstbewijs: regel {index} van hetzelfde logboek, van {at}.",
                f"It corrects an earlier receipt: entry {index} of the same log, of {at}.",
            )


def _stated(event: Mapping[str, Any]) -> tuple[Told, Told]:
    """What the event is, and what it says happened."""
    number = event.get("ontvangstnummer") or event.get("verzoek") or "?"
    if event.get("gebeurtenis") == EventName.CONTENT_ERASED:
        lines, at = event.get("regels"), event.get("gewistOp", "?")
        count = len(lines) if isinstance(lines, list) else 0
        return (
            Told(f"Het bewijs van het wissen van {number}", f"The proof of the erasure of {number}"),
            Told(
                f"gewist op {at}, met de inhoud van {count} regels van het logboek; grond: {event.get('grond', '?')}",
                f"erased at {at}, with the content of {count} entries of the log; ground: {event.get('grond', '?')}",
            ),
        )
    received = event.get("ontvangenOp", "?")
    return (
        Told(f"Ontvangstbewijs {number}", f"Receipt {number}"),
        Told(f"ontvangen op {received}", f"received at {received}"),
    )


def _not_proved(evidence: _Evidence, given: _Given, *, trusted: bool) -> Iterator[Told]:
    if not trusted:
        yield KEY_UNPROVED
    if evidence.stamp is None:
        yield _TIMESTAMP_UNREAD if TIMESTAMP in given.parts else _TIME_UNPROVED
    if not evidence.witnesses:
        _, lines = notes.split_note(evidence.proof.checkpoint_note)
        yield _NO_WITNESS if len(lines) == len(evidence.opened.log_keys) else _WITNESS_UNKNOWN
    if PDF in given.parts:
        yield _PDF_UNREAD
    yield from _ALWAYS_UNPROVED
