"""Settings: read once, checked completely, frozen, passed as values.

Rule 1: every key has its meaning in `config/example.toml`; a test loads that file and misses none.
Rule 2: an unknown key is an error, and all errors are told at once (P12).
Rule 3: a secret is the path of a file, never a value.
"""

import ipaddress
import math
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gateway import notes
from gateway.core import kinds
from gateway.core.decision_term import Reading, UnusedTermEnd
from gateway.core.leniency import POSTED_DAYS

ENVIRONMENT_KEY = "HERSTELPOST_CONFIG"
DEFAULT_FILE = "herstelpost.toml"

_LISTEN = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.\-]+):\d{1,5}$"
_MAIL = r"^[^@\s+<>]+@[^@\s<>]+$"
_LAST_PORT = 65535
_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "::1", "localhost"})
_FILE_KEYS = frozenset(
    {
        "tls_cert",
        "tls_key",
        "tls_ca",
        "password_file",
        "client_secret_file",
        "cert_file",
        "key_file",
        "ca_file",
        "decision_terms",
    }
)


def _has_port(address: str) -> str:
    if address and int(address.rpartition(":")[2]) > _LAST_PORT:
        raise ValueError(f"a port is at most {_LAST_PORT}")
    return address


def _is_network(text: str) -> str:
    ipaddress.ip_network(text)
    return text


def _is_number(address: str) -> str:
    ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    return address


Listen = Annotated[str, Field(pattern=_LISTEN), AfterValidator(_has_port)]
MaybeListen = Annotated[str, Field(pattern=r"^$|" + _LISTEN), AfterValidator(_has_port)]
# A name would have to be looked up by what it names.
DnsServer = Annotated[Listen, AfterValidator(_is_number)]
MailAddress = Annotated[str, Field(pattern=_MAIL)]
MaybeMail = Annotated[str, Field(pattern=r"^$|" + _MAIL)]
Network = Annotated[str, AfterValidator(_is_network)]


class BadConfiguration(Exception):
    """The configuration cannot be used; `problems` are lines `file: key: problem`, all of them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """A frozen part of the configuration that takes no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    url: str = Field("", pattern=r"^(|sqlite:///.+|postgresql\+psycopg://.+)$")


class Smtp(Section):
    listen: Listen = "127.0.0.1:2525"
    listen_also: tuple[Listen, ...] = ()
    listen_tls: MaybeListen = ""
    listeners: int = Field(1, gt=0, le=64)
    addresses: tuple[MailAddress, ...] = Field(("documenten@intake.example",), min_length=1)
    hostname: str = "intake.example"
    tls_cert: str = ""
    tls_key: str = ""
    require_tls: bool = False
    max_message_mb: int = Field(64, gt=0, le=1024)
    max_recipients: int = Field(20, gt=0)
    max_line_bytes: int = Field(1_048_576, ge=998)
    max_command_bytes: int = Field(2048, ge=512)
    max_refused_mb: int = Field(1024, gt=0)
    max_commands: int = Field(250, gt=0)
    max_errors: int = Field(10, gt=0)
    max_connections: int = Field(500, gt=0)
    max_connections_per_address: int = Field(50, gt=0)
    max_in_flight: int = Field(250, gt=0)
    max_accepting: int = Field(64, gt=0)
    min_free_mb: int = Field(1024, ge=0)
    idle_seconds: float = Field(120, gt=0)
    minimum_bytes_per_second: int = Field(32, ge=0)
    proxy_peers: tuple[Network, ...] = ()
    proxy_seconds: float = Field(5, gt=0)
    authenticate: Literal["trusted", "own", "off"] = "trusted"
    trusted_authserv: tuple[str, ...] = ()
    authentication_seconds: float = Field(10, ge=1, le=60)
    dns: tuple[DnsServer, ...] = ()

    @model_validator(mode="after")
    def _tls_is_complete(self) -> "Smtp":
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together: give both or neither")
        for key in ("require_tls", "listen_tls"):
            if getattr(self, key) and not self.tls_cert:
                raise ValueError(f"{key} needs tls_cert and tls_key")
        return self


class Portal(Section):
    listen: Listen = "127.0.0.1:8080"
    public_url: str = Field("http://127.0.0.1:8080", pattern=r"^https?://[^/\s]+$")
    organisation: str = "Herstelpost"
    help_phone: str = "088 000 00 00"
    session_minutes: int = Field(60, gt=0)
    max_attempts: int = Field(10, gt=0)
    attempt_window_minutes: int = Field(15, gt=0)
    max_files: int = Field(50, gt=0)
    view_minutes: int = Field(15, ge=0)
    file_password_attempts: int = Field(5, gt=0)
    file_password_attempts_per_person: int = Field(20, gt=0)
    file_password_window_minutes: int = Field(60, gt=0, le=1440)


