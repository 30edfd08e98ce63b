"""The reading child: one stored file in, its parts as files named by number out, one manifest on stdout.

Rule 1: runs only under `scanners.child`; nothing here is trusted by the parent, nor trusts the bytes.
Rule 2: every leaf becomes a file, also what is ignored; a name from the message never becomes a path.
Rule 3: over a limit the manifest still says how far it came, so that the sender can be told.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from gateway.core import kinds, names
from gateway.core.model import TEXT_OF_MESSAGE, MessageFacts, Part, PartRole, Trouble
from mail import decoration, facts, headers, markup, mime, reports, roles, smime, transfer, wrappings
from scanners import archive, child, cms, containers, pdf_marks

_MAX_MARKUP: Final = 2**20
_MAX_ORIGINAL: Final = 1000
_CONTENT_ID: Final = re.compile(rb"(?i)cid:([^\"'\s>)\\]{1,300})")
_UUENCODED: Final = re.compile(rb"(?m)^begin [0-7]{3,4} \S")
_FIRST_BYTES: Final = 64
_MAX_SIGNATURES: Final = 5
_PGP: Final = b"-----BEGIN PGP MESSAGE-----"
_COMPUTER_MADE: Final = re.compile(r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")


@dataclass(frozen=True)
class Limits:
    """How much one submission may unfold into. `embedded_bytes`: up to here an image in the text is decoration.

    `opened`: in which kinds of file documents are looked for, by their names in `gateway.core.kinds`.
    """

    parts: int = 500
    depth: int = 20
    total_bytes: int = 256 * 2**20
    embedded_bytes: int = 50 * 1024
    header_bytes: int = 256 * 1024
    entry_bytes: int = 100 * 2**20
    ratio: int = 200
    opened: Collection[str] = kinds.DEFAULT.opened


@dataclass
class _Found:
    """A part while it is being made."""

    seq: int
    parent: int | None
    role: PartRole
    original: str
    declared: str
    note: str = ""
    content_id: str = ""
    charset: str = ""
    in_message: bool = False
    attached: bool = False
    bytes: int = 0
    sha256: str = ""


@dataclass
class _Scope:
    """One message: its own texts and pictures, which the messages inside it do not share."""

    head: headers.Headers = field(default_factory=headers.Headers)
    found: list[_Found] = field(default_factory=list)


class Walk:
    """Everything one stored file unfolds into."""

    def __init__(self, out: Path, limits: Limits, keys: smime.Keys) -> None:
        self._out = out
        self._limits = limits
        self._keys = keys
        self._found: list[_Found] = []
        self._total = 0
        self.defects: set[str] = set()
        self.signatures: list[str] = []

    # ---- messages --------------------------------------------------------------------------------

    def mail(self, path: Path, scope: _Scope) -> None:
        """Unfold the mail that came in, as `message`; what its messages share is decoration."""
        self.message(path, None, 1, scope)
        self.set_aside_what_repeats()

    def message(self, path: Path, parent: int | None, depth: int, scope: _Scope) -> None:
        """Unfold a message into `scope`. Raises TooComplex of `mime` or `archive` over a limit."""
        self._check_depth(depth)
        limits = mime.Limits(self._limits.depth, self._limits.parts, self._limits.header_bytes)
        with path.open("rb") as file:
            splitter = mime.Splitter(file, limits)
            try:
                for entity in splitter.entities():
                    self._leaf(file, entity, parent, depth, scope)
            finally:
                scope.head = splitter.head
                self.defects |= splitter.defects
            for signed in splitter.signed:
                self._check_signature(file, signed)
        self._set_aside_decoration(scope)

    def _leaf(self, file: BinaryIO, entity: mime.Entity, parent: int | None, depth: int, scope: _Scope) -> None:
        role, note = roles.role(entity)
        found = self._new(parent, role, roles.original_name(entity), entity.media_type, note)
        found.content_id = roles.content_id(entity)
        found.charset = entity.content_type.parameters.get("charset", "")
        found.in_message, found.attached = True, entity.disposition.main == "attachment"
        scope.found.append(found)
        decoder = transfer.decoder(entity.encoding)
        self._store(found, mime.decoded(file, entity, decoder))
        if found.role is not PartRole.BODY:
            self.defects |= decoder.defects
        elif found.declared == "text/plain" and _UUENCODED.search(self._head(found)):
            self.defects.add("uuencoded file in the text")
        if found.declared == "message/partial":
            self.defects.add("one piece of a message")
        if entity.unsplit and not found.bytes:
            found.role, found.note = PartRole.IGNORED, "empty"
        if found.role is PartRole.BODY and self._head(found, _FIRST_BYTES).lstrip().startswith(_PGP):
            found.role, found.note = PartRole.DOCUMENT, roles.ENCRYPTED
        self._unfold(found, depth, scope)
        if found.role is PartRole.DOCUMENT and not found.note and roles.has_two_names(found.original):
            found.note = roles.TWO_NAMES

    def _set_aside_decoration(self, scope: _Scope) -> None:
        """Small pictures that the text itself shows are logos, not documents; large ones may be a passport."""
        shown: set[str] = set()
        for found in scope.found:
            if found.role is PartRole.BODY and found.declared == "text/html":
                shown |= {headers.as_text(m) for m in _CONTENT_ID.findall(self._head(found))}
        for found in filter(_is_picture, scope.found):
            if found.content_id and found.content_id in shown:
                small = found.bytes <= self._limits.embedded_bytes
                found.role = PartRole.IGNORED if small else found.role
                found.note = decoration.EMBEDDED if small else decoration.SHOWN
            elif not found.attached and decoration.is_a_point(self._head(found, decoration.LOOKED_AT)):
                found.role, found.note = PartRole.IGNORED, decoration.POINT

    def set_aside_what_repeats(self) -> None:
        """The logo under every message of a thread: small, in several messages, and attached by nobody."""
        small = [f for f in self._found if f.in_message and f.bytes <= self._limits.embedded_bytes]
        messages: dict[str, set[int | None]] = {}
        for found in small:
            messages.setdefault(found.sha256, set()).add(found.parent)
        for found in filter(_is_picture, small):
            if len(messages[found.sha256]) > 1 and not found.attached:
                found.role, found.note = PartRole.IGNORED, decoration.REPEATED

    # ---- files -----------------------------------------------------------------------------------

    def file(self, path: Path, name: str, declared: str) -> None:
        """Unfold an uploaded file: itself is part 0."""
        found = self._new(None, PartRole.DOCUMENT, name, declared, "")
        self._store(found, _blocks(path))
        self._unfold(found, 1)

    def _unfold(self, found: _Found, depth: int, scope: _Scope | None = None) -> None:
        """Open what documents are wrapped in; what does not open stays a document, so that somebody is told.

        `scope`: the message whose own leaf this is; a message under S/MIME speaks for it.
        """
        opened = self._limits.opened
        is_message = "eml" in opened and roles.looks_like_a_message(found.original, found.declared)
        if found.role is PartRole.DOCUMENT and is_message:
            found.role = PartRole.MESSAGE
        if found.role is PartRole.MESSAGE:
            self.message(self._path(found), found.seq, depth + 1, _Scope())
        elif found.role is not PartRole.DOCUMENT:
            return
        elif kind := cms.kind(self._head(found, _FIRST_BYTES)):
            self._envelope(found, kind, depth + 1, scope or _Scope())
        elif found.note:
            return
        elif wrapping := wrappings.opener(self._path(found), opened):
            self._wrapping(found, wrapping, depth + 1)
        elif container := containers.opener(self._path(found), opened):
            self._container(found, container, depth + 1)
        elif pdf_marks.may_carry_files(self._path(found)):
            self._portfolio(found, depth + 1)

    def _wrapping(self, wrapping: _Found, opened: Callable[[Path], Iterator[wrappings.Attached]], depth: int) -> None:
        self._check_depth(depth)
        before = len(self._found)
        try:
            for attached in wrappings.attached(self._path(wrapping), opened):
                role, note = roles.role_of_type(attached.media_type)
                missing = "" if attached.content is not None else roles.UNREADABLE
                found = self._new(wrapping.seq, role, attached.name, attached.media_type, note or missing)
                self._store(found, [attached.content or b""])
                self._unfold(found, depth)
        except archive.Unreadable:
            wrapping.note = roles.UNREADABLE
            return
        if len(self._found) > before:
            wrapping.role = PartRole.CONTAINER
        elif roles.is_only_a_wrapping(wrapping.original):
            wrapping.role, wrapping.note = PartRole.IGNORED, "holds no file"

    def _container(self, container: _Found, opened: containers.Opener, depth: int) -> None:
        self._check_depth(depth)
        before = len(self._found)
        limits = archive.Limits(self._limits.parts, self._limits.entry_bytes, self._limits.ratio)
        try:
            for member in opened(self._path(container), limits):
                self._member(member, container, depth)
        except archive.Unreadable as error:
            container.note = _why_not(error)  # stays a document, so that somebody is told
            return
        container.role = PartRole.CONTAINER
        if len(self._found) == before:
            container.role, container.note = PartRole.DOCUMENT, roles.UNREADABLE

    def _member(self, member: containers.Member, container: _Found, depth: int) -> None:
        role, note = PartRole.DOCUMENT, ""
        if member.kind == "link":
            role, note = PartRole.IGNORED, "a link, not followed"
        elif _COMPUTER_MADE.search(member.name):
            role, note = PartRole.IGNORED, "made by a computer"
        elif member.kind == "encrypted":
            note = roles.ENCRYPTED
        name = member.name or roles.name_without_packing(container.original)
        found = self._new(container.seq, role, name, "", note)
        self._store(found, member.blocks)
        self._unfold(found, depth)

    def _portfolio(self, pdf: _Found, depth: int) -> None:
        """The files that a PDF carries are documents of their own; what is on its pages stays one too."""
        from scanners import pdf as structure  # noqa: PLC0415 -- a large library, and few PDFs carry files

        for name, content in structure.carried(self._path(pdf)):
            self._check_depth(depth)
            found = self._new(pdf.seq, PartRole.DOCUMENT, name, "", "")
            self._store(found, content)
            self._unfold(found, depth)

    # ---- S/MIME ----------------------------------------------------------------------------------

    def _envelope(self, envelope: _Found, kind: str, depth: int, scope: _Scope) -> None:
        """Open a signed or enveloped message: what is inside counts as if it had been sent bare."""
        self._check_depth(depth)
        with tempfile.TemporaryDirectory(dir=".") as scratch:
            inside = Path(scratch) / "inside"
            if kind == "signed":
                words = smime.unsigned(self._path(envelope), "DER", inside, self._keys)
                opened = words is not None and self._note_signature(words)
            elif kind == "enveloped":
                opened = smime.decrypted(self._path(envelope), inside, self._keys)
                envelope.note = "decrypted with our key" if opened else roles.ENCRYPTED
            else:
                opened = False
            if opened:
                self._opened_envelope(envelope, inside, depth, scope)

    def _opened_envelope(self, envelope: _Found, inside: Path, depth: int, scope: _Scope) -> None:
        name = roles.name_without_envelope(envelope.original)
        if name:  # a file that somebody signed, as is the custom in Italy: paspoort.pdf.p7m
            envelope.role = PartRole.CONTAINER
            found = self._new(envelope.seq, PartRole.DOCUMENT, name, "", "")
            self._store(found, _blocks(inside))
            self._unfold(found, depth)
            return
        envelope.role = PartRole.MESSAGE
        message = _Scope()
        self.message(inside, envelope.seq, depth, message)
        scope.found += message.found

    def _check_signature(self, file: BinaryIO, signed: mime.Signed) -> None:
        """Check a detached signature over the octets as they came. PGP's are kept with the bytes, and not checked."""
        if "pkcs7" not in signed.content_type.parameters.get("protocol", "").lower():
            return
        with tempfile.TemporaryDirectory(dir=".") as scratch:
            entity = Path(scratch) / "entity"
            with entity.open("wb") as out:
                content_type = signed.head.first("content-type").replace("\r", " ").replace("\n", " ")
                out.write(f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "replace"))
                out.writelines(mime.blocks(file, signed.start, signed.end))
            words = smime.unsigned(entity, "SMIME", Path(scratch) / "inside", self._keys)
            self._note_signature(words or "smime=fail; the signature cannot be read")

    def _note_signature(self, words: str) -> bool:
        if len(self.signatures) < _MAX_SIGNATURES:
            self.signatures.append(words)
        if smime.failed(words):
            self.defects.add("the signature does not fit the content")
        return True

    # ---- storing ---------------------------------------------------------------------------------

    def _new(self, parent: int | None, role: PartRole, original: str, declared: str, note: str) -> _Found:
        if len(self._found) >= self._limits.parts:
            raise mime.TooComplex(f"more than {self._limits.parts} parts")
        original = original.encode("utf-8", "replace").decode().replace("\0", "")[:_MAX_ORIGINAL]
        found = _Found(len(self._found), parent, role, original, declared[:200], note)
        self._found.append(found)
        return found

    def _store(self, found: _Found, blocks: Iterable[bytes]) -> None:
        """Write a part. After Unreadable what came before stands; after any other failure it is not listed."""
        digest = hashlib.sha256()
        with self._path(found).open("xb") as file:
            try:
                for block in blocks:
                    self._total += len(block)
                    if self._total > self._limits.total_bytes:
                        raise mime.TooComplex(f"more than {self._limits.total_bytes} bytes in all")
                    file.write(block)
                    digest.update(block)
                    found.bytes += len(block)
            except archive.Unreadable as error:
                found.note = _why_not(error)
        found.sha256 = digest.hexdigest()

    def _path(self, found: _Found) -> Path:
        return self._out / str(found.seq)

    def _head(self, found: _Found, most: int = _MAX_MARKUP) -> bytes:
        with self._path(found).open("rb") as file:
            return file.read(most)

    def _check_depth(self, depth: int) -> None:
        if depth > self._limits.depth:
            raise mime.TooComplex(f"more than {self._limits.depth} containers in each other")

    # ---- the manifest ----------------------------------------------------------------------------

    def parts(self) -> tuple[Part, ...]:
        """What was found, with safe names, no two the same; documents keep theirs before what is ignored."""
        stored = [f for f in self._found if f.sha256]
        shown: dict[int, str] = {}
        taken: set[str] = set()
        for f in sorted(stored, key=lambda f: f.role in {PartRole.IGNORED, PartRole.BODY}):
            fallback = roles.TEXT_NAME if f.note == TEXT_OF_MESSAGE else roles.fallback_name(f.seq, f.declared)
            name = names.safe(roles.first_name(f.original), fallback)
            shown[f.seq] = names.unique(name, taken)
        return tuple(
            Part(f.seq, f.parent, f.role, shown[f.seq], f.original, f.declared, f.bytes, f.sha256, f.note)
            for f in stored
        )

    def keep_text(self, scope: _Scope) -> None:
        """The text of the message becomes a document when its sender asks or explains something in it.

        Always the same of the same mail: its plain text, or else that of its markup, whole, in UTF-8, with its
        quotations; the parts that it is made of stay beside it as they came.
        """
        from mail import said  # noqa: PLC0415 -- its tables are loaded for all children at once

        texts, _ = self._texts(scope)
        if said.asks_or_explains(_clean(texts[: facts.MAX_TEXT])):
            body = next(found for found in scope.found if found.role is PartRole.BODY)
            kept = self._new(body.seq, PartRole.DOCUMENT, "", "text/plain", TEXT_OF_MESSAGE)
            self._store(kept, [(_clean(texts) + "\n").encode()])

    def _texts(self, scope: _Scope) -> tuple[str, str]:
        """The text of the outermost message, plain or else of its markup; and all of it in which links may stand."""
        texts = {"text/plain": "", "text/html": ""}
        source = ""
        for found in scope.found:
            if found.role is PartRole.BODY and found.declared in texts:
                content = headers.decode(self._head(found), found.charset)
                is_markup = found.declared == "text/html"
                source += content if is_markup else ""
                texts[found.declared] += (markup.text_of(content) if is_markup else content) + "\n"
        text = texts["text/plain"] if texts["text/plain"].strip() else texts["text/html"]
        return text, texts["text/plain"] + "\n" + source

    def facts(self, scope: _Scope, *, null_sender: bool) -> MessageFacts:
        """The facts of the outermost message."""
        text, with_markup = self._texts(scope)
        text = _clean(text[: facts.MAX_TEXT])
        links = facts.store_links(with_markup)
        gathered = facts.gather(scope.head, text, links, self.defects, self.signatures, null_sender=null_sender)
        if not gathered.automatic and _is_an_answer_to_an_invitation(scope.found):
            gathered = replace(gathered, automatic="calendar")
        reported = (self._head(f) for f in scope.found if f.declared in reports.MEDIA_TYPES)
        return replace(gathered, returned=tuple(r for content in reported for r in reports.recipients(content)))


