"""What the process itself runs on."""

from pydantic import Field

from config.sections.base import MaybeListen, Section


class Database(Section):
    url: str = Field("", pattern=r"^(|sqlite:///.+|postgresql\+psycopg://.+)$")


class Work(Section):
    workers: int = Field(2, gt=0, le=64)
    lease_seconds: float = Field(600, gt=0)
    later_per_second: float = Field(10, ge=0, le=1000)
    later_when_broken_seconds: float = Field(30, ge=0, le=3600)
    max_attempts: int = Field(5, gt=0)
    receipt_seconds: float = Field(30, gt=0)


class Metrics(Section):
    listen: MaybeListen = "127.0.0.1:9464"
