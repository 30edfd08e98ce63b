"""`make bench ARGS=--letters`: seconds from the yes to the receipt, in each channel, alone and behind a hundred mails.

The real program with all its parts, a real clamd, a real Dovecot, and a real SMTP server that takes the letters. Each
submission is for a request of its own, whose party has an address of its own: by that the letter is known.

From when: of mail from the 250 after DATA; of a mailbox from when the mail lies in it, so the wait for the next look is
in it (`--poll`); of upload, API and paper from before the request with the files, so the upload itself is in it.
Until when: our mail server said 250 to the letter; of an upload also until its package can be downloaded.
"""

import argparse
import json
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402
from aiosmtpd.controller import Controller  # noqa: E402

from tests.bench.reading import SIDE_OF_300_KB, pdf  # noqa: E402
from tests.support import program, servers, smtp, storage  # noqa: E402
from tests.support.house import PASSWORD, request_json  # noqa: E402

PROMISED: Final = 60
PATIENCE: Final = 150
SIDE: Final = 100
CHANNELS: Final = ("smtp", "imap", "portaal", "api", "balie")
OFFICER: Final = "j.jansen"
BACKLOG: Final = "achterstand"
CLIENTS: Final = 4
AT_ONCE: Final = 10


@dataclass
class Sink:
    """The world's mail server: takes every letter, and remembers when, by its addressee."""

    at: dict[str, list[float]] = field(default_factory=dict)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's
        """Take it."""
        self.at.setdefault(envelope.rcpt_tos[0], []).append(time.time())
        return "250 2.0.0 queued"

    def wait(self, address: str, count: int = 1) -> float:
        """When so many letters for an address were there."""
        servers.wait_until(lambda: len(self.at.get(address, ())) >= count, f"{count} letters to {address}", PATIENCE)
        return self.at[address][count - 1]


@dataclass(frozen=True)
class House:
    """A running gateway, and everybody who sends it something."""

    program: program.Program
    url: str
    sink: Sink
    mailbox: servers.Dovecot
    token: str
    staff: httpx2.Client

    def hand_in(self, channel: str, request: dict[str, Any]) -> tuple[float, float | None]:
        """Hand in a document for a request; when the seconds begin, and when its package was there."""
        return _WAYS[channel](self, request)

    def backlog(self, request: dict[str, Any], count: int) -> None:
        """So many mails of 300 KB, as fast as four senders can."""
        mails = [_mail(request, SIDE_OF_300_KB) for _ in range(count)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(self._take, mails))

    def _take(self, mail: bytes) -> float:
        reply = smtp.deliver(self.program.smtp_port, mail)
        assert reply.startswith(b"250"), reply
        return time.time()


def _mail(request: dict[str, Any], side: int = SIDE) -> bytes:
    return storage.message(request["mailadres"], {"paspoort.pdf": pdf(side)}, sender=_address(request))


def _address(request: dict[str, Any]) -> str:
    address: str = request["betrokkenen"][0]["email"]
    return address


def _by_smtp(house: House, request: dict[str, Any]) -> tuple[float, None]:
    return house._take(_mail(request)), None


def _by_imap(house: House, request: dict[str, Any]) -> tuple[float, None]:
    house.mailbox.deliver(_mail(request))
    return time.time(), None


def _by_portal(house: House, request: dict[str, Any]) -> tuple[float, float]:
    with httpx2.Client(base_url=house.url, timeout=PATIENCE) as person:
        given = {"kenmerk": request["kenmerk"], "toegangscode": request["toegangscode"]}
        person.post("/", data=given | {"formulier": _hidden(person.get("/").text, "formulier")})
        csrf = _hidden(person.get("/verzoek").text, "csrf")
        begun = time.time()
        sent = person.post("/verzoek", data={"csrf": csrf}, files=[("1", ("paspoort.pdf", pdf(SIDE)))])
        assert sent.status_code == httpx2.codes.SEE_OTHER, sent.text
        package = sent.headers["location"].partition("?")[0] + "/bewijs.zip"
        until = time.time() + PATIENCE
        while person.get(package).status_code != httpx2.codes.OK:
            assert time.time() < until, f"no {package}"
            time.sleep(1)  # as a person would
        return begun, time.time()


def _by_api(house: House, request: dict[str, Any]) -> tuple[float, None]:
    begun = time.time()
    made = httpx2.post(
        f"{house.url}/api/v1/verzoeken/{request['kenmerk']}/inzendingen",
        headers={"Authorization": f"Bearer {house.token}"},
        files=[("1", ("paspoort.pdf", pdf(SIDE)))],
        timeout=PATIENCE,
    )
    assert made.status_code == httpx2.codes.CREATED, made.text
    return begun, None


def _by_counter(house: House, request: dict[str, Any]) -> tuple[float, None]:
    path = f"/medewerker/verzoeken/{request['kenmerk']}/innemen"
    csrf = _hidden(house.staff.get(path).text, "csrf")
    begun = time.time()
    given = {"csrf": csrf, "kanaal": "balie", "ontvangen": f"{time.strftime('%Y-%m-%d')}T00:01"}
    taken = house.staff.post(path, data=given, files=[("1", ("1.pdf", pdf(SIDE)))])
    assert taken.status_code == httpx2.codes.SEE_OTHER, taken.text
    return begun, None


_WAYS: Final[dict[str, Callable[[House, dict[str, Any]], tuple[float, float | None]]]] = {
    "smtp": _by_smtp, "imap": _by_imap, "portaal": _by_portal, "api": _by_api, "balie": _by_counter,
}  # fmt: skip


