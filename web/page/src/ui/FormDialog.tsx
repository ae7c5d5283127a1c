import { type ReactNode, useEffect, useRef, useState } from "react";
import type { UserError } from "../api/hooks.ts";
import { Dialog } from "./Dialog.tsx";
import { FormErrors } from "./fields.tsx";
import "./forms.css";

interface Sent {
  payload: unknown;
  userErrors: UserError[];
}

interface Props {
  title: string;
  /** The text of the button that sends the form. */
  action: string;
  /** Whether the action destroys something. */
  isDangerous?: boolean;
  /** The fields that show their own errors. Errors of all others are shown above the button. */
  shown?: readonly string[];
  onClose(): void;
  /** Send the form. The dialog closes after a success, and shows the user errors of a failure. */
  submit(form: FormData): Promise<Sent>;
  children: ReactNode | ((userErrors: readonly UserError[]) => ReactNode);
}

/** A dialog with a form. Passwords and other secrets leave their fields as soon as they were sent. */
export function FormDialog({ title, action, isDangerous, shown = [], onClose, submit, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [userErrors, setUserErrors] = useState<readonly UserError[]>([]);
  const [isRunning, setRunning] = useState(false);

  async function send() {
    if (!form.current || isRunning) return;
    setRunning(true);
    const sending = submit(new FormData(form.current));
    const { payload, userErrors: wrong } = await sending;
    for (const field of form.current?.querySelectorAll("input[type=password]") ?? []) {
      (field as HTMLInputElement).value = "";
    }
    setRunning(false);
    setUserErrors(wrong);
    if (payload) onClose();
  }

  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [userErrors]);

  return (
    <Dialog title={title} onClose={onClose}>
      <form
        ref={form}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {typeof children === "function" ? children(userErrors) : children}
        <FormErrors userErrors={userErrors} shown={shown} />
        <div className="row">
          <button type="submit" className={isDangerous ? "danger" : "primary"} disabled={isRunning}>
            {isRunning ? "Sending …" : action}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
