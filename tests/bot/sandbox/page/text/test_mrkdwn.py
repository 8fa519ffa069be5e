"""Slack's mrkdwn becomes HTML, and nothing but its own markup does."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.page.text.display_names import sandbox_names
from bot.sandbox.page.text.markdown import markdown
from bot.sandbox.page.text.mrkdwn import mrkdwn
from tests.bot.sandbox.page.markup import tags_of

NAMES = sandbox_names(UTC)
TAGS = {"strong", "em", "s", "code", "pre", "blockquote", "br", "a", "span", "time", "p", "ul", "li"}
ATTRIBUTES = {"href", "target", "rel", "class", "tabindex", "data-open"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("*bold* and _italic_ and ~gone~", "<strong>bold</strong> and <em>italic</em> and <s>gone</s>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("* not bold *", "* not bold *"),
        ("`*code*`", "<code>*code*</code>"),
        ("a\nb", "a<br>b"),
        ("```x &lt; y\n*z*```", '<pre tabindex="0">x &lt; y\n*z*</pre>'),
        ("say:\n```one```\nend", 'say:<pre tabindex="0">one</pre>end'),
        ("&gt; wise\n&gt; words\nmine", "<blockquote>wise<br>words</blockquote>mine"),
        ("> wise", "<blockquote>wise</blockquote>"),
        ("&lt;b&gt; &amp;amp;", "&lt;b&gt; &amp;amp;"),
        ("<@U0REQUESTER>", '<span class="mention">@Riley Park</span>'),
        ("<@U9NOBODY>", '<span class="mention">@U9NOBODY</span>'),
        ("<#C0PARTNERAC>", '<span class="mention">#partner-access</span>'),
        ("<!here>", '<span class="mention">@here</span>'),
        ("<!subteam^S0SECURITY1>", '<span class="mention">@partner-security</span>'),
        ("<!date^0^{date_num} {time}|then>", "<time>1970-01-01 00:00</time>"),
        ("<!date^0^{nonsense}|then>", "<time>then</time>"),
        ("<!date^soon^{date}|then>", "then"),
        (
            "<https://example.com/?a=1&amp;b=2|the *site*>",
            '<a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">the *site*</a>',
        ),
        (
            "<mailto:a@b.example>",
            '<a href="mailto:a@b.example" target="_blank" rel="noopener noreferrer">a@b.example</a>',
        ),
        ("*see <https://x.example/*|it>*", None),
        (":white_check_mark: :unheard_of:", "✅ :unheard_of:"),
        (
            "<slack://app?team=T0WOODGROVE&amp;id=A0GATEHOUSE&amp;tab=home|Open my Home tab>",
            '<a href="/?channel=home" data-open="home">Open my Home tab</a>',
        ),
        (
            "see https://x.example/a?b=1&amp;c=2.",
            'see <a href="https://x.example/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">'
            "https://x.example/a?b=1&amp;c=2</a>.",
        ),
        ("<https://x.example|see https://y.example>", None),
        ("`https://x.example`", "<code>https://x.example</code>"),
        ("<slack://app?team=T0OTHER&amp;id=A0GATEHOUSE|elsewhere>", "elsewhere"),
        ("<javascript:alert(1)|press>", "press"),
        ("<data:text/html,x|press>", "press"),
        ("<JaVaScRiPt:alert(1)>", "JaVaScRiPt:alert(1)"),
        ("<script>alert(1)</script>", "scriptalert(1)/script"),
        ("<https://x.example|<b>>", None),
    ],
)
def test_mrkdwn(text: str, html: str | None) -> None:
    shown = str(mrkdwn(text, NAMES))
    assert html is None or shown == html
    assert {tag.tag for tag in tags_of(shown)} <= TAGS


@pytest.mark.parametrize("show", [mrkdwn, markdown])
@given(text=st.text(alphabet="<>&*_~`|!@#^:/\"' \n=a.()[]{}-javscriptonlhd", max_size=120))
def test_no_text_brings_its_own_tags(show: object, text: str) -> None:
    shown = str(show(text, NAMES))  # type: ignore[operator]
    for tag in tags_of(shown):
        assert tag.tag in TAGS
        assert set(tag.attributes) <= ATTRIBUTES
        if "data-open" not in tag.attributes:
            assert tag.attributes.get("href", "https:").split(":")[0].lower() in {"http", "https", "mailto"}


def test_long_hostile_text_is_quick() -> None:
    """Unclosed marks must not make matching slow."""
    for text in ("*a" * 20_000, "_<" * 20_000, "~`" * 20_000, "<!date^" * 9_000, "[a](" * 9_000):
        mrkdwn(text, NAMES)
        markdown(text, NAMES)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** *i* ~~s~~ `c`", '<p class="rich"><strong>b</strong> <em>i</em> <s>s</s> <code>c</code></p>'),
        ("# Title", '<p class="md-heading">Title</p>'),
        ("- one", "<ul><li>one</li></ul>"),
        ("```json\n{}\n```", '<pre tabindex="0">{}</pre>'),
        ("[go](javascript:x)", '<p class="rich">go</p>'),
        ("<img src=x onerror=alert(1)>", '<p class="rich">&lt;img src=x onerror=alert(1)&gt;</p>'),
    ],
)
def test_markdown(text: str, html: str) -> None:
    assert str(markdown(text, NAMES)) == html
