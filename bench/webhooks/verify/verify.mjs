// Verify messages from standard input, one JSON object a line, and print the counts at the end.
//
// The package `standardwebhooks` verifies the signatures `v1`. It knows no `v1a`, so Node's own ed25519 verifies these.
import { createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

const webhooks = new Map();
const publicKeys = new Map();
const counts = { v1: 0, v1a: 0, wrong: 0 };
const ED25519_HEADER = Buffer.from("302a300506032b6570032100", "hex");

function publicKeyOf(text) {
  if (!publicKeys.has(text)) {
    const raw = Buffer.from(text.slice("whpk_".length), "base64");
    const der = Buffer.concat([ED25519_HEADER, raw]);
    publicKeys.set(text, createPublicKey({ key: der, format: "der", type: "spki" }));
  }
  return publicKeys.get(text);
}

function isSignedBy(publicKey, headers, body) {
  const signature = headers["webhook-signature"].split(" ").find((each) => each.startsWith("v1a,"));
  const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  return verify(null, content, publicKeyOf(publicKey), Buffer.from(signature.slice("v1a,".length), "base64"));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, publicKey, headers, body } = JSON.parse(line);
  if (!webhooks.has(secret)) webhooks.set(secret, new Webhook(secret));
  try {
    webhooks.get(secret).verify(body, headers);
    counts.v1 += 1;
    if (publicKey) {
      if (!isSignedBy(publicKey, headers, body)) throw new Error("v1a");
      counts.v1a += 1;
    }
  } catch (wrong) {
    counts.wrong += 1;
    if (counts.wrong < 5) console.error(String(wrong));
  }
}
console.log(JSON.stringify(counts));
