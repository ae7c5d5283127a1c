// Fields of forms, each with its label, a hint and its errors.
import { type ComponentProps, type ReactNode, useId } from "react";
import type { UserError } from "../api/hooks.ts";

interface Labelled {
  label: string;
  hint?: string;
  error?: string | undefined;
}

function Field({ label, hint, error, id, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className={error ? "field wrong" : "field"}>
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && (
        <p className="note" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

/** Return the attributes that tie a control to its hint and its error. */
function described(id: string, { hint, error }: Labelled) {
  const ids = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return { id, "aria-invalid": error ? true : undefined, "aria-describedby": ids || undefined } as const;
}

export function TextField({ label, hint, error, ...rest }: Labelled & Omit<ComponentProps<"input">, "id">) {
  const id = useId();
  const about = { label, ...(hint ? { hint } : {}), error };
  return (
    <Field {...about} id={id}>
      <input {...rest} {...described(id, about)} />
    </Field>
  );
}

export function TextArea({ label, hint, error, ...rest }: Labelled & Omit<ComponentProps<"textarea">, "id">) {
  const id = useId();
  const about = { label, ...(hint ? { hint } : {}), error };
  return (
    <Field {...about} id={id}>
      <textarea {...rest} {...described(id, about)} />
    </Field>
  );
}

export function SelectField({
  label,
  hint,
  error,
  options,
  ...rest
}: Labelled & Omit<ComponentProps<"select">, "id"> & { options: readonly (readonly [value: string, text: string])[] }) {
  const id = useId();
  const about = { label, ...(hint ? { hint } : {}), error };
  return (
    <Field {...about} id={id}>
      <select {...rest} {...described(id, about)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** Checkboxes of one name, such as the scopes of a key. */
export function ChecksField({
  label,
  hint,
  error,
  name,
  options,
  chosen = [],
}: Labelled & { name: string; options: readonly (readonly [value: string, text: string])[]; chosen?: readonly string[] }) {
  const id = useId();
  const about = { label, ...(hint ? { hint } : {}), error };
  return (
    <fieldset className={error ? "checks field wrong" : "checks"} aria-describedby={described(id, about)["aria-describedby"]}>
      <legend>{label}</legend>
      <div>
        {options.map(([value, text], index) => (
          <label key={value}>
            <input
              type="checkbox"
              name={name}
              value={value}
              defaultChecked={chosen.includes(value)}
              aria-invalid={error && index === 0 ? true : undefined}
            />
            {text}
          </label>
        ))}
      </div>
      {hint && (
        <p className="note" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

/** Whether an error belongs to a field of the input, or to an element of it, such as `input.scopes.1`. */
function isAt({ path }: UserError, field: string): boolean {
  return `${path.slice(1).join(".")}.`.startsWith(`${field}.`);
}

/** Return the message for a field of the input, such as `input.keyword`. */
export function errorAt(userErrors: readonly UserError[], field: string): string | undefined {
  return userErrors.find((error) => isAt(error, field))?.message;
}

/** The errors that belong to none of the shown fields. */
export function FormErrors({ userErrors, shown }: { userErrors: readonly UserError[]; shown: readonly string[] }) {
  const others = userErrors.filter((error) => !shown.some((field) => isAt(error, field)));
  if (others.length === 0) return null;
  return (
    <div className="form-errors" role="alert">
      {others.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  );
}

/** Return the lines of a text area, without white space around them and without empty ones. */
export function linesOf(form: FormData, name: string): string[] {
  return textOf(form, name)
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Return the text of a field. */
export function textOf(form: FormData, name: string): string {
  return String(form.get(name) ?? "");
}
