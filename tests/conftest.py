"""Fixtures for all tests: the real servers, started once a session, when the first test asks."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser

from tests.support import browsing, servers, storage

# No test of ours is about time: a slow machine is no failure.
hypothesis_settings.register_profile("ours", deadline=None)
hypothesis_settings.load_profile("ours")

T = TypeVar("T")


def _started(server: AbstractContextManager[T]) -> Iterator[T]:
    """The server; without its program a skip, or a failure where a complete run was asked for."""
    try:
        value = server.__enter__()
    except servers.ServerMissing as missing:
        if os.environ.get("HERSTELPOST_REQUIRE_SERVERS"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    try:
        yield value
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def clamd_socket() -> Iterator[Path]:
    """The socket of a real clamd that knows the EICAR test file."""
    yield from _started(servers.clamd())


@pytest.fixture(scope="session")
def dovecot() -> Iterator[servers.Dovecot]:
    """A real IMAP server; its mail stays from test to test."""
    yield from _started(servers.dovecot())


@pytest.fixture(scope="session")
def postfix() -> Iterator[servers.Postfix]:
    """A real mail server before the gateway; its queue stays from test to test."""
    yield from _started(servers.postfix())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy address of a real PostgreSQL server."""
    yield from _started(servers.postgres())


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty database, this test's own."""
    with servers.postgres_database(postgres_url) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The SQLAlchemy address of an empty database, this test's own, of each kind we run on."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'herstelpost.db'}"
    address: str = request.getfixturevalue("postgres_database")
    return address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium, for one file: Playwright's event loop fills the thread, and other files need one of theirs."""
    yield from _started(browsing.chromium())


@pytest.fixture
def kept(tmp_path: Path, database_url: str) -> Iterator[storage.Storage]:
    """What keeps things, on both kinds of database, on a clock of the test's own."""
    with storage.opened(tmp_path, database_url) as kept:
        yield kept


@pytest.fixture
def processes(tmp_path: Path, database_url: str) -> Iterator[list[storage.Storage]]:
    """Two processes on the same tables and bytes."""
    clock = storage.FakeClock()
    with ExitStack() as stack:
        yield [stack.enter_context(storage.opened(tmp_path, database_url, clock)) for _ in range(2)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded (`record_property("table", ...)`), also when workers ran them."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, table in getattr(report, "user_properties", ()):
                if name == "table" and report.when == "call":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(table)
