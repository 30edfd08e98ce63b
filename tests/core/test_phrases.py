"""What a sender says in so many words, in eight languages; and what looks like it and is not."""

import re

import pytest

from gateway.core.phrasebook import EXTENSION, STATEMENT
from gateway.core.phrases import LONGEST_SHOWN, Phrases, Sighting, find, sentences
from gateway.core.quoting import own_words

ASKS_FOR_TIME = [
    ("nl", "Graag uitstel van twee weken."),
    ("nl", "Wij hebben meer\ntijd nodig"),
    ("nl", "Kunt u de termijn verlengen?"),
    ("nl", "Mag ik de geboorteakte later opsturen?"),
    ("nl", "Ik vraag geen uitstel van vertrek, maar uitstel van deze termijn."),
    ("nl", "Ik heb geen paspoort, ik vraag om uitstel."),
    ("en", "Could I have more time, please"),
    ("en", "I would like to request an extension."),
    ("en", "Please extend the deadline"),
    ("en", "We’d need some additional time to collect these."),
    ("fr", "Je demande un délai supplémentaire de deux semaines pour produire l'acte de mariage."),
    ("fr", "Pourriez-vous prolonger le délai ?"),
    ("fr", "J’aurais besoin de plus de temps."),
    ("de", "Ich bitte um Fristverlängerung bis Ende Mai."),
    ("de", "Könnten Sie die Frist bitte verlängern?"),
    ("de", "Wir brauchen leider etwas mehr Zeit."),
    ("tr", "Belgeler için ek süre rica ediyorum."),
    ("tr", "Sürenin uzatılmasını talep ediyorum."),
    ("tr", "Daha fazla zamana ihtiyacım var."),
    ("ar", "أطلب تمديد المهلة أسبوعين لأن السفارة مغلقة."),
    ("ar", "أرجو منحي مهلة إضافية."),
    ("ar", "احتاج وقتاً إضافياً"),
    ("uk", "Прошу продовжити строк подання документів."),
    ("uk", "Мені потрібно більше часу."),
    ("uk", "Просимо відстрочку на два тижні."),
    ("ti", "ብኽብረትኩም ተወሳኺ ግዜ ሃቡኒ።"),
    ("ti", "ግዜ ይናዋሓለይ።"),
]

ASKS_FOR_NO_TIME = [
    "Hierbij mijn paspoort.",
    "Ik vraag geen uitstel.",
    "Ik heb geen extra tijd nodig.",
    "Bedankt voor het uitstel.",
    "Wij hebben vorige week uitstel gekregen.",
    "Het gaat over uitstel van vertrek (artikel 64).",
    "Verlenging verblijfsvergunning",
    "Heeft u meer tijd nodig? Schrijf het ons.",
    "The file extension is pdf",
    "I do not need more time.",
    "I have spent more time in Turkey than at home.",
    "I applied for an extension of my visa.",
    "Thank you for granting us an extension.",
    "Je n'ai pas besoin d'un délai supplémentaire.",
    "Vous m'avez demandé de répondre dans un délai de quatre semaines.",
    "Je vous réponds sans délai.",
    "Wir benötigen keine Fristverlängerung.",
    "Vielen Dank für die Fristverlängerung.",
    "Ek süreye ihtiyacım yok.",
    "Pasaportumun süresi uzatıldı.",
    "لا أحتاج إلى تمديد المهلة.",
    "أطلب تمديد الإقامة.",
    "Мені не потрібно більше часу.",
    "Я отримав відстрочку від мобілізації.",
    "Я продовжив термін дії паспорта.",
    "ተወሳኺ ግዜ ኣየድልየንን።",
]

EXPLAINS = [
    ("nl", "Ik kan de geboorteakte niet krijgen omdat het archief in mijn land is verwoest."),
    ("nl", "Dat is omdat ik de akte uit Syrië niet kan krijgen."),
    ("nl", "Mijn paspoort is onderweg gestolen."),
    ("nl", "Ik heb nooit een paspoort gehad."),
    ("en", "I am unable to obtain the birth certificate."),
    ("en", "We can’t get the marriage certificate from Eritrea."),
    ("en", "My documents were destroyed in the war."),
    ("en", "I do not have a passport."),
    ("fr", "Je ne peux pas obtenir l'acte de naissance."),
    ("fr", "Il est impossible d’obtenir ce document au Soudan."),
    ("fr", "Nos papiers ont été brûlés."),
    ("de", "Ich kann die Geburtsurkunde nicht beschaffen."),
    ("de", "Ich habe keinen Reisepass."),
    ("de", "Unsere Dokumente wurden im Krieg zerstört."),
    ("tr", "Doğum belgesini alamıyorum."),
    ("tr", "Pasaportum yok."),
    ("tr", "Evlilik cüzdanım kayboldu."),
    ("ar", "لا أستطيع الحصول على شهادة الميلاد."),
    ("ar", "ليس لدي جواز سفر."),
    ("ar", "فقدت جواز سفري أثناء الرحلة."),
    ("uk", "Я не можу отримати свідоцтво про народження."),
    ("uk", "У мене немає паспорта."),
    ("uk", "Наші документи були знищені."),
    ("ti", "ነቲ ወረቐት ክረኽቦ ኣይከኣልኩን።"),
    ("ti", "ፓስፖርት የብለይን።"),
]

