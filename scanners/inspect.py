"""The inspector: each document's kind and structure, looked at in a child process, and the malware scanner's word.

Rule 1: never raises for what the bytes hold. What breaks the child is a finding on that file, and the next
file gets a new child.
Rule 2: not scanned is never clean (P4): a verdict is CLEAN only when clamd said so and nothing stayed unseen.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.core import kinds
from gateway.core.model import Finding, Inspection, Part, Verdict
from scanners import child, clam, filetype, findings

_NOTES: Final = {
    "encrypted": Finding(findings.ENCRYPTED, "a password to open"),
    "unreadable": Finding(findings.UNREADABLE, "the container is damaged"),
}

_BROKEN: Final = {
    "time": Finding(findings.LIMITS, "checking took too long"),
    "memory": Finding(findings.LIMITS, "checking took too much memory"),
    "size": Finding(findings.LIMITS, "checking took too much space"),
}

_MOST_BEGUN: Final = 100

_File = tuple[Path, Part]
_Looked = tuple[str, tuple[Finding, ...]]

_UNSEEN: Final = {findings.ENCRYPTED: Verdict.ENCRYPTED, findings.LIMITS: Verdict.LIMITS}


@dataclass(frozen=True)
class Limits:
    """Which kinds of file are taken, and what the child may use for looking at the files of one submission.

    `at_once`: how many files, of all submissions, the malware scanner gets at a time.
    """

    accepted: frozenset[str] = kinds.DEFAULT.media_types
    at_once: int = 4
    process: child.Limits = field(
        default_factory=lambda: child.Limits(memory_bytes=2**30, cpu_seconds=30, wall_seconds=60)
    )


class Inspector:
    """Looks at the files of one submission at a time; calls from many threads do not disturb each other.

    A file is its path, which holds the same bytes for ever, and the part that it is.
    """

    def __init__(self, scanner: clam.Clam, limits: Limits | None = None) -> None:
        self._scanner = scanner
        self._limits = limits or Limits()
        self._scanning = ThreadPoolExecutor(self._limits.at_once, thread_name_prefix="scan")
        self._scans: dict[Path, tuple[str, Future[clam.Answer]]] = {}
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._looks: dict[tuple[_File, ...], Future[list[_Looked]]] = {}

    def look_ahead(self, files: Sequence[_File]) -> None:
        """Begin what `inspect` will soon be asked for; a hint, and never raises.

        The malware scanner gets what stands alone; what it says is used once, and only while it has the signatures
        that it has now. Kind and structure are looked at too, unless that is being done for others already: whose
        turn it is is not ours to say.
        """
        _forget(self._scans)
        _forget(self._looks)
        signatures = self.signatures()
        for path in dict.fromkeys(path for path, part in files if part.parent is None):
            if path not in self._scans:
                self._scans[path] = (signatures, self._scanning.submit(self._scanner.scan, path))
        is_free = all(look.done() for look in list(self._looks.values()))
        if is_free and any(_is_checked(part) for _, part in files):
            self._looks[tuple(files)] = self._looking.submit(self._looked_at, files)

    def inspect(self, files: Sequence[_File]) -> tuple[Inspection, ...]:
        """One inspection for each file, in the same order.

        Documents are checked for kind and structure; all files are shown to the malware scanner. It opens what holds
        others itself, and remembers what it saw in there: so it gets what stands alone first, and the rest after it.
        Raises TryLater when no child could do the work.
        """
        signatures = self.signatures()
        # The scanner needs nothing of what the child finds, and is mostly the slower of the two.
        scans = {path: self._scan(path, signatures) for path, part in files if part.parent is None}
        begun = self._looks.pop(tuple(files), None)
        looked = begun.result() if begun else self._looked_at(files)
        wait(scans.values())
        scans |= {path: self._scan(path, signatures) for path, _ in files if path not in scans}
        return tuple(
            _summed(part, seen, scans[path].result()) for (path, part), seen in zip(files, looked, strict=True)
        )

    def _scan(self, path: Path, signatures: str) -> "Future[clam.Answer]":
        known, begun = self._scans.pop(path, ("", None))
        return begun if begun and known == signatures else self._scanning.submit(self._scanner.scan, path)

    def signatures(self) -> str:
        """Which signatures the malware scanner has now, in its own words; empty when it does not say."""
        return self._scanner.signature_version()

    def _looked_at(self, files: Sequence[_File]) -> list[_Looked]:
        """Type and findings of each file, as far as it is a document."""
        documents = [(path, part) for path, part in files if _is_checked(part)]
        unfolded = frozenset(part.parent for _, part in files if part.parent is not None)
        seen = iter(self._seen_by_children(documents, unfolded))
        return [_noted(part, next(seen) if _is_checked(part) else (part.declared_type, ())) for _, part in files]

    def _seen_by_children(self, files: Sequence[_File], unfolded: frozenset[int]) -> list[_Looked]:
        """Type and findings of each file; a file that ends its child is told so, the rest gets a new one.

        `unfolded`: the parts out of which the reader took others.
        """
        seen: list[_Looked] = []
        while len(seen) < len(files):
            rest = files[len(seen) :]
            job = {
                "accepted": sorted(self._limits.accepted),
                "files": [
                    {"path": str(path.resolve()), "name": part.name, "unfolded": part.seq in unfolded}
                    for path, part in rest
                ],
            }
            outcome = child.run("scanners.inspect_child", job, self._limits.process)
            answers = [a for a in map(_believed, outcome.answers[: len(rest)]) if a is not None]
            seen += answers
            if len(answers) < len(rest):
                unreadable = Finding(findings.UNREADABLE, "checking broke off")
                seen.append((filetype.UNKNOWN, (_BROKEN.get(outcome.ended, unreadable),)))
        return seen


def _forget(begun: dict[Any, Any]) -> None:
    """What nobody asked for in the end."""
    while len(begun) > _MOST_BEGUN:
        begun.pop(next(iter(begun)), None)


def _is_checked(part: Part) -> bool:
    # What is encrypted is ciphertext: its kind would be guessed from noise.
    return part.role.is_inspected and part.note != "encrypted"


def _noted(part: Part, looked: _Looked) -> _Looked:
    """With what the reader noted."""
    media_type, found = looked
    if part.note in _NOTES:
        found = (*_about_content(media_type, found), _NOTES[part.note])
    return media_type, found


def _about_content(media_type: str, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Without the word that we do not take the kind: of a container that did not open, that is not the matter."""
    return tuple(f for f in found if f.code != findings.TYPE_REFUSED or media_type not in filetype.CONTAINERS)


def _believed(answer: Any) -> _Looked | None:  # noqa: ANN401 -- whatever a child said
    match answer:
        case {"media_type": str(media_type), "findings": list(rows)}:
            return media_type[:200], tuple(Finding(str(code), str(detail)[:300]) for code, detail in rows)
    return None


def _summed(part: Part, looked: _Looked, answer: clam.Answer) -> Inspection:
    media_type, found = looked
    verdict = answer.verdict
    if answer.finding:
        found = (*found, answer.finding)
    if verdict is Verdict.CLEAN:
        # The scanner could not see inside either, whatever it said.
        verdict = next((_UNSEEN[f.code] for f in found if f.code in _UNSEEN), verdict)
    return Inspection(part.sha256, media_type, verdict, tuple(dict.fromkeys(found)))
