"""Checks a register of Herstelpost without Herstelpost: Python 3.9 or later and openssl 3, nothing else.

    python3 verify_register.py FILE.zip [published.vkey]

Controleert een register zonder Herstelpost. Written apart from `herstelpost verify`, on purpose: two ways that agree.
It checks the log's own signature, not those of witnesses, and no time stamp.
"""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Event = dict[str, Any]
ARRIVALS = {"ReceivedFromNonERDS", "SubmissionAcceptance", "SubmissionRejection"}
ED25519 = bytes.fromhex("302a300506032b6570032100")  # the head of such a key in DER (RFC 8410)


def main(words: list[str]) -> int:
    """0 when the register is whole and signed, else 1 with what is wrong."""
    if not 2 <= len(words) <= 3:
        print(__doc__)
        return 2
    try:
        with zipfile.ZipFile(words[1]) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        keys = Path(words[2]).read_text() if len(words) > 2 else files["log.vkey"].decode()
        for line in check(files, keys):
            print(line)
    except (OSError, KeyError, ValueError, TypeError, StopIteration, zipfile.BadZipFile) as error:
        print(f"FOUT / WRONG  {type(error).__name__}: {error}")
        return 1
    if len(words) < 3:
        print("LET OP / NOTE  De sleutel kwam met het pakket mee; vergelijk hem met de gepubliceerde sleutel.")
        print("               The key came with the package; compare it with the published key.")
    print("Uitkomst: alles klopt. / Result: all is well.")
    return 0


def check(files: dict[str, bytes], keys: str) -> Iterator[str]:
    """What holds, line by line. Raises for the first thing that does not."""
    asked = json.loads(files["register.json"])
    origin, size, root = signed(files["checkpoint"].decode(), keys, asked["log"])
    yield f"goed / right  ondertekend / signed: {origin}, {size}"
    leaves, said = {}, {}
    for line in files["entries.txt"].decode().splitlines():
        place, salt, event = line.split(" ", 2)
        entry = hmac.new(base64.b64decode(salt), event.encode(), "sha256").digest()
        leaves[int(place)] = hashlib.sha256(b"\0" + entry).digest()
        said[int(place)] = json.loads(event)
        require(said[int(place)]["logIndex"] == int(place) and said[int(place)]["log"] == origin, f"entry {place}")
    hashes = iter([base64.b64decode(line) for line in files["tree.txt"].decode().splitlines()])
    require(tree(leaves, 0, size, hashes) == root and next(hashes, None) is None, "the tree / de boom")
    yield f"goed / right  {len(said)} regels in het logboek / entries in the log"
    count, other = complete(asked, said)
    yield f"goed / right  volledig / complete: {count} in de lijst / listed, {other} voor een ander adres / for others"


def signed(note: str, keys: str, origin: str) -> tuple[str, int, bytes]:
    """Name, size and root of a checkpoint that a key of the log signed (c2sp.org/tlog-checkpoint)."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    name, size, root = text.split("\n")[:3]
    require(name == origin, "the log / het logboek")
    for key in (line.strip() for line in keys.splitlines()):
        if key.startswith(name + "+"):
            key_id, material = key[len(name) + 1 :].split("+", 1)
            raw = base64.b64decode(material)
            for line in lines.splitlines():
                found = base64.b64decode(line.split(" ")[2])
                if raw[0] == 1 and found[:4].hex() == key_id:
                    openssl_verify(ED25519 + raw[1:], text.encode(), found[4:], "-rawin")
                    return name, int(size), base64.b64decode(root)
    raise ValueError("not signed by this key / niet met deze sleutel ondertekend")


def tree(leaves: dict[int, bytes], first: int, end: int, hashes: Iterator[bytes]) -> bytes:
    """The hash over the entries from first to end (RFC 9162, section 2.1.1)."""
    if not any(first <= place < end for place in leaves):
        return next(hashes)
    if end - first == 1:
        return leaves[first]
    middle = first + (1 << ((end - first - 1).bit_length() - 1))
    inside = {place: leaf for place, leaf in leaves.items() if first <= place < end}
    left = tree(inside, first, middle, hashes)
    return hashlib.sha256(b"\x01" + left + tree(inside, middle, end, hashes)).digest()


def complete(asked: Event, said: dict[int, Event]) -> tuple[int, int]:
    """How many arrivals are listed, and how many are shown to be for other addresses. Raises for any other."""
    closings = [event for event in said.values() if event["gebeurtenis"] == "RegisterClosed"]
    for before, after in zip(closings, closings[1:]):
        require(before["tot"] == after["van"], f"entries from {before['tot']} are left out")
    early = datetime.fromisoformat(asked["vanaf"].replace("Z", "+00:00")) - timedelta(minutes=5)
    first = datetime.fromisoformat(closings[0]["tijd"].replace("Z", "+00:00"))
    require(closings[0]["van"] == 0 or first < early, "the beginning / het begin")
    require(closings[-1]["tijd"] >= asked["tot"], "the end / het einde")
    arrived = {place for place, event in said.items() if event["gebeurtenis"] in ARRIVALS}
    listed, other = 0, 0
    for closing in closings:
        for place, moment, marks in closing["aankomsten"]:
            if moment and not asked["vanaf"] <= moment < asked["tot"]:
                require(place not in arrived, f"entry {place} is of another time")
            elif place in arrived:
                event = said[place]
                require(moment == (event.get("ontvangenOp") or event.get("pogingOp")), f"the moment of entry {place}")
                require(any(line["logIndex"] == place for line in asked["regels"]), f"entry {place} is not listed")
                arrived.discard(place)
                listed += 1
            elif asked["adres"] is not None and mark(asked, closing) not in marks:
                other += 1
            else:
                require(place in asked["gewist"], f"entry {place} is not opened / is niet geopend")
    require(not arrived and listed == len(asked["regels"]), "the list / de lijst")
    return listed, other


def mark(asked: Event, closing: Event) -> str:
    """The mark of the address in a closing, whose signature shows that it is the only one."""
    message = f"herstelpost/register/v1\n{closing['log']}\n{closing['van']}\n{asked['adres']}"
    signature = base64.b64decode(asked["openingen"][str(closing["van"])])
    openssl_verify(base64.b64decode(closing["sleutel"]), message.encode(), signature, "-rawin", "-digest", "sha256")
    return hashlib.sha256(signature).hexdigest()[:32]


def openssl_verify(key: bytes, message: bytes, signature: bytes, *options: str) -> None:
    """Raises ValueError unless the signature is right."""
    with tempfile.TemporaryDirectory() as directory:
        for name, content in (("key", key), ("message", message), ("signature", signature)):
            (Path(directory) / name).write_bytes(content)
        words = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", *options]
        words += ["-in", "message", "-sigfile", "signature"]
        done = subprocess.run(words, cwd=directory, capture_output=True, check=False)
    require(done.returncode == 0, "a signature / een handtekening")


def require(holds: bool, what: str) -> None:
    """Raises ValueError, naming what does not hold."""
    if not holds:
        raise ValueError(what)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
