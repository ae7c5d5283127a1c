import { useState } from "react";
import { type Outcome, useMutation } from "../api/hooks.ts";
import { graphql } from "../gql/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { FormErrors, TextField } from "../ui/fields.tsx";
import { enter } from "./tabs.ts";

export const SIGN_IN = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      viewer {
        id
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

/**
 * The sign-in, in place: the route and the open forms stay. Requests that wait for a session then continue. Another user
 * than before gets a fresh page, because the cache has data of the earlier one.
 */
export function SignIn({ viewerId }: { viewerId: string | undefined }) {
  const [signIn, isRunning] = useMutation(SIGN_IN);
  const [outcome, setOutcome] = useState<Outcome<unknown & object> | null>(null);

  async function submit(form: FormData) {
    const input = { email: String(form.get("email")).trim(), password: String(form.get("password")) };
    const done = await signIn({ input }, { showsErrors: true });
    setOutcome(done as Outcome<object>);
    const signedIn = done.payload?.viewer?.id;
    if (signedIn) enter(signedIn);
  }

  return (
    <Dialog title={viewerId === undefined ? "Sign in to Leadgraph" : "Your session has ended"}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(new FormData(event.currentTarget));
        }}
      >
        {viewerId !== undefined && <p>Sign in again to continue where you are.</p>}
        <TextField label="E-mail address" name="email" type="email" autoComplete="username" required />
        <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
        {outcome && <FormErrors userErrors={outcome.userErrors} shown={[]} />}
        <button type="submit" className="primary" disabled={isRunning}>
          {isRunning ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </Dialog>
  );
}
