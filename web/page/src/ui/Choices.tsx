import { useEffect, useRef } from "react";

/** Several choices of one filter, in a list that opens. `label` names the filter; no choice means any. */
export function Choices<Value extends string>({
  label,
  options,
  chosen = [],
  onChange,
}: {
  label: string;
  options: readonly (readonly [value: Value, text: string])[];
  chosen: readonly Value[] | undefined;
  onChange: (chosen: Value[] | undefined) => void;
}) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      if (details.current && !details.current.contains(event.target as Node)) details.current.open = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("focusin", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("focusin", close);
    };
  }, []);
  const names = options.filter(([value]) => chosen.includes(value)).map(([, text]) => text);
  const shown = names.length === 1 ? names[0] : chosen.length > 0 ? String(chosen.length) : "any";

  function toggle(value: Value) {
    const next = chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value];
    onChange(next.length > 0 ? next : undefined);
  }

  return (
    <details
      ref={details}
      className={chosen.length > 0 ? "choices chosen" : "choices"}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !details.current?.open) return;
        event.preventDefault();
        details.current.open = false;
        details.current.querySelector("summary")?.focus();
      }}
    >
      <summary>
        {label}: <span>{shown}</span>
      </summary>
      <fieldset>
        <legend className="hidden">{label}</legend>
        {options.map(([value, text]) => (
          <label key={value}>
            <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} /> {text}
          </label>
        ))}
        {options.length === 0 && <p className="note">Nothing to choose from.</p>}
        {chosen.length > 0 && (
          <button type="button" onClick={() => onChange(undefined)}>
            Any {label.toLowerCase()}
          </button>
        )}
      </fieldset>
    </details>
  );
}
