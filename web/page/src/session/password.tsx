import { type ReactNode, use, useState } from "react";
import { useMutation } from "../api/hooks.ts";
import { TextField, textOf } from "../ui/fields.tsx";
import { FormDialog, type Sent } from "../ui/FormDialog.tsx";
import { SIGN_IN } from "./SignIn.tsx";
import { ViewerContext } from "./viewer.ts";

/**
 * Return a function that runs a mutation which requires a recent sign-in, and its dialog. Upon SIGN_IN_REQUIRED, the
 * dialog asks for the password, and the mutation runs again.
 */
export function usePasswordCheck(): [
  checked: <Payload>(run: () => Promise<Sent<Payload>>) => Promise<Sent<Payload>>,
  dialog: ReactNode,
] {
  const email = use(ViewerContext)?.email ?? "";
  const [signIn] = useMutation(SIGN_IN);
  const [answer, setAnswer] = useState<((isSignedIn: boolean) => void) | null>(null);

  async function checked<Payload>(run: () => Promise<Sent<Payload>>): Promise<Sent<Payload>> {
    const outcome = await run();
    if (!outcome.userErrors.some(({ code }) => code === "SIGN_IN_REQUIRED")) return outcome;
    const isSignedIn = await new Promise<boolean>((resolve) => setAnswer(() => resolve));
    setAnswer(null);
    return isSignedIn ? run() : outcome;
  }

  async function submit(form: FormData) {
    const sent = await signIn({ input: { email, password: textOf(form, "password") } }, { showsErrors: true });
    if (sent.payload) answer?.(true);
    return sent;
  }

  const dialog = answer && (
    <FormDialog title="Confirm your password" action="Confirm" onClose={() => answer(false)} submit={submit}>
      <p>Your sign-in was more than an hour ago.</p>
      <TextField label="Your password" name="password" type="password" autoComplete="current-password" required />
    </FormDialog>
  );
  return [checked, dialog];
}
