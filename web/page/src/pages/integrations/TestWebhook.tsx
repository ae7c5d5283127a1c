import { useState } from "react";
import { useMutation, useQuery } from "../../api/hooks.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { errorAt, SelectField, textOf } from "../../ui/fields.tsx";
import { Form } from "../../ui/FormDialog.tsx";
import { graphql } from "./gql/index.ts";
import type { IntegrationsTestWebhookMutation } from "./gql/graphql.ts";

const OBJECTS = graphql(`
  query IntegrationsObjects {
    mentions(first: 1) {
      nodes {
        id
      }
    }
    leads(first: 1) {
      nodes {
        id
      }
    }
    keywords(first: 1) {
      nodes {
        id
      }
    }
    integrations(first: 1) {
      nodes {
        id
      }
    }
  }
`);

const TEST = graphql(`
  mutation IntegrationsTestWebhook($input: TestWebhookInput!) {
    testWebhook(input: $input) {
      url
      headers {
        name
        value
      }
      body
      userErrors {
        code
        message
        path
      }
    }
  }
`);

type Message = NonNullable<IntegrationsTestWebhookMutation["testWebhook"]>;

/** Shows the message about an object as it would be sent. Nothing is sent. */
export function TestWebhook({ id, onClose }: { id: string; onClose: () => void }) {
  const state = useQuery(OBJECTS, {});
  const [test] = useMutation(TEST);
  const [message, setMessage] = useState<Message | null>(null);
  const submit = (form: FormData) => test({ input: { id, objectId: textOf(form, "object") } }, { showsErrors: true });
  return (
    <Dialog title="Test the webhook" onClose={onClose}>
      <Answer of={state}>
        {({ mentions, leads, keywords, integrations }) => {
          const lists = { mention: mentions, lead: leads, keyword: keywords, integration: integrations };
          const options = Object.entries(lists).flatMap(([name, list]) =>
            (list?.nodes ?? []).map((node) => [node.id, `The newest ${name}`] as const),
          );
          if (options.length === 0) return <Empty title="You have no object for a message yet." />;
          return (
            <Form action="Show the message" shown={["objectId"]} submit={submit} onDone={setMessage}>
              {(userErrors) => (
                <SelectField
                  label="Message about"
                  name="object"
                  options={options}
                  hint="The message is signed and shown, and not sent."
                  error={errorAt(userErrors, "objectId")}
                />
              )}
            </Form>
          );
        }}
      </Answer>
      {message && (
        <pre aria-label="Message" tabIndex={0}>
          {`POST ${message.url}\n`}
          {message.headers.map(({ name, value }) => `${name}: ${value}\n`)}
          {`\n${message.body}`}
        </pre>
      )}
    </Dialog>
  );
}
