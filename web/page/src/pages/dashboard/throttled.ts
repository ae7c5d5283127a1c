import { useEffect, useEffectEvent, useRef } from "react";

const PAUSE = 2000;

/**
 * Return a function that runs a task soon: at once after a quiet time, and else after a pause. Calls in between count as
 * one. A hidden tab waits until it is shown.
 */
export function useThrottled(task: () => void): () => void {
  const run = useEffectEvent(task);
  const calls = useRef({ isWaiting: false, last: 0, wanted: () => {} });

  useEffect(() => {
    const own = calls.current;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const runIfShown = () => {
      if (document.hidden || !own.isWaiting) return;
      own.isWaiting = false;
      own.last = Date.now();
      run();
    };
    own.wanted = () => {
      if (own.isWaiting) return;
      own.isWaiting = true;
      timer = setTimeout(runIfShown, Math.max(0, own.last + PAUSE - Date.now()));
    };
    document.addEventListener("visibilitychange", runIfShown);
    return () => {
      clearTimeout(timer);
      own.isWaiting = false;
      document.removeEventListener("visibilitychange", runIfShown);
    };
  }, []);
  return () => calls.current.wanted();
}
