"""The text below the markup."""

import time

import pytest

from text.markup import plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AT&amp;T", "AT&T"),
        ("McDonald&#x27;s &#39;x&#39", "McDonald's 'x'"),
        ("&amp;quot;twice&amp;quot;", '"twice"'),
        ("a&nbsp;b &amp c", "a\u00a0b & c"),
        ("?a=1&copy=2&amp=3", "?a=1&copy=2&amp=3"),
        ("no<br>code<br/>yes", "no code yes"),
        ("<p>one</p><p>two</p>", " one  two "),
        ('#<span class="tag">tag</span>', "#tag"),
        ('<a href="https://a.example/?x>y" rel=nofollow download>link</a>', "link"),
        ("Leadgraph<sup>2</sup> H<sub>2</sub>O", "Leadgraph 2  H2O"),
        ("a <!-- <b>no</b> --> b", "a  b"),
        ("x<script>var href = '</p>'</script>y", "x y"),
        ("<style>p {}</style>z", " z"),
        ("<?xml version='1.0'?><![CDATA[kept]]>", "  kept "),
        ('cut <a href="https://a.exam', "cut  "),
        ("&lt;p&gt;once more&lt;br&gt;escaped&lt;/p&gt;", " once more escaped "),
        ("how do I close a &lt;div&gt;?", "how do I close a <div>?"),
        ("a < b, x<y and c>d, <3", "a < b, x<y and c>d, <3"),
        ("x<b and c>d", "x<b and c>d"),
        (
            "List<String> <https://a.example> <bob@a.example>",
            "List<String> <https://a.example> <bob@a.example>",
        ),
        ("AT&T, R&D; Q&A", "AT&T, R&D; Q&A"),
        ("an <!-- arrow", "an <!-- arrow"),
        ('<a href="x"target="_blank">link</a>', "link"),
        ('<div data-v-7ba5bd90 aria-hidden><iframe src="x" webkitallowfullscreen></iframe>a</div>', "   a "),
        ("a<svg viewBox='0 0 1 1'><title>Menu</title><path d='M0 0'/></svg>b", "a b"),
        ("<math><mi>x</mi><mo>=</mo></math>", "  x  =  "),
        ('<x-link to="/y">zorb</x-link>flow <item id="1">a</item>', "zorbflow  a "),
        ("<rant>no</rant> <your-name>", "<rant>no</rant> <your-name>"),
        ("put a <script> tag or a <style> there", "put a   tag or a   there"),
        ('cut <script type="module">var a', "cut "),
        (
            "List<Object>, List<object>, Optional<Header> no<Br>code",
            "List<Object>, List<object>, Optional<Header> no code",
        ),
        ("<p>cut</p", " cut "),
        ("&lt;p&gt;long &lt;b&gt;text […]", " long text […]"),
    ],
)
def test_markup_is_removed_and_everything_else_stays(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    "part",
    [
        "<",
        "<a ",
        "<a x=",
        '<a x="',
        "<a x='\"",
        "<!--",
        "<script>",
        "&",
        "&amp;",
        "&#",
        "</",
        "<a\t\t",
        "<b checked ",
        "<script x='",
        "<svg>",
        "<x-y z='1' ",
        "<x z='1'>",
    ],
)
def test_long_texts_take_time_in_proportion_to_their_length(part: str) -> None:
    text = part * (20_000 // len(part))
    start = time.process_time()
    plain(text)
    assert time.process_time() - start < 1
