"""A witness: vouches for the logs of others."""

import argparse
import time
from pathlib import Path

from config.settings import BadConfiguration, Settings
from gateway import notes, rotation
from gateway.commands import terminal
from gateway.commands.terminal import DONE, Verbs


def add(verbs: Verbs) -> None:
    """The words of this group."""
    group = terminal.group(
        verbs, "witness", "vouch for the logs of others (c2sp.org/tlog-witness); needs no configuration"
    )
    run_ = terminal.verb(group, "run", _witness_run, "cosign what continues what was seen before")
    run_.add_argument("--listen", type=_address, default="127.0.0.1:8090", metavar="ADDRESS:PORT")
    run_.add_argument("--log", action="append", required=True, metavar="FILE", help="keys of the logs, one a line")
    run_.add_argument("--state", required=True, metavar="FILE", help="what was seen; never give it a second key")
    run_.add_argument(
        "--per-minute",
        type=int,
        default=240,
        metavar="N",
        help="requests that one address may make; more are told to wait",
    )
    for verb in (run_, terminal.verb(group, "vkey", _witness_vkey, "print the key to give to the logs")):
        verb.add_argument("--name", required=True, metavar="NAME", help="such as witness.example/w1; never change it")
        verb.add_argument("--key", required=True, metavar="FILE", help="the private key (PEM); made on first use")
        verb.set_defaults(without_configuration=True)


def _witness_vkey(given: argparse.Namespace, _settings: Settings) -> int:
    print(_cosigner(given).vkey)
    return DONE


def _witness_run(given: argparse.Namespace, _settings: Settings) -> int:
    import uvicorn  # noqa: PLC0415  # the page server is not needed by other commands

    from gateway import witness  # noqa: PLC0415  # the page server is not needed by other commands

    cosigner = _cosigner(given)
    try:
        logs = [vkey for file in given.log for vkey in notes.read_vkeys(Path(file).read_text(encoding="utf-8"))]
        limit = witness.Limit(given.per_minute, time.monotonic)
        app_ = witness.create_app(witness.Witness(cosigner, logs, Path(given.state), time.time), limit)
    except ValueError as error:
        raise BadConfiguration((f"{', '.join(given.log)}: {error}",)) from error
    host, _, port = given.listen.rpartition(":")
    terminal.say(f"herstelpost witness: {len(logs)} keys of logs; listens on {given.listen}", cosigner.vkey)
    uvicorn.run(app_, host=host.strip("[]"), port=int(port), log_level="warning", server_header=False, lifespan="off")
    return DONE


def _cosigner(given: argparse.Namespace) -> notes.Cosigner:
    """The witness's own name and key, made on first use."""
    path = Path(given.key)
    if not path.exists():
        rotation.write_new(path, notes.key_to_pem(notes.generate_key()))
    try:
        return notes.Cosigner(given.name, notes.key_from_pem(path.read_bytes()))
    except ValueError as error:
        raise BadConfiguration((f"{path}: {error}",)) from error


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError("must be ADDRESS:PORT")
    return text
