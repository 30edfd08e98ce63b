"""The database: one engine, two kinds of transaction, on SQLite and on PostgreSQL.

Rule 1: a write transaction takes its lock at the start, so it never fails half way for a stale read.
Rule 2: a commit that returned survives a power cut (WAL with synchronous=FULL; PostgreSQL's default), with all before
it; but for one that its caller said need not last by itself.
Rule 3: trouble with the database is ours: it leaves here as TryLater.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import (
    ClauseElement,
    ColumnDefault,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Executable,
    LargeBinary,
    SQLColumnExpression,
    Table,
    create_engine,
    event,
    inspect,
    or_,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DataError, DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import Session

from gateway.core.errors import TryLater

BUSY_MILLISECONDS = 10_000
POOL_SIZE = 20
CLOCKS_DIFFER = timedelta(minutes=1)  # of two processes, at the most
CHECKPOINT_PAGES = 4000  # 16 MB: most pages are written many times before they are copied into the database
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
        self._writing_for_now = self.engine.execution_options(writes=True, lasting=False)
        self._reading = self.engine if self.embedded else self.engine.execution_options(**_ONE_MOMENT)
        self._writers = threading.Lock()

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Session]:
        """A transaction that commits on leaving, or has done nothing when it raises.

        Not `lasting`: it waits for no disk; until the next one that is, a power cut may take it back. For what is
        found out again from what lasts.
        Raises TryLater when the database is away, locked or full; whether a lost answer to the commit means stored or
        not stored is unknown, so every caller is safe to repeat.
        """
        with (
            self._turn(),
            _translated(),
            Session(self._writing if lasting else self._writing_for_now, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def write_rows(self) -> Iterator[Connection]:
        """`write` without objects: for `Prepared` statements."""
        with self._turn(), _translated(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Threads that write wait here for one another: SQLite itself looks again after ever longer naps."""
        if not self.embedded:
            yield
        elif not self._writers.acquire(timeout=BUSY_MILLISECONDS / 1000):
            raise TryLater("database: others write for too long")
        else:
            try:
                yield
            finally:
                self._writers.release()

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

    def scrub(self) -> None:
        """Overwrite what was erased as far as this database can: nothing of it is left in files of SQLite.

        PostgreSQL gives the room back for use; its write-ahead log and the disk below are the operator's.
        Raises TryLater when a reader is in the way; what was erased is erased, and the next time does the rest.
        """
        statement = "PRAGMA wal_checkpoint(TRUNCATE)" if self.embedded else "VACUUM"
        with _translated(), self.engine.connect() as connection:
            direct = connection.execution_options(isolation_level="AUTOCOMMIT")
            row = direct.exec_driver_sql(statement)
            if self.embedded and row.scalar():
                raise TryLater("database: somebody reads; the write-ahead log could not be emptied now")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class Prepared:
    """A statement that is compiled once and given to the driver as it is.

    For the few statements that every message needs: to find a compiled statement again and to make objects around
    its result takes SQLAlchemy ten times as long as it takes SQLite to execute it. Values given in the statement
    itself are constants. Raises what `Connection.execute` raises.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of the result, in the driver's own types; none for a statement that returns none."""
        form = self._form(connection)
        with _cursor(connection, form.sql) as cursor:
            cursor.execute(form.sql, form.bound(values))
            return list(cursor.fetchall()) if cursor.description else []

    def run_all(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it once with each of these values."""
        form = self._form(connection)
        with _cursor(connection, form.sql) as cursor:
            cursor.executemany(form.sql, [form.bound(values) for values in rows])

    def _form(self, connection: Connection) -> "_Form":
        known = self._forms.get(connection.dialect.name)
        if known is None:
            known = self._forms[connection.dialect.name] = _Form(self._statement, connection.dialect)
        return known


class _Form:
    """A statement in the words of one driver."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = cast("SQLCompiler", cast("ClauseElement", statement).compile(dialect=dialect))
        self.sql = str(compiled)
        types = {name: bound.type.dialect_impl(dialect) for name, bound in compiled.binds.items()}
        # Both drivers take bytes as they are; to wrap them as SQLAlchemy does takes longer than to hash them.
        processors = {n: t.bind_processor(dialect) for n, t in types.items() if not isinstance(t, LargeBinary)}
        self._processors = [(name, process) for name, process in processors.items() if process is not None]
        given = {name: bound.value for name, bound in compiled.binds.items() if not bound.required}
        self._constants: dict[str, Any] = {}
        self._constants = self.bound(given)

    def bound(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the driver takes them."""
        given = {**self._constants, **values}
        for name, process in self._processors:
            if name in values:
                given[name] = process(values[name])
        return given


@contextmanager
def _cursor(connection: Connection, sql: str) -> Iterator[DBAPICursor]:
    module = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except module.Error as error:
        raise DBAPIError.instance(sql, None, error, module.Error, dialect=connection.dialect) from error
    finally:
        cursor.close()


def is_due(column: SQLColumnExpression[Any], now: datetime, longest: timedelta) -> ColumnElement[bool]:
    """The condition that the moment in a column has come, which was at most `longest` ahead when it was written.

    One further ahead stems from a clock that was set back since; it would not come for as long as that.
    """
    return or_(column <= now, column > now + longest + CLOCKS_DIFFER)


def constants(table: Table) -> dict[str, Any]:
    """The values of a table's columns that have a default, for the insertion of rows that do not name them."""
    values = {column.name: column.default.arg for column in table.columns if isinstance(column.default, ColumnDefault)}
    return {name: value(None) if callable(value) else value for name, value in values.items()}


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
        engine = create_engine(url, pool_size=POOL_SIZE, pool_pre_ping=True)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    # The connection that wrote last has the pages of the next one in its cache; any other has to read them again.
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        pool_use_lifo=True,
        paramstyle="named",
        connect_args={"timeout": BUSY_MILLISECONDS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "connect", _remember_file)
    event.listen(engine, "checkout", _refuse_a_file_that_is_gone)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ANN401  # the driver's own connection
    # pysqlite's own BEGIN comes too late: 350 of 400 concurrent updates were lost without this.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        f"busy_timeout={BUSY_MILLISECONDS}",
        "foreign_keys=ON",
        "secure_delete=ON",  # what was erased is overwritten, and not only forgotten (docs/retention.md)
    ):
        connection.execute(f"PRAGMA {pragma}")
    record.info["synchronous"] = "FULL"


def _remember_file(connection: Any, record: Any) -> None:  # noqa: ANN401  # the driver's own connection
    record.info["path"] = connection.execute("PRAGMA database_list").fetchone()[2]
    record.info["file"] = _file_at(record.info["path"])


def _refuse_a_file_that_is_gone(_connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401  # as above
    # SQLite goes on writing into a file that was moved away or deleted: a yes that nobody finds again.
    if record.info["file"] != _file_at(record.info["path"]):
        raise DisconnectionError


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # each message asks
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that writes later fails at once with "locked", whatever the busy timeout says.
    options = connection.get_execution_options()
    if not options.get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    wanted = "FULL" if options.get("lasting", True) else "NORMAL"
    if connection.info["synchronous"] != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info["synchronous"] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get("lasting", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
