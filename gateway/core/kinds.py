"""Kinds of file: those that an office can take, and what the sender of any other reads.

Rule 1: an office takes what its configuration lists (`[files]`); only what we can check can stand in that list.
Rule 2: of every other kind its sender reads what we saw, and the way round; all of them lead to a PDF.
Rule 3: Dutch at level B1, English beside it; an office may put its own words in the place of ours.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
DOCX: Final = _OOXML + "wordprocessingml.document"
XLSX: Final = _OOXML + "spreadsheetml.sheet"
PPTX: Final = _OOXML + "presentationml.presentation"
ODT: Final = _ODF + "text"
ODS: Final = _ODF + "spreadsheet"
EML: Final = "message/rfc822"
MSG: Final = "application/vnd.ms-outlook"
PAGES: Final = "application/vnd.apple.pages"
NUMBERS: Final = "application/vnd.apple.numbers"
KEYNOTE: Final = "application/vnd.apple.keynote"


@dataclass(frozen=True)
class Kind:
    """A kind that an office can take. `shown`: how the list for senders names it, among others of its family."""

    media_type: str
    family: str
    shown: str
    extensions: frozenset[str]


def _kind(media_type: str, family: str, shown: str, extensions: str) -> Kind:
    return Kind(media_type, family, shown, frozenset(extensions.split()))


DOCUMENTS: Final[Mapping[str, Kind]] = {
    "pdf": _kind("application/pdf", "pdf", "", ".pdf"),
    "jpg": _kind("image/jpeg", "photo", "JPG", ".jpg .jpeg .jpe .jfif"),
    "png": _kind("image/png", "photo", "PNG", ".png"),
    "heic": _kind("image/heic", "photo", "HEIC", ".heic .heif"),
    "tiff": _kind("image/tiff", "photo", "TIFF", ".tif .tiff"),
    "webp": _kind("image/webp", "photo", "WebP", ".webp"),
    "gif": _kind("image/gif", "photo", "GIF", ".gif"),
    "docx": _kind(DOCX, "word", "docx", ".docx"),
    "doc": _kind("application/msword", "word", "doc", ".doc"),
    "xlsx": _kind(XLSX, "excel", "xlsx", ".xlsx"),
    "xls": _kind("application/vnd.ms-excel", "excel", "xls", ".xls"),
    "odt": _kind(ODT, "opendocument", "odt", ".odt"),
    "ods": _kind(ODS, "opendocument", "ods", ".ods"),
    "rtf": _kind("text/rtf", "text", "rtf", ".rtf .doc"),
    "txt": _kind("text/plain", "text", "txt", ".txt .text .csv .md .asc .log"),
    "eml": _kind(EML, "mail", "eml", ".eml"),
    "msg": _kind(MSG, "mail", "msg", ".msg"),
}
"""By their names in the configuration, in the order in which senders read them."""

CONTAINERS: Final[Mapping[str, tuple[str, ...]]] = {
    "zip": ("application/zip",),
    "7z": ("application/x-7z-compressed",),
    "rar": ("application/x-rar", "application/vnd.rar"),
    "tar": ("application/x-tar",),
    "gz": ("application/gzip",),
    "bz2": ("application/x-bzip2",),
    "xz": ("application/x-xz",),
}
"""What the reader opens, by its name in the configuration; what is inside is judged by itself."""

NEEDED: Final = "pdf"
"""The kind that every way round leads to."""

EXTENSIONS: Final[Mapping[str, frozenset[str]]] = {kind.media_type: kind.extensions for kind in DOCUMENTS.values()}
"""The endings of a file name that fit a media type."""

_OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "pages": (PAGES,),
    "numbers": (NUMBERS,),
    "keynote": (KEYNOTE,),
    "slides": (PPTX, "application/vnd.ms-powerpoint", _ODF + "presentation"),
    "webpage": ("text/html", "application/xhtml+xml", "multipart/related"),
    "drawing": ("image/svg+xml", "image/vnd.dwg", "image/vnd.dxf", "application/vnd.visio", _ODF + "graphics"),
    "image": ("image/",),
    "video": ("video/", "application/vnd.rn-realmedia", "application/x-shockwave-flash"),
    "audio": ("audio/",),
    "program": (
        "application/vnd.microsoft.portable-executable", "application/x-dosexec", "application/x-executable",
        "application/x-pie-executable", "application/x-sharedlib", "application/x-object", "application/x-mach-binary",
        "application/x-msi", "application/java-archive", "application/x-java-applet",
        "application/vnd.android.package-archive", "application/x-mswinurl", "application/x-ms-shortcut",
        "application/javascript", "text/javascript", "text/x-",
    ),
    "print": (
        "application/epub+zip", "application/postscript", "application/vnd.ms-xpsdocument", "application/oxps",
        "image/vnd.djvu", "application/onenote", "application/x-dvi",
    ),
    "disk": (
        "application/x-iso9660-image", "application/x-apple-diskimage", "application/vnd.ms-cab-compressed",
        "application/zstd", "application/x-lzma", "application/x-lzh-compressed", "application/x-lz4",
        "application/x-cpio", "application/x-arj",
    ),
    "mailbox": ("application/mbox", "application/vnd.ms-outlook-pst"),
    "card": ("text/vcard", "text/calendar"),
    "data": (
        "text/xml", "application/xml", "application/json", "application/x-ndjson", "application/x-sqlite3",
        "application/vnd.sqlite3", "application/x-msaccess", "application/x-dbf",
    ),
}  # fmt: skip
"""Kinds that nobody takes and that have words of their own, by media type or (with its last mark) a whole branch."""

OTHER: Final = "other"
NAMES: Final = frozenset({*DOCUMENTS, *CONTAINERS, *_OTHERS, OTHER})
"""Every kind that words can be given for."""

ALL: Final = (*DOCUMENTS, *CONTAINERS)
"""What can be taken, and is when the configuration says nothing else."""


@dataclass(frozen=True)
class Words:
    """What the sender of a file that is not taken reads: what we saw, and the way round."""

    why: str
    way_round: str


@dataclass(frozen=True)
class Taken:
    """Which kinds an office takes, by name, and its own words (kind, then language) for those that it does not."""

    names: Collection[str] = ALL
    own: Mapping[str, Mapping[str, Words]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def media_types(self) -> frozenset[str]:
        """Those of the documents; a container is no document."""
        return frozenset(kind.media_type for name, kind in DOCUMENTS.items() if name in self.names)

    @property
    def opened(self) -> tuple[str, ...]:
        """The kinds in which the reader looks for documents: containers and saved mail."""
        return tuple(name for name in (*CONTAINERS, "eml", "msg") if name in self.names)

    def listed(self, language: str) -> str:
        """The documents that are taken, as a list in a sentence: `PDF, photos (JPG, PNG) and text (txt)`."""
        families: dict[str, list[str]] = {}
        for name, kind in DOCUMENTS.items():
            if name in self.names:
                families.setdefault(kind.family, []).append(kind.shown)
        *first, last = (_family(family, shown, language) for family, shown in families.items())
        return f"{', '.join(first)} {_AND[language]} {last}" if first else last

    def words(self, media_type: str, language: str) -> Words:
        """What the sender of a file of this type reads, in `nl` or `en`."""
        name = kind_of(media_type)
        if name in self.own:
            return self.own[name][language]
        key = next(key for key in (name, _family_of(name), OTHER) if key in _WORDS)
        return Words(*_WORDS[key][_LANGUAGE_AT[language]])


DEFAULT: Final = Taken()


def kind_of(media_type: str) -> str:
    """The name of the kind that a media type is of; `other` when we know none."""
    if media_type in _BY_MEDIA_TYPE:
        return _BY_MEDIA_TYPE[media_type]
    branch = next((b for b in _BY_MEDIA_TYPE if b[-1] in "/-" and media_type.startswith(b)), "")
    return _BY_MEDIA_TYPE.get(branch, OTHER)


_BY_MEDIA_TYPE: Final[Mapping[str, str]] = {
    **{kind.media_type: name for name, kind in DOCUMENTS.items()},
    **{media_type: name for kinds in (CONTAINERS, _OTHERS) for name, types in kinds.items() for media_type in types},
}


def _family(family: str, shown: list[str], language: str) -> str:
    label = _FAMILIES[family][_LANGUAGE_AT[language]]
    return f"{label} ({', '.join(shown)})" if all(shown) else label


def _family_of(name: str) -> str:
    return DOCUMENTS[name].family if name in DOCUMENTS else "packed" if name in CONTAINERS else ""


# ---- words ---------------------------------------------------------------------------------------

_LANGUAGE_AT: Final = {"nl": 0, "en": 1}
_AND: Final = {"nl": "en", "en": "and"}
_FAMILIES: Final = {
    "pdf": ("PDF", "PDF"),
    "photo": ("foto's", "photos"),
    "word": ("Word", "Word"),
    "excel": ("Excel", "Excel"),
    "opendocument": ("OpenDocument", "OpenDocument"),
    "text": ("tekst", "text"),
    "mail": ("bewaarde e-mails", "saved e-mails"),
}

_InBoth = tuple[tuple[str, str], tuple[str, str]]


def _of_program(program: str, save: tuple[str, str]) -> _InBoth:
    return (
        (
            f"Dit is een bestand van {program}. Dat kunnen wij niet gebruiken.",
            f"Open het in {program}. {save[0]} Stuur de PDF.",
        ),
        (f"This is a file of {program}. We cannot use it.", f"Open it in {program}. {save[1]} Send the PDF."),
    )


_SAVE_AS: Final = ("Kies Opslaan als, en dan PDF.", "Choose Save as, and then PDF.")
_EXPORT: Final = ("Kies Exporteer, en dan PDF.", "Choose Export, and then PDF.")

_WORDS: Final[Mapping[str, _InBoth]] = {
    "word": _of_program("Word", _SAVE_AS),
    "excel": _of_program("Excel", _SAVE_AS),
    "opendocument": _of_program("LibreOffice", ("Kies Exporteren als PDF.", "Choose Export as PDF.")),
    "pages": _of_program("Pages", _EXPORT),
    "numbers": _of_program("Numbers", _EXPORT),
    "keynote": _of_program("Keynote", _EXPORT),
    "text": (
        ("Dit is een bestand met alleen tekst. Dat kunnen wij niet gebruiken.", "Druk het af naar PDF. Stuur de PDF."),
        ("This is a file with only text. We cannot use it.", "Print it to PDF. Send the PDF."),
    ),
    "mail": (
        (
            "Dit is een bewaarde e-mail. Die kunnen wij niet gebruiken.",
            "Open de e-mail en druk die af naar PDF. Stuur de PDF, en de bijlagen los.",
        ),
        (
            "This is a saved e-mail. We cannot use it.",
            "Open the e-mail and print it to PDF. Send the PDF, and its attachments one by one.",
        ),
    ),
    "packed": (
        ("Dit is een ingepakt bestand. Wij pakken het niet uit.", "Pak het zelf uit. Stuur de documenten los."),
        ("This is a packed file. We do not unpack it.", "Unpack it yourself. Send the documents one by one."),
    ),
    "disk": (
        (
            "In dit bestand zitten andere bestanden. Wij kunnen ze er niet uit halen.",
            "Haal de documenten er zelf uit. Stuur ze los.",
        ),
        (
            "This file holds other files. We cannot take them out.",
            "Take the documents out yourself. Send them one by one.",
        ),
    ),
    "photo": (
        ("Deze soort foto kunnen wij niet gebruiken.", "Bewaar de foto als PDF. Stuur de PDF."),
        ("We cannot use this kind of photo.", "Save the photo as PDF. Send the PDF."),
    ),
    "image": (
        (
            "Deze soort foto kunnen wij niet gebruiken.",
            "Bewaar de foto als PDF. Of maak een nieuwe foto met uw telefoon. Stuur dat bestand.",
        ),
        (
            "We cannot use this kind of photo.",
            "Save the photo as PDF. Or take a new photo with your phone. Send that file.",
        ),
    ),
    "slides": (
        ("Dit is een presentatie. Die kunnen wij niet gebruiken.", "Bewaar de presentatie als PDF. Stuur de PDF."),
        ("This is a presentation. We cannot use it.", "Save the presentation as PDF. Send the PDF."),
    ),
    "webpage": (
        (
            "Dit is een webpagina. Die kan een programma bevatten.",
            "Open de pagina en druk die af naar PDF. Stuur de PDF.",
        ),
        ("This is a web page. There may be a program in it.", "Open the page and print it to PDF. Send the PDF."),
    ),
    "drawing": (
        ("Dit is een tekening die wij niet kunnen openen.", "Bewaar de tekening als PDF. Stuur de PDF."),
        ("This is a drawing that we cannot open.", "Save the drawing as PDF. Send the PDF."),
    ),
    "video": (
        ("Dit is een video. Die kunnen wij niet gebruiken.", "Maak van elke bladzijde een scan of foto. Stuur die."),
        ("This is a video. We cannot use it.", "Make a scan or photo of each page. Send those."),
    ),
    "audio": (
        ("Dit is een geluidsopname. Die kunnen wij niet gebruiken.", "Schrijf op wat u wilt zeggen. Of bel ons."),
        ("This is a sound recording. We cannot use it.", "Write down what you want to say. Or call us."),
    ),
    "program": (
        (
            "Dit is een programma of een snelkoppeling, en geen document.",
            "Stuur het document zelf, bijvoorbeeld als PDF. Of maak er een scan of foto van.",
        ),
        (
            "This is a program or a shortcut, and no document.",
            "Send the document itself, for example as PDF. Or make a scan or photo of it.",
        ),
    ),
    "print": (
        ("Dit bestand kunnen wij niet openen.", "Open het zelf en druk het af naar PDF. Stuur de PDF."),
        ("We cannot open this file.", "Open it yourself and print it to PDF. Send the PDF."),
    ),
    "mailbox": (
        ("Dit is een hele mailbox.", "Kies de e-mails die u wilt sturen. Druk elke e-mail af naar PDF en stuur die."),
        ("This is a whole mailbox.", "Choose the e-mails you want to send. Print each of them to PDF and send those."),
    ),
    "card": (
        (
            "Dit is een visitekaartje of een afspraak, en geen document.",
            "Stuur het document zelf, bijvoorbeeld als PDF. Of maak er een scan of foto van.",
        ),
        (
            "This is a visiting card or an appointment, and no document.",
            "Send the document itself, for example as PDF. Or make a scan or photo of it.",
        ),
    ),
    "data": (
        ("Dit is een bestand met gegevens voor een computer.", "Druk de gegevens af naar PDF. Stuur de PDF."),
        ("This is a file with data for a computer.", "Print the data to PDF. Send the PDF."),
    ),
    OTHER: (
        (
            "Dit soort bestand kunnen wij niet gebruiken.",
            "Bewaar het document als PDF. Of maak een scan of foto. Stuur dat bestand opnieuw.",
        ),
        (
            "We cannot use this kind of file.",
            "Save the document as PDF. Or make a scan or photo. Send that file again.",
        ),
    ),
}
"""By kind, or else by family."""
