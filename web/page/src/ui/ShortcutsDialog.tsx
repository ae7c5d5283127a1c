import { useState } from "react";
import { useStore } from "../api/store.ts";
import { Dialog } from "./Dialog.tsx";
import { shortcuts, useShortcut } from "./shortcuts.ts";

/** The list of all shortcuts of the shown page, which `?` opens. */
export function ShortcutsDialog() {
  const [isOpen, setOpen] = useState(false);
  const { shown } = useStore(shortcuts);
  useShortcut("?", "Show the shortcuts", () => setOpen(true), "Everywhere");
  if (!isOpen) return null;
  const groups = Map.groupBy(shown.toReversed(), ({ group }) => group);
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => setOpen(false)}>
      {[...groups].map(([group, those]) => (
        <section key={group}>
          <h3>{group}</h3>
          <dl className="shortcuts">
            {those.toReversed().map(({ keys, does }) => (
              <div key={keys}>
                <dt>
                  {keys.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
