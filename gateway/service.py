"""The running gateway: starts the parts that were asked for, and drains them on SIGTERM."""

import asyncio
import contextlib
import gc
import logging
import multiprocessing
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from multiprocessing.context import SpawnProcess

import prometheus_client
import uvloop
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from config.sections.channels import Imap
from config.settings import Settings
from gateway import events, walk
from gateway.app import House, build
from gateway.clockwatch import ClockWatch
from gateway.core.errors import GatewayError, TryLater
from gateway.jobs import Ticker, Workers
from gateway.mailboxes import MailboxCursor
from gateway.parts import check_seal
from gateway.watch import Listener, Watch
from mail import imap_in, smtp_in

_log = logging.getLogger(__name__)

RESUME_SECONDS, OUTBOX_SECONDS, LAPSE_SECONDS, HEARTBEAT_SECONDS, TIDY_SECONDS = 5, 2, 60, 60, 60
REMIND_SECONDS = 300  # days are counted, but after a night without power nobody waits for long
CHECKPOINT_SECONDS = 0.5  # so that one is there within a second of an event


def run(house: House, parts: Iterable[str]) -> None:
    """`serve`, on a loop of its own.

    uvloop makes TLS and small messages cheaper. It starts to read before a handshake can begin, so where TLS comes
    before the first word asyncio's own loop is the one that works.
    """
    _run(serve(house, parts), house.settings)


def _run(work: Coroutine[None, None, None], settings: Settings) -> None:
    new_loop = asyncio.new_event_loop if settings.smtp.listen_tls else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work)


async def serve(house: House, parts: Iterable[str]) -> None:
    """Run the parts until SIGTERM or SIGINT, then let them finish what they promised.

    Raises OSError when an address cannot be listened on, or another process runs here, and BadConfiguration when
    receipts could not be sealed; then nothing runs.
    """
    check_seal(house.settings)
    wanted = set(parts)
    # What children and bundles put down for a moment is content: it lies where `recover` finds it after a crash.
    tempfile.tempdir = str(house.ports.scratch)
    stopping = _stopping()
    async with contextlib.AsyncExitStack() as stack:
        if house.database.embedded:
            stack.enter_context(house.alone())
            house.recover()
        stack.enter_context(_told(house, wanted))
        stack.enter_context(_metrics(house))
        if "worker" in wanted:
            stack.enter_context(_workers(house))
        if "scheduler" in wanted:
            stack.enter_context(_ticker(house))
        if "imap" in wanted:
            stack.enter_context(_mailboxes(house))
        if "portal" in wanted:
            from gateway.web import portal  # noqa: PLC0415  # 14 MB that a listener has no use for

            await stack.enter_async_context(portal(house.desk, house.settings.portal.listen))
        if "smtp" in wanted:
            await stack.enter_async_context(_listener(house))
            await stack.enter_async_context(_more_listeners(house.settings, stopping))
        gc.freeze()  # what stands now stays: looking through it for garbage would hold up every connection
        events.note("started", {"parts": ",".join(sorted(wanted))})
        await stopping.wait()
        events.note("stopping", {})
    events.note("stopped", {})


@contextlib.contextmanager
def _told(house: House, parts: Collection[str]) -> Iterator[None]:
    """The log says that we began, with what configuration, and that we ended; a crash has no end."""
    house.lifecycle.started(parts)
    yield
    house.lifecycle.stopped(parts)


