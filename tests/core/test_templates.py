"""Templates: what is asked in the usual case, and what need not be asked at all."""

import pytest

from config.settings import BadConfiguration
from config.templates import load_templates
from gateway.core.templates import Check, compose, pin

LIBRARY = load_templates()


def test_every_family_member_has_an_item_of_their_own_and_what_is_asked_once_is_asked_once():
    template = LIBRARY.template("nareis")
    items = compose(template, (), ("Sara", "Ali"))
    assert [(i.number, i.person) for i in items if i.kind == "paspoort"] == [("1a", "Sara"), ("1b", "Ali")]
    assert [(i.number, i.person) for i in items if i.kind == "huwelijksakte"] == [("4", "")]


def test_one_person_needs_no_letters():
    assert [i.number for i in compose(LIBRARY.template("nareis"), (), ("Sara",))] == ["1", "2", "3", "4", "5"]


def test_a_nationality_adds_its_blocks_and_nothing_is_asked_twice():
    template = LIBRARY.template("nareis")
    blocks = LIBRARY.blocks_for("nareis")
    kinds = [i.kind for i in compose(template, (*blocks, *blocks), ("Sara",))]
    assert "taskera" in kinds
    assert len(kinds) == len(set(kinds))


def test_more_persons_than_letters_are_refused():
    with pytest.raises(ValueError, match="26"):
        compose(LIBRARY.template("nareis"), (), ["x"] * 27)


def test_the_version_that_was_used_is_pinned_with_a_digest_of_its_file():
    made = pin(LIBRARY.template("nareis"), LIBRARY.blocks_for("nareis")[:1])
    assert made.startswith("nareis/1 ")
    assert "; afghanistan/1 " in made


@pytest.mark.parametrize(
    ("kind", "check"),
    [("Uittreksel BRP", Check.BLOCK), ("Loonstroken van drie maanden", Check.WARN), ("DNA-onderzoek", Check.WARN)],
)
def test_what_the_body_can_look_up_is_blocked_or_warned_about_with_its_ground(kind, check):
    """R29; Vw 2000, art. 24a."""
    found = LIBRARY.look_up("ander", kind)
    assert found.check is check
    assert found.ground.startswith("art. ")


def test_nothing_speaks_against_what_only_the_applicant_has():
    assert LIBRARY.look_up("geboorteakte", "Geboorteakte van het kind, met vertaling") is None


def test_our_own_templates_ask_nothing_that_is_blocked():
    for template in LIBRARY.templates:
        for item in compose(template, LIBRARY.blocks_for(template.name), ("Sara",)):
            found = LIBRARY.look_up(item.kind, item.description)
            assert found is None or found.check is not Check.BLOCK, item


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    (tmp_path / "a.toml").write_text('name = "a"\nversion = "een"\ntitel = "x"\n')
    (tmp_path / "b.toml").write_text("geen toml")
    with pytest.raises(BadConfiguration) as refused:
        load_templates(tmp_path)
    told = "\n".join(refused.value.problems)
    for word in ("titel: unknown key", "a.toml: version", "a.toml: title", "b.toml"):
        assert word in told


def test_a_block_of_a_template_that_is_not_there_is_a_fault(tmp_path):
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "x.toml").write_text(
        'name = "x"\nversion = 1\ntitle = "X"\ntemplates = ["weg"]\n[[items]]\nkind = "a"\ndescription = "b"\n'
    )
    with pytest.raises(BadConfiguration, match="there is no template weg"):
        load_templates(tmp_path)
