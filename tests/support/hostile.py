"""Mails and files made by us, each as bad as something real: the suite holds its lessons without the corpus."""

import base64
import io
import zipfile
from collections.abc import Mapping, Sequence

import pikepdf

PDF_TYPE = "application/pdf"


def pdf(*, password: str = "", script: str = "", pages: int = 1) -> bytes:
    """A small PDF that opens; with `password` only for who knows it, with `script` it acts."""
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    if script:
        made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String(script))
    file = io.BytesIO()
    made.save(file, encryption=pikepdf.Encryption(user=password, owner="owner") if password else False)
    return file.getvalue()


def zipped(files: Mapping[str, bytes] | Sequence[tuple[str, bytes]]) -> bytes:
    """A zip of files, in order; names are taken as they are."""
    pairs = files.items() if isinstance(files, Mapping) else files
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return file.getvalue()


def marked_encrypted(archive: bytes) -> bytes:
    """The same zip with the password flag set on every entry, as readers see it."""
    made = bytearray(archive)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = made.find(signature)
        while at >= 0:
            made[at + flags] |= 1
            at = made.find(signature, at + 4)
    return bytes(made)


def docx(extra: Mapping[str, bytes] | None = None) -> bytes:
    """A docx with one line; `extra` parts as given."""
    types = (
        b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml"'
        b' ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/'
        b'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    body = b"<w:document><w:body><w:p><w:r><w:t>Verklaring</w:t></w:r></w:p></w:body></w:document>"
    return zipped({"[Content_Types].xml": types, "word/document.xml": body, **(extra or {})})


def part(content: bytes, headers: str = "", *, encoded: bool = True) -> bytes:
    """One MIME part: its header lines, then its content, in base64 unless told otherwise."""
    lines = [line for line in headers.split("\n") if line]
    if encoded:
        lines.append("Content-Transfer-Encoding: base64")
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return "\r\n".join([*lines, "", ""]).encode() + content


def attached(content: bytes, name: str, media_type: str = PDF_TYPE) -> bytes:
    """An attachment as most programs write it."""
    return part(content, f'Content-Type: {media_type}\nContent-Disposition: attachment; filename="{name}"')


def mail(*parts: bytes, headers: str = "", boundary: str = "=_grens", kind: str = "mixed") -> bytes:
    """A multipart mail from Anna with these parts; more header lines in `headers`."""
    head = (
        "From: Anna Voorbeeld <anna.voorbeeld@mail.example>\r\nTo: documenten@intake.example\r\n"
        "Subject: Aanvulling\r\nMIME-Version: 1.0\r\n"
    )
    more = "".join(f"{line}\r\n" for line in headers.split("\n") if line)
    start = f'{head}{more}Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    delimiter = b"--" + boundary.encode()
    return start + b"".join(delimiter + b"\r\n" + p + b"\r\n" for p in parts) + delimiter + b"--\r\n"


def text(words: str = "Hierbij de stukken.", subtype: str = "plain") -> bytes:
    """A text part in UTF-8."""
    return part(words.encode(), f"Content-Type: text/{subtype}; charset=utf-8")


def nested(depth: int) -> bytes:
    """Multiparts in each other, with a PDF in the innermost."""
    inner = attached(pdf(), "diep.pdf")
    for level in range(depth):
        delimiter = f"b{level}".encode()
        inner = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n%s\r\n--%s--\r\n' % (
            delimiter,
            delimiter,
            inner,
            delimiter,
        )
    return b"From: anna.voorbeeld@mail.example\r\nSubject: diep\r\n" + inner
