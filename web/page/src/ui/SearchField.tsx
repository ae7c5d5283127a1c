import { useEffect, useEffectEvent, useId, useRef, useState } from "react";
import { useShortcut } from "./shortcuts.ts";

const PAUSE = 300;

/** A search that follows the typing after a short pause. The key `/` leads to it, and Escape leaves it. */
export function SearchField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value ?? "");
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    if ((value ?? "") !== typed.trim()) setTyped(value ?? "");
  }
  const send = useEffectEvent((text: string) => {
    if (text !== (value ?? "")) onChange(text || undefined);
  });
  useEffect(() => {
    const timer = setTimeout(() => send(typed.trim()), PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);
  useShortcut("/", "Search", () => field.current?.focus());
  return (
    <div className="search">
      <label htmlFor={id} className="hidden">
        {label}
      </label>
      <input
        ref={field}
        id={id}
        type="search"
        placeholder={label}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") send(typed.trim());
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </div>
  );
}