class Requests(Section):
    templates_dir: str = ""
    reference_prefix: str = Field("HV", pattern=r"^[A-Za-z0-9]{1,20}$")
    import_mb: int = Field(5, gt=0, le=7)  # the portal takes plain bodies up to 8
    import_rows: int = Field(5000, gt=0)


class Oauth2(Section):
    token_url: str = Field(pattern=r"^https?://")
    client_id: str
    client_secret_file: str
    scope: str = ""


class Imap(Section):
    host: str
    port: int = Field(993, gt=0, lt=65536)
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    tls_ca: str = ""
    username: str
    password_file: str = ""
    oauth2: Oauth2 | None = None
    mailbox: str = "INBOX"
    after: str = Field("flag", pattern=r"^(flag|leave|move:.+)$")
    poll_seconds: float = Field(30, gt=0)

    @model_validator(mode="after")
    def _can_sign_in(self) -> "Imap":
        if bool(self.password_file) == bool(self.oauth2):
            raise ValueError("give either password_file or an oauth2 table")
        if self.tls == "none" and self.host not in _LOOPBACK:
            raise ValueError('tls = "none" is for the loopback only; use "implicit" or "starttls"')
        return self


class Outbound(Section):
    smarthost: MaybeListen = ""
    tls: Literal["none", "starttls", "implicit"] = "none"
    username: str = ""
    password_file: str = ""
    from_address: MailAddress = "documenten@intake.example"
    from_name: str = "Herstelpost"
    max_attempts: int = Field(12, gt=0)

    @model_validator(mode="after")
    def _can_sign_in(self) -> "Outbound":
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file belong together: give both or neither")
        if self.username and self.tls == "none" and self.smarthost.rpartition(":")[0] not in _LOOPBACK:
            raise ValueError('a password needs tls = "starttls" or "implicit", unless the smarthost is on the loopback')
        return self


class Letters(Section):
    release_at_import: bool = False
    postal_address: str = Field("Postbus 1, 1000 AA Voorbeeldstad", min_length=1)
    notice_alarm_hours: float = Field(24, gt=0, le=48)
    resend_minutes: float = Field(60, ge=0)
    full_notice_from: date = date(2027, 1, 1)
    reminder_days: tuple[Annotated[int, Field(ge=0, le=90)], ...] = (7, 2)


class Staff(Section):
    """Who is told what by itself."""

    desk_mail: MaybeMail = ""
    officer: str = ""
    officer_mail: MaybeMail = ""
    team_lead_mail: MaybeMail = ""
    team_lead_days: int = Field(2, ge=0, le=28)


class Scanners(Section):
    clamd: str = Field("", pattern=r"^(|unix:/.+|unix:[^/].*|tcp:.+:\d+)$")
    canary_seconds: float = Field(3600, gt=0)
    timeout_seconds: float = Field(120, gt=0)
    wait_hours: float = Field(24, ge=0)
    at_once: int = Field(4, gt=0)
    rescan: bool = True
    rescan_minutes: float = Field(10, gt=0)
    rescan_batch: int = Field(100, gt=0)
    rescan_days: float = Field(7, gt=0)


class Smime(Section):
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""

    @model_validator(mode="after")
    def _key_is_complete(self) -> "Smime":
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together: give both or neither")
        return self


class Limits(Section):
    submission_mb: int = Field(30, gt=0)
    counts: Literal["files", "message"] = "files"
    parts: int = Field(500, gt=0)
    depth: int = Field(10, gt=0)
    unpacked_mb: int = Field(300, gt=0)
    ratio: int = Field(200, gt=1)
    child_memory_mb: int = Field(512, ge=128)
    child_cpu_seconds: int = Field(30, gt=0)
    child_wall_seconds: float = Field(60, gt=0)


def _is_kind(name: str) -> str:
    return _known(name, kinds.ALL)


def _has_words(name: str) -> str:
    return _known(name, kinds.NAMES)


def _known(name: str, known: Collection[str]) -> str:
    if name not in known:
        raise ValueError(f"unknown kind {name!r}; one of {', '.join(sorted(known))}")
    return name


Sentences = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]


