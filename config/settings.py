"""Settings: read once, checked completely, frozen, passed as values.

Rule 1: every key has its meaning in `config/example.toml`; a test loads that file and misses none.
Rule 2: an unknown key is an error, and all errors are told at once (P12).
Rule 3: a secret is the path of a file, never a value.
"""

import math
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationError

from config.sections.base import Section
from config.sections.channels import Imap, Outbound, Portal, Smime, Smtp
from config.sections.documents import Files, Limits, Scanners, Views
from config.sections.duties import (
    FICTITIOUS,
    Archive,
    Conditions,
    Designation,
    Letters,
    Outages,
    Requests,
    Retention,
    Staff,
    Terms,
)
from config.sections.evidence import Ledger, Receipts
from config.sections.running import Database, Metrics, Work

ENVIRONMENT_KEY = "HERSTELPOST_CONFIG"
DEFAULT_FILE = "herstelpost.toml"

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


class BadConfiguration(Exception):
    """The configuration cannot be used; `problems` are lines `file: key: problem`, all of them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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
