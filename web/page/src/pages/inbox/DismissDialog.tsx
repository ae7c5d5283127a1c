import { useEffect, useEffectEvent } from "react";
import { words } from "../../format.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { REASONS } from "./triage.ts";

/** Asks for the reason of a dismissal. The digits choose, too. */
export function DismissDialog({
  count,
  onChoose,
  onClose,
}: {
  count: number;
  onChoose: (reason: (typeof REASONS)[number]) => void;
  onClose: () => void;
}) {
  const choose = useEffectEvent((key: string) => {
    const reason = REASONS[Number(key) - 1];
    if (reason) onChoose(reason);
  });
  useEffect(() => {
    // The dialog keeps its keys from the page, so that the digits are read before it.
    const onKey = ({ key }: KeyboardEvent) => choose(key);
    addEventListener("keydown", onKey, true);
    return () => removeEventListener("keydown", onKey, true);
  }, []);
  return (
    <Dialog title={count === 1 ? "Dismiss the mention" : `Dismiss ${count} mentions`} onClose={onClose}>
      <div className="reasons">
        {REASONS.map((reason, place) => (
          <button key={reason} type="button" onClick={() => onChoose(reason)}>
            <kbd aria-hidden="true">{place + 1}</kbd> {words(reason)}
          </button>
        ))}
      </div>
    </Dialog>
  );
}
