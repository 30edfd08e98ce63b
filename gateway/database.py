"""The database: one engine, two kinds of transaction, on SQLite and on PostgreSQL.

Rule 1: a write transaction takes its lock at the start, so it never fails half way for a stale read.
Rule 2: a commit that returned survives a power cut (WAL with synchronous=FULL; PostgreSQL's default).
Rule 3: trouble with the database is ours: it leaves here as TryLater.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from gateway.core.errors import TryLater

BUSY_MILLISECONDS = 10_000
POOL_SIZE = 20
LATEST = max(path.name for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))[:4]
"""The version that this code wants; the steps are named by their four-digit version."""

# SQLite reads so by itself; PostgreSQL's default is a new moment with every statement.
_ONE_MOMENT: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class Database:
    """An engine and its transactions. `embedded`: SQLite, one process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.embedded = url.startswith("sqlite")
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(writes=True)
        self._reading = self.engine if self.embedded else self.engine.execution_options(**_ONE_MOMENT)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits on leaving, or has done nothing when it raises.

        Raises TryLater when the database is away, locked or full; whether a lost answer to the commit
        means stored or not stored is unknown, so every caller is safe to repeat.
        """
        with _translated(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One moment, whatever others commit meanwhile; never waits for a writer. Raises TryLater like `write`."""
        with _translated(), Session(self._reading, autoflush=False, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables to this version; safe to repeat, and cheap when there is nothing to do."""
        if self.version() != LATEST:
            from gateway.migrations import upgrade  # noqa: PLC0415  # alembic takes a third of a second to import

            with _translated(), self._writing.begin() as connection:
                upgrade(connection)

    def version(self) -> str | None:
        """The version of the tables; None for an empty database."""
        with _translated(), self.engine.begin() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError):
        # Of our making: trying again with the same values would never help.
        raise
    except (DBAPIError, PoolTimeout) as error:
        raise TryLater(f"database: {str(error).splitlines()[0]}") from error


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=POOL_SIZE, pool_pre_ping=True)
    engine = create_engine(url, pool_size=POOL_SIZE, connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own connection
    # pysqlite's own BEGIN comes too late: 350 of 400 concurrent updates were lost without this.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_MILLISECONDS}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that writes later fails at once with "locked", whatever the busy timeout says.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
