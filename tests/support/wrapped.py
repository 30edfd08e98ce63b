"""Wrappings made by us: winmail.dat, a saved Outlook message, and S/MIME with people and an authority of its own."""

import random
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# ---- TNEF (MS-OXTNEF section 2.1) ----------------------------------------------------------------

_RENDERING, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F


def tnef(files: Mapping[str, bytes]) -> bytes:
    """A winmail.dat with these files, as Outlook writes them."""
    made = struct.pack("<IH", 0x223E9F78, 1) + _attribute(1, 0x00089006, struct.pack("<I", 0x10000))
    made += _attribute(1, 0x00069007, struct.pack("<II", 1252, 0))
    for name, content in files.items():
        made += _attribute(2, _RENDERING, bytes(14))
        made += _attribute(2, _TITLE, name.encode("cp1252") + b"\0")
        made += _attribute(2, _DATA, content)
    return made


def _attribute(level: int, kind: int, content: bytes) -> bytes:
    checksum = sum(content) & 0xFFFF
    return struct.pack("<BII", level, kind, len(content)) + content + struct.pack("<H", checksum)


# ---- an Outlook message (MS-OXMSG in MS-CFB) -----------------------------------------------------

_SECTOR = 512
_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_MINI_CUTOFF = 4096


def saved_message(files: Mapping[str, bytes]) -> bytes:
    """A .msg with these files attached, each of 4,096 bytes or more: below that other sectors are used."""
    tree: dict[str, object] = {"__properties_version1.0": bytes(_MINI_CUTOFF)}
    for number, (name, content) in enumerate(files.items()):
        properties = bytes(8)
        properties += _fixed(0x37050003, 1)  # attached by value
        properties += _variable(0x37010102, len(content)) + _variable(0x3707001F, 2 * len(name) + 2)
        tree[f"__attach_version1.0_#{number:08X}"] = {
            "__properties_version1.0": properties.ljust(_MINI_CUTOFF, b"\0"),
            "__substg1.0_37010102": content,
            "__substg1.0_3707001F": name.encode("utf-16-le").ljust(_MINI_CUTOFF, b"\0"),
        }
    return compound(tree)


def _fixed(tag: int, value: int) -> bytes:
    return struct.pack("<IIQ", tag, 6, value)


def _variable(tag: int, size: int) -> bytes:
    return struct.pack("<IIII", tag, 6, size, 0)


@dataclass
class _Entry:
    name: str
    kind: int
    content: bytes = b""
    left: int = _NONE
    right: int = _NONE
    child: int = _NONE


def compound(tree: Mapping[str, object]) -> bytes:
    """An OLE file with these storages and streams."""
    entries = [_Entry("Root Entry", 5)]
    _lay_out(tree, 0, entries)
    sectors: list[bytes] = []
    chains: list[int] = []
    starts: list[int] = []

    def place(content: bytes) -> int:
        start = len(sectors)
        pieces = [content[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(content), _SECTOR)]
        sectors.extend(pieces)
        chains.extend([*range(start + 1, start + len(pieces)), _END])
        return start

    starts = [place(entry.content) if entry.content else _END for entry in entries]
    directory = b"".join(map(_directory_entry, entries, starts))
    first_directory = place(directory)
    fat_count = 1
    while fat_count * _SECTOR // 4 < len(chains) + fat_count:
        fat_count += 1
    fat_at = [len(sectors) + n for n in range(fat_count)]
    chains += [_FAT] * fat_count
    fat = struct.pack(f"<{len(chains)}I", *chains).ljust(fat_count * _SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, fat_count, first_directory, 0, _MINI_CUTOFF, _END, 0, _END, 0)
    header += struct.pack("<109I", *fat_at, *[_FREE] * (109 - fat_count))
    return header + b"".join(sectors) + fat


def _lay_out(tree: Mapping[str, object], parent: int, entries: list[_Entry]) -> None:
    previous = _NONE
    for name, content in sorted(tree.items(), key=lambda pair: (len(pair[0]), pair[0].upper())):
        number = len(entries)
        entry = _Entry(name, 2, content) if isinstance(content, bytes) else _Entry(name, 1)
        entries.append(entry)
        if previous == _NONE:
            entries[parent].child = number
        else:
            entries[previous].right = number  # a list is a tree, too
        previous = number
        if isinstance(content, dict):
            _lay_out(content, number, entries)


def _directory_entry(entry: _Entry, start: int) -> bytes:
    name = entry.name.encode("utf-16-le") + b"\0\0"
    made = name.ljust(64, b"\0") + struct.pack("<HBB", len(name), entry.kind, 1)
    made += struct.pack("<III", entry.left, entry.right, entry.child) + bytes(36)
    return made + struct.pack("<IQ", start, len(entry.content))


def locked_office() -> bytes:
    """A docx, xlsx or pptx with a password, as Office writes it: noise in a compound file (MS-OFFCRYPTO, 2.3.4)."""
    agile = b'<?xml version="1.0"?><encryption xmlns="http://schemas.microsoft.com/office/2006/encryption"/>'
    spaces = {
        "Version": bytes(76),
        "DataSpaceMap": bytes(112),
        "DataSpaceInfo": {"StrongEncryptionDataSpace": bytes(64)},
    }
    return compound(
        {
            "EncryptedPackage": struct.pack("<Q", 9000) + random.Random(1).randbytes(9008),
            "EncryptionInfo": struct.pack("<HHI", 4, 4, 0x40) + agile,
            "\6DataSpaces": spaces,
        }
    )


# ---- S/MIME --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """Somebody with a certificate of an authority: paths of PEM files."""

    certificate: Path
    key: Path
    authority: Path


def person(folder: Path, name: str) -> Person:
    """A person with a certificate by an authority that exists for this one."""
    ca, key, request, certificate = (folder / f"{name}-{what}.pem" for what in ("ca", "key", "request", "cert"))
    ca_key, extensions = folder / f"{name}-ca-key.pem", folder / f"{name}.ext"
    extensions.write_text("keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=emailProtection\n")
    new = ("-newkey", "rsa:2048", "-nodes", "-batch")
    _openssl("req", "-x509", *new, "-keyout", ca_key, "-out", ca, "-subj", "/CN=Instantie", "-days", "2")
    _openssl("req", *new, "-keyout", key, "-out", request, "-subj", f"/CN={name}/emailAddress={name}@mail.example")
    signed = ("-CA", ca, "-CAkey", ca_key, "-set_serial", "7", "-days", "2", "-extfile", extensions)
    _openssl("x509", "-req", "-in", request, "-out", certificate, *signed)
    return Person(certificate, key, ca)


def signed(entity: bytes, by: Person, *, opaque: bool = False) -> bytes:
    """The S/MIME headers and body of an entity somebody signed: detached, or inside the envelope."""
    job = ("-sign", "-signer", by.certificate, "-inkey", by.key, *(("-nodetach",) if opaque else ()))
    return _openssl("cms", *job, content=entity)


def signed_file(content: bytes, by: Person) -> bytes:
    """A file in a signed envelope (DER): what becomes `paspoort.pdf.p7m`."""
    job = ("-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", by.certificate, "-inkey", by.key)
    return _openssl("cms", *job, content=content)


def enveloped(entity: bytes, to: Person) -> bytes:
    """The S/MIME headers and body of an entity that only `to` can read (AES-256-GCM, as of RFC 8551)."""
    return _openssl("cms", "-encrypt", "-aes-256-gcm", to.certificate, content=entity)


def _openssl(*words: object, content: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *map(str, words)], input=content, capture_output=True, check=True).stdout