class FileWords(Section):
    """What the sender of a kind of file that is not taken reads, in the office's own words."""

    kind: Annotated[str, AfterValidator(_has_words)]
    why_nl: Sentences
    way_round_nl: Sentences
    why_en: Sentences
    way_round_en: Sentences


class Files(Section):
    accepted: tuple[Annotated[str, AfterValidator(_is_kind)], ...] = kinds.ALL
    words: tuple[FileWords, ...] = ()

    @model_validator(mode="after")
    def _has_a_way_round(self) -> "Files":
        if kinds.NEEDED not in self.accepted:
            raise ValueError(f"accepted must hold {kinds.NEEDED!r}: whoever sent another kind is told to make one")
        for given in self.words:
            if given.kind in self.accepted:
                raise ValueError(f"words for {given.kind!r}, which is accepted: nobody would read them")
        return self

    @property
    def taken(self) -> kinds.Taken:
        """Which kinds are taken, and what the sender of another one reads."""
        own = {
            w.kind: {"nl": kinds.Words(w.why_nl, w.way_round_nl), "en": kinds.Words(w.why_en, w.way_round_en)}
            for w in self.words
        }
        return kinds.Taken(self.accepted, own)


class Views(Section):
    libreoffice: str = Field("", pattern=r"^(|none|/.+)$")
    memory_mb: int = Field(1536, ge=512)
    seconds: int = Field(60, gt=0)


def _is_witness_key(vkey: str) -> str:
    if notes.parse_vkey(vkey).kind != notes.COSIGNATURE:
        raise ValueError("is a log's key; a witness's own is printed by `herstelpost witness vkey`")
    return vkey


class Witness(Section):
    url: str = Field(pattern=r"^https?://\S*[^/\s]$")
    vkey: Annotated[str, AfterValidator(_is_witness_key)]


class Tsa(Section):
    url: str = Field("", pattern=r"^(|https?://\S+)$")
    ca_file: str = ""
    minutes: float = Field(60, gt=0)
    receipts: bool = True

    @model_validator(mode="after")
    def _can_be_checked(self) -> "Tsa":
        if self.url and not self.ca_file:
            raise ValueError("url needs ca_file: a time stamp that nobody can check is worth nothing")
        return self


class Ledger(Section):
    origin: str = Field("herstelpost.example/intake", pattern=r"^[^\s+]+$")
    key_file: str = ""
    register_key_file: str = ""
    close_minutes: float = Field(60, gt=0)
    check_hours: float = Field(24, gt=0)
    check_content: bool = True
    witnesses: tuple[Witness, ...] = ()
    tsa: Tsa = Tsa()


class Designation(Section):
    """By which decision of the body a channel is the designated way for a type of message (Awb 2:13 lid 2)."""

    message_type: Literal["stukken_bij_herstelverzoek"] = "stukken_bij_herstelverzoek"
    channel: Literal["email", "portaal"]
    reference: str = Field(pattern=r"\S")
    in_force: date


FICTITIOUS = "FICTIEF VOORBEELD, geen besluit"


class Conditions(Section):
    profile: Literal["by_date", "awb-tot-2026", "awb-vanaf-2026"] = "by_date"


class Terms(Section):
    unused_term_end: UnusedTermEnd = UnusedTermEnd.LAST_DAY
    own_terms_move: bool = True
    same_items_suspend: bool = False
    posted_days: int = Field(POSTED_DAYS, ge=0, le=31)
    warn_days: tuple[Annotated[int, Field(ge=0, le=28)], ...] = (7, 2, 0)
    decision_terms: str = ""

    @property
    def reading(self) -> Reading:
        """How the decision term is read where the law leaves room."""
        return Reading(self.unused_term_end, self.same_items_suspend)


class Outages(Section):
    days: int = Field(1, gt=0, le=31)
    watch_seconds: float = Field(60, ge=0)
    gap_seconds: float = Field(300, gt=0)
    message_minutes: float = Field(60, ge=0)
    smtp: MaybeListen = ""
    portal: MaybeListen = ""
    announce_days: int = Field(14, ge=0)

    @model_validator(mode="after")
    def _can_see_a_gap(self) -> "Outages":
        if self.watch_seconds and self.gap_seconds < 2 * self.watch_seconds:
            raise ValueError("gap_seconds must be at least twice watch_seconds, or every late look is an outage")
        return self


class Receipts(Section):
    wait_seconds: float = Field(15, ge=0, le=45)
    seal_cert: str = ""
    seal_key: str = ""

    @model_validator(mode="after")
    def _seal_is_complete(self) -> "Receipts":
        if bool(self.seal_cert) != bool(self.seal_key):
            raise ValueError("seal_cert and seal_key belong together: give both or neither")
        return self