def _hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found, text
    return found[1]


# ---- the house -----------------------------------------------------------------------------------


@contextmanager
def running(poll: float) -> Iterator[House]:
    """A whole gateway that runs, with its neighbours."""
    sink = Sink()
    world = Controller(sink, hostname="127.0.0.1", port=servers.free_port())
    world.start()
    try:
        with (
            tempfile.TemporaryDirectory(dir="/var/tmp") as folder,
            servers.clamd() as socket,
            servers.dovecot() as box,
        ):
            yield from _running(Path(folder), sink, world.port, f"unix:{socket}", box, poll)
    finally:
        world.stop()


def _running(
    folder: Path, sink: Sink, smarthost: int, clamd: str, box: servers.Dovecot, poll: float
) -> Iterator[House]:
    (folder / "password").write_text(box.password)
    (folder / "staff").write_text(PASSWORD)
    made = program.installed(
        folder / "house",
        f'addresses = ["{storage.ADDRESS}"]',
        more=f"""[scanners]
clamd = "{clamd}"
[outbound]
smarthost = "127.0.0.1:{smarthost}"
[[imap]]
host = "127.0.0.1"
port = {box.port}
tls = "none"
username = "{box.username}"
password_file = "{folder / "password"}"
poll_seconds = {poll}
""",
    )
    url = "http://" + re.findall(r'\[portal\]\nlisten = "([^"]+)"', made.config.read_text())[0]
    made.run("account", "add", OFFICER, "--role", "behandelaar", "--password-file", str(folder / "staff"))
    token = made.run("token", "create", "--name", "bench", "--scope", "inzendingen:schrijven").strip()
    with made.running(), httpx2.Client(base_url=url, timeout=PATIENCE) as staff:
        servers.wait_until(lambda: "started parts=" in made.log, "everything runs")
        form = _hidden(staff.get("/medewerker/inloggen").text, "formulier")
        given = {"naam": OFFICER, "wachtwoord": PASSWORD, "formulier": form}
        assert staff.post("/medewerker/inloggen", data=given).status_code == httpx2.codes.SEE_OTHER
        yield House(made, url, sink, box, token, staff)


def asked(house: House, names: Sequence[str]) -> list[dict[str, Any]]:
    """A request for each of these, as it was imported."""
    values = [
        request_json(f"HV-{name}", zaaknummer=f"Z-{name}")
        | {"betrokkenen": [{"rol": "aanvrager", "naam": name, "email": f"{name}@example.org", "stemtInMetEmail": True}]}
        for name in names
    ]
    path = house.program.directory / "requests.json"
    path.write_text(json.dumps(values))
    made: list[dict[str, Any]] | dict[str, Any] = house.program.say("request", "import", str(path))
    return made if isinstance(made, list) else [made]


# ---- measuring -----------------------------------------------------------------------------------


def alone(house: House, channels: Sequence[str], count: int) -> None:
    """Print how long each waits when nothing else is to be done: one after the other, at any moment of our clocks."""
    names = [(channel, f"{channel}-{n}") for n in range(count) for channel in channels]
    made = asked(house, [name for _, name in names])
    with ThreadPoolExecutor(len(names)) as pool:
        begun = []
        for (channel, _), request in zip(names, made, strict=True):
            begun.append((channel, request, pool.submit(house.hand_in, channel, request)))
            time.sleep(random.uniform(0.3, 1.0))  # a pause
        _print("alone", channels, [(c, r, f.result()) for c, r, f in begun], house.sink)


def behind(house: House, channel: str, count: int, mails: int) -> None:
    """Print how long each waits when so many mails wait before it."""
    waiting, *made = asked(house, [f"{BACKLOG}-{channel}", *(f"{channel}-b{n}" for n in range(count))])
    house.backlog(waiting, mails)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = list(pool.map(lambda request: (channel, request, house.hand_in(channel, request)), made))
        _print(f"behind {mails} mails", [channel], begun, house.sink)
    house.sink.wait(_address(waiting), mails)


def _print(
    how: str,
    channels: Sequence[str],
    handed_in: Sequence[tuple[str, dict[str, Any], tuple[float, float | None]]],
    sink: Sink,
) -> None:
    for channel in channels:
        mine = [(sink.wait(_address(r)) - begun, begun, page) for c, r, (begun, page) in handed_in if c == channel]
        _line(f"{channel}, {how}: letter", [wait for wait, _, _ in mine])
        if pages := [page - begun for _, begun, page in mine if page is not None]:
            _line(f"{channel}, {how}: package on the page", pages)


def _line(what: str, waits: list[float]) -> None:
    over = sum(wait > PROMISED for wait in waits)
    print(
        f"{what}: {len(waits)} of them, median {statistics.median(waits):.1f} s, longest {max(waits):.1f} s,"
        f" {over} over {PROMISED} s",
        flush=True,
    )


def main() -> int:
    """0 when everything was measured; the figures say whether the promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", default=",".join(CHANNELS))
    parser.add_argument("--count", type=int, default=30, help="submissions in each channel")
    parser.add_argument("--mails", type=int, default=100, help="of 300 KB, that wait before them")
    parser.add_argument("--poll", type=float, default=30, help="imap.poll_seconds")
    given = parser.parse_args()
    channels = given.channels.split(",")
    print(f"load of the machine before: {os.getloadavg()[0]:.2f}")
    with running(given.poll) as house:
        alone(house, channels, given.count)
        for channel in channels:
            behind(house, channel, given.count, given.mails)
    return 0


if __name__ == "__main__":
    sys.exit(main())
