"""Notes, checkpoints and proofs: the published vectors, and everything that is not one of them."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import notes
from gateway.notes import NoteError, Signer

# The example of c2sp.org/signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

# The example of golang.org/x/mod/sumdb/note, whose private key is published with it.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    PETER_TEXT + "\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))

# The example of c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature.
SOFA_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

OTHER = Signer("log.example/other", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def test_the_example_of_the_specification_opens() -> None:
    opened = notes.open_note(EXAMPLE_NOTE, [EXAMPLE_KEY])
    assert opened.text == "This is an example message.\n"
    assert [str(key) for key in opened.signed_by] == [EXAMPLE_KEY]


def test_the_published_note_is_signed_byte_for_byte() -> None:
    assert PETER.vkey == PETER_KEY
    assert notes.sign_note(PETER_TEXT, PETER) == PETER_NOTE
    assert notes.open_note(PETER_NOTE, [PETER_KEY]).text == PETER_TEXT


def test_keys_of_other_implementations_read_and_write_the_same() -> None:
    for vkey in (
        EXAMPLE_KEY,
        PETER_KEY,
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ):
        assert str(notes.parse_vkey(vkey)) == vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY.replace("530d903a", "530d903"),
        EXAMPLE_KEY.replace("example", "exampel"),
        EXAMPLE_KEY.replace("example.com/foo", "example com"),
        EXAMPLE_KEY.replace("example.com/foo", ""),
        EXAMPLE_KEY.replace("AekyeRrm", "AmkyeRrm"),
        EXAMPLE_KEY[:-1],
        EXAMPLE_KEY + "!",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    ],
)
def test_a_damaged_key_is_no_key(vkey: str) -> None:
    with pytest.raises(NoteError):
        notes.parse_vkey(vkey)


def test_a_note_keeps_empty_lines_in_its_text() -> None:
    text = "one\n\n\ntwo \u00e8\n"
    note = notes.sign_note(text, PETER, OTHER)
    opened = notes.open_note(note, [OTHER.vkey, PETER_KEY])
    assert (opened.text, opened.signed_by) == (text, (PETER.key, OTHER.key))


def test_an_unknown_signature_is_passed_over() -> None:
    note = notes.sign_note(PETER_TEXT, PETER, OTHER)
    assert notes.open_note(note, [OTHER.vkey]).signed_by == (OTHER.key,)


def test_a_wrong_signature_of_a_known_key_rejects_the_whole_note() -> None:
    note = notes.sign_note(PETER_TEXT, PETER) + notes.sign_note("other\n", OTHER).split("\n\n")[1]
    assert notes.open_note(note, [PETER_KEY]).signed_by == (PETER.key,)
    with pytest.raises(NoteError, match=r"the signature of log\.example/other is not right"):
        notes.open_note(note, [PETER_KEY, OTHER.vkey])


@pytest.mark.parametrize(
    "note",
    [
        "",
        PETER_TEXT,
        PETER_TEXT + "\n",
        PETER_NOTE[:-1],
        PETER_NOTE + "\n",
        PETER_NOTE.replace("\u2014", "-"),
        PETER_NOTE.replace("\u2014 ", "\u2014  "),
        PETER_NOTE.replace("PeterNeumann x", "PeterNeumann  x"),
        PETER_NOTE.replace("PeterNeumann x", "x"),
        PETER_NOTE.replace("think", "th\tnk"),
        PETER_NOTE.replace("\n", "\r\n"),
        PETER_NOTE.replace("problem", "Problem"),
        PETER_NOTE.replace("nAM=", "nAN="),
        PETER_NOTE.replace("nAM=", "nAM"),
        PETER_TEXT + "\n\u2014 PeterNeumann x08gow==\n",
        PETER_TEXT + "\n\u2014 PeterNeumann x08goww=\n",
        PETER_NOTE + PETER_NOTE.split("\n\n")[1] * 64,
        "x" * 70_000 + PETER_NOTE,
    ],
)
def test_what_is_not_exactly_a_signed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        notes.open_note(note, [PETER_KEY])


def test_without_a_known_key_nothing_is_believed() -> None:
    for vkeys in ([], [EXAMPLE_KEY]):
        with pytest.raises(NoteError, match="no signature of a known key"):
            notes.open_note(PETER_NOTE, vkeys)


@pytest.mark.parametrize("text", ["", "no newline", "a\x00b\n"])
def test_not_every_text_can_be_signed(text: str) -> None:
    with pytest.raises(NoteError):
        notes.sign_note(text, PETER)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb"])
def test_not_every_name_can_sign(name: str) -> None:
    with pytest.raises(NoteError, match="a key name must not"):
        Signer(name, PETER.private_key)


def cosigned(note: str, seconds: int, signed_seconds: int) -> tuple[str, str]:
    """The note with a witness's signature, made after the words of tlog-cosignature; and its key."""
    text = note[: note.rindex("\n\n") + 1]
    material = b"\x04" + OTHER.private_key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(b"witness.example/w1\n" + material).digest()[:4]
    signature = OTHER.private_key.sign(f"cosignature/v1\ntime {signed_seconds}\n{text}".encode())
    line = base64.b64encode(key_id + seconds.to_bytes(8, "big") + signature).decode()
    vkey = f"witness.example/w1+{key_id.hex()}+{base64.b64encode(material).decode()}"
    return f"{note}\u2014 witness.example/w1 {line}\n", vkey


