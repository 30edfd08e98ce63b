"""What an HTML mail quotes is not its sender's word, whoever marked the quotation; and what only looks so is."""

import pytest

from gateway.core.phrasebook import EXTENSION
from gateway.core.phrases import find
from gateway.core.quoting import own_words
from mail.markup import text_of

OURS = "Heeft u uitstel nodig? Ik vraag uitstel."
OWN = "Hierbij mijn paspoort."
ON = "Op ma 2 mrt 2026 om 10:00 schreef Herstelpost &lt;documenten@intake.example&gt;:"
HEAD = "<b>ከ:</b> Herstelpost<br><b>ዕለት:</b> 2 maart 2026<br>"

QUOTED = {
    "bare": f"<p>{OWN}</p><blockquote><p>{OURS}</p></blockquote>",
    "upper case, unclosed": f"<P>{OWN}<BLOCKQUOTE><P>{OURS}",
    "apple": f'<div>{OWN}<br><blockquote type="cite"><div>{ON}</div><br><div>{OURS}</div></blockquote></div>',
    "thunderbird": f'<p>{OWN}</p><div class="moz-cite-prefix">{ON}<br></div><blockquote type="cite" cite="mid:1">{OURS}'
    "</blockquote>",
    "gmail": f'<div>{OWN}</div><div class="gmail_quote gmail_quote_container"><div class="gmail_attr">{ON}<br></div>'
    f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid">{OURS}</blockquote></div>',
    "gmail without its element": f'<div>{OWN}</div><div class="gmail_quote"><div>Post</div><div>{OURS}</div></div>',
    "yahoo": f'<div>{OWN}</div><div id="x" class="ydpyahoo_quoted yahoo_quoted"><div>{OURS}</div></div>',
    "outlook on the web": f'<div>{OWN}</div><div id="appendonsend"></div><hr>'
    f'<div id="divRplyFwdMsg" dir="ltr">{HEAD}</div><div>{OURS}</div>',
    "outlook, answered twice": f'<div>{OWN}</div><hr><div id="x_x_divRplyFwdMsg">{HEAD}</div><div>{OURS}</div>',
    "outlook": f"<p class=MsoNormal>{OWN}</p>"
    "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
    f"<p class=MsoNormal>{HEAD}</p></div></div><p class=MsoNormal>{OURS}</p>",
    "outlook on a telephone": f"<div>{OWN}</div>"
    f'<div id="mail-editor-reference-message-container"><div>{HEAD}</div>{OURS}</div>',
    "outlook for mac": f'<div>{OWN}</div><span id="OLK_SRC_BODY_SECTION"><div>{HEAD}</div><div>{OURS}</div></span>',
    "line ends inside": f"<p>{OWN}</p><blockquote>Zie:\n{OURS}\r\n{OURS}&#10;{OURS}&#x2028;{OURS}</blockquote>",
    "quoted twice": f"<p>{OWN}</p><blockquote>a<blockquote>{OURS}</blockquote>{OURS}</blockquote>",
    "moved to the right in a quotation": f"<p>{OWN}</p>"
    f"<blockquote>a<blockquote style='border:none'>b</blockquote>{OURS}</blockquote>",
}

ASKS = "Graag uitstel van twee weken."
NOT_QUOTED = {
    "under it": f"<blockquote>{OURS}</blockquote><p>{ASKS}</p>",
    "between its pieces": f"<blockquote>a</blockquote><p>{ASKS}</p><blockquote>{OURS}</blockquote>",
    "between its pieces, in the wrapper": '<div class="gmail_quote"><blockquote class="gmail_quote">a</blockquote>'
    f'<div>{ASKS}</div><blockquote class="gmail_quote">{OURS}</blockquote></div>',
    "behind the wrapper": f'<div class="yahoo_quoted"><div><div>{OURS}</div></div></div><div>{ASKS}</div>',
    "moved to the right": f'<blockquote style="margin:0 0 0 40px;border:none;padding:0px">{ASKS}</blockquote>',
    "a line that is no divider": f'<div style="border-top:solid #E1E1E1 1px;padding:8px">{ASKS}</div>',
    "where the next one is put": f'<div id="appendonsend"></div><div>{ASKS}</div>',
    "a comment": f"<!-- <blockquote> --><p>{ASKS}</p>",
    "a style sheet": f"<style>blockquote.gmail_quote {{border:1px}}</style><p>{ASKS}</p>",
    "one end too many": f"</blockquote></div><p>{ASKS}</p>",
    "the word itself": f"<p>&lt;blockquote&gt; gmail_quote {ASKS}</p>",
}


@pytest.mark.parametrize("markup", QUOTED.values(), ids=QUOTED)
def test_what_is_quoted_is_not_the_senders_word_and_is_still_there_to_read(markup: str) -> None:
    text = text_of(markup)
    assert find(text, EXTENSION) is None
    assert OURS in text
    assert OWN in own_words(text)


@pytest.mark.parametrize("markup", NOT_QUOTED.values(), ids=NOT_QUOTED)
def test_what_the_sender_wrote_himself_counts(markup: str) -> None:
    found = find(text_of(markup), EXTENSION)
    assert found is not None
    assert ASKS in found.sentence


def test_text_without_quotations_is_as_before() -> None:
    assert text_of("<p>a &amp; b</p>\n<script>x</script>c<br>d<td>e").split() == ["a", "&", "b", "c", "de"]
