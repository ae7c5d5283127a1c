import { type ReactNode, useEffect, useRef, useState } from "react";
import type { UserError } from "../api/hooks.ts";
import { Dialog } from "./Dialog.tsx";
import { FormErrors } from "./fields.tsx";
import "./forms.css";

/** The outcome of a mutation that a form sends. */
export interface Sent<Payload> {
  payload: Payload | null;
  userErrors: UserError[];
}

interface FormProps<Payload> {
  /** The text of the button that sends the form. */
  action: string;
  /** Whether the action destroys something. */
  isDangerous?: boolean;
  /** The fields that show their own errors. Errors of all others are shown above the button. */
  shown?: readonly string[];
  /** Send the form. It shows the user errors of a failure. */
  submit(form: FormData): Promise<Sent<Payload>>;
  /** Called after a success. */
  onDone?: ((payload: Payload) => void) | undefined;
  onCancel?: () => void;
  children: ReactNode | ((userErrors: readonly UserError[]) => ReactNode);
}

/** A form. Passwords and other secrets leave their fields as soon as they were sent. */
export function Form<Payload>(props: FormProps<Payload>) {
  const { action, isDangerous, shown = [], submit, onDone, onCancel, children } = props;
  const form = useRef<HTMLFormElement>(null);
  const [userErrors, setUserErrors] = useState<readonly UserError[]>([]);
  const [isRunning, setRunning] = useState(false);

  async function send() {
    if (!form.current || isRunning) return;
    setRunning(true);
    const { payload, userErrors: wrong } = await submit(new FormData(form.current));
    for (const field of form.current?.querySelectorAll<HTMLInputElement>("input[type=password]") ?? []) {
      field.value = "";
    }
    setRunning(false);
    setUserErrors(wrong);
    if (payload) onDone?.(payload);
  }

  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [userErrors]);

  return (
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
        {onCancel && (
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}

/** A dialog with a form. It closes after a success, unless `onDone` does something else. */
export function FormDialog<Payload>({
  title,
  onClose,
  onDone = onClose,
  ...form
}: Omit<FormProps<Payload>, "onCancel"> & { title: string; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <Form {...form} onDone={onDone} onCancel={onClose} />
    </Dialog>
  );
}
