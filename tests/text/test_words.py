"""Places where a word of a text stands for itself, and places where it is part of something else."""

import pytest

from text.normal_form import normalized
from text.words import is_mentioned


def stands(term: str, text: str) -> bool:
    term, text = normalized(term), normalized(text)
    at = text.index(term)
    return is_mentioned(text, at, at + len(term))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Leadgraph", "__Leadgraph__ ~~Leadgraph~~"),
        ("Leadgraph", "Leadgraph's API"),
        ("C", "C's syntax"),
        ("AI", "l'AI generativa"),
        ("API", "l'API"),
        ("Apple", "d'Apple"),
        ("Reilly", "O'Reilly"),
        ("crm", "crm&erp"),
        ("R&D", "our R&D budget"),
        (".NET", "ASP.NET core"),
        (".NET", "VB.NET/ASP.NET"),
        ("Leadgraph", "https://leadgraph.example/pricing"),
        ("Leadgraph", "www.leadgraph.com"),
        ("Leadgraph", "leadgraph.co.uk"),
        ("leadgraph.com", "https://www.leadgraph.com/x?y#z"),
        ("https://leadgraph.com", "see https://leadgraph.com/x"),
        ("pricing", "https://leadgraph.example/pricing"),
        ("node.js", "(node.js)"),
        ("bob@a.example", "mail bob@a.example."),
        ("@zorb", "@zorb@mastodon.social"),
        ("@zorb", ".@zorb hi"),
        ("Leadgraph", "Leadgraph를 써봤다"),
        ("삼성", "삼성에서는"),
        ("5G", "5G통신"),
    ],
)
def test_a_word_that_stands_for_itself_is_mentioned(term: str, text: str) -> None:
    assert stands(term, text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("leadgraph", "#leadgraph_rocks"),
        ("AI", "j'ai"),
        ("AI", "l'ai"),
        ("est", "c'est"),
        ("C", "c'est"),
        ("t", "don't"),
        ("don", "don't"),
        ("s", "Leadgraph's"),
        ("R", "R&D"),
        ("D", "R&D"),
        ("D", "R & D"),
        ("R", "R & D"),
        ("T", "AT&T"),
        (".NET", "www.behance.net/gallery"),
        (".NET", "see behance.net"),
        (".NET", "https://x.example/a.net"),
        ("AI", "character.ai"),
        ("www", "www.leadgraph.com"),
        ("https", "https://leadgraph.com"),
        ("co", "leadgraph.co.uk"),
        ("lead", "lead-graph.example"),
        ("#pricing", "https://a.example/page#pricing"),
        ("pricing", "https://a.example/page#pricing"),
        ("crm", "https://a.example/?q=crm"),
        ("bob", "bob@a.example"),
        ("@zorb", "bob@zorb.example"),
        ("zorb", "mailto:bob@zorb.example"),
        ("삼성", "삼성전자"),
    ],
)
def test_a_part_of_an_address_or_an_expression_is_not_mentioned(term: str, text: str) -> None:
    assert not stands(term, text)
