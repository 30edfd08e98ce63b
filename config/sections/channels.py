"""How documents come in and messages go out."""

from typing import Literal

from pydantic import Field, model_validator

from config.sections.base import DnsServer, Listen, MailAddress, MaybeListen, Network, Section

_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "::1", "localhost"})


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


class Smime(Section):
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""

    @model_validator(mode="after")
    def _key_is_complete(self) -> "Smime":
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together: give both or neither")
        return self
