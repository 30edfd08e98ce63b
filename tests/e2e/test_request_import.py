"""`request import` with the files that other programs write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("herstelpost")
REQUEST = {
    "kenmerk": "HV-2026-000123",
    "zaaknummer": "Z1-0001234567",
    "aanvraagsoort": "nareis",
    "procedure": "aanvraag",
    "taal": "nl",
    "verzondenOp": "2026-03-02",
    "termijn": {"aantal": 4, "eenheid": "weken"},
    "kanalen": ["email"],
    "betrokkenen": [{"rol": "aanvrager", "naam": "A. Voorbeeld"}],
    "stukken": [{"nummer": "1", "soort": "paspoort", "omschrijving": "Kopie van het paspoort"}],
}


def imported(folder: Path, content: bytes, *, piped: bool) -> subprocess.CompletedProcess[bytes]:
    (folder / "herstelpost.toml").write_text('data_dir = "data"\n')
    (folder / "verzoek.json").write_bytes(content)
    command = [COMMAND, "--config", "herstelpost.toml", "request", "import", "-" if piped else "verzoek.json"]
    return subprocess.run(command, cwd=folder, input=content, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("piped", [False, True])
def test_a_byte_order_mark_is_no_fault(tmp_path: Path, *, piped: bool) -> None:
    done = imported(tmp_path, json.dumps(REQUEST).encode("utf-8-sig"), piped=piped)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["laatsteDag"] == "2026-03-30"


@pytest.mark.parametrize("content", [json.dumps(REQUEST).encode("utf-16"), b"\xff{", b"{", b"[" * 100_000])
def test_what_is_no_json_is_refused_in_words_and_nothing_is_made(tmp_path: Path, content: bytes) -> None:
    done = imported(tmp_path, content, piped=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"herstelpost: error: -: geen ")
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()