def test_a_witness_signs_the_time_and_the_checkpoint() -> None:
    note, vkey = cosigned(notes.sign_note(SOFA_TEXT, PETER), 1679315147, 1679315147)
    assert [key.name for key in notes.open_note(note, [PETER_KEY, vkey]).signed_by] == [
        "PeterNeumann",
        "witness.example/w1",
    ]
    note, vkey = cosigned(notes.sign_note(SOFA_TEXT, PETER), 1679315148, 1679315147)
    with pytest.raises(NoteError, match=r"the signature of witness\.example/w1 is not right"):
        notes.open_note(note, [PETER_KEY, vkey])


def test_the_checkpoint_of_the_specification_is_read_and_written() -> None:
    checkpoint = notes.parse_checkpoint(SOFA_TEXT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert notes.checkpoint_text(checkpoint.origin, checkpoint.size, checkpoint.root) == SOFA_TEXT
    assert notes.parse_checkpoint(SOFA_TEXT + "extension\n") == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "origin\n",
        "origin\n1\n",
        SOFA_TEXT[:-1],
        SOFA_TEXT + "\n",
        SOFA_TEXT + "\nextension\n",
        "\n" + SOFA_TEXT,
        SOFA_TEXT.replace("20852163", "020852163"),
        SOFA_TEXT.replace("20852163", "+20852163"),
        SOFA_TEXT.replace("20852163", "2085216\u0663"),
        SOFA_TEXT.replace("q2I=", "q2J="),
        SOFA_TEXT.replace("CsUY", ""),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        notes.parse_checkpoint(text)


CHECKPOINT = notes.sign_note(SOFA_TEXT, PETER)
PATH = tuple(hashlib.sha256(bytes([n])).digest() for n in range(3))


@pytest.mark.parametrize("path", [(), PATH[:1], PATH])
@pytest.mark.parametrize("extra", [b"", bytes(32)])
def test_a_proof_reads_back(path: tuple[bytes, ...], extra: bytes) -> None:
    text = notes.tlog_proof(7, path, CHECKPOINT, extra)
    assert notes.parse_tlog_proof(text) == notes.TlogProof(7, path, CHECKPOINT, extra)


def test_a_proof_is_written_as_the_specification_shows() -> None:
    assert notes.tlog_proof(0, PATH[:1], CHECKPOINT, b"\x00\x01").split("\n")[:5] == [
        "c2sp.org/tlog-proof@v1",
        "extra AAE=",
        "index 0",
        base64.b64encode(PATH[0]).decode(),
        "",
    ]


PROOF = notes.tlog_proof(7, PATH, CHECKPOINT, b"salt")


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHECKPOINT,
        PROOF.replace("@v1", "@v2"),
        PROOF.replace("extra ", "extra  "),
        PROOF.replace("extra ", "Extra "),
        PROOF.replace("index 7", "index 07"),
        PROOF.replace("index 7", "index -7"),
        PROOF.replace("index 7\n", ""),
        PROOF.replace("\nindex", "\n\nindex"),
        PROOF.replace("\n", "\r\n"),
        PROOF.split("\n\n", maxsplit=1)[0],
        notes.tlog_proof(7, PATH * 22, CHECKPOINT),
        notes.tlog_proof(7, (b"short",), CHECKPOINT),
        PROOF + "x" * 70_000,
    ],
)
def test_what_is_not_a_proof_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        notes.parse_tlog_proof(text)


def test_a_private_key_reads_back_from_its_file() -> None:
    private_key = notes.generate_key()
    again = notes.key_from_pem(notes.key_to_pem(private_key))
    assert Signer("a", again).vkey == Signer("a", private_key).vkey


def test_what_is_not_an_ed25519_key_file_is_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(NoteError, match="not an Ed25519 key"):
        notes.key_from_pem(other)
    with pytest.raises(NoteError, match="not a private key in PEM"):
        notes.key_from_pem(b"nothing")


def test_a_key_file_may_have_comments() -> None:
    assert notes.read_vkeys(f"# ours\n{PETER_KEY}\n\n {EXAMPLE_KEY} \r\n") == (PETER_KEY, EXAMPLE_KEY)
