"""The main job, end to end, as a newcomer sees it: the demo against the real gateway, and what it left behind."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import bagit
import pytest

HERSTELPOST = Path(sys.executable).with_name("herstelpost")


def herstelpost(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HERSTELPOST, "--config", config, *words], capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory, clamd_socket):
    """The demo's directory and what it printed."""
    home = tmp_path_factory.mktemp("house")
    config = home / "herstelpost.toml"
    config.write_text(f'data_dir = "{home / "data"}"\n[scanners]\nclamd = "unix:{clamd_socket}"\n')
    done = herstelpost(config, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    return home / "data" / "demo", done.stdout


@pytest.fixture(scope="module")
def submissions(shown):
    listed = herstelpost(shown[0] / "demo.toml", "submission", "list", "--json")
    return json.loads(listed.stdout)


def test_each_mail_and_the_upload_got_its_decision(submissions):
    assert [(s["kanaal"], s["besluit"], s["redenen"]) for s in submissions] == [
        ("smtp", "deels_aangenomen", ["niet_gevraagd"]),
        ("smtp", "deels_aangenomen", ["besmet"]),
        ("smtp", "aangehouden", ["afzender_onbekend"]),
        ("smtp", "aangehouden", ["uitstelverzoek"]),
        ("portaal", "aangenomen", []),
    ]


def test_the_documents_went_to_the_items_they_answer(submissions):
    numbers = {d["naam"]: d["nummer"] for s in submissions for d in s["stukken"] if d["besluit"] == "aangenomen"}
    assert numbers == {
        "paspoort Selam.jpg": "1",
        "huwelijksakte.pdf": "2",
        "3 geboorteakte.jpg": "3",
        "geboorteakte Liya.jpg": "4",
        "uitleg.pdf": "6",
        "verklaring.docx": "7",
    }


def test_what_is_still_missing_is_what_nobody_sent(shown):
    request = json.loads(herstelpost(shown[0] / "demo.toml", "request", "show", "HV-2026-000123").stdout)
    missing = {s["nummer"]: s["status"] for s in request["stukken"] if s["status"] != "ontvangen"}
    assert missing == {"2": "origineel_verwacht", "5": "open"}
    assert request["status"] == "open"


def _about_submissions(home):
    """The letters about what came in; the others are our own."""
    return [path for path in (home / "outbox").glob("*.eml") if not path.name.startswith("HV-")]


def test_a_released_request_is_told_of_and_an_older_one_reminded(shown):
    sent = sorted(path.name.rpartition(".")[0].rpartition(".")[0] for path in (shown[0] / "outbox").glob("HV-*.eml"))
    assert sent == ["HV-2026-000124.verzoek.0", "HV-2026-000125.herinnering.0"]
    assert "Herinnering: wij missen nog documenten" in shown[1]


def test_every_sender_was_told_once(shown, submissions):
    letters = sorted(path.name.split(".")[0] for path in _about_submissions(shown[0]))
    mailed = sorted(s["ontvangstnummer"] for s in submissions if s["kanaal"] == "smtp")
    uploaded = [s["ontvangstnummer"] for s in submissions if s["kanaal"] == "portaal"]
    assert [number for number in letters if number not in uploaded] == mailed
    assert letters.count(uploaded[0]) == 2  # both parties agreed to e-mail


def test_a_stranger_learns_nothing(shown, submissions):
    stranger = next(s for s in submissions if s["redenen"] == ["afzender_onbekend"])
    letter = next((shown[0] / "outbox").glob(f"{stranger['ontvangstnummer']}*.eml")).read_text()
    for word in ("HV-2026-000123", "Z1-0001234567", "Selam", "Tesfay", "paspoort", "uwelijksakte"):
        assert word not in letter


def test_the_receipt_verifies_with_its_own_files_only(shown):
    done = subprocess.run(
        [HERSTELPOST, "verify", shown[0] / "ontvangstbewijs"], capture_output=True, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_whole_log_agrees_with_every_stored_byte(shown):
    done = herstelpost(shown[0] / "demo.toml", "ledger", "verify", "--content")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all of it agrees" in done.stderr


def test_the_refused_address_is_in_the_register(shown):
    done = herstelpost(
        shown[0] / "demo.toml",
        "register",
        "--from",
        "2020-01-01",
        "--until",
        "2100-01-01",
        "--address",
        "info@intake.example",
        "--json",
    )
    assert [row["name"] for row in json.loads(done.stdout)] == ["SubmissionRejection"]


def test_the_bundle_is_a_valid_bag(shown, tmp_path):
    with zipfile.ZipFile(shown[0] / "HV-2026-000123.zip") as bag:
        bag.extractall(tmp_path)
    bagit.Bag(str(tmp_path / "HV-2026-000123")).validate()


def test_why_names_rule_reason_and_ground(shown, submissions):
    for submission in submissions:
        why = json.loads(
            herstelpost(shown[0] / "demo.toml", "submission", "why", submission["ontvangstnummer"], "--json").stdout
        )
        assert why["rule"]
        assert "art." in why["ground"]
        assert why["facts"]["sender"] is not None
