import { type ReactNode, useEffect, useId, useRef } from "react";

const FIRST_FIELD = "form :is(input:not([hidden]), select, textarea)";

/** A modal dialog. The browser keeps the focus inside, and returns it afterwards. Escape closes it only if `onClose` is given. */
export function Dialog({ title, onClose, children }: { title: string; onClose?: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // People type at once: the focus begins at the first field, if there is one.
    element?.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={() => {
        // Browsers let a second Escape close a dialog that has refused the first one.
        if (!onClose && !dialog.current?.open) dialog.current?.showModal();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header>
        <h2 id={heading}>{title}</h2>
        {onClose && (
          <button type="button" className="plain" aria-label="Close" onClick={onClose}>
            ×
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
