/** Return the address of another site if its scheme is safe to follow, or null. */
export function safeAddress(address: string): string | null {
  const scheme = URL.parse(address)?.protocol;
  return scheme === "https:" || scheme === "http:" ? address : null;
}

/** Return the ID in a segment of the address. The router leaves it encoded. */
export function idIn(segment: string | undefined): string | null {
  if (!segment) return null;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
