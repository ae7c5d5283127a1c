"""Texts as readers see them: markup, the normal form, words, and the lexemes of the search."""