class Kept(Section):
    """How long one type is kept, and why."""

    days: int = Field(ge=0)
    ground: str = Field(min_length=1)
    list_item: str = ""


class KeptKind(Kept):
    kind: str = Field(min_length=1)


_AFTER_HANDOVER = "AVG art. 5 lid 1 e: het zaaksysteem heeft de stukken; wij hebben ze niet meer nodig"


class Retention(Section):
    erase: bool = True
    minutes: float = Field(60, gt=0)
    batch: int = Field(100, gt=0, le=10_000)
    handed_over: Kept = Kept(days=28, ground=_AFTER_HANDOVER)
    without_request: Kept = Kept(days=365, ground="AVG art. 5 lid 1 e: bij geen verzoek te leggen, en afgehandeld")
    request: Kept = Kept(days=28, ground=_AFTER_HANDOVER)
    refused: Kept = Kept(days=1095, ground="BIO2 5.28.01: gegevens over voorvallen minstens drie jaar")
    access: Kept = Kept(days=1095, ground="BIO2 5.28.01: gegevens over voorvallen minstens drie jaar")
    kinds: tuple[KeptKind, ...] = ()


class Archive(Section):
    creator: str = ""
    creator_id: str = ""
    appraisal: Literal["B", "V", "N"] = "N"
    selection_list: str = ""
    category: str = ""
    restriction: str = Field("Nader te bepalen", min_length=1)


class Work(Section):
    workers: int = Field(2, gt=0, le=64)
    lease_seconds: float = Field(600, gt=0)
    later_per_second: float = Field(10, ge=0, le=1000)
    later_when_broken_seconds: float = Field(30, ge=0, le=3600)
    max_attempts: int = Field(5, gt=0)
    receipt_seconds: float = Field(30, gt=0)


class Metrics(Section):
    listen: MaybeListen = "127.0.0.1:9464"


def _resolved(path: object) -> object:
    return Path(path) if isinstance(path, str) else path


class Settings(Section):
    """The whole configuration."""

    data_dir: Annotated[Path, BeforeValidator(_resolved)] = Path("data")
    calendar: Literal["nl"] = "nl"
    database: Database = Database()
    smtp: Smtp = Smtp()
    portal: Portal = Portal()
    requests: Requests = Requests()
    imap: tuple[Imap, ...] = ()
    outbound: Outbound = Outbound()
    letters: Letters = Letters()
    staff: Staff = Staff()
    scanners: Scanners = Scanners()
    smime: Smime = Smime()
    limits: Limits = Limits()
    files: Files = Files()
    views: Views = Views()
    ledger: Ledger = Ledger()
    designations: tuple[Designation, ...] = (
        Designation(channel="email", reference=FICTITIOUS, in_force=date(2026, 1, 1)),
        Designation(channel="portaal", reference=FICTITIOUS, in_force=date(2026, 1, 1)),
    )
    conditions: Conditions = Conditions()
    terms: Terms = Terms()
    outages: Outages = Outages()
    receipts: Receipts = Receipts()
    retention: Retention = Retention()
    archive: Archive = Archive()
    work: Work = Work()
    metrics: Metrics = Metrics()

    @property
    def database_url(self) -> str:
        """The database's address; the embedded default lies in the data directory."""
        return self.database.url or f"sqlite:///{self.data_dir / 'herstelpost.db'}"

    @property
    def clamd_address(self) -> str:
        """Where the malware scanner listens; by default the private one that `make run` starts."""
        return self.scanners.clamd or f"unix:{(self.data_dir / 'clamd' / 'clamd.sock').absolute()}"

    @property
    def ledger_key(self) -> Path:
        """The private key of the ledger's checkpoints; made on the first start of the embedded default."""
        return Path(self.ledger.key_file) if self.ledger.key_file else self.data_dir / "ledger.pem"

    def undesignated(self, channels: Collection[str], today: date) -> tuple[str, ...]:
        """Those of the channels (`email`, `portaal`) that no decision in force today designates (Awb 2:13 lid 2)."""
        designated = {designation.channel for designation in self.designations if designation.in_force <= today}
        return tuple(channel for channel in channels if channel not in designated)

    @property
    def fictitious_designations(self) -> tuple[str, ...]:
        """The channels that stand on the example of a decision, not on one of the body."""
        return tuple(d.channel for d in self.designations if d.reference == FICTITIOUS)

    @property
    def register_key(self) -> Path:
        """The private key of the register's marks; made on the first start of the embedded default."""
        return Path(self.ledger.register_key_file) if self.ledger.register_key_file else self.data_dir / "register.pem"

    @property
    def trusted_authserv(self) -> tuple[str, ...]:
        """Whose `Authentication-Results` are believed: our own name exactly when our own checks are on."""
        if self.smtp.authenticate == "off":
            return ()
        own = (self.smtp.hostname,) if self.smtp.authenticate == "own" else ()
        return (*own, *self.smtp.trusted_authserv)

    @property
    def ledger_vkeys(self) -> Path:
        """All keys that the ledger ever had, to be published; made when its key is replaced."""
        return self.data_dir / "ledger.vkeys"

    @property
    def cap_bytes(self) -> int:
        """The most that one submission may hold, inclusive."""
        return self.limits.submission_mb * 1024 * 1024

    @property
    def max_message_bytes(self) -> int:
        """The most that the listener reads of one message; above it the answer is 552."""
        if self.limits.counts == "message":
            return self.cap_bytes
        return self.smtp.max_message_mb * 1024 * 1024


