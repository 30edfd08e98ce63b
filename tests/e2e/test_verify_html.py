"""The third way to check a receipt: one page, opened from a file in a real browser, that asks nobody anything."""

import base64
import hashlib
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from gateway import notes, receipts
from tests.support import evidence, packages, trust, verifying
from tests.support.browsing import DESKTOP, PHONE
from tests.support.packages import DOCUMENT, ORIGIN, SIGNER, package

PAGE = receipts.VERIFIERS["html"]
GENUINE, FLIPS = 20, 60
# A browser as it may be found in a court: without Ed25519, or without any cryptography.
WITHOUT = {
    "all of WebCrypto": "",
    "no Ed25519": "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('NotSupportedError'))",
    "no WebCrypto": "Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})",
}
PLACE = {"log": ORIGIN, "logIndex": 0}
NOBLE_SHA256 = "a4f631d1876b5d9e43a86cd71194ca27b5e1451edf4ba4db9a418f40a475569a"


@pytest.fixture
def usb_stick(tmp_path: Path) -> Path:
    """The page on its own, as somebody carries it away."""
    copy = tmp_path / "stick" / "verify.html"
    copy.parent.mkdir()
    copy.write_bytes(PAGE.read_bytes())
    return copy


@pytest.fixture(params=WITHOUT)
def page(request: pytest.FixtureRequest, browser: Browser, usb_stick: Path) -> Iterator[Page]:
    yield from opened(browser, usb_stick, WITHOUT[request.param])


@pytest.fixture
def desktop(browser: Browser, usb_stick: Path) -> Iterator[Page]:
    yield from opened(browser, usb_stick)


def opened(browser: Browser, path: Path, script: str = "", **options: Any) -> Iterator[Page]:
    context = browser.new_context(**({"viewport": DESKTOP, "locale": "nl-NL"} | options))
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text))
    page.add_init_script(script or "0")
    page.goto(path.as_uri())
    yield page
    context.close()
    assert trouble == []


def choose(page: Page, files: Mapping[str, bytes]) -> None:
    page.locator("#files").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files.items()]
    )
    expect(page.locator(".verdict")).to_be_visible()


def files_of(one: packages.Package) -> dict[str, bytes]:
    return receipts.package_files(one.receipt, one.proof, one.vkeys)


# ---- what it says --------------------------------------------------------------------------------


def test_genuine_receipts_are_accepted_and_one_changed_bit_is_not(page: Page) -> None:
    *_, last = ones = list(evidence.genuine(GENUINE))
    assert [verifying.verify(page, one.files)["ok"] for one in ones] == [True] * GENUINE
    changed = list(evidence.flips(last, FLIPS, seed=2))
    answers = verifying.with_flips(page, last.files, changed)
    assert [flip for flip, ok in zip(changed, answers, strict=True) if ok] == []


@pytest.mark.parametrize("change", ["spare bit", "index", "size", "origin", "other key", "short path", "long path"])
def test_a_change_of_meaning_is_found_as_by_the_command(desktop: Page, tmp_path: Path, change: str) -> None:
    one = package(5, 7)
    step = one.proof.split("\n")[3]
    match change:
        case "spare bit":
            one.proof = one.proof.replace(step, step[:-2] + chr(ord(step[-2]) + 1) + "=")
        case "index":
            one.proof = one.proof.replace("index 5", "index 4")
        case "size":
            one.proof = one.proof.replace("\n7\n", "\n6\n")
        case "origin":
            one = package(5, 7, origin="log.example/other")
        case "other key":
            one.vkeys = [notes.Signer(ORIGIN, notes.generate_key()).vkey]
        case "short path":
            one.proof = one.proof.replace(f"{step}\n", "")
        case "long path":
            one.proof = one.proof.replace(step, f"{step}\n{step}")
    by_command = receipts.verify_package([one.write(tmp_path / "package")])
    by_page = verifying.verify(desktop, files_of(one))
    assert not by_command.ok
    assert not by_page["ok"]
    assert by_page["proved"] == []


def test_the_page_says_what_the_command_says(desktop: Page, tmp_path: Path) -> None:
    directory = package(2, 3).write(tmp_path / "package", pdf=b"%PDF")
    (directory / "paspoort.pdf").write_bytes(DOCUMENT)
    files = {path.name: path.read_bytes() for path in directory.iterdir()}
    for keys in ((), (SIGNER.vkey,)):
        said = receipts.verify_package([directory], keys)
        answer = verifying.verify(desktop, files, "\n".join(keys))
        assert [(c["nl"], c["en"]) for c in answer["checks"]] == [tuple(c.detail) for c in said.checks]
        assert [(t["nl"], t["en"]) for t in answer["proved"]] == [tuple(t) for t in said.proved]
        assert [(t["nl"], t["en"]) for t in answer["notProved"]] == [tuple(t) for t in said.not_proved]