def _is_picture(found: _Found) -> bool:
    return found.role is PartRole.DOCUMENT and found.declared.startswith("image/")


def _is_an_answer_to_an_invitation(parts: Iterable[_Found]) -> bool:
    """Whether a calendar's own answer stands beside the text, and nothing that anybody attached."""
    found = list(parts)
    is_answered = any(part.note == roles.CALENDAR_ANSWER for part in found)
    return is_answered and all(part.role in {PartRole.BODY, PartRole.IGNORED} for part in found)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        yield from iter(lambda: source.read(mime.BLOCK), b"")


def _why_not(error: archive.Unreadable) -> str:
    return roles.ENCRYPTED if isinstance(error, containers.Locked) else roles.UNREADABLE


def _clean(text: str) -> str:
    """Text without what neither JSON nor a database can hold; line ends as one character."""
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "\ufffd", text).strip()


def read(job: dict[str, Any]) -> None:
    """Do one job of `mail.read.Reader`: say the manifest, whatever happens on the way."""
    walk = Walk(Path(job["out"]), Limits(**job["limits"]), smime.Keys(**job["keys"]))
    message: MessageFacts | None = None
    if job["name"] is None:
        scope = _Scope()
        trouble = _trouble(lambda: walk.mail(Path(job["raw"]), scope))
        message = walk.facts(scope, null_sender=job["null_sender"])
        if not trouble and not message.automatic:
            trouble = _trouble(lambda: walk.keep_text(scope))
    else:
        trouble = _trouble(lambda: walk.file(Path(job["raw"]), job["name"], job["declared"]))
        if not trouble and walk.defects:
            trouble = Trouble("unreadable", ", ".join(sorted(walk.defects)))
    child.say(
        {
            "message": asdict(message) if message else None,
            "parts": [asdict(part) for part in walk.parts()],
            "trouble": asdict(trouble) if trouble else None,
        }
    )


def _trouble(unfold: Callable[[], None]) -> Trouble | None:
    """What became too much, if anything did."""
    try:
        unfold()
    except (mime.TooComplex, archive.TooComplex) as error:
        return Trouble("too_complex", str(error))
    except child.OutOfTime:
        return Trouble("too_complex", "reading took too long")
    return None


WORK: Final = read
BEFOREHAND: Final = ("mail.said",)
"""What every mail needs."""
