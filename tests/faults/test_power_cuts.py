"""The power may fail at any moment: what was promised is there, and the rest of the way is walked once.

The proxy knows nothing of the walk, so it also covers the steps that are written next year. A cut just before
a call leaves what a cut just after the call before it left: cutting after every call is cutting everywhere.
"""

import itertools
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from gateway.core.words import Outcome
from gateway.journal import JOURNAL_BYTES
from gateway.outbox import Outbox
from tests.support import canned, checker, dossier, storage

MOST_CALLS = 200


class PowerCut(BaseException):
    """Not an Exception: no `except Exception` of ours may survive it."""


@dataclass
class Power:
    """Lasts for `calls` calls, counted over all ports."""

    calls: int

    def use(self) -> None:
        self.calls -= 1
        if self.calls == 0:
            raise PowerCut


class Cut:
    """A port on that power."""

    def __init__(self, port: object, power: Power) -> None:
        self._port = port
        self._power = power

    def __getattr__(self, name):
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*arguments, **named):
            result = found(*arguments, **named)
            try:
                self._power.use()
            except PowerCut:
                if hasattr(result, "close"):  # the kernel does this
                    result.close()
                raise
            return Cut(result, self._power) if hasattr(result, "keep") else result

        return call


def _on_power(house, power):
    ports = {
        name: Cut(getattr(house.ports, name), power) for name in ("blobs", "store", "reader", "inspector", "clerk")
    }
    carrier = Cut(house.outbox._carrier, power)
    outbox = Outbox(house.database, house.ledger, ports["blobs"], house.ports.clock, carrier, 12)
    return replace(house, ports=replace(house.ports, **ports), outbox=outbox)


@dataclass(frozen=True)
class Scenario:
    """Something that is handed in, what is decided on it, and which calls are cut: every `step`-th."""

    hand_in: Callable
    outcome: Outcome
    step: int


def _mail(house):
    to = house.desk.queries.request(storage.REFERENCE).mailadres
    return storage.hand_in_mail(house, storage.two_documents(to), to)


def _upload(house):
    return storage.hand_in_upload(house, storage.REFERENCE, {"1": dossier.pdf(width=320), "2": dossier.pdf(width=330)})


def _large_upload(house):
    files = {str(n): dossier.pdf(width=320 + n, octets=JOURNAL_BYTES) for n in (1, 2)}
    return storage.hand_in_upload(house, storage.REFERENCE, files)


def _without_secret(house):
    return storage.hand_in_mail(house, storage.two_documents(storage.ADDRESS), storage.ADDRESS)


SCENARIOS = {
    "a mail with a document that was asked for and one that was not": Scenario(_mail, Outcome.PARTLY, 1),
    "an upload in the portal": Scenario(_upload, Outcome.ACCEPTED, 2),
    "a mail that only its sender ties to a request": Scenario(_without_secret, Outcome.HELD, 3),
}


@pytest.fixture(scope="module")
def memory():
    return canned.Memory()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A data directory with an open request, to start every round from."""
    directory = tmp_path_factory.mktemp("template")
    with storage.built(directory / "data") as house:
        storage.open_request(house.desk.requests)
    return directory / "data"


def _to_the_end(house, scenario, acknowledged):
    if not acknowledged:
        acknowledged.append(scenario.hand_in(house).number)
    storage.walk_on(house)
    storage.send_letters(house)


def _rest_of_it(directory, clamd_socket, memory, scenario, acknowledged):
    """Power again: start on what the disk holds, the sender who heard no yes sends again, and all is checked."""
    with storage.built(directory, clamd_socket) as house:
        house.recover()
        _to_the_end(memory.used_by(house), scenario, acknowledged)
        checker.check(house, acknowledged, directory / "receipts")
        why = house.desk.queries.why(acknowledged[-1])
        seen = why.outcome if not why.facts.repeat_of else house.desk.queries.why(why.facts.repeat_of).outcome
        assert seen is scenario.outcome
        assert not house.desk.blobs.sweep()


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_power_cut_after_any_call_loses_nothing_and_doubles_nothing(
    scenario, template, tmp_path, clamd_socket, memory
):
    for n in itertools.count(1, scenario.step):
        assert n < MOST_CALLS
        directory = tmp_path / str(n)
        shutil.copytree(template, directory)
        acknowledged = []
        with storage.built(directory, clamd_socket) as house:
            try:
                _to_the_end(_on_power(memory.used_by(house), Power(n)), scenario, acknowledged)
                break
            except PowerCut:
                pass
        _rest_of_it(directory, clamd_socket, memory, scenario, acknowledged)
        shutil.rmtree(directory)
    assert n > 30, "the whole way was cut"


DISK_CALLS = {
    "pwrite": _upload,
    "fdatasync": _upload,
    "fsync": _upload,
    "replace": _upload,
    "link": _large_upload,
}


@pytest.mark.parametrize("call", DISK_CALLS)
def test_a_power_cut_at_any_call_of_the_disk_loses_nothing_and_doubles_nothing(
    call, template, tmp_path, clamd_socket, memory, monkeypatch
):
    """Closer to the metal: at every write to the journal, fsync, rename and link of ours, before its effect."""
    scenario = Scenario(DISK_CALLS[call], Outcome.ACCEPTED, 1)
    real = getattr(os, call)
    for n in itertools.count(1):
        directory = tmp_path / str(n)
        shutil.copytree(template, directory)
        acknowledged = []
        with storage.built(directory, clamd_socket) as house:
            power = Power(n)
            monkeypatch.setattr(os, call, lambda *a, power=power: (power.use(), real(*a))[1])
            try:
                _to_the_end(memory.used_by(house), scenario, acknowledged)
                break
            except PowerCut:
                pass
            finally:
                monkeypatch.undo()
        _rest_of_it(directory, clamd_socket, memory, scenario, acknowledged)
        shutil.rmtree(directory)
    assert n > 1, "it was cut"