EXPLAINS_NOTHING = [
    "Ik kan het niet eerder opsturen.",
    "Ik heb geen document van u ontvangen.",
    "Ik heb geen documenten meer nodig.",
    "Ik heb mijn paspoort teruggevonden, het was gestolen.",
    "Legt u uit waarom u een document niet kunt krijgen.",
    "I cannot get into the portal.",
    "I do not have questions.",
    "If you cannot get a document, tell us why.",
    "Here is my passport; nothing was lost.",
    "Je ne peux pas venir lundi.",
    "Vous ne pouvez pas obtenir ce document ?",
    "Ich habe keine Fragen.",
    "Ich habe keine Urkunde von Ihnen erhalten.",
    "Eksik belge yok.",
    "Bu belgeye gerek yok.",
    "أرسل لكم جواز السفر.",
    "لم أفقد جواز سفري.",
    "У мене немає питань щодо документів.",
    "Я не загубив паспорт.",
    "እቲ ሰነድ ኣየድልየን እዩ።",
]


@pytest.mark.parametrize(("language", "sentence"), ASKS_FOR_TIME)
def test_a_request_for_more_time_is_seen_in_each_language_with_its_sentence(language: str, sentence: str) -> None:
    text = f"Geachte heer, mevrouw,\n\nHierbij de stukken. {sentence}\n\nMet vriendelijke groet"
    assert find(text, EXTENSION) == Sighting(language, " ".join(sentence.split()))


@pytest.mark.parametrize("sentence", ASKS_FOR_NO_TIME)
def test_what_only_looks_like_a_request_for_more_time_is_none(sentence: str) -> None:
    assert find(sentence, EXTENSION) is None


@pytest.mark.parametrize(("language", "sentence"), EXPLAINS)
def test_an_explanation_is_seen_in_each_language_with_its_sentence(language: str, sentence: str) -> None:
    text = f"Geachte heer, mevrouw,\n\n{sentence} Wat moet ik doen?\n\nMet vriendelijke groet"
    assert find(text, STATEMENT) == Sighting(language, sentence)


@pytest.mark.parametrize("sentence", EXPLAINS_NOTHING)
def test_what_only_looks_like_an_explanation_is_none(sentence: str) -> None:
    assert find(sentence, STATEMENT) is None


def test_each_table_has_every_language_and_each_language_examples_of_both() -> None:
    languages = ["nl", "en", "fr", "de", "tr", "ar", "uk", "ti"]
    for book, examples in ((EXTENSION, ASKS_FOR_TIME), (STATEMENT, EXPLAINS)):
        assert [phrases.language for phrases in book] == languages
        assert {language for language, _ in examples} == set(languages)


# ---- the notation of a table ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "text", "seen"),
    [
        ("vraag ... uitstel", "Ik vraag u om twee weken uitstel", True),
        ("vraag ... uitstel", "vraag een twee drie vier vijf zes zeven uitstel", False),
        ("de|het boek", "het boek", True),
        ("de|het boek", "boek", False),
        ("de [oude] akte", "de akte", True),
        ("de [oude] akte", "de nieuwe akte", False),
        ("*akte", "huwelijksakte", True),
        ("*akte", "akten", False),
        ("akte*", "akten", True),
        ("can't", "CAN’T", True),
        ("délai", "de\u0301lai", True),
        ("المهلة", "المهله", True),
    ],
)
def test_the_notation(says: str, text: str, *, seen: bool) -> None:
    assert (find(text, (Phrases("nl", says, "nooit"),)) is not None) is seen


def test_words_of_a_table_that_are_used_again_are_listed_once_under_a_name() -> None:
    assert find("een oude akte", (Phrases("nl", "oude {stuk}", "nooit", "stuk: brief|akte"),)) is not None


