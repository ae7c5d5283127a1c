"""The normal form of texts and keywords."""

import pytest

from text.normal_form import is_visible, keyword_form, normalized, readable, without_accents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Leadgraph™ Leadgraph℠ Leadgraph® Leadgraph©", "leadgraph leadgraph leadgraph leadgraph"),
        ("Leadgraph²", "leadgraph²"),
        ("Leadgraph①", "leadgraph①"),
        ("CO₂", "co2"),
        ("5㎏ ℡", "5 kg tel"),
        ("McDonald´s McDonald`s McDonald′s McDonaldʼs McDonald＇s", "mcdonald's " * 4 + "mcdonald's"),  # noqa: RUF001
        ("e‐mail e‑mail e–mail e—mail e−mail", "e-mail " * 4 + "e-mail"),  # noqa: RUF001
        ("„x“ «y»", '"x" "y"'),
        ("Lead\u200bgr\u00ada\u2060ph\ufeff\u202e", "leadgraph"),
        ("a\u3164\u2800b\x07c", "a bc"),
        ("ＡＴ＆Ｔ", "at&t"),  # noqa: RUF001
        ("Işık IŞIK ışık", "ışık ışık ışık"),  # noqa: RUF001
        ("DİYARBAKIR INPUT", "diyarbakır input"),  # noqa: RUF001
        ("قَهْـــوَة", "قهوة"),
        ("أحمد", "أحمد"),
        ("שָׁלוֹם", "שלום"),
        ("ΟΔΌΣ οδός", "οδοσ οδοσ"),
        ("Straße", "strasse"),
        ("cafe\u0301 z\u0336a\u0336", "café za"),
        ("за\u0301мок", "замок"),  # noqa: RUF001
        ("l’AI, l’ai", "l' ai, l'ai"),  # noqa: RUF001
        ("a \t\r\n\u00a0\u2003b", "a b"),
    ],
)
def test_texts_that_look_alike_have_one_normal_form(text: str, expected: str) -> None:
    assert normalized(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("expédition", "expedition"), ("łódź ñandú", "łodz nandu"), ("οδόσ", "οδοσ"), ("ёлка мой", "елка мой"), ("أحمد", "احمد"), ("が", "が"), ("ışık", "ısık")],  # noqa: RUF001
)  # fmt: skip
def test_only_accents_of_latin_greek_and_arabic_letters_are_removed(text: str, expected: str) -> None:
    assert without_accents(text) == expected


@pytest.mark.parametrize(
    ("text", "visible"),
    [("", False), ("\u200b\u00ad\u3164", False), ("\u2800", False), ("\u0301", False), ("™", False), ("+", True), ("🚀", True), ("ー", True), ("²", True)],
)  # fmt: skip
def test_a_keyword_needs_a_visible_character(text: str, visible: bool) -> None:
    assert is_visible(normalized(text)) is visible


def test_the_form_of_a_keyword_is_bounded() -> None:
    long = "ﷺ" * 200
    assert len(keyword_form(long)) == 464
    assert keyword_form(long) != keyword_form(long[:-1])


def test_a_readable_text_keeps_case_accents_and_lines() -> None:
    assert readable("I&#x27;m\nDONE<p>with Café’s ｘ\u200b") == "I'm\nDONE with Café's x"  # noqa: RUF001