def _stopping() -> asyncio.Event:
    """Set when somebody wants this process to end."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


# ---- more listeners ------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _more_listeners(settings: Settings, stopping: asyncio.Event) -> AsyncIterator[None]:
    """Processes that listen on the same port as this one. When one ends by itself, all end: somebody has to look.

    Raises OSError then, after everything was drained.
    """
    start = multiprocessing.get_context("spawn")
    children = [
        start.Process(target=_child, args=(settings,), name=f"smtp-{n}") for n in range(1, settings.smtp.listeners)
    ]
    loop = asyncio.get_running_loop()
    ended = []

    def end(child: SpawnProcess) -> None:
        loop.remove_reader(child.sentinel)
        ended.append(child)
        stopping.set()

    for child in children:
        child.start()
        loop.add_reader(child.sentinel, end, child)
    try:
        yield
    finally:
        for child in children:
            loop.remove_reader(child.sentinel)
            child.terminate()
        for child in children:
            await asyncio.to_thread(child.join)
    if ended:
        raise OSError(f"{ended[0].name} ended by itself, exit code {ended[0].exitcode}")


def _child(settings: Settings) -> None:
    """A process with a listener and nothing else; what has to be done once is done by its parent."""
    events.set_up()
    house = build(settings)
    try:
        _run(_listen(house), settings)
    finally:
        house.close()


async def _listen(house: House) -> None:
    stopping = _stopping()
    parent = multiprocessing.parent_process()
    assert parent is not None
    asyncio.get_running_loop().add_reader(parent.sentinel, stopping.set)  # nobody else would end this one then
    async with _listener(house):
        await stopping.wait()


# ---- the parts -----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _listener(house: House) -> AsyncIterator[None]:
    smtp = house.settings.smtp
    settings = smtp_in.listener_settings(house.settings)

    def log(event: str, fields: Mapping[str, object]) -> None:
        events.note(event, fields)
        house.desk.wake()

    listener = await smtp_in.serve(
        smtp.listen, settings, house.desk.store, log, listen_also=smtp.listen_also, listen_tls=smtp.listen_tls
    )
    try:
        yield
    finally:
        await listener.close()


@contextlib.contextmanager
def _workers(house: House) -> Iterator[None]:
    workers = Workers(
        house.settings.work.workers,
        lambda: walk.advance(house.ports),
        house.woken,
    )
    workers.start()
    try:
        yield
    finally:
        workers.stop()


@contextlib.contextmanager
def _ticker(house: House) -> Iterator[None]:
    ticker = Ticker(house.database, house.ports.clock)
    ticker.every(RESUME_SECONDS, "resume", house.desk.wake)
    ticker.every(OUTBOX_SECONDS, "letters", lambda: walk.write_letters(house.ports))
    ticker.every(OUTBOX_SECONDS, "messages", house.desk.correspondence.write)
    ticker.every(OUTBOX_SECONDS, "alerts", house.alerts.write)
    ticker.every(OUTBOX_SECONDS, "outbox", lambda: _send(house))
    ticker.every(LAPSE_SECONDS, "notices", lambda: _watch(house), once=True)
    ticker.every(LAPSE_SECONDS, "lapse", lambda: _lapse(house), once=True)
    ticker.every(REMIND_SECONDS, "remind", lambda: _remind(house), once=True)
    watch = ClockWatch(house.database, house.ledger, house.ports.clock)
    ticker.every(TIDY_SECONDS, "journal", house.desk.blobs.tidy, once=True)
    ticker.every(CHECKPOINT_SECONDS, "clock", watch.look)
    ticker.every(CHECKPOINT_SECONDS, "checkpoint", house.vouching.sign)
    ticker.every(CHECKPOINT_SECONDS, "vouching", lambda: house.vouching.gather(events.note))
    _watched(house, ticker)
    _scanned(house, ticker)
    _proved(house, ticker)
    ticker.every(HEARTBEAT_SECONDS, "heartbeat", lambda: events.note("heartbeat", {}), once=True)
    window = house.settings.portal.attempt_window_minutes
    ticker.every(window * 60, "sign-ins", lambda: house.desk.people.note_failures(window), once=True)
    if house.settings.retention.erase:
        ticker.every(house.settings.retention.minutes * 60, "retention", lambda: _erase(house), once=True)
    ticker.start()
    try:
        yield
    finally:
        ticker.stop()


def _watched(house: House, ticker: Ticker) -> None:
    """Whether we can be reached is looked at from outside, by one of all processes."""
    given, smtp = house.settings.outages, house.settings.smtp
    if not given.watch_seconds:
        return
    listener = Listener(
        address=given.smtp or smtp.listen,
        recipient=smtp.addresses[0],
        sender=house.settings.outbound.from_address,
        starttls=smtp.require_tls,
        proxied=bool(smtp.proxy_peers),
    )
    gap = timedelta(seconds=given.gap_seconds)
    watch = Watch(house.desk.outages, house.ports.clock, listener, given.portal or house.settings.portal.listen, gap)
    ticker.every(given.watch_seconds, "watch", lambda: watch.look(events.note), once=True)
    if given.message_minutes:
        ticker.every(given.message_minutes * 60, "watch message", lambda: watch.send(events.note), once=True)


def _scanned(house: House, ticker: Ticker) -> None:
    """Whether the malware scanner sees: proved at the start and in time again, also when nothing comes in."""
    said: list[str] = []

    def look() -> None:
        canary = house.scanner.canary()
        event, words = ("scanner_sees", canary.version) if canary.ok else ("scanner_blind", canary.detail)
        if said != [words]:
            events.note(event, {"said": words})
            said[:] = [words]

    ticker.every(LAPSE_SECONDS, "canary", look, now=True)
    given = house.settings.scanners
    if given.rescan:
        ticker.every(given.rescan_minutes * 60, "rescan", lambda: _rescan(house), once=True)


def _rescan(house: House) -> None:
    done = house.rescan.run()
    for found in done.found:
        events.note(
            "infection_found", {"submission": found.number, "documents": found.documents, "opened": found.opened}
        )
        house.desk.wake()


def _send(house: House) -> None:
    while house.outbox.send(events.note):
        pass


def _watch(house: House) -> None:
    for reference in house.desk.posting.watch():
        events.note("notice_late", {"request": reference})


def _lapse(house: House) -> None:
    for reference in house.desk.closing.lapse():
        events.note("request_lapsed", {"request": reference})


def _remind(house: House) -> None:
    for reference in house.reminders.remind():
        events.note("reminder_made", {"request": reference})
    for reference in house.desk.closing.warn():
        events.note("decision_term_ends", {"request": reference})


def _proved(house: House, ticker: Ticker) -> None:
    """What the log says of itself: which entries are arrivals, and whether all of it agrees."""
    settings = house.settings.ledger
    close = partial(_close_register, house)
    ticker.every(settings.close_minutes * 60, "register", close, once=True)
    ticker.every(settings.check_hours * 3600, "integrity", partial(_check, house), once=True)


def _close_register(house: House) -> None:
    house.registrar.close(house.ports.clock.now())


def _check(house: House) -> None:
    found = house.integrity.run(content=house.settings.ledger.check_content)
    events.note("ledger_checked", {"entries": found.entries, "files": found.files, "problems": len(found.problems)})
    for problem in found.problems[:1]:
        _log.critical("the log does not agree: %s", problem)


def _erase(house: House) -> None:
    erased = house.retention.run()
    for number in erased.submissions:
        events.note("submission_erased", {"submission": number})
    for reference in erased.requests:
        events.note("request_erased", {"request": reference})
    if erased.entries:
        events.note("old_entries_erased", {"entries": erased.entries})


@contextlib.contextmanager
def _mailboxes(house: House) -> Iterator[None]:
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_poll, args=(house, box, stopping), name=f"imap-{n}", daemon=True)
        for n, box in enumerate(house.settings.imap)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _poll(house: House, settings: Imap, stopping: threading.Event) -> None:
    cursor = MailboxCursor(house.database)
    mailbox = imap_in.Mailbox(settings, house.desk.store, cursor, events.note)
    while not stopping.is_set():
        try:
            since = house.ports.clock.now()
            if mailbox.poll():
                house.desk.wake()
            if mailbox.emptied:
                cursor.emptied(mailbox.key, since)
        except TryLater as error:
            _log.warning("mailbox %s waits: %s", settings.mailbox, error)
        except GatewayError:
            _log.exception("mailbox %s failed", settings.mailbox)
        stopping.wait(settings.poll_seconds)


# ---- figures -------------------------------------------------------------------------------------


@contextlib.contextmanager
def _metrics(house: House) -> Iterator[None]:
    listen = house.settings.metrics.listen
    if not listen:
        yield
        return
    collector = _Sums(house)
    prometheus_client.REGISTRY.register(collector)
    host, _, port = listen.rpartition(":")
    server, thread = prometheus_client.start_http_server(int(port), host.strip("[]"))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        prometheus_client.REGISTRY.unregister(collector)


class _Sums(Collector):
    """Counted in the database when somebody asks, so that any process gives the same answer."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[GaugeMetricFamily]:
        by_status = GaugeMetricFamily(
            "herstelpost_submissions", "Submissions by status; they add up to all.", labels=["status"]
        )
        for status, count in self._house.desk.queries.sums().items():
            by_status.add_metric([status], count)
        yield by_status
        oldest = self._house.desk.queries.oldest_unfinished()
        age = (self._house.ports.clock.now() - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "herstelpost_oldest_unfinished_seconds", "Age of the oldest submission not at rest.", value=age
        )
        checked = self._house.integrity.last()
        yield GaugeMetricFamily(
            "herstelpost_ledger_problems",
            "How many problems the last check of the whole log found; -1 before the first.",
            value=-1 if checked is None else checked.problems,
        )
        yield GaugeMetricFamily(
            "herstelpost_scanner_ready",
            "1 when the malware scanner finds its canary at the size of the cap.",
            value=1.0 if self._house.scanner.canary().ok else 0.0,
        )
