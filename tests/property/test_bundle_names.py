"""Laws of the names in a bundle: whatever senders call their files, unpacking can do no harm and loses none."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from gateway import bundle
from gateway.bundle import BundleDocument, BundleSubmission
from gateway.core import names
from gateway.core.model import StoredFile
from tests.support import dossier

NASTY = st.sampled_from(
    [
        "..",
        "../../etc/passwd",
        "C:\\x\\con.txt",
        "aux",
        "NUL.pdf",
        "a/b",
        "a%0Ab",
        "a\nb",
        ".",
        "",
        " ",
        "a.",
        "é",
        "e\u0301",
        "x" * 300,
        "\u202egpj.exe",
        "ﬁ.pdf",
        "K.pdf",
        "ß.pdf",
        "SS.pdf",
        "م" * 300,
        "😀" * 100,
        "a.pdf",
        "A.PDF",
        "a (2).pdf",
    ]
)
NAMES = st.lists(st.one_of(NASTY, st.text(max_size=40)), min_size=1, max_size=25)
OUTCOMES = ["aangenomen", "niet_gevraagd", "aangehouden", "geweigerd"]


def paths(given_names, numbers, outcomes, kind="paspoort"):
    documents = [
        BundleDocument(
            name, f"{n:064x}", 1, "application/pdf", outcomes[n % len(outcomes)], None, numbers[n % len(numbers)]
        )
        for n, name in enumerate(given_names)
    ]
    raw = [StoredFile(f"{1000 + n:064x}", 1, name) for n, name in enumerate(given_names)]
    submission = BundleSubmission(dossier.NUMBER, dossier.submission(), raw, documents, {})
    request = dossier.request(dossier.item("1", kind), dossier.item("2a", kind))
    return list(bundle._planned(request, [submission]).copies)


@given(
    NAMES,
    st.lists(st.sampled_from([None, "1", "2a", "9"]), min_size=1),
    st.lists(st.sampled_from(OUTCOMES), min_size=1),
)
def test_every_file_has_a_path_of_its_own_on_every_system(given_names, numbers, outcomes):
    found = paths(given_names, numbers, outcomes)
    assert len(found) == 2 * len(given_names)
    assert len({unicodedata.normalize("NFC", path).casefold() for path in found}) == len(found)


@given(NAMES, NASTY)
def test_no_path_leads_out_of_the_bundle_or_deceives(given_names, kind):
    for path in paths(given_names, ["1", None], OUTCOMES, kind):
        folder, *parts = path.split("/")
        assert folder in {"stukken", "overig", "inzendingen"}
        assert len(parts) == 2
        for part in parts:
            assert part.strip(". ") == part != ""
            assert not set(part) & set('<>:"|?*\\%')
            assert not {unicodedata.category(c) for c in part if c not in "\u200c\u200d"} & {
                "Cc",
                "Cf",
                "Cs",
                "Zl",
                "Zp",
            }
            assert part.partition(".")[0].casefold() not in {"con", "aux", "nul", "prn"}
            assert len(part.encode()) <= names.MAX_BYTES + len(" (99)")
