import { Fragment } from "react";

const WORD = "[\\p{L}\\p{N}]";
// Patterns of Unicode allow a backslash before these characters alone: one before a hyphen is an error.
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&");
const phrase = (text: string) => text.trim().split(/\s+/u).map(escaped).join("\\s+");

/** Return the words of a keyword as patterns. A phrase is one pattern. */
export function termsOf({ keyword, matchType }: { keyword: string; matchType: string }): string[] {
  return (matchType === "PHRASE" ? [keyword] : keyword.split(/\s+/u)).filter(Boolean).map(phrase);
}

/** Return the words and phrases of a search as patterns, without those that it excludes. */
export function searchedTerms(search: string | undefined): string[] {
  const found = (search ?? "").matchAll(/(-?)(?:"([^"]+)"|(\S+))/gu);
  return [...found]
    .filter(([, minus, , word]) => !minus && word?.toLowerCase() !== "or")
    .map(([, , quoted, word]) => phrase(quoted ?? word ?? ""))
    .filter(Boolean);
}

/** A text with the places marked that match the terms. */
export function Marked({ text, terms }: { text: string; terms: readonly string[] }) {
  if (terms.length === 0) return text;
  const pattern = new RegExp(`((?<!${WORD})(?:${terms.join("|")})(?!${WORD}))`, "giu");
  return text.split(pattern).map((part, place) =>
    place % 2 === 1 ? <mark key={place}>{part}</mark> : <Fragment key={place}>{part}</Fragment>,
  );
}