@pytest.mark.parametrize("name", ["receipt.json", "receipt.tlog-proof", "log.vkey"])
def test_any_content_at_all_gets_an_answer(desktop: Page, name: str) -> None:
    good = files_of(package(5, 7))
    contents = [
        *(b"", b"\xff", b"[]", b"null", b"{", b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":9007199254740993}', b'{"a": 1}'),
        *(b'{"__proto__":{"log":"x"}}', b'{"log":"log.example/herstelpost","logIndex":true}', b"\xef\xbb\xbf{}"),
        *(b"[" * 100_000, b"\x00" * 70_000, b" " * (receipts.MAX_RECEIPT_BYTES + 1), b"<img src=x onerror=alert(1)>"),
    ]
    for content in contents:
        answer = verifying.verify(desktop, good | {name: content})
        assert (answer["ok"], answer["proved"]) == (False, []), content[:40]
    answer = verifying.verify(desktop, {n: c for n, c in good.items() if n != name})
    assert answer["checks"][-1]["nl"] == f"{name} ontbreekt."


def test_a_document_of_any_size_is_hashed_right(page: Page) -> None:
    """Up to a block of the hash and beyond; the page's own hash where the browser has none."""
    one = package()
    for size in (*range(130), 4095, 1_000_003):
        content = bytes(i % 251 for i in range(size))
        answer = verifying.verify(page, files_of(one) | {"x": content})
        assert hashlib.sha256(content).hexdigest() in answer["checks"][-1]["nl"]


def test_a_witness_is_named_and_a_wrong_one_refused(page: Page, tmp_path: Path) -> None:
    one, wrong = packages.witnessed(), packages.witnessed(over="other words\n")
    answer = verifying.verify(page, files_of(one))
    said = receipts.verify_package([one.write(tmp_path / "package")])
    assert answer["ok"]
    assert [(t["nl"], t["en"]) for t in answer["proved"]] == [tuple(t) for t in said.proved]
    assert [(c["nl"], c["en"]) for c in answer["checks"]] == [tuple(c.detail) for c in said.checks]
    assert any("witness.example" in told["en"] for told in answer["proved"])
    assert not verifying.verify(page, files_of(wrong))["ok"]
    alone = verifying.verify(page, files_of(one), SIGNER.vkey)
    assert alone["ok"]
    assert any("others have signed too" in told["en"] for told in alone["notProved"])


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_time_stamp_is_held_against_the_checkpoint_and_not_called_genuine(
    page: Page, tmp_path: Path, digest: str
) -> None:
    one = package(5, 7)
    text, _ = notes.split_note(notes.parse_tlog_proof(one.proof).checkpoint_note)
    with trust.authority(tmp_path / "tsa", sends_root=digest == "sha384") as tsa:
        stamp, other = (tsa.stamp(trust.query(tmp_path, about, digest)) for about in (text, text + "x"))
    directory = one.write(tmp_path / "package")
    (directory / "checkpoint.tsr").write_bytes(stamp)
    said = receipts.verify_package([directory])
    answer = verifying.verify(page, files_of(one) | {"checkpoint.tsr": stamp})
    assert answer["ok"]
    assert (answer["checks"][-1]["nl"], answer["checks"][-1]["en"]) == said.checks[-1].detail
    assert "belongs to this state of the log, and says 20" in said.checks[-1].detail.en
    assert any("Of de tijdstempel checkpoint.tsr echt is" in told["nl"] for told in answer["notProved"])
    for wrong in (other, b"", stamp[:100], b"0" * 500, b"\x30\x84\xff\xff\xff\xff" + stamp):
        refused = verifying.verify(page, files_of(one) | {"checkpoint.tsr": wrong})
        assert (refused["ok"], refused["checks"][-1]["what"]) == (False, "timestamp")
        (directory / "checkpoint.tsr").write_bytes(wrong)
        assert not receipts.verify_package([directory]).ok


def test_a_receipt_that_corrects_another_says_which(desktop: Page, tmp_path: Path) -> None:
    for earlier in packages.CORRECTED:
        one = committed(packages.RECEIVED | {"corrigeert": earlier} | PLACE)
        said = receipts.verify_package([one.write(tmp_path / "package")])
        answer = verifying.verify(desktop, files_of(one))
        assert [(t["nl"], t["en"]) for t in answer["proved"]] == [tuple(t) for t in said.proved]
        assert any("corrects an earlier receipt: entry 3" in t.en for t in said.proved) == (earlier["logIndex"] == 3)
    choose(desktop, files_of(committed(packages.RECEIVED | {"corrigeert": packages.CORRECTED[0]} | PLACE)))
    expect(desktop.locator(".proof .corrects")).to_have_text(
        "Verbetert een eerder ontvangstbewijs: regel 3, van dinsdag 31 maart 2026 om 00:00:00 (Nederlandse tijd).",
        use_inner_text=True,
    )


# ---- how it shows it -----------------------------------------------------------------------------


def test_a_lawyer_sees_first_a_sound_package_then_the_key_then_the_document(desktop: Page) -> None:
    choose(desktop, files_of(package(5, 7)))
    verdict = desktop.locator(".verdict h2")
    expect(verdict).to_have_text("Het pakket klopt; vergelijk nog de sleutel", use_inner_text=True)
    desktop.get_by_label("Bekendgemaakte sleutel").fill(SIGNER.vkey)
    expect(verdict).to_have_text("Alles klopt", use_inner_text=True)
    choose(desktop, {"scan.pdf": DOCUMENT})
    expect(desktop.locator(".files .tag.good")).to_have_text("hetzelfde bestand als het uwe", use_inner_text=True)
    assert "maandag 30 maart 2026 om 23:59:58" in desktop.locator(".proof").inner_text()
    choose(desktop, {"ander.pdf": b"other"})
    expect(verdict).to_have_text("Niet alles klopt", use_inner_text=True)
    desktop.get_by_role("button", name="English").click()
    expect(verdict).to_have_text("Not all is well", use_inner_text=True)
    assert "ander.pdf is NOT in the receipt" in desktop.locator("#result").inner_text()
    assert "klopt" not in desktop.locator("main").inner_text()
    desktop.get_by_role("button", name="Start again").click()
    expect(desktop.locator("#result")).to_be_hidden()


def test_a_key_of_somebody_else_is_told_as_such(desktop: Page) -> None:
    choose(desktop, files_of(package(5, 7)))
    desktop.get_by_label("Bekendgemaakte sleutel").fill(notes.Signer(ORIGIN, notes.generate_key()).vkey)
    expect(desktop.locator(".verdict.bad h2")).to_have_text("Met deze sleutel is dit niet bewezen", use_inner_text=True)


def test_second_downloads_and_two_packages_are_told_apart(desktop: Page) -> None:
    renamed = {re.sub(r"(\.[^.]*)$", r" (1)\1", name): content for name, content in files_of(package()).items()}
    assert verifying.verify(desktop, renamed)["ok"]
    both = files_of(package()) | {"receipt (2).json": package(1, 2).receipt}
    assert "one package at a time" in verifying.verify(desktop, both)["checks"][0]["en"]


def test_a_folder_can_be_dropped_on_the_page(desktop: Page) -> None:
    files = {name: base64.b64encode(content).decode() for name, content in files_of(package(5, 7)).items()}
    desktop.evaluate(
        """files => {
          const data = new DataTransfer();
          for (const [name, content] of Object.entries(files))
            data.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name));
          document.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        files,
    )
    expect(desktop.locator(".verdict.wait")).to_be_visible()


def test_the_result_is_reached_and_heard_with_the_keyboard_alone(desktop: Page, tmp_path: Path) -> None:
    directory = package(5, 7).write(tmp_path / "package")
    # Who begins to listen for the chooser together with the key may be too late: then the browser shows its own.
    desktop.on("filechooser", lambda chooser: chooser.set_files(list(directory.iterdir())))
    for _ in range(10):
        if desktop.locator("#files").evaluate("e => e === document.activeElement"):
            break
        desktop.keyboard.press("Tab")
    assert desktop.locator(".drop").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    desktop.keyboard.press("Space")
    status = desktop.get_by_role("status")
    expect(status).to_contain_text("Uitkomst: Het pakket klopt", use_inner_text=True)


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_state_has_an_accessibility_fault_or_is_wider_than_the_screen(
    browser: Browser, usb_stick: Path, viewport: dict[str, int]
) -> None:
    # Axe is brought into the page from outside, which the page's policy would rightly refuse.
    for page in opened(browser, usb_stick, viewport=viewport, bypass_csp=True):
        faults = []

        def look(state: str, page: Page = page, faults: list[str] = faults) -> None:
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            faults += [f"{state}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]]
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                faults.append(f"{state}: too wide")

        look("before")
        page.locator("summary").click()
        choose(page, files_of(package(5, 7)))
        look("sound")
        page.locator("#key").fill(SIGNER.vkey)
        expect(page.locator(".verdict.good")).to_be_visible()
        look("good")
        page.get_by_role("button", name="English").click()
        choose(page, {"x" * 300 + ".pdf": b"x"})
        expect(page.locator(".verdict.bad")).to_be_visible()
        look("document not in it")
        page.locator("#clear").click()
        choose(page, {"receipt.json": b"{"})
        look("bad")
        assert faults == []


# ---- what it cannot do ---------------------------------------------------------------------------

HOSTILE = (
    '<img src="https://evil.example/x" onerror="document.title=\'hacked\'"><script>document.title="hacked"</script>'
)


def test_hostile_names_are_text_and_nothing_is_asked_of_anybody(desktop: Page) -> None:
    asked: list[str] = []
    desktop.on("request", lambda request: asked.append(request.url))
    event = {
        "ontvangstnummer": HOSTILE,
        "ontvangenOp": "\u202e" + HOSTILE,
        "log": ORIGIN,
        "logIndex": 0,
        "stukken": [{"naam": HOSTILE, "sha256": hashlib.sha256(DOCUMENT).hexdigest(), "bytes": {"toString": HOSTILE}}]
        + [{"naam": 5, "sha256": "x"}, {"sha256": 5}, None, []] * 2000,
    }
    choose(desktop, files_of(committed(event)) | {HOSTILE: DOCUMENT, "a\u202egpj.exe": b"x"})
    shown = desktop.locator("#result").inner_text()
    assert HOSTILE in shown
    assert "\u202e" not in shown
    assert desktop.locator("#result img, #result script").count() == 0
    assert desktop.title() == "Ontvangstbewijs controleren"
    assert desktop.locator(".files > li").count() <= 501
    assert asked == []


def committed(event: dict[str, Any]) -> packages.Package:
    """A log of one entry that committed to this."""
    one = package()
    receipt = rfc8785.dumps(event)
    root = packages.merkle.leaf_hash(packages.merkle.commit(packages.SALT, receipt))
    note = notes.sign_note(notes.checkpoint_text(ORIGIN, 1, root), SIGNER)
    return packages.Package(receipt, notes.tlog_proof(0, (), note, packages.SALT), one.vkeys)


def test_the_page_can_reach_nobody_even_if_it_wanted_to(browser: Browser, usb_stick: Path) -> None:
    """The policy in the page itself: no connection of any kind, no script that is not the page's own."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(usb_stick.as_uri())
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nobody.settimeout(0)
        tried = page.evaluate(
            """async url => {
              const refused = [];
              document.addEventListener('securitypolicyviolation', e => refused.push(e.effectiveDirective));
              await fetch(url).catch(() => 0);
              navigator.sendBeacon(url, 'x');
              const image = new Image();
              const failed = new Promise(done => { image.onerror = done; });
              image.src = `${url}x.png`;
              await failed;
              const script = document.createElement('script');
              script.textContent = 'globalThis.hacked = 1';
              document.body.append(script);
              document.body.setAttribute('onclick', 'globalThis.hacked = 2');
              document.body.click();
              await new Promise(done => setTimeout(done, 0));
              return [refused, globalThis.hacked];
            }""",
            f"http://127.0.0.1:{nobody.getsockname()[1]}/",
        )
        context.close()
        with pytest.raises(BlockingIOError):
            nobody.accept()
    assert set(tried[0]) >= {"connect-src", "img-src", "script-src-elem", "script-src-attr"}
    assert tried[1] is None


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_exactly_what_is_in_the_file() -> None:
    """After a change of the page: put these hashes into its Content-Security-Policy."""
    text = PAGE.read_text(encoding="utf-8")
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    wanted = (
        f"default-src 'none'; script-src {' '.join(map(hash_of, scripts))}; style-src {hash_of(style)};"
        " base-uri 'none'; form-action 'none'"
    )
    assert re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text) == [wanted]


def test_the_file_names_no_other_place_and_writes_no_markup() -> None:
    text = PAGE.read_text(encoding="utf-8")
    ours = text[text.rindex('<script type="module">') :]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|fetch\(|import\(", ours
    )
    outside_comments = re.sub(r"<!--.*?-->|/\*.*?\*/|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)
    assert set(re.findall(r"https?://[^\s\"'`)]+", outside_comments)) == {"http://www.w3.org/2000/svg"}


def test_the_embedded_signature_code_is_the_released_one() -> None:
    """noble-ed25519 3.2.0, index.js, byte for byte; only the last line of its script is ours."""
    text = PAGE.read_text(encoding="utf-8")
    first = text.index('<script type="module">\n') + len('<script type="module">\n')
    end = text.index("globalThis.ed25519 = { verify, hashes };\n", first)
    assert hashlib.sha256(text[first:end].encode()).hexdigest() == NOBLE_SHA256
    assert "Permission is hereby granted, free of charge" in text
