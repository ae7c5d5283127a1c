/** A page that signs in to the API of another origin, reads the user's name, and changes it. */
import { apollo } from "./apollo.ts";
import type { FrontEnd } from "./documents.ts";
import { relay } from "./relay.ts";
import { urql } from "./urql.ts";

const CLIENTS: Record<string, (url: string) => FrontEnd> = { apollo, urql, relay };
const form = document.querySelector("form")!;
const output = document.querySelector("output")!;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  output.textContent = "";
  const given = Object.fromEntries(new FormData(form)) as Record<string, string>;
  try {
    output.textContent = JSON.stringify(await steps(CLIENTS[given["client"]!]!(given["url"]!), given));
  } catch (error) {
    output.textContent = JSON.stringify({ failed: String(error) });
  }
});

async function steps(frontEnd: FrontEnd, given: Record<string, string>) {
  const refused = await frontEnd.signIn(given["email"]!, given["password"]!);
  if (refused.length) return { refused };
  const before = await frontEnd.name();
  const after = await frontEnd.rename(`${before} of ${given["client"]}`);
  await frontEnd.signOut();
  const later = await frontEnd.name().catch(() => "signed out");
  return { before, after, later };
}
