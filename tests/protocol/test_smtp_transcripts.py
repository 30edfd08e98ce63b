"""Golden SMTP dialogues: one file a habit or a misbehaviour, played against a real listener."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from mail.smtp_tls import Certificate
from tests.support import smtp

TRANSCRIPTS = sorted((Path(__file__).parent / "smtp").glob("*.smtp"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return smtp.certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_the_dialogue_goes_as_written(
    path: Path, new_loop: Callable[[], asyncio.AbstractEventLoop], tls: Certificate
) -> None:
    script = smtp.transcript(path)
    intake = smtp.RecordingIntake()
    wanted = {"tls": tls, **script.changes}
    with smtp.listening(intake, smtp.settings(**wanted), new_loop) as running:
        with smtp.Client(running.port) as client:
            smtp.play(client, script.steps)
        with smtp.Client(running.port) as next_client:
            assert next_client.reply(), "the listener does not live on"
    assert len(intake.arrivals) == script.received
    assert tuple(attempt.reason for attempt in intake.attempts) == script.registered
    assert intake.left_open() == 0
    assert not [a for a in intake.arrivals if "evil" in a.envelope.mail_from], "a message was smuggled in"


CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "smtp"
# Of each dialogue of the shared corpus, by its number, the transcript of ours that shows the same.
OURS = {
    1: "delivery",
    2: "delivery_of_two",
    3: "delivery_with_dots",
    4: "delivery_ends_in_pieces",
    5: "delivery_empty",
    10: "smuggling_lf_dot_lf",
    11: "smuggling_lf_dot_crlf",
    12: "smuggling_crlf_dot_lf",
    13: "smuggling_cr_dot_cr",
    14: "smuggling_cr_dot_crlf",
    15: "smuggling_crlf_dot_cr",
    16: "smuggling_cr_dot_lf",
    17: "smuggling_lf_dot_cr",
    18: "smuggling_nul_before_dot",
    19: "smuggling_nul_after_dot",
    20: "smuggling_crcrlf",
    21: "smuggling_lflf",
    22: "smuggling_in_pieces",
    23: "refused_bare_lf_in_headers",
    24: "refused_bare_cr_in_body",
    25: "bad_command_lines",
    26: "bad_command_lines",
    30: "starttls",
    31: "starttls_injection",
    32: "starttls_injection",
    33: "starttls_forgets",
    34: "starttls_forgets",
    35: "starttls_twice",
    36: "starttls_with_parameter",
    37: "starttls_with_garbage",
    38: "starttls_then_silence",
    40: "wrong_order",
    41: "delivery_with_helo_only",
    42: "hello_odd",
    43: "delivery_from_null_sender",
    44: "refused_bad_senders",
    45: "wrong_order",
    46: "refused_wrong_address",
    47: "refused_relay",
    48: "refused_relay_tricks",
    49: "nothing_is_confirmed",
    50: "limit_recipients",
    51: "delivery_to_several",
    52: "long_command",
    53: "endless_command",
    54: "delivery_of_a_long_line",
    55: "refused_size_announced",
    56: "size_announced_too_small",
    57: "refused_message_over_limit",
    58: "delivery_with_utf8",
    59: "refused_utf8_without_smtputf8",
    60: "refused_parameters_not_offered",
    61: "out_of_step_with_bdat",
    62: "bad_command_lines",
    63: "refused_nul_in_body",
    64: "http",
    65: "tls_without_starttls",
    66: "limit_errors",
    67: "limit_commands_in_a_flood",
    68: "nothing_is_confirmed",
    69: "delivery_pipelined",
    70: "out_of_step_after_refused_data",
    71: "early_talker",
    72: "hung_up_in_data",
    73: "delivery_then_half_closed",
    74: "slow_commands",
    75: "slow_data",
    76: "limit_silence",
    77: "forged_client_address",
    78: "refused_long_addresses",
    79: "delivery_with_odd_case",
    80: "slow_but_honest",
}


def test_each_dialogue_of_the_corpus_has_a_transcript_of_ours() -> None:
    assert set(OURS.values()) <= {path.stem for path in TRANSCRIPTS}
    if not CORPUS.exists():
        pytest.skip("the shared corpus is not here")
    assert {int(path.name[:2]) for path in CORPUS.glob("[0-9]*.txt")} == OURS.keys()
