import { useStore } from "../api/store.ts";
import { closeToast, toasts } from "./toasts.ts";

export function Toasts() {
  const { shown } = useStore(toasts);
  return (
    <div className="toasts" role="status" aria-label="Messages">
      {shown.map(({ id, message, tone, undo }) => (
        <div key={id} className={`toast ${tone}`}>
          <span>{message}</span>
          {undo && (
            <button
              type="button"
              onClick={() => {
                closeToast(id);
                undo();
              }}
            >
              Undo
            </button>
          )}
          <button type="button" className="plain" aria-label="Close the message" onClick={() => closeToast(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