def load(path: str | None = None, environment: Mapping[str, str] = os.environ) -> tuple[Settings, str]:
    """The settings and the name of where they came from.

    `path`, else the file that HERSTELPOST_CONFIG names, else ./herstelpost.toml, else the embedded default.
    Raises BadConfiguration with every problem.
    """
    named = path or environment.get(ENVIRONMENT_KEY)
    if named is None and not Path(DEFAULT_FILE).exists():
        return Settings(), "embedded default"
    name = named or DEFAULT_FILE
    try:
        with Path(name).open("rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise BadConfiguration((f"{name}: -: cannot be read: {error.strerror}",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration((f"{name}: -: is not TOML: {error}",)) from error
    return parse(values, name), name


def parse(values: Mapping[str, object], name: str) -> Settings:
    """The settings in `values`. Raises BadConfiguration, each line starting with `name`."""
    problems = list(_missing_files(values))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += _plain(error)
    else:
        problems += _contradictions(settings)
    if problems:
        raise BadConfiguration(tuple(f"{name}: {key}: {problem}" for key, problem in problems))
    return settings


_WORDS = {
    "extra_forbidden": "unknown key; see `herstelpost example-config`",
    "string_pattern_mismatch": "has not the right form; see `herstelpost example-config`",
    "missing": "is missing",
    "too_short": "needs at least one",
    "path_type": "must be a path",
    "model_type": "must be a table",
    "tuple_type": "must be a list",
}


def _plain(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Each problem as (key, words). A list with a bad member is not also too short; pydantic counts the good ones."""
    errors = error.errors()
    within = {e["loc"][:-1] for e in errors}
    for e in errors:
        if e["type"] != "too_short" or e["loc"] not in within:
            message = e["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            yield ".".join(map(str, e["loc"])) or "-", _WORDS.get(e["type"], message)


def _missing_files(values: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every named file that is not there, also when something else is wrong: all is told at once."""
    items = values.items() if isinstance(values, Mapping) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        place = (*path, str(key))
        if key in _FILE_KEYS and isinstance(value, str):
            if value and not Path(value).is_file():
                yield ".".join(place), f"no such file: {value}"
        else:
            yield from _missing_files(value, place)


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong between keys of which each is fine."""
    limits, smtp = settings.limits, settings.smtp
    # base64 makes 57 bytes 78, line end included; without room for it the promised cap is a lie (R04).
    encoded = limits.submission_mb * 78 / 57 + 1
    if limits.counts == "files" and smtp.max_message_mb < encoded:
        yield (
            "smtp.max_message_mb",
            f"must be at least {math.ceil(encoded)} to let {limits.submission_mb} MB of documents in (base64)",
        )
    if limits.unpacked_mb < limits.submission_mb:
        yield "limits.unpacked_mb", f"must be at least limits.submission_mb ({limits.submission_mb})"
    listeners = [
        ("smtp.listen", smtp.listen),
        *(("smtp.listen_also", address) for address in smtp.listen_also),
        ("smtp.listen_tls", smtp.listen_tls),
        ("portal.listen", settings.portal.listen),
    ]
    taken = {settings.metrics.listen: "metrics.listen"}
    for key, address in listeners:
        if address and (other := taken.get(address)) and not address.endswith(":0"):
            yield key, f"{address} is already taken by {other}"
        taken[address] = key
