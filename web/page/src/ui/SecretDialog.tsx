import { useRef, useState } from "react";
import { Dialog } from "./Dialog.tsx";
import "./forms.css";

/** A new secret, which is shown this one time. It leaves the page together with the dialog. */
export function SecretDialog({ title, secret, onClose }: { title: string; secret: string; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);

  async function copy() {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      // Without the permission, the text is selected, and the keys of the browser copy it.
      field.current?.select();
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <p>Copy it now. It is not shown again.</p>
      <input ref={field} className="secret" aria-label="Secret" readOnly value={secret} autoComplete="off" />
      <div className="row">
        <button type="button" className="primary" onClick={() => void copy()}>
          Copy
        </button>
        <button type="button" onClick={onClose}>
          Done
        </button>
        <span role="status">{isCopied ? "Copied." : ""}</span>
      </div>
    </Dialog>
  );
}