def test_every_name_in_a_table_is_listed_in_it() -> None:
    for phrases in (*EXTENSION, *STATEMENT):
        named = set(re.findall(r"{(\w+)}", phrases.says + phrases.unless))
        assert named == set(re.findall(r"(\w+):", phrases.words))


def test_a_phrase_does_not_reach_into_the_next_sentence() -> None:
    book = (Phrases("nl", "kan ... niet", "nooit"),)
    assert find("Dat kan. Het is niet ver.", book) is None
    assert find("Dat kan\n\nHet is niet ver.", book) is None
    assert find("- dat kan\n- niet ver", book) is None
    assert find("Dat kan volgens art. 4 niet.", book) is not None


def test_a_long_sentence_is_shown_short() -> None:
    seen = find("uitstel " + "lang " * 200, EXTENSION)
    assert seen is not None
    assert len(seen.sentence) == LONGEST_SHOWN


def test_no_text_takes_long() -> None:
    """Nothing here goes back over what it read more than a bounded number of times."""
    for word in ("vraag ", "niet ", "> ", "x", "لا ", ". ", "- a\n", "Op 2 mrt schreef\n"):
        text = word * (64 * 1024 // len(word))
        assert find(text, EXTENSION) is None
        assert len(list(sentences(text))) <= len(text)


# ---- the sender's own words ----------------------------------------------------------------------

QUOTED = [
    "> Vraag uitstel.",
    "Op ma 2 mrt. 2026 om 10:00 schreef Herstelpost <documenten+7k3m9q2xv@intake.example>:\nVraag uitstel.",
    "Op 2 mrt 2026 om 10:00 heeft Herstelpost <d@intake.example> het volgende geschreven:\nVraag uitstel.",
    'Op 16 aug. 2014 05:13 schreef "Herstelpost" <d@intake.example> het\nvolgende geschreven:\n\nVraag uitstel.',
    "On Mon, 2 Mar 2026 at 10:00, Herstelpost <d@intake.example>\nwrote:\n\nVraag uitstel.",
    "Am Mo., 2. März 2026 um 10:00 Uhr schrieb Herstelpost <d@intake.example>:\nVraag uitstel.",
    'Le 4 janv. 2026 19:03, "Herstelpost"\n<d@intake.example>\na écrit :\n\nVraag uitstel.',
    "Herstelpost <d@intake.example>, 2 Mar 2026 Pzt, 10:00 tarihinde şunu yazdı:\n\nVraag uitstel.",
    "في الاثنين، 2 مارس 2026 في 10:00 تمت كتابة ما يلي بواسطة Herstelpost <d@intake.example>:\nVraag uitstel.",
    "пн, 2 бер. 2026 р. о 10:00 Herstelpost <d@intake.example> пише:\n\nVraag uitstel.",
    "-----Oorspronkelijk bericht-----\nVraag uitstel",
    "-----Ursprüngliche Nachricht-----\nVraag uitstel",
    "---------- Forwarded message ---------\nVraag uitstel",
    "Van: Herstelpost <d@intake.example>\nVerzonden: maandag 2 maart 2026 10:00\nAan: A\nVraag uitstel",
    "From: Herstelpost\nSent: Monday, March 2, 2026\nTo: A\nSubject: B\n\nVraag uitstel",
    "Von: Herstelpost\nGesendet: Montag, 2. März 2026\nVraag uitstel",
    "De : Herstelpost\nEnvoyé : lundi 2 mars 2026\nVraag uitstel",
    "Kimden: Herstelpost\nGönderildi: 2 Mart 2026 Pazartesi\nVraag uitstel",
    "من: Herstelpost\nتم الإرسال: 2 مارس\nVraag uitstel",
    "Від: Herstelpost\nНадіслано: 2 березня\nVraag uitstel",
    "________________________________\nVraag uitstel",
    "-- \nUitstel & Zn, advocaten",
]


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_is_quoted_forwarded_or_in_the_footer_is_not_the_senders_word(quoted: str) -> None:
    assert own_words(f"Hierbij.\n\n{quoted}").strip() == "Hierbij."


def test_an_answer_under_or_between_the_quoted_lines_is_kept() -> None:
    text = (
        "Op 2 mrt 2026 schreef Herstelpost <d@intake.example>:\n> Stuur uw paspoort.\nHierbij.\n> En de akte.\nUitstel?"
    )
    assert own_words(text) == "Hierbij.\nUitstel?"
