import { useEffect, useState } from "react";
import { status } from "../api/status.ts";
import { retryNow } from "../api/steady.ts";
import { useStore } from "../api/store.ts";

/** A bar that tells of troubles with the API, and of their end. */
export function StatusBar() {
  const { awayUntil, limitedUntil, isOutdated } = useStore(status);
  return (
    <div className="status" role="status" aria-label="Connection">
      {isOutdated && (
        <p>
          The server has a newer version of this page.{" "}
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
      {awayUntil !== null && (
        <p>
          {navigator.onLine ? "The server cannot be reached." : "You are offline."} Next attempt in{" "}
          <Countdown end={awayUntil} />.{" "}
          <button type="button" onClick={retryNow}>
            Try now
          </button>
        </p>
      )}
      {limitedUntil !== null && (
        <p>
          Too many requests. The page continues in <Countdown end={limitedUntil} />.
        </p>
      )}
    </div>
  );
}

function Countdown({ end }: { end: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  // Screen readers hear the sentence once instead of each second.
  return <span aria-live="off">{Math.max(1, Math.ceil((end - now) / 1000))} s</span>;
}
