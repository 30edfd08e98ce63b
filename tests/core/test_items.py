"""Which item: a family's real file names, and words beside them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.core.items import Assignment, assign, fold, words_of
from gateway.core.model import Item
from gateway.core.words import ItemStatus
from tests.support.facts import document, named

FAMILY = (
    Item("1", "paspoort", "Kopie van het paspoort", "Sara El Idrissi"),
    Item("2", "paspoort", "Kopie van het paspoort", "Omar El Idrissi"),
    Item("3", "paspoort", "Kopie van het paspoort", "سارة"),
    Item("4", "huwelijksakte", "Kopie van de huwelijksakte"),
    Item("5", "loonstrook", "Loonstroken van drie maanden", "Jan van Dijk"),
    Item("5a", "arbeidscontract", "Arbeidscontract", "Jan van Dijk"),
)


def numbers(items: Sequence[Item], *names: str, text: str = "") -> list[str | None]:
    return [a.number for _, a in sorted(assign(named(*names), items, text).items())]


def status(item: Item, now: ItemStatus) -> Item:
    return replace(item, status=now)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        # the number in the name
        ("1 paspoort Sara.pdf", "1"),
        ("1.pdf", "1"),
        ("01.pdf", "1"),
        ("2_omar.jpg", "2"),
        ("4) huwelijk.pdf", "4"),
        ("5a.pdf", "5a"),
        ("5A contract.pdf", "5a"),
        ("stuk 2.pdf", "2"),
        ("Stuk2.pdf", "2"),
        ("item-04.pdf", "4"),
        ("foto bij nr. 3.png", "3"),
        ("\u0661 \u062c\u0648\u0627\u0632.pdf", "1"),
        ("\u200f2 paspoort.pdf", "2"),
        # the person in the name
        ("paspoort Sara.pdf", "1"),
        ("PaspoortOmar.pdf", "2"),
        ("passport_OMAR_el_idrissi.pdf", "2"),
        ("Paspoort van Omar.pdf", "2"),
        ("جواز سارة.pdf", "3"),
        # the kind in the name
        ("huwelijksakte.pdf", "4"),
        ("huwelijks akte Sara en Omar.pdf", "4"),
        ("Trouwakte (vertaald).pdf", "4"),
        ("marriage certificate.pdf", "4"),
        ("loonstroken jan-mrt.pdf", "5"),
        # a number that the words contradict is the sender's own
        ("3 loonstroken.pdf", "5"),
        ("1 paspoort Omar.pdf", "2"),
        ("bijlage 2 - trouwakte.pdf", "4"),
        ("1 marriage certificate.pdf", "4"),
        # nothing that says which
        ("IMG_1234.jpg", None),
        ("document 1.pdf", None),
        ("Document1.docx", None),
        ("scan0001.pdf", None),
        ("01-03-2024.pdf", None),
        ("1-3-2024 scan.pdf", None),
        ("1 maart 2024.pdf", None),
        ("2 feb 2024.pdf", None),
        ("20240301_120000.jpg", None),
        ("2024-01-02.pdf", None),
        ("nr 2-3456.pdf", None),
        ("paspoort.pdf", None),
        ("paspoort Idrissi.pdf", None),
        ("paspoort van mij.pdf", None),
        ("12.pdf", None),
        ("", None),
    ],
)
def test_the_item_that_a_file_name_means(name: str, number: str | None) -> None:
    assert numbers(FAMILY, name) == [number]


@pytest.mark.parametrize("name", ["IMG_1234.jpg", "paspoort.pdf", "01-03-2024.pdf", "document 1.pdf"])
def test_what_could_be_any_of_them_is_for_this_request(name: str) -> None:
    """`keuze_nodig` is not a refusal."""
    assert assign(named(name), FAMILY) == {1: Assignment(None, requested=True)}


@pytest.mark.parametrize("name", ["bonus.pdf", "factuur.pdf", "overlijdensakte oma.pdf"])
def test_what_is_plainly_something_else_was_not_asked_for(name: str) -> None:
    assert assign(named(name), FAMILY) == {1: Assignment(None, requested=False)}


def test_a_whole_family_in_one_mail() -> None:
    names = (
        "paspoort.pdf",
        "Sara paspoort.pdf",
        "paspoort omar.pdf",
        "akte huwelijk.pdf",
        "loonstrook1.pdf",
        "loonstrook2.pdf",
    )
    assert numbers(FAMILY, *names) == ["3", "1", "2", None, "5", "5"]


@pytest.mark.parametrize("order", [("paspoort.pdf", "paspoort Sara.pdf"), ("paspoort Sara.pdf", "paspoort.pdf")])
def test_the_order_of_the_files_does_not_matter(order: tuple[str, str]) -> None:
    found = assign(named(*order), FAMILY[:2])
    assert {order[seq - 1]: a.number for seq, a in found.items()} == {"paspoort Sara.pdf": "1", "paspoort.pdf": "2"}


# ---- one left --------------------------------------------------------------------------------------

ONE_LEFT = (FAMILY[0], status(FAMILY[1], ItemStatus.RECEIVED), status(FAMILY[3], ItemStatus.APPROVED))


def test_one_file_is_taken_for_the_one_open_item() -> None:
    assert numbers(ONE_LEFT, "IMG_1234.jpg") == ["1"]
    assert numbers((status(FAMILY[0], ItemStatus.REJECTED),), "IMG_1234.jpg") == ["1"]


def test_two_files_for_one_open_item_need_a_choice() -> None:
    assert numbers(ONE_LEFT, "IMG_1.jpg", "IMG_2.jpg") == [None, None]


@pytest.mark.parametrize("name", ["paspoort Omar.pdf", "trouwakte.pdf"])
def test_a_file_that_names_another_item_is_not_taken_for_the_one_open_item(name: str) -> None:
    """P5 within a request: Omar's passport must not be filed as Sara's because hers is the one missing."""
    assert numbers(ONE_LEFT, name) != ["1"]


def test_somebody_elses_passport_is_not_the_passport_that_was_asked() -> None:
    items = (FAMILY[0], Item("2", "geboorteakte", "Geboorteakte", "Omar El Idrissi", status=ItemStatus.RECEIVED))
    assert numbers(items, "paspoort Omar.pdf") == [None]
    assert numbers(items, "paspoort Sara.pdf") == ["1"]


def test_when_nothing_is_open_nothing_more_was_asked_for() -> None:
    items = tuple(status(i, ItemStatus.RECEIVED) for i in FAMILY)
    assert assign(named("IMG_1.jpg"), items) == {1: Assignment(None, requested=False)}
    assert numbers(items, "huwelijksakte beter.pdf") == ["4"], "a better copy of an answered item is taken"


# ---- what somebody said ----------------------------------------------------------------------------


def test_what_the_sender_or_a_person_chose_goes_before_every_word() -> None:
    assert assign((document("1 paspoort Sara.pdf", item="4"),), FAMILY)[1].number == "4"
    assert assign((document("1 paspoort Sara.pdf", item="99"),), FAMILY)[1].number == "1"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Stuk 2: IMG_1234.jpg", "2"),
        ("IMG_1234.jpg is nr. 4", "4"),
        ("- 2. IMG_1234.jpg", "2"),
        ("IMG_1234.jpg (3)", "3"),
        ("Stuk 1: IMG_9.jpg, stuk 2: IMG_1234.jpg", "2"),
        ("IMG_9.jpg is stuk 1 en IMG_1234.jpg is stuk 4", "4"),
        ("Stuk 2: IMG_12345.jpg", None),
        ("2 foto's: IMG_1234.jpg", None),
        ("IMG_1234.jpg 2 pagina's", None),
        ("Ik stuur 2 bestanden.\nIMG_1234.jpg", None),
    ],
)
def test_the_number_beside_the_file_in_the_text(text: str, number: str | None) -> None:
    assert numbers(FAMILY, "IMG_1234.jpg", text=text) == [number]


# ---- statements ------------------------------------------------------------------------------------

MAY, MAY_NOT = (Item("1", "paspoort", "Paspoort", statement_allowed=allowed) for allowed in (True, False))
CONSENT = Item("2", "toestemmingsverklaring", "Toestemming van de andere ouder")


@pytest.mark.parametrize(
    "name", ["verklaring.pdf", "Verklaring geen paspoort.pdf", "stuk 1 verklaring.pdf", "declaration.pdf"]
)
def test_a_statement_is_a_statement_also_when_it_names_the_document(name: str) -> None:
    assert assign(named(name), (MAY,)) == {1: Assignment("1", statement=True)}
    assert assign(named(name), (MAY_NOT,)) == {1: Assignment("1", statement=True, allowed=False)}


@pytest.mark.parametrize("name", ["toestemmingsverklaring.pdf", "toestemming verklaring.pdf", "2 verklaring.pdf"])
def test_a_declaration_that_was_asked_for_is_the_document(name: str) -> None:
    assert assign(named(name), (MAY, CONSENT)) == {1: Assignment("2")}


def test_a_bank_statement_is_no_statement() -> None:
    bank = Item("1", "bankafschrift", "Bankafschriften")
    assert assign(named("bank statement march.pdf"), (bank, MAY)) == {1: Assignment("1")}


# ---- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José Müller", "JOSE MULLER"),
        ("Işık", "ISIK"),
        ("Søren", "soren"),
        ("\u200fسارة", "سارة"),
        ("Ｓａｒａ", "sara"),
        ("٣", "3"),
    ],
)
def test_writers_differ_and_mean_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_initials_and_particles_tell_nobody_apart() -> None:
    assert words_of("J. van der Berg") == {"berg"}
    assert words_of("Li") == {"li"}


def test_a_kind_that_nobody_listed_is_found_by_its_own_words() -> None:
    items = (Item("1", "bewijs van inschrijving", "BRP"), Item("2", "uittreksel", "KvK"))
    assert numbers(items, "Inschrijving bewijs 2024.pdf", "uittreksel.pdf") == ["1", "2"]
