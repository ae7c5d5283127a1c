/** A page that signs in, shows the newest mentions, and adds new ones as they come. It needs no packages and no build. */
import { followByEvents } from "./events.js";
import { followBySocket } from "./socket.js";

const SIGN_IN = `
  mutation SignIn($email: String!, $password: Secret!) {
    signIn(input: { email: $email, password: $password }) {
      userErrors {
        message
      }
    }
  }
`;
const NEWEST = `
  {
    mentions(first: 5) {
      nodes {
        externalId
      }
      pageInfo {
        changesAfter
      }
    }
  }
`;
const ADDED = `
  subscription Added($after: String) {
    mentionAdded(after: $after) {
      mentions {
        externalId
      }
      cursor
    }
  }
`;
const TRANSPORTS = { events: followByEvents, socket: followBySocket };
const form = document.querySelector("form");
const output = document.querySelector("output");
const list = document.querySelector("ol");

async function ask(url, query, variables) {
  const response = await fetch(url, {
    method: "POST",
    credentials: "include",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

function show(mentions) {
  for (const { externalId } of mentions) list.append(Object.assign(document.createElement("li"), { textContent: externalId }));
}

async function start({ url, transport, email, password }) {
  const { signIn } = await ask(url, SIGN_IN, { email, password });
  if (signIn.userErrors.length) throw new Error(signIn.userErrors[0].message);
  const { mentions } = await ask(url, NEWEST);
  show(mentions.nodes);
  TRANSPORTS[transport](url, ADDED, mentions.pageInfo.changesAfter, {
    told({ mentionAdded }) {
      show(mentionAdded.mentions);
      return mentionAdded.cursor;
    },
    failed(errors) {
      output.textContent = errors[0].message;
    },
  });
  output.textContent = "following";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  list.replaceChildren();
  try {
    await start(Object.fromEntries(new FormData(form)));
  } catch (error) {
    output.textContent = String(error);
  }
});
